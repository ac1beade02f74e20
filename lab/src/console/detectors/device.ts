// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';
import { dmaHelpers } from './dma-helpers.ts';

/** What a device or its driver does wrong and the kernel survives: interrupts, queues, DMA, PCIe errors. */
export const deviceDetectors: readonly Detector[] = [
  {
    family: 'irq-nobody-cared',
    strength: 'cause',
    header: /irq \d+: nobody cared/,
    body: /handlers:\n\s*(?:\[<[0-9a-f]+>\] )?(?<fn>[\w.]+)/,
    title: 'irq: nobody cared in {frame}',
    type: 'HANG',
    search: 'none',
  },
  {
    family: 'irq-nobody-cared',
    strength: 'cause',
    header: /irq \d+: nobody cared/,
    title: 'irq: nobody cared',
    type: 'HANG',
    search: 'none',
  },
  {
    family: 'irq-nobody-cared',
    strength: 'consequence',
    header: /^\s*Disabling IRQ #\d+/,
    title: 'irq: nobody cared',
    type: 'HANG',
    search: 'none',
    incomplete: true,
  },
  {
    family: 'netdev-watchdog',
    strength: 'consequence',
    header:
      /^(?:(?<driver>\S+) \S+ \S+: )?NETDEV WATCHDOG: (?:\S+ \((?<old>[^)]*)\): )?(?:CPU: \d+: )?transmit queue \d+ timed out/,
    followedBy: /WARNING: .*\bnet\/sched\/sch_generic\.c:\d+/,
    title: 'NETDEV WATCHDOG: transmit queue timed out in {driver}{old}',
    type: 'HANG',
    search: 'none',
  },
  {
    family: 'page-pool',
    strength: 'cause',
    header: /page_pool_release_retry\(\) stalled pool shutdown/,
    title: 'page_pool: stalled pool shutdown',
    type: 'LEAK',
    search: 'none',
  },
  {
    family: 'iommu-fault',
    strength: 'cause',
    header:
      /DMAR: \[(?<access>(?:DMA|INTR-REMAP)(?: \w+)?)[^\]]*\] .*[Rr]equest(?:er)? device .*?(?:\[?fault reason (?:0x)?[0-9a-f]+\]?,? ?(?<reason>.*))$/,
    title: 'DMAR: {access} fault: {reason}',
    type: 'MEMORY_SAFETY_BUG',
    search: 'none',
  },
  {
    family: 'iommu-fault',
    strength: 'cause',
    header:
      /AMD-Vi: Event logged \[(?<event>IO_PAGE_FAULT|ILLEGAL_DEV_TABLE_ENTRY|INVALID_DEVICE_REQUEST)/,
    title: 'AMD-Vi: {event}',
    type: 'MEMORY_SAFETY_BUG',
    search: 'none',
  },
  {
    family: 'iommu-fault',
    strength: 'cause',
    header: /arm-smmu\S* .*: (?:Unhandled context fault|event 0x10 received)/,
    title: 'arm-smmu: context fault',
    type: 'MEMORY_SAFETY_BUG',
    search: 'none',
  },
  {
    family: 'dma-api',
    strength: 'needs-trace',
    header: /^\s*DMA-API: (?:\S+ [\w:.]+: )?(?<fault>device driver [^[]+)/,
    followedBy: /WARNING: .*\bkernel\/dma\/debug\.c:\d+/,
    title: 'DMA-API: {fault} in {frame}',
    type: 'WARNING',
    search: 'trap',
    skip: dmaHelpers,
  },
  {
    family: 'aer',
    strength: 'cause',
    header: /PCIe Bus Error: severity=(?<severity>Uncorrect(?:ed|able) \((?:Non-)?Fatal\))/,
    title: 'AER: {severity} error',
    type: 'DoS',
    search: 'none',
  },
];
