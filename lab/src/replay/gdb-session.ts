// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { Deadline } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { SimRun } from '../run/sim-run.ts';
import type { SimulatedMachine } from '../vm/simulated-machine.ts';
import { openGdbServer, writeGdbScript } from './gdb-script.ts';
import type { Located } from './locate-crash.ts';
import type { Simulation } from './simulation.ts';

const commandMs = 30_000;
const gdbMs = 120_000;

/** Has gdb answer for a machine that stands still; the path of the script that starts the toolchain's. */
export async function offerGdb(
  simulation: Simulation,
  machine: SimulatedMachine,
  loads: SimRun['loads'],
  { crash }: Located,
  signal: AbortSignal,
): Promise<string> {
  const { parts, world } = simulation;
  await openGdbServer(machine.vm.qmp, { signal, deadline: Deadline.after(commandMs) });
  const ko = parts.modules[world.driver.name];
  const sections = loads.at(-1);
  return await writeGdbScript({
    runDir: machine.runDir,
    toolchain: parts.qemu.toolchainRoot,
    vmlinux: parts.vmlinux,
    cpu: crash.cpu ?? 0,
    ...(ko === undefined || sections === undefined ? {} : { module: { ko, sections } }),
  });
}

/** What gdb says of a machine that stands still: where each vCPU is, and how the first came there. */
export async function whereItStands(script: string): Promise<string> {
  // Without it gdb lets the machine go on when it ends.
  const options = { stdin: 'ignore', reject: false, timeout: gdbMs } as const;
  const { stdout, stderr } = await execa(script, ['-batch', '-ex', 'disconnect'], options);
  const from = stdout.indexOf('  Id ');
  if (from < 0) {
    throw new LabFailure('GDB', `gdb does not say where the machine stands: ${stderr.trim()}`, {
      remedy: `Run it by hand while the machine stands still, with --gdb: ${script}`,
    });
  }
  return stdout.slice(from);
}
