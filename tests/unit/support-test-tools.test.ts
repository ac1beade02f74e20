// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import pg from 'pg';
import { chromiumProgram, launchChromium } from '../support/chromium.ts';
import { startPostgres } from '../support/postgres-server.ts';
import { testToolsTree } from '../support/test-tools.ts';

const page = `<!doctype html><title>t</title><p id="p">before</p>
<script>document.querySelector('#p').textContent = String(6 * 7)</script>`;

describe('the tools of the tests', function () {
  this.timeout(60_000);
  let folder: string;
  let url: string;

  before(async function () {
    // The first time they are built.
    this.timeout(900_000);
    await testToolsTree();
    folder = await mkdtemp(join(tmpdir(), 'ferrolab-tools-'));
    await writeFile(join(folder, 'page.html'), page);
    url = pathToFileURL(join(folder, 'page.html')).href;
  });

  after(() => rm(folder, { recursive: true, force: true }));

  for (const user of ['root', 'tester'] as const) {
    it(`run the scripts of a page in Chromium as ${user}`, async () => {
      await using program = await chromiumProgram([], user);
      const { stdout } = await execa(program.executablePath, ['--headless', '--dump-dom', url]);
      expect(stdout).to.include('<p id="p">42</p>');
    });
  }

  it('let a test look at a page, which does not even reach this machine', async () => {
    await using chromium = await launchChromium();
    const view = await chromium.browser.newPage();
    await view.goto(url);
    expect(await view.locator('#p').textContent()).to.equal('42');
    const server = createServer((_request, response) => response.end(page));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await view.goto(`http://127.0.0.1:${port}/`).catch((caught: unknown) => caught);
    server.close();
    expect(String(error)).to.include('ERR_CONNECTION_REFUSED');
  });

  it('start a PostgreSQL whose databases are new', async () => {
    await using server = await startPostgres();
    const client = new pg.Client({ connectionString: await server.newDatabase() });
    await client.connect();
    const { rows } = await client.query(
      "select count(*)::int as n from pg_tables where schemaname = 'public'",
    );
    await client.end();
    expect(rows).to.deep.equal([{ n: 0 }]);
  });
});
