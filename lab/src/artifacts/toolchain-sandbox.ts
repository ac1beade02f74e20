// SPDX-License-Identifier: Apache-2.0

/** A folder or file of the host that the sandbox sees at `at`. */
export interface Mount {
  readonly host: string;
  readonly at: string;
  readonly writable?: boolean;
}

export interface SandboxOptions {
  /** Folder of the toolchain tree, the sandbox's read-only root. */
  readonly tree: string;
  readonly mounts: readonly Mount[];
  /** Only fetching sources needs it. */
  readonly network?: boolean;
  readonly workingDirectory?: string;
}

/**
 * Command line that runs `argv` inside the toolchain tree. Paths in it (/lab/…) are the same on every
 * machine, so they can end up in binaries without making them differ.
 */
export function inToolchain(options: SandboxOptions, argv: readonly string[]): string[] {
  const mounts = options.mounts.flatMap(({ host, at, writable }) => [
    writable ? '--bind' : '--ro-bind',
    host,
    at,
  ]);
  const network = options.network
    ? ['--ro-bind', '/etc/resolv.conf', '/etc/resolv.conf']
    : ['--unshare-net'];
  return [
    ...['bwrap', '--die-with-parent', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    // Inside, files belong to root whoever runs the lab.
    ...['--unshare-user', '--uid', '0', '--gid', '0'],
    ...['--ro-bind', options.tree, '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
    ...['--tmpfs', '/lab', ...mounts, ...network],
    ...[
      '--clearenv',
      '--setenv',
      'PATH',
      '/usr/sbin:/usr/bin:/sbin:/bin',
      '--setenv',
      'HOME',
      '/tmp',
    ],
    ...['--setenv', 'LC_ALL', 'C.UTF-8', '--setenv', 'SOURCE_DATE_EPOCH', '1767225600'],
    ...['--chdir', options.workingDirectory ?? '/lab', '--'],
    ...argv,
  ];
}

/** `env` as arguments of env(1): the sandbox starts with an empty environment. */
export function withEnvironment(
  env: Readonly<Record<string, string>>,
  argv: readonly string[],
): string[] {
  return ['env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv];
}
