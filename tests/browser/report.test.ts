// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { expect } from 'chai';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { buildReport } from '../../lab/src/report/build-report.ts';
import type { CampaignReport } from '../../lab/src/report/campaign-report.ts';
import { htmlReport } from '../../lab/src/report/html/html-report.ts';
import { junitReport } from '../../lab/src/report/junit-report.ts';
import { launchChromium } from '../support/chromium.ts';
import { hostileTitles, reportSource, runFolders, uaf } from '../support/report-campaign.ts';

let chromium: Awaited<ReturnType<typeof launchChromium>>;
let report: CampaignReport;
let folder: string;

/** A page that was opened from the disk, and what it did meanwhile. */
interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** Addresses asked for. */
  readonly requests: readonly string[];
  /** What the browser had to say against the page. */
  readonly complaints: readonly string[];
}

async function open(text: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const file = join(folder, 'report.html');
  await writeFile(file, text);
  const context = await chromium.browser.newContext({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  await context.setOffline(true);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(dialog.message());
    dialog.dismiss().catch(() => undefined);
  });
  await page.goto(pathToFileURL(file).href);
  return { page, requests, complaints, [Symbol.asyncDispose]: () => context.close() };
}

async function unfold(page: Page): Promise<void> {
  await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
}

/** How far the page is wider than its window, in pixels. */
async function overflow(page: Page): Promise<number> {
  return Number(
    await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    ),
  );
}

/** What axe finds wrong with a page, and how many of its rules are kept. */
async function examine(page: Page) {
  await page.evaluate(axe.source);
  const found = (await page.evaluate('axe.run()')) as axe.AxeResults;
  const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  return { violations, passes: found.passes.length };
}

describe('the HTML report in a browser', function () {
  this.timeout(60_000);

  before(async () => {
    chromium = await launchChromium();
    folder = await mkdtemp(join(tmpdir(), 'ferrolab-report-'));
    await using folders = await runFolders();
    report = await buildReport(reportSource(folders.path));
  });

  after(async () => {
    await chromium[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('opens from the disk without a network, asks for nothing and is not complained of', async () => {
    await using opened = await open(htmlReport(report));
    await unfold(opened.page);
    expect(await opened.page.title()).to.equal(
      'nightly: 12 failures from 6 bugs in 92 runs under stress.',
    );
    expect(opened.requests).to.deep.equal([opened.page.url()]);
    expect(opened.complaints).to.deep.equal([]);
    // The style sheet is the one that the page's own policy lets in.
    const background = await opened.page.evaluate(
      'getComputedStyle(document.querySelector(".tile")).borderTopWidth',
    );
    expect(background).to.equal('1px');
  });

  it('shows what guests print, and runs none of it', async () => {
    await using opened = await open(htmlReport(report));
    await unfold(opened.page);
    const { page } = opened;
    expect(await page.getByRole('heading', { name: hostileTitles.script }).count()).to.equal(1);
    expect(
      await page.locator('main img, script, iframe, object, embed, [onerror]').count(),
    ).to.equal(0);
    expect(await page.locator('pre').first().textContent()).to.include(
      '</pre><script>alert(2)</script>',
    );
    expect(opened.complaints).to.deep.equal([]);
  });

  it('runs no script even if one got into it', async () => {
    const broken = htmlReport(report).replace(
      '<main',
      '<script>document.title = "out"</script><img src="x" onerror="document.title = 1"><main',
    );
    await using opened = await open(broken);
    expect(await opened.page.title()).to.match(/^nightly: /);
    expect(opened.complaints.join('\n')).to.include('Content Security Policy');
  });

  for (const width of [320, 360, 768, 1280]) {
    it(`is no wider than a window of ${width} pixels, with everything unfolded`, async () => {
      await using opened = await open(htmlReport(report), { viewport: { width, height: 700 } });
      await unfold(opened.page);
      expect(await overflow(opened.page)).to.equal(0);
    });
  }

  it('is reached with the keyboard in all its parts, and shows where one is', async () => {
    await using opened = await open(htmlReport(report));
    const { page } = opened;
    await unfold(page);
    const wanted = Number(
      await page.evaluate(`(() => {
        const all = [...document.querySelectorAll('a[href], summary, [tabindex="0"]')];
        all.forEach((one, at) => { one.dataset.stop = at; });
        return all.length;
      })()`),
    );
    const stops: string[] = [];
    for (let pressed = 0; pressed < wanted; pressed += 1) {
      await page.keyboard.press('Tab');
      const [stop, outline] = (await page.evaluate(`(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return [document.activeElement.dataset.stop, outlineStyle === 'none' ? 0 : parseFloat(outlineWidth)];
      })()`)) as [string, number];
      expect(outline, `outline at stop ${stop}`).to.be.at.least(2);
      stops.push(stop);
    }
    expect(stops).to.deep.equal(Array.from({ length: wanted }, (_, at) => String(at)));
  });

  it('skips to its content, and unfolds a crash, with the keyboard', async () => {
    await using opened = await open(htmlReport(report));
    const { page } = opened;
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).to.equal(
      'Skip to the content',
    );
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).to.equal('content');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const crash = page.locator('details.crash').first();
    expect(await crash.getAttribute('open')).not.to.equal(null);
    const command = page.locator('details.crash .command').first();
    expect(await command.textContent()).to.equal(report.groups[0]?.reproducer.command);
    // One click takes all of the command, for copying.
    await command.click();
    expect(await page.evaluate('getSelection().toString().trim()')).to.equal(
      await command.textContent(),
    );
  });

  it('tells a screen reader its landmarks, headings, tables and charts', async () => {
    await using opened = await open(htmlReport(report));
    const { page } = opened;
    await unfold(page);
    for (const role of ['banner', 'main', 'contentinfo'] as const) {
      expect(await page.getByRole(role).count(), role).to.equal(1);
    }
    expect(await page.getByRole('navigation', { name: 'Parts of this report' }).count()).to.equal(
      1,
    );
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).to.deep.equal([
      'nightly',
    ]);
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).to.deep.equal([
      'Crashes',
      'MTBF under stress',
      'Time to failure',
      'Driver against driver',
      'Since the campaign before',
      'Coverage',
      'The lab itself',
    ]);
    expect(await page.getByRole('heading', { name: uaf.title, level: 3 }).count()).to.equal(1);
    const tables = await page.getByRole('table').count();
    expect(tables).to.be.above(4);
    expect(await page.getByRole('table', { name: /\w/ }).count()).to.equal(tables);
    expect(await page.getByRole('img', { name: /^MTBF under stress of 4 cells/ }).count()).to.equal(
      1,
    );
    expect(
      await page.getByRole('img', { name: /^Runs that go on without a failure/ }).count(),
    ).to.equal(2);
  });

  it('draws curves, intervals and bounds', async () => {
    await using opened = await open(htmlReport(report));
    const { page } = opened;
    const drawn = (await page.evaluate(
      `[...document.querySelectorAll('svg *')].flatMap((one) => [...one.attributes].map(({ value }) => value))`,
    )) as string[];
    expect(drawn.filter((value) => /NaN|undefined|Infinity|null/.test(value))).to.deep.equal([]);
    const [mtbf, survival] = [
      page.locator('#mtbf svg').first(),
      page.locator('#survival svg').first(),
    ];
    // Two cells failed and have an estimate; two did not, and have an arrow.
    expect(await mtbf.locator('circle').count()).to.equal(2);
    expect(await mtbf.locator('path').count()).to.equal(2);
    expect(await survival.locator('path.s').count()).to.equal(2);
    expect(await survival.locator('path.band').count()).to.equal(1);
    expect(await survival.locator('path.mark').count()).to.be.above(1);
    expect(await survival.locator('desc').textContent()).to.include('none of 41 runs failed');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      it(`breaks no rule of axe in ${colorScheme}, ${width} pixels wide`, async () => {
        await using opened = await open(htmlReport(report), {
          colorScheme,
          viewport: { width, height: 900 },
        });
        const { page } = opened;
        await unfold(page);
        const found = await examine(page);
        expect(found.violations).to.deep.equal([]);
        expect(found.passes).to.be.above(15);
      });
    }
  }

  it('prints without what paper cannot do', async () => {
    await using opened = await open(htmlReport(report), { viewport: { width: 794, height: 1123 } });
    const { page } = opened;
    await unfold(page);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('navigation').count()).to.equal(0);
    expect(await overflow(page)).to.equal(0);
    const wraps = 'getComputedStyle(document.querySelector("pre")).textWrapMode';
    expect(await page.evaluate(wraps)).to.equal('wrap');
    expect((await page.pdf({ format: 'A4' })).length).to.be.above(10_000);
  });

  it('says of a campaign without crashes what that is worth', async () => {
    const source = reportSource();
    const runs = source.runs.filter(({ outcome, canary }) => outcome === 'PASS' && !canary);
    const calm = await buildReport({ ...source, runs, previous: null, coverage: [], goal: null });
    await using opened = await open(htmlReport(calm));
    const text = (await opened.page.locator('body').textContent()) ?? '';
    expect(text).to.include('Nothing crashed. How much that says is under MTBF.');
    expect(text).to.include('at least');
    expect(text).to.include('there was no canary');
    expect(opened.complaints).to.deep.equal([]);
    expect((await examine(opened.page)).violations).to.deep.equal([]);
  });

  it('says of a campaign without runs that there is nothing to say', async () => {
    const source = { ...reportSource(), runs: [], previous: null, coverage: [], goal: null };
    await using opened = await open(htmlReport(await buildReport(source)));
    expect(await opened.page.title()).to.equal('nightly: Nothing was tested.');
    expect(await overflow(opened.page)).to.equal(0);
    expect((await examine(opened.page)).violations).to.deep.equal([]);
  });

  it('opens with a thousand bugs, and stays below some megabytes', async () => {
    const groups = Array.from({ length: 1_000 }, (_, at) => {
      const group = report.groups[at % report.groups.length];
      if (group === undefined) throw new Error('no groups');
      const text = 'a line <of> a report\n'.repeat(4_000);
      return { ...group, title: `BUG: ${at} in f`, text, runs: Array(9_999).fill('run') };
    });
    const page = htmlReport({ ...report, groups });
    expect(Buffer.byteLength(page)).to.be.below(8e6);
    await using opened = await open(page);
    expect(await opened.page.locator('details.crash').count()).to.equal(100);
    await opened.page.getByText('900 further bugs').click();
    expect(
      await opened.page.getByRole('rowheader', { name: 'BUG: 999 in f', exact: true }).count(),
    ).to.equal(1);
  });

  it('stands beside a JUnit file that a strict parser takes', async () => {
    await using opened = await open(htmlReport(report));
    const root = await opened.page.evaluate(
      `new DOMParser().parseFromString(${JSON.stringify(junitReport(report))}, 'application/xml').documentElement.tagName`,
    );
    expect(root).to.equal('testsuites');
  });
});
