// SPDX-License-Identifier: Apache-2.0

/** A complaint of a compiler or a checker; lines are left out, as a patch moves them. */
export interface Complaint {
  readonly file: string;
  readonly message: string;
}

/** The warnings, and the errors of a checker, in what a build printed. */
export function complaintsIn(log: string): readonly Complaint[] {
  return [...log.matchAll(/^(\S+?):\d+(?::\d+)?: (?:warning|error): (.*)$/gm)].map(
    ([, file = '', message = '']) => ({
      file: file.replace(/^(?:\.\/|\/lab\/module\/)/, ''),
      message: message.trim(),
    }),
  );
}

/** What is complained about in the defective driver and not, or less often, in the clean one. */
export function addedComplaints(
  defective: readonly Complaint[],
  clean: readonly Complaint[],
): readonly Complaint[] {
  const left = clean.map(keyOf);
  return defective.filter((complaint) => {
    const at = left.indexOf(keyOf(complaint));
    if (at < 0) return true;
    left.splice(at, 1);
    return false;
  });
}

function keyOf({ file, message }: Complaint): string {
  return `${file}: ${message}`;
}
