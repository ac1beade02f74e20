// SPDX-License-Identifier: Apache-2.0

const groups = new Set<number>();
let installed = false;

/**
 * Kills the process group with SIGKILL when this process exits by itself, also by process.exit() in the middle of
 * something. When this process is killed instead, the sandbox's `--die-with-parent` does the work.
 */
export function killGroupOnExit(leader: number): Disposable {
  if (!installed) {
    installed = true;
    process.on('exit', () => {
      for (const group of groups) signalGroup(group, 'SIGKILL');
    });
  }
  groups.add(leader);
  return { [Symbol.dispose]: () => void groups.delete(leader) };
}

/** Sends a signal to every process of the group; a group that is gone is no error. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
