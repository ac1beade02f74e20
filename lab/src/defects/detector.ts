// SPDX-License-Identifier: Apache-2.0
import type { CrashRecord } from '../verdict.ts';

/** What can name a mistake, by the families of crash reports that it writes. */
const detectors = {
  kasan: { label: 'KASAN', families: ['kasan'] },
  kfence: { label: 'KFENCE', families: ['kfence'] },
  kmsan: { label: 'KMSAN', families: ['kmsan'] },
  kcsan: { label: 'KCSAN', families: ['kcsan'] },
  ubsan: { label: 'UBSAN', families: ['ubsan'] },
  slub: { label: 'SLUB debugging', families: ['slub'] },
  kmemleak: { label: 'kmemleak', families: ['kmemleak'] },
  lockdep: { label: 'lockdep', families: ['lockdep'] },
  'spinlock-debug': { label: 'spinlock debugging', families: ['spinlock'] },
  'atomic-sleep': { label: 'atomic sleep', families: ['atomic-sleep', 'preemption'] },
  'debug-objects': { label: 'debug objects', families: ['odebug'] },
  'list-debug': { label: 'list debugging', families: ['list-corruption'] },
  refcount: { label: 'refcount', families: ['refcount'] },
  usercopy: { label: 'usercopy', families: ['usercopy'] },
  'dma-api': { label: 'DMA-API', families: ['dma-api'] },
  iommu: { label: 'IOMMU', families: ['iommu-fault'] },
  'page-pool': { label: 'page pool', families: ['page-pool'] },
  'page-state': { label: 'page state', families: ['page-state', 'page-tables'] },
  'irq-core': { label: 'interrupt core', families: ['irq-nobody-cared'] },
  'netdev-watchdog': { label: 'transmit watchdog', families: ['netdev-watchdog'] },
  'netdev-references': { label: 'net device references', families: ['unregister-netdevice'] },
  aer: { label: 'AER', families: ['aer'] },
  lockup: {
    label: 'lockup watchdogs',
    families: ['soft-lockup', 'hard-lockup', 'rcu-stall', 'hung-task', 'workqueue-lockup'],
  },
  'page-fault': { label: 'page fault', families: ['oops'] },
  'kernel-check': { label: "kernel's own checks", families: ['bug', 'warning', 'vfs'] },
  panic: { label: 'panic', families: ['panic'] },
  'rust-panic': { label: 'Rust panic', families: ['rust-panic'] },
  'device-contract': { label: 'device contract', families: ['device-contract'] },
  sink: { label: 'sink of the device', families: ['sink'] },
  counters: { label: 'counters', families: ['counters'] },
  traffic: { label: 'traffic', families: ['traffic'] },
  silence: { label: 'silence', families: ['silence'] },
} as const satisfies Record<string, { label: string; families: readonly string[] }>;

export type DetectorName = keyof typeof detectors;

/** Every name that a manifest may use. */
export const detectorNames = Object.keys(detectors) as readonly DetectorName[];

/** The detector behind a crash; `null` for reports that no detector is known for. */
export function detectorOf({ family }: Pick<CrashRecord, 'family'>): DetectorName | null {
  const found = detectorNames.find((name) => {
    const families: readonly string[] = detectors[name].families;
    return family !== undefined && families.includes(family);
  });
  return found ?? null;
}

/** How tables call a detector. */
export function detectorLabel(name: DetectorName | null): string {
  return name === null ? 'the console' : detectors[name].label;
}
