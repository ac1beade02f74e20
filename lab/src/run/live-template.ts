// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { ConsoleParser } from '../console/console-parser.ts';
import { LabFailure } from '../errors.ts';
import { launchVm, type RunningVm } from '../vm/launch.ts';
import type { MachineSpec } from '../vm/machine-spec.ts';
import { qemuArguments } from '../vm/qemu-command-line.ts';
import type { SshCredentials } from '../vm/ssh-session.ts';
import { waitingGuest } from '../vm/waiting-guest.ts';
import { bootVm } from './boot-sequence.ts';
import type { MachineParts } from './booted-template.ts';
import { canonicalJson } from './canonical-json.ts';
import { unlessMachineDies } from './machine-death.ts';
import {
  saved,
  type TemplateCheck,
  type TemplateRecipe,
  type TemplateStore,
} from './template-store.ts';

const consoleFile = 'console.log';
const mostAttempts = 3;
/** A fork is told the host's time a moment before it is asked for it. */
const mostAwayMs = 60_000;
/** A guest that measured its processor's clock wrongly is not a little off. */
const mostTooFast = 1.5;

/** A machine, and the cpio archives that its guest gets when it is logged in to. */
export interface GuestMachine {
  readonly machine: MachineSpec;
  readonly archives: readonly string[];
}

/** What is the same for all forks of a guest. */
export interface GuestParts extends MachineParts {
  readonly credentials: SshCredentials;
}

/**
 * The machine as a fork of one that has booted with the first of its archives: the others, as the driver, are for the
 * fork. It must not run on the host's processor itself.
 */
export async function forkedMachine(
  machine: MachineSpec,
  parts: GuestParts,
  templates: TemplateStore,
  wait: Wait,
): Promise<GuestMachine> {
  const [base, ...archives] = machine.initramfs;
  const waiting: MachineSpec = {
    ...machine,
    initramfs: base === undefined ? [] : [base],
    append: [...machine.append, waitingGuest],
  };
  const template = saved(await templates.get(liveTemplate(waiting, parts), wait));
  return { machine: { ...waiting, template: template.state }, archives };
}

function liveTemplate(
  waiting: MachineSpec,
  { qemu, kernel, initramfs, credentials }: GuestParts,
): TemplateRecipe<null> {
  const content = canonicalJson({
    version: 2,
    ...{ qemu, kernel, initramfs },
    // With the other key it would not let anybody in who has this one.
    login: credentials.hostKey,
    arguments: qemuArguments(waiting),
    // The guest has measured how fast its time-stamp counter goes, which is as fast as the host's.
    host: cpus()[0]?.model ?? null,
  });
  return {
    key: createHash('sha256').update(content).digest('hex'),
    doing: 'booting a guest to fork others from',
    machine: waiting,
    bring: async (spec, wait) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return { vm: await bringUp(spec, wait), facts: null };
        } catch (error) {
          // A host that is too busy for a boot may not be for the next.
          if (attempt === mostAttempts || wait.signal.aborted) throw error;
          await rm(join(spec.runDir, consoleFile), { force: true });
        }
      }
    },
    check: loginCheck(credentials),
  };
}

/** Boots it until it waits; it stands still then. LabFailure when its kernel reports something. */
async function bringUp(spec: MachineSpec, wait: Wait): Promise<RunningVm> {
  const vm = await launchVm(spec, wait);
  try {
    await unlessMachineDies(vm, 'lab', vm.guestWaits(wait));
    await vm.qmp.execute('stop', {}, wait);
    await mustBeQuiet(spec.runDir);
    return vm;
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

/** Lockdep and others say one thing and are silent after that: all forks would be. */
async function mustBeQuiet(runDir: string): Promise<void> {
  const parser = new ConsoleParser();
  const reports = [...parser.push(await readFile(join(runDir, consoleFile))), ...parser.end()];
  const [report] = reports;
  if (report === undefined) return;
  throw new LabFailure('NO_TEMPLATE', `a guest cannot be forked: ${report.title}`, {
    remedy:
      'Its kernel reports that before any driver is loaded. `soak --cold` boots each guest instead.',
  });
}

function loginCheck(credentials: SshCredentials): TemplateCheck {
  return {
    doing: 'logging in to the first fork',
    run: async (spec, wait) => {
      await using booted = await bootVm(spec, credentials, wait);
      const began = performance.now();
      const end = await booted.ssh.exec(clockScript, wait);
      const hostMs = performance.now() - began;
      const clock = end.kind === 'exited' ? readClock(end.stdout) : undefined;
      if (clock === undefined) throw useless('it does not answer');
      if (Math.abs(clock.dateMs - Date.now()) > mostAwayMs) throw useless('it has another time');
      if (clock.passedMs > hostMs * mostTooFast) throw useless('its clock goes too fast');
      await mustBeQuiet(spec.runDir);
    },
  };
}

const clockScript = 'cat /proc/uptime; sleep 2; cat /proc/uptime; date +%s';

function readClock(stdout: string) {
  const [before, after, date] = stdout.trim().split('\n').map(Number.parseFloat);
  if (before === undefined || after === undefined || date === undefined) return undefined;
  return { passedMs: (after - before) * 1_000, dateMs: date * 1_000 };
}

function useless(why: string): LabFailure {
  return new LabFailure('NO_TEMPLATE', `a saved guest is of no use: ${why}`, {
    remedy: 'Try again when the host is less busy; `soak --cold` boots each guest instead.',
  });
}
