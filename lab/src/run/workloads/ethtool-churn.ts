// SPDX-License-Identifier: Apache-2.0
import type { EthtoolFeature } from '../../config/define-lab.ts';
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/** Everything that ethtool reads and most of what it sets, from two processes, under traffic. */
export interface EthtoolChurn {
  readonly step: 'ethtool-churn';
  readonly times: number;
  readonly usecs: number;
  readonly pairs: number;
}

export function drawEthtoolChurn(random: SeededRandom): EthtoolChurn {
  return {
    step: 'ethtool-churn',
    times: random.int(1, 4),
    usecs: random.int(0, 100),
    pairs: random.int(1, 2),
  };
}

export async function ethtoolChurn(
  { times, usecs, pairs }: EthtoolChurn,
  context: StepContext,
): Promise<void> {
  const { lacks = [] } = context.driver.traits;
  const has = (feature: EthtoolFeature) => !lacks.includes(feature);
  const channels = has('channels');
  const rss = has('rss');
  const read = `-i -S -g -c${channels ? ' -l' : ''}${rss ? ' -x' : ''} -k`;
  const set = [
    `must 'ethtool -C' ethtool -C $near rx-usecs $((${usecs} + i))${has('tx-usecs') ? ` tx-usecs $((${usecs} + i))` : ''}`,
    ...(rss ? ["must 'ethtool -X' ethtool -X $near default"] : []),
    ...(channels ? [`must 'ethtool -L' resize_pairs $((1 + (${pairs} + i) % 2))`] : []),
    ...(rss ? [`must 'ethtool -X' ethtool -X $near equal $((1 + (${pairs} + i) % 2))`] : []),
    "must 'ethtool -K' ethtool -K $near rx off tso off",
    "must 'ethtool -K' ethtool -K $near rx on tso on",
  ];
  await runScript(
    context,
    'using ethtool',
    `for o in ${read}; do must "ethtool $o" ethtool $o $near; done
read_all() {
	i=0; while [ $i -lt ${times} ]; do
		for o in ${read}; do ethtool $o $near >/dev/null 2>&1; done
		i=$((i + 1))
	done
}
# Asking for the number that there is fails, and is no mistake.
resize_pairs() {
	said=$(ethtool -L $near combined $1 2>&1) && return
	case $said in *unmodified*|*'no channel parameters changed'*) return ;; esac
	echo "$said"; return 1
}
noise 20
read_all & reader=$!
i=0; while [ $i -lt ${times} ]; do
${set.map((line) => `\t${line}`).join('\n')}
	i=$((i + 1))
done
wait $reader
quiet`,
  );
  await context.driver.provesTraffic();
}
