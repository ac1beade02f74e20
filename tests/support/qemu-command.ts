// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { inToolchain } from '../../lab/src/artifacts/toolchain-sandbox.ts';
import { labArtifacts } from './lab-artifacts.ts';

/** Command line that runs `argv` where our QEMU lies in /lab/qemu. */
export async function besideQemu(...argv: readonly string[]): Promise<[string, ...string[]]> {
  return await besideBuildOfQemu('qemu', argv);
}

/** The same with another build of it, by the name of its artifact. */
export async function besideBuildOfQemu(
  artifact: 'qemu' | 'qemu-sanitized',
  argv: readonly string[],
): Promise<[string, ...string[]]> {
  const dir = await labArtifacts('toolchain', artifact);
  const [command = 'bwrap', ...rest] = inToolchain(
    { tree: join(dir('toolchain'), 'tree'), mounts: [{ host: dir(artifact), at: '/lab/qemu' }] },
    argv,
  );
  return [command, ...rest];
}
