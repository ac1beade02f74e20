// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';

// Whatever allocates or copies for its caller: it is the caller that forgot to give back.
const allocates =
  /alloc|slab|kmem|mmap|(?:mem|str|strn)dup|asprintf|create_object|pcpu_create|list_lru_init|idr_get/;
const memory = { strength: 'cause', search: 'trace', type: 'MEMORY_SAFETY_BUG' } as const;
const counters = { family: 'page-tables', strength: 'cause', search: 'none', type: '' } as const;

/** Leaks, the allocator's own checks, page tables, mounts. */
export const memoryDetectors: readonly Detector[] = [
  {
    family: 'kmemleak',
    strength: 'cause',
    header: /BUG: memory leak/,
    title: 'memory leak in {frame}',
    skip: allocates,
    type: 'LEAK',
    search: 'backtrace',
  },
  {
    family: 'kmemleak',
    strength: 'consequence',
    repeats: true,
    header: /^\s*unreferenced object(?: \([\w ]+\))? (?:0x)?[0-9a-f]+ \(size \d+\)/,
    title: 'memory leak in {frame}',
    skip: allocates,
    type: 'LEAK',
    search: 'backtrace',
  },
  {
    family: 'kmemleak',
    strength: 'cause',
    header: /kmemleak: \d+ new suspected memory leaks?/,
    title: 'memory leak',
    type: 'LEAK',
    search: 'none',
    incomplete: true,
  },
  {
    family: 'slub',
    strength: 'cause',
    header: /BUG kmalloc-\S+ .*: Object already free/,
    title: 'BUG: Object already free',
    type: 'DoS',
    search: 'none',
  },
  {
    family: 'slub',
    strength: 'cause',
    header: /(?<what>BUG kmalloc-\S+ \((?:Not tainted|Tainted).*\): .+)/,
    unless: /kasan: bad access detected/,
    // Where a module had the memory, its function is worth more.
    body: /^(?![\s\S]*\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8} \[)/,
    title: '{what}',
    type: '',
    search: 'none',
  },
  {
    ...memory,
    family: 'slub',
    header: /BUG \S+ \((?:Not tainted|Tainted).*\): (?<what>.+)/,
    // KASAN's own report tells the same better.
    unless: /kasan: bad access detected/,
    title: 'BUG: {what} in {frame}',
  },
  {
    family: 'slub',
    strength: 'consequence',
    header: /(?<what>INFO: (?:Allocated|Freed) in \S+ age=\d+ cpu=\d+ pid=\d+)/,
    title: '{what}',
    type: '',
    search: 'none',
    incomplete: true,
  },
  {
    family: 'slub',
    strength: 'consequence',
    header: /(?<what>INFO: (?:Slab|Object) 0x[0-9a-f]+ .*)/,
    title: '{what}',
    type: '',
    search: 'none',
  },
  {
    ...memory,
    family: 'page-state',
    type: '',
    header: /BUG: Bad page (?<what>state|cache) in process/,
    title: 'BUG: Bad page {what} in {frame}',
    search: 'page-owner',
    // What is named after pages handles them for others.
    skip: /alloc|vmap|^_*folio|(?:free|get|put|release|update)_page|free_unref|page_(?:frag_free|owner)|truncate_inode_pages/,
  },
  {
    family: 'page-state',
    strength: 'cause',
    header: /BUG: Bad page map(?: in process)?/,
    title: 'BUG: Bad page map',
    type: '',
    wantsTrace: true,
    search: 'none',
  },
  { ...counters, header: /BUG: Bad rss-counter state/, title: 'BUG: Bad rss-counter state' },
  {
    ...counters,
    header: /BUG: non-zero (?<what>nr_ptes|nr_pmds) on freeing mm/,
    title: 'BUG: non-zero {what} on freeing mm',
  },
  { ...counters, header: /(?<what>BUG: non-zero pgtables_bytes on freeing mm.*)/, title: '{what}' },
  {
    family: 'vfs',
    strength: 'cause',
    header: /BUG: Dentry .* still in use \(\d+\) \[(?<what>(?<short>\w+) of [^\]]+)\]/,
    title: 'BUG: Dentry still in use in {short}',
    altTitles: ['BUG: Dentry still in use [{what}]'],
    type: '',
    search: 'none',
  },
  {
    family: 'vfs',
    strength: 'cause',
    header: /VFS: Busy inodes after unmount/,
    title: 'VFS: Busy inodes after unmount (use-after-free)',
    type: 'DoS',
    search: 'none',
  },
  {
    family: 'vfs',
    strength: 'cause',
    header: /VFS: Close: file count is (?:0|zero)/,
    title: 'VFS: Close: file count is zero (use-after-free)',
    type: 'DoS',
    search: 'none',
  },
];
