// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { MachineSpec, NicSpec } from '../vm/machine-spec.ts';
import { describeExit, endedByGuest, type VmExit } from '../vm/qemu-process.ts';
import { SimulatedMachine } from '../vm/simulated-machine.ts';
import { canonicalJson } from './canonical-json.ts';
import { ConsoleFile } from './console-file.ts';
import { deviceReports } from './device-log.ts';
import { type DriverSetup, setUpDriver } from './driver-setup.ts';
import { Guest } from './guest.ts';
import type { ModuleSections } from './module-sections.ts';
import { repeatCheck } from './repeat-check.ts';
import { SimulatedGuest } from './simulated-guest.ts';
import type { Brought, TemplateObserver, TemplateRecipe } from './template-store.ts';
import { WorkloadEnded } from './workload-end.ts';

/** What is known of a machine whose driver is loaded. */
export interface LoadedDriver {
  readonly devices: readonly string[];
  readonly sections: ModuleSections;
}

/** A driver that is loaded, or does not get so far: then each run begins with a booted machine, and tells of it. */
export type DriverFacts =
  | { readonly loaded: LoadedDriver }
  | { readonly loaded: null; readonly why: string };

/** File of the template's folder with the blocks of the driver's code that were executed up to there. */
export const setupBlocksFile = 'blocks.txt';

/** The identity of a driver, and archives with it. */
export interface DriverFiles {
  readonly hash: string;
  readonly archives: readonly string[];
}

/** The booted machine that it is made from. */
export interface BootedMachine {
  readonly key: string;
  /** Its saved state, made when it is asked for. */
  readonly state: (wait: Wait) => Promise<string>;
}

/** A booted machine whose driver has been loaded, bound and joined, with turns taken in order. */
export function driverTemplate(
  booted: BootedMachine,
  machine: MachineSpec,
  setup: DriverSetup,
  { hash, archives }: DriverFiles,
  observer: TemplateObserver,
): TemplateRecipe<DriverFacts> {
  // What the guest is told to do for it is not in the key: whoever changes that changes the version.
  const content = canonicalJson({ version: 1, booted: booted.key, driver: hash, ...setup });
  return {
    key: createHash('sha256').update(content).digest('hex'),
    doing: `loading ${setup.module} to begin its runs with`,
    machine,
    bring: async (spec, wait) => {
      const scheduler = { policy: { policy: 'fair' }, seed: 0n } as const;
      const template = await booted.state(wait);
      const driverTrace = { blocks: setupBlocksFile };
      const watched = { ...spec, template, simulation: { scheduler }, driverTrace };
      const machine = await SimulatedMachine.load(watched, wait);
      const brought = await bring(machine, spec.nics, setup, archives, wait);
      if (brought.facts.loaded === null) observer(`it is not saved: ${brought.facts.why}`);
      return brought;
    },
    check: repeatCheck,
  };
}

/** Ends the setup when the console has a report. */
class Reported extends Error {}

async function bring(
  machine: SimulatedMachine,
  nics: readonly NicSpec[],
  setup: DriverSetup,
  archives: readonly string[],
  { signal }: Wait,
): Promise<Brought<DriverFacts>> {
  let session: SimulatedGuest | undefined;
  try {
    const files = await Promise.all(archives.map((archive) => readFile(archive)));
    const console = new ConsoleFile(join(machine.runDir, 'console.log'), setup.module);
    session = new SimulatedGuest(machine, Buffer.concat(files), async () => {
      await console.read();
      const [report] = console.reports;
      if (report !== undefined) throw new Reported(report.title);
    });
    let sections: ModuleSections = {};
    const driver = await setUpDriver(new Guest(session, signal), setup, (loaded) => {
      sections = loaded;
    });
    // A report that is not over yet is one, too.
    const [report] = console.end();
    const [broken = report] = await deviceReports(machine.runDir, nics);
    if (broken !== undefined) throw new Reported(broken.title);
    return { vm: machine.vm, facts: { loaded: { devices: driver.devices, sections } } };
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    if (error instanceof Reported) return unusable(error.message);
    if (!(error instanceof WorkloadEnded)) throw error;
    const exit = session?.end?.kind === 'ended' ? session.end.exit : undefined;
    // A QEMU that was killed says nothing of the driver.
    if (exit !== undefined && !endedByGuest(exit)) throw diedMeanwhile(exit, error);
    return unusable(JSON.stringify(error.end));
  }
}

function diedMeanwhile(exit: VmExit, cause: unknown): LabFailure {
  return new LabFailure('QEMU_DIED', `QEMU ${describeExit(exit)} while a machine was prepared`, {
    remedy: 'The same command tries again; look whether memory is short.',
    cause,
  });
}

function unusable(why: string): Brought<DriverFacts> {
  return { vm: null, facts: { loaded: null, why } };
}
