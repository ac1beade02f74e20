// SPDX-License-Identifier: Apache-2.0
import type { WorkloadConfig } from '../config/define-lab.ts';
import {
  type DeviceFaultKind,
  deviceFaultKinds,
  type StandingFault,
} from '../config/device-faults.ts';
import { type FaultType, faultTypes, usualFaultTypes } from '../config/fault-types.ts';
import {
  type EndCheckName,
  endCheckNames,
  reloadRound,
  type StepName,
  stepNames,
} from '../config/step-names.ts';
import { workloadProblems } from '../config/workload-problems.ts';
import { type DetectorName, detectorNames } from './detector.ts';
import { MemberReader } from './member-reader.ts';

/** A report that a mistake must lead to. */
export interface ExpectedCrash {
  /** Matched against the title. */
  readonly title: RegExp;
  /** The type that the report usually has, for readers. */
  readonly type: string | null;
  /** Any of these may be the one that names it. */
  readonly detectors: readonly DetectorName[];
}

/** Where the compiler must point. */
export interface RejectedPlace {
  readonly file: string;
  /** Of the patched file, counted from 1. */
  readonly line: number | null;
  /** The whole line without its indentation. */
  readonly text: string | null;
}

/** What becomes of the same mistake in Rust. */
export type RustExpectation =
  /** `codes`: error codes (E0382), or for errors that have none the lint, or the message. All of them, and no other. */
  | {
      readonly outcome: 'rejected';
      readonly codes: readonly string[];
      readonly at: RejectedPlace | null;
      readonly why: string | null;
    }
  /** There is no patch: the abstractions have no words for it. */
  | { readonly outcome: 'inexpressible'; readonly why: string }
  | { readonly outcome: 'caught'; readonly crash: ExpectedCrash; readonly why: string | null }
  /** It compiles and does its damage, which nothing may notice. */
  | { readonly outcome: 'not-prevented'; readonly why: string };

/** A workload of the target by name, or one of the defect's own. */
export type ProfileChoice =
  | { readonly kind: 'named'; readonly name: string }
  | {
      readonly kind: 'own';
      readonly steps: readonly StepName[];
      readonly faults: readonly FaultType[] | null;
      readonly atEnd: readonly EndCheckName[];
      readonly deviceFaults: readonly StandingFault[];
    };

/** What is known of a defect of the catalogue: its `manifest.json`. */
export interface Manifest {
  readonly name: string;
  readonly class: string;
  readonly summary: string;
  /** The passage of an article, or the upstream fix, that it stands for. */
  readonly standsFor: string;
  /** Steps, faults and end checks without which it does not show. */
  readonly provokedBy: readonly Provocation[];
  readonly profile: ProfileChoice;
  readonly crash: ExpectedCrash;
  /** `null`: nobody has tried yet. */
  readonly rust: RustExpectation | null;
}

export type Provocation = StepName | FaultType | EndCheckName | DeviceFaultKind;

const provocations: readonly Provocation[] = [
  ...stepNames,
  ...faultTypes,
  ...endCheckNames,
  ...deviceFaultKinds,
];
const usualProfile = 'traffic-churn';

/** Reads a manifest; problems are put into `problems`, one a line, and the result is `null` then. */
export function parseManifest(text: string, where: string, problems: string[]): Manifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    problems.push(`${where}: is not JSON: ${String(error)}`);
    return null;
  }
  const before = problems.length;
  const reader = MemberReader.of(value, where, problems);
  const manifest: Manifest = {
    name: reader.text('name'),
    class: reader.text('class'),
    summary: reader.text('summary'),
    standsFor: reader.text('standsFor'),
    provokedBy: reader.words('provokedBy', provocations),
    profile: readProfile(reader),
    crash: readCrash(reader.object('expect'), reader.words('detectors', detectorNames)),
    rust: reader.has('rust') ? readRust(reader.object('rust')) : null,
  };
  reader.end();
  return problems.length > before ? null : manifest;
}

function readProfile(reader: MemberReader): ProfileChoice {
  if (!reader.has('profile')) {
    return { kind: 'named', name: usualProfile };
  }
  if (reader.isText('profile')) {
    return { kind: 'named', name: reader.text('profile') };
  }
  const own = reader.object('profile');
  const steps = own.words('steps', stepNames);
  const profile: ProfileChoice = {
    kind: 'own',
    steps,
    faults: own.has('faults') ? own.words('faults', faultTypes, 0) : null,
    atEnd: own.has('atEnd') ? own.words('atEnd', endCheckNames) : [],
    deviceFaults: own.has('deviceFaults') ? own.objects('deviceFaults').map(readDeviceFault) : [],
  };
  for (const problem of workloadProblems({ steps })) {
    own.complain('steps', problem);
  }
  own.end();
  return profile;
}

/** What a fault consists of besides its kind, QEMU knows and checks. */
function readDeviceFault(reader: MemberReader): StandingFault {
  const kind = reader.word('kind', deviceFaultKinds);
  return { ...reader.all(), kind: kind ?? 'irq-lost' };
}

function readCrash(reader: MemberReader, detectors: readonly DetectorName[]): ExpectedCrash {
  const crash: ExpectedCrash = {
    title: reader.pattern('title'),
    type: reader.has('type') ? reader.text('type') : null,
    detectors,
  };
  reader.end();
  return crash;
}

const outcomes = ['rejected', 'inexpressible', 'caught', 'not-prevented'] as const;

function readRust(reader: MemberReader): RustExpectation | null {
  const outcome = reader.word('outcome', outcomes);
  const expectation = outcome === null ? null : readOutcome(outcome, reader);
  // With an outcome that is none, which members belong there cannot be told.
  if (expectation !== null) {
    reader.end();
  }
  return expectation;
}

function readOutcome(outcome: (typeof outcomes)[number], reader: MemberReader): RustExpectation {
  switch (outcome) {
    case 'rejected':
      return {
        outcome,
        codes: reader.texts('codes'),
        at: reader.has('at') ? readPlace(reader.object('at')) : null,
        why: optionalWhy(reader),
      };
    case 'caught': {
      const detectors = reader.words('detectors', detectorNames);
      const crash = readCrash(reader.object('expect'), detectors);
      return { outcome, crash, why: optionalWhy(reader) };
    }
    case 'inexpressible':
    case 'not-prevented':
      return { outcome, why: reader.text('why') };
  }
}

function optionalWhy(reader: MemberReader): string | null {
  return reader.has('why') ? reader.text('why') : null;
}

function readPlace(reader: MemberReader): RejectedPlace {
  const place: RejectedPlace = {
    file: reader.text('file'),
    line: reader.has('line') ? reader.positiveInteger('line') : null,
    text: reader.has('text') ? reader.text('text') : null,
  };
  if (place.line === null && place.text === null) {
    reader.complain('line', 'is missing, and so is text: one of them says which line is meant');
  }
  reader.end();
  return place;
}

/** What a profile makes of the target's usual workload. */
export function workloadOf(
  profile: Extract<ProfileChoice, { kind: 'own' }>,
  usual: WorkloadConfig,
): WorkloadConfig {
  const { churnMs, rounds, trafficMs, payloadBytes } = usual;
  const { steps, faults, atEnd, deviceFaults } = profile;
  const own = { churnMs, rounds, trafficMs, payloadBytes, steps, atEnd, deviceFaults };
  return faults === null ? own : { ...own, faults };
}

/** Which of the things that provoke a defect its workload does not do. */
export function unprovoked(
  provokedBy: readonly Provocation[],
  workload: WorkloadConfig,
  targetFaults: readonly FaultType[],
): Provocation[] {
  const done: readonly Provocation[] = [
    ...(workload.steps ?? reloadRound),
    ...targetFaults.filter((type) => (workload.faults ?? usualFaultTypes).includes(type)),
    ...(workload.atEnd ?? []),
    ...(workload.deviceFaults ?? []).map(({ kind }) => kind),
  ];
  return provokedBy.filter((provocation) => !done.includes(provocation));
}
