// SPDX-License-Identifier: Apache-2.0

/** A family of an OpenMetrics exposition. */
export interface MetricFamily {
  readonly type: string;
  readonly unit: string | null;
  readonly samples: readonly {
    readonly labels: ReadonlyMap<string, string>;
    readonly value: number;
  }[];
}

/**
 * Parses OpenMetrics text 1.0 as strictly as the specification asks of a parser, for gauges and infos. Throws where the text breaks a rule:
 * families apart, a unit that is no suffix, a label twice, a sample twice, a wrong escape, no end.
 */
export function parseOpenMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  if (!text.endsWith('\n# EOF\n')) throw new Error('no end');
  const families = new Map<
    string,
    { type: string; unit: string | null; samples: { labels: Map<string, string>; value: number }[] }
  >();
  let name = '';
  const seen = new Set<string>();
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const [, keyword, of = '', rest = ''] =
      /^# (TYPE|UNIT|HELP) ([a-zA-Z_:][\w:]*) (.*)$/.exec(line) ?? [];
    const family = families.get(name);
    if (keyword === 'TYPE') {
      if (families.has(of)) throw new Error(`${of} twice`);
      if (!['gauge', 'info'].includes(rest)) throw new Error(`type ${rest}`);
      name = of;
      families.set(of, { type: rest, unit: null, samples: [] });
    } else if (keyword !== undefined) {
      if (family === undefined || of !== name || family.samples.length > 0) throw new Error(line);
      if (keyword === 'UNIT') {
        if (!of.endsWith(`_${rest}`)) throw new Error(`${of} is not of ${rest}`);
        family.unit = rest;
      }
    } else {
      if (family === undefined) throw new Error(line);
      const suffix = family.type === 'info' ? '_info' : '';
      const [, metric, labelText = '', value = ''] =
        /^([a-zA-Z_:][\w:]*)\{(.*)\} (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/.exec(line) ?? [];
      if (metric !== `${name}${suffix}`) throw new Error(`no sample of ${name}: ${line}`);
      const key = `${metric}{${labelText}}`;
      if (seen.has(key)) throw new Error(`${key} twice`);
      seen.add(key);
      family.samples.push({ labels: parseLabels(labelText), value: Number(value) });
    }
  }
  return families;
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(,|$)/y;
  while (label.lastIndex < text.length) {
    const found = label.exec(text);
    if (found === null) throw new Error(`labels: ${text}`);
    const [, name = '', value = ''] = found;
    if (labels.has(name)) throw new Error(`label ${name} twice`);
    labels.set(
      name,
      value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    );
  }
  return labels;
}
