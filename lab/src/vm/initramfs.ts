// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { copyFile, open, readFile } from 'node:fs/promises';

/** The kernel looks for the next archive at a multiple of this many bytes. */
const archiveAlignment = 4;

/**
 * Joins cpio archives into one at `target` and returns its path; a single archive is returned as it is.
 * The kernel unpacks them in order.
 */
export async function joinInitramfs(archives: readonly string[], target: string): Promise<string> {
  const [first, ...rest] = archives;
  if (first === undefined) throw new RangeError('a machine needs at least one initramfs archive');
  if (rest.length === 0) return first;
  await copyFile(first, target, constants.COPYFILE_FICLONE);
  await using file = await open(target, 'r+');
  let end = (await file.stat()).size;
  for (const archive of rest) {
    const content = await readFile(archive);
    end += (archiveAlignment - (end % archiveAlignment)) % archiveAlignment;
    await file.write(content, 0, content.length, end);
    end += content.length;
  }
  return target;
}
