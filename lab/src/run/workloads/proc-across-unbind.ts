// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import { findProcFiles } from './proc-files.ts';
import type { StepContext } from './step-context.ts';

/** A file in /proc is open, and being read, while the driver is taken off its device. */
export interface ProcAcrossUnbind {
  readonly step: 'proc-across-unbind';
  readonly device: number;
  readonly readers: number;
}

export function drawProcAcrossUnbind(random: SeededRandom): ProcAcrossUnbind {
  return { step: 'proc-across-unbind', device: random.int(0, 1), readers: random.int(1, 3) };
}

export async function procAcrossUnbind(
  { device, readers }: ProcAcrossUnbind,
  context: StepContext,
): Promise<void> {
  const { driver } = context;
  // Whether a read after the removal fails or ends is the driver's business; that it ends is not.
  await runScript(
    context,
    'reading /proc while the driver is unbound',
    `${findProcFiles(context.driver)}
d=${driver.device(device)}
for f in $files; do case $f in *$d*) file=$f ;; esac; done
[ -n "$file" ] || missing "file of $d in /proc"
reader() { while [ ! -e /run/lab-step-done ]; do while read -r line; do :; done <$file; done 2>/dev/null; }
rm -f /run/lab-step-done
exec 3<$file
read -r line <&3
r=0 all=; while [ $r -lt ${readers} ]; do reader & all="$all $!"; r=$((r + 1)); done
sleep 0.05
echo $d >$p/unbind
read -r line <&3
cat <&3 >/dev/null 2>&1
exec 3<&-
: >/run/lab-step-done
wait $all
true`,
  );
  await driver.restore();
}
