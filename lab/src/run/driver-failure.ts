// SPDX-License-Identifier: Apache-2.0
import { exitStatus, LabError } from '../errors.ts';

/** The driver under test did something wrong: it did not load, crashed the guest, or lost packets. */
export class DriverFailure extends LabError {
  readonly exitStatus = exitStatus.driverFailed;
}
