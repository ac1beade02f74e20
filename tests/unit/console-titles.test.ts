// SPDX-License-Identifier: Apache-2.0

import { expect } from 'chai';
import { isHelper } from '../../lab/src/console/helper-frames.ts';
import { normalizeTitle } from '../../lab/src/console/report-title.ts';
import { demangleRust } from '../../lab/src/console/rust-symbol.ts';
import { readFrames } from '../../lab/src/console/stack-frame.ts';
import { plainText } from '../../lab/src/console/terminal-text.ts';

describe('a crash title', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['bad read at 0xffff888009a41048 by 12', 'bad read at ADDR by NUM'],
    ['at ffff888009a41048', 'at ADDR'],
    ['host 10.0.0.1 is gone', 'host IP is gone'],
    ['in net/core/dev.c:123:45 again', 'in net/core/dev.c:LINE again'],
    ['ring.rs:17 is full', 'ring.rs:LINE is full'],
    ['stuck in foo_bar+0x1a/0x2b0', 'stuck in foo_bar'],
    ['CPU#3 is lost', 'CPU is lost'],
    ['testdir264563108 is full', 'testdirNUM is full'],
    ['eth0 and ext4 stay', 'eth0 and ext4 stay'],
    ['a\tb   c\u0007', 'a b c'],
  ];
  for (const [raw, normal] of cases) {
    it(`turns ${JSON.stringify(raw)} into ${JSON.stringify(normal)}`, () => {
      expect(normalizeTitle(raw)).to.equal(normal);
    });
  }

  it('is at most 120 characters long', () => {
    expect(normalizeTitle('x'.repeat(1000))).to.have.lengthOf(120);
  });
});

describe('a line of a stack trace', () => {
  const cases: readonly (readonly [string, string, string | null])[] = [
    [' ferronic_probe+0xa4/0x3f0 [ferronic_c]', 'ferronic_probe', 'ferronic_c'],
    ['RIP: 0010:ferronic_probe+0xa4/0x3f0 [ferronic_c]', 'ferronic_probe', 'ferronic_c'],
    [' [<ffffffff81d6438d>] list_sort+0xd/0x70', 'list_sort', null],
    ['pc : selinux_socket_sendmsg+0x1f/0x50', 'selinux_socket_sendmsg', null],
    ['[c00000003ae5b800] [c00000000135c19c] slb_flush+0xe4/0x128 (unreliable)', 'slb_flush', null],
    [' schedule_work.constprop.0+0x1/0x2', 'schedule_work', null],
    [' vfs_ioctl fs/ioctl.c:51 [inline]', 'vfs_ioctl', null],
  ];
  for (const [line, name, module] of cases) {
    it(`is read from ${JSON.stringify(line)}`, () => {
      expect(readFrames(line).map((frame) => [frame.name, frame.module])).to.deep.equal([
        [name, module],
      ]);
    });
  }

  it('is not believed when the kernel marks it as unreliable', () => {
    expect(readFrames(' ? ferronic_probe+0xa4/0x3f0 [ferronic_c]')).to.deep.equal([]);
  });

  it('names caller and callee on ARM', () => {
    const frames = readFrames('[<802b3ffc>] (panic) from [<802e1324>] (die+0x78/0x1b4)');
    expect(frames.map(({ name }) => name)).to.deep.equal(['panic', 'die']);
  });
});

describe('the list of helpers', () => {
  it('skips those that only serve others', () => {
    for (const name of ['memcpy', '__kmalloc_cache_noprof', '_raw_spin_lock_irqsave', 'kfree']) {
      expect(isHelper(name), name).to.equal(true);
    }
    expect(isHelper('core::option::unwrap_failed')).to.equal(true);
  });

  const classes: Readonly<Record<string, readonly string[]>> = {
    'the allocators': [
      '___slab_alloc',
      'kvfree_call_rcu',
      '__do_kmalloc_node',
      'mempool_alloc_noprof',
    ],
    'the allocators of pages': ['rmqueue', '__alloc_frozen_pages_noprof', 'free_frozen_pages'],
    'mappings of memory': ['__get_vm_area_node', 'vmap_pages_range_noflush', 'vunmap_range'],
    'the sanitizers': ['__asan_store8', '__msan_memcpy', '__tsan_write4', 'handle_overflow'],
    'reference counters': ['refcount_warn_saturate', 'kref_put', 'kobject_get_unless_zero'],
    'lists and bits': ['__list_add_valid_or_report', '_test_bit', 'arch___set_bit', 'rb_erase'],
    'text and copies': [
      'strscpy_pad',
      '_copy_from_iter',
      'fault_in_readable',
      'hex_string',
      'kstrtouint',
    ],
    locks: [
      'queued_spin_lock_slowpath',
      'rtmutex_spin_on_owner',
      'down_write_killable',
      '__mutex_lock',
    ],
    lockdep: ['check_path', 'mark_usage', 'print_circular_bug', 'validate_chain'],
    'the scheduler': ['__schedule', 'schedule_timeout', '__might_resched', 'preempt_schedule_irq'],
    'deferred work': [
      'cancel_work_sync',
      '__flush_work',
      'timer_delete_sync',
      'try_to_del_timer_sync',
    ],
    'messages and warnings': [
      '_dev_warn',
      'netdev_notice',
      'vprintk_emit',
      '__warn_printf',
      'dump_stack_lvl',
    ],
    'traps of many machines': [
      'do_trap_insn_illegal',
      '__do_pgm_check',
      'tlb_do_page_fault_0',
      'do_mem_abort',
    ],
    'packets that overflow': ['skb_over_panic', 'skb_put', 'skb_push'],
    'requests to USB devices': ['usb_submit_urb', 'usb_control_msg_send', 'usb_kill_urb'],
    'injected failures': ['should_fail_ex', 'should_failslab', 'fail_dump'],
  };
  for (const [what, names] of Object.entries(classes)) {
    it(`skips ${what}`, () => {
      for (const name of names) expect(isHelper(name), name).to.equal(true);
    });
  }

  it('keeps the functions of drivers for parts of hardware', () => {
    for (const name of ['stmmac_pcs_config', 'nic_pool_init', 'nic_lock_ring', 'nic_timer']) {
      expect(isHelper(name), name).to.equal(false);
    }
  });

  it('keeps functions whose names only look alike', () => {
    for (const name of ['strp_data_ready', 'bitmap_ip_add', 'rtnl_lock', 'iterate_supers']) {
      expect(isHelper(name), name).to.equal(false);
    }
    expect(isHelper('ferronic_rx_alloc')).to.equal(false);
  });
});

describe('a Rust symbol', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['_RNvCscSpY9Juk0HT_7___rustc17rust_begin_unwind', '__rustc::rust_begin_unwind'],
    [
      '_RNvMs3_NtCshgDM7dBCdno_11rust_binder7processNtB5_7Process10update_ref',
      '<rust_binder::process::Process>::update_ref',
    ],
    ['_RNvXs_NtC4mine3fooNtB4_3BarNtC4mine5Trait3run', '<mine::foo::Bar as mine::Trait>::run'],
    ['_RNCNvC4mine4main0', 'mine::main::{closure#0}'],
    ['_RINvC4mine3maphE', 'mine::map::<u8>'],
    ['ferronic_probe', 'ferronic_probe'],
    ['_RNvNtNonsense', '_RNvNtNonsense'],
  ];
  for (const [symbol, name] of cases) {
    it(`${symbol} is ${name}`, () => {
      expect(demangleRust(symbol)).to.equal(name);
    });
  }

  it('that refers to itself does not hang the parser', () => {
    expect(demangleRust(`_R${'IB0_'.repeat(200)}`)).to.match(/^_R/);
  });
});

describe('plain text', () => {
  it('has no colours, titles, cursor movements and reordering left', () => {
    expect(plainText('\u001b[31mred\u001b[0m \u001b]0;title\u0007\u001b[2Jend\u202e\b')).to.equal(
      'red end',
    );
  });
});
