// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { buildReport } from '../../lab/src/report/build-report.ts';
import { htmlReport } from '../../lab/src/report/html/html-report.ts';
import { logAxis } from '../../lab/src/report/html/log-axis.ts';
import { html } from '../../lab/src/report/html/markup.ts';
import { mtbfChart } from '../../lab/src/report/html/mtbf-chart.ts';
import { survivalCharts } from '../../lab/src/report/html/survival-chart.ts';
import {
  cCell,
  hostileTitles,
  reportSource,
  rustCell,
  storedRun,
  uaf,
} from '../support/report-campaign.ts';

async function cellsOf(...runs: readonly ReturnType<typeof storedRun>[]) {
  const source = { ...reportSource(), previous: null, goal: null, coverage: [] };
  return (await buildReport({ ...source, runs })).cells;
}

describe('a template of a page', () => {
  it('escapes whatever is put into it, between tags and in attributes', () => {
    const { markup } = html`<p title="${`"'\`<>&`}">${['<b>', 1, null, '\u202e\u0000x']}</p>`;
    expect(markup).to.equal('<p title="&quot;&#39;&#96;&lt;&gt;&amp;">&lt;b&gt;1x</p>');
  });

  it('takes a template within a template as it is, and lists of them', () => {
    const rows = ['a', '<'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${rows}</ul>`.markup).to.equal('<ul><li>a</li><li>&lt;</li></ul>');
  });

  it('is not fooled by data in the form of one', () => {
    expect(() => html`<p>${JSON.parse('{"markup":"<script>"}')}</p>`).to.throw();
  });
});

describe('the page of a report', () => {
  let page: string;

  before(async () => {
    page = htmlReport(await buildReport(reportSource()));
  });

  it('refers to nothing but its own parts', () => {
    const references = [...page.matchAll(/\s(?:href|src|action|data|poster|srcset)="([^"]*)"/g)];
    expect(references.map(([, to = '']) => to).filter((to) => !to.startsWith('#'))).to.deep.equal(
      [],
    );
    const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => `#${id}`));
    expect(references.map(([, to = '']) => to).filter((to) => !ids.has(to))).to.deep.equal([]);
    expect(page).not.to.match(/url\(|@import/);
  });

  it('lets in its own style sheet by its hash, and no script, style or form of anybody', () => {
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    expect(policy.replaceAll('&#39;', "'").split('; ')).to.deep.equal([
      "default-src 'none'",
      `style-src 'sha256-${hash}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(page).not.to.match(/<script|<[^>]+\s(?:style|on\w+)=/);
  });

  it('has each id once', () => {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('says that it is of stress, and that no failure is a bound', () => {
    expect(page).to.include('It is not the MTBF of a driver in the field');
    expect(page).to.include('A time without a failure is a bound, never an estimate');
    expect(page).to.include('at least 6.8 min (95% bound, no failure)');
  });

  it('shows hostile titles as text', () => {
    expect(page).to.include('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
    expect(page).not.to.include(hostileTitles.script);
    expect(page.replaceAll(/[\n\t]/g, '')).not.to.match(/[\p{Cc}\p{Cs}\u202a-\u202e]/u);
  });
});

describe('the chart of MTBF', () => {
  it('draws a bound as an arrow without an end, and an estimate as a dot', async () => {
    const passed = await cellsOf(storedRun(1, rustCell));
    expect(mtbfChart(passed)?.markup).to.include('<path').and.not.include('<circle');
    const failed = await cellsOf(storedRun(1, cCell, { crashes: [uaf] }));
    expect(mtbfChart(failed)?.markup).to.include('<circle').and.not.include('<path');
  });

  it('is not there when nothing was tested', async () => {
    expect(mtbfChart(await cellsOf(storedRun(1, rustCell, { outcome: 'MISS' })))).to.equal(null);
  });

  it('has marks of known times on any scale', () => {
    for (const [hours, names] of [
      [[1e-6], ['3 s', '1 s', '10 ms']],
      [
        [0.02, 3],
        ['1 min', '10 min', '1 h'],
      ],
      [
        [900, 2e6],
        ['1,000 h', '1,000,000 h'],
      ],
    ] as const) {
      const { ticks, at } = logAxis(hours, 0, 100);
      expect(ticks.length).to.be.within(1, 9);
      expect(
        ticks.map(({ name }) => name).filter((name) => names.includes(name as never)),
      ).not.to.deep.equal([]);
      for (const value of hours) expect(at(value)).to.be.within(0, 100);
    }
  });
});

describe('the chart of survival', () => {
  it('stays small, however many runs fail', async () => {
    const runs = Array.from({ length: 20_000 }, (_, minute) =>
      storedRun(minute, cCell, { crashes: [uaf], virtualMs: 1 + minute }),
    );
    const [chart] = survivalCharts(await cellsOf(...runs));
    expect(chart?.markup.length).to.be.below(60_000).and.above(5_000);
  }).timeout(8_000);

  it('ends at the bottom when every run failed, without a figure that is none', async () => {
    const [chart] = survivalCharts(await cellsOf(storedRun(1, cCell, { crashes: [uaf] })));
    expect(chart?.markup)
      .to.include('0% of 1 run without')
      .and.not.match(/NaN|Infinity|undefined/);
  });
});
