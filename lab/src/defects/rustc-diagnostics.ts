// SPDX-License-Identifier: Apache-2.0

/** An error of rustc. */
export interface RustcError {
  /** E0382; for an error without a code the lint that it comes from, else the message. */
  readonly code: string;
  readonly message: string;
  /** Relative to the driver's folder; `null` when the error has no place. */
  readonly file: string | null;
  readonly line: number | null;
  /** The line without its indentation. */
  readonly text: string | null;
}

/** The errors in what make and rustc printed, in order. */
export function rustcErrors(log: string): readonly RustcError[] {
  const lines = log.split('\n').map((line) => line.trimEnd());
  return lines.flatMap((line, index) => {
    const [, code, message] = /^error(?:\[(E\d+)\])?: (.*)$/.exec(line) ?? [];
    if (message === undefined || /^aborting due to|^could not compile/.test(message)) return [];
    return [describe(code, message, blockAfter(lines, index))];
  });
}

/** The lines of a diagnostic after its headline. */
function blockAfter(lines: readonly string[], index: number): readonly string[] {
  const end = lines.findIndex(
    (line, at) => at > index && /^(?:error|warning)(?:\[\w+\])?: |^make(?:\[\d+\])?: /.test(line),
  );
  return lines.slice(index + 1, end < 0 ? undefined : end);
}

function describe(code: string | undefined, message: string, block: readonly string[]): RustcError {
  const place = /^\s*--> (.+):(\d+):\d+$/;
  const [, file, number] = block.map((line) => place.exec(line)).find((match) => match) ?? [];
  const line = number === undefined ? null : Number(number);
  return {
    code: code ?? lintIn(block) ?? message,
    message,
    file: file?.replace(/^(?:\.\/|\/lab\/module\/)/, '') ?? null,
    line,
    text: line === null ? null : sourceLine(block, line),
  };
}

/** The line as the diagnostic shows it; `/` and `|` draw spans of several lines. */
function sourceLine(block: readonly string[], line: number): string | null {
  const shown = new RegExp(`^\\s*${line}\\s+\\|(.*)$`);
  const [, text] = block.map((entry) => shown.exec(entry)).find((match) => match) ?? [];
  return text === undefined ? null : text.trim().replace(/^[/|]\s+/, '');
}

function lintIn(block: readonly string[]): string | undefined {
  const text = block.join('\n');
  const lint = /#!?\[(?:deny|forbid)\(([\w:]+)\)\]/.exec(text) ?? /`-[DF] ([\w:-]+)`/.exec(text);
  return lint?.[1]?.replaceAll('-', '_');
}
