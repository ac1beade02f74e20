// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What it takes to log in to the guest and to know that it is the guest. */
export interface SshCredentials {
  readonly username: string;
  /** OpenSSH PEM. */
  readonly privateKey: string;
  /** The guest's public key as in `host_key.pub`; any other key is refused. */
  readonly hostKey: string;
}

/** Reads `client_key` and `host_key.pub` of an `ssh-initramfs`. */
export async function readCredentials(initramfsDir: string): Promise<SshCredentials> {
  const [privateKey, hostKey] = await Promise.all(
    ['client_key', 'host_key.pub'].map((name) => readFile(join(initramfsDir, name), 'utf8')),
  );
  return { username: 'root', privateKey: privateKey ?? '', hostKey: hostKey ?? '' };
}

/** The key's bytes as they travel in the key exchange. */
export function hostKeyBytes(publicKeyLine: string): Buffer {
  return Buffer.from(publicKeyLine.trim().split(/\s+/)[1] ?? '', 'base64');
}
