// SPDX-License-Identifier: Apache-2.0

import { textTable } from '../text-table.ts';
import type { Defect } from './catalogue.ts';
import type { RustExpectation } from './manifest.ts';

/** A defect as `--list` shows it. */
export interface ListedDefect {
  readonly name: string;
  readonly class: string;
  readonly summary: string;
  readonly standsFor: string;
  readonly provokedBy: readonly string[];
  readonly profile: string;
  readonly detectors: readonly string[];
  readonly title: string;
  readonly rust: RustExpectation['outcome'] | null;
  readonly rustCodes: readonly string[];
}

/** The document of `--list --json`. */
export function catalogueListing(defects: readonly Defect[]): {
  readonly defects: readonly ListedDefect[];
} {
  return {
    defects: defects.map(({ manifest }) => ({
      name: manifest.name,
      class: manifest.class,
      summary: manifest.summary,
      standsFor: manifest.standsFor,
      provokedBy: manifest.provokedBy,
      profile: manifest.profile.kind === 'named' ? manifest.profile.name : manifest.name,
      detectors: manifest.crash.detectors,
      title: manifest.crash.title.source,
      rust: manifest.rust?.outcome ?? null,
      rustCodes: manifest.rust?.outcome === 'rejected' ? manifest.rust.codes : [],
    })),
  };
}

/** The listing for a terminal. */
export function listingText({ defects }: ReturnType<typeof catalogueListing>): string {
  return [
    ...textTable(
      ['defect', 'class', 'workload', 'detectors', 'in Rust'],
      defects.map((defect) => [
        defect.name,
        defect.class,
        defect.profile,
        defect.detectors.join(', '),
        [defect.rust ?? 'not tried', ...defect.rustCodes].join(' '),
      ]),
    ),
    '',
    ...defects.map(({ name, summary }) => `${name}: ${summary}`),
  ].join('\n');
}
