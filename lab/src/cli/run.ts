// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import { StreamProgress } from '../artifacts/build-progress.ts';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { projectRoot } from '../artifacts/project-root.ts';
import { chooseDefect } from '../config/choose.ts';
import { loadConfig } from '../config/load-config.ts';
import { type ExitStatus, exitStatus } from '../errors.ts';
import { readWorld } from '../run/read-world.ts';
import { newRunId } from '../run/run-folder.ts';
import type { SimRun } from '../run/sim-run.ts';
import { TemplateStore } from '../run/template-store.ts';
import {
  cellOf,
  completeWorld,
  configured,
  Simulator,
  templatesFolder,
} from '../soak/sim-scenario.ts';
import { gatherSoakParts } from '../soak/soak-parts.ts';
import { ResultStore } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import type { Outcome } from '../verdict.ts';
import { interruptSignal } from './signals.ts';

interface RunOptions {
  readonly json?: boolean;
}

/** `ferrolab run`: one simulated world; the same world gives the same console, byte for byte. */
export function runCommand(): Command {
  return new Command('run')
    .description('run a simulated world: the same world, the same console')
    .argument('<world>', 'file with a world')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab run tests/worlds/work-uaf.json\n')
    .action(async (file: string, options: RunOptions) => {
      process.exitCode = await run(file, options.json ?? false);
    });
}

async function run(file: string, json: boolean): Promise<ExitStatus> {
  const draft = await readWorld(file);
  const root = projectRoot();
  const { target, driver } = configured(await loadConfig(root), draft);
  const { defect } = draft.driver;
  if (defect !== null) chooseDefect(root, driver, defect);
  const wait: Wait = { signal: interruptSignal(), deadline: Deadline.never };
  const progress = new StreamProgress(process.stderr);
  const parts = await gatherSoakParts(draft.machine.kernel, driver, defect, {
    wait,
    progress,
  }).finally(() => progress.close());
  const world = completeWorld(draft, target, parts);
  const state = stateDirectory();
  await using store = await ResultStore.open(state);
  const startedAt = new Date();
  const campaignId = `run-${newRunId(world.seed, startedAt)}`;
  await store.beginCampaign({
    id: campaignId,
    seed: world.seed,
    cell: cellOf(world),
    startedAt: startedAt.toISOString(),
  });
  const templates = new TemplateStore(templatesFolder(cacheDirectory()), (what) => {
    process.stderr.write(`${what}\n`);
  });
  const ran = await new Simulator(parts, target, templates, state).run(world, campaignId, wait);
  await store.record(ran.verdict);
  await store.endCampaign(campaignId, new Date().toISOString());
  process.stdout.write(json ? `${JSON.stringify(document(ran))}\n` : text(ran, state.runs));
  return statusOf[ran.verdict.outcome];
}

const statusOf: Readonly<Record<Outcome, ExitStatus>> = {
  PASS: exitStatus.ok,
  FAIL: exitStatus.driverFailed,
  ERROR: exitStatus.labFailed,
  MISS: exitStatus.labFailed,
};

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
