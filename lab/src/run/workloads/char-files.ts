// SPDX-License-Identifier: Apache-2.0

/** Sets `nodes` to the driver's character devices. */
export const findCharDevices = `
nodes=
for c in /dev/ferronic*; do [ ! -c $c ] || nodes="$nodes $c"; done
[ -n "$nodes" ] || missing "character device of $m"
`;
