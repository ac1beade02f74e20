// SPDX-License-Identifier: Apache-2.0
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Wait, waitFor } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import { launchVm, type RunningVm } from './launch.ts';
import type { MachineSpec } from './machine-spec.ts';
import { sandboxPath, schedulerPath, simPortFile, simPortPath } from './qemu-command-line.ts';
import type { VmExit } from './qemu-process.ts';
import { restoreMachine } from './saved-machine.ts';
import type { StopPoint } from './vcpu-scheduler.ts';

/** What came of a task. */
export type TaskEnd =
  | {
      readonly kind: 'done';
      /** As a shell has it: 128 and more for signals. */
      readonly status: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** The virtual time for it was over. */
  | { readonly kind: 'late' }
  /** Whoever was told of the place where it was held wants no more of it. */
  | { readonly kind: 'held' }
  | { readonly kind: 'panicked' }
  | { readonly kind: 'ended'; readonly exit: VmExit };

/** A place where a machine is to stand still in the middle of a task, and what is done there. */
export interface Hold {
  readonly at: StopPoint;
  readonly reached: (machine: SimulatedMachine) => Promise<'go-on' | 'end'>;
}

/** How far a machine is, since it was booted or loaded. */
export interface MachineClock {
  readonly instructions: number;
  readonly virtualNs: number;
}

/**
 * A machine that stands still, at the instruction with which its guest has asked for a task, but while it does one:
 * what is done to it meanwhile is done at that instruction. So the run is a function of what it is told, and not of when.
 */
export class SimulatedMachine implements AsyncDisposable {
  readonly vm: RunningVm;
  readonly runDir: string;
  /** When it went on for the first time; `performance.now()`. */
  wentOnAt: number | undefined;
  #hold: Hold | undefined;

  private constructor(vm: RunningVm, runDir: string) {
    this.vm = vm;
    this.runDir = runDir;
  }

  /** Boots it; LabFailure when the guest does not ask for a task. */
  static async boot(spec: MachineSpec, wait: Wait): Promise<SimulatedMachine> {
    return await SimulatedMachine.#launch(spec, wait, async (vm) => {
      const how = await stopped(vm, wait);
      if (how === 'asks') return;
      const end = how === 'panicked' ? 'panicked' : 'ended';
      throw new LabFailure('NO_GUEST', `the guest ${end} before it asked for a task`, {
        remedy: `Its console says why: ${join(spec.runDir, 'console.log')}`,
      });
    });
  }

  /** Loads one that was saved; LabFailure when the file is damaged, or of another machine. */
  static async load(spec: MachineSpec, wait: Wait): Promise<SimulatedMachine> {
    return await SimulatedMachine.#launch(spec, wait, (vm) => restoreMachine(vm, wait));
  }

  static async #launch(
    spec: MachineSpec,
    wait: Wait,
    prepare: (vm: RunningVm) => Promise<void>,
  ): Promise<SimulatedMachine> {
    const vm = await launchVm(spec, wait);
    try {
      await prepare(vm);
    } catch (error) {
      await vm.stop();
      throw error;
    }
    return new SimulatedMachine(vm, spec.runDir);
  }

  /**
   * Lets the guest unpack cpio archives, one after the other, and run /sim/run, for `limitNs` of virtual time at most.
   * A machine whose task did not end as `done` can be given no other.
   */
  async run(task: Buffer, limitNs: number, wait: Wait): Promise<TaskEnd> {
    const { qmp } = this.vm;
    const result = join(this.runDir, simPortFile.result);
    await writeFile(join(this.runDir, simPortFile.task), task);
    await rm(result, { force: true });
    await this.#set(simPortPath, 'task', `${sandboxPath.run}/${simPortFile.task}`, wait);
    const limit = (await this.virtualNs(wait)) + limitNs;
    for (;;) {
      await this.#stopAt(limit, wait);
      const stop = stopped(this.vm, wait);
      // It is waited for only when the machine goes on.
      stop.catch(() => undefined);
      await qmp.execute('cont', {}, wait);
      this.wentOnAt ??= performance.now();
      const how = await stop;
      if (how === 'panicked') return { kind: 'panicked' };
      if (how !== 'asks') return { kind: 'ended', exit: how };
      const handedIn = await readFile(result).catch(() => undefined);
      if (handedIn !== undefined) return taskEnd(handedIn);
      const hold = this.#hold;
      if (hold === undefined || !isPast(await this.clock(wait), hold.at)) return { kind: 'late' };
      this.#hold = undefined;
      if ((await hold.reached(this)) === 'end') return { kind: 'held' };
    }
  }

  /** Holds it there, once. */
  holdAt(hold: Hold | undefined): void {
    this.#hold = hold;
  }

  async #stopAt(limitNs: number, wait: Wait): Promise<void> {
    const { instructions = Number.MAX_SAFE_INTEGER, virtualNs = limitNs } = this.#hold?.at ?? {};
    await this.#set(schedulerPath, 'stop-at', instructions, wait);
    await this.#set(schedulerPath, 'stop-at-ns', Math.min(limitNs, virtualNs), wait);
  }

  async clock(wait: Wait): Promise<MachineClock> {
    const args = { path: schedulerPath, property: 'position' };
    const instructions = Number(await this.vm.qmp.execute('qom-get', args, wait));
    return { instructions, virtualNs: await this.virtualNs(wait) };
  }

  /** Virtual time since it was booted, or loaded, in nanoseconds. */
  async virtualNs(wait: Wait): Promise<number> {
    const args = { path: schedulerPath, property: 'virtual-ns' };
    return Number(await this.vm.qmp.execute('qom-get', args, wait));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vm[Symbol.asyncDispose]();
  }

  async #set(path: string, property: string, value: string | number, wait: Wait): Promise<void> {
    await this.vm.qmp.execute('qom-set', { path, property, value }, wait);
  }
}

function isPast(clock: MachineClock, { instructions, virtualNs }: StopPoint): boolean {
  return (
    (instructions !== undefined && clock.instructions >= instructions) ||
    (virtualNs !== undefined && clock.virtualNs >= virtualNs)
  );
}

/** Layout: images/initramfs/programs/sim-agent.c. */
function taskEnd(result: Buffer): TaskEnd {
  const [status, out, err] = [0, 4, 8].map((at) => result.readUInt32LE(at)) as [
    number,
    number,
    number,
  ];
  const header = 12;
  const text = (from: number, length: number) =>
    result.subarray(from, from + length).toString('utf8');
  return {
    kind: 'done',
    status,
    stdout: text(header, out),
    stderr: text(header + out, err),
  };
}

/** Resolves when the machine stands still, and why. */
async function stopped(vm: RunningVm, wait: Wait): Promise<'asks' | 'panicked' | VmExit> {
  const stop = async () => {
    let panicked = false;
    for await (const event of vm.qmp.events({ names: ['GUEST_PANICKED', 'STOP'] })) {
      if (event.name === 'STOP') return panicked ? 'panicked' : 'asks';
      panicked = true;
    }
    return await vm.exited;
  };
  // The link ends before QEMU does, which is what counts.
  const stands = stop().catch(() => vm.exited);
  return await waitFor(Promise.race([stands, vm.exited]), wait, 'the guest to end its task');
}
