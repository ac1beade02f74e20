// SPDX-License-Identifier: Apache-2.0
import type { GuestDriver } from '../guest-driver.ts';

/**
 * Sets `files` to what the driver has in /proc/driver, which is what has the address of one of its
 * devices in its path: what the folder above is called depends on who was loaded first.
 */
export function findProcFiles(driver: GuestDriver): string {
  return `
files=$(find /proc/driver -type f | grep -F -e ${driver.device(0)} -e ${driver.device(1)})
[ -n "$files" ] || missing "file of $m in /proc/driver"
`;
}
