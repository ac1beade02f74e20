// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { buildReport } from '../../lab/src/report/build-report.ts';
import type { CampaignReport, CrashGroupReport } from '../../lab/src/report/campaign-report.ts';
import { junitReport } from '../../lab/src/report/junit-report.ts';
import { kcidbReport } from '../../lab/src/report/kcidb-report.ts';
import { markdownReport } from '../../lab/src/report/markdown-report.ts';
import { openMetrics } from '../../lab/src/report/open-metrics.ts';
import { terminalReport } from '../../lab/src/report/terminal-report.ts';
import { addFormats } from '../support/ajv-formats.ts';
import { parseOpenMetrics } from '../support/open-metrics.ts';
import {
  cSimCell,
  hostileTitles,
  reportSource,
  runFolders,
  rustCell,
  storedRun,
  uaf,
} from '../support/report-campaign.ts';

let report: CampaignReport;

before(async () => {
  await using folders = await runFolders();
  report = await buildReport(reportSource(folders.path));
});

/** A report whose guests print what they like, past all that builds reports. */
function withTitle(title: string): CampaignReport {
  const [group] = report.groups;
  if (group === undefined) throw new Error('no groups');
  return { ...report, groups: [{ ...group, title, text: `${title}\n${title}` }] };
}

function withGroups(count: number): CampaignReport {
  const groups = Array.from({ length: count }, (_, at): CrashGroupReport => {
    const group = report.groups[at % report.groups.length];
    if (group === undefined) throw new Error('no groups');
    return { ...group, title: `BUG: ${at} in f`, text: 'a line of a report\n'.repeat(3_000) };
  });
  return { ...report, groups };
}

async function emptyReport(): Promise<CampaignReport> {
  return await buildReport({ ...reportSource(), runs: [], previous: null, goal: null });
}

describe('the report on a terminal', () => {
  it('says of each cell how long it ran and what its MTBF is, or is at least', () => {
    const text = terminalReport(report);
    expect(text).to.match(
      / {2}ferronic +42 +0 +1 +21 min +at least 6\.8 min \(95% bound, no failure\)/,
    );
    expect(text).to.match(/ {2}ferronic_c +42 +11 +1 +18 min +1\.7 min \(95%: 56 s to 3\.3 min\)/);
  });

  it('gives each bug with the command that brings it back', () => {
    expect(terminalReport(report)).to.match(
      new RegExp(`7 {2}${uaf.title}\\n.*\\n +ferrolab repro ${storedRun(75, cSimCell).runId}\\n`),
    );
  });

  it('claims a difference between drivers only where there is one', () => {
    const text = terminalReport(report);
    expect(text).to.match(
      /ferronic_c fails at least [\d.]+ times as often as ferronic, which did not/,
    );
    expect(text).to.include('No difference is shown');
  });

  it('says what is wrong with the lab before what is well', () => {
    const [, lab = ''] = terminalReport(report).split('the lab itself\n');
    expect(lab).to.match(/^ {2}!!/);
    expect(lab).to.match(/never reached by link-flap/);
    expect(lab).to.match(/ok {2}the canary ferronic_c with work-uaf was caught/);
  });

  it('lets no guest move the cursor', () => {
    for (const title of Object.values(hostileTitles)) {
      const text = terminalReport(withTitle(title));
      expect(text.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cs}\u202a-\u202e]/u);
    }
  });

  it('keeps to 100 columns where no title or path is longer', () => {
    const long = terminalReport(report)
      .split('\n')
      .filter((line) => line.length > 100 && !/MISS|ERROR/.test(line));
    expect(long).to.deep.equal([]);
  });

  it('says of a campaign without runs that none has ended', async () => {
    expect(terminalReport(await emptyReport())).to.include('no run has ended');
  });
});

describe('the summary in Markdown', () => {
  it('has a row for each cell and each bug', () => {
    const text = markdownReport(report);
    expect(text).to.include(
      '| `ferronic_c` | `ferronic, debug kernel, live on tcg, usual faults` | 30 | 11 | 1 | 0 |',
    );
    expect(text).to.include(`| 7 | \`${uaf.title}\` | \`ferrolab repro `);
  });

  it('keeps what guests say in code, whatever backticks and bars it has', () => {
    const text = markdownReport(withTitle(hostileTitles.sections));
    expect(text).to.include(
      "| 7 | ``KASAN: ]]> --> {{ secrets }} \\| `tick` [a](javascript:x) 'in' \\ f``",
    );
    const fence = markdownReport(withTitle('```\n# out')).split('\n');
    expect(fence).to.include('````text');
    expect(fence.filter((line) => line.startsWith('# '))).to.have.length(2);
  });

  it('lets no tag out of a heading', () => {
    const text = markdownReport(withTitle(hostileTitles.script));
    expect(text).to.include('<summary>BUG: &#60;script&#62;alert');
    expect(text.replace(/`+text[\s\S]*?`{3,}/g, '').replace(/`[^`]*`/g, '')).not.to.match(
      /<(script|img)/,
    );
  });

  it('stays below a megabyte', () => {
    const { length } = Buffer.from(markdownReport(withGroups(1_000)));
    expect(length).to.be.below(1_000_100).and.above(100_000);
  });
});

describe('the report as JUnit XML', () => {
  const parse = (xml: string) => {
    expect(XMLValidator.validate(xml)).to.equal(true);
    const parser = new XMLParser({
      ignoreAttributes: false,
      isArray: (name) => name === 'testsuite' || name === 'testcase',
    });
    return parser.parse(xml).testsuites as {
      readonly '@_tests': string;
      readonly '@_failures': string;
      readonly testsuite: readonly {
        readonly '@_name': string;
        readonly '@_tests': string;
        readonly '@_failures': string;
        readonly '@_errors': string;
        readonly testcase: readonly {
          readonly '@_name': string;
          readonly failure?: { readonly '#text': string; readonly '@_type': string };
          readonly error?: unknown;
          readonly skipped?: unknown;
        }[];
      }[];
    };
  };

  it('has a suite for each cell, with a failed case for each of its bugs', () => {
    const { testsuite } = parse(junitReport(report));
    expect(
      testsuite.map((suite) => [suite['@_name'], suite['@_tests'], suite['@_failures']]),
    ).to.deep.equal([
      ['ferronic (ferronic, debug kernel, live on tcg, usual faults)', '1', '0'],
      ['ferronic (ferronic, debug kernel, simulated, usual faults)', '1', '0'],
      ['ferronic_c (ferronic, debug kernel, live on tcg, usual faults)', '7', '6'],
      ['ferronic_c (ferronic, debug kernel, simulated, usual faults)', '2', '1'],
      ['the lab itself', '2', '0'],
    ]);
    const crash = testsuite[3]?.testcase[0];
    expect(crash?.['@_name']).to.equal(uaf.title);
    expect(crash?.failure?.['@_type']).to.equal(uaf.type);
    expect(crash?.failure?.['#text']).to.include('bring it back: ferrolab repro ');
  });

  it('adds up', () => {
    const suites = parse(junitReport(report));
    for (const suite of suites.testsuite) {
      const { length } = suite.testcase;
      expect(suite['@_tests']).to.equal(String(length));
      const failed = suite.testcase.filter(({ failure }) => failure !== undefined).length;
      expect(suite['@_failures']).to.equal(String(failed));
    }
    expect(suites['@_tests']).to.equal('13');
  });

  it('is an error of the lab, and no failure of a driver, when faults do not arrive', () => {
    const lab = parse(junitReport(report)).testsuite.at(-1);
    expect(lab?.['@_errors']).to.equal('1');
    expect(lab?.testcase.map((one) => [one['@_name'], one.error !== undefined])).to.deep.equal([
      ['the canary is caught', false],
      ['all faults arrive', true],
    ]);
  });

  it('skips a cell in which nothing was tested', async () => {
    const missed = storedRun(1, rustCell, { outcome: 'MISS', wallMs: 0, virtualMs: 0 });
    const xml = junitReport(await buildReport({ ...reportSource(), runs: [missed] }));
    expect(parse(xml).testsuite[0]?.testcase[0]?.skipped).not.to.equal(undefined);
  });

  it('holds any title as it is, but for what XML cannot hold', () => {
    for (const title of Object.values(hostileTitles)) {
      const xml = junitReport(withTitle(`${title}\n\t`));
      expect(xml.replaceAll(/[\n\t]/g, '')).not.to.match(
        /[\p{Cs}\ufffe\uffff]|(?![\u007f-\u009f])\p{Cc}/u,
      );
      const suite = parse(xml).testsuite[2];
      expect(suite?.testcase).to.have.length(2);
    }
    const xml = junitReport(withTitle(hostileTitles.script));
    expect(xml).to.include(
      'name="BUG: &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &lt;img',
    );
  });

  it('stays below some megabytes', () => {
    expect(junitReport(withGroups(3_000)).length).to.be.below(6e6);
  });
});

describe('the report as OpenMetrics', () => {
  it('is text that a scraper takes', () => {
    const families = parseOpenMetrics(openMetrics(report));
    const runs = families.get('ferrolab_runs');
    const failed = runs?.samples.find(
      ({ labels }) =>
        labels.get('driver') === 'ferronic_c' &&
        labels.get('mode') === 'live' &&
        labels.get('outcome') === 'FAIL',
    );
    expect(failed?.value).to.equal(11);
    expect(families.get('ferrolab_canary_caught')?.samples[0]?.value).to.equal(1);
    expect(families.get('ferrolab_campaign')?.type).to.equal('info');
  });

  it('has a bound and no estimate where nothing failed', () => {
    const families = parseOpenMetrics(openMetrics(report));
    const drivers = (name: string) =>
      families.get(name)?.samples.map(({ labels }) => labels.get('driver'));
    expect(drivers('ferrolab_mtbf_seconds')).to.deep.equal(['ferronic_c', 'ferronic_c']);
    expect(drivers('ferrolab_mtbf_upper_seconds')).to.deep.equal(['ferronic_c', 'ferronic_c']);
    expect(drivers('ferrolab_mtbf_lower_seconds')).to.have.length(4);
  });

  it('gives back any title', () => {
    for (const title of ['a "quoted" \\ one\nof two lines', hostileTitles.script]) {
      const [sample] =
        parseOpenMetrics(openMetrics(withTitle(title))).get('ferrolab_crashes')?.samples ?? [];
      expect(sample?.labels.get('title')).to.equal(title);
    }
    for (const title of Object.values(hostileTitles)) {
      expect(() => parseOpenMetrics(openMetrics(withTitle(title)))).not.to.throw();
    }
  });

  it('has no more than a hundred series of bugs', () => {
    const crashes = parseOpenMetrics(openMetrics(withGroups(1_000))).get('ferrolab_crashes');
    expect(crashes?.samples).to.have.length(100);
  });

  it('is whole when there is nothing to say', async () => {
    expect(() =>
      parseOpenMetrics(openMetrics({ ...report, cells: [], groups: [] })),
    ).not.to.throw();
    const { size } = parseOpenMetrics(openMetrics(await emptyReport()));
    expect(size).to.be.above(0);
  });
});

describe('the report for KCIDB', () => {
  const schema = JSON.parse(
    readFileSync(join(import.meta.dirname, 'fixtures', 'kcidb-v5.3.schema.json'), 'utf8'),
  ) as object;
  const validate = addFormats(new Ajv2020({ allErrors: true })).compile(schema);
  const asSent = (made: CampaignReport) =>
    JSON.parse(JSON.stringify(kcidbReport(made))) as {
      readonly checkouts: readonly { readonly id: string }[];
      readonly builds: readonly { readonly id: string; readonly checkout_id: string }[];
      readonly tests: readonly {
        readonly id: string;
        readonly build_id: string;
        readonly path: string;
        readonly status: string;
      }[];
      readonly issues: readonly { readonly id: string; readonly report_subject: string }[];
      readonly incidents: readonly { readonly issue_id: string; readonly test_id: string }[];
    };

  it('keeps to the format, whatever guests print', async () => {
    const all = [
      report,
      withGroups(1_500),
      await emptyReport(),
      ...Object.values(hostileTitles).map(withTitle),
      withTitle('a\0b'),
    ];
    for (const one of all) {
      validate(asSent(one));
      expect(validate.errors ?? []).to.deep.equal([]);
    }
  });

  it('refers to nothing that is not in it', () => {
    const { checkouts, builds, tests, issues, incidents } = asSent(report);
    const ids = (objects: readonly { readonly id: string }[]) => objects.map(({ id }) => id);
    expect(ids(checkouts)).to.include.members(builds.map((build) => build.checkout_id));
    expect(ids(builds)).to.include.members(tests.map((test) => test.build_id));
    expect(ids(tests)).to.include.members(incidents.map((incident) => incident.test_id));
    expect(ids(issues)).to.include.members(incidents.map((incident) => incident.issue_id));
    expect(new Set(ids(tests)).size).to.equal(tests.length);
  });

  it('says of each cell whether its driver failed, and of the canary whether it was caught', () => {
    expect(asSent(report).tests.map(({ path, status }) => [path, status])).to.deep.equal([
      ['ferrolab.ferronic.ferronic.usual', 'PASS'],
      ['ferrolab.ferronic.ferronic.usual', 'PASS'],
      ['ferrolab.ferronic.ferronic_c.usual', 'FAIL'],
      ['ferrolab.ferronic.ferronic_c.usual', 'FAIL'],
      ['ferrolab.canary', 'PASS'],
    ]);
  });

  it('calls a bug the same in every campaign', () => {
    const another = { ...report, campaign: { ...report.campaign, id: 'night-3' } };
    const [one, two] = [asSent(report), asSent(another)];
    expect(one.issues).to.deep.equal(two.issues);
    expect(one.incidents).not.to.deep.equal(two.incidents);
  });
});
