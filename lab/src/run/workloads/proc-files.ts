// SPDX-License-Identifier: Apache-2.0

/**
 * Sets `files` to what the driver has in /proc. A driver whose folder was taken by the other one
 * uses a name of its own, which begins the same.
 */
export const findProcFiles = `
files=$(find /proc/driver/$m* -type f 2>/dev/null)
[ -n "$files" ] || missing "file of $m in /proc/driver"
`;
