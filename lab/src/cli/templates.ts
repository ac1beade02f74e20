// SPDX-License-Identifier: Apache-2.0
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { type TemplateObserver, TemplateStore, templatesFolder } from '../run/template-store.ts';

/** Templates in the user's cache; `tell` is told when one is made, which takes long. */
export function templatesInCache(tell: TemplateObserver = tellUser): TemplateStore {
  return new TemplateStore(templatesFolder(cacheDirectory()), tell);
}

function tellUser(what: string): void {
  process.stderr.write(`${what}\n`);
}
