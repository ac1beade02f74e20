// SPDX-License-Identifier: Apache-2.0
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { LabFailure, UsageError } from '../errors.ts';
import { migrate } from './migrate.ts';
import type { Database } from './schema.ts';

/** How long a server may take to let us in, in milliseconds. */
const connectMs = 15_000;
/** For one query, in milliseconds: somebody may rebuild in the meantime. */
const answerMs = 5 * 60_000;
const mostConnections = 4;

/** Opens the database of a fleet, made or brought up to date as needed; several labs may do so at once. */
export async function openPostgres(
  url: string,
  { patienceMs = connectMs }: { readonly patienceMs?: number } = {},
): Promise<Kysely<Database>> {
  const place = placeOf(url);
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: explainingPool(poolOf(url, patienceMs), place) }),
  });
  try {
    await migrate(db, 'postgres', place);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** The address without the password. */
function placeOf(url: string): string {
  try {
    if (/^postgres(ql)?:\/\//.test(url)) {
      const { user = '', host, port, database = '' } = new pg.Client({ connectionString: url });
      // A host that is a folder is a socket in it.
      const server = host.startsWith('/') ? host : `${host}:${port}`;
      return `PostgreSQL database ${database} of ${user} at ${server}`;
    }
  } catch {
    // What is wrong with it is not told: the text may hold the password.
  }
  throw new UsageError('BAD_DATABASE_URL', 'LAB_DATABASE_URL is no address of a PostgreSQL', {
    remedy:
      'Give postgres://USER:PASSWORD@HOST/DATABASE, with %-encoding in the password, or unset it to use SQLite.',
  });
}

function poolOf(url: string, patienceMs: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'ferrolab',
    max: mostConnections,
    connectionTimeoutMillis: patienceMs,
    query_timeout: answerMs,
    keepAlive: true,
    types: { getTypeParser },
  });
  // A connection that is lost is told of by the next query; an event nobody hears would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** int8 comes as text; all that the lab stores is exact as a number. */
const int8 = 20;

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

/** The same connections, whose errors say what to do when it is the server that cannot be reached. */
function explainingPool(pool: pg.Pool, place: string): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw explained(error, place);
      });
      let lost = false;
      // Kysely's client can open cursors too, which nobody here asks for.
      return {
        query: async (text: string, values: readonly unknown[]) => {
          try {
            return await client.query(text, [...values]);
          } catch (error) {
            const said = explained(error, place);
            lost ||= said !== error;
            throw said;
          }
        },
        // One that is lost must not be handed out again.
        release: () => client.release(lost),
      } as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

/** SQLSTATE classes and codes: connection, authorization, no such database, resources, operator, system. */
const outOfReach = /^(08|28|3D|53|57P|58|XX)/;

function explained(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  const byServer = error instanceof pg.DatabaseError;
  // What the server refuses for another reason is a mistake of the lab.
  if (byServer && !outOfReach.test(code)) return error;
  return new LabFailure('DATABASE_UNREACHABLE', `${place} does not answer (${reason(error)})`, {
    remedy:
      'Check LAB_DATABASE_URL, and that the server runs and lets this user in. Verdicts are safe in the folders of ' +
      'the runs: the next command with results takes them over. Unset it to go on with SQLite.',
    cause: error,
  });
}

/** Of many addresses each has a reason; the first will do. */
function reason(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : error.message;
}
