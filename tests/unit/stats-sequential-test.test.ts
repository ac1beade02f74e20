// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type SequentialPlan, sequentialTest } from '../../lab/src/stats/sequential-test.ts';

const plan: SequentialPlan = { mtbf: 200, insteadOf: 100, alpha: 0.1, beta: 0.1 };

describe('a sequential test of 200 against 100 hours at 10% and 10%', () => {
  it('accepts after 439.4 hours without a failure, and not before', () => {
    expect(sequentialTest(plan, 0, 439.5)).to.deep.equal({ kind: 'accept' });
    expect(sequentialTest(plan, 0, 439.4)).to.have.property('kind', 'go-on');
  });

  it('asks for 138.6 hours more with each failure', () => {
    const [none, one] = [0, 1].map((failures) => sequentialTest(plan, failures, 300));
    expect(none).to.have.property('acceptAfter').that.is.closeTo(139.4, 0.06);
    expect(one)
      .to.have.property('acceptAfter')
      .that.is.closeTo(139.4 + 138.6, 0.1);
  });

  it('rejects from the fourth failure on when they come at once, and later only with more', () => {
    expect(sequentialTest(plan, 3, 0)).to.have.property('kind', 'go-on');
    expect(sequentialTest(plan, 4, 0)).to.deep.equal({ kind: 'reject' });
    expect(sequentialTest(plan, 4, 115)).to.deep.equal({ kind: 'reject' });
    expect(sequentialTest(plan, 4, 116)).to.have.property('kind', 'go-on');
  });

  it('goes on at the beginning, and accepts just when it said it would', () => {
    const decision = sequentialTest(plan, 2, 0);
    if (decision.kind !== 'go-on') throw new Error(decision.kind);
    expect(sequentialTest(plan, 2, decision.acceptAfter + 1e-9).kind).to.equal('accept');
    expect(sequentialTest(plan, 2, decision.acceptAfter - 1e-9).kind).to.equal('go-on');
  });

  it('errs about as seldom as it promises, and is shorter than a fixed test', () => {
    const [good, bad] = [200, 100].map((mtbf) => decideOften(mtbf, 4_000));
    // Wald's bounds for both chances: alpha / (1 - beta) and beta / (1 - alpha); 0.015 is three standard deviations.
    expect(good?.rejected).to.be.within(0.05, 0.1 / 0.9 + 0.015);
    expect(bad?.accepted).to.be.within(0.05, 0.1 / 0.9 + 0.015);
    // A fixed test with these two chances takes 1,883 hours: 13 failures at most, chi2(0.1; 28) = 18.94.
    expect(good?.hours).to.be.below(1_883);
    expect(bad?.hours).to.be.below(1_883);
  });

  it('is refused when there is nothing to decide', () => {
    for (const wrong of [
      { insteadOf: 200 },
      { insteadOf: 300 },
      { insteadOf: 0 },
      { mtbf: Number.POSITIVE_INFINITY },
      { mtbf: Number.NaN },
      { alpha: 0 },
      { beta: 1 },
      { alpha: 0.5, beta: 0.5 },
    ]) {
      expect(() => sequentialTest({ ...plan, ...wrong }, 0, 0)).to.throw(RangeError);
    }
    expect(() => sequentialTest(plan, -1, 0)).to.throw(RangeError);
    expect(() => sequentialTest(plan, 0, Number.NaN)).to.throw(RangeError);
  });
});

/** Decides so many times about drivers of the given MTBF, looking after each failure, with fixed random numbers. */
function decideOften(mtbf: number, times: number) {
  const random = xoroshiro128plus(17);
  const uniform = () => ((random.next() >>> 0) + 0.5) / 2 ** 32;
  let [accepted, rejected, hours] = [0, 0, 0];
  for (let test = 0; test < times; test += 1) {
    let [failures, exposure] = [0, 0];
    for (;;) {
      const quiet = -mtbf * Math.log(uniform());
      const decision = sequentialTest(plan, failures, exposure);
      if (decision.kind === 'go-on' && quiet >= decision.acceptAfter) {
        accepted += 1;
        hours += exposure + decision.acceptAfter;
        break;
      }
      if (decision.kind === 'reject') {
        rejected += 1;
        hours += exposure;
        break;
      }
      exposure += quiet;
      failures += 1;
    }
  }
  return { accepted: accepted / times, rejected: rejected / times, hours: hours / times };
}
