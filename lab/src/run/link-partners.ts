// SPDX-License-Identifier: Apache-2.0
import type { FerronicTraffic } from 'qemu-ipc/qapi.gen';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { NicSpec } from '../vm/machine-spec.ts';
import type { LinkPartners, PartnerCounts, PartnerTraffic } from './workloads/step-context.ts';

/** What this needs of a QMP connection. */
export interface PartnerPort {
  execute(
    command: 'ferronic-traffic-start',
    args: {
      path: string;
      rate: number;
      sizes: PartnerTraffic['sizes'];
      'size-min': number;
      'size-max'?: number;
      flows: number;
      seed: number;
      'bad-checksum-every'?: number;
    },
    wait: Wait,
  ): Promise<unknown>;
  execute(command: 'ferronic-traffic-stop', args: { path: string }, wait: Wait): Promise<unknown>;
  execute(
    command: 'query-ferronic-traffic',
    args: { path: string },
    wait: Wait,
  ): Promise<FerronicTraffic>;
}

const commandMs = 10_000;
const shortest = 60;

/** The link partners inside ferronic cards; `undefined` when one of the cards is none. */
export function linkPartners(
  port: PartnerPort,
  nics: readonly NicSpec[],
  signal: AbortSignal,
): LinkPartners | undefined {
  if (nics.some(({ model }) => model !== 'ferronic')) {
    return undefined;
  }
  const wait = (): Wait => ({ signal, deadline: Deadline.after(commandMs) });
  const path = (slot: number) => `/machine/peripheral/${nics[slot - 1]?.id}`;
  return {
    start: async (slot, traffic) => {
      await port.execute('ferronic-traffic-start', startOf(path(slot), traffic), wait());
    },
    stop: async (slot) => {
      await port.execute('ferronic-traffic-stop', { path: path(slot) }, wait());
    },
    counts: async (slot) => {
      const traffic = { path: path(slot) };
      return countsOf(await port.execute('query-ferronic-traffic', traffic, wait()));
    },
  };
}

function startOf(
  path: string,
  { rate, sizes, size, flows, seed, badChecksumEvery }: PartnerTraffic,
) {
  return {
    path,
    rate,
    sizes,
    ...(sizes === 'range'
      ? { 'size-min': shortest, 'size-max': size }
      : { 'size-min': sizes === 'fixed' ? size : shortest }),
    flows,
    seed,
    ...(badChecksumEvery === 0 ? {} : { 'bad-checksum-every': badChecksumEvery }),
  };
}

/** Faults that change a frame unseen excuse as many of those that are changed. */
function countsOf(seen: FerronicTraffic): PartnerCounts {
  return {
    sent: Number(seen.sent),
    received: Number(seen.received),
    duplicated: Number(seen.duplicated),
    corrupt: Math.max(0, Number(seen.corrupt) - Number(seen.tainted)),
  };
}
