// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of QEMUs whose command line mentions `text` (a run folder, say). */
export function qemuProcesses(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = commandLine(pid);
      return words.some((word) => word.includes('qemu-system')) && words.join(' ').includes(text);
    })
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
