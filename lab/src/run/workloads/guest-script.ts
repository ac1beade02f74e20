// SPDX-License-Identifier: Apache-2.0

import { lastLine } from '../guest.ts';
import { ownAddress, peerAddress } from '../guest-driver.ts';
import { WorkloadEnded } from '../workload-end.ts';
import type { StepContext } from './step-context.ts';

/**
 * What scripts may use. `m` is the module, `p` its folder in sysfs, `near` the interface on this
 * side of the link. `missing WHAT`: the driver, the device or the kernel cannot do what the step is
 * for. `wrong TITLE | DETAIL`: the driver does not do what it must. Builtins where there is one: a
 * process costs an emulated guest some ten milliseconds.
 */
function prelude({ driver, payloadBytes }: StepContext): string {
  return `
m=${driver.module} p=/sys/bus/pci/drivers/${driver.module} near=
for l in $p/*/net/*; do [ ! -e $l ] || near=\${l##*/}; done
noise_near= noise_far=
noise() { # SECONDS
	ping -q -f -w $1 -s ${payloadBytes} ${peerAddress} >/dev/null 2>&1 & noise_near=$!
	ip netns exec peer ping -q -f -w $1 -s ${payloadBytes} ${ownAddress} >/dev/null 2>&1 & noise_far=$!
}
quiet() { kill $noise_near $noise_far 2>/dev/null; wait; }
missing() { echo "lab-step: missing $*"; quiet; exit 1; }
wrong() { echo "lab-step: wrong $*"; quiet; exit 1; }
# Runs a command that has to work; a guest that is out of memory is no proof against the driver.
must() { # WHAT COMMAND...
	what=$1; shift
	said=$("$@" 2>&1) && return
	case $said in
	*'not supported'*) missing "$what" ;;
	*'annot allocate memory'*) echo "$what: $said" >&2; quiet; exit 1 ;;
	*) wrong "$what of $m fails | $said" ;;
	esac
}
# What is built into the kernel has no module after its name, and begins with it.
has_function() { grep -q -e "$1.*\\[$m\\]" -e " $m[^ ]*$1[^ ]*$" /proc/kallsyms; }
`;
}

const needsInterface = '[ -n "$near" ] || { echo "$m has no interface here" >&2; exit 1; }\n';

/** Runs the script of a step in the guest, and returns what it printed. */
export async function runScript(
  context: StepContext,
  doing: string,
  script: string,
  needs: 'an interface' | 'no interface' = 'an interface',
): Promise<string> {
  const ground = needs === 'an interface' ? needsInterface : '';
  const end = await context.guest.attempt(doing, `${prelude(context)}${ground}${script}`);
  const missing = /^lab-step: missing (.*)$/m.exec(end.stdout)?.[1];
  if (missing !== undefined) {
    throw unsupported(doing, missing);
  }
  const wrong = /^lab-step: wrong (.*)$/m.exec(end.stdout)?.[1];
  if (wrong !== undefined) {
    const [title = wrong, detail = ''] = wrong.split(' | ', 2);
    throw new WorkloadEnded({ kind: 'wrong', title, detail });
  }
  if (!end.ok) {
    throw new WorkloadEnded({ kind: 'refused', doing, said: lastLine(end) });
  }
  return end.stdout;
}

/** A step that cannot be done here proves nothing, and must not pass for a step that was survived. */
export function unsupported(doing: string, what: string): WorkloadEnded {
  return new WorkloadEnded({ kind: 'refused', doing, said: `there is no ${what} here` });
}
