// SPDX-License-Identifier: Apache-2.0

/** Where the kernel has put the code of a module: address (0x…) by section. */
export type ModuleSections = Readonly<Record<string, string>>;

/** Shell command that prints where the code of a loaded module lies; nothing for a driver that is part of the kernel. */
export function sectionsCommand(module: string): string {
  return `cd /sys/module/${module}/sections 2>/dev/null && grep -H . .*text*; true`;
}

/** Reads what `sectionsCommand` prints. */
export function parseSections(output: string): ModuleSections {
  const lines = [...output.matchAll(/^(\.\S+):(0x[0-9a-f]+)$/gm)];
  return Object.fromEntries(lines.map(([, section, address]) => [section, address]));
}
