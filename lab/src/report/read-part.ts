// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, open } from 'node:fs/promises';

/** Part of a file, and whether there is more of it. */
export interface FilePart {
  readonly text: string;
  readonly whole: boolean;
}

/** The first bytes of a file; null when it is not there. */
export async function readBeginning(path: string, most: number): Promise<FilePart | null> {
  return await readPart(path, most, () => 0);
}

/** The last bytes of a file; null when it is not there. */
export async function readEnd(path: string, most: number): Promise<FilePart | null> {
  return await readPart(path, most, (size) => Math.max(0, size - most));
}

async function readPart(
  path: string,
  most: number,
  startOf: (size: number) => number,
): Promise<FilePart | null> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const start = startOf(size);
    const buffer = Buffer.alloc(Math.min(most, size));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return { text: buffer.toString('utf8', 0, bytesRead), whole: bytesRead === size };
  } catch {
    // Pruned, on another machine, or not to be read by us: the report does without.
    return null;
  } finally {
    await file?.close();
  }
}
