// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { survivalCurve } from '../../lab/src/stats/survival.ts';
import { expectAsR, readStatsReference } from '../support/stats-reference.ts';

const failed = (time: number) => ({ time, failed: true });
const well = (time: number) => ({ time, failed: false });

describe('a survival curve', () => {
  for (const { time, failed: events, call, result } of readStatsReference().survivals) {
    it(`has the steps and limits that R says: ${call}`, () => {
      const { steps } = survivalCurve(
        time.map((t, index) => ({ time: t, failed: events[index] === 1 })),
      );
      const columns = steps.flatMap((step) => {
        const limits = step.survival === 0 ? [Number.NaN, Number.NaN] : [step.lower, step.upper];
        return [step.time, step.atRisk, step.failures, step.survival, ...limits];
      });
      expectAsR(columns, { call, result }, 1e-9);
    });
  }

  it('counts a run that was stopped when another failed as one that could have failed', () => {
    const { steps } = survivalCurve([failed(5), well(5), well(9)]);
    expect(steps).to.have.length(1);
    expect(steps[0]).to.include({ atRisk: 3, failures: 1, censored: 0 });
    expect(steps[0]?.survival).to.be.closeTo(2 / 3, 1e-12);
  });

  it('tells how many were stopped before each step, each once', () => {
    const { steps, subjects, until } = survivalCurve([
      well(1),
      failed(2),
      well(2),
      well(3),
      failed(4),
      well(7),
    ]);
    expect(steps.map((step) => step.censored)).to.deep.equal([1, 2]);
    expect(steps.map((step) => step.atRisk)).to.deep.equal([5, 2]);
    expect({ subjects, until }).to.deep.equal({ subjects: 6, until: 7 });
  });

  it('that falls to 0 is bounded by the limit it had before', () => {
    const { steps } = survivalCurve([failed(1), failed(2), failed(3)]);
    const [, second, last] = steps;
    expect(last).to.include({ survival: 0, lower: 0, upper: second?.upper });
    expect(second?.upper).to.be.within(0.5, 0.99);
    expect(survivalCurve([failed(2)]).steps[0]).to.include({ survival: 0, lower: 0, upper: 1 });
  });

  it('has no step without a failure, and none without runs', () => {
    expect(survivalCurve([well(3), well(8)])).to.deep.equal({ steps: [], until: 8, subjects: 2 });
    expect(survivalCurve([])).to.deep.equal({ steps: [], until: 0, subjects: 0 });
  });

  it('lies between its limits, which are closer with more runs and less confidence', () => {
    const subjects = Array.from({ length: 40 }, (_, index) => ({
      time: (index * 17) % 23,
      failed: index % 3 !== 0,
    }));
    const width = (curve: ReturnType<typeof survivalCurve>, at: number) =>
      (curve.steps[at]?.upper ?? 0) - (curve.steps[at]?.lower ?? 0);
    const once = survivalCurve(subjects);
    for (const { lower, survival, upper } of once.steps) {
      expect(lower).to.be.at.most(survival);
      expect(upper).to.be.at.least(survival);
    }
    expect(width(survivalCurve([...subjects, ...subjects]), 5)).to.be.below(width(once, 5));
    expect(width(survivalCurve(subjects, 0.8), 5)).to.be.below(width(once, 5));
  });

  it('is the exponential that the failures came from', () => {
    const subjects = Array.from({ length: 20_000 }, (_, index) => {
      const time = -Math.log(1 - (index + 0.5) / 20_000);
      return time > 2 ? well(2) : failed(time);
    });
    const { steps } = survivalCurve(subjects);
    expect(steps.at(-1)?.time).to.be.closeTo(2, 1e-3);
    const errors = steps.map(({ time, survival }) => Math.abs(survival - Math.exp(-time)));
    expect(Math.max(...errors)).to.be.below(1e-4);
  });

  it('is refused for times that are none', () => {
    expect(() => survivalCurve([well(-1)])).to.throw(RangeError);
    expect(() => survivalCurve([failed(Number.NaN)])).to.throw(RangeError);
    expect(() => survivalCurve([failed(Number.POSITIVE_INFINITY)])).to.throw(RangeError);
    expect(() => survivalCurve([], 1)).to.throw(RangeError);
  });
});
