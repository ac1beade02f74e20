// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { sleep, type Wait } from 'qemu-ipc/wait';
import { LabFailure } from '../errors.ts';

const pollMs = 50;

/**
 * Takes a lock that many may share, waiting for one who has it alone. The lock is SQLite's own on an empty database:
 * the kernel drops it when its holder dies, however it dies.
 */
export async function lockShared(path: string, wait: Wait): Promise<Disposable> {
  for (;;) {
    const lock = take(path, 'BEGIN; SELECT count(*) FROM sqlite_master');
    if (lock !== undefined) return lock;
    if (wait.deadline.remainingMs() < pollMs) {
      throw new LabFailure('STATE_LOCKED', `${dirname(path)} is being rebuilt`, {
        remedy: 'Try again when that has ended.',
      });
    }
    await sleep(pollMs, wait);
  }
}

/** Takes a lock that nobody may share; LabFailure when somebody has it, as `holders` (words) says. */
export function lockAlone(path: string, holders: string): Disposable {
  const lock = take(path, 'BEGIN EXCLUSIVE');
  if (lock !== undefined) return lock;
  throw new LabFailure('STATE_IN_USE', `${dirname(path)} is in use: ${holders}`, {
    remedy: 'Wait until it has ended, or end it with Ctrl-C; then give the same command again.',
  });
}

/** undefined when somebody else has it. */
function take(path: string, statements: string): Disposable | undefined {
  const holder = openLock(path);
  try {
    holder.exec(statements);
    return { [Symbol.dispose]: () => void holder.close() };
  } catch (error) {
    holder.close();
    if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') return undefined;
    throw unusable(path, error);
  }
}

function openLock(path: string): Sqlite.Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return new Sqlite(path, { timeout: 0 });
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): LabFailure {
  return new LabFailure('DATABASE_UNUSABLE', `the lock ${path} cannot be taken`, {
    remedy: 'Check the folder and its free space, or choose another with LAB_STATE_DIR.',
    cause,
  });
}
