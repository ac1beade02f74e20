// SPDX-License-Identifier: Apache-2.0
import { contractRule } from '../trace/registers.gen.ts';
import type { CrashRecord } from '../verdict.ts';

/** What a broken rule of the device's datasheet says against the driver. */
export function violationReport(rule: number): CrashRecord {
  const what = contractRule(rule)?.broken ?? 'a rule that this lab does not know';
  return {
    title: `ferronic contract: ${what} (rule ${rule})`,
    type: 'DEVICE-CONTRACT',
    frame: null,
    corrupted: false,
    family: 'device-contract',
  };
}

/**
 * What an event of QEMU says against the driver; `null` when it says nothing. A rule that was broken
 * after a fault which can mislead a driver proves nothing against it.
 */
export function deviceReport(event: {
  readonly name: string;
  readonly data: unknown;
}): CrashRecord | null {
  if (event.name !== 'FERRONIC_VIOLATION') {
    return null;
  }
  const violation = member(event.data, 'violation');
  const rule = member(violation, 'rule');
  if (typeof rule !== 'number' || member(violation, 'under-fault') === true) {
    return null;
  }
  return violationReport(rule);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
