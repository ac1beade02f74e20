// SPDX-License-Identifier: Apache-2.0
import { WorkloadEnded } from '../workload-end.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** What the guest says it has counted, each number from two independent places. */
interface Counts {
  /** Of `ethtool -S`. */
  readonly driver: ReadonlyMap<string, number>;
  /** Runs of the device's interrupt handlers, as the kernel counts them. */
  readonly interrupts: number;
  /** Of /sys/class/net. */
  readonly rxPackets: number;
  readonly txPackets: number;
}

const readings = 5;

/** Two numbers that must be the same, unless the driver's may be the larger one. */
interface Pair {
  readonly what: string;
  readonly driver: number;
  readonly other: number;
  readonly mayBeMore?: boolean;
}

/**
 * Compares what the driver has counted since it was bound with what the kernel has, and its counters
 * with each other: one that two contexts write without a lock falls behind.
 */
export async function counters(context: StepContext): Promise<void> {
  const counts = await atRest(context);
  const off = [...againstKernel(counts), ...againstEachOther(counts)].find(isOff);
  if (off !== undefined) {
    throw new WorkloadEnded({
      kind: 'wrong',
      title: `${context.driver.module} miscounts ${off.what}`,
      detail: `${off.driver} by its own account, and there were ${off.other}`,
      detector: 'counters',
    });
  }
}

function isOff({ driver, other, mayBeMore }: Pair): boolean {
  return mayBeMore === true ? driver < other : driver !== other;
}

function againstKernel(counts: Counts): Pair[] {
  return [
    // The kernel runs a handler twice, and counts once, when an interrupt comes while its affinity changes.
    { what: 'interrupts', driver: interruptsOf(counts), other: counts.interrupts, mayBeMore: true },
    { what: 'received packets', driver: counter(counts, 'rx_packets'), other: counts.rxPackets },
    { what: 'sent packets', driver: counter(counts, 'tx_packets'), other: counts.txPackets },
  ];
}

/** What both drivers promise of their counters, as far as they have them. */
function againstEachOther({ driver }: Counts): Pair[] {
  const activity = driver.get('mgmt_activity');
  if (activity === undefined) {
    return [];
  }
  const parts = ['mgmt_interrupts', 'service_runs'].map((name) => driver.get(name) ?? 0);
  const other = parts.reduce((sum, part) => sum + part, 0);
  return [{ what: 'management activity', driver: activity, other }];
}

/** Reads until two readings differ in nothing but what never rests: the service work. */
async function atRest(context: StepContext): Promise<Counts> {
  let last = await read(context);
  for (let reading = 1; reading < readings; reading += 1) {
    await context.guest.rest(200);
    const now = await read(context);
    if (restOf(now) === restOf(last)) {
      return now;
    }
    last = now;
  }
  throw new WorkloadEnded({
    kind: 'refused',
    doing: 'comparing counters',
    said: 'the interface does not come to rest',
  });
}

function restOf(counts: Counts): string {
  return [
    interruptsOf(counts),
    counts.interrupts,
    counts.rxPackets,
    counts.txPackets,
    counter(counts, 'rx_packets'),
    counter(counts, 'tx_packets'),
  ].join(' ');
}

async function read(context: StepContext): Promise<Counts> {
  const text = await runScript(
    context,
    'reading the counters',
    `ethtool -S $near | sed -n 's/^ *\\([^:]*\\): \\([0-9]*\\)$/driver \\1 \\2/p' || exit 1
for i in /sys/class/net/$near/device/msi_irqs/*; do
	grep "^ *\${i##*/}:" /proc/interrupts
done | while read -r _ line; do
	sum=0; for n in $line; do case $n in *[!0-9]*) break ;; esac; sum=$((sum + n)); done
	echo "interrupts $sum"
done
echo "rx $(cat /sys/class/net/$near/statistics/rx_packets)"
echo "tx $(cat /sys/class/net/$near/statistics/tx_packets)"`,
  );
  return parseCounts(text);
}

/** Reads the lines that the guest's script prints. */
export function parseCounts(text: string): Counts {
  const driver = new Map<string, number>();
  let interrupts = 0;
  let rxPackets = 0;
  let txPackets = 0;
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const last = Number(words.at(-1));
    switch (words[0]) {
      case 'driver':
        driver.set(words.slice(1, -1).join(' '), last);
        break;
      case 'interrupts':
        interrupts += last;
        break;
      case 'rx':
        rxPackets = last;
        break;
      case 'tx':
        txPackets = last;
        break;
    }
  }
  return { driver, interrupts, rxPackets, txPackets };
}

/** Runs of the driver's handlers: those of its queues are counted together, or by direction. */
function interruptsOf(counts: Counts): number {
  const queues = counts.driver.has('queue_interrupts')
    ? counter(counts, 'queue_interrupts')
    : counter(counts, 'rx_interrupts') + counter(counts, 'tx_interrupts');
  return queues + counter(counts, 'mgmt_interrupts');
}

function counter({ driver }: Counts, name: string): number {
  const value = driver.get(name);
  if (value === undefined) {
    throw new WorkloadEnded({
      kind: 'refused',
      doing: 'comparing counters',
      said: `ethtool -S has no ${name}`,
    });
  }
  return value;
}
