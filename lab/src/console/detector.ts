// SPDX-License-Identifier: Apache-2.0

import type { CrashType } from './crash-report.ts';
import type { FrameSearch } from './report-stacks.ts';

/** How much a header alone proves. */
export type HeaderStrength =
  /** It starts a report. */
  | 'cause'
  /** It starts a report, unless one of the same writer is open: then it is its consequence. */
  | 'consequence'
  /** It starts a report only if a stack trace follows soon. */
  | 'needs-trace';

/**
 * One kind of report. Titles are templates: `{frame}` is the function to blame, `{name}` the text of the named group
 * of `header` or `body` (the first that has it).
 */
export interface Detector {
  readonly family: string;
  readonly strength: HeaderStrength;
  /** Matched against one message. */
  readonly header: RegExp;
  /** Messages that look like the header and are harmless. */
  readonly unless?: RegExp;
  /** The header that comes next when this message is the text of a warning: it is the same report. */
  readonly followedBy?: RegExp;
  /** Must match somewhere in the report, else the next detector with this header is tried. */
  readonly body?: RegExp;
  /** A consequence that a report can have only once: the second one starts a report of its own. */
  readonly repeats?: boolean;
  readonly title: string;
  readonly altTitles?: readonly string[];
  readonly type: CrashType | ((title: string) => CrashType);
  readonly search: FrameSearch;
  /** More helpers, for this kind of report only. */
  readonly skip?: RegExp;
  /** Helpers that are to blame in this kind of report. */
  readonly keep?: RegExp;
  /** Titles that need no stack trace to be whole. */
  readonly needsNoTrace?: boolean;
  /** Titles without a function whose report has a stack trace, if it is whole. */
  readonly wantsTrace?: boolean;
  /** The report is incomplete whenever this detector is the one that fits. */
  readonly incomplete?: boolean;
}
