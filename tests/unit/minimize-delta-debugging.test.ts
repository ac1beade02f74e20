// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { smallestPart } from '../../lab/src/minimize/delta-debugging.ts';

const hundred = Array.from({ length: 100 }, (_, index) => index);

/** Answers yes when all of these are there, and counts the questions. */
function needing(...needed: readonly number[]) {
  const asked: (readonly number[])[] = [];
  const holds = async (part: readonly number[]) => {
    asked.push(part);
    return needed.every((one) => part.includes(one));
  };
  return { holds, asked };
}

describe('the smallest part of a list', () => {
  it('is one element when one matters, found with few questions', async () => {
    const { holds, asked } = needing(61);
    expect(await smallestPart(hundred, holds)).to.deep.equal([61]);
    expect(asked.length).to.be.lessThan(20);
  });

  it('has all elements that matter, in their order', async () => {
    const { holds } = needing(80, 3, 41);
    expect(await smallestPart(hundred, holds)).to.deep.equal([3, 41, 80]);
  });

  it('is empty when nothing matters, and the list itself when everything does', async () => {
    expect(await smallestPart(hundred, needing().holds)).to.deep.equal([]);
    expect(await smallestPart([1, 2, 3], needing(1, 2, 3).holds)).to.deep.equal([1, 2, 3]);
    expect(await smallestPart([], needing().holds)).to.deep.equal([]);
  });

  it('keeps elements that are equal apart', async () => {
    const holds = async (part: readonly string[]) => part.filter((one) => one === 'a').length >= 2;
    expect(await smallestPart(['a', 'b', 'a', 'a'], holds)).to.deep.equal(['a', 'a']);
  });

  it('is the same however many questions are asked at a time', async () => {
    for (const atOnce of [1, 2, 3, 8]) {
      const { holds } = needing(7, 70, 71);
      expect(await smallestPart(hundred, holds, atOnce)).to.deep.equal([7, 70, 71]);
    }
  });

  it('does no more without any one of its elements, when the answers are not monotone', async () => {
    // 10 alone is enough, but not beside 11, unless 12 is there too.
    const holds = async (part: readonly number[]) =>
      part.includes(10) && (!part.includes(11) || part.includes(12));
    const part = await smallestPart(hundred, holds);
    expect(part).to.include(10);
    for (const one of part) {
      expect(await holds(part.filter((other) => other !== one))).to.equal(false);
    }
  });
});
