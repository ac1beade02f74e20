// SPDX-License-Identifier: Apache-2.0
import type { GuestDriver } from '../guest-driver.ts';

/** Sets `nodes` to the driver's character devices, by the pattern of its configuration. */
export function findCharDevices({ traits }: GuestDriver): string {
  return `
nodes=
for c in ${traits.files?.char ?? ''}; do [ ! -c $c ] || nodes="$nodes $c"; done
[ -n "$nodes" ] || missing "character device of $m"
`;
}
