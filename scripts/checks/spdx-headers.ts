// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences by place; the first rule that matches counts. */
const rules: readonly (readonly [RegExp, RegExp])[] = [
  // It is made of QEMU's schema parser, which is under the GPL.
  [/^scripts\/generate-qapi-types\//, /SPDX-License-Identifier: GPL-2\.0-or-later/],
  [/^qemu-device\/.*\.(c|h)$/, /SPDX-License-Identifier: GPL-2\.0-or-later/],
  [/^kernel-module\/.*\.(c|h|rs)$/, /SPDX-License-Identifier: GPL-2\.0/],
  [/\.(ts|js|sh|py|yml)$|^Makefile$|^\.ci\/run$/, /SPDX-License-Identifier: Apache-2\.0/],
];

/** Source files without the licence header that their place asks for. */
export function missingLicences(root: string): string[] {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return files
    .split('\n')
    .filter((file) => {
      const rule = rules.find(([place]) => place.test(file));
      return rule && !rule[1].test(readFileSync(join(root, file), 'utf8').slice(0, 1000));
    })
    .map((file) => `${file}: no SPDX line with the right licence at the top`);
}
