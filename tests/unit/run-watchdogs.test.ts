// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { namedOnce, silenceMs, watchdogs } from '../../lab/src/run/watchdogs.ts';

const init = readFileSync(join(projectRoot(), 'images/initramfs/rootfs/init'), 'utf8');

function knob(name: string): number {
  return Number(new RegExp(`^knob \\S*/${name} (\\d+)$`, 'm').exec(init)?.[1]);
}

describe('the watchdogs of a guest', () => {
  it('speak one after the other, the cause first, and before the guest counts as silent', () => {
    const { rcuStall, softLockup, workqueue, hungTask } = watchdogs;
    expect(rcuStall[1]).to.be.below(softLockup[0]);
    expect(softLockup[1]).to.be.below(workqueue[0]);
    expect(workqueue[0]).to.be.below(hungTask[0]);
    expect(hungTask[1] * 1_000).to.be.below(silenceMs);
  });

  it('are set in the guest to what the harness reckons with', () => {
    // kernel/watchdog.c: twice the threshold, looked at each fifth of that.
    const soft = 2 * knob('kernel/watchdog_thresh');
    expect([soft, Math.ceil(soft * 1.2)]).to.deep.equal(watchdogs.softLockup);
    const hung = knob('hung_task_timeout_secs');
    const interval = knob('hung_task_check_interval_secs');
    expect([hung, hung + interval]).to.deep.equal(watchdogs.hungTask);
    expect(knob('parameters/watchdog_thresh')).to.equal(watchdogs.workqueue[0]);
  });

  it('name a hang once, whoever else complains of it later, and leave other reports alone', () => {
    const report = (title: string, type: 'HANG' | 'BUG') => ({ title, type });
    const all = [
      report('KASAN', 'BUG'),
      report('stall', 'HANG'),
      report('soft lockup', 'HANG'),
      report('WARNING', 'BUG'),
      report('task hung', 'HANG'),
    ];
    const titles = namedOnce(all).map(({ title }) => title);
    expect(titles).to.deep.equal(['KASAN', 'stall', 'WARNING']);
    expect(namedOnce([])).to.deep.equal([]);
  });
});
