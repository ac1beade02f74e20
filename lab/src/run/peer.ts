// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import type { RunningVm } from '../vm/launch.ts';
import type { MachineSpec, NicSpec } from '../vm/machine-spec.ts';
import type { SshCredentials, SshSession } from '../vm/ssh-session.ts';
import { CrashWatch } from './crash-watch.ts';
import { Guest } from './guest.ts';
import { sshGuest } from './ssh-guest.ts';
import { startVm } from './start-vm.ts';
import { WorkloadEnded } from './workload-end.ts';
import type { PeerGuest } from './workloads/step-context.ts';
import type { World } from './world.ts';

/** Folder of the second machine in the run folder, and its socket in there. */
const folder = 'peer';
const socket = 'cable';
const address = '10.0.0.3';

/** The driver and the card of a second machine: those of others, so that it is no suspect. */
const driver = 'e1000e';

/** The hub of the two cards under test. */
const hub = 0;

/** A second machine, without the folder that it runs in. */
export interface PeerParts {
  readonly machine: MachineSpec;
  readonly credentials: SshCredentials;
}

/** Whether a world has a step with a second machine. */
export function needsPeer({ workload }: Pick<World, 'workload'>): boolean {
  return workload.params.rounds.some(({ steps }) =>
    steps.some(({ step }) => step === 'peer-traffic'),
  );
}

/** The card of a second machine; where it is saved and forked, nothing is at its cable yet. */
export const peerNic: NicSpec = {
  id: 'nic0',
  model: driver,
  mac: '52:54:00:fe:00:03',
  backend: { kind: 'hub', hub },
};

/** The machine under test with a cable to the second one. */
export function withCable(machine: MachineSpec): MachineSpec {
  return { ...machine, cables: [{ hub, socket: `${folder}/${socket}` }] };
}

/**
 * A second machine at the cable of the one under test. What fails in it ends the run as the lab's: a driver is never
 * blamed for it.
 */
export class Peer implements PeerGuest, AsyncDisposable {
  readonly address = address;
  readonly #vm: RunningVm;
  readonly #session: SshSession;
  readonly #watch: CrashWatch;
  readonly #guest: Guest;

  private constructor(vm: RunningVm, session: SshSession, watch: CrashWatch, signal: AbortSignal) {
    this.#vm = vm;
    this.#session = session;
    this.#watch = watch;
    this.#guest = new Guest(sshGuest(session), signal);
  }

  /** Starts it below the run folder, listening, with its interface up. LabFailure, or WorkloadEnded as the lab's. */
  static async start(
    { machine, credentials }: PeerParts,
    runDir: string,
    wait: Wait,
    signal: AbortSignal,
  ): Promise<Peer> {
    const own = join(runDir, folder);
    await mkdir(own, { recursive: true });
    const nics = machine.nics.map((nic) => ({
      ...nic,
      backend: { kind: 'listen', socket } as const,
    }));
    const vm = await startVm({ ...machine, nics, runDir: own }, wait);
    const watch = new CrashWatch(vm, driver, () => undefined);
    try {
      const session = await vm.connectSsh(credentials, wait);
      const peer = new Peer(vm, session, watch, signal);
      await peer.run('bringing up the other machine', bringUp);
      return peer;
    } catch (error) {
      watch.stopping();
      watch[Symbol.dispose]();
      await vm.stop();
      throw error;
    }
  }

  get trouble(): string | undefined {
    return this.#watch.signal.aborted
      ? `it shows signs of a crash (${String(this.#watch.signal.reason)})`
      : undefined;
  }

  async run(doing: string, command: string): Promise<string> {
    try {
      return await this.#guest.run(doing, command);
    } catch (error) {
      if (!(error instanceof WorkloadEnded)) throw error;
      const { end } = error;
      const why = end.kind === 'refused' ? end.said : end.kind;
      const problem = `the other machine is of no use: ${doing}: ${this.trouble ?? why}`;
      throw new WorkloadEnded({ kind: 'lab', problem });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.stopping();
    await this.#vm.stop();
    await this.#session[Symbol.asyncDispose]();
    this.#watch[Symbol.dispose]();
  }
}

const bringUp = `
for l in /sys/bus/pci/drivers/${driver}/*/net/*; do near=\${l##*/}; done
[ -e /sys/class/net/$near ] || { echo 'it has no interface'; exit 1; }
ip addr add ${address}/24 dev $near && ip link set dev $near up`;
