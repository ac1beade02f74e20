// SPDX-License-Identifier: Apache-2.0

/** A document whose markers do not fit the sections that are generated. */
export class MarkerError extends Error {
  readonly code = 'GENERATED_MARKER_INVALID';

  constructor(message: string) {
    super(message);
    this.name = 'MarkerError';
  }
}

const SECTION = /<!-- generated: (?<name>[a-z ]+) -->\n[\s\S]*?<!-- end generated -->/g;

/** Replaces what lies between `<!-- generated: NAME -->` and `<!-- end generated -->`. */
export function replaceMarkedSections(
  document: string,
  sections: ReadonlyMap<string, string>,
): string {
  const missing = new Set(sections.keys());
  const result = document.replaceAll(SECTION, (_whole, name: string) => {
    const text = sections.get(name);
    if (text === undefined) throw new MarkerError(`nothing generates the section "${name}"`);
    missing.delete(name);
    return `<!-- generated: ${name} -->\n\n${text}\n\n<!-- end generated -->`;
  });
  if (missing.size > 0) {
    throw new MarkerError(`no marker "<!-- generated: ${[...missing].join(', ')} -->"`);
  }
  return result;
}
