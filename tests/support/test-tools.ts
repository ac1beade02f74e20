// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { labArtifacts } from './lab-artifacts.ts';

/** Who a program of the tree runs as, in a user namespace of its own. */
export const users = { root: 0, tester: 1000 } as const;

export interface ToolOptions {
  /** The tree's folder; becomes `/`, read-only. */
  readonly tree: string;
  readonly user: keyof typeof users;
  /** Folders of the host that are seen at the same place, writable. */
  readonly folders: readonly string[];
}

/** The tree with PostgreSQL and Chromium, built first if the cache lacks it (minutes). */
export async function testToolsTree(): Promise<string> {
  const artifact = await labArtifacts('test-tools');
  return join(artifact('test-tools'), 'tree');
}

/** Command line that runs `argv` in the tree, without network; what it starts dies with whoever runs it. */
export function inTestTools(options: ToolOptions, argv: readonly string[]): readonly string[] {
  const id = String(users[options.user]);
  return [
    ...['setpriv', '--pdeathsig', 'KILL', '--', 'bwrap', '--die-with-parent'],
    ...['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-net'],
    ...['--unshare-user', '--uid', id, '--gid', id],
    ...['--ro-bind', options.tree, '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
    ...options.folders.flatMap((folder) => ['--bind', folder, folder]),
    ...['--clearenv', '--setenv', 'PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
    ...['--setenv', 'HOME', '/tmp', '--setenv', 'LC_ALL', 'C.UTF-8', '--chdir', '/tmp', '--'],
    ...argv,
  ];
}
