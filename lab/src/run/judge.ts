// SPDX-License-Identifier: Apache-2.0
import { isStall } from '../console/crash-report.ts';
import type { CrashRecord, Outcome } from '../verdict.ts';
import { namedOnce } from './watchdogs.ts';
import type { Stage, WorkloadEnd } from './workload-end.ts';

/** Everything that is known of a run when it is over. */
export interface Evidence {
  readonly stage: Stage;
  readonly end: WorkloadEnd;
  /** Reports on the console, the first one first. */
  readonly reports: readonly CrashRecord[];
  /** The guest's panic device fired. */
  readonly panicked: boolean;
  /** The guest reset itself; QEMU is told to end then. */
  readonly guestReset: boolean;
  /** How QEMU ended before the lab told it to; `null` when it did not. */
  readonly qemuDied: string | null;
  /** A function of the driver was in a stack that was printed with, or after, the first report. */
  readonly driverInStack: boolean;
  /** The guest answered after the first sign of a crash. */
  readonly guestAnswers: boolean;
  /** A processor of the guest sleeps with an interrupt in service, which is the machine's doing. */
  readonly interruptLost: boolean;
  /** QEMU answered on QMP when the workload had ended. */
  readonly qmpAnswers: boolean;
}

export interface Judgement {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly crashes: readonly CrashRecord[];
}

/** Reason of a PASS whose workload came to its end, and was not cut short. */
export const workloadFinished = 'workload finished';

/** Reason of a MISS that is nobody's fault: time was over before anything was tested. */
export const cutBeforeLoad = 'cut short before the driver was loaded';

/**
 * Says who is to blame. The driver is, when the guest gave evidence after the driver had been given
 * to it; trouble before that, or without evidence, is the lab's.
 */
export function judge(evidence: Evidence): Judgement {
  const crashes = guestCrashes(evidence);
  const first = crashes[0];
  if (first !== undefined) {
    if (passingStall(evidence)) {
      const how = evidence.interruptLost ? 'as QEMU lost the end of an interrupt' : 'and went on';
      return miss(`the guest stalled ${how}, the driver being in no stack: ${first.title}`);
    }
    return driverMayBeBlamed(evidence.stage)
      ? { outcome: 'FAIL', reason: first.title, crashes }
      : miss(`the guest crashed before it had the driver: ${first.title}`);
  }
  if (evidence.qemuDied !== null) {
    return miss(`QEMU ${evidence.qemuDied}, and the guest gave no sign of a crash`);
  }
  return judgeEnd(evidence);
}

function judgeEnd(evidence: Evidence): Judgement {
  const { end, stage } = evidence;
  switch (end.kind) {
    case 'finished':
      return { outcome: 'PASS', reason: workloadFinished, crashes: [] };
    case 'cut':
      // Cut before the driver was loaded: nothing was tested.
      return driverMayBeBlamed(stage)
        ? { outcome: 'PASS', reason: 'cut short by the budget', crashes: [] }
        : miss(cutBeforeLoad);
    case 'alarm':
      return driverMayBeBlamed(stage)
        ? { outcome: 'PASS', reason: 'ended by a false alarm on the console', crashes: [] }
        : miss('a false alarm on the console before the driver was loaded');
    case 'stuck':
      return judgeSilence(evidence, end.doing);
    case 'wrong':
      return fail(
        { ...crash(end.title, ''), family: end.detector ?? 'traffic' },
        `${end.title}: ${end.detail}`,
      );
    case 'refused':
      return {
        outcome: driverMayBeBlamed(stage) ? 'ERROR' : 'MISS',
        reason: `${end.doing} failed in the guest: ${end.said}`,
        crashes: [],
      };
    case 'lost':
      return miss(`the connection to the guest was lost during: ${end.doing}`);
    case 'lab':
      return miss(end.problem);
  }
}

/**
 * A host under load can keep an emulated CPU from running, or its timer from firing, for so long
 * that the guest's watchdogs bark. A driver that hangs a guest stays in its stacks, or the guest
 * stays hung.
 */
function passingStall({
  reports,
  panicked,
  guestReset,
  driverInStack,
  guestAnswers,
  interruptLost,
}: Evidence): boolean {
  const onlyStalls = reports.length > 0 && reports.every(isStall);
  const passes = guestAnswers || interruptLost;
  return onlyStalls && !panicked && !guestReset && !driverInStack && passes;
}

/**
 * A guest that took work and went silent, with a QEMU that still answers, hangs: the machine runs
 * and the guest does not. When QEMU is silent too, the host is the first suspect.
 */
function judgeSilence(evidence: Evidence, doing: string): Judgement {
  if (!driverMayBeBlamed(evidence.stage)) {
    return miss(`no response from the guest during: ${doing}`);
  }
  if (!evidence.qmpAnswers) {
    return miss(`neither the guest nor QEMU answers, during: ${doing}`);
  }
  return fail(
    { ...crash('no response from guest', 'HANG'), family: 'silence' },
    `no response from guest during: ${doing}`,
  );
}

function guestCrashes(evidence: Evidence): readonly CrashRecord[] {
  if (evidence.reports.length > 0) {
    return namedOnce(evidence.reports);
  }
  if (evidence.panicked) {
    return [crash('kernel panic without a report on the console', 'DoS')];
  }
  if (evidence.guestReset) {
    return [crash('unexpected kernel reboot', 'REBOOT')];
  }
  return [];
}

function driverMayBeBlamed(stage: Stage): boolean {
  return stage === 'load' || stage === 'churn';
}

function crash(title: string, type: CrashRecord['type']): CrashRecord {
  return { title, type, frame: null, corrupted: false };
}

function fail(record: CrashRecord, reason: string): Judgement {
  return { outcome: 'FAIL', reason, crashes: [record] };
}

function miss(reason: string): Judgement {
  return { outcome: 'MISS', reason, crashes: [] };
}
