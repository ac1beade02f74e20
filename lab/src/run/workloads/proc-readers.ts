// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import { findProcFiles } from './proc-files.ts';
import type { StepContext } from './step-context.ts';

/**
 * Several readers of the driver's files in /proc, whole and byte by byte, under traffic. The interface
 * has an alias then, which is any text a user likes.
 */
export interface ProcReaders {
  readonly step: 'proc-readers';
  readonly readers: number;
  readonly times: number;
  readonly alias: string;
}

/** No single quotes: it is quoted by them. */
const aliases = ['uplink', '%s%s%s%s', '%n%n', '%p %x %d', '100% of it', '%1000000d'] as const;

export function drawProcReaders(random: SeededRandom): ProcReaders {
  return {
    step: 'proc-readers',
    readers: random.int(2, 4),
    times: random.int(5, 20),
    alias: random.pick(aliases),
  };
}

export async function procReaders(
  { readers, times, alias }: ProcReaders,
  context: StepContext,
): Promise<void> {
  // The shell's own read takes a byte at a time.
  await runScript(
    context,
    'reading /proc',
    `${findProcFiles(context.driver)}
printf %s '${alias}' >/sys/class/net/$near/ifalias || exit 1
for f in $files; do
	said=$(grep '^Alias: ' $f)
	[ -z "$said" ] || [ "$said" = 'Alias: ${alias}' ] || wrong "/proc of $m does not show the alias as it is | $said"
done
reader() {
	i=0; while [ $i -lt ${times} ]; do
		for f in $files; do
			[ $((i % 4)) != 0 ] || cat $f >/dev/null
			while read -r line; do :; done <$f
		done
		i=$((i + 1))
	done
}
noise 20
r=0 all=; while [ $r -lt ${readers} ]; do reader & all="$all $!"; r=$((r + 1)); done
wait $all
quiet
echo >/sys/class/net/$near/ifalias`,
  );
}
