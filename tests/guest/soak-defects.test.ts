// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ferrolabJson } from '../support/ferrolab.ts';

interface SoakDocument {
  readonly cycles: number;
  readonly verdicts: Readonly<Record<'PASS' | 'FAIL' | 'ERROR' | 'MISS', number>>;
  readonly exposureHours: { readonly wall: number };
  readonly faultsDelivered: Readonly<Record<string, number>>;
  readonly crashes: readonly { readonly title: string; readonly type: string }[];
  readonly mtbfHours: {
    readonly estimate: number | null;
    readonly lower95: number | null;
    readonly upper95: number | null;
  };
}

interface Manifest {
  readonly expect: { readonly title: string };
}

const root = join(import.meta.dirname, '../..');
/** Minutes of each soak; the debug kernel alone boots for half a minute under TCG. */
const minutes = Number(process.env['FERROLAB_SOAK_MINUTES'] ?? 2);
/** A clean driver must come to the end of a round on a busy machine too, where the sweeps of allocations are. */
const cleanMinutes = minutes + 1;
const defects = ['irq-lock-left-held', 'probe-alloc-unchecked', 'work-uaf'] as const;

/** Allocations of a driver's own that were failed one after the other in a step, over all runs. */
function allocationsFailed(state: string, phase: string): number {
  const runs = join(state, 'runs');
  return readdirSync(runs)
    .flatMap((run) =>
      readFileSync(join(runs, run, 'events.ndjson'), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as { type: string; phase?: string; delivered?: number })
    .filter((event) => event.type === 'alloc-failures' && event.phase === phase)
    .reduce((sum, { delivered }) => sum + (delivered ?? 0), 0);
}

describe('lab soak', function () {
  this.timeout(600_000);
  let state: string;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'ferrolab-state-'));
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  async function soak(minutes: number, ...args: readonly string[]) {
    return await ferrolabJson<SoakDocument>(
      ['soak', '--minutes', String(minutes), '--seed', '7', ...args],
      { env: { LAB_STATE_DIR: state }, timeoutMs: (minutes + 5) * 60_000 },
    );
  }

  for (const defect of defects) {
    it(`catches ${defect} in the C driver and names it`, async () => {
      const { exitCode, document } = await soak(minutes, '--driver', 'c', '--defect', defect);
      const manifest = JSON.parse(
        readFileSync(join(root, 'kernel-module/defects', defect, 'manifest.json'), 'utf8'),
      ) as Manifest;
      const titles = document.crashes.map(({ title }) => title);
      expect(titles.join('\n')).to.match(new RegExp(manifest.expect.title, 'm'));
      expect(exitCode).to.equal(1);
      expect(document.mtbfHours.estimate).to.be.greaterThan(0);
    });
  }

  for (const driver of ['rust', 'c'] as const) {
    it(`does not blame the clean ${driver} driver, and says how long that was tried`, async () => {
      const { exitCode, document } = await soak(cleanMinutes, '--driver', driver);
      expect(document.crashes).to.deep.equal([]);
      expect(document.verdicts.PASS).to.be.greaterThan(0);
      expect(document.faultsDelivered['irq-storm']).to.be.greaterThan(0);
      expect(document.faultsDelivered['alloc-failure']).to.be.greaterThan(0);
      expect(document.mtbfHours.estimate).to.equal(null);
      expect(document.mtbfHours.upper95).to.equal(null);
      expect(document.mtbfHours.lower95).to.be.greaterThan(0);
      expect(exitCode).to.equal(0);
      for (const phase of ['bind', 'open']) {
        expect(allocationsFailed(state, phase), `allocations failed in ${phase}`).to.be.greaterThan(
          0,
        );
      }
    });
  }
});
