// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sql } from 'kysely';
import { LabError } from '../../lab/src/errors.ts';
import { openPostgres } from '../../lab/src/store/postgres-database.ts';
import { ResultStore } from '../../lab/src/store/result-store.ts';
import { type StateDirectory, stateDirectory } from '../../lab/src/store/state-directory.ts';
import { startFerrolab } from '../support/ferrolab.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { campaign, verdict } from '../support/results.ts';
import { dump, startMs } from '../support/store-databases.ts';

const password = 'open sesame';

describe('the PostgreSQL of a fleet', () => {
  let server: PostgresServer;
  let root: string;

  before(async function () {
    this.timeout(startMs);
    server = await startPostgres();
    root = await mkdtemp(join(tmpdir(), 'ferrolab-fleet-'));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  });

  /** The state of one machine of the fleet. */
  function machine(name: string, url: string): StateDirectory {
    return stateDirectory({ LAB_STATE_DIR: join(root, name), LAB_DATABASE_URL: url });
  }

  /** What opening the results at this address fails with. */
  async function refusal(url: string): Promise<LabError> {
    const error = await ResultStore.open(machine('refused', url)).catch(
      (caught: unknown) => caught,
    );
    if (error instanceof LabError) return error;
    throw new Error('it was opened');
  }

  it('takes the verdicts of several machines at once, made by the first that comes', async () => {
    const url = await server.newDatabase();
    const stores = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => ResultStore.open(machine(name, url))),
    );
    const work = stores.flatMap((store, host) =>
      Array.from({ length: 10 }, async (_, cycle) => {
        await store.recordCampaign(campaign('campaign-1'));
        // One run is known to all of them.
        const runId = cycle === 0 ? 'shared' : `run-${host}-${cycle}`;
        return await store.record(verdict(runId, { cycle, host: `lab-${host}` }));
      }),
    );
    const recorded = await Promise.all(work);
    expect(recorded.filter((isNew) => isNew)).to.have.length(37);
    for (const store of stores) await store[Symbol.asyncDispose]();
    const { runs, crashes } = await dump(machine('a', url));
    expect(runs).to.have.length(37);
    expect(crashes).to.have.length(74);
  });

  it('keeps the rows of the other machines when one rebuilds', async () => {
    const url = await server.newDatabase();
    await using store = await ResultStore.open(machine('other', url));
    await store.record(verdict('of-another', { host: 'lab-2' }));
    const env = { LAB_STATE_DIR: join(root, 'rebuilding'), LAB_DATABASE_URL: url };
    const { exitCode, stderr } = await startFerrolab(['store', 'rebuild'], { env });
    expect(stderr).to.equal('');
    expect(exitCode).to.equal(0);
    expect((await dump(machine('a', url))).runs).to.have.length(1);
  }).timeout(60_000);

  it('that is not there is told of, without the password', async () => {
    const error = await refusal(
      `postgres://lab:${encodeURIComponent(password)}@127.0.0.1:1/results`,
    );
    expect(error).to.include({ code: 'DATABASE_UNREACHABLE', exitStatus: 3 });
    expect(error.message).to.match(/results of lab at 127\.0\.0\.1:1.*ECONNREFUSED/);
    expect(error.remedy).to.include('LAB_DATABASE_URL');
  });

  it('that lets nobody in is told of, without the password', async () => {
    const error = await refusal(server.url('postgres', password));
    expect(error).to.include({ code: 'DATABASE_UNREACHABLE', exitStatus: 3 });
    expect(error.message).to.include('password authentication failed');
    const env = {
      LAB_STATE_DIR: join(root, 'refused'),
      LAB_DATABASE_URL: server.url('postgres', password),
    };
    const told = await startFerrolab(['store', 'rebuild'], { env });
    expect(told.exitCode).to.equal(3);
    expect(told.stderr + told.stdout).not.to.match(/sesame/);
  }).timeout(60_000);

  it('without such a database is told of', async () => {
    const error = await refusal(server.url('nowhere'));
    expect(error.message).to.match(/database "nowhere" does not exist/);
  });

  it('is not guessed from an address of something else, which is not shown', async () => {
    for (const url of [`mysql://lab:${password}@host/x`, `postgres://lab:${password}@[::/x`]) {
      const error = await refusal(url);
      expect(error).to.include({ code: 'BAD_DATABASE_URL', exitStatus: 2 });
      expect(String(error) + error.remedy).not.to.include('sesame');
    }
  });

  it('that never answers is given up', async () => {
    const silent: Server = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const opening = openPostgres(`postgres://lab@127.0.0.1:${port}/x`, { patienceMs: 300 });
    const error = await opening.catch((caught: unknown) => caught);
    silent.close();
    expect(error).to.include({ code: 'DATABASE_UNREACHABLE', exitStatus: 3 });
  });

  it('is used again when it has dropped all connections', async () => {
    const url = await server.newDatabase();
    await using store = await ResultStore.open(machine('dropped', url));
    await store.record(verdict('r1'));
    await using admin = await openPostgres(server.url('postgres'));
    const name = new URL(url.replace('@/', '@host/')).pathname.slice(1);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(
      admin,
    );
    // The first may still be sent to a connection whose end is not known here yet.
    const recorded = await store.record(verdict('r2')).catch(() => store.record(verdict('r2')));
    expect(recorded).to.equal(true);
  });

  it('that ends in the middle of a soak is told of', async () => {
    const own = await startPostgres();
    const state = machine('cut off', await own.newDatabase());
    const store = await ResultStore.open(state);
    await store.record(verdict('r1'));
    const cut = store.atomically(async (within) => {
      await within.record(verdict('r2'));
      await own[Symbol.asyncDispose]();
      await within.record(verdict('r3'));
    });
    const during: unknown = await cut.catch((caught: unknown) => caught);
    expect(during).to.include({ code: 'DATABASE_UNREACHABLE', exitStatus: 3 });
    const later: unknown = await store.record(verdict('r4')).catch((caught: unknown) => caught);
    expect(later).to.include({ code: 'DATABASE_UNREACHABLE' });
    await store[Symbol.asyncDispose]();
  }).timeout(30_000);
});
