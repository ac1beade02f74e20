// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { CrashWatch, type Trouble } from '../../lab/src/run/crash-watch.ts';
import type { RunningVm } from '../../lab/src/vm/launch.ts';
import type { PanicNotice } from '../../lab/src/vm/panic-notice.ts';
import type { VmExit } from '../../lab/src/vm/qemu-process.ts';

const never = new AbortController().signal;

/** A machine of which only the signs of life are real. */
function fakeVm() {
  const sinks = new Set<(chunk: Uint8Array) => void>();
  let panic: (notice: PanicNotice) => void = () => undefined;
  let exit: (how: VmExit) => void = () => undefined;
  const shutdowns: { guest: boolean }[] = [];
  let wake: () => void = () => undefined;
  const vm = {
    console: {
      attach(sink: (chunk: Uint8Array) => void) {
        sinks.add(sink);
        return { [Symbol.dispose]: () => void sinks.delete(sink) };
      },
    },
    panicked: new Promise<PanicNotice>((resolve) => {
      panic = resolve;
    }),
    exited: new Promise<VmExit>((resolve) => {
      exit = resolve;
    }),
    qmp: {
      async *events() {
        for (;;) {
          const data = shutdowns.shift();
          if (data !== undefined) {
            yield { name: 'SHUTDOWN', data };
          } else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      },
    },
  };
  return {
    vm: vm as unknown as RunningVm,
    print(text: string) {
      for (const sink of sinks) {
        sink(Buffer.from(text));
      }
    },
    panic: () => panic({ source: 'pvpanic', atMs: 0, wallTime: new Date() }),
    exit,
    shutdown(guest: boolean) {
      shutdowns.push({ guest });
      wake();
    },
  };
}

function watched() {
  const fake = fakeVm();
  const troubles: Trouble[] = [];
  const watch = new CrashWatch(fake.vm, 'ferronic_c', (trouble) => troubles.push(trouble));
  return { ...fake, watch, troubles };
}

const oops = [
  '[   50.000000][   T99] BUG: kernel NULL pointer dereference, address: 0000000000000008',
  '[   50.000001][   T99] #PF: supervisor write access in kernel mode',
  '[   50.000002][   T99] Oops: Oops: 0002 [#1] SMP KASAN',
  '[   50.000003][   T99] CPU: 0 UID: 0 PID: 99 Comm: sh Not tainted 7.3.4 #1',
  '[   50.000004][   T99] RIP: 0010:ferronic_probe+0x12/0x340 [ferronic_c]',
  '[   50.000005][   T99] Call Trace:',
  '[   50.000006][   T99]  <TASK>',
  '[   50.000007][   T99]  local_pci_probe+0x12/0x34',
  '[   50.000008][   T99]  </TASK>',
  '[   50.000009][   T99] ---[ end trace 0000000000000000 ]---',
  '',
].join('\n');

const leakedObject = [
  '[   41.545064][   T78] unreferenced object 0xffff888008e60940 (size 64):',
  '[   41.547254][   T78]   comm "dd", pid 167, jiffies 4294905698',
  '[   41.558680][   T78]   backtrace (crc a1d2f68a):',
  '[   41.561894][   T78]     __kmalloc_cache_noprof+0x255/0x3e0',
  '[   41.564066][   T78]     ferronic_file_open+0x6d/0x2f0 [ferronic_c]',
  '',
].join('\n');

const ownDeadlock = [
  'WARNING: possible circular locking dependency detected',
  '7.3.4 #1 Tainted: G           O     N ',
  '------------------------------------------------------',
  'irq/25-pciehp/48 is trying to acquire lock:',
  'ffff888009b436d8 (&ctrl->reset_lock){.+.+}-{4:4}, at: pciehp_unconfigure_device+0x15b/0x1d0',
  'but task is already holding lock:',
  'ffffffff82844780 (pci_rescan_remove_lock){+.+.}-{4:4}, at: pciehp_unconfigure_device+0xa4/0x1d0',
  'which lock already depends on the new lock.',
  'stack backtrace:',
  'CPU: 1 UID: 0 PID: 47 Comm: irq/25-pciehp Tainted: G           O     N  7.3.4 #1 PREEMPTLAZY  ',
  'Call Trace:',
  ' <TASK>',
  ' dump_stack_lvl+0x63/0x80',
  ' print_circular_bug+0x380/0x3a0',
  ' lock_acquire+0xe7/0x1e0',
  ' down_read_nested+0x43/0x310',
  ' pciehp_unconfigure_device+0x15b/0x1d0',
  ' pciehp_disable_slot+0xa7/0x2b0',
  ' pciehp_ist+0x1c0/0x6c0',
  ' </TASK>',
  '',
]
  .map((line) => `[   53.000000][   T48] ${line}`)
  .join('\n');

describe('the watch over a guest', () => {
  it('sees nothing in a healthy console', async () => {
    const { print, watch, troubles } = watched();
    print('[    1.000000][    T1] ferronic_c 0000:01:00.0 eth0: link up\nferrolab: ready\n');
    await delay(20);
    expect(troubles).to.deep.equal([]);
    expect(watch.signal.aborted).to.equal(false);
    expect(watch.finish()).to.deep.equal({
      reports: [],
      deviceReports: [],
      panicked: false,
      guestReset: false,
      qemuDied: null,
      driverInStack: false,
    });
  });

  it('takes the console alone for enough, and names the crash', async () => {
    const { print, watch, troubles } = watched();
    print(oops);
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
    const { reports } = watch.finish();
    expect(reports[0]?.title).to.contain('NULL pointer dereference');
    expect(reports[0]?.frame).to.equal('ferronic_probe');
  });

  it('leaves out what the kernel complains of by itself, and sees the crash that comes after', async () => {
    const { print, watch, troubles } = watched();
    print(ownDeadlock);
    await delay(1_700);
    expect(troubles).to.deep.equal([]);
    print(oops);
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
    const { reports } = watch.finish();
    expect(reports.map(({ frame }) => frame)).to.deep.equal(['ferronic_probe']);
  });

  it("is not alarmed by kmemleak's count, but by an object that it prints", async () => {
    const { print, watch, troubles } = watched();
    print(
      '[   40.877834][   T77] kmemleak: 1044 new suspected memory leaks (see /sys/kernel/debug/kmemleak)\n',
    );
    await delay(1_700);
    expect(troubles).to.deep.equal([]);
    print(leakedObject);
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
    const { reports } = watch.finish();
    expect(reports.map(({ title }) => title)).to.deep.equal(['memory leak in ferronic_file_open']);
  });

  it("does not take for the kernel's own what has the driver on its stack", async () => {
    const { print, troubles } = watched();
    print(ownDeadlock.replace('pciehp_ist+0x1c0/0x6c0', 'ferronic_remove+0x1/0x2 [ferronic_c]'));
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
  });

  it('excuses a driver that frees an interrupt whose files the kernel did not get, and not one that leaves it in use', async () => {
    const warning = (line: number) =>
      [
        '------------[ cut here ]------------',
        "name 'smp_affinity_list'",
        `WARNING: fs/proc/generic.c:${line} at remove_proc_entry+0x2d1/0x440, CPU#0: sh/529`,
        'CPU: 0 UID: 0 PID: 529 Comm: sh Tainted: G           O     N  7.3.4 #1 PREEMPTLAZY  ',
        'RIP: 0010:remove_proc_entry+0x2d6/0x440',
        'Call Trace:',
        ' <TASK>',
        ' unregister_irq_proc+0xb2/0x170',
        ' free_desc+0x2b/0x1b0',
        ' ferronic_remove+0x9a/0x130 [ferronic_c]',
        ' </TASK>',
        '---[ end trace 0000000000000000 ]---',
        '',
      ]
        .map((text) => `[  781.000000][  T529] ${text}`)
        .join('\n');
    const { print, troubles } = watched();
    const [first = '', rest = ''] = warning(742).split(/(?=\n.*Call Trace)/);
    print(first);
    await delay(1_700);
    expect(troubles, 'before it is complete').to.deep.equal([]);
    print(rest);
    await delay(1_700);
    expect(troubles).to.deep.equal([]);
    print(warning(750));
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
  });

  it('knows whether the driver was in a stack since the report began, and not before', () => {
    const frame = '[    2.000000][    T9]  ferronic_open+0x1/0x2 [ferronic_c]\n';
    const stall = '[   57.504989][    C0] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\n';
    const before = watched();
    before.print(frame);
    before.print(stall);
    expect(before.watch.finish().driverInStack).to.equal(false);
    const after = watched();
    after.print(stall);
    after.print(frame.replace('T9', 'C1'));
    expect(after.watch.finish().driverInStack).to.equal(true);
  });

  it('tells a stall from other reports before they are complete', () => {
    const stalled = watched();
    stalled.print('[   57.504989][    C0] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\n');
    expect(stalled.watch.onlyStalls).to.equal(true);
    const crashed = watched();
    crashed.print(oops);
    expect(crashed.watch.onlyStalls).to.equal(false);
    expect(watched().watch.onlyStalls).to.equal(false);
  });

  it('takes the panic device alone for enough', async () => {
    const { panic, watch, troubles } = watched();
    panic();
    await delay(5);
    expect(troubles).to.deep.equal(['pvpanic']);
    expect(watch.finish()).to.include({ panicked: true, guestReset: false });
  });

  it('waits for the rest of a report, then goes on', async () => {
    const { print, panic, watch } = watched();
    panic();
    const lines = oops.split('\n');
    print(`${lines[0]}\n`);
    const collected = watch.collect(never, { quietMs: 80, longestMs: 5_000 });
    for (const line of lines.slice(1)) {
      await delay(10);
      print(`${line}\n`);
    }
    await collected;
    expect(watch.finish().reports[0]?.frame).to.equal('ferronic_probe');
  });

  it('does not wait for ever for a guest that never stops printing', async () => {
    const { print, watch } = watched();
    const noise = setInterval(() => print('noise\n'), 5);
    const started = performance.now();
    await watch.collect(never, { quietMs: 50, longestMs: 200 });
    clearInterval(noise);
    expect(performance.now() - started).to.be.within(150, 1_500);
  });

  it('ends a run for a report that has begun and is not completed', async () => {
    const { print, watch, troubles } = watched();
    print(oops.split('\n').slice(0, 5).join('\n').concat('\n'));
    await delay(1_700);
    expect(troubles).to.deep.equal(['console']);
    watch.finish();
  });

  it('tells a QEMU that died from one that the lab has stopped', async () => {
    const dead = watched();
    dead.exit({ kind: 'killed', signal: 'SIGSEGV' });
    await delay(5);
    expect(dead.troubles).to.deep.equal(['exit']);
    expect(dead.watch.finish().qemuDied).to.contain('SIGSEGV');

    const stopped = watched();
    stopped.watch.stopping();
    stopped.exit({ kind: 'exited', code: 0 });
    await delay(5);
    expect(stopped.troubles).to.deep.equal([]);
    expect(stopped.watch.finish().qemuDied).to.equal(null);
  });

  it('tells a guest that reset itself from a QEMU that was told to stop', async () => {
    const told = watched();
    told.shutdown(false);
    await delay(5);
    expect(told.troubles).to.deep.equal([]);
    const reset = watched();
    reset.shutdown(true);
    await delay(5);
    expect(reset.troubles).to.deep.equal(['reset']);
  });

  it('counts the failed allocations that the console tells of', () => {
    const { print, watch } = watched();
    print('[ 1.0] FAULT_INJECTION: forcing a failure.\nname failslab\n[ 1.1] FAULT_INJ');
    print('ECTION: forcing a failure.\n');
    expect(watch.failedAllocations).to.equal(2);
  });
});
