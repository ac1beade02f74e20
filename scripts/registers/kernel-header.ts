// SPDX-License-Identifier: Apache-2.0

import { cMacros, comment, GENERATED_NOTE } from './c-macros.ts';
import type { Descriptor, RegisterDescription } from './description.ts';

function descriptorStruct(descriptor: Descriptor): readonly string[] {
  const words = descriptor.words.map((word) => `\t__le${word.bits} ${word.name.toLowerCase()};`);
  return [
    '',
    ...comment(descriptor.doc),
    `struct ferronic_${descriptor.name.toLowerCase()} {`,
    ...words,
    '};',
  ];
}

/** C header of the kernel module (kernel-module/c/ferronic_regs.gen.h). */
export function renderKernelHeader(regs: RegisterDescription): string {
  return [
    '/* SPDX-License-Identifier: GPL-2.0 */',
    ...comment(GENERATED_NOTE),
    '#ifndef FERRONIC_REGS_GEN_H',
    '#define FERRONIC_REGS_GEN_H',
    '',
    '#include <linux/types.h>',
    '',
    ...cMacros(regs),
    ...regs.descriptors.flatMap(descriptorStruct),
    '',
    '#endif /* FERRONIC_REGS_GEN_H */',
    '',
  ].join('\n');
}
