// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { exitStatus, UsageError } from '../errors.ts';
import type { CampaignReport } from '../report/campaign-report.ts';
import { chooseCampaign, latestCampaign, previousCampaign } from '../report/choose-campaign.ts';
import { htmlReport } from '../report/html/html-report.ts';
import { junitReport } from '../report/junit-report.ts';
import { kcidbReport } from '../report/kcidb-report.ts';
import { markdownReport } from '../report/markdown-report.ts';
import { openMetrics } from '../report/open-metrics.ts';
import { readReport } from '../report/read-report.ts';
import { terminalReport } from '../report/terminal-report.ts';
import { reconcile } from '../store/reconcile.ts';
import { type CampaignCounts, ResultStore, type StoredCampaign } from '../store/result-store.ts';
import { stateDirectory } from '../store/state-directory.ts';
import { textTable } from '../text-table.ts';
import { outputFile } from './choice.ts';
import { writeOutput } from './write-output.ts';

interface ReportOptions {
  readonly html?: string;
  readonly junit?: string;
  readonly openmetrics?: string;
  readonly kcidb?: string;
  readonly markdown?: string;
  readonly against?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** What a report can be written as, by the option that names the file. */
const formats = {
  html: htmlReport,
  junit: junitReport,
  openmetrics: openMetrics,
  kcidb: (report: CampaignReport) => `${JSON.stringify(kcidbReport(report))}\n`,
  markdown: markdownReport,
} as const;
type Format = keyof typeof formats;
const formatNames = Object.keys(formats) as readonly Format[];

/** `ferrolab report`: what a campaign found, for people and for machines. */
export function reportCommand(): Command {
  return new Command('report')
    .description('what a campaign found: crashes, MTBF, comparisons, and whether to trust the lab')
    .argument('[campaign]', 'its id, the beginning of it, or its name (default: the latest)')
    .option('--html <file>', 'one page for a browser; it needs no network')
    .option('--junit <file>', 'JUnit XML, for Jenkins or GitLab')
    .option('--openmetrics <file>', 'OpenMetrics text, for Prometheus')
    .option('--kcidb <file>', 'JSON of KCIDB, version 5')
    .option('--markdown <file>', 'a summary for a CI job, below a megabyte')
    .option('--against <campaign>', 'compare with this one (default: the one before, of the name)')
    .option('--list', 'the campaigns there are')
    .option('--json', 'one JSON document on stdout: all that the report is written from')
    .addHelpText(
      'after',
      `
A file is written whole or not at all; - is stdout. Exit status: 0 the report was made, whatever it says; 2 usage;
3 it could not be made.

Examples:
  ferrolab report
  ferrolab report nightly --html night.html --junit night.xml
  ferrolab report --markdown "$GITHUB_STEP_SUMMARY"
`,
    )
    .action(async (campaign: string | undefined, options: ReportOptions) => {
      await report(campaign, options);
      process.exitCode = exitStatus.ok;
    });
}

async function report(wanted: string | undefined, options: ReportOptions): Promise<void> {
  const outputs = chosenOutputs(options);
  const state = stateDirectory();
  await using store = await ResultStore.open(state);
  const { unreadable } = await reconcile(state, store);
  for (const { folder, problem } of unreadable) {
    process.stderr.write(`left out: ${folder}: ${problem}\n`);
  }
  const campaigns = await store.campaigns();
  const counts = await store.campaignCounts();
  if (options.list) {
    process.stdout.write(
      options.json ? listDocument(campaigns, counts) : listText(campaigns, counts),
    );
    return;
  }
  const campaign =
    wanted === undefined ? latestCampaign(campaigns) : chooseCampaign(campaigns, wanted);
  const previous =
    options.against === undefined
      ? previousCampaign(campaigns, campaign)
      : chooseCampaign(campaigns, options.against);
  const made = await readReport(store, state, campaign, previous);
  await write(made, outputs, options.json === true);
}

type Output = readonly [format: Format, file: string];

/** The files that are asked for; UsageError when one cannot be written, before there is anything to write. */
function chosenOutputs(options: ReportOptions): readonly Output[] {
  const chosen = formatNames.flatMap((format): Output[] => {
    const file = options[format];
    if (file === undefined) return [];
    return [[format, file === '-' ? file : outputFile(format, file)]];
  });
  const toStdout = chosen.filter(([, file]) => file === '-').length + (options.json ? 1 : 0);
  if (toStdout > 1) {
    throw new UsageError('ONE_STDOUT', 'stdout takes one document, not several', {
      remedy: 'Name files for the others.',
    });
  }
  return chosen;
}

async function write(
  made: CampaignReport,
  outputs: readonly Output[],
  json: boolean,
): Promise<void> {
  for (const [format, file] of outputs) {
    await writeOutput(file, formats[format](made));
    if (file !== '-') process.stderr.write(`written: ${file}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify(made)}\n`);
  else if (outputs.every(([, file]) => file !== '-')) {
    process.stdout.write(`${terminalReport(made)}\n`);
  }
}

function listText(
  campaigns: readonly StoredCampaign[],
  counts: ReadonlyMap<string, CampaignCounts>,
): string {
  if (campaigns.length === 0) return 'no campaigns\n';
  const rows = campaigns.map(({ id, name, startedAt }) => [
    id,
    name ?? '',
    startedAt.slice(0, 19).replace('T', ' '),
    String(counts.get(id)?.runs ?? 0),
    String(counts.get(id)?.failures ?? 0),
  ]);
  const lines = textTable(['campaign', 'name', 'started (UTC)', 'runs', 'failures'], rows);
  return lines.map((line) => `${line}\n`).join('');
}

function listDocument(
  campaigns: readonly StoredCampaign[],
  counts: ReadonlyMap<string, CampaignCounts>,
): string {
  const list = campaigns.map(({ id, name, host, startedAt, endedAt, end }) => {
    const { runs, failures, lost } = counts.get(id) ?? { runs: 0, failures: 0, lost: 0 };
    return { id, name, host, startedAt, endedAt, end, runs, failures, lost };
  });
  return `${JSON.stringify(list)}\n`;
}
