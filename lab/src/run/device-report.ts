// SPDX-License-Identifier: Apache-2.0
import type { CrashRecord } from '../verdict.ts';

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
  const rule = member(violation, 'name');
  if (typeof rule !== 'string' || member(violation, 'under-fault') === true) {
    return null;
  }
  return {
    title: `device contract: ${rule}`,
    type: 'DEVICE-CONTRACT',
    frame: null,
    corrupted: false,
    family: 'device-contract',
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
