// SPDX-License-Identifier: Apache-2.0

/** Variants of one function that count as one in a title. */
const buckets: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^smp_call_function_\w+$/, 'smp_call_function'],
  [/^synchronize_rcu_expedited\w*$/, 'synchronize_rcu'],
  [
    /^(?:__(?:x64|ia32|arm64|arm|s390x?|riscv|powerpc|mips|loongarch|se|do)_)+(?:compat_)?sys_/,
    'sys_',
  ],
  [/^(?:compat_)?(?:SyS|SYSC)_/, ''],
];

/** The name under which a function stands in a title: `__x64_sys_rmdir` is `sys_rmdir`. */
export function bucketOf(name: string): string {
  for (const [pattern, replacement] of buckets) {
    if (pattern.test(name)) return name.replace(pattern, replacement);
  }
  return name;
}
