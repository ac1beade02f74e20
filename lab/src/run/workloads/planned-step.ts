// SPDX-License-Identifier: Apache-2.0
import type { WorkloadConfig } from '../../config/define-lab.ts';
import type { StepName } from '../../config/step-names.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';
import {
  type CharAcrossUnbind,
  charAcrossUnbind,
  drawCharAcrossUnbind,
} from './char-across-unbind.ts';
import { type CharDevice, charDevice, drawCharDevice } from './char-device.ts';
import { type CharOpenFailing, charOpenFailing, drawCharOpenFailing } from './char-open-failing.ts';
import { type CpuHotplug, cpuHotplug, drawCpuHotplug } from './cpu-hotplug.ts';
import { drawEthtoolChurn, type EthtoolChurn, ethtoolChurn } from './ethtool-churn.ts';
import { drawEthtoolEeprom, type EthtoolEeprom, ethtoolEeprom } from './ethtool-eeprom.ts';
import { drawFailingSweep, type FailingSweep, failingSweep } from './failing-sweeps.ts';
import { drawGenerator, type Generator, generator } from './generator.ts';
import { drawHotUnplug, type HotUnplug, hotUnplug } from './hot-unplug.ts';
import { drawPeerTraffic, type PeerTraffic, peerTraffic } from './peer-traffic.ts';
import {
  drawProcAcrossUnbind,
  type ProcAcrossUnbind,
  procAcrossUnbind,
} from './proc-across-unbind.ts';
import { drawProcReaders, type ProcReaders, procReaders } from './proc-readers.ts';
import { drawRebind, type Rebind, rebind } from './rebind.ts';
import { drawTraffic, drawUnload, type Reload } from './reload.ts';
import { drawRemoveRescan, type RemoveRescan, removeRescan } from './remove-rescan.ts';
import { drawResetFunction, type ResetFunction, resetFunction } from './reset-function.ts';
import { drawResetWhileDown, type ResetWhileDown, resetWhileDown } from './reset-while-down.ts';
import { drawRingResize, type RingResize, ringResize } from './ring-resize.ts';
import {
  drawRingResizeFailing,
  type RingResizeFailing,
  ringResizeFailing,
} from './ring-resize-failing.ts';
import { drawSelfTest, type SelfTest, selfTest } from './self-test.ts';
import type { StepContext } from './step-context.ts';
import {
  drawSurpriseRemoval,
  type SurpriseRemovalStep,
  surpriseRemoval,
} from './surprise-removal.ts';
import { type Suspend, suspend } from './suspend.ts';
import { drawUpDown, type UpDown, upDown } from './up-down.ts';

/** A step that stands by itself: it begins and ends with the driver bound and the link up. */
export type WholeStep =
  | UpDown
  | Rebind
  | RemoveRescan
  | SurpriseRemovalStep
  | ResetFunction
  | Suspend
  | RingResize
  | RingResizeFailing
  | EthtoolChurn
  | EthtoolEeprom
  | SelfTest
  | ProcReaders
  | ProcAcrossUnbind
  | CharDevice
  | CharAcrossUnbind
  | CharOpenFailing
  | FailingSweep
  | HotUnplug
  | ResetWhileDown
  | CpuHotplug
  | Generator
  | PeerTraffic;

/** One step of one round, with everything that was drawn for it. */
export type PlannedStep = Reload | WholeStep;

/** Draws a step: the same state of `random` gives the same step. */
export function drawStep(
  name: StepName,
  random: SeededRandom,
  workload: WorkloadConfig,
): PlannedStep {
  switch (name) {
    case 'traffic':
      return drawTraffic(random, workload);
    case 'unload':
      return drawUnload(random, workload);
    case 'bind':
    case 'open':
    case 'suspend':
      return { step: name };
    case 'up-down':
      return drawUpDown(random);
    case 'rebind':
      return drawRebind(random);
    case 'remove-rescan':
      return drawRemoveRescan(random);
    case 'surprise-removal':
      return drawSurpriseRemoval(random);
    case 'reset-function':
      return drawResetFunction(random);
    case 'ring-resize':
      return drawRingResize(random);
    case 'ring-resize-failing':
      return drawRingResizeFailing(random);
    case 'ethtool-churn':
      return drawEthtoolChurn(random);
    case 'ethtool-eeprom':
      return drawEthtoolEeprom(random);
    case 'self-test':
      return drawSelfTest(random);
    case 'proc-readers':
      return drawProcReaders(random);
    case 'proc-across-unbind':
      return drawProcAcrossUnbind(random);
    case 'char-device':
      return drawCharDevice(random);
    case 'char-across-unbind':
      return drawCharAcrossUnbind(random);
    case 'char-open-failing':
      return drawCharOpenFailing(random);
    case 'bind-failing':
    case 'open-failing':
      return drawFailingSweep(name, random);
    case 'hot-unplug':
      return drawHotUnplug(random);
    case 'reset-while-down':
      return drawResetWhileDown(random);
    case 'cpu-hotplug':
      return drawCpuHotplug(random);
    case 'generator':
      return drawGenerator(random);
    case 'peer-traffic':
      return drawPeerTraffic(random);
  }
}

/** Does a step in the guest. */
export async function runStep(step: WholeStep, context: StepContext): Promise<void> {
  switch (step.step) {
    case 'up-down':
      return await upDown(step, context);
    case 'rebind':
      return await rebind(step, context);
    case 'remove-rescan':
      return await removeRescan(step, context);
    case 'surprise-removal':
      return await surpriseRemoval(step, context);
    case 'reset-function':
      return await resetFunction(step, context);
    case 'suspend':
      return await suspend(context);
    case 'ring-resize':
      return await ringResize(step, context);
    case 'ring-resize-failing':
      return await ringResizeFailing(step, context);
    case 'ethtool-churn':
      return await ethtoolChurn(step, context);
    case 'ethtool-eeprom':
      return await ethtoolEeprom(step, context);
    case 'self-test':
      return await selfTest(step, context);
    case 'proc-readers':
      return await procReaders(step, context);
    case 'proc-across-unbind':
      return await procAcrossUnbind(step, context);
    case 'char-device':
      return await charDevice(step, context);
    case 'char-across-unbind':
      return await charAcrossUnbind(step, context);
    case 'char-open-failing':
      return await charOpenFailing(step, context);
    case 'bind-failing':
    case 'open-failing':
      return await failingSweep(step, context);
    case 'hot-unplug':
      return await hotUnplug(step, context);
    case 'reset-while-down':
      return await resetWhileDown(step, context);
    case 'cpu-hotplug':
      return await cpuHotplug(step, context);
    case 'generator':
      return await generator(step, context);
    case 'peer-traffic':
      return await peerTraffic(step, context);
  }
}
