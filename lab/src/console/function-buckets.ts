// SPDX-License-Identifier: Apache-2.0

/** What the macros and layers of system calls put in front of a call's own name, one architecture or the other. */
const callPrefix =
  /^(?:(?:compat_)?SYSC_|(?:compat_)?SyS_|__(?:x64|ia32|arm64)_|__do_sys_|__se_(?:sys_)?|ksys_|_{2,4}sys_|sys_)/;

/** The name under which a function stands in a title: `__x64_sys_rmdir` is `sys_rmdir`, `___sys_sendmsg` is `sendmsg`. */
export function bucketOf(name: string): string {
  return name.replace(callPrefix, '');
}

/** Names under which others may know the function of a title: with all of its prefix, or with a part of it. */
export function otherNamesOf(name: string): readonly string[] {
  return name.startsWith('__se_sys_') ? [name, name.slice('__se_'.length)] : [name];
}
