// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../../lab/src/artifacts/project-root.ts';
import { chooseDefect, chooseDriver, chooseTarget } from '../../lab/src/config/choose.ts';
import { ferronicTarget } from '../../lab/src/config/ferronic-target.ts';
import { builtInLab, loadConfig } from '../../lab/src/config/load-config.ts';

function failureOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the configuration of the lab', () => {
  it('has two targets, so that nothing is made for one device only', async () => {
    const lab = await loadConfig(projectRoot());
    expect(Object.keys(lab.targets)).to.deep.equal(['ferronic', 'e1000e']);
    expect(lab.targets['ferronic']).to.deep.equal(ferronicTarget);
  });

  it('is the built-in one where there is no file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferrolab-config-'));
    expect(await loadConfig(folder)).to.equal(builtInLab);
    await rm(folder, { recursive: true });
  });

  it('is refused with what to do when it exports no lab, or does not load', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ferrolab-config-'));
    const path = join(folder, 'lab.config.ts');
    await writeFile(path, 'export const something: number = 1;\n');
    expect(await loadConfig(folder).catch((error: unknown) => error)).to.include({
      code: 'BAD_CONFIG',
      exitStatus: 2,
    });
    await rm(folder, { recursive: true });
    const broken = await mkdtemp(join(tmpdir(), 'ferrolab-config-'));
    await writeFile(join(broken, 'lab.config.ts'), 'export const = ;\n');
    expect(await loadConfig(broken).catch((error: unknown) => error)).to.include({
      code: 'CONFIG_UNREADABLE',
      exitStatus: 3,
    });
    await rm(broken, { recursive: true });
  });

  it('answers an unknown name with those that exist', () => {
    const driver = failureOf(() => chooseDriver(ferronicTarget, 'go'));
    expect(driver).to.include({ code: 'UNKNOWN_DRIVER', exitStatus: 2 });
    expect(driver).to.have.property('remedy').that.contains('rust, c');
    const defect = failureOf(() => chooseDefect(projectRoot(), ferronicTarget.drivers.c, 'nope'));
    expect(defect).to.include({ code: 'UNKNOWN_DEFECT', exitStatus: 2 });
    expect(defect).to.have.property('remedy').that.contains('work-uaf');
    // Names of an object's own machinery are no entries.
    expect(failureOf(() => chooseTarget(builtInLab, 'constructor'))).to.include({ exitStatus: 2 });
  });
});
