// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { findCharDevices } from './char-files.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The character device is open, and in use, while the driver is taken off its device. */
export interface CharAcrossUnbind {
  readonly step: 'char-across-unbind';
  readonly bytes: number;
}

export function drawCharAcrossUnbind(random: SeededRandom): CharAcrossUnbind {
  return { step: 'char-across-unbind', bytes: random.int(1, 4_096) };
}

export async function charAcrossUnbind(
  { bytes }: CharAcrossUnbind,
  context: StepContext,
): Promise<void> {
  await runScript(
    context,
    'using the character device while the driver is unbound',
    `${findCharDevices(context.driver)}
set -- $nodes
exec 3<>$1 || exit 1
head -c ${bytes} /dev/urandom >&3 2>/dev/null
for d in $p/*:*; do echo \${d##*/} >$p/unbind; done
head -c ${bytes} /dev/zero >&3 2>/dev/null
head -c ${bytes} <&3 >/dev/null 2>&1
exec 3>&-
true`,
  );
  await context.driver.restore();
}
