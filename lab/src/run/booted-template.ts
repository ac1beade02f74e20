// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { qemuArguments } from '../vm/qemu-command-line.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import { canonicalJson } from './canonical-json.ts';
import { repeatCheck } from './repeat-check.ts';
import type { TemplateRecipe } from './template-store.ts';

/** Identities of what a machine is made of. */
export interface MachineParts {
  readonly qemu: string;
  readonly kernel: string;
  readonly initramfs: string;
}

/** A machine that was booted and thrown away. */
export interface ColdBoot {
  /** Equal for boots that were the same. */
  readonly fingerprint: string;
  readonly wallMs: number;
}

/** A machine that was booted, and has asked for its first task. */
export function bootedTemplate(machine: MachineSpec, parts: MachineParts): TemplateRecipe<null> {
  const simulation = { scheduler: { policy: { policy: 'fair' }, seed: 0n } } as const;
  const { qemu, kernel, initramfs } = parts;
  // Everything that QEMU is told, and what the files are that it is told of.
  const arguments_ = qemuArguments({ ...machine, simulation });
  const content = canonicalJson({ version: 3, qemu, kernel, initramfs, arguments: arguments_ });
  return {
    key: createHash('sha256').update(content).digest('hex'),
    doing: 'booting a machine to begin all runs with',
    machine,
    bring: async (spec, wait) => ({
      vm: (await SimulatedMachine.boot({ ...spec, simulation }, wait)).vm,
      facts: null,
    }),
    check: repeatCheck,
  };
}
