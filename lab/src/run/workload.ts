// SPDX-License-Identifier: Apache-2.0
import type { FaultCount } from '../fault-tally.ts';
import type { AllocFailure, Phase } from '../faults/fault.ts';
import type { DeviceMadeFault, FaultSchedule } from './fault-schedule.ts';
import type { Guest } from './guest.ts';
import type { GuestDriver } from './guest-driver.ts';
import { runEndChecks } from './workloads/end-checks.ts';
import { type PlannedStep, runStep } from './workloads/planned-step.ts';
import type { Traffic } from './workloads/reload.ts';
import type { CardSlots, LinkPartners, PeerGuest, StepContext } from './workloads/step-context.ts';
import { passTraffic } from './workloads/traffic.ts';
import type { RoundParams, WorkloadParams } from './world.ts';

/** What the workload tells while it goes. */
export interface WorkloadObserver {
  phase(round: number, phase: Phase | 'end'): void;
  allocFailures(round: number, phase: Phase | 'end', count: FaultCount): void;
}

export interface WorkloadContext {
  readonly guest: Guest;
  readonly driver: GuestDriver;
  readonly schedule: Pick<FaultSchedule, 'allocFailures' | 'play'> & { readonly ahead?: boolean };
  /** Tells the device to make a fault. */
  readonly makeFault: (fault: DeviceMadeFault, afterNs: number) => Promise<void>;
  /** Takes back the faults that still wait for something to happen to. */
  readonly settleFaults?: () => Promise<void>;
  readonly slots?: CardSlots;
  /** `undefined` when the devices under test have none inside. */
  readonly partners?: LinkPartners | undefined;
  /** `undefined` when there is no second machine. */
  readonly peer?: PeerGuest | undefined;
  readonly observer: WorkloadObserver;
  readonly signal: AbortSignal;
}

/**
 * Does round after round, begun with the link up, each step with the faults planned for it. After
 * the last round, or when a round ends past `until`, it asks the guest what is to be asked at the end.
 */
export async function churn(
  params: WorkloadParams,
  context: WorkloadContext,
  until: { readonly expired: boolean },
): Promise<void> {
  for (const [round, { steps }] of params.rounds.entries()) {
    if (until.expired) {
      break;
    }
    await oneRound(round, steps, params.payloadBytes, context);
  }
  if (params.atEnd.length > 0) {
    const last = params.rounds.length;
    context.observer.phase(last, 'end');
    await runEndChecks(params.atEnd, stepContext(last, 'end', params.payloadBytes, context));
  }
}

async function oneRound(
  round: number,
  steps: RoundParams['steps'],
  payloadBytes: number,
  context: WorkloadContext,
): Promise<void> {
  for (const step of steps) {
    context.observer.phase(round, step.step);
    await oneStep(round, step, payloadBytes, context);
  }
}

async function oneStep(
  round: number,
  step: PlannedStep,
  payloadBytes: number,
  context: WorkloadContext,
): Promise<void> {
  const { driver, schedule, observer } = context;
  const failing = async (phase: Phase, sweep: (fault: AllocFailure) => Promise<FaultCount>) => {
    for (const fault of schedule.allocFailures(round, phase)) {
      observer.allocFailures(round, phase, await sweep(fault));
    }
  };
  switch (step.step) {
    case 'traffic':
      await trafficWithFaults(round, step, payloadBytes, context);
      return;
    case 'unload':
      await withFaults(round, 'unload', context, () => driver.leave(step.how));
      return;
    case 'bind':
      await driver.load();
      await failing('bind', (fault) => driver.sweepBind(fault));
      await driver.bind();
      return;
    case 'open':
      await failing('open', (fault) => driver.sweepOpen(fault));
      await driver.linkUp();
      return;
    default:
      await withFaults(round, step.step, context, () =>
        runStep(step, stepContext(round, step.step, payloadBytes, context)),
      );
  }
}

function stepContext(
  round: number,
  phase: Phase | 'end',
  payloadBytes: number,
  { guest, driver, slots, partners, peer, observer }: WorkloadContext,
): StepContext {
  return {
    guest,
    driver,
    payloadBytes,
    slots,
    partners,
    peer,
    allocFailures: (count) => observer.allocFailures(round, phase, count),
  };
}

async function trafficWithFaults(
  round: number,
  step: Traffic,
  payloadBytes: number,
  context: WorkloadContext,
): Promise<void> {
  const { driver, schedule, observer } = context;
  const [byChance] = schedule.allocFailures(round, 'traffic');
  if (byChance !== undefined) {
    await driver.arm(byChance);
  }
  await withFaults(round, 'traffic', context, () =>
    passTraffic(step, stepContext(round, 'traffic', payloadBytes, context)),
  );
  if (byChance?.pick.kind === 'chance') {
    const delivered = await driver.disarm();
    // One round may have no allocation to fail; over a campaign none delivered means dead injection.
    observer.allocFailures(round, 'traffic', { requested: byChance.pick.times, delivered });
  }
}

/** Does a step while the faults planned for it happen; both have ended when this resolves or rejects. */
async function withFaults(
  round: number,
  phase: Phase,
  { schedule, makeFault, settleFaults, signal }: WorkloadContext,
  step: () => Promise<void>,
): Promise<void> {
  const faults = schedule.play(round, phase, makeFault, signal);
  // Those of a simulated device are made before its guest goes on.
  if (schedule.ahead === true) await faults;
  const results = await Promise.allSettled([faults, step()]);
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason;
    }
  }
  await settleFaults?.();
}
