// SPDX-License-Identifier: Apache-2.0

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { CampaignReport, CellReport } from '../../lab/src/report/campaign-report.ts';
import { ferrolabJson, startFerrolab } from '../support/ferrolab.ts';
import { qemuProcesses } from '../support/qemu-processes.ts';
import { runEvents } from '../support/run-events.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

interface GuestEvent {
  readonly type: string;
  readonly phase?: string;
  readonly doing?: string;
  readonly name?: string;
  readonly data?: { readonly device?: string };
}

describe('a workload on a real machine', function () {
  this.timeout(240_000);
  let state: string;

  beforeEach(() => {
    state = scratchFolder('state');
  });

  function args(workload: string, minutes: number, target: string): readonly string[] {
    return [
      ...['soak', '--target', target, '--driver', 'c', '--kernel', 'fast', '--accel', 'tcg'],
      ...['--workload', workload, '--minutes', String(minutes), '--seed', '6'],
    ];
  }

  async function soak(workload: string, minutes: number, target = 'ferronic') {
    const environment = { env: { LAB_STATE_DIR: state }, timeoutMs: 220_000 };
    return await ferrolabJson<CampaignReport>(args(workload, minutes, target), environment);
  }

  /** The only cell of a soak, in which nothing went wrong. */
  function mustHavePassed({ cells, groups, health }: CampaignReport): CellReport {
    expect(groups).to.deep.equal([]);
    expect(health.troubles).to.deep.equal([]);
    const [cell, ...others] = cells;
    expect(others).to.deep.equal([]);
    expect(cell?.runs).to.include({ FAIL: 0, ERROR: 0, MISS: 0 });
    expect(cell?.runs.PASS).to.be.greaterThan(0);
    if (cell === undefined) throw new Error('a report without cells');
    return cell;
  }

  it('passes traffic to a second machine, and leaves neither behind when the harness is killed', async () => {
    const { document } = await soak('two-machines', 0.6);
    mustHavePassed(document);
    const doing = runEvents<GuestEvent>(state).map((event) => event.doing);
    expect(doing).to.include('passing traffic with another machine');
    const running = startFerrolab(args('two-machines', 2, 'ferronic'), {
      env: { LAB_STATE_DIR: state },
      timeoutMs: 60_000,
    });
    const until = performance.now() + 50_000;
    const machines = () => qemuProcesses(state).length;
    const ours = (ends: string) =>
      qemuProcesses(ends).some((pid) => qemuProcesses(state).includes(pid));
    // One end of the cable listens, the other one is connected to it.
    const both = () => ours('id=nic0-link,server=on') && ours('id=cable0,server=off');
    while (!both() && performance.now() < until) await sleep(50);
    expect(both(), 'both machines').to.equal(true);
    running.kill('SIGKILL');
    await running.catch(() => undefined);
    const gone = performance.now() + 5_000;
    while (machines() > 0 && performance.now() < gone) await sleep(50);
    expect(machines(), 'left behind').to.equal(0);
  });

  it('tests a driver from a folder of somebody else, by an entry of the configuration alone', async () => {
    const source = join(state, 'mynic');
    cpSync(join(import.meta.dirname, '../../kernel-module/c'), source, { recursive: true });
    const kbuild = readFileSync(join(source, 'Kbuild'), 'utf8');
    writeFileSync(join(source, 'Kbuild'), kbuild.replace(/ferronic_c(?=\.o|-)/g, 'mynic'));
    const driver = { module: 'mynic', language: 'c', source, defects: null };
    const target = {
      device: { model: 'ferronic', pciId: '1234:fe01', vectors: 9 },
      drivers: { c: driver },
      workloads: {
        short: {
          ...{ churnMs: 8_000, rounds: 3, trafficMs: [500, 800], payloadBytes: 500 },
        },
      },
      faults: ['irq-storm', 'link-flap'],
    };
    const config = join(state, 'my.config.ts');
    writeFileSync(
      config,
      `export const lab = ${JSON.stringify({ targets: { mynic: target } })};\n`,
    );
    const environment = {
      env: { LAB_STATE_DIR: state, LAB_CONFIG: config },
      timeoutMs: 220_000,
    };
    const { document } = await ferrolabJson<CampaignReport>(
      args('short', 0.4, 'mynic'),
      environment,
    );
    const { faults } = mustHavePassed(document);
    expect(faults['irq-storm'].delivered).to.be.greaterThan(0);
  });

  for (const target of ['ferronic', 'e1000e']) {
    it(`unplugs a card of ${target} in order, and puts it back`, async () => {
      const { document } = await soak('unplug', 0.5, target);
      const { faults } = mustHavePassed(document);
      const deleted = runEvents<GuestEvent>(state).filter(
        ({ type, name, data }) =>
          type === 'qmp' && name === 'DEVICE_DELETED' && /^nic\d$/.test(data?.device ?? ''),
      );
      expect(deleted).not.to.deep.equal([]);
      expect(faults['link-flap'].delivered).to.be.greaterThan(0);
    });
  }
});
