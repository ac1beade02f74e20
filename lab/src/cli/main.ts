// SPDX-License-Identifier: Apache-2.0

import { Command, CommanderError } from 'commander';
import { AbortedError } from 'qemu-ipc/errors';
import { exitStatus, Interrupted, LabError } from '../errors.ts';
import { fullDisk } from '../full-disk.ts';

/** The verbs. Each is loaded when it is asked for: start-up time counts in a warm boot. */
const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  bench: async () => (await import('./bench.ts')).benchCommand(),
  boot: async () => (await import('./boot.ts')).bootCommand(),
  build: async () => (await import('./build.ts')).buildCommand(),
  console: async () => (await import('./console.ts')).consoleCommand(),
  defects: async () => (await import('./defects.ts')).defectsCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  hunt: async () => (await import('./hunt.ts')).huntCommand(),
  minimize: async () => (await import('./minimize.ts')).minimizeCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  repro: async () => (await import('./repro.ts')).reproCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  soak: async () => (await import('./soak.ts')).soakCommand(),
  store: async () => (await import('./store.ts')).storeCommand(),
};

/** 128 and the number of SIGPIPE. */
const brokenPipeStatus = 141;

/** Runs the command line `argv` (as in process.argv) and sets the exit status. */
export async function main(argv: readonly string[]): Promise<void> {
  endWithReader();
  try {
    const program = await programFor(argv[2]);
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** What `head` or a pager no longer reads ends the verb as it ends any other command; VMs die with it. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(brokenPipeStatus);
  });
}

async function programFor(verb: string | undefined): Promise<Command> {
  const program = new Command('ferrolab')
    .description('A device lab for Linux network drivers on virtual machines.')
    .exitOverride()
    .showHelpAfterError('Run ferrolab --help for the verbs.');
  const load = verb === undefined ? undefined : verbs[verb];
  const commands = load ? [await load()] : await Promise.all(Object.values(verbs).map((v) => v()));
  for (const command of commands) program.addCommand(inheritOverride(command));
  return program;
}

/** Commander exits with 1 on its own; usage errors are 2 here. */
function inheritOverride(command: Command): Command {
  command
    .exitOverride()
    .showHelpAfterError(`Run ferrolab ${command.name()} --help for the options.`);
  for (const child of command.commands) inheritOverride(child);
  return command;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version were asked for; everything else is a mistake that commander has printed.
    return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
  }
  if (error instanceof AbortedError) return report(new Interrupted());
  const full = fullDisk(error);
  if (full !== undefined) return tell(full);
  if (error instanceof LabError) return tell(error);
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`ferrolab: unexpected error, please report it:\n${text}\n`);
  return exitStatus.labFailed;
}

function tell(error: LabError): number {
  process.stderr.write(`ferrolab: ${error.message}${causeOf(error)}\n  ${error.remedy}\n`);
  return error.exitStatus;
}

function causeOf(error: LabError): string {
  const { cause } = error;
  // A failed command's own words are in the message already.
  if (!(cause instanceof Error) || cause.name === 'ExecaError') return '';
  const [reason = ''] = cause.message.split('\n');
  return error.message.includes(reason) ? '' : `: ${reason}`;
}
