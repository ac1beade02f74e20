// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ConsoleParser } from '../../lab/src/console/console-parser.ts';
import type { CrashReport, CrashType } from '../../lab/src/console/crash-report.ts';

function crashesOf(lines: readonly string[]): CrashReport[] {
  const parser = new ConsoleParser();
  return [...parser.push(lines.join('\n')), ...parser.end()];
}

const stack = (...names: readonly string[]) => [
  'Call Trace:',
  ' <TASK>',
  ...names.map((name) => ` ${name}+0x1a/0x2b0`),
  ' </TASK>',
];
const cpu = 'CPU: 1 UID: 0 PID: 61 Comm: insmod Not tainted 7.3.4 #1';
const syscall = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const rip = (name: string) => `RIP: 0010:${name}+0xa4/0x3f0`;

/** What the kernel prints, as in its source; the title; the type. */
type Case = readonly [what: string, lines: readonly string[], title: string, type: CrashType];

const kernelTalk: readonly Case[] = [
  [
    'a page fault, as Linux 5.0 and newer tell it',
    [
      'BUG: unable to handle page fault for address: ffffc90000a3f000',
      '#PF: supervisor write access in kernel mode',
      rip('nic_fill_ring'),
      ...stack('nic_open', '__dev_open'),
    ],
    'BUG: unable to handle kernel paging request in nic_fill_ring',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'a page fault, as Linux 4 told it, in a helper',
    [
      'BUG: unable to handle kernel paging request at ffffeb0000000020',
      'IP: [<ffffffff8153f1ad>] kfree+0x4d/0x220',
      ...stack('nic_free_ring', 'nic_close'),
    ],
    'BUG: unable to handle kernel paging request in nic_free_ring',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'half of a page fault',
    ['BUG: unable to handle kernel ', 'paging request at ffffeb0000000020'],
    'BUG: unable to handle kernel',
    '',
  ],
  [
    'a general protection fault at a non-canonical address',
    [
      'Oops: general protection fault, probably for non-canonical address 0xdffffc0000000003: 0000 [#1] SMP KASAN',
      rip('nic_poll'),
      ...stack('__napi_poll', 'net_rx_action'),
    ],
    'general protection fault in nic_poll',
    'DoS',
  ],
  [
    'a NULL dereference on arm64',
    [
      'Unable to handle kernel NULL pointer dereference at virtual address 0000000000000010',
      'Mem abort info:',
      'Internal error: Oops: 0000000096000004 [#1]  SMP',
      'pc : nic_xmit+0x1c/0x90',
      'lr : dev_hard_start_xmit+0x98/0x1f0',
      'Call trace:',
      ' nic_xmit+0x1c/0x90 (P)',
      ' dev_hard_start_xmit+0x98/0x1f0',
    ],
    'BUG: unable to handle kernel NULL pointer dereference in nic_xmit',
    'NULL-POINTER-DEREFERENCE',
  ],
  [
    'a paging request on 32-bit ARM',
    [
      'Unable to handle kernel paging request at virtual address deadbeef when read',
      'Internal error: Oops: 5 [#1] PREEMPT SMP ARM',
      'PC is at nic_irq+0x14/0x80',
      'LR is at __handle_irq_event_percpu+0x50/0x120',
      'Call trace: ',
      ' nic_irq from __handle_irq_event_percpu+0x50/0x120',
      ' __handle_irq_event_percpu from handle_irq_event+0x38/0x7c',
    ],
    'BUG: unable to handle kernel paging request in nic_irq',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'a paging request on RISC-V',
    [
      'Unable to handle kernel paging request at virtual address ffffffc800000000',
      'Oops [#1]',
      'epc : nic_reset+0x2e/0x60',
      ' ra : nic_open+0x1c/0x40',
      'Call Trace:',
      '[<ffffffff80401234>] nic_reset+0x2e/0x60',
      '[<ffffffff80401300>] nic_open+0x1c/0x40',
    ],
    'BUG: unable to handle kernel paging request in nic_reset',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'a bad access on PowerPC',
    [
      'BUG: Unable to handle kernel data access on read at 0xc0000000deadbeef',
      'Faulting instruction address: 0xc00000000075ac68',
      'NIP [c00000000075ac68] nic_stats+0x48/0x100',
      'LR [c00000000075ac50] nic_stats+0x30/0x100',
      'Call Trace:',
      '[c00000003ae5b800] [c00000000135c19c] dev_get_stats+0xe4/0x128',
    ],
    'BUG: unable to handle kernel paging request in nic_stats',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'a divide error',
    ['divide error: 0000 [#1] PREEMPT SMP', rip('nic_coalesce'), ...stack('ethtool_set_coalesce')],
    'divide error in nic_coalesce',
    'DoS',
  ],
  [
    'a stack segment fault',
    ['stack segment: 0000 [#1] PREEMPT SMP', rip('nic_parse'), ...stack('nic_rx')],
    'stack segment fault in nic_parse',
    'DoS',
  ],
  [
    'a double fault',
    ['PANIC: double fault, error_code: 0x0', rip('nic_deep'), ...stack('nic_deep', 'nic_deep')],
    'PANIC: double fault in nic_deep',
    'DoS',
  ],
  [
    'a failed assertion in a packet helper',
    [
      'skbuff: skb_over_panic: text:ffffffff8 len:100 put:100 head:0 data:0 tail:0x64 end:0x40 dev:eth0',
      'kernel BUG at net/core/skbuff.c:110!',
      'invalid opcode: 0000 [#1] PREEMPT SMP',
      rip('skb_panic'),
      ...stack('skb_over_panic', 'skb_put', 'nic_rx_frame', 'nic_poll'),
    ],
    'kernel BUG in nic_rx_frame',
    'BUG',
  ],
  [
    'list corruption',
    [
      'list_del corruption, ffff888012345678->next is LIST_POISON1 (dead000000000100)',
      'kernel BUG at lib/list_debug.c:56!',
      rip('__list_del_entry_valid_or_report'),
      ...stack('nic_unlink', 'nic_remove'),
    ],
    'BUG: corrupted list in nic_unlink',
    'MEMORY_SAFETY_BUG',
  ],
  [
    'a copy to user space that hardening refuses',
    [
      "usercopy: Kernel memory exposure attempt detected from SLUB object 'kmalloc-64' (offset 0, size 128)!",
      'kernel BUG at mm/usercopy.c:102!',
      rip('usercopy_abort'),
      ...stack('__check_heap_object', '__check_object_size', 'nic_ioctl'),
    ],
    'BUG: bad usercopy in nic_ioctl',
    'BUG',
  ],
  [
    'a warning of Linux 4 to 6.18',
    [
      'WARNING: CPU: 1 PID: 61 at drivers/net/nic.c:123 nic_start+0x1a/0x2b0',
      cpu,
      rip('nic_start'),
      ...stack('nic_open', '__dev_open'),
    ],
    'WARNING in nic_start',
    'WARNING',
  ],
  [
    'a warning of Linux 6.19 and newer, with its condition',
    [
      'WARNING: [!ring->desc] drivers/net/nic.c:123 at nic_start+0x1a/0x2b0, CPU#1: insmod/61',
      cpu,
      rip('nic_start'),
      ...stack('nic_open', '__dev_open'),
    ],
    'WARNING in nic_start',
    'WARNING',
  ],
  [
    'a warning of Linux 6.19 about a reference counter',
    [
      'refcount_t: underflow; use-after-free.',
      'WARNING: lib/refcount.c:28 at refcount_warn_saturate+0xee/0x140, CPU#0: rmmod/70',
      cpu,
      rip('refcount_warn_saturate'),
      ...stack('kobject_put', 'nic_release', 'nic_remove'),
    ],
    'WARNING: refcount bug in nic_release',
    'REFCOUNT_WARNING',
  ],
  [
    'a timer that is freed while it runs',
    [
      'ODEBUG: free active (active state 0) object: ffff8880 object type: timer_list hint: nic_watchdog+0x0/0x40',
      'WARNING: CPU: 0 PID: 70 at lib/debugobjects.c:517 debug_print_object+0x176/0x1e0',
      rip('debug_print_object'),
      ...stack('__debug_check_no_obj_freed', 'debug_check_no_obj_freed', 'kfree', 'nic_remove'),
    ],
    'WARNING: ODEBUG bug in nic_remove',
    'WARNING',
  ],
  [
    'an allocation that is too large',
    [
      'WARNING: CPU: 0 PID: 61 at mm/util.c:617 kvmalloc_node+0x184/0x1a0',
      rip('kvmalloc_node'),
      ...stack('nic_alloc_rings', 'nic_open'),
    ],
    'WARNING: kmalloc bug in nic_alloc_rings',
    'WARNING',
  ],
  [
    'a warning on a work that was never made ready',
    [
      'WARNING: CPU: 0 PID: 61 at kernel/workqueue.c:3069 __flush_work+0x926/0xb10',
      rip('__flush_work'),
      ...stack('__cancel_work_timer', 'nic_close', '__dev_close_many'),
    ],
    'WARNING in nic_close',
    'WARNING',
  ],
  [
    'KASAN about a stack',
    [
      'BUG: KASAN: stack-out-of-bounds in nic_hash+0x30/0x40',
      'Write of size 4 at addr ffffc90000a3f000 by task insmod/61',
      ...stack('dump_stack_lvl', 'print_report', 'kasan_report', 'nic_hash', 'nic_open'),
    ],
    'KASAN: stack-out-of-bounds Write in nic_hash',
    'KASAN-WRITE',
  ],
  [
    'KASAN about a copy to user space',
    [
      'BUG: KASAN: slab-use-after-free in _copy_to_user+0x30/0x40',
      'Read of size 64 at addr ffff888003c8e000 by task ethtool/61',
      ...stack('dump_stack_lvl', 'print_report', 'kasan_report', '_copy_to_user', 'nic_ioctl'),
    ],
    'KASAN: slab-use-after-free Read in nic_ioctl',
    'KASAN-USE-AFTER-FREE-READ',
  ],
  [
    'KASAN about a double free',
    [
      'BUG: KASAN: double-free in nic_remove+0x30/0x40',
      'Free of addr ffff888003c8e000 by task rmmod/61',
      ...stack('dump_stack_lvl', 'kasan_report_invalid_free', 'kfree', 'nic_remove'),
    ],
    'KASAN: invalid-free in nic_remove',
    'KASAN-INVALID-FREE',
  ],
  [
    'KASAN about a NULL pointer',
    [
      'BUG: KASAN: null-ptr-deref in instrument_atomic_read_write include/linux/instrumented.h:96 [inline]',
      'Write of size 4 at addr 0000000000000010 by task insmod/61',
      ...stack('dump_stack_lvl', 'kasan_report', 'kasan_check_range', 'nic_get'),
    ],
    'KASAN: null-ptr-deref Write in nic_get',
    'KASAN-NULL-POINTER-DEREFERENCE-WRITE',
  ],
  [
    'KMSAN about a value that was never written',
    [
      'BUG: KMSAN: uninit-value in nic_checksum+0x1a/0x2b0',
      ' nic_checksum+0x1a/0x2b0',
      ' nic_xmit+0x1a/0x2b0',
      '',
      'Uninit was created at:',
      ' slab_post_alloc_hook+0x1a/0x2b0',
      ' nic_alloc+0x1a/0x2b0',
    ],
    'KMSAN: uninit-value in nic_checksum',
    'KMSAN-UNINIT-VALUE',
  ],
  [
    'KMSAN about a leak to a USB device after free',
    [
      'BUG: KMSAN: kernel-usb-infoleak-after-free in usb_submit_urb+0x1a/0x2b0',
      ' usb_submit_urb+0x1a/0x2b0',
      ' usb_start_wait_urb+0x1a/0x2b0',
      ' usb_bulk_msg+0x1a/0x2b0',
      ' nicusb_write+0x1a/0x2b0',
    ],
    'KMSAN: kernel-usb-infoleak-after-free in nicusb_write',
    'KMSAN-USE-AFTER-FREE-READ',
  ],
  [
    'KCSAN about two functions',
    [
      'BUG: KCSAN: data-race in nic_poll / nic_xmit',
      'write to 0xffff888003c8e000 of 4 bytes by interrupt on cpu 0:',
      ' nic_poll+0x1a/0x2b0',
      'read to 0xffff888003c8e000 of 4 bytes by task 61 on cpu 1:',
      ' nic_xmit+0x1a/0x2b0',
    ],
    'KCSAN: data-race in nic_poll / nic_xmit',
    'KCSAN-DATARACE',
  ],
  [
    'KFENCE about a read after free',
    [
      'BUG: KFENCE: use-after-free read in nic_poll+0x1a/0x2b0',
      'Use-after-free read at 0xffff888003c8e000 (in kfence-#12):',
      ' nic_poll+0x1a/0x2b0',
      ' __napi_poll+0x1a/0x2b0',
    ],
    'KFENCE: use-after-free read in nic_poll',
    'KFENCE-USE-AFTER-FREE-READ',
  ],
  [
    'UBSAN about an index',
    [
      'UBSAN: array-index-out-of-bounds in drivers/net/nic.c:55:12',
      "index 9 is out of range for type 'u32 [8]'",
      ...stack('dump_stack_lvl', 'ubsan_epilogue', '__ubsan_handle_out_of_bounds', 'nic_queue'),
    ],
    'UBSAN: array-index-out-of-bounds in nic_queue',
    'MEMORY_SAFETY_UBSAN',
  ],
  [
    'UBSAN about an overflow',
    [
      'UBSAN: signed-integer-overflow in drivers/net/nic.c:55:12',
      ...stack('dump_stack_lvl', 'ubsan_epilogue', 'handle_overflow', 'nic_rate'),
    ],
    'UBSAN: signed-integer-overflow in nic_rate',
    'UBSAN',
  ],
  [
    'two locks in opposite orders, one of them waiting for work',
    [
      'WARNING: possible circular locking dependency detected',
      '7.3.4 #1 Not tainted',
      'rmmod/61 is trying to acquire lock:',
      'ffff888003c8e000 (&nic->lock){+.+.}-{3:3}, at: nic_stop+0x1a/0x2b0',
      '',
      'but task is already holding lock:',
      'ffffffff8 (rtnl_mutex){+.+.}-{3:3}, at: rtnl_lock+0x1a/0x2b0',
      ...stack('dump_stack_lvl', 'print_circular_bug', 'check_noncircular', '__lock_acquire'),
    ],
    'possible deadlock in nic_stop',
    'LOCKDEP',
  ],
  [
    'a lock that is taken twice',
    [
      'WARNING: possible recursive locking detected',
      'insmod/61 is trying to acquire lock:',
      'ffff888003c8e000 (&nic->lock){+.+.}-{3:3}, at: nic_stop+0x1a/0x2b0',
      '',
      'but task is already holding lock:',
      'ffff888003c8e000 (&nic->lock){+.+.}-{3:3}, at: nic_reset+0x1a/0x2b0',
      ...stack('dump_stack_lvl', '__lock_acquire', 'lock_acquire', 'nic_stop', 'nic_reset'),
    ],
    'possible deadlock in nic_stop',
    'LOCKDEP',
  ],
  [
    'a lock that an interrupt takes too',
    [
      'WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected',
      'insmod/61 [HC0[0]:SC0[0]:HE0:SE1] is trying to acquire:',
      'ffff888003c8e000 (&nic->stats){+.+.}-{3:3}, at: nic_stats+0x1a/0x2b0',
      'but this new dependency connects a HARDIRQ-irq-safe lock:',
      ' (&nic->lock){-...}-{3:3}',
      '... which became HARDIRQ-irq-safe at:',
      '  lock_acquire+0x1a/0x2b0',
      '  _raw_spin_lock+0x1a/0x2b0',
      '  nic_interrupt+0x1a/0x2b0',
      'to a HARDIRQ-irq-unsafe lock:',
      '... which became HARDIRQ-irq-unsafe at:',
      '  nic_stats+0x1a/0x2b0',
    ],
    'possible deadlock in nic_interrupt',
    'LOCKDEP',
  ],
  [
    'an inconsistent lock state',
    [
      'WARNING: inconsistent lock state',
      'inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage.',
      'swapper/0/0 [HC1[1]:SC0[0]:HE0:SE1] takes:',
      'ffff888003c8e000 (&nic->lock){?.+.}-{2:2}, at: nic_interrupt+0x1a/0x2b0',
      '{HARDIRQ-ON-W} state was registered at:',
      '  lock_acquire+0x1a/0x2b0',
      '  nic_open+0x1a/0x2b0',
      ...stack('dump_stack_lvl', 'mark_lock', '__lock_acquire', 'nic_interrupt'),
    ],
    'inconsistent lock state in nic_interrupt',
    'LOCKDEP',
  ],
  [
    'an unlock without a lock',
    [
      'WARNING: bad unlock balance detected!',
      'insmod/61 is trying to release lock (&nic->lock) at:',
      '[<ffffffffc0001234>] nic_open+0x1a/0x2b0',
      'but there are no more locks to release!',
      ...stack('dump_stack_lvl', 'print_unlock_imbalance_bug', 'lock_release', 'nic_open'),
    ],
    'WARNING: bad unlock balance in nic_open',
    'LOCKDEP',
  ],
  [
    'a lock that was kept on the way to user space',
    [
      'WARNING: lock held when returning to user space!',
      'insmod/61 is leaving the kernel with locks still held!',
      '1 lock held by insmod/61:',
      ' #0: ffff888003c8e000 (&nic->lock){+.+.}-{3:3}, at: nic_write+0x1a/0x2b0',
    ],
    'WARNING: lock held when returning to user space in nic_write',
    'LOCKDEP',
  ],
  [
    'a pointer that RCU did not protect',
    [
      'WARNING: suspicious RCU usage',
      '7.3.4 #1 Not tainted',
      'drivers/net/nic.c:99 suspicious rcu_dereference_check() usage!',
      ...stack('dump_stack_lvl', 'lockdep_rcu_suspicious', 'nic_rcu_filters', 'nic_set_filter'),
    ],
    'WARNING: suspicious RCU usage in nic_set_filter',
    'LOCKDEP',
  ],
  [
    'a list that RCU guards, walked by somebody that RCU does not know',
    [
      'WARNING: suspicious RCU usage',
      '5.7.0 #1 Not tainted',
      'drivers/net/nic.c:136 RCU-list traversed in non-reader section!!',
      ...stack('dump_stack', 'lockdep_rcu_suspicious', 'nic_find_filter', 'nic_set_filter'),
    ],
    'WARNING: suspicious RCU usage in nic_find_filter',
    'LOCKDEP',
  ],
  [
    'a complaint of RCU of which only the banner came through',
    ['[ INFO: suspicious RCU usage. ]', '4.9.0 #1 Not tainted'],
    'INFO: suspicious RCU usage. ]',
    '',
  ],
  [
    'a lock in freed memory of which only the banner came through',
    ['WARNING: held lock freed!', '6.1.0 #1 Not tainted'],
    'WARNING: held lock freed!',
    'WARNING',
  ],
  [
    'an unwinder that lost its way',
    ["WARNING: can't access registers at asm_sysvec_apic_timer_interrupt+0x12/0x20"],
    "WARNING: can't access registers at asm_sysvec_apic_timer_interrupt",
    'WARNING',
  ],
  [
    'a lock of no class, whose report a symbolizer has read',
    [
      'WARNING: CPU: 1 PID: 61 at kernel/locking/lockdep.c:231 hlock_class kernel/locking/lockdep.c:231 [inline]',
      'WARNING: CPU: 1 PID: 61 at kernel/locking/lockdep.c:231 check_wait_context kernel/locking/lockdep.c:4773 [inline]',
      'WARNING: CPU: 1 PID: 61 at kernel/locking/lockdep.c:231 __lock_acquire+0x1a/0x2b0 kernel/locking/lockdep.c:5089',
      'RIP: 0010:hlock_class kernel/locking/lockdep.c:231 [inline]',
      'RIP: 0010:__lock_acquire+0x1a/0x2b0 kernel/locking/lockdep.c:5089',
      ...stack('lock_acquire', '_raw_spin_lock', 'nic_queue_flush', 'nic_stop'),
    ],
    'WARNING: locking bug in nic_queue_flush',
    'LOCKDEP',
  ],
  [
    'a warning of Linux 6.19 and newer, whose report a symbolizer has read',
    [
      'WARNING: drivers/net/nic.c:71 at nic_mark_free drivers/net/nic.c:71 [inline], CPU#1: ip/61',
      'WARNING: drivers/net/nic.c:71 at nic_delete+0x1a/0x2b0 drivers/net/nic.c:110, CPU#1: ip/61',
      'RIP: 0010:nic_mark_free drivers/net/nic.c:71 [inline]',
      'RIP: 0010:nic_delete+0x1a/0x2b0 drivers/net/nic.c:110',
      ...stack('nic_stop', '__dev_close_many'),
    ],
    'WARNING in nic_delete',
    'WARNING',
  ],
  [
    'an access to an odd address on 32-bit ARM, which a trap could not mend',
    [
      'Alignment trap: not handling instruction e1931f9f at [<8073f0b4>]',
      'Unhandled fault: alignment exception (0x001) at 0x0000001f',
      'Internal error: : 1 [#1] PREEMPT SMP ARM',
      'PC is at nic_parse+0x14/0x80',
      'LR is at nic_poll+0x50/0x120',
      'Backtrace: ',
      '[<8073f0b4>] (nic_parse) from [<8073f0b5>] (nic_poll+0x50/0x120)',
      '[<8073f0b5>] (nic_poll) from [<8073f0b6>] (__napi_poll+0x50/0x120)',
    ],
    'Alignment trap in nic_parse',
    'DoS',
  ],
  [
    'a lock that was never made ready',
    [
      'INFO: trying to register non-static key.',
      'The code is fine but needs lockdep annotation, or maybe',
      ...stack('dump_stack_lvl', 'register_lock_class', '__lock_acquire', 'nic_queue_flush'),
    ],
    'INFO: trying to register non-static key in nic_queue_flush',
    '',
  ],
  [
    'sleep in atomic context',
    [
      'BUG: sleeping function called from invalid context at kernel/locking/mutex.c:283',
      'in_atomic(): 1, irqs_disabled(): 0, non_block: 0, pid: 61, name: insmod',
      'preempt_count: 1, expected: 0',
      ...stack('dump_stack_lvl', '__might_resched', 'mutex_lock', 'nic_poll'),
    ],
    'BUG: sleeping function called from invalid context in nic_poll',
    'ATOMIC_SLEEP',
  ],
  [
    'a per-CPU variable where the CPU can change',
    [
      'BUG: using smp_processor_id() in preemptible [00000000] code: insmod/61',
      'caller is nic_account+0x1a/0x2b0',
      ...stack('dump_stack_lvl', 'check_preemption_disabled', 'nic_account'),
    ],
    'BUG: using smp_processor_id() in preemptible code in nic_account',
    'LOCKDEP',
  ],
  [
    'a soft lockup in a system call',
    [
      'watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [ethtool:61]',
      'CPU#1 Utilization every 4s during lockup:',
      rip('nic_wait_link'),
      ...stack('nic_ioctl', 'sock_do_ioctl', 'sock_ioctl', ...syscall),
    ],
    'BUG: soft lockup in nic_ioctl',
    'HANG',
  ],
  [
    'a stalled CPU of which a timer tells',
    [
      'rcu: INFO: rcu_preempt self-detected stall on CPU',
      'rcu: \t1-....: (10499 ticks this GP) idle=1/1 softirq=3/3 fqs=5',
      rip('nic_wait_link'),
      'Call Trace:',
      ' <IRQ>',
      ' rcu_sched_clock_irq+0x1a/0x2b0',
      ' </IRQ>',
      ' <TASK>',
      ' asm_sysvec_apic_timer_interrupt+0x1a/0x20',
      'RIP: 0010:nic_wait_link+0xa4/0x3f0',
      ' nic_ethtool_reset+0x1a/0x2b0',
      ' __x64_sys_ethtool+0x1a/0x2b0',
      ' do_syscall_64+0x1a/0x2b0',
    ],
    'INFO: rcu detected stall in sys_ethtool',
    'HANG',
  ],
  [
    'a stall of Linux 4',
    [
      'INFO: rcu_sched self-detected stall on CPU',
      '\t0-...: (124999 ticks this GP) idle=2fa/140000000000001/0',
      'Call Trace:',
      ' <IRQ>',
      ' [<ffffffff8159e9d8>] rcu_check_callbacks+0x1a/0x2b0',
      ' [<ffffffff8156d4f8>] apic_timer_interrupt+0x1a/0x2b0',
      ' <EOI>',
      ' [<ffffffff81d6438d>] nic_spin+0x1a/0x2b0',
      ' [<ffffffff81d64400>] process_one_work+0x1a/0x2b0',
    ],
    'INFO: rcu detected stall in nic_spin',
    'HANG',
  ],
  [
    'a task that waits for a lock of the network configuration',
    [
      'INFO: task ip:61 blocked for more than 143 seconds.',
      '      Not tainted 7.3.4 #1',
      ...stack('__schedule', 'schedule', '__mutex_lock', 'rtnl_lock', 'rtnl_newlink'),
    ],
    'INFO: task hung in rtnl_lock',
    'HANG',
  ],
  [
    'a task that waits for a grace period',
    [
      'INFO: task rmmod:61 blocked for more than 143 seconds.',
      ...stack('__schedule', 'schedule_timeout', '__synchronize_srcu', 'nic_remove'),
    ],
    'INFO: task hung in synchronize_rcu',
    'HANG',
  ],
  [
    'a task that waits for a completion',
    [
      'INFO: task insmod:61 blocked for more than 143 seconds.',
      ...stack('__schedule', 'schedule', 'wait_for_completion', 'nic_command', 'nic_probe'),
    ],
    'INFO: task hung in nic_command',
    'HANG',
  ],
  [
    'a leak',
    [
      'BUG: memory leak',
      'unreferenced object 0xffff888003c8e000 (size 64):',
      '  comm "insmod", pid 61, jiffies 4294937295',
      '  backtrace (crc 12345678):',
      '    kmalloc_trace+0x25/0x90',
      '    nic_alloc_filter+0x1a/0x2b0',
      '    nic_set_filter+0x1a/0x2b0',
    ],
    'memory leak in nic_set_filter',
    'LEAK',
  ],
  [
    'a bad page, by who had it',
    [
      'BUG: Bad page state in process insmod  pfn:12345',
      'page: refcount:0 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x12345',
      'page dumped because: PAGE_FLAGS_CHECK_AT_FREE flag(s) set',
      'page last allocated via order 0, migratetype Unmovable, pid 60',
      ' post_alloc_hook+0x1a/0x2b0',
      ' get_page_from_freelist+0x1a/0x2b0',
      ' __alloc_pages_noprof+0x1a/0x2b0',
      ' nic_rx_refill+0x1a/0x2b0',
      'page last free pid 3 tgid 3 stack trace:',
      ' free_unref_page+0x1a/0x2b0',
      ...stack('dump_stack_lvl', 'bad_page', 'free_pages_prepare', 'skb_release_data'),
    ],
    'BUG: Bad page state in nic_rx_refill',
    '',
  ],
  [
    'a bad page map',
    ['BUG: Bad page map in process x  pte:00000001 pmd:00000002', ...stack('print_bad_pte')],
    'BUG: Bad page map',
    '',
  ],
  [
    'a broken stack end',
    [
      'Kernel panic - not syncing: corrupted stack end detected inside scheduler',
      ...stack('dump_stack', 'panic', '__schedule', 'schedule', 'nic_ioctl', 'vfs_ioctl'),
    ],
    'kernel panic: corrupted stack end in nic_ioctl',
    'DoS',
  ],
  [
    'the death of init',
    [
      'Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b',
      ...stack('dump_stack', 'panic', 'do_exit'),
    ],
    'kernel panic: Attempted to kill init!',
    'DoS',
  ],
  [
    'a Rust panic of several lines, in code of an index',
    [
      'rust_kernel: panicked at drivers/net/nic/ring.rs:40:9:',
      'assertion `left == right` failed',
      '  left: 1',
      ' right: 2',
      '------------[ cut here ]------------',
      'kernel BUG at rust/helpers/bug.c:7!',
      'Oops: invalid opcode: 0000 [#1] SMP',
      'RIP: 0010:rust_helper_BUG+0x8/0x10',
      'Call Trace:',
      ' _RNvCscSpY9Juk0HT_7___rustc17rust_begin_unwind+0x1a/0x2b0',
      ' _RNvNtCs1234_4core9panicking9panic_fmt+0x1a/0x2b0',
      ' _RNvMs3_NtCshgDM7dBCdno_3nic4ringNtB5_4Ring4push+0x1a/0x2b0',
    ],
    'assertion `left == right` failed in <nic::ring::Ring>::push',
    '',
  ],
  [
    'a panic of a program in Go',
    ['panic: runtime error: index out of range [3]', '', 'goroutine 1 [running]:', 'main.main()'],
    'panic: runtime error: index out of range [NUM]',
    'DoS',
  ],
];

describe('a kernel console', () => {
  for (const [what, lines, title, type] of kernelTalk) {
    const given = [
      ['with times', (line: string, at: number) => `[   12.00${1000 + at}] ${line}`],
      ['with callers', (line: string, at: number) => `[   12.00${1000 + at}][   T61] ${line}`],
      ['as it is', (line: string) => line],
      ['of syslog', (line: string) => `Nov 22 07:00:00 host kernel: ${line}`],
      ['of dmesg -T', (line: string) => `[Sat Nov 22 07:00:00 2025] ${line}`],
      ['of pstore', (line: string, at: number) => `<4>[   12.00${1000 + at}] ${line}`],
      ['of netconsole', (line: string, at: number) => `4,${at},12001000,-;${line}\r`],
    ] as const;
    it(`names ${what}`, () => {
      for (const [how, printed] of given) {
        const crashes = crashesOf(lines.map(printed));
        expect(
          crashes.map((crash) => [crash.title, crash.type]),
          how,
        ).to.deep.equal([[title, type]]);
      }
    });
  }

  it('that stopped in the middle of a word is one with a torn crash', () => {
    const [crash] = crashesOf(['[   12.000001] BUG:']);
    expect(crash).to.deep.include({ title: 'BUG: corrupted', corrupted: true });
  });

  it('keeps tasks apart by the marks that Android puts before its messages', () => {
    const crashes = crashesOf([
      '[   12.000001]  [4:    kworker/4:1:   88] BUG: KASAN: slab-out-of-bounds in nic_rx+0x1a/0x2b0',
      '[   12.000002]  [2:         insmod:   61] nic 0000:01:00.0: link is up',
      '[   12.000003]  [4:    kworker/4:1:   88] Read of size 4 at addr ffff888003c8e000 by task x/88',
      '[   12.000004]  [4:    kworker/4:1:   88] Call trace:',
      '[   12.000005]  [4:    kworker/4:1:   88]  nic_rx+0x1a/0x2b0',
    ]);
    expect(crashes.map(({ title }) => title)).to.deep.equal([
      'KASAN: slab-out-of-bounds Read in nic_rx',
    ]);
    expect(crashes[0]?.lines).to.have.lengthOf(4);
  });

  it('on which the machine began to boot while programs ran shows a reboot', () => {
    const crashes = crashesOf(['executing program', 'Booting the kernel.', 'early console']);
    expect(crashes.map(({ title, type }) => [title, type])).to.deep.equal([
      ['unexpected kernel reboot', 'REBOOT'],
    ]);
  });

  it('has no crash when its words are used for other things', () => {
    const harmless = [
      'ODEBUG: selftest passed',
      'INFO: lockdep is turned off.',
      'INFO: NMI handler (perf_event_nmi_handler) took too long to run: 2.277 msecs',
      'rcu: INFO: Stall ended before state dump start',
      'perf: interrupt took too long (2503 > 2500), lowering rate',
      'Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible',
      "WARNING: fbcon: Driver 'nicdrmfb' missed to adjust virtual screen size (0x0 vs. 64x768)",
      'debug: unmapping init [mem 0xffffffff84a00000]',
      'Kernel command line: oops=panic panic_on_warn=1 nmi_watchdog=panic',
      'unknown parameter BUG ignored',
      'hung_task: INFO is off',
      'EXT4-fs (vda): warning: mounting unchecked fs, running e2fsck is recommended',
      'nic 0000:01:00.0: fault counters cleared, panic threshold 3',
      'systemd[1]: Starting Record Runlevel Change in UTMP...',
      'audit: type=1400 audit(1): avc: denied { read } for comm="BUG"',
      'traps: a.out[61] general protection fault ip:401136 sp:7ffc9d1f3d70 error:0 in a.out[401000+1000]',
      'x86/fpu: Supporting XSAVE feature 0x001: x87 floating point registers',
      'watchdog: Delayed init of the lockup detector failed: -19',
      'PCI: Fatal: No config space access function found',
      'Kernel panic notifier was registered',
      'nic: DEBUG: ring is empty',
      'rust_kernel: nic is loaded',
      'Lockdown: insmod: unsigned module loading is restricted; see man kernel_lockdown.7',
    ];
    for (const stamp of ['[   12.000001] ', '[   12.000001][   T61] ', '']) {
      expect(crashesOf(harmless.map((line) => stamp + line))).to.deep.equal([]);
    }
  });
});
