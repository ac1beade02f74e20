// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import pg from 'pg';
import { inTestTools, testToolsTree } from './test-tools.ts';

/** A PostgreSQL that listens on a Unix socket alone and keeps everything in memory. */
export interface PostgresServer extends AsyncDisposable {
  /** Address of a new, empty database. */
  readonly newDatabase: () => Promise<string>;
  /** Address of a database of this server, there or not. */
  readonly url: (database: string, password?: string) => string;
}

const administrator = 'lab';
const rightPassword = 'correct horse';

/** Makes the cluster and becomes the server. Nothing survives, so nothing needs to be synced. */
const script = `
set -e
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
initdb -D /tmp/data -U ${administrator} --auth=scram-sha-256 --pwfile="$1/password" --no-sync >&2
exec postgres -D /tmp/data -c listen_addresses= -c unix_socket_directories="$1" -c fsync=off
`;

/** Starts a server (about 2 s); dies with this process at the latest. */
export async function startPostgres(): Promise<PostgresServer> {
  const tree = await testToolsTree();
  const folder = await mkdtemp(join(tmpdir(), 'ferrolab-pg-'));
  await writeFile(join(folder, 'password'), `${rightPassword}\n`, { mode: 0o600 });
  const inside = ['sh', '-c', script, 'sh', folder];
  const [command = '', ...args] = inTestTools({ tree, user: 'tester', folders: [folder] }, inside);
  const server = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = async () => {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(server);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (database: string, password = rightPassword) =>
    `postgres://${administrator}:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(folder)}`;
  let databases = 0;
  return {
    url,
    async newDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      try {
        await client.query(`create database ${name}`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    [Symbol.asyncDispose]: stop,
  };
}

type Server = ChildProcessByStdio<null, null, Readable>;

/** Resolves when the server takes connections; rejects with its last words when it ends before. */
async function untilReady(server: Server): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr })) {
    if (line.includes('database system is ready to accept connections')) {
      server.stderr.resume();
      return;
    }
    said.push(line);
  }
  throw new Error(`PostgreSQL did not start:\n${said.slice(-20).join('\n')}`);
}

async function end(server: Server): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
}
