// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { LabFailure } from '../errors.ts';
import { launchVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { qemuArguments } from '../vm/qemu-command-line.ts';
import type { SshCredentials } from '../vm/ssh-session.ts';
import { waitingGuest } from '../vm/waiting-guest.ts';
import { bootVm } from './boot-sequence.ts';
import type { MachineParts } from './booted-template.ts';
import { canonicalJson } from './canonical-json.ts';
import { unlessMachineDies } from './machine-death.ts';
import type { TemplateCheck, TemplateRecipe } from './template-store.ts';

/** A machine that has booted and waits for somebody to log in. It must not run on the host's processor itself. */
export function liveTemplate(
  machine: MachineSpec,
  { qemu, kernel, initramfs }: MachineParts,
  credentials: SshCredentials,
): TemplateRecipe<null> {
  const waiting = forkable(machine);
  const content = canonicalJson({
    version: 1,
    ...{ qemu, kernel, initramfs },
    arguments: qemuArguments(waiting),
    // The guest has measured how fast its time-stamp counter goes, which is as fast as the host's.
    host: cpus()[0]?.model ?? null,
  });
  return {
    key: createHash('sha256').update(content).digest('hex'),
    doing: 'booting a guest to fork others from',
    machine: waiting,
    bring: async (spec, wait) => {
      const vm = await launchVm(spec, wait);
      try {
        await unlessMachineDies(vm, 'lab', vm.guestWaits(wait));
        await vm.qmp.execute('stop', {}, wait);
        return { vm, facts: null };
      } catch (error) {
        await vm.stop();
        throw error;
      }
    },
    check: loginCheck(credentials),
  };
}

/** The machine as its template was started. */
export function forkable(machine: MachineSpec): MachineSpec {
  return { ...machine, append: [...machine.append, waitingGuest] };
}

function loginCheck(credentials: SshCredentials): TemplateCheck {
  return {
    doing: 'logging in to the first fork',
    run: async (spec, wait) => {
      await using booted = await bootVm(spec, credentials, wait);
      const end = await booted.ssh.exec('true', wait);
      if (end.kind === 'exited' && end.code === 0) return;
      throw new LabFailure('NO_TEMPLATE', 'a saved guest does not work', {
        remedy: 'Boot guests instead (--cold), and please report it.',
      });
    },
  };
}
