// SPDX-License-Identifier: Apache-2.0

/** A file for a guest; folders above it must exist there already. */
export interface ArchivedFile {
  /** Path in the guest, without the leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: string | Buffer;
}

const trailer: ArchivedFile = { path: 'TRAILER!!!', mode: 0, content: '' };
const regularFile = 0o100000;

/** A cpio archive ("newc") that the kernel unpacks over what earlier archives have put there. */
export function cpioArchive(files: readonly ArchivedFile[]): Buffer {
  const entries = files.map((file, index) => entry(file, index + 1, regularFile));
  return Buffer.concat([...entries, entry(trailer, 0, 0)]);
}

function entry(file: ArchivedFile, inode: number, type: number): Buffer {
  const name = Buffer.from(`${file.path}\0`);
  const content = typeof file.content === 'string' ? Buffer.from(file.content) : file.content;
  // inode mode uid gid links mtime size, then major and minor of device and node, name's size, checksum
  const fields = [inode, type | file.mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

function padded(part: Buffer): Buffer {
  return Buffer.concat([part, Buffer.alloc((4 - (part.length % 4)) % 4)]);
}
