// SPDX-License-Identifier: Apache-2.0
// QEMU as it comes sends accesses of one vCPU astray while another changes the memory map: patch 0006.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { gatherBootInputs } from '../../lab/src/cli/boot-inputs.ts';
import { bootVm } from '../../lab/src/run/boot-sequence.ts';
import { linkedPair } from '../../lab/src/vm/machine-spec.ts';

const within = (ms: number) => ({
  signal: new AbortController().signal,
  deadline: Deadline.after(ms),
});

/** COMMAND of the second card: its memory is there, and is not; meanwhile another process sleeps and wakes. */
const script = `
echo 0 >/sys/bus/pci/drivers_autoprobe
config=/sys/bus/pci/devices/0000:02:00.0/config
command() { printf "$1" | dd of=$config bs=1 seek=4 conv=notrunc 2>/dev/null; }
(i=0; while [ $i -lt 1000 ]; do command '\\003'; command '\\000'; i=$((i + 1)); done; echo changed) &
(i=0; while [ $i -lt 2000 ]; do sleep 0.002; i=$((i + 1)); done; echo slept) &
wait`;

describe('a guest that changes its memory map', function () {
  this.timeout(420_000);

  it('goes on sleeping and waking on all its processors', async () => {
    const progress = new StreamProgress(process.stderr);
    const options = { wait: within(600_000), progress };
    const inputs = await gatherBootInputs('fast', undefined, options).finally(() =>
      progress.close(),
    );
    const runDir = mkdtempSync(join(tmpdir(), 'ferrolab-memory-map-'));
    const { kernel, initramfs, qemu, credentials } = inputs;
    const machine = { cpus: 2, memoryMiB: 256, accel: 'tcg', append: [] } as const;
    const booted = await bootVm(
      { ...machine, kernel, initramfs, qemu, nics: linkedPair('ferronic'), runDir },
      credentials,
      within(120_000),
      { keepalive: { intervalMs: 8_000, countMax: 20 } },
    );
    await using _booted = booted;
    const end = await booted.ssh.exec(script, within(240_000));
    expect(end.kind).to.equal('exited');
    expect(end.stdout).to.contain('changed').and.to.contain('slept');
    rmSync(runDir, { recursive: true, force: true });
  });
});
