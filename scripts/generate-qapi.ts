// SPDX-License-Identifier: Apache-2.0
// Writes lab/packages/qemu-ipc/src/qapi.gen.ts from the QAPI schema of a QEMU source tree and our device's part of it.
//   npx tsx scripts/generate-qapi.ts --qemu-src DIR [--check] [--python 'CMD ARG…']

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const repository = fileURLToPath(new URL('..', import.meta.url));
const backend = join(repository, 'scripts/generate-qapi-types/backend.py');
const deviceSchema = join(repository, 'qemu-device/qapi/ferronic.json');
const target = join(repository, 'lab/packages/qemu-ipc/src/qapi.gen.ts');

interface Source {
  /** A QEMU source tree; our device may be installed in it or not. */
  readonly qemuSrc: string;
  /** How to call Python 3, as an argument vector. */
  readonly python: readonly string[];
}

/** The text of qapi.gen.ts; throws with Python's own words when the schema is not accepted. */
export function generateQapiTypes({ qemuSrc, python }: Source): string {
  const work = mkdtempSync(join(tmpdir(), 'ferrolab-qapi-'));
  try {
    const schema = assembleSchema(resolve(qemuSrc), work);
    const output = join(work, 'qapi.gen.ts');
    const [command, ...prefix] = python;
    if (command === undefined) throw new Error('no Python command given');
    const result = spawnSync(command, [...prefix, backend, schema, output], {
      encoding: 'utf8',
      env: {
        ...process.env,
        PYTHONPATH: join(resolve(qemuSrc), 'scripts'),
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    if (result.error) throw new Error(`cannot run ${command}`, { cause: result.error });
    if (result.status !== 0) throw new Error(`the QAPI schema was refused:\n${result.stderr}`);
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Copies the schema and adds the device's part unless it is installed there; returns the main file. */
function assembleSchema(qemuSrc: string, work: string): string {
  const original = join(qemuSrc, 'qapi');
  if (!existsSync(join(original, 'qapi-schema.json'))) {
    throw new Error(`${qemuSrc} is not a QEMU source tree: it has no qapi/qapi-schema.json`);
  }
  const copy = join(work, 'qapi');
  cpSync(original, copy, { recursive: true });
  const main = join(copy, 'qapi-schema.json');
  cpSync(deviceSchema, join(copy, 'ferronic.json'));
  if (!readFileSync(main, 'utf8').includes("'ferronic.json'")) {
    appendFileSync(main, "{ 'include': 'ferronic.json' }\n");
  }
  return main;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      'qemu-src': { type: 'string' },
      check: { type: 'boolean', default: false },
      python: { type: 'string', default: 'python3' },
    },
  });
  const qemuSrc = values['qemu-src'];
  if (qemuSrc === undefined) {
    console.error('usage: generate-qapi.ts --qemu-src DIR [--check] [--python CMD]');
    return 2;
  }
  const text = generateQapiTypes({ qemuSrc, python: values.python.split(' ') });
  if (!values.check) {
    writeFileSync(target, text);
    return 0;
  }
  if (existsSync(target) && readFileSync(target, 'utf8') === text) return 0;
  console.error(
    `qapi.gen.ts is stale: run npx tsx scripts/generate-qapi.ts --qemu-src ${qemuSrc} and commit it`,
  );
  return 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main();
