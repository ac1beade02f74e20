// SPDX-License-Identifier: Apache-2.0
import { StringDecoder } from 'node:string_decoder';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Wait } from 'qemu-ipc/wait';
import type { BootedVm } from '../run/boot-sequence.ts';
import type { RunningVm } from '../vm/launch.ts';
import type { GuestShell } from '../vm/ssh-session.ts';
import { stripTerminalEscapes, TerminalEscapeFilter } from '../vm/terminal-escapes.ts';

/** The user's terminal. */
export interface Terminal {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Ctrl-], as in telnet and `virsh console`. */
const switchKey = 0x1d;
/** In the console view, which sends nothing to the guest: q, Ctrl-C, Ctrl-D. */
const leaveKeys = new Set([0x71, 0x03, 0x04]);
/** Console lines shown when the view is opened. */
const contextLines = 20;
/** Shell output kept while the console is shown, in characters. */
const backlogLength = 64 * 1024;

/** Why the terminal was left. */
export type TerminalEnd = 'left' | 'machine-gone' | 'interrupted';

/**
 * Gives the user a shell in the guest, and its console a key away, until the shell ends, the user leaves, or the
 * machine goes. The terminal's mode is always restored.
 */
export async function openGuestTerminal(
  booted: BootedVm,
  terminal: Terminal,
  wait: Wait,
): Promise<TerminalEnd> {
  using shell = await booted.ssh.shell(sizeOf(terminal.output), wait);
  using views = new GuestViews(shell, booted.vm, terminal);
  const resize = (): void => shell.resize(sizeOf(terminal.output));
  terminal.output.on('resize', resize);
  void booted.vm.panicked.then(() => views.showPanic());
  const interrupted = new Promise<TerminalEnd>((resolve) => {
    wait.signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  try {
    return await Promise.race([
      views.left.then(() => 'left' as const),
      booted.vm.exited.then(() => 'machine-gone' as const),
      interrupted,
    ]);
  } finally {
    terminal.output.off('resize', resize);
  }
}

function sizeOf(output: WriteStream): { columns: number; rows: number } {
  // A terminal that does not know its size says 0.
  return { columns: output.columns || 80, rows: output.rows || 24 };
}

/** Which of the two the user sees, and where the keys go. */
class GuestViews implements Disposable {
  /** Resolves when the user has left, or the shell has ended. */
  readonly left: Promise<void>;
  readonly #shell: GuestShell;
  readonly #vm: RunningVm;
  readonly #terminal: Terminal;
  readonly #decoder = new StringDecoder('utf8');
  readonly #filter = new TerminalEscapeFilter('editing');
  readonly #receive = (chunk: Buffer): void => this.#keys(chunk);
  readonly #restore = (): void => this.#cookedMode();
  #leave: () => void = () => undefined;
  #console: Disposable | undefined;
  #backlog = '';

  constructor(shell: GuestShell, vm: RunningVm, terminal: Terminal) {
    this.#shell = shell;
    this.#vm = vm;
    this.#terminal = terminal;
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    // A shell that ends because its machine crashed leaves the console to look at.
    void shell.ended.then(() => (this.#console === undefined ? this.#leave() : undefined));
    shell.stream.on('data', (chunk: Buffer) => this.#shellOutput(chunk));
    process.on('exit', this.#restore);
    terminal.input.setRawMode(true);
    terminal.input.on('data', this.#receive);
    terminal.input.resume();
  }

  showPanic(): void {
    if (this.#console === undefined) this.#openConsole();
    this.#note('the guest has panicked; q leaves');
  }

  [Symbol.dispose](): void {
    this.#console?.[Symbol.dispose]();
    this.#terminal.input.off('data', this.#receive);
    this.#terminal.input.pause();
    this.#cookedMode();
    process.off('exit', this.#restore);
  }

  #cookedMode(): void {
    this.#terminal.input.setRawMode(false);
  }

  #keys(chunk: Buffer): void {
    let rest = chunk;
    for (let at = rest.indexOf(switchKey); at >= 0; at = rest.indexOf(switchKey)) {
      this.#pass(rest.subarray(0, at));
      this.#switch();
      rest = rest.subarray(at + 1);
    }
    this.#pass(rest);
  }

  #pass(keys: Buffer): void {
    if (this.#console === undefined) {
      if (keys.length > 0 && this.#shell.stream.writable) this.#shell.stream.write(keys);
    } else if (keys.some((key) => leaveKeys.has(key))) {
      this.#leave();
    }
  }

  #switch(): void {
    if (this.#console === undefined) this.#openConsole();
    else this.#closeConsole();
  }

  #openConsole(): void {
    this.#note('console of the guest; Ctrl-] goes back to the shell, q leaves');
    const context = this.#vm.console.history().slice(-contextLines);
    this.#print(context.map((line) => `${stripTerminalEscapes(line)}\n`).join(''));
    const decoder = new StringDecoder('utf8');
    const filter = new TerminalEscapeFilter('text');
    this.#console = this.#vm.console.attach((chunk) =>
      this.#print(filter.push(decoder.write(Buffer.from(chunk)))),
    );
  }

  #closeConsole(): void {
    this.#console?.[Symbol.dispose]();
    this.#console = undefined;
    if (!this.#shell.stream.readable) {
      this.#leave();
      return;
    }
    this.#note('shell in the guest; Ctrl-] shows its console');
    this.#terminal.output.write(this.#backlog);
    this.#backlog = '';
  }

  #shellOutput(chunk: Buffer): void {
    const text = this.#filter.push(this.#decoder.write(chunk));
    if (this.#console === undefined) this.#terminal.output.write(text);
    else this.#backlog = (this.#backlog + text).slice(-backlogLength);
  }

  #note(text: string): void {
    this.#print(`\n[${text}]\n`);
  }

  /** Node's raw mode still turns a newline into the start of a new line. */
  #print(text: string): void {
    this.#terminal.output.write(text);
  }
}
