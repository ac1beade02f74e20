// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { StreamProgress } from '../../lab/src/artifacts/build-progress.ts';
import { fileSha256 } from '../../lab/src/artifacts/content-key.ts';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { ownDrivers } from '../../lab/src/artifacts/recipes/driver-builds.ts';
import { DriverTrials } from '../../lab/src/defects/driver-trials.ts';
import { labArtifacts } from '../support/lab-artifacts.ts';

const root = projectRoot();
const { module, source } = ownDrivers.c;
const defect = 'irq-lock-left-held';

/** A patch of the C twin that replaces one line. */
function replacing(file: string, line: RegExp, by: string): string {
  const lines = readFileSync(join(root, source, file), 'utf8').split('\n');
  const at = lines.findIndex((text) => line.test(text));
  if (at < 0) throw new Error(`${file} has no line ${line}`);
  return `--- a/${file}\n+++ b/${file}\n@@ -${at + 1} +${at + 1} @@\n-${lines[at]}\n+${by}\n`;
}

describe('a mistake in the C twin', function () {
  this.timeout(600_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ferrolab-trials-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function moduleOf(name: string, file: string): Promise<string> {
    const progress = new StreamProgress(process.stderr);
    const wait = { signal: new AbortController().signal, deadline: Deadline.never };
    const trials = new DriverTrials({ wait, progress });
    const { artifact, report } = await trials
      .patched('c', { name, file, lenient: false })
      .finally(() => progress.close());
    expect(report.problem, name).to.equal(null);
    return fileSha256(join(artifact.dir, `${module}.ko`));
  }

  async function moduleWith(name: string, ...changes: readonly string[]): Promise<string> {
    const file = join(folder, `${name}.patch`);
    writeFileSync(file, changes.join(''));
    return await moduleOf(name, file);
  }

  it('becomes the same module whether all is compiled or what it touches', async () => {
    const whole = `driver-${module}-debug-${defect}`;
    const dir = (await labArtifacts(whole))(whole);
    const file = join(root, 'kernel-module/defects', defect, 'c.patch');
    expect(await moduleOf(defect, file)).to.equal(fileSha256(join(dir, `${module}.ko`)));
  });

  it('that is in a header is compiled into all that includes it', async () => {
    const header = replacing(
      'ferronic_ring.h',
      /^#define FERRONIC_RING_DEFAULT\b/,
      '#define FERRONIC_RING_DEFAULT\t256',
    );
    // With how it is built changed too, all is compiled.
    const makefile = replacing('Makefile', /^# SPDX/, '# SPDX-License-Identifier: GPL-2.0-only');
    const touched = await moduleWith('x-header', header);
    expect(touched).to.equal(await moduleWith('x-header-and-makefile', header, makefile));
  });
});
