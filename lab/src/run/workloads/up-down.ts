// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** The interface goes down and up again under traffic. */
export interface UpDown {
  readonly step: 'up-down';
  readonly times: number;
}

export function drawUpDown(random: SeededRandom): UpDown {
  return { step: 'up-down', times: random.int(3, 20) };
}

export async function upDown({ times }: UpDown, context: StepContext): Promise<void> {
  // Flags: IFF_BROADCAST | IFF_MULTICAST, without and with IFF_UP.
  await runScript(
    context,
    'bringing the interface down and up',
    `noise 10
i=0; while [ $i -lt ${times} ]; do
	echo 0x1002 >/sys/class/net/$near/flags
	said=$( { echo 0x1003 >/sys/class/net/$near/flags; } 2>&1) || case $said in
		*'annot allocate memory'*) echo "$said" >&2; quiet; exit 1 ;;
		*) wrong "the interface of $m does not come up again | $said" ;;
	esac
	i=$((i + 1))
done
quiet`,
  );
  await context.driver.provesTraffic();
}
