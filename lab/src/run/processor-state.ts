// SPDX-License-Identifier: Apache-2.0
import type { Wait } from 'qemu-ipc/wait';
import type { RunningVm } from '../vm/launch.ts';

/** What QEMU knows of each processor and its local APIC: whether a stalled one waits for a timer that is not set. */
export async function processorState(vm: RunningVm, cpus: number, wait: Wait): Promise<string> {
  const parts: string[] = [];
  for (let cpu = 0; cpu < cpus; cpu += 1) {
    for (const command of [`info lapic ${cpu}`, 'info registers']) {
      const args = { 'command-line': command, 'cpu-index': cpu };
      const text = await vm.qmp.execute('human-monitor-command', args, wait);
      parts.push(`processor ${cpu}: ${command}\n${text.replaceAll('\r', '')}`);
    }
  }
  return `${parts.join('\n')}\n`;
}
