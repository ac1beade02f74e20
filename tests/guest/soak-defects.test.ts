// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CampaignReport, CellReport } from '../../lab/src/report/campaign-report.ts';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';
import { runEvents } from '../support/run-events.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

interface Manifest {
  readonly expect: { readonly title: string };
}

const root = join(import.meta.dirname, '../..');
/** A clean driver must come to the end of a round on a busy machine too, where the sweeps of allocations are. */
const cleanMinutes = Number(process.env['FERROLAB_SOAK_MINUTES'] ?? 3);
const defects = ['irq-lock-left-held', 'probe-alloc-unchecked', 'work-uaf'] as const;

interface RunEvent {
  readonly type: string;
  readonly phase?: string;
  readonly delivered?: number;
}

/** Allocations of a driver's own that were failed one after the other in a step, over all runs. */
function allocationsFailed(state: string, phase: string): number {
  return runEvents<RunEvent>(state)
    .filter((event) => event.type === 'alloc-failures' && event.phase === phase)
    .reduce((sum, { delivered }) => sum + (delivered ?? 0), 0);
}

function onlyCell({ cells }: CampaignReport): CellReport {
  const [cell] = cells;
  expect(cells).to.have.length(1);
  if (cell === undefined) throw new Error('a report without cells');
  return cell;
}

describe('lab soak', function () {
  this.timeout(600_000);
  let state: string;

  beforeEach(() => {
    state = scratchFolder('state');
  });

  const environment = () => ({ env: { LAB_STATE_DIR: state }, timeoutMs: 480_000 });

  function summaryOf(document: CampaignReport) {
    const titles = document.groups.map(({ title }) => title);
    return { titles, cell: onlyCell(document) };
  }

  async function soak(...args: readonly string[]) {
    const { exitCode, document } = await ferrolabJson<CampaignReport>(
      ['soak', '--minutes', String(cleanMinutes), '--seed', '7', ...args],
      environment(),
    );
    return { exitCode, ...summaryOf(document) };
  }

  /** A soak that is interrupted at its first crash. */
  async function soakUntilCrash(...args: readonly string[]) {
    const lab = startFerrolab(
      ['soak', '--json', '--minutes', '5', '--seed', '7', ...args],
      environment(),
    );
    const stopAtCrash = (text: Buffer) => {
      if (!text.toString().includes(' FAIL ')) return;
      // A second one would not let it tidy up.
      lab.stderr.off('data', stopAtCrash);
      lab.kill('SIGINT');
    };
    lab.stderr.on('data', stopAtCrash);
    const { exitCode, stdout, stderr } = await lab;
    expect(exitCode, stderr).to.equal(130);
    return summaryOf(JSON.parse(stdout) as CampaignReport);
  }

  for (const defect of defects) {
    it(`catches ${defect} in the C driver and names it`, async () => {
      const { titles, cell } = await soakUntilCrash('--driver', 'c', '--defect', defect);
      const manifest = JSON.parse(
        readFileSync(join(root, 'kernel-module/defects', defect, 'manifest.json'), 'utf8'),
      ) as Manifest;
      expect(titles.join('\n')).to.match(new RegExp(manifest.expect.title, 'm'));
      expect(cell.mtbf.estimate).to.be.greaterThan(0);
    });
  }

  for (const driver of ['rust', 'c'] as const) {
    it(`does not blame the clean ${driver} driver, and says how long that was tried`, async () => {
      const { exitCode, titles, cell } = await soak('--driver', driver);
      expect(titles).to.deep.equal([]);
      expect(cell.runs.PASS).to.be.greaterThan(0);
      expect(cell.faults['irq-storm'].delivered).to.be.greaterThan(0);
      expect(cell.faults['alloc-failure'].delivered).to.be.greaterThan(0);
      expect(cell.mtbf.estimate).to.equal(null);
      expect(cell.mtbf.upper).to.equal(null);
      expect(cell.mtbf.lower).to.be.greaterThan(0);
      expect(exitCode).to.equal(0);
      for (const phase of ['bind', 'open']) {
        expect(allocationsFailed(state, phase), `allocations failed in ${phase}`).to.be.greaterThan(
          0,
        );
      }
    });
  }
});
