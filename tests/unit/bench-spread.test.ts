// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { percentile, spreadOf } from '../../lab/src/bench/spread.ts';

describe('a spread of measurements', () => {
  it('has the middle sample as its median, or the mean of the two in the middle', () => {
    expect(spreadOf([30, 10, 20])).to.deep.equal({
      median: 20,
      min: 10,
      max: 30,
      samples: [30, 10, 20],
    });
    expect(spreadOf([4, 1, 3, 2]).median).to.equal(2.5);
    expect(spreadOf([7]).median).to.equal(7);
  });

  it('sorts as numbers, not as text', () => {
    expect(spreadOf([9, 100, 11])).to.include({ min: 9, median: 11, max: 100 });
  });

  it('takes a sample that exists as the 99th percentile', () => {
    const samples = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(percentile(samples, 99)).to.equal(198);
    expect(percentile([1, 2, 3], 99)).to.equal(3);
  });

  it('is refused for no samples', () => {
    expect(() => spreadOf([])).to.throw(RangeError);
  });
});
