// SPDX-License-Identifier: Apache-2.0
import type { GuestDriver } from '../guest-driver.ts';

/** Sets `files` to what the driver has in /proc, by the patterns of its configuration. */
export function findProcFiles(driver: GuestDriver): string {
  return `
files=
for f in ${driver.procFiles.join(' ')}; do [ ! -f $f ] || files="$files $f"; done
[ -n "$files" ] || missing "file of $m in /proc"
`;
}
