// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Download addresses in package-lock.json, and versions in package.json files that are not exact. */
export function lockFileViolations(root: string): string[] {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const addresses = [...lock.matchAll(/"resolved": "(https?:[^"]+)"/g)].map(
    ([, address]) => `package-lock.json names a download address: ${address}`,
  );
  const loose = ['package.json', 'lab/package.json', 'lab/packages/qemu-ipc/package.json'].flatMap(
    (file) => looseVersions(root, file),
  );
  return [...addresses, ...loose, ...missingPlatforms(lock)];
}

/** Packages for other platforms that npm left out of the lock; `npm ci` refuses such a lock. */
function missingPlatforms(text: string): string[] {
  const { packages } = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> } | undefined>;
  };
  return Object.entries(packages).flatMap(([path, entry]) =>
    Object.entries(entry?.optionalDependencies ?? {})
      .filter(([, version]) => /^\d/.test(version))
      .map(([name]) => name)
      .filter(
        (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
      )
      .map((name) => `package-lock.json has no entry for ${name}: npm ci would refuse it`),
  );
}

function looseVersions(root: string, file: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Record<
    string,
    Record<string, string> | undefined
  >;
  return ['dependencies', 'devDependencies'].flatMap((section) =>
    Object.entries(manifest[section] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+/.test(version))
      .map(([name, version]) => `${file}: ${name} is "${version}", not an exact version`),
  );
}
