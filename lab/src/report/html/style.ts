// SPDX-License-Identifier: Apache-2.0

import { html } from './markup.ts';

/** The page's only style sheet: system fonts, light and dark, a phone's width, paper. */
export const styleSheet = html`
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #4d5a6a; --line: #dde2e9; --deep: #eef1f5;
  --accent: #1f5fae; --bad: #a8271c; --bad-soft: #fcecea; --good: #17633a; --good-soft: #e6f4ec;
  --warn: #7a4b00; --warn-soft: #fdf3dc;
  --c0: #1f5fae; --c1: #b3430a; --c2: #17633a; --c3: #7b3ea8; --c4: #80610a; --c5: #2b6b78;
  --mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --ink: #e6eaf0; --soft: #a9b5c4; --line: #2e3845; --deep: #222a35;
    --accent: #82b4f2; --bad: #ff9d92; --bad-soft: #3a1f1d; --good: #86d9a9; --good-soft: #17301f;
    --warn: #f0c36a; --warn-soft: #352a12;
    --c0: #82b4f2; --c1: #f5a37a; --c2: #86d9a9; --c3: #c9a2ee; --c4: #dcc06a; --c5: #86c9d6;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere;
}
.wrap { max-width: 74rem; margin: 0 auto; padding: 0 1rem; }
.skip { position: absolute; left: -100rem; top: 0; background: var(--card); color: var(--accent); padding: .6rem 1rem; z-index: 2; }
.skip:focus { left: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
a { color: var(--accent); }
h1, h2, h3 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: 1.7rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin-bottom: .35rem; }
h3 { font-size: 1rem; }
p { margin: .35rem 0; max-width: 46rem; }
.soft, caption, figcaption { color: var(--soft); }
header { padding: 2rem 0 .5rem; }
.eyebrow { color: var(--soft); font-size: .85rem; letter-spacing: .04em; margin: 0 0 .2rem; }
.lead { font-size: 1.1rem; margin: .8rem 0 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1rem 0 0; padding: 0; font-size: .95rem; }
nav a { display: inline-block; padding: .2rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.2rem 0 0; padding: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem; }
.tile dt { color: var(--soft); font-size: .85rem; }
.tile dd { margin: 0; font-size: 1.35rem; font-weight: 620; font-variant-numeric: tabular-nums; }
.tile dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
section { margin: 2.2rem 0 0; scroll-margin-top: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; margin: .75rem 0 0; }
.scroll { overflow-x: auto; margin: .75rem 0 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.scroll.bare { border: 0; border-radius: 0; margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { text-align: left; padding: .7rem .8rem .3rem; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .8rem; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 550; font-size: .82rem; white-space: nowrap; }
tbody th { font-weight: 600; }
.num { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.min { min-width: 10rem; }
.cell { min-width: 15rem; } .cell .soft { display: block; font-weight: 400; }
code, pre, kbd { font-family: var(--mono); font-size: .88em; unicode-bidi: isolate; }
pre { margin: .4rem 0 0; padding: .75rem .9rem; background: var(--deep); border-radius: 8px; overflow: auto; max-height: 28rem; font-size: .8rem; line-height: 1.45; white-space: pre; overflow-wrap: normal; tab-size: 8; }
.command { display: block; background: var(--deep); border-radius: 8px; padding: .55rem .8rem; user-select: all; -webkit-user-select: all; margin: .3rem 0 0; }
.crash { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 10px; margin: .75rem 0 0; }
.crash > summary { padding: .8rem 1rem; }
.crash > div { padding: 0 1rem 1rem; }
summary { cursor: pointer; }
summary h3 { display: inline; unicode-bidi: isolate; }
.crash .where { display: block; color: var(--soft); font-size: .88rem; margin: .2rem 0 0 1.05rem; }
.crash details { margin-top: .8rem; }
.crash details > summary, .more > summary { color: var(--accent); font-size: .95rem; }
.more { margin: .75rem 0 0; }
.badge { display: inline-block; border-radius: 999px; padding: 0 .55rem; font-size: .8rem; font-weight: 600; background: var(--deep); color: var(--soft); white-space: nowrap; }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.good { background: var(--good-soft); color: var(--good); }
.badge.warn { background: var(--warn-soft); color: var(--warn); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0 0; font-size: .92rem; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; }
.plain { list-style: none; margin: .4rem 0 0; padding: 0; }
.plain li { padding: .4rem 0; border-top: 1px solid var(--line); }
.plain li:first-child { border-top: 0; }
.plain.card { padding: .4rem 1rem; margin-top: .75rem; }
.plain .badge { margin-right: .5rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem; }
.columns h3 { margin-bottom: .2rem; }
figure { margin: 0; }
figcaption { padding: 0 0 .4rem; font-size: .9rem; max-width: 46rem; }
svg { display: block; width: 100%; height: auto; min-width: 42rem; }
svg.key { display: inline-block; width: 44px; min-width: 0; height: 12px; vertical-align: middle; margin-right: .5rem; }
svg text { fill: var(--ink); font-size: 13px; font-family: inherit; }
svg .tick { fill: var(--soft); font-size: 12px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--soft); stroke-width: 1; }
svg .goal { stroke: var(--warn); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .goal-name { fill: var(--warn); font-size: 12px; }
svg .s { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
svg .band { stroke: none; opacity: .16; }
svg .mark { stroke-width: 1.5; }
svg .dot { stroke: var(--card); stroke-width: 1.5; }
.k0 { stroke: var(--c0); } .k1 { stroke: var(--c1); } .k2 { stroke: var(--c2); } .k3 { stroke: var(--c3); } .k4 { stroke: var(--c4); } .k5 { stroke: var(--c5); }
.f0 { fill: var(--c0); } .f1 { fill: var(--c1); } .f2 { fill: var(--c2); } .f3 { fill: var(--c3); } .f4 { fill: var(--c4); } .f5 { fill: var(--c5); }
svg text.f0 { fill: var(--c0); } svg text.f1 { fill: var(--c1); } svg text.f2 { fill: var(--c2); } svg text.f3 { fill: var(--c3); } svg text.f4 { fill: var(--c4); } svg text.f5 { fill: var(--c5); }
.d1 { stroke-dasharray: 8 4; } .d2 { stroke-dasharray: 2 4; } .d3 { stroke-dasharray: 10 3 2 3; } .d4 { stroke-dasharray: 5 3; } .d5 { stroke-dasharray: 12 6; }
meter { width: 6rem; height: .8rem; vertical-align: middle; }
footer { margin: 3rem 0 2rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .88rem; color: var(--soft); }
@media (max-width: 34rem) {
  h1 { font-size: 1.4rem; }
  .facts { grid-template-columns: 1fr; } .facts dd { margin-bottom: .4rem; }
  th, td { padding: .45rem .6rem; }
  .cell { min-width: 10rem; }
  .card, .crash > div, .crash > summary { padding-left: .75rem; padding-right: .75rem; }
}
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #333; --line: #bbb; --deep: #f4f4f4; --accent: #000; --bad: #7a1109; --good: #0d4a2a; --warn: #5c3900; --bad-soft: #fff; --good-soft: #fff; --warn-soft: #fff; --c0: #1f5fae; --c1: #b3430a; --c2: #17633a; --c3: #7b3ea8; --c4: #80610a; --c5: #2b6b78; }
  body { font-size: 10.5pt; }
  nav, .skip { display: none; }
  .card, .crash, .scroll, figure { break-inside: avoid; }
  .scroll { overflow: visible; } svg, .min, .cell { min-width: 0; }
  table { font-size: 8pt; overflow-wrap: anywhere; } th, td { padding: .3rem .35rem; } thead th, .num, .nowrap { white-space: normal; }
  pre { max-height: none; white-space: pre-wrap; overflow: visible; }
  h2, h3 { break-after: avoid; }
}
`;
