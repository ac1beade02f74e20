// SPDX-License-Identifier: Apache-2.0

import type { Detector } from '../detector.ts';
import { dmaHelpers } from './dma-helpers.ts';

// Before Linux 6.19: "WARNING: CPU: 1 PID: 2 at file.c:3 f+0x4/0x5"; since: "WARNING: [cond] file.c:3 at f+0x4/0x5, CPU#1: comm/2".
const at = (file: string, fn = '') =>
  new RegExp(`WARNING: .*?(?<![\\w-])${file}:\\d+${fn && `(?: at)? ${fn}`}`);
// The new form names the function of the check itself, whichever it is.
const inFile = (file: string, fn: string) => at(file, `(?:(?<= at )|${fn})`);
const warn = {
  family: 'warning',
  strength: 'cause',
  search: 'trap',
  type: 'WARNING',
} as const;

/** WARN() and its relatives: first the places whose name says more than the function that called them. */
export const warningDetectors: readonly Detector[] = [
  {
    ...warn,
    family: 'odebug',
    header: inFile('lib/debugobjects\\.c', 'debug_(?:check|print)'),
    title: 'WARNING: ODEBUG bug in {frame}',
    // Timers, work, RCU and per-CPU counters tell of their objects, and so does who frees memory (DEBUG_OBJECTS_*); the
    // mistake is in who uses them.
    skip: /(?:debug|timer|work|percpu|kobject|__free)_|rcu|vunmap|vfree/,
  },
  {
    ...warn,
    family: 'usercopy',
    header: inFile('mm/usercopy\\.c', 'usercopy_warn'),
    title: 'WARNING: bad usercopy in {frame}',
    skip: /usercopy|__check/,
  },
  {
    ...warn,
    header: inFile('lib/kobject\\.c', 'kobject_'),
    title: 'WARNING: kobject bug in {frame}',
    skip: /kobject_/,
    keep: /^device_add$/,
  },
  {
    ...warn,
    header: at('fs/proc/generic\\.c', 'proc_register'),
    title: 'WARNING: proc registration bug in {frame}',
    skip: /proc_/,
  },
  {
    ...warn,
    family: 'refcount',
    header: inFile('lib/refcount\\.c', 'refcount_'),
    title: 'WARNING: refcount bug in {frame}',
    skip: /refcount|kobject_/,
    type: 'REFCOUNT_WARNING',
  },
  {
    ...warn,
    family: 'lockdep',
    header: at('kernel/locking/lockdep\\.c', '\\w*lock_'),
    title: 'WARNING: locking bug in {frame}',
    type: 'LOCKDEP',
    skip: /lock_sock|release_sock/,
  },
  {
    ...warn,
    header: at('mm/vmalloc\\.c', '__vmalloc_node'),
    title: 'WARNING: zero-size vmalloc in {frame}',
  },
  {
    ...warn,
    header: at('mm/[\\w/]+\\.c', 'k?.?malloc'),
    title: 'WARNING: kmalloc bug in {frame}',
    skip: /kmalloc|krealloc|slab|kmem/,
  },
  {
    ...warn,
    header: at('drivers/usb/core/urb\\.c', 'usb_submit_urb'),
    title: 'WARNING in {frame}/usb_submit_urb',
    skip: /usb_(?:bulk_msg|control_msg|interrupt_msg|start_wait_urb|submit_urb)/,
  },
  {
    ...warn,
    family: 'dma-api',
    header: at('kernel/dma/debug\\.c'),
    body: /DMA-API: (?:\S+ [\w:.]+: )?(?<fault>[^[\n]+)/,
    title: 'DMA-API: {fault} in {frame}',
    skip: dmaHelpers,
  },
  {
    ...warn,
    family: 'list-corruption',
    header: at('lib/list_debug\\.c'),
    title: 'WARNING in {frame}',
  },
  {
    ...warn,
    family: 'netdev-watchdog',
    header: at('net/sched/sch_generic\\.c', 'dev_watchdog'),
    title: 'WARNING in {frame}',
  },
  // No frame of its own: the function that warns is the frame.
  {
    ...warn,
    header: /WARNING: (?:CPU: \d+ (?:UID: \d+ )?PID: \d+ )?at /,
    title: 'WARNING in {frame}',
  },
  {
    ...warn,
    header: /WARNING: (?:\[.*\] )?[\w./-]+\.(?:c|h|rs|S):\d+ at /,
    title: 'WARNING in {frame}',
  },
  {
    family: 'unwinder',
    strength: 'cause',
    header: /WARNING: kernel stack regs at [0-9a-f]+ in \S+ has bad '(?<register>\w+)' value/,
    title: "WARNING: kernel stack regs has bad '{register}' value",
    type: '',
    search: 'none',
  },
  {
    family: 'unwinder',
    strength: 'cause',
    header: /WARNING: kernel stack frame pointer at [0-9a-f]+ in \S+ has bad value/,
    title: 'WARNING: kernel stack frame pointer has bad value',
    type: '',
    search: 'none',
  },
  {
    family: 'unwinder',
    strength: 'cause',
    header: /WARNING: kernel stack (?:regs .* has bad 'bp'|frame pointer .* has bad) value/,
    title: 'WARNING: kernel stack regs has bad value',
    type: '',
    search: 'none',
  },
  {
    family: 'unwinder',
    strength: 'consequence',
    header:
      /(?<what>WARNING: (?:can't (?:access|dereference) (?:iret )?registers at|stack recursion on stack type|stack going in the wrong direction\?) .*)/,
    title: '{what}',
    type: 'WARNING',
    search: 'none',
  },
];
