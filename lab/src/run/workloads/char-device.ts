// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { findCharDevices } from './char-files.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** Several processes open the character device, write, read back, duplicate the file and close it. */
export interface CharDevice {
  readonly step: 'char-device';
  readonly users: number;
  readonly times: number;
  readonly bytes: number;
}

export function drawCharDevice(random: SeededRandom): CharDevice {
  return {
    step: 'char-device',
    users: random.int(1, 4),
    times: random.int(2, 10),
    bytes: random.int(1, 4_096),
  };
}

export async function charDevice(
  { users, times, bytes }: CharDevice,
  context: StepContext,
): Promise<void> {
  // All write the same at the same place, so that it must come back whoever wrote last.
  await runScript(
    context,
    'using the character device',
    `${findCharDevices(context.driver)}
head -c ${bytes} /dev/urandom >/run/lab-char
user() { # NUMBER
	i=0; while [ $i -lt ${times} ]; do
		for c in $nodes; do
			exec 3<>$c || continue
			exec 4<&3
			if cat /run/lab-char >&3; then
				exec 5<$c && head -c ${bytes} <&5 >/run/lab-char.$1
				exec 5<&-
				[ $(wc -c </run/lab-char.$1) != ${bytes} ] || cmp -s /run/lab-char /run/lab-char.$1 ||
					echo "lab-step: wrong the character device of $m returns other bytes than were written | $c"
			fi
			exec 3>&-
			head -c 64 <&4 >/dev/null
			exec 4<&-
		done
		i=$((i + 1))
	done
} 2>/dev/null
u=0 all=; while [ $u -lt ${users} ]; do user $u & all="$all $!"; u=$((u + 1)); done
wait $all
true`,
  );
}
