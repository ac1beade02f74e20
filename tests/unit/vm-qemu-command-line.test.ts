// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import { linkedPair, type MachineSpec } from '../../lab/src/vm/machine-spec.ts';
import {
  kernelCommandLine,
  nicDevice,
  qemuArguments,
  qemuSandbox,
} from '../../lab/src/vm/qemu-command-line.ts';
import { sandboxed } from '../../lab/src/vm/sandbox.ts';

const spec: MachineSpec = {
  cpus: 2,
  memoryMiB: 256,
  accel: 'tcg',
  kernel: '/cache/kernel/vmlinux',
  initramfs: ['/cache/initramfs.cpio'],
  append: ['loglevel=7'],
  nics: linkedPair('ferronic'),
  qemu: { toolchainRoot: '/cache/toolchain/tree', dir: '/cache/qemu' },
  runDir: '/runs/with,comma',
};

function valuesOf(args: readonly string[], option: string): string[] {
  return args.filter((_value, index) => args[index - 1] === option);
}

describe('QEMU command line', () => {
  it('starts from nothing, under seccomp, and outlives a panic of the guest', () => {
    const args = qemuArguments(spec);
    expect(args).to.include.members(['-nodefaults', '-no-user-config', '-no-reboot']);
    expect(valuesOf(args, '-sandbox')).to.deep.equal([
      'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ]);
    expect(valuesOf(args, '-action')).to.deep.equal(['panic=none']);
    expect(valuesOf(args, '-device')).to.include('pvpanic-pci');
  });

  it('opens no network port, only inherited sockets and files of the run folder', () => {
    const chardevs = valuesOf(qemuArguments(spec), '-chardev');
    const [files, sockets] = [true, false].map((isFile) =>
      chardevs.filter((chardev) => chardev.startsWith('file,') === isFile),
    );
    expect(sockets).to.have.length(3);
    for (const chardev of sockets ?? []) expect(chardev).to.match(/^socket,id=\w+,fd=[345](,|$)/);
    expect(files).to.deep.equal([
      'file,id=nic0-log,path=/mnt/run/nic0.ndjson',
      'file,id=nic1-log,path=/mnt/run/nic1.ndjson',
    ]);
    expect(valuesOf(qemuArguments(spec), '-netdev')).to.deep.equal([
      'hubport,id=nic0-link,hubid=0',
      'hubport,id=nic1-link,hubid=0',
    ]);
  });

  it('puts each card behind a root port of its own, with its id', () => {
    const devices = valuesOf(qemuArguments(spec), '-device');
    expect(devices).to.include.members([
      'pcie-root-port,id=nic0-port,chassis=1,slot=1',
      'ferronic,id=nic0,bus=nic0-port,netdev=nic0-link,mac=52:54:00:fe:00:01,romfile=,log=nic0-log,stop-delay-ns=5000000',
      'pcie-root-port,id=nic1-port,chassis=2,slot=2',
      'ferronic,id=nic1,bus=nic1-port,netdev=nic1-link,mac=52:54:00:fe:00:02,romfile=,log=nic1-log,stop-delay-ns=5000000',
    ]);
  });

  it('lets a card begin with the faults of a file in the run folder', () => {
    const [nic] = linkedPair('ferronic');
    const args = qemuArguments({ ...spec, nics: [{ ...nic, faultPlan: 'nic0-plan.json' }] });
    expect(valuesOf(args, '-device').at(-1)).to.match(/,fault-plan=\/mnt\/run\/nic0-plan\.json$/);
    expect(nicDevice({ ...nic, faultPlan: 'nic0-plan.json' })).not.to.have.property('fault-plan');
  });

  it('has a card say at once what it has sent when asked to, and leaves that to the card otherwise', () => {
    const [nic] = linkedPair('ferronic');
    expect(nicDevice({ ...nic, batchNs: 0 })).to.have.property('batch-ns', 0);
    expect(nicDevice(nic)).not.to.have.property('batch-ns');
  });

  it('gives a sink a hub of its own with an open port, because a hub of one port takes no frame', () => {
    const [first, second] = linkedPair('ferronic');
    const nics = [first, { ...second, backend: { kind: 'sink' } as const }];
    expect(valuesOf(qemuArguments({ ...spec, nics }), '-netdev')).to.deep.equal([
      'hubport,id=nic0-link,hubid=0',
      'hubport,id=nic1-link,hubid=1001',
      'hubport,id=nic1-sink,hubid=1001',
    ]);
  });

  it('finds the socket of a frame source in the run folder', () => {
    const [nic] = linkedPair('e1000e');
    const nics = [{ ...nic, backend: { kind: 'stream', socket: 'nic0.sock' } as const }];
    expect(valuesOf(qemuArguments({ ...spec, nics }), '-netdev')).to.deep.equal([
      'stream,id=nic0-link,server=off,addr.type=unix,addr.path=/mnt/run/nic0.sock',
    ]);
  });

  it('joins a hub to another machine that listens on a socket, and opens no port', () => {
    const [nic] = linkedPair('e1000e');
    const cables = [{ hub: 0, socket: 'peer/cable' }];
    const nics = [{ ...nic, backend: { kind: 'listen', socket: 'cable' } as const }];
    expect(valuesOf(qemuArguments({ ...spec, nics }), '-netdev')).to.deep.equal([
      'stream,id=nic0-link,server=on,addr.type=unix,addr.path=/mnt/run/cable',
    ]);
    expect(valuesOf(qemuArguments({ ...spec, cables }), '-netdev').slice(2)).to.deep.equal([
      'stream,id=cable0,server=off,addr.type=unix,addr.path=/mnt/run/peer/cable,reconnect-ms=100',
      'hubport,id=cable0-end,hubid=0,netdev=cable0',
    ]);
  });

  it('writes trace events into the run folder, and nothing when none are asked for', () => {
    const args = qemuArguments({ ...spec, traceEvents: ['ferronic_irq_fire'] });
    expect(valuesOf(args, '-trace')).to.deep.equal(['ferronic_irq_fire']);
    expect(valuesOf(args, '-D')).to.deep.equal(['/mnt/run/trace.log']);
    expect(qemuArguments(spec)).not.to.include('-D');
  });

  it('logs each instruction of a range of addresses, and translates one at a time for it', () => {
    const logExecution = { start: '0xffffffffa0000000', size: '0x1000' };
    const args = qemuArguments({ ...spec, logExecution, instructionClock: { shift: 3, seed: 7 } });
    expect(valuesOf(args, '-accel')).to.deep.equal(['tcg,thread=single,one-insn-per-tb=on']);
    expect(valuesOf(args, '-d')).to.deep.equal(['exec,nochain']);
    expect(valuesOf(args, '-dfilter')).to.deep.equal(['0xffffffffa0000000+0x1000']);
    expect(valuesOf(args, '-D')).to.deep.equal(['/mnt/run/trace.log']);
  });

  it('counts instructions instead of time when asked to, in one thread and from a fixed date', () => {
    const args = qemuArguments({ ...spec, instructionClock: { shift: 3, seed: 7 } });
    expect(valuesOf(args, '-accel')).to.deep.equal(['tcg,thread=single']);
    expect(valuesOf(args, '-icount')).to.deep.equal(['shift=3,sleep=off']);
    expect(valuesOf(args, '-rtc')).to.deep.equal(['base=2026-01-01T00:00:00,clock=vm']);
    expect(valuesOf(args, '-seed')).to.deep.equal(['7']);
  });

  it('loses no console output when virtual time runs ahead of the host', () => {
    const args = qemuArguments({ ...spec, instructionClock: { shift: 3, seed: 7 } });
    expect(valuesOf(args, '-chardev')).to.include(
      'file,id=console,path=/mnt/run/console.log,append=on',
    );
  });

  it('emulates vCPUs in parallel under TCG and passes the host CPU under KVM', () => {
    expect(valuesOf(qemuArguments(spec), '-accel')).to.deep.equal(['tcg,thread=multi']);
    const kvm = qemuArguments({ ...spec, accel: 'kvm' });
    expect(valuesOf(kvm, '-accel')).to.deep.equal(['kvm']);
    expect(valuesOf(kvm, '-cpu')).to.deep.equal(['host']);
  });

  it('lets parameters of the machine come last, so that they win', () => {
    expect(kernelCommandLine(['loglevel=7', 'quiet'])).to.match(/loglevel=5 .*loglevel=7 quiet$/);
  });

  it('keeps host paths, and what is odd in them, out of QEMU options', () => {
    expect(qemuArguments(spec).join(' ')).not.to.match(/cache|runs/);
  });
});

describe('QEMU sandbox', () => {
  it('shows QEMU its artifacts read-only and its run folder writable, and nothing else', () => {
    const args = sandboxed(qemuSandbox(spec, '/cache/initramfs.cpio'), ['program']);
    const mounts = args.flatMap((word, index) =>
      /^--(ro-)?bind$|^--dev-bind$/.test(word) ? [args.slice(index, index + 3).join(' ')] : [],
    );
    expect(mounts).to.deep.equal([
      '--ro-bind /cache/toolchain/tree /',
      '--ro-bind /cache/qemu /mnt/qemu',
      '--ro-bind /cache/kernel/vmlinux /mnt/vmlinux',
      '--ro-bind /cache/initramfs.cpio /mnt/initramfs.cpio',
      '--bind /runs/with,comma /mnt/run',
    ]);
  });

  it('has no network, namespaces of its own, no capabilities, and dies with the lab', () => {
    const args = sandboxed(qemuSandbox(spec, '/i.cpio'), ['program', 'argument']);
    expect(args).to.include.members([
      '--unshare-net',
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--die-with-parent',
      '--as-pid-1',
      '--clearenv',
    ]);
    expect(args.join(' ')).to.include('--cap-drop ALL');
    expect(args.slice(-2)).to.deep.equal(['program', 'argument']);
  });

  it('arms the death signal outside before the sandbox is made, and inside before QEMU starts', () => {
    const args = sandboxed(qemuSandbox(spec, '/i.cpio'), ['program']);
    const armed = ['setpriv', '--pdeathsig', 'KILL', '--'];
    expect(args.slice(0, 4)).to.deep.equal(armed);
    expect(args.indexOf('bwrap')).to.be.within(4, args.lastIndexOf('setpriv'));
    const inside = args.slice(args.lastIndexOf('setpriv'));
    expect(inside.slice(0, 6)).to.deep.equal([...armed, 'sh', '-c']);
    expect(inside[6]).to.match(/echo ready; read .* && exec "\$@"/);
  });

  it('shows /dev/kvm only to a machine that uses it', () => {
    const mountsKvm = (accel: 'kvm' | 'tcg'): boolean =>
      sandboxed(qemuSandbox({ ...spec, accel }, '/i.cpio'), []).includes('/dev/kvm');
    expect([mountsKvm('kvm'), mountsKvm('tcg')]).to.deep.equal([true, false]);
  });
});
