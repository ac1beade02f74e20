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

/**
 * Whether a processor sleeps with an interrupt in service, by what `processorState` says. Linux ends each one before it
 * does anything else with it (DEFINE_IDTENTRY_SYSVEC, handle_edge_irq), so an emulated machine has lost the end; and
 * nothing of that priority or less comes through any more, as timers.
 */
export function sleepsInInterrupt(state: string): boolean {
  const inService = new Set<string>();
  const halted = new Set<string>();
  for (const part of state.split(/^processor /m)) {
    const [, cpu] = /^(\d+): info/.exec(part) ?? [];
    if (cpu === undefined) continue;
    if (/^ISR\t \d/m.test(part)) inService.add(cpu);
    if (/\bHLT=1\b/.test(part)) halted.add(cpu);
  }
  return [...inService].some((cpu) => halted.has(cpu));
}
