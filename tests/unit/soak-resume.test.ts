// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { CampaignEnd, CampaignRecord } from '../../lab/src/campaign-record.ts';
import { nextTime } from '../../lab/src/cli/choice.ts';
import { unfinishedCampaign } from '../../lab/src/cli/soak-resume.ts';
import { remainingMs } from '../../lab/src/soak/soak-campaign.ts';
import { UsedTime, usedMs } from '../../lab/src/soak/used-time.ts';
import { writeCampaign, writeCampaignEnd } from '../../lab/src/store/campaign-folder.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';

const hourMs = 3_600_000;

function record(id: string, changes: Partial<CampaignRecord> = {}): CampaignRecord {
  return {
    version: 1,
    id,
    name: 'nightly',
    host: hostname(),
    seed: 1,
    startedAt: `2026-01-0${id.at(-1)}T22:00:00.000Z`,
    budgetMs: 8 * hourMs,
    until: null,
    subjects: [],
    canary: null,
    goal: null,
    ...changes,
  };
}

describe('the campaign to go on with', () => {
  let root: string;
  let state: StateDirectory;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ferrolab-resume-'));
    state = stateDirectory({ LAB_STATE_DIR: root });
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function end(id: string, how: CampaignEnd): Promise<void> {
    const endedAt = '2026-01-01T23:00:00.000Z';
    await writeCampaignEnd(state, id, { version: 1, end: how, endedAt });
  }
  function used(id: string, ms: number): void {
    const text = JSON.stringify({ version: 1, usedMs: ms });
    writeFileSync(join(state.campaigns, id, 'used.json'), text);
  }

  it('is the latest of its name whose lab was killed, or interrupted', async () => {
    for (const id of ['n1', 'n2', 'n3']) await writeCampaign(state, record(id));
    await end('n2', { kind: 'interrupted' });
    await end('n3', { kind: 'budget' });
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal('n2');
    await end('n2', { kind: 'gave-up', reason: 'x' });
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal('n1');
    expect(await unfinishedCampaign(state, true, 'weekly')).to.equal(undefined);
  });

  it('has time left', async () => {
    await writeCampaign(state, record('n1'));
    used('n1', 7.9 * hourMs);
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal('n1');
    used('n1', 8 * hourMs);
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal(undefined);
    await writeCampaign(state, record('n2', { until: '2026-01-03T05:00:00.000Z' }));
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal(undefined);
  });

  it('is of this machine, and can be read', async () => {
    await writeCampaign(state, record('n1', { host: 'another-lab' }));
    mkdirSync(join(state.campaigns, 'n2'));
    writeFileSync(join(state.campaigns, 'n2', 'campaign.json'), '{');
    expect(await unfinishedCampaign(state, true, 'nightly')).to.equal(undefined);
  });

  it('is the one whose id begins so, if there is only one', async () => {
    for (const id of ['a-1', 'a-2', 'b-3']) await writeCampaign(state, record(id));
    expect(await unfinishedCampaign(state, 'b', null)).to.equal('b-3');
    for (const [id, count] of [
      ['a', 2],
      ['c', 0],
    ] as const) {
      const error = await unfinishedCampaign(state, id, null).catch((caught: unknown) => caught);
      expect(error).to.be.an('error').with.property('code', 'NO_CAMPAIGN');
      expect(String(error)).to.include(`${count} campaigns`);
    }
  });
});

describe('the time of a campaign', () => {
  it('goes on where it was left, and is on the disk', async () => {
    const root = mkdtempSync(join(tmpdir(), 'ferrolab-used-'));
    const state = stateDirectory({ LAB_STATE_DIR: root });
    try {
      await writeCampaign(state, record('n1'));
      expect(await usedMs(state, 'n1')).to.equal(0);
      writeFileSync(join(state.campaigns, 'n1', 'used.json'), '{"version":1,"usedMs":5000}');
      {
        await using time = await UsedTime.resume(state, 'n1');
        expect(time.before).to.equal(5_000);
        expect(time.ms).to.be.at.least(5_000);
      }
      expect(await usedMs(state, 'n1')).to.be.within(5_000, 65_000);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('ends with its budget, or at the time that was said, whichever is first', () => {
    expect(remainingMs(record('n1'), hourMs)).to.equal(7 * hourMs);
    expect(remainingMs(record('n1'), 9 * hourMs)).to.equal(0);
    const soon = new Date(Date.now() + hourMs).toISOString();
    expect(remainingMs(record('n1', { until: soon }), 0)).to.be.closeTo(hourMs, 60_000);
  });

  it('reads a time of the day as the next one', () => {
    const evening = new Date(2026, 0, 1, 22, 30);
    expect(nextTime('06:00', evening)).to.deep.equal(new Date(2026, 0, 2, 6, 0));
    expect(nextTime('23:15', evening)).to.deep.equal(new Date(2026, 0, 1, 23, 15));
    expect(nextTime('22:30', evening)).to.deep.equal(new Date(2026, 0, 2, 22, 30));
    for (const bad of ['24:00', '6', '06:60', 'noon', '-1:00']) {
      expect(() => nextTime(bad, evening), bad).to.throw('is not a time of the day');
    }
  });
});
