// SPDX-License-Identifier: Apache-2.0
import type { CrashRecord } from '../verdict.ts';

/**
 * When each of the guest's watchdogs speaks of a hang, at the earliest and at the latest, in seconds of the guest since it
 * began. The order is that of causes: a processor that holds up RCU, one that only does not schedule, work that is
 * stuck, a task that waits for any of them. A guest in which none of them speaks is silent.
 */
export const watchdogs = {
  /** CONFIG_RCU_CPU_STALL_TIMEOUT; RCU_STALL_DELAY_DELTA more with PROVE_RCU, as the debug kernel has. */
  rcuStall: [21, 26],
  /** Twice watchdog_thresh, looked at each fifth of that. */
  softLockup: [34, 41],
  /** workqueue.watchdog_thresh, looked at as often. */
  workqueue: [45, 90],
  /** hung_task_timeout_secs, looked at every hung_task_check_interval_secs. */
  hungTask: [50, 55],
} as const satisfies Record<string, readonly [earliest: number, latest: number]>;

/** After a guest has gone silent it is given so long to name the cause, in milliseconds: what the slowest watchdog needs. */
export const silenceMs = 60_000;

/**
 * The reports of a run, without those of a hang that another watchdog has named before: what one holds up others
 * complain of later.
 */
export function namedOnce<T extends Pick<CrashRecord, 'type'>>(
  reports: readonly T[],
): readonly T[] {
  const first = reports.findIndex(({ type }) => type === 'HANG');
  return reports.filter(({ type }, index) => type !== 'HANG' || index === first);
}
