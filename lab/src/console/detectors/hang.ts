// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const hang = { strength: 'cause', type: 'HANG' } as const;
const inEntry = { ...hang, search: 'entry', altTitles: ['stall in {frame}'] } as const;
const suppressed = /Stall ended|suppressed full report/;

/** CPUs and tasks that do not get on. */
export const hangDetectors: readonly Detector[] = [
  {
    ...inEntry,
    family: 'soft-lockup',
    header: /BUG: soft lockup/,
    title: 'BUG: soft lockup in {frame}',
  },
  {
    ...inEntry,
    family: 'hard-lockup',
    header: /Watchdog detected hard LOCKUP/,
    title: 'BUG: hard lockup in {frame}',
  },
  {
    ...inEntry,
    family: 'rcu-stall',
    search: 'interrupted',
    header: /INFO: rcu_(?:preempt|sched|bh) (?:self-)?detected (?:expedited )?stall/,
    unless: suppressed,
    title: 'INFO: rcu detected stall in {frame}',
  },
  {
    family: 'rcu-stall',
    strength: 'cause',
    header: /(?<what>INFO: rcu_\w+ (?:self-)?detected (?:expedited )?stalls? .*)/,
    unless: suppressed,
    title: '{what}',
    type: '',
    search: 'none',
  },
  {
    ...hang,
    family: 'hung-task',
    header: /INFO: task .+ blocked(?: in I\/O wait)? for more than \d+ seconds/,
    title: 'INFO: task hung in {frame}',
    altTitles: ['hang in {frame}'],
    search: 'wait',
  },
  {
    ...hang,
    family: 'hung-task',
    header: /INFO: task .+ can't die for more than \d+ seconds/,
    title: "INFO: task can't die in {frame}",
    skip: /schedule/,
    altTitles: ['hang in {frame}'],
    search: 'trace',
  },
  {
    ...hang,
    family: 'workqueue-lockup',
    header: /BUG: workqueue lockup/,
    type: '',
    title: 'BUG: workqueue lockup',
    search: 'none',
  },
  {
    ...hang,
    family: 'unregister-netdevice',
    type: 'DoS',
    header: /unregister_netdevice: waiting for (?<device>\S+) to become free/,
    title: 'unregister_netdevice: waiting for DEV to become free',
    search: 'none',
  },
];
