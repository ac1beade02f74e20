// SPDX-License-Identifier: Apache-2.0
import type { QmpClient } from 'qemu-ipc/qmp-client';
import { Deadline, waitFor } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';
import type { QemuProcess, VmExit } from './qemu-process.ts';

/** How long each way of asking may take, in milliseconds. */
const patience = { quit: 1_500, terminate: 1_000, kill: 5_000 } as const;

/**
 * Ends QEMU: by QMP `quit`, then SIGTERM, then SIGKILL of the process group. Has deadlines of its own, so it works
 * after the caller's has passed or its signal has fired. LabFailure when even SIGKILL does not help.
 */
export async function endQemu(process: QemuProcess, qmp: QmpClient | undefined): Promise<VmExit> {
  if (qmp !== undefined) {
    const asked = await within(patience.quit, process.exited, () => askToQuit(qmp));
    if (asked !== undefined) return asked;
  }
  const terminated = await within(patience.terminate, process.exited, () => {
    process.kill('SIGTERM');
  });
  if (terminated !== undefined) return terminated;
  const killed = await within(patience.kill, process.exited, () => process.kill('SIGKILL'));
  if (killed !== undefined) return killed;
  throw new LabFailure('QEMU_UNKILLABLE', `QEMU (process ${process.pid}) survives SIGKILL`, {
    remedy: `Look at it with \`cat /proc/${process.pid}/stack\`; a restart of the host ends it.`,
  });
}

/** What `exited` gives within the time, after `act`; undefined when it does not. */
async function within(
  ms: number,
  exited: Promise<VmExit>,
  act: () => void,
): Promise<VmExit | undefined> {
  act();
  const wait = { signal: new AbortController().signal, deadline: Deadline.after(ms) };
  return await waitFor(exited, wait, 'QEMU to end').catch(() => undefined);
}

/** The answer does not matter: QEMU ends, or the next step ends it. */
function askToQuit(qmp: QmpClient): void {
  const wait = { signal: new AbortController().signal, deadline: Deadline.after(patience.quit) };
  qmp.execute('quit', {}, wait).catch(() => undefined);
}
