// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';

/** What a check came to. `remedy` is a command to type or a thing to change. */
export type Finding =
  | { readonly status: 'ok'; readonly found: string }
  | { readonly status: 'warning' | 'failed'; readonly found: string; readonly remedy: string };

export interface Check {
  readonly name: string;
  /** Looks, and never rejects for what it finds; AbortedError by `wait`. */
  readonly look: (wait: Wait) => Promise<Finding>;
}

export type CheckResult = { readonly name: string } & Finding;

export function ok(found: string): Finding {
  return { status: 'ok', found };
}

/** The lab works, but less well. */
export function warning(found: string, remedy: string): Finding {
  return { status: 'warning', found, remedy };
}

/** The lab does not work until this is mended. */
export function failed(found: string, remedy: string): Finding {
  return { status: 'failed', found, remedy };
}
