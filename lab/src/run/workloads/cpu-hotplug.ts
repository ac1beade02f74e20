// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** Processors are taken off and put back under traffic, with the interrupts and timers that they had. */
export interface CpuHotplug {
  readonly step: 'cpu-hotplug';
  readonly times: number;
  /** How long they are away, in milliseconds. */
  readonly awayMs: number;
}

export function drawCpuHotplug(random: SeededRandom): CpuHotplug {
  return { step: 'cpu-hotplug', times: random.int(1, 6), awayMs: random.int(0, 300) };
}

export async function cpuHotplug(
  { times, awayMs }: CpuHotplug,
  context: StepContext,
): Promise<void> {
  // The first one stays: it is asked for its file.
  await runScript(
    context,
    'taking processors off and putting them back',
    `cpus=
for c in /sys/devices/system/cpu/cpu[0-9]*/online; do [ ! -e $c ] || cpus="$cpus $c"; done
[ -n "$cpus" ] || missing 'processor that can be taken off'
switch() { # 0|1
	for c in $cpus; do
		said=$( { echo $1 >$c; } 2>&1) || { echo "$c $1: $said" >&2; back; quiet; exit 1; }
	done
}
back() { for c in $cpus; do echo 1 >$c; done 2>/dev/null; }
noise 30
i=0; while [ $i -lt ${times} ]; do
	switch 0
	sleep ${(awayMs / 1_000).toFixed(3)}
	switch 1
	i=$((i + 1))
done
quiet`,
  );
  await context.driver.provesTraffic();
}
