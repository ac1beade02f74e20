// SPDX-License-Identifier: Apache-2.0

/** Words that tell the kinds of failure apart without `instanceof`. */
export type QemuIpcErrorCode =
  | 'QMP_CONNECTION_LOST'
  | 'QMP_TIMED_OUT'
  | 'QMP_ABORTED'
  | 'QMP_COMMAND_REFUSED'
  | 'QMP_PROTOCOL_VIOLATION'
  | 'QMP_GREETING';

/** Base of every error this package throws. */
export abstract class QemuIpcError extends Error {
  abstract readonly code: QemuIpcErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Why a connection ended. `disposed` means that our own side closed it. */
export type LossReason = 'peer-closed' | 'stream-error' | 'protocol-violation' | 'disposed';

/** The link died, or was closed by us, with this work unfinished. */
export class ConnectionLostError extends QemuIpcError {
  readonly code = 'QMP_CONNECTION_LOST';
  readonly reason: LossReason;
  /** Names of the commands that had no answer when the link died. */
  readonly pendingCommands: readonly string[];

  constructor(
    message: string,
    reason: LossReason,
    pendingCommands: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.reason = reason;
    this.pendingCommands = pendingCommands;
  }
}

/** The deadline passed first; `waitingFor` names what had not come. */
export class TimedOutError extends QemuIpcError {
  readonly code = 'QMP_TIMED_OUT';
  readonly waitingFor: readonly string[];

  constructor(waitingFor: readonly string[], options?: ErrorOptions) {
    super(`timed out waiting for ${waitingFor.join(', ')}`, options);
    this.waitingFor = waitingFor;
  }
}

/** The caller's AbortSignal fired first; `cause` is the signal's reason. */
export class AbortedError extends QemuIpcError {
  readonly code = 'QMP_ABORTED';
  readonly waitingFor: string;

  constructor(waitingFor: string, options?: ErrorOptions) {
    super(`aborted while waiting for ${waitingFor}`, options);
    this.waitingFor = waitingFor;
  }
}

/** QEMU answered the command with an error. */
export class CommandRefusedError extends QemuIpcError {
  readonly code = 'QMP_COMMAND_REFUSED';
  readonly command: string;
  /** QMP's error class: `GenericError`, `CommandNotFound`, `DeviceNotFound`… */
  readonly errorClass: string;
  /** QEMU's own text, for people; do not parse it. */
  readonly desc: string;

  constructor(command: string, errorClass: string, desc: string, options?: ErrorOptions) {
    super(`QEMU refused ${command}: ${desc} (${errorClass})`, options);
    this.command = command;
    this.errorClass = errorClass;
    this.desc = desc;
  }
}

/** The peer sent what QMP does not allow; the connection is given up. */
export class ProtocolViolationError extends QemuIpcError {
  readonly code = 'QMP_PROTOCOL_VIOLATION';
  /** What was wrong, without the excerpt. */
  readonly what: string;
  /** The start of the offending input, control characters escaped. */
  readonly excerpt: string;

  constructor(what: string, excerpt: string, options?: ErrorOptions) {
    super(`${what}: ${excerpt}`, options);
    this.what = what;
    this.excerpt = excerpt;
  }
}

/** No usable QMP greeting, or capabilities negotiation failed. */
export class GreetingError extends QemuIpcError {
  readonly code = 'QMP_GREETING';
}
