// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const prefix = String.raw`^\s*(?:\[ )?(?:[\w.-]+(?: [\w.-]+)?: ){0,2}`;

const cut = (level: string) =>
  ({
    family: 'other',
    header: new RegExp(`${prefix}${level}:\\s*$`),
    title: `${level}: corrupted`,
    type: '',
    search: 'none',
    incomplete: true,
  }) as const;

/** What programs and drivers call a warning that concerns their users. */
const notWarnings =
  /WARNING: (?:\/etc\/ssh\/moduli does not exist|workqueue cpumask: online|[Tt]he mand mount option|Unsupported flag value|Unprivileged eBPF|fbcon: Driver|See https|kernel not compiled with)|EXT4-[Ff][Ss](?: \(.*\))?:|uses (?:deprecated v2 capabilities|wireless extensions)|XFS \(\w+\): WARNING/;

/** Texts that no other detector knows. A BUG counts by itself; the rest only with a stack trace behind it. */
export const otherDetectors: readonly Detector[] = [
  // The rest of the line got lost.
  { ...cut('BUG'), strength: 'cause' },
  { ...cut('WARNING'), strength: 'needs-trace' },
  { ...cut('INFO'), strength: 'needs-trace' },
  {
    family: 'other',
    strength: 'cause',
    header: new RegExp(`${prefix}(?<what>BUG: \\S.*)`),
    // What a fuzzer says of its own descriptions.
    unless: /BUG: no syscalls can create resource|xlog_status:/,
    title: '{what}',
    type: '',
    search: 'none',
  },
  {
    family: 'other',
    strength: 'needs-trace',
    header: new RegExp(`${prefix}(?<what>WARNING: \\S.*)`),
    unless: notWarnings,
    title: '{what}',
    type: 'WARNING',
    search: 'none',
  },
  {
    family: 'other',
    strength: 'needs-trace',
    header: new RegExp(`${prefix}(?<what>INFO: \\S.*)`),
    unless:
      /INFO: (?:lockdep is turned off|NMI handler|recovery required on readonly|sys_.* is not present|no syscalls can create)|_INFO:|rmt_storage:INFO:|took too long|Stall ended|INFO: task .*(?:blocked on|likely)/,
    title: '{what}',
    type: '',
    search: 'none',
  },
];
