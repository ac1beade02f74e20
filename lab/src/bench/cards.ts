// SPDX-License-Identifier: Apache-2.0
import { ownDrivers } from '../artifacts/recipes/driver-builds.ts';
import { ferronicTarget } from '../config/ferronic-target.ts';
import { LabFailure } from '../errors.ts';
import type { NicBackend, NicSpec } from '../vm/machine-spec.ts';
import type { MeasuredGuest } from './measured-guest.ts';
import type { Subject } from './subjects.ts';

/** Queues in use. */
export interface Queues {
  readonly rx: number;
  readonly tx: number;
}

/** A card that is up in the guest. */
export interface Card {
  readonly subject: Subject;
  readonly interface: string;
  readonly mac: string;
  readonly queues: Queues;
}

/** Why a subject has no card in this guest. */
export interface MissingCard {
  readonly subject: Subject;
  readonly missing: string;
}

/** The machine's NICs: one a subject, each with the backend that `backend` gives for its address. */
export function nicsFor(
  subjects: readonly Subject[],
  backend: (mac: string) => NicBackend,
): readonly NicSpec[] {
  return subjects.map(({ model }, index) => {
    const mac = `52:54:00:fe:00:${(index + 1).toString(16).padStart(2, '0')}`;
    return { id: `nic${index}`, model, mac, backend: backend(mac) };
  });
}

/** Gives each of our drivers a card of its own, brings all cards up, and puts interrupts where they belong. */
export async function bringUpCards(
  guest: MeasuredGuest,
  subjects: readonly Subject[],
): Promise<readonly (Card | MissingCard)[]> {
  const own = subjects.flatMap(({ own }) => (own === undefined ? [] : [ownDrivers[own].module]));
  await guest.run({
    doing: 'loading the drivers',
    script: loadScript(own),
    longestMs: 60_000,
    ...(own.length > 0 ? { driver: own.join(' and ') } : {}),
  });
  const cards: (Card | MissingCard)[] = [];
  for (const subject of subjects) cards.push(await bringUp(guest, subject));
  return cards;
}

/** Cards are alike, so it does not matter which of them a driver gets. */
function loadScript(modules: readonly string[]): string {
  const [vendor, device] = ferronicTarget.device.pciId.split(':');
  return `
set -- ${modules.join(' ')}
for card in /sys/bus/pci/devices/*; do
	read -r vendor <$card/vendor
	read -r device <$card/device
	[ $vendor$device = 0x${vendor}0x${device} ] && [ $# -gt 0 ] || continue
	echo $1 >$card/driver_override
	shift
done
[ $# -eq 0 ] || fail "no card is left for $*"
for module in ${modules.join(' ')}; do insmod /lib/modules/ferrolab/$module.ko; done
`;
}

/**
 * The vectors of queue n go to CPU n, the first sender's CPU being 0: left alone, the kernel spreads them by what
 * happens to be free, and where they land changes the figures by half.
 */
const bringUpScript = `
pin() {
	for irq in $(vectors_of "$1"); do
		name=$(awk -v irq="$irq:" '$1 == irq { print $NF }' /proc/interrupts)
		case $name in
		"$1") queue=0 ;;
		*[!0-9][0-9]) queue=\${name##*[!0-9]} ;;
		*) queue=0 ;;
		esac
		printf '%x' $((1 << queue % cpus)) >/proc/irq/$irq/smp_affinity
	done
}
`;

async function bringUp(guest: MeasuredGuest, subject: Subject): Promise<Card | MissingCard> {
  const { driver, bus, name, own } = subject;
  const output = await guest.run({
    doing: `bringing ${name} up`,
    script: `${bringUpScript}
[ -d /sys/bus/${bus}/drivers/${driver} ] || { echo absent; exit; }
interface=$(interface_of ${driver})
[ -n "$interface" ] || fail 'the driver has made no interface'
up $interface
pin $interface
echo $interface $(cat /sys/class/net/$interface/address) $(queues $interface rx) $(queues $interface tx)
`,
    longestMs: 60_000,
    ...(own === undefined ? {} : { driver }),
  });
  if (output.trim() === 'absent') return { subject, missing: 'no driver in this kernel' };
  return { subject, ...parseCard(output) };
}

function parseCard(output: string): Omit<Card, 'subject'> {
  const [, link, mac, rx, tx] = /^(\S+) ([0-9a-f:]{17}) (\d+) (\d+)$/m.exec(output) ?? [];
  if (link === undefined || mac === undefined) {
    throw new LabFailure('BENCH_OUTPUT', `the guest described a card as '${output.trim()}'`, {
      remedy: 'Build the guest again: npm run lab:build -- initramfs',
    });
  }
  return { interface: link, mac, queues: { rx: Number(rx), tx: Number(tx) } };
}
