// SPDX-License-Identifier: Apache-2.0

import type { Detector } from './detector.ts';
import { bugDetectors } from './detectors/bug.ts';
import { deviceDetectors } from './detectors/device.ts';
import { hangDetectors } from './detectors/hang.ts';
import { kasanDetectors } from './detectors/kasan.ts';
import { lockingDetectors } from './detectors/locking.ts';
import { memoryDetectors } from './detectors/memory.ts';
import { oopsDetectors } from './detectors/oops.ts';
import { otherDetectors } from './detectors/other.ts';
import { fuzzerDetectors, panicDetectors } from './detectors/panic.ts';
import { rustDetectors } from './detectors/rust.ts';
import { sanitizerDetectors } from './detectors/sanitizers.ts';
import { warningDetectors } from './detectors/warning.ts';

/** Every detector; the first that fits wins, so the special come before the general. */
export const allDetectors: readonly Detector[] = [
  ...rustDetectors,
  ...kasanDetectors,
  ...sanitizerDetectors,
  ...oopsDetectors,
  ...bugDetectors,
  ...lockingDetectors,
  ...hangDetectors,
  ...memoryDetectors,
  ...deviceDetectors,
  ...warningDetectors,
  ...panicDetectors,
  ...fuzzerDetectors,
  ...otherDetectors,
];

// Most lines of a console are no header; one cheap test keeps them away from the detectors.
const keyword =
  /BUG|WARNING: |INFO: |nable to handle|fault|panic|PANIC|opcode: |divide|int3: |segment: |Alignment trap|Internal error|UBSAN|nobody cared|IRQ #|NETDEV WATCHDOG|page_pool|DMAR|AMD-Vi|smmu|DMA-API|Bus Error|unreferenced|kmemleak|VFS: |unregister_netdevice|LOCKUP|SYZF|trusty|Insufficient stack|kernel stack overflow/;

/** The first detector whose header a message matches, or undefined for an ordinary message. */
export function detectHeader(text: string): Detector | undefined {
  if (!keyword.test(text)) return undefined;
  return allDetectors.find((detector) => matchesHeader(detector, text));
}

/** Whether a message starts a report of this kind. */
export function matchesHeader(detector: Detector, text: string): boolean {
  return detector.header.test(text) && !(detector.unless?.test(text) ?? false);
}
