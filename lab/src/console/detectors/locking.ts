// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from '../crash-report.ts';
import type { Detector } from '../detector.ts';

const lockdep = {
  family: 'lockdep',
  strength: 'cause',
  type: 'LOCKDEP',
} as const;
// Who uses the pointer is to blame, not the accessors that look at it.
const rcuAndAllocators = /rcu|kmem|slab/;
// The file and line of what one of RCU's many complaints is about.
const place = /\.[a-z]{1,4}:\d/;
/** Where a lock was taken. */
const lockPlace = /\bat: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/;
const label = String.raw`(?:\[ )?(?<level>BUG|WARNING|INFO): `;
const bannered = (text: string) => new RegExp(label + text);

function bannerType(title: string): CrashType {
  return title.startsWith('WARNING') ? 'WARNING' : '';
}

/** lockdep's reports, the checks of spinlocks, RCU, preemption and sleep. */
export const lockingDetectors: readonly Detector[] = [
  // Up to Linux 4.13; who takes the lock is to blame.
  {
    ...lockdep,
    header: /INFO: possible (?:circular|recursive) locking (?:dependency )?detected \]/,
    body: /is trying to acquire lock[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'possible deadlock in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: /INFO: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected \]/,
    body: /is trying to acquire[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'possible deadlock in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: /INFO: inconsistent lock state \]/,
    body: /takes:[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'inconsistent lock state in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: bannered('possible circular locking dependency detected'),
    body: /is trying to acquire lock[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'possible deadlock in {frame}',
    // The locks of work items belong to whoever queued or waits for the work.
    skip: /process_one_work|(?:flush|drain|destroy)_workqueue/,
    search: 'locks',
  },
  {
    ...lockdep,
    header: bannered('possible recursive locking detected'),
    body: /is trying to acquire lock[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'possible deadlock in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: bannered('possible irq lock inversion dependency detected'),
    body: /just changed the state of lock[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'possible deadlock in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: bannered('\\w+-(?:READ-)?safe -> \\w+-(?:READ-)?unsafe lock order detected'),
    body: /which became/,
    title: 'possible deadlock in {frame}',
    search: 'dependency',
  },
  {
    ...lockdep,
    header: bannered('inconsistent lock state'),
    body: /takes:[\s\S]{0,1000}?at: (?:\[<[0-9a-f]+>\]\s*)?[\w.]+\+0x/,
    title: 'inconsistent lock state in {frame}',
    search: 'taken',
  },
  {
    ...lockdep,
    header: /(?:WARNING|BUG): [sS]uspicious RCU usage/,
    body: place,
    title: 'WARNING: suspicious RCU usage in {frame}',
    skip: rcuAndAllocators,
    search: 'trace',
  },
  {
    family: 'lockdep',
    strength: 'cause',
    header: /INFO: suspicious RCU usage/,
    body: place,
    title: 'INFO: suspicious RCU usage in {frame}',
    skip: rcuAndAllocators,
    type: '',
    search: 'trace',
  },
  {
    ...lockdep,
    header: /INFO: trying to register non-static key/,
    title: 'INFO: trying to register non-static key in {frame}',
    type: '',
    skip: /lock|stack|IRQ/,
    search: 'trace',
  },
  {
    ...lockdep,
    header: bannered('(?:.* )?still has locks held!'),
    body: lockPlace,
    title: '{level}: still has locks held in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: bannered('bad unlock balance detected!'),
    title: '{level}: bad unlock balance in {frame}',
    search: 'unlock',
  },
  {
    ...lockdep,
    header: bannered('bad contention detected!'),
    title: '{level}: bad contention in {frame}',
    search: 'unlock',
  },
  {
    ...lockdep,
    header: bannered('held lock freed!'),
    body: lockPlace,
    title: '{level}: held lock freed in {frame}',
    search: 'taker',
  },
  {
    ...lockdep,
    header: bannered('lock held when returning to user space!'),
    body: lockPlace,
    title: '{level}: lock held when returning to user space in {frame}',
    type: (title) => (title.startsWith('WARNING') ? 'LOCKDEP' : ''),
    needsNoTrace: true,
    search: 'taker',
  },
  // Only the banner came through.
  {
    family: 'lockdep',
    strength: 'cause',
    header:
      /(?<banner>(?:BUG|WARNING|INFO): (?:possible (?:circular|recursive|irq).*detected|\S+-safe -> \S+-unsafe lock order detected|inconsistent lock state|suspicious RCU usage|(?:.{0,80} still has locks held|held lock freed|lock held when returning to user space)!).*)/,
    title: '{banner}',
    type: bannerType,
    search: 'none',
    incomplete: true,
  },
  {
    ...lockdep,
    header: bannered('Nested lock was not taken'),
    title: '{level}: nested lock was not taken in {frame}',
    search: 'trap',
  },
  {
    ...lockdep,
    header: bannered('Invalid wait context'),
    title: 'WARNING: locking bug in {frame}',
    skip: /lock_sock|release_sock/,
    search: 'trace',
  },
  {
    ...lockdep,
    family: 'spinlock',
    header:
      /BUG: (?<lock>spinlock|rwlock) (?<what>lockup suspected|lockup|already unlocked|recursion|bad magic|wrong owner|wrong CPU|cpu recursion|trylock failure on UP|\w+-lock (?:overflow|underflow))/,
    title: 'BUG: {lock} {what} in {frame}',
    skip: /spin_|_(?:un)?lock/,
    search: 'trace',
  },
  {
    family: 'atomic-sleep',
    strength: 'cause',
    header: /BUG: sleeping function called from invalid context/,
    title: 'BUG: sleeping function called from invalid context in {frame}',
    type: 'ATOMIC_SLEEP',
    search: 'trace',
  },
  {
    family: 'atomic-sleep',
    strength: 'cause',
    header: /BUG: scheduling while atomic/,
    title: 'BUG: scheduling while atomic in {frame}',
    skip: /schedule/,
    type: 'ATOMIC_SLEEP',
    search: 'trace',
  },
  {
    ...lockdep,
    family: 'preemption',
    header: /BUG: using (?<call>\w+)\(\) in preemptible/,
    title: 'BUG: using {call}() in preemptible code in {frame}',
    skip: /preempt|debug_|processor_id|this_cpu/,
    search: 'trace',
  },
  {
    family: 'lockdep',
    strength: 'cause',
    header: /BUG: workqueue leaked (?:lock or atomic|atomic, lock or RCU)/,
    body: /(?:last function: |workfn=)(?<fn>[\w.]+)/,
    title: 'BUG: workqueue leaked lock or atomic in {frame}',
    type: '',
    search: 'none',
  },
];
