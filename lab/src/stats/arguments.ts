// SPDX-License-Identifier: Apache-2.0

/** RangeError unless `count` is a whole number from 0 up; `what` names it in the message. */
export function checkCount(what: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(`${what}: ${count} is not a count`);
  }
}

/** RangeError unless `amount`, a time or another exposure, is finite and not negative. */
export function checkExposure(what: string, amount: number): void {
  if (!Number.isFinite(amount) || amount < 0) {
    throw new RangeError(`${what}: ${amount} is not an exposure`);
  }
}

/** RangeError unless `probability` lies between 0 and 1, both excluded. */
export function checkProbability(what: string, probability: number): void {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`${what}: ${probability} is not between 0 and 1`);
  }
}
