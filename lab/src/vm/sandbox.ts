// SPDX-License-Identifier: Apache-2.0

/** A file or folder of the host, and where a sandboxed program finds it: below `/mnt`. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly access: 'read' | 'write';
}

/** What a sandboxed program may see of the host; everything else does not exist for it. */
export interface SandboxSpec {
  /** A Debian tree on the host; becomes `/`, read-only. */
  readonly root: string;
  readonly mounts: readonly Mount[];
  readonly kvm: boolean;
}

/** A command line: the program and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** Line that a sandboxed program's starter prints, and the answer without which it starts nothing. */
export const handshake = { ready: 'ready', go: 'go' } as const;

/**
 * Waits for the lab's answer before it becomes the program. A lab that was killed in the meantime never answers, so
 * nothing is started; one that is killed later takes the sandbox with it, because by then both of the death signals
 * below are armed. bubblewrap's own `--die-with-parent` arms them too late for that.
 */
const starter = `echo ${handshake.ready}; read -r answer && exec "$@" </dev/null >/dev/null`;
const dieWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/**
 * Runs `command` without network, in namespaces of its own, as process 1 of them: when that dies, the kernel leaves
 * nothing of the rest. Pure.
 */
export function sandboxed(spec: SandboxSpec, command: readonly string[]): CommandLine {
  const inside = [...dieWithParent, 'sh', '-c', starter, 'sh', ...command];
  return [
    ...dieWithParent,
    ...ownProcesses(),
    'bwrap',
    ...bubblewrapArguments(spec),
    '--',
    ...inside,
  ];
}

/**
 * bubblewrap forks, and its child waits for a word of its parent before it arms a death signal: a lab killed in
 * between left that child behind, idle, for ever. In a process namespace around both it ends with the parent.
 * An ordinary user needs a user namespace to make one; bubblewrap's own nests in it.
 */
function ownProcesses(): readonly string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user'];
  // bubblewrap 0.12 looks its child up in /proc, which must therefore show the new namespace.
  return ['unshare', ...user, '--pid', '--mount-proc', '--fork', '--kill-child=KILL', '--'];
}

function bubblewrapArguments(spec: SandboxSpec): readonly string[] {
  return [
    ...['--ro-bind', spec.root, '/'],
    ...['--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp', '--tmpfs', '/mnt'],
    ...(spec.kvm ? ['--dev-bind', '/dev/kvm', '/dev/kvm'] : []),
    ...spec.mounts.flatMap(mountArguments),
    // A user namespace also when the lab runs as root: root in it is nobody outside.
    ...['--unshare-user-try', '--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...['--cap-drop', 'ALL', '--as-pid-1', '--die-with-parent'],
    ...['--clearenv', '--setenv', 'PATH', '/usr/sbin:/usr/bin:/sbin:/bin', '--chdir', '/'],
  ];
}

function mountArguments(mount: Mount): readonly string[] {
  return [mount.access === 'write' ? '--bind' : '--ro-bind', mount.source, mount.target];
}
