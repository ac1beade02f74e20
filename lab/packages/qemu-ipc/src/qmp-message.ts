// SPDX-License-Identifier: Apache-2.0

import { ProtocolViolationError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import { parseQmpJson } from './qmp-json.ts';

/** What QEMU says first. */
export interface QmpGreeting {
  readonly version: {
    readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number };
    readonly package: string;
  };
  /** `oob` is the only one so far. */
  readonly capabilities: readonly string[];
}

/** When QEMU saw the event, by the host's clock; both are -1 if it could not tell. */
export interface QmpTimestamp {
  readonly seconds: number;
  readonly microseconds: number;
}

/** What one line from QEMU can be. `id` is undefined if QEMU gave none. */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly greeting: QmpGreeting }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly id: unknown;
      readonly errorClass: string;
      readonly desc: string;
    }
  | {
      readonly kind: 'event';
      readonly name: string;
      readonly data: unknown;
      readonly timestamp: QmpTimestamp;
    };

type JsonObject = Readonly<Record<string, unknown>>;

/** Reads one line; members that QMP does not know are ignored. Throws ProtocolViolationError. */
export function parseQmpMessage(line: string): QmpMessage {
  const message = classify(parseLine(line));
  if (message === undefined) {
    throw new ProtocolViolationError('neither greeting, reply nor event', excerpt(line));
  }
  return message;
}

function parseLine(line: string): unknown {
  try {
    return parseQmpJson(line);
  } catch (cause) {
    throw new ProtocolViolationError('a line is not JSON', excerpt(line), { cause });
  }
}

function classify(value: unknown): QmpMessage | undefined {
  if (!isObject(value)) return undefined;
  if ('return' in value) return { kind: 'return', id: value['id'], value: value['return'] };
  if ('error' in value) return readError(value);
  if ('event' in value) return readEvent(value);
  if ('QMP' in value) return readGreeting(value['QMP']);
  return undefined;
}

function readError(value: JsonObject): QmpMessage | undefined {
  const error = value['error'];
  if (!isObject(error)) return undefined;
  const { class: errorClass, desc } = error;
  if (typeof errorClass !== 'string' || typeof desc !== 'string') return undefined;
  return { kind: 'error', id: value['id'], errorClass, desc };
}

function readEvent(value: JsonObject): QmpMessage | undefined {
  const { event: name, data = {}, timestamp } = value;
  if (typeof name !== 'string' || !isObject(timestamp)) return undefined;
  const { seconds, microseconds } = timestamp;
  if (typeof seconds !== 'number' || typeof microseconds !== 'number') return undefined;
  return { kind: 'event', name, data, timestamp: { seconds, microseconds } };
}

function readGreeting(value: unknown): QmpMessage | undefined {
  if (!isObject(value) || !isObject(value['version']) || !isObject(value['version']['qemu'])) {
    return undefined;
  }
  const { major, minor, micro } = value['version']['qemu'];
  if (typeof major !== 'number' || typeof minor !== 'number' || typeof micro !== 'number') {
    return undefined;
  }
  const packaged = value['version']['package'];
  const capabilities = value['capabilities'];
  return {
    kind: 'greeting',
    greeting: {
      version: {
        qemu: { major, minor, micro },
        package: typeof packaged === 'string' ? packaged : '',
      },
      capabilities: Array.isArray(capabilities)
        ? capabilities.filter((item) => typeof item === 'string')
        : [],
    },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
