// SPDX-License-Identifier: Apache-2.0
import { CommandRefusedError, TimedOutError } from 'qemu-ipc/errors';
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import { Deadline, sleep, type Wait, waitFor } from 'qemu-ipc/wait';
import type { NicSpec } from '../vm/machine-spec.ts';
import { nicDevice } from '../vm/qemu-command-line.ts';
import { WorkloadEnded } from './workload-end.ts';
import type { CardSlots } from './workloads/step-context.ts';

/** What this needs of a QMP connection. */
export interface SlotPort {
  execute(
    command: 'ferronic-inject-fault',
    args: { path: string; fault: FerronicFault },
    wait: Wait,
  ): Promise<unknown>;
  execute(command: 'device_del', args: { id: string }, wait: Wait): Promise<unknown>;
  execute(
    command: 'device_add',
    args: { driver: string; id: string; bus: string } & Record<string, unknown>,
    wait: Wait,
  ): Promise<unknown>;
  events(options: { names: readonly ['DEVICE_DELETED'] }): AsyncIterable<{
    readonly data: { readonly device?: string };
  }>;
}

/** QEMU forgets a device only after the guest has turned its slot off. */
const forgottenMs = 20_000;
const commandMs = 10_000;
const betweenMs = 100;
const mostAttempts = forgottenMs / betweenMs;

/** How the guest's time passes while the lab does something. */
export interface SlotTime {
  /** Lets some pass, in milliseconds. */
  readonly rest: (ms: number) => Promise<void>;
  /** Whether the lab can do nothing while the guest does something: a fault is asked for ahead of its time. */
  readonly ahead: boolean;
  /** Told of a card, by its id, that QEMU is to forget, with all that it has counted. */
  readonly beforeItGoes?: (id: string) => Promise<void>;
}

/** The slots of a machine's NICs: takes cards out of them, with and without notice, and puts them back. */
export class Slots implements CardSlots {
  readonly #port: SlotPort;
  readonly #nics: readonly NicSpec[];
  readonly #signal: AbortSignal;
  readonly #time: SlotTime;
  /** Cards that the guest was asked for. */
  readonly #asked = new Map<number, Promise<void>>();

  /** Of a `time` that is not given, it is the host's. */
  constructor(
    port: SlotPort,
    nics: readonly NicSpec[],
    signal: AbortSignal,
    time: Partial<SlotTime> = {},
  ) {
    this.#port = port;
    this.#nics = nics;
    this.#signal = signal;
    this.#time = {
      rest: (ms) => sleep(ms, { signal, deadline: Deadline.never }),
      ahead: false,
      ...time,
    };
  }

  get canSurprise(): boolean {
    return this.#nics.every(({ model }) => model === 'ferronic');
  }

  async removeDuring(slot: number, afterMs: number, work: () => Promise<void>): Promise<void> {
    if (this.#time.ahead) {
      await this.#remove(slot, { trigger: { when: 'after', ns: afterMs * 1e6 } });
      await work();
    } else {
      await Promise.all([work(), this.#time.rest(afterMs).then(() => this.remove(slot))]);
    }
  }

  /** At once. */
  async remove(slot: number): Promise<void> {
    await this.#remove(slot, {});
  }

  async #remove(slot: number, when: Pick<FerronicFault, 'trigger'>): Promise<void> {
    const { id } = this.#nic(slot);
    const fault = { kind: 'surprise-removal', ...when } as const;
    const args = { path: `/machine/peripheral/${id}`, fault };
    await this.#refusable('removing a device without notice', () =>
      this.#port.execute('ferronic-inject-fault', args, this.#wait(commandMs)),
    );
  }

  async giveBack(slot: number): Promise<void> {
    await this.press(slot);
    await this.putBack(slot);
  }

  async press(slot: number): Promise<void> {
    const { id } = this.#nic(slot);
    const deleted = this.#deleted(id);
    // It is waited for only when the command was taken.
    deleted.catch(() => undefined);
    await this.#time.beforeItGoes?.(id);
    await this.#refusable('asking for a device', () => this.#deleteWhenOff(id));
    this.#asked.set(slot, deleted);
  }

  async putBack(slot: number): Promise<void> {
    const nic = this.#nic(slot);
    const doing = 'putting a device back';
    await this.#inTime(
      this.#asked.get(slot) ?? Promise.reject(new Error(`slot ${slot} was not asked for`)),
    );
    this.#asked.delete(slot);
    await this.#refusable(doing, () =>
      this.#port.execute('device_add', nicDevice(nic), this.#wait(commandMs)),
    );
  }

  /** The guest takes a second to turn a slot off; its power indicator blinks until then, and QEMU waits for it. */
  async #deleteWhenOff(id: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#port.execute('device_del', { id }, this.#wait(commandMs));
        return;
      } catch (error) {
        const busy = error instanceof CommandRefusedError && error.message.includes('busy');
        if (!busy || attempt === mostAttempts) throw error;
      }
      await this.#time.rest(betweenMs);
    }
  }

  /** The machine's first NIC is in slot 1. */
  #nic(slot: number): NicSpec {
    const nic = this.#nics[slot - 1];
    if (nic === undefined) throw new Error(`slot ${slot} is empty`);
    return nic;
  }

  async #deleted(id: string): Promise<void> {
    for await (const { data } of this.#port.events({ names: ['DEVICE_DELETED'] })) {
      if (data.device === id) return;
    }
  }

  async #inTime(deleted: Promise<void>): Promise<void> {
    const doing = 'putting a device back';
    try {
      await waitFor(deleted, this.#wait(forgottenMs), doing);
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
      const said = 'QEMU still has it: the guest has not turned the slot off';
      throw new WorkloadEnded({ kind: 'refused', doing, said });
    }
  }

  async #refusable(doing: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (error instanceof CommandRefusedError) {
        throw new WorkloadEnded({ kind: 'refused', doing, said: error.message });
      }
      throw error;
    }
  }

  #wait(ms: number): Wait {
    return { signal: this.#signal, deadline: Deadline.after(ms) };
  }
}
