// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { Accelerator } from './machine-spec.ts';
import { type ProbeParts, probeKvm } from './probe-kvm.ts';

/** What can be asked for: `auto` is KVM where it really runs guests, else TCG. */
export const acceleratorChoices = ['auto', 'kvm', 'tcg'] as const;
export type AcceleratorChoice = (typeof acceleratorChoices)[number];

/** The accelerator to use. LabFailure when KVM was asked for and does not run guests here. */
export async function chooseAccelerator(
  choice: AcceleratorChoice,
  parts: ProbeParts,
  cacheDir: string,
  wait: Wait,
): Promise<Accelerator> {
  if (choice === 'tcg') return 'tcg';
  const answer = await probeKvm(parts, cacheDir, wait);
  if (answer.usable) return 'kvm';
  if (choice === 'auto') return 'tcg';
  throw new LabFailure('KVM_UNUSABLE', `KVM does not run guests here: ${answer.reason}`, {
    remedy: 'Use --accel tcg (emulation), or --accel auto to let the lab choose.',
  });
}
