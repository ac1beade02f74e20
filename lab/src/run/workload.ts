// SPDX-License-Identifier: Apache-2.0
import type { Deadline } from 'qemu-ipc/wait';
import type { FaultCount } from '../fault-tally.ts';
import type { AllocFailure, Phase } from '../faults/fault.ts';
import type { DeviceFault, FaultSchedule } from './fault-schedule.ts';
import type { GuestDriver } from './guest-driver.ts';
import type { RoundParams, WorkloadParams } from './world.ts';

/** What the workload tells while it goes. */
export interface WorkloadObserver {
  phase(round: number, phase: Phase): void;
  allocFailures(round: number, phase: Phase, count: FaultCount): void;
}

export interface WorkloadContext {
  readonly driver: GuestDriver;
  readonly schedule: FaultSchedule;
  /** Tells the device to make a fault. */
  readonly makeFault: (fault: DeviceFault) => Promise<void>;
  readonly observer: WorkloadObserver;
  readonly signal: AbortSignal;
}

/**
 * Load and unload churn, begun with the link up. In each round traffic is passed, the driver taken
 * away, bound again and the link opened again, with the planned faults in every step. Resolves after
 * the last round, or when a round ends past `until`.
 */
export async function churn(
  params: WorkloadParams,
  context: WorkloadContext,
  until: Deadline,
): Promise<void> {
  for (const [round, roundParams] of params.rounds.entries()) {
    if (until.expired) {
      return;
    }
    await oneRound(round, roundParams, params.payloadBytes, context);
  }
}

async function oneRound(
  round: number,
  params: RoundParams,
  payloadBytes: number,
  context: WorkloadContext,
): Promise<void> {
  const { driver, schedule, observer } = context;
  const failing = async (phase: Phase, step: (fault: AllocFailure) => Promise<FaultCount>) => {
    for (const fault of schedule.allocFailures(round, phase)) {
      observer.allocFailures(round, phase, await step(fault));
    }
  };
  observer.phase(round, 'traffic');
  await trafficWithFaults(round, params.trafficMs, payloadBytes, context);

  observer.phase(round, 'unload');
  await withFaults(round, 'unload', context, () => driver.leave(params.unload));

  observer.phase(round, 'bind');
  await driver.load();
  await failing('bind', (fault) => driver.sweepBind(fault));
  await driver.bind();

  observer.phase(round, 'open');
  await failing('open', (fault) => driver.sweepOpen(fault));
  await driver.linkUp();
}

async function trafficWithFaults(
  round: number,
  trafficMs: number,
  payloadBytes: number,
  context: WorkloadContext,
): Promise<void> {
  const { driver, schedule, observer } = context;
  const [byChance] = schedule.allocFailures(round, 'traffic');
  if (byChance !== undefined) {
    await driver.arm(byChance);
  }
  await withFaults(round, 'traffic', context, () => driver.traffic(trafficMs, payloadBytes));
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
  { schedule, makeFault, signal }: WorkloadContext,
  step: () => Promise<void>,
): Promise<void> {
  const faults = schedule.play(round, phase, makeFault, signal);
  const results = await Promise.allSettled([faults, step()]);
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason;
    }
  }
}
