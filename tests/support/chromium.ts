// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { inTestTools, testToolsTree, type users } from './test-tools.ts';

/** A program that stands for Chromium: for `executablePath` of playwright-core's `chromium.launch`. */
export interface ChromiumProgram extends AsyncDisposable {
  readonly executablePath: string;
}

/** What the browser's own sandbox and its graphics would need is not in ours. */
const always = ['--no-sandbox', '--disable-gpu'];

/**
 * Chromium of the tree for tests. It has no network at all, and sees the temporary folder (where the driver of the
 * browser keeps its profiles) and `folders` of the host. The program is gone when this is disposed.
 */
export async function chromiumProgram(
  folders: readonly string[] = [],
  user: keyof typeof users = 'tester',
): Promise<ChromiumProgram> {
  const tree = await testToolsTree();
  const own = await mkdtemp(join(tmpdir(), 'ferrolab-chromium-'));
  const executablePath = join(own, 'chromium');
  const command = inTestTools({ tree, user, folders: [tmpdir(), ...folders] }, [
    '/usr/bin/chromium',
    ...always,
  ]);
  await writeFile(executablePath, `#!/bin/sh\nexec ${command.map(quoted).join(' ')} "$@"\n`);
  await chmod(executablePath, 0o755);
  return {
    executablePath,
    [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }),
  };
}

/** A browser to look at pages with; `folders` hold those that are not in the temporary folder. */
export async function launchChromium(
  folders: readonly string[] = [],
): Promise<{ readonly browser: Browser } & AsyncDisposable> {
  const program = await chromiumProgram(folders);
  try {
    const browser = await chromium.launch({ executablePath: program.executablePath });
    return {
      browser,
      async [Symbol.asyncDispose]() {
        await browser.close();
        await program[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
