// SPDX-License-Identifier: Apache-2.0

/** The type words a report can carry; the empty word means that the title has no agreed type. */
export type CrashType =
  | ''
  | 'ATOMIC_SLEEP'
  | 'BUG'
  | 'DoS'
  | 'HANG'
  | 'KASAN-INVALID-FREE'
  | 'KASAN-NULL-POINTER-DEREFERENCE-READ'
  | 'KASAN-NULL-POINTER-DEREFERENCE-WRITE'
  | 'KASAN-READ'
  | 'KASAN-UNKNOWN'
  | 'KASAN-USE-AFTER-FREE-READ'
  | 'KASAN-USE-AFTER-FREE-WRITE'
  | 'KASAN-WRITE'
  | 'KCSAN-ASSERT'
  | 'KCSAN-DATARACE'
  | 'KCSAN-UNKNOWN'
  | 'KFENCE-INVALID-FREE'
  | 'KFENCE-MEMORY-CORRUPTION'
  | 'KFENCE-READ'
  | 'KFENCE-UNKNOWN'
  | 'KFENCE-USE-AFTER-FREE-READ'
  | 'KFENCE-USE-AFTER-FREE-WRITE'
  | 'KFENCE-WRITE'
  | 'KMSAN-INFO-LEAK'
  | 'KMSAN-UNINIT-VALUE'
  | 'KMSAN-UNKNOWN'
  | 'KMSAN-USE-AFTER-FREE-READ'
  | 'LEAK'
  | 'LOCKDEP'
  | 'MEMORY_SAFETY_BUG'
  | 'MEMORY_SAFETY_UBSAN'
  | 'NULL-POINTER-DEREFERENCE'
  | 'REBOOT'
  | 'REFCOUNT_WARNING'
  | 'SYZ_FAILURE'
  | 'UBSAN'
  | 'WARNING';

/** One crash found in a console. Lines are numbered from 1; `lines` is bounded and free of terminal escapes. */
export interface CrashReport {
  readonly title: string;
  /** Further names of the same bug: two crashes that share any title or alternative are one bug. */
  readonly altTitles: readonly string[];
  readonly type: CrashType;
  /** The family of detectors that found it, for instance `kasan` or `rust-panic`. */
  readonly family: string;
  /** The function to blame, helpers skipped; null when the console does not tell. */
  readonly frame: string | null;
  /** The report is torn or incomplete, so that the title may differ from that of an intact one. */
  readonly corrupted: boolean;
  readonly startLine: number;
  readonly endLine: number;
  /** The lines of the report, as printed, without those of other CPUs and tasks where the console tells them apart. */
  readonly lines: readonly string[];
  /** How many lines of the report were left out of `lines`. */
  readonly linesDropped: number;
}

/** Whether a report is of something that only does not get on, which may pass. */
export function isStall({
  type,
  family,
}: {
  readonly type: string;
  readonly family?: string;
}): boolean {
  // The titles of a stuck queue of work and of the rarer kinds of RCU have no agreed type.
  return type === 'HANG' || family === 'workqueue-lockup' || family === 'rcu-stall';
}
