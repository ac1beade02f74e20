// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';

/** How often the devices of a machine were in each of their states, by name; `0` for those in which none ever was. */
export type DeviceStates = Readonly<Record<string, number>>;

/** The part of QMP that is needed. */
export interface StatePort {
  execute(
    command: 'query-ferronic',
    args: { path: string },
    wait: Wait,
  ): Promise<{ readonly states: readonly StateCount[] }>;
}

interface StateCount {
  readonly state: string;
  readonly times: number | bigint;
}

/** Adds up what the devices say; rejects when one of them is not ours, or is gone. */
export async function deviceStates(
  port: StatePort,
  nics: readonly string[],
  wait: Wait,
): Promise<DeviceStates> {
  let sums: DeviceStates = {};
  for (const nic of nics) {
    const path = `/machine/peripheral/${nic}`;
    const { states } = await port.execute('query-ferronic', { path }, wait);
    const counts = states.map(({ state, times }) => [state, Number(times)] as const);
    sums = addStates(sums, Object.fromEntries(counts));
  }
  return sums;
}

/** Both together. */
export function addStates(one: DeviceStates, other: DeviceStates): DeviceStates {
  const sums: Record<string, number> = { ...one };
  for (const [state, times] of Object.entries(other)) sums[state] = (sums[state] ?? 0) + times;
  return sums;
}
