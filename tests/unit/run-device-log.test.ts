// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type DeviceLogEntry,
  entryReport,
  firstComplaint,
  readDeviceLog,
} from '../../lab/src/run/device-log.ts';
import { violationReport } from '../../lab/src/run/device-report.ts';
import { contractRules } from '../../lab/src/trace/registers.gen.ts';

describe('the log of a device', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-log-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function read(text: string): Promise<DeviceLogEntry[]> {
    const path = join(folder, 'nic0.ndjson');
    writeFileSync(path, text);
    const entries: DeviceLogEntry[] = [];
    for await (const entry of readDeviceLog(path)) entries.push(entry);
    return entries;
  }

  const violation =
    '{"time":5,"device":"nic0","type":"violation","number":1,"rule":18,"name":"DESC_REUSED",' +
    '"queue":"rx0","value":"0x3","detail":"x","underFault":false,"count":2}';

  it("is read line by line; a line that QEMU's end has cut is left out", async () => {
    const fault = '{"time":6,"device":"nic0","type":"fault","fault":1,"kind":"irq-lost","count":1}';
    const entries = await read(`${violation}\n${fault}\n{"time":7,"device":"ni`);
    expect(entries.map(({ type, time, count }) => [type, time, count])).to.deep.equal([
      ['violation', 5, 2],
      ['fault', 6, 1],
    ]);
  });

  it('is empty when there is none', async () => {
    const entries = [];
    for await (const entry of readDeviceLog(join(folder, 'none'))) entries.push(entry);
    expect(entries).to.deep.equal([]);
  });

  it('says where a simulated machine was when its driver first broke a rule', async () => {
    const at = (position: number, vcpu?: number) =>
      violation.replace(
        '}',
        `,"position":${position},"virtualNs":${position * 2}${vcpu === undefined ? '' : `,"vcpu":${vcpu}`}}`,
      );
    const logs = { nic0: `${violation}\n${at(900)}\n`, nic1: `${at(800, 1)}\n${at(850, 0)}\n` };
    for (const [nic, text] of Object.entries(logs)) {
      writeFileSync(join(folder, `${nic}.ndjson`), text);
    }
    const nics = Object.keys(logs).map((nic) => ({ log: `${nic}.ndjson` }));
    expect(await firstComplaint(folder, nics)).to.deep.equal({
      instructions: 799,
      virtualNs: 1_600,
      cpu: 1,
    });
    expect(await firstComplaint(folder, nics.slice(0, 1))).to.deep.equal({
      instructions: 900,
      virtualNs: 1_800,
    });
  });

  it('speaks against the driver, unless a fault can have misled it', async () => {
    const [told] = await read(`${violation}\n`);
    const [excused] = await read(`${violation.replace('false', 'true')}\n`);
    expect(told && entryReport(told)?.title).to.equal(
      'ferronic contract: descriptor reused before completion (rule 18)',
    );
    expect(excused && entryReport(excused)).to.equal(null);
  });
});

describe('the titles of broken rules', () => {
  it('say in a few words what happened, each rule with its own', () => {
    const titles = contractRules.map(({ number }) => violationReport(number).title);
    expect(new Set(titles).size).to.equal(titles.length);
    for (const title of titles) expect(title.length).to.be.below(80);
  });

  it('do not fail on a rule of a newer device', () => {
    expect(violationReport(99).title).to.match(/\(rule 99\)$/);
  });
});
