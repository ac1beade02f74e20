// SPDX-License-Identifier: Apache-2.0

/** Exit status of the `ferrolab` command, by meaning. */
export const exitStatus = {
  ok: 0,
  driverFailed: 1,
  usage: 2,
  labFailed: 3,
  interrupted: 130,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export interface LabErrorOptions {
  /** What the reader can do next: a command, or a thing to change. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** Base of every error a user of the lab can meet: what failed, why (`cause`), and the next step. */
export abstract class LabError extends Error {
  abstract readonly exitStatus: ExitStatus;
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, message: string, options: LabErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** The command line or the configuration asks for something that does not exist. */
export class UsageError extends LabError {
  readonly exitStatus = exitStatus.usage;
}

/** The lab itself failed: a missing tool, a full disk, a VM that died. Never the driver's fault. */
export class LabFailure extends LabError {
  readonly exitStatus = exitStatus.labFailed;
}

/** The user asked the lab to stop; what was done so far is saved. */
export class Interrupted extends LabError {
  readonly exitStatus = exitStatus.interrupted;

  constructor(message = 'interrupted') {
    super('INTERRUPTED', message, { remedy: 'Run the same command again to go on.' });
  }
}
