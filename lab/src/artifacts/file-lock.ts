// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Interrupted, LabFailure } from '../errors.ts';

/** A held lock; disposing gives it back. */
export interface FileLock extends AsyncDisposable {
  readonly path: string;
}

/**
 * Takes the lock of `path` (flock), waiting for whoever has it. The kernel drops it when its holder
 * dies, however it dies, so a lock is never stale.
 */
export async function lockFile(
  path: string,
  signal: AbortSignal,
  onWaiting: () => void,
): Promise<FileLock> {
  const lock = await holdLock(path, 'flock -n 9 || { echo waiting; flock 9; }', signal, onWaiting);
  if (lock) return lock;
  if (signal.aborted) throw new Interrupted();
  throw new LabFailure('NO_LOCK', `the lock ${path} could not be taken`, {
    remedy: 'Check that the folder is writable and that the disk is not full.',
  });
}

/** Takes the lock of `path` if nobody has it. */
export async function tryLockFile(path: string): Promise<FileLock | undefined> {
  return await holdLock(path, 'flock -n 9 || exit 1', undefined, () => undefined);
}

async function holdLock(
  path: string,
  take: string,
  signal: AbortSignal | undefined,
  onWaiting: () => void,
): Promise<FileLock | undefined> {
  // The helper holds the lock for as long as its standard input is open.
  const script = `exec 9>>"$1"; ${take}; echo locked; cat >/dev/null`;
  const holder = spawn('bash', ['-c', script, 'lock', path], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Ctrl-C goes to the whole foreground group; the lock must outlive the tidying up.
    detached: true,
  });
  const ended = once(holder, 'exit').catch(() => undefined);
  const giveUp = () => killGroup(holder);
  signal?.addEventListener('abort', giveUp);
  try {
    if (signal?.aborted) giveUp();
    for await (const line of createInterface({ input: holder.stdout })) {
      if (line === 'waiting') onWaiting();
      if (line !== 'locked') continue;
      return {
        path,
        async [Symbol.asyncDispose]() {
          holder.stdin.end();
          await ended;
        },
      };
    }
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  await ended;
  return undefined;
}

/** All of it: a flock that waits would keep our pipe open without its shell. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
