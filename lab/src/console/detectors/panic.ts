// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

const panic = { family: 'panic', strength: 'consequence', type: 'DoS' } as const;

/** Panics and reboots. A panic that an earlier report of the same writer led to is part of that report. */
export const panicDetectors: readonly Detector[] = [
  {
    ...panic,
    header:
      /Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: (?<fn>[^\s+]+)\+/,
    title: 'kernel panic: stack is corrupted in {frame}',
    needsNoTrace: true,
    search: 'none',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in:/,
    title: 'kernel panic: stack is corrupted in {frame}',
    skip: /stack_chk/,
    search: 'trace',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: corrupted stack end detected inside scheduler/,
    title: 'kernel panic: corrupted stack end in {frame}',
    skip: /schedule|retint_kernel/,
    altTitles: ['stack-overflow in {frame}'],
    search: 'entry-of-trace',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: kernel stack overflow/,
    title: 'kernel stack overflow in {frame}',
    skip: /bad_stack/,
    altTitles: ['stack-overflow in {frame}'],
    search: 'entry-of-trace',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: Attempted to kill init!/,
    title: 'kernel panic: Attempted to kill init!',
    wantsTrace: true,
    search: 'none',
  },
  // These name what the kernel does about a report, so the report itself was lost.
  {
    ...panic,
    header:
      /Kernel panic - not syncing: (?<why>Fatal exception|panic_on_warn set|hung_task: blocked tasks)/,
    title: 'kernel panic: {why}',
    search: 'none',
    incomplete: true,
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: (?<why>Couldn't open N_TTY ldisc) for /,
    title: 'kernel panic: {why}',
    wantsTrace: true,
    search: 'none',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing: (?<why>.+)/,
    title: 'kernel panic: {why}',
    wantsTrace: true,
    search: 'none',
  },
  {
    ...panic,
    header: /Kernel panic - not syncing/,
    title: 'kernel panic: corrupted',
    search: 'none',
    incomplete: true,
  },
  {
    ...panic,
    strength: 'cause',
    family: 'trusty',
    header: /trusty: panic(?! notifier)/,
    body: /trusty: panic \(.*?\):(?: DEBUG)? ASSERT FAILED at \(.*?\): (?<why>.+)/,
    title: 'trusty: ASSERT FAILED: {why}',
    search: 'none',
  },
  {
    ...panic,
    strength: 'cause',
    family: 'trusty',
    header: /trusty: panic.* ASSERT FAILED.*: *(?<why>.*)/,
    title: 'trusty: ASSERT FAILED: {why}',
    search: 'none',
    incomplete: true,
  },
  {
    ...panic,
    strength: 'cause',
    family: 'trusty',
    header: /trusty: panic(?! notifier)/,
    body: /ASSERT FAILED/,
    title: 'trusty: ASSERT FAILED:',
    search: 'none',
    incomplete: true,
  },
  {
    ...panic,
    strength: 'cause',
    family: 'trusty',
    header: /trusty: panic \(.*?\): (?<why>.+)/,
    title: 'trusty: panic: {why}',
    search: 'none',
  },
  {
    ...panic,
    strength: 'cause',
    family: 'trusty',
    header: /trusty: panic(?! notifier)/,
    title: 'trusty: panic',
    search: 'none',
  },
];

/** Reports of the fuzzer's own programs, which other people's consoles contain. */
export const fuzzerDetectors: readonly Detector[] = [
  {
    family: 'fuzzer',
    strength: 'cause',
    header: /(?:^|\s)(?<what>SYZFATAL: .*)/,
    title: '{what}',
    altTitles: ['SYZFATAL'],
    type: 'SYZ_FAILURE',
    search: 'none',
  },
  {
    family: 'fuzzer',
    strength: 'cause',
    header: /(?:^|\s)(?<what>SYZFAIL: .*)/,
    title: '{what}',
    type: 'SYZ_FAILURE',
    search: 'none',
  },
  {
    family: 'fuzzer',
    strength: 'cause',
    header: /^(?<what>panic: .*)/,
    title: '{what}',
    type: 'DoS',
    search: 'none',
  },
  {
    family: 'fuzzer',
    strength: 'cause',
    header: /^fatal error: /,
    unless: /ALSA|cannot create timer/,
    title: 'go runtime error',
    type: 'DoS',
    search: 'none',
  },
];
