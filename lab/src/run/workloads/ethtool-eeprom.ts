// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { runScript } from './guest-script.ts';
import type { StepContext } from './step-context.ts';

/**
 * Pieces of the EEPROM are read and written, at odd offsets, of odd lengths, up to its end and past it. A
 * piece that is there must not be refused as if it were not.
 */
export interface EthtoolEeprom {
  readonly step: 'ethtool-eeprom';
  readonly pieces: readonly { readonly offset: number; readonly length: number }[];
}

/** The core refuses what lies past the end; pieces are drawn wider than any EEPROM here. */
const widest = 4_096;

export function drawEthtoolEeprom(random: SeededRandom): EthtoolEeprom {
  const pieces = Array.from({ length: 8 }, () => {
    const short = random.chance(0.7);
    const offset = random.int(0, short ? 127 : widest - 1);
    return { offset, length: random.int(1, short ? 128 : widest) };
  });
  return { step: 'ethtool-eeprom', pieces };
}

export async function ethtoolEeprom(
  { pieces }: EthtoolEeprom,
  context: StepContext,
): Promise<void> {
  await runScript(
    context,
    'reading and writing the EEPROM',
    `case $(ethtool -e $near length 1 2>&1) in *'not supported'*) missing 'ethtool -e' ;; esac
id=$(cat /sys/class/net/$near/device/device) vendor=$(cat /sys/class/net/$near/device/vendor)
size=$(ethtool -e $near raw on 2>/dev/null | wc -c)
refused() {
	case $2 in *'nvalid argument'*) wrong "ethtool $1 of $m refuses a piece that is there | $2" ;; esac
}
piece() { # OFFSET LENGTH
	got=$(ethtool -e $near offset $1 length $2 2>&1 >/dev/null)
	put=$(head -c $2 /dev/zero | ethtool -E $near magic \${id}\${vendor#0x} offset $1 length $2 2>&1)
	[ $(($1 + $2)) -gt $size ] || { refused -e "$got"; refused -E "$put"; }
}
${pieces.map(({ offset, length }) => `piece ${offset} ${length}`).join('\n')}
ethtool -e $near >/dev/null`,
  );
}
