// SPDX-License-Identifier: Apache-2.0

/** A hunk of a unified diff. */
interface Hunk {
  /** First line of the new file, as the header says it. */
  readonly header: string;
  /** Lines that must be there, in order: context and what is taken out. */
  readonly before: readonly string[];
}

/**
 * Why a unified diff does not apply as `patch -p1 --fuzz=0` wants it, one a line. Hunks may have moved, but
 * every line of their context must be there, in the order of the hunks.
 *
 * `read` gives the text of a file of the folder that the patch is for, or `null` if there is none.
 */
export function patchComplaints(
  patch: string,
  read: (file: string) => string | null,
): readonly string[] {
  const files = filesIn(patch);
  return files.length === 0
    ? ['is no unified diff']
    : files.flatMap(({ file, hunks }) => {
        const text = read(file);
        return text === null ? [`is for ${file}, which is gone`] : misfits(file, hunks, text);
      });
}

function misfits(file: string, hunks: readonly Hunk[], text: string): string[] {
  const lines = text.split('\n');
  let from = 0;
  const complaints: string[] = [];
  for (const { header, before } of hunks) {
    const at = indexOfLines(lines, before, from);
    if (at < 0) {
      complaints.push(`does not apply to ${file} at ${header}`);
    } else {
      from = at + before.length;
    }
  }
  return complaints;
}

function indexOfLines(lines: readonly string[], wanted: readonly string[], from: number): number {
  for (let at = from; at + wanted.length <= lines.length; at += 1) {
    if (wanted.every((line, offset) => lines[at + offset] === line)) return at;
  }
  return -1;
}

function filesIn(patch: string): { file: string; hunks: Hunk[] }[] {
  return patch
    .split(/^(?=--- )/m)
    .flatMap((part) => {
      const file = /^--- \S+\n\+\+\+ [^/\s]+\/(\S+)/.exec(part)?.[1];
      return file === undefined ? [] : [{ file, hunks: hunksIn(part) }];
    })
    .filter(({ hunks }) => hunks.length > 0);
}

function hunksIn(part: string): Hunk[] {
  return part
    .split(/^(?=@@ )/m)
    .slice(1)
    .map((hunk) => {
      const [header = '', ...lines] = hunk.replace(/\n$/, '').split('\n');
      const before = lines.filter((line) => /^[ -]/.test(line)).map((line) => line.slice(1));
      return { header: /^@@ [^@]* @@/.exec(header)?.[0] ?? header, before };
    });
}
