// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';

/** The error a promise rejects with, which must be of this class. */
export async function rejection<E extends Error>(
  promise: PromiseLike<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: constructors of errors have all kinds of parameters
  type: abstract new (...args: any[]) => E,
): Promise<E> {
  let error: unknown;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  expect(error, 'nothing was thrown, or not what was expected').to.be.instanceOf(type);
  return error as E;
}
