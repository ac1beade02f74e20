// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { ConsoleParser } from '../../lab/src/console/console-parser.ts';
import type { CrashReport } from '../../lab/src/console/crash-report.ts';
import { bucketOf } from '../../lab/src/console/function-buckets.ts';
import { isPassedOver } from '../../lab/src/console/passed-over.ts';
import { normalizeTitle } from '../../lab/src/console/report-title.ts';

const frame = (name: string, from = '') => ` ${name}+0x1a/0x2b0${from && ` [${from}]`}`;
const trace = (...names: readonly string[]) => ['Call Trace:', ...names.map((name) => frame(name))];
const rip = (name: string) => `RIP: 0010:${name}+0xa4/0x3f0`;

/** The first crash in a console of a task. */
function crashOf(lines: readonly string[], stamp = '[   12.000001][   T61] '): CrashReport {
  const parser = new ConsoleParser();
  const text = lines.map((line) => `${stamp}${line}\n`).join('');
  const [first] = [...parser.push(text), ...parser.end()];
  if (first === undefined) throw new Error(`no crash in:\n${text}`);
  return first;
}

const titleOf = (...lines: readonly string[]): string => crashOf(lines).title;

describe('the functions that a title passes over', () => {
  const classes: Readonly<Record<string, readonly string[]>> = {
    'checks of memory': ['__asan_memset', 'kasan_report', '__msan_warning', 'check_heap_object'],
    'what reports and gives up': [
      'panic',
      '__warn',
      'report_bug',
      'xfs_assertfail',
      '_printk',
      'dev_err',
    ],
    'what makes texts': ['vsnprintf', 'hex_string', 'pointer', 'kvasprintf_const', 'usb_string'],
    allocators: [
      'kvmalloc_node_noprof',
      'kmem_cache_free',
      '___slab_alloc',
      'kzalloc',
      '__kfree_skb',
    ],
    'the page cache': [
      '__filemap_get_folio',
      'pagecache_get_page',
      'do_read_cache_folio',
      'unlock_page',
    ],
    locks: [
      '_raw_spin_lock_irqsave',
      'mmap_read_lock',
      'down_write',
      '__mutex_lock',
      'tty_write_unlock',
    ],
    lockdep: ['lock_acquire', '__lock_release', 'mark_lock_irq', 'lockdep_rcu_suspicious'],
    'counters and lists': [
      'refcount_warn_saturate',
      'kref_put',
      'llist_add_batch',
      'rb_erase',
      'klist_next',
    ],
    copies: [
      '_copy_from_user',
      'nla_memcpy',
      'strnlen_user',
      'get_user_pages',
      'crc32_le',
      'sg_copy_to_iter',
    ],
    'work and waiting': ['queue_work_on', '__flush_work', 'complete', '__wake_up', 'kthread_stop'],
    'the device model': [
      'kobject_put',
      'device_add',
      'platform_device_del',
      'sysfs_remove_group',
      'put_device',
    ],
    'requests to USB devices': ['usb_submit_urb', 'usb_control_msg', 'usb_kill_urb'],
    references: ['iput', 'ihold', 'fast_dput', 'drop_nlink', 'ref_tracker_free'],
  };
  for (const [what, names] of Object.entries(classes)) {
    it(`are ${what}`, () => {
      for (const name of names) expect(isPassedOver(name), name).to.equal(true);
    });
  }

  const kept: Readonly<Record<string, readonly string[]>> = {
    'who takes a lock of its own': [
      'rtnl_lock',
      'lock_sock_nested',
      'console_lock',
      'snd_pcm_stream_lock',
      'shmem_lock',
      'jbd2_journal_lock_updates',
      'fuse_lock_inode',
    ],
    'who allocates its own': [
      '__alloc_skb',
      'alloc_netdev_mqs',
      'sk_prot_alloc',
      'pcpu_alloc_noprof',
      'mempool_alloc_noprof',
      'idr_alloc_u32',
      'bio_alloc_bioset',
      'alloc_inode',
    ],
    'who frees its own': [
      'vfree',
      'kvfree_call_rcu',
      'free_netdev',
      'kfree_const',
      'free_pages',
      'skb_release_data',
      'consume_skb',
      'sk_free',
    ],
    'timers and work of its own': [
      'mod_timer',
      'add_timer',
      'call_timer_fn',
      'delayed_work_timer_fn',
      'process_one_work',
      'io_wq_worker',
      'call_rcu',
      'tick_sched_timer',
    ],
    'lists of its own': [
      'list_lru_walk_one',
      'list_sort',
      'fib_list_tables',
      'hlist_bl_lock',
      'sctp_outq_flush',
      'netdev_name_node_lookup',
      'xa_load',
      'bpf_lru_pop_free',
    ],
    'waits of its own': [
      'wait_woken',
      'wait_on_inode',
      'sk_stream_wait_memory',
      'blk_mq_freeze_queue_wait',
      'schedule_timeout',
      'unix_wait_for_peer',
      'inet_wait_for_connect',
    ],
    'copies of its own': [
      'skb_copy_bits',
      'copy_process',
      'copy_net_ns',
      'csum_partial',
      'iov_iter_copy',
      'mpol_rebind_task',
      'dup_mm',
      'copy_mm',
    ],
    'interrupts and scheduling': [
      'handle_irq_event',
      'irq_work_run',
      'sched_setscheduler',
      'try_to_wake_up',
      'synchronize_irq',
      'request_threaded_irq',
      'free_irq',
    ],
    'what has a word in it': [
      'netif_device_attach',
      'bpf_prog_run',
      'sound_release',
      'ext4_fill_super',
      'input_register_device',
      'sctp_packet_config',
      'kernfs_put',
      'kernfs_get',
    ],
  };
  for (const [what, names] of Object.entries(kept)) {
    it(`are not ${what}`, () => {
      for (const name of names) expect(isPassedOver(name), name).to.equal(false);
    });
  }

  it('are functions of the kernel itself: a driver may use any word', () => {
    const lines = (from: string) => [
      `BUG: KASAN: slab-out-of-bounds in nic_get_strings+0x1a/0x2b0${from && ` [${from}]`}`,
      'Write of size 32 at addr ffff888003c8e000 by task ethtool/61',
      'Call Trace:',
      frame('kasan_report'),
      frame('nic_get_strings', from),
      frame('ethtool_get_any'),
    ];
    expect(titleOf(...lines('nic'))).to.equal('KASAN: slab-out-of-bounds Write in nic_get_strings');
    expect(titleOf(...lines(''))).to.equal('KASAN: slab-out-of-bounds Write in ethtool_get_any');
  });

  it('give way to the module that called a helper which titles of the kernel itself do name', () => {
    const lines = (from: string) => [
      'WARNING: CPU: 0 PID: 61 at mm/vmalloc.c:3322 vfree+0x1a/0x2b0',
      rip('vfree'),
      'Call Trace:',
      frame('nic_free_ring', from),
    ];
    expect(titleOf(...lines('nic'))).to.equal('WARNING in nic_free_ring');
    expect(titleOf(...lines(''))).to.equal('WARNING in vfree');
  });
});

describe('a title', () => {
  it('has a system call without what macros put in front of it', () => {
    const names: readonly (readonly [string, string])[] = [
      ['__x64_sys_rmdir', 'sys_rmdir'],
      ['__arm64_sys_rmdir', 'sys_rmdir'],
      ['__ia32_compat_sys_ioctl', 'compat_sys_ioctl'],
      ['__do_sys_rmdir', 'rmdir'],
      ['__se_sys_rmdir', 'rmdir'],
      ['SyS_rmdir', 'rmdir'],
      ['SYSC_rmdir', 'rmdir'],
      ['compat_SyS_rmdir', 'rmdir'],
      ['___sys_sendmsg', 'sendmsg'],
      ['____sys_recvmsg', 'recvmsg'],
      ['ksys_write', 'write'],
      ['sys_imageblit', 'imageblit'],
      ['do_sys_open', 'do_sys_open'],
    ];
    for (const [name, bucket] of names) expect(bucketOf(name), name).to.equal(bucket);
  });

  it('that was shortened has the whole name among its alternatives', () => {
    const crash = crashOf([
      'BUG: KASAN: slab-use-after-free in ___sys_sendmsg+0x1a/0x2b0',
      'Read of size 8 at addr ffff888003c8e000 by task a/61',
      ...trace('kasan_report', '___sys_sendmsg', 'do_syscall_64'),
    ]);
    expect(crash.title).to.equal('KASAN: slab-use-after-free Read in sendmsg');
    expect(crash.altTitles).to.deep.equal([
      'KASAN: slab-use-after-free Read in ___sys_sendmsg',
      'bad-access in ___sys_sendmsg',
      'bad-access in sendmsg',
    ]);
  });

  const cases: readonly (readonly [string, string])[] = [
    ['a in ad7293_write_raw', 'a in ADDR_write_raw'],
    ['a in cfg80211_get_bss', 'a in cfg80211_get_bss'],
    ['pages 1,2,3 of 4', 'pages NUM,NUM,NUM of NUM'],
    ['key 0x12 and 0x1234567', 'key 0x12 and ADDR'],
    ['syz-executor.3/1234 hangs', 'syz-executor hangs'],
    ['file.c:12:3 of b.rs:4', 'file.c:LINE of b.rs:LINE'],
    ['process kworker/u4:2', 'process kworker/u4:NUM'],
  ];
  for (const [raw, normal] of cases) {
    it(`turns ${JSON.stringify(raw)} into ${JSON.stringify(normal)}`, () => {
      expect(normalizeTitle(raw)).to.equal(normal);
    });
  }
});

describe('the stack that a title is taken from', () => {
  it('is the first one of KASAN, not who allocated or freed', () => {
    const title = titleOf(
      'BUG: KASAN: use-after-free in memcpy+0x1a/0x2b0',
      'Read of size 8 at addr ffff888003c8e000 by task a/61',
      ...trace('dump_stack', 'kasan_report', 'memcpy', 'nic_rx'),
      'Allocated by task 60:',
      frame('nic_alloc'),
      'Freed by task 61:',
      frame('nic_release'),
    );
    expect(title).to.equal('KASAN: use-after-free Read in nic_rx');
  });

  it('of a warning of Linux 4 begins at the trap, behind the stack of the panic', () => {
    const title = titleOf(
      'WARNING: CPU: 0 PID: 61 at net/core/dev.c:12 nic_start+0x1a/0x2b0',
      'Kernel panic - not syncing: panic_on_warn set ...',
      ...trace('dump_stack', 'panic', '__warn', 'report_bug', 'do_error_trap', 'invalid_op'),
      rip('nic_start'),
      'RSP: 0018:ffff8801d30d6728 EFLAGS: 00010246',
      frame('__dev_open'),
    );
    expect(title).to.equal('WARNING in nic_start');
  });

  it('of a failed check in a helper of packets is the call trace', () => {
    const title = titleOf(
      'kernel BUG at include/linux/skbuff.h:2096!',
      'invalid opcode: 0000 [#1] SMP',
      rip('skb_pull_rcsum'),
      ...trace('nic_untag', 'nic_rx'),
    );
    expect(title).to.equal('kernel BUG in nic_untag');
  });

  it('of two locks in opposite orders is their places, the first that is no helper', () => {
    const title = titleOf(
      'WARNING: possible circular locking dependency detected',
      'rmmod/61 is trying to acquire lock:',
      'ffff8880 ((work_completion)(&nic->work)){+.+.}, at: __flush_work+0x1a/0x2b0',
      '',
      'but task is already holding lock:',
      'ffff8881 (&nic->lock){+.+.}, at: nic_stop+0x1a/0x2b0',
      'the existing dependency chain (in reverse order) is:',
      '-> #1 (&nic->lock){+.+.}:',
      frame('nic_work'),
      'stack backtrace:',
      ...trace('dump_stack', 'print_circular_bug', 'check_noncircular'),
    );
    expect(title).to.equal('possible deadlock in nic_stop');
  });

  it('of an inconsistent lock state is the call trace', () => {
    const title = titleOf(
      'WARNING: inconsistent lock state',
      'inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.',
      'swapper/0/0 [HC0[0]:SC1[1]:HE1:SE0] takes:',
      'ffff8880 (&nic->lock){+.?.}, at: spin_lock+0x1a/0x2b0',
      '{SOFTIRQ-ON-W} state was registered at:',
      frame('lock_acquire'),
      frame('nic_open'),
      'stack backtrace:',
      ...trace('dump_stack', 'print_usage_bug', 'mark_lock', '__lock_acquire', 'nic_timer'),
    );
    expect(title).to.equal('inconsistent lock state in nic_timer');
  });

  it('of an inconsistent lock state is the place of the lock when a module took it', () => {
    const title = titleOf(
      'WARNING: inconsistent lock state',
      'kworker/0:1/39 [HC0[0]:SC0[0]:HE0:SE1] takes:',
      'ffff8880 (&nic->lock){?.-.}-{3:3}, at: nic_interrupt+0x4d/0x240 [nic]',
      'stack backtrace:',
      ...trace('print_usage_bug', 'mark_lock', 'trace_hardirqs_on', 'asm_common_interrupt'),
    );
    expect(title).to.equal('inconsistent lock state in nic_interrupt');
  });

  it('of a hung task is its own, whatever the other processors do', () => {
    const title = titleOf(
      'INFO: task ip:61 blocked for more than 143 seconds.',
      ...trace('__schedule', 'schedule', 'rwsem_down_write_slowpath', 'nic_reconfigure'),
      'Showing all locks held in the system:',
      '1 lock held by khungtaskd/30:',
      ' #0: ffffffff8 (rcu_read_lock){....}, at: debug_show_all_locks+0x1a/0x2b0',
      'NMI backtrace for cpu 0',
      ...trace('dump_stack', 'nmi_cpu_backtrace', 'watchdog', 'kthread'),
      'Sending NMI from CPU 0 to CPUs 1:',
      'NMI backtrace for cpu 1',
      rip('nic_spin'),
    );
    expect(title).to.equal('INFO: task hung in nic_reconfigure');
  });

  it('of a stall is what the timer interrupted, not the other processors', () => {
    const title = titleOf(
      'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
      'rcu: \t1-...!: (1 GPs behind) idle=1/1 softirq=3/3 fqs=5',
      ...trace('dump_stack', 'rcu_dump_cpu_stacks', 'rcu_sched_clock_irq', 'update_process_times'),
      frame('asm_sysvec_apic_timer_interrupt'),
      rip('nic_poll_link'),
      frame('nic_get_link'),
      frame('nic_ioctl'),
      frame('sock_do_ioctl'),
      frame('do_syscall_64'),
      ...trace('nic_other', 'do_syscall_64'),
    );
    expect(title).to.equal('INFO: rcu detected stall in nic_ioctl');
  });

  it('of a stall is that of the processor that was asked where it is', () => {
    const says = (caller: string, lines: readonly string[]) =>
      lines.map((line) => `[   12.000001][ ${caller.padStart(5)}] ${line}\n`).join('');
    const asked = says('C0', [
      'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:',
      'rcu: \t1-...!: (1 GPs behind) idle=1/1 softirq=3/3 fqs=5',
      'Sending NMI from CPU 0 to CPUs 1:',
    ]);
    const answered = says('C1', [
      'NMI backtrace for cpu 1',
      rip('native_apic_mem_write'),
      ...trace('hrtimer_interrupt', 'asm_sysvec_apic_timer_interrupt'),
      rip('nic_poll_link'),
      ...['nic_get_link', 'nic_ioctl', 'sock_do_ioctl', 'do_syscall_64'].map((name) => frame(name)),
    ]);
    const bystander = says('T61', ['nic: link up']);
    const parser = new ConsoleParser();
    const found = [...parser.push(asked + bystander + answered + bystander), ...parser.end()];
    expect(found.map(({ title }) => title)).to.deep.equal([
      'INFO: rcu detected stall in nic_ioctl',
    ]);
    expect(found[0]?.corrupted).to.equal(false);
    expect(found[0]?.lines.some((line) => line.includes('link up'))).to.equal(false);
    const unasked = new ConsoleParser();
    unasked.push(asked.replace('Sending NMI', 'Thinking') + answered);
    expect(unasked.end()[0]?.title).to.equal('INFO: rcu detected stall in corrupted');
  });

  it('does not begin on a line that the unwinder guessed, inlined or marked', () => {
    const title = titleOf(
      'general protection fault: 0000 [#1] SMP KASAN',
      rip('memcpy'),
      'Call Trace:',
      ' ? nic_guessed+0x1a/0x2b0',
      ' <IRQ>  [<ffffffff8159e9d8>] nic_marked+0x1a/0x2b0',
      ' nic_inlined drivers/net/nic.c:12 [inline]',
      frame('nic_real'),
    );
    expect(title).to.equal('general protection fault in nic_real');
  });

  it('is not that of the panic behind a report that says enough', () => {
    const registers = Array.from(
      { length: 24 },
      (_, at) => `R${10 + (at % 6)}: 000000000000000${at % 10}`,
    );
    const crash = crashOf([
      'BUG: soft lockup - CPU#1 stuck for 26s! [ethtool:61]',
      ...registers,
      'Kernel panic - not syncing: softlockup: hung tasks',
      rip('watchdog_timer_fn'),
      ...trace('dump_stack', 'panic', 'watchdog_timer_fn', 'nic_spin', 'do_syscall_64'),
    ]);
    expect(crash.title).to.equal('BUG: soft lockup in corrupted');
    expect(crash.corrupted).to.equal(true);
  });

  for (const stamp of ['[   12.000001] ', '[Sat Nov 22 07:00:00 2025] ']) {
    it(`may be that of a forced failure of another processor, and is called torn, behind ${stamp}`, () => {
      const crash = crashOf(
        [
          'BUG: sleeping function called from invalid context at mm/slab.h:421',
          frame('should_fail'),
          frame('should_failslab'),
          frame('__kmalloc'),
          frame('nic_alloc'),
          ...trace('dump_stack', 'nic_poll'),
        ],
        stamp,
      );
      expect(crash.corrupted).to.equal(true);
    });
  }
});

describe('what titles without a function say', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'Kernel panic - not syncing: KASAN: panic_on_warn set ...',
      'kernel panic: KASAN: panic_on_warn set ...',
    ],
    ['Kernel panic - not syncing: Fatal exception in interrupt', 'kernel panic: Fatal exception'],
    [
      "Kernel panic - not syncing: Couldn't open N_TTY ldisc for ptm1 --- error -12.",
      "kernel panic: Couldn't open N_TTY ldisc",
    ],
    ['trusty: panic (caller): out of handles', 'trusty: panic: out of handles'],
    ['trusty: panic (caller): ASSERT FAILED at (ipc.c:472): chan', 'trusty: ASSERT FAILED: chan'],
    [
      'BUG: non-zero pgtables_bytes on freeing mm: 4096',
      'BUG: non-zero pgtables_bytes on freeing mm: NUM',
    ],
    [
      'BUG kmalloc-64 (Not tainted): Redzone overwritten',
      'BUG kmalloc-NUM (Not tainted): Redzone overwritten',
    ],
    ['Kernel BUG at mm/slub.c:1', 'kernel BUG at mm/slub.c:LINE'],
    ['BUG: KASAN: maybe wild-memory-access in range', 'KASAN: maybe wild-memory-access in range'],
  ];
  for (const [line, title] of cases) {
    it(`is ${title}`, () => {
      expect(titleOf(line, ...trace('dump_stack', 'nic_open', 'dev_open'))).to.equal(title);
    });
  }

  it('is called torn when a panic has lost its stack', () => {
    const panic = 'Kernel panic - not syncing: Out of memory and no killable processes...';
    expect(crashOf([panic]).corrupted).to.equal(true);
    expect(crashOf([panic, ...trace('panic', 'out_of_memory')]).corrupted).to.equal(false);
  });
});

describe('warnings that concern users', () => {
  it('are no crashes, even with a stack behind them', () => {
    const parser = new ConsoleParser();
    const text = [
      'WARNING: The mand mount option has been deprecated',
      'XFS (vda): WARNING: Reset corrupted AGFL on AG 0',
      'EXT4-fs (vda): WARNING: quota is off',
      'INFO: recovery required on readonly filesystem',
      'WARNING: /etc/ssh/moduli does not exist, using fixed modulus',
    ].flatMap((line) => [line, ...trace('dump_stack', 'mount')]);
    const found = [
      ...parser.push(text.map((line) => `[    1.000001] ${line}\n`).join('')),
      ...parser.end(),
    ];
    expect(found.map(({ title }) => title)).to.deep.equal([]);
  });
});
