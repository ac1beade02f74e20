// SPDX-License-Identifier: Apache-2.0
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import type { WorldCoverageReport } from '../coverage/world-coverage.ts';
import { Interrupted } from '../errors.ts';
import type { Simulation } from '../replay/simulation.ts';
import { writeDurably } from '../run/durable-file.ts';
import { readWorld } from '../run/read-world.ts';
import { type SimRun, switchesFile } from '../run/sim-run.ts';
import { listed, readSwitches } from '../run/switches.ts';
import type { SimWorld } from '../run/world.ts';
import { blocksFile } from '../soak/sim-coverage.ts';
import { outputFile } from './choice.ts';
import { counts, coverageText } from './coverage-text.ts';
import { interruptSignal } from './signals.ts';
import { prepareSimulation, simExitStatus } from './simulation.ts';

interface RunOptions {
  readonly asList?: string;
  readonly coverage?: boolean;
  readonly json?: boolean;
}

/** `ferrolab run`: one simulated world; the same world gives the same console, byte for byte. */
export function runCommand(): Command {
  return new Command('run')
    .description('run a simulated world: the same world, the same console')
    .argument('<world>', 'file with a world')
    .option('--coverage', 'say what of the driver was reached; coverage.json of the folder has all')
    .option('--as-list <file>', 'write the world with all turns of this run as a list')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab run tests/worlds/work-uaf.json\n')
    .action(async (file: string, options: RunOptions) => {
      process.exitCode = await run(file, options);
    });
}

async function run(file: string, { coverage = false, json = false, asList }: RunOptions) {
  const listFile = asList === undefined ? undefined : outputFile('as-list', asList);
  const signal = interruptSignal();
  const simulation = await prepareSimulation(await readWorld(file), signal);
  await using _simulation = simulation;
  const driverTrace = coverage ? { driverTrace: { blocks: blocksFile } } : {};
  const options = { ...driverTrace, recordSwitches: listFile !== undefined };
  const ran = await simulation.run(undefined, options);
  if (signal.aborted) throw new Interrupted();
  if (listFile !== undefined) await writeListed(listFile, simulation.world, ran);
  const reached = coverage ? await reachedBy(simulation, ran, signal) : undefined;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...document(ran), ...(reached && { coverage: counts(reached) }) })}\n`
      : `${text(ran, simulation.runs)}${reached === undefined ? '' : `${coverageText(reached)}\n`}`,
  );
  return simExitStatus[ran.verdict.outcome];
}

async function writeListed(path: string, world: SimWorld, { folder }: SimRun): Promise<void> {
  const switches = await readSwitches(join(folder, switchesFile));
  const schedule = listed(world.schedule, switches);
  await writeDurably(path, `${JSON.stringify({ ...world, schedule })}\n`);
}

async function reachedBy(
  { coverage }: Simulation,
  { folder, loads, states }: SimRun,
  signal: AbortSignal,
): Promise<WorldCoverageReport> {
  const measured = await coverage(signal);
  // A QEMU that did not end in order has written nothing.
  measured.add(await readFile(join(folder, blocksFile), 'utf8').catch(() => ''), loads, states);
  const report = measured.report();
  await writeFile(join(folder, 'coverage.json'), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** What `--json` prints. */
function document({ verdict, consoleSha256, virtualNs, instructions, wallMs }: SimRun) {
  return {
    world: verdict.worldId,
    run: verdict.runId,
    verdict: verdict.outcome,
    title: verdict.crashes[0]?.title ?? null,
    reason: verdict.reason,
    consoleSha256,
    virtualNs,
    instructions,
    wallMs,
  };
}

function text(ran: SimRun, runs: string): string {
  const { verdict, consoleSha256, virtualNs, instructions, switches, wallMs } = ran;
  const count = (n: number) => n.toLocaleString('en-US');
  return [
    `${verdict.outcome}  ${verdict.reason}`,
    `world    ${verdict.worldId}`,
    `console  sha256:${consoleSha256}`,
    `took     ${(virtualNs / 1e9).toFixed(3)} s of virtual time in ${(wallMs / 1e3).toFixed(1)} s, ${count(instructions)} instructions, ${count(switches)} switches between vCPUs`,
    `folder   ${runs}/${verdict.runId}`,
    '',
  ].join('\n');
}
