// SPDX-License-Identifier: Apache-2.0
import type { Cable, MachineSpec, NicBackend, NicSpec, SimulationSpec } from './machine-spec.ts';
import type { Mount, SandboxSpec } from './sandbox.ts';
import { schedulerId, schedulerObject } from './vcpu-scheduler.ts';

/** File descriptors that QEMU inherits, each one end of a socket pair. */
export const inheritedFd = { qmp: 3, console: 4, ssh: 5 } as const;

/** Name of the virtio-serial port that the guest joins to its SSH server. */
export const sshPortName = 'org.ferrolab.ssh';

/** Where QEMU finds things inside its sandbox. */
export const sandboxPath = {
  run: '/mnt/run',
  console: '/mnt/run/console.log',
  trace: '/mnt/run/trace.log',
  qemu: '/mnt/qemu',
  program: '/mnt/qemu/bin/qemu-system-x86_64',
  kernel: '/mnt/vmlinux',
  initramfs: '/mnt/initramfs.cpio',
  template: '/mnt/template',
} as const;

/** The artifact's own firmware comes first, then that of the toolchain tree. */
const firmwareDirs = ['/mnt/qemu/share/qemu', '/usr/share/qemu', '/usr/share/seabios'] as const;

/**
 * Everything that TCG can do, but without the promise that string instructions are fast: TCG does them a byte at a
 * time, and a kernel that believes the promise boots half a second later. Four levels of page tables are enough.
 */
const emulatedCpu = 'max,erms=off,fsrm=off,fsrs=off,fzrm=off,fsrc=off,la57=off';

/** Parameters that every guest gets; those of a machine come after them and win. */
const labParameters = [
  'console=ttyS0',
  // Warnings too: lockdep and WARN speak at that level.
  'loglevel=5',
  // Skip calibrations and probes that cost time under emulation and find nothing in this machine.
  'tsc=reliable',
  'no_timer_check',
  'random.trust_cpu=on',
  '8250.nr_uarts=1',
  // Hot plug and error reporting are the kernel's own; one without ASPM would leave them to a firmware that has neither.
  'pcie_ports=native',
] as const;

/** The kernel's command line. */
export function kernelCommandLine(append: readonly string[]): string {
  return [...labParameters, ...append].join(' ');
}

/** What QEMU sees of the host to run this machine; `initramfs` is one archive on the host. Pure. */
export function qemuSandbox(spec: MachineSpec, initramfs: string): SandboxSpec {
  const mount = (source: string, target: string, access: Mount['access'] = 'read'): Mount => ({
    source,
    target,
    access,
  });
  return {
    root: spec.qemu.toolchainRoot,
    kvm: spec.accel === 'kvm',
    mounts: [
      mount(spec.qemu.dir, sandboxPath.qemu),
      mount(spec.kernel, sandboxPath.kernel),
      mount(initramfs, sandboxPath.initramfs),
      mount(spec.runDir, sandboxPath.run, 'write'),
      ...(spec.template === undefined ? [] : [mount(spec.template, sandboxPath.template)]),
    ],
  };
}

/** QEMU's arguments, without the program, as it runs inside its sandbox. Pure. */
export function qemuArguments(spec: MachineSpec): readonly string[] {
  const restored = spec.template !== undefined;
  return [
    ...qemuBasics,
    // The guest goes on after a panic so that its last words reach the console. A simulated one has said them by then.
    ...['-no-reboot', '-action', spec.simulation === undefined ? 'panic=none' : 'panic=pause'],
    ...['-machine', 'q35,usb=off,vmport=off,smbus=off,sata=off,i8042=off,graphics=off,hpet=off'],
    // The guest sees cards come and go by PCI Express itself, as on hardware; so do our root ports.
    ...['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off'],
    ...acceleratorArguments(spec),
    ...['-smp', String(spec.cpus), '-m', `${spec.memoryMiB}M`],
    // qboot hands over to the kernel at once; SeaBIOS takes its time to look for disks and cards.
    ...['-bios', 'qboot.rom'],
    ...['-kernel', sandboxPath.kernel, '-initrd', sandboxPath.initramfs],
    ...['-append', kernelCommandLine(parameters(spec))],
    ...['-device', 'pvpanic-pci'],
    ...consoleArguments(spec),
    ...(spec.simulation === undefined
      ? sshPortArguments
      : simulationArguments(spec.simulation, restored)),
    ...(restored ? ['-incoming', 'defer'] : []),
    ...spec.nics.flatMap(nicArguments),
    ...(spec.cables ?? []).flatMap(cableArguments),
    ...traceArguments(spec),
    ...driverTraceArguments(spec),
  ];
}

function parameters({ append, simulation }: MachineSpec): readonly string[] {
  return simulation === undefined ? append : [...append, simulatedGuest];
}

/** What every QEMU of the lab has: nothing by default, seccomp, firmware paths, QMP on an inherited socket. */
export const qemuBasics: readonly string[] = [
  ...['-nodefaults', '-no-user-config', '-display', 'none'],
  ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ...firmwareDirs.flatMap((dir) => ['-L', dir]),
  ...['-chardev', `socket,id=qmp,fd=${inheritedFd.qmp}`, '-mon', 'chardev=qmp,mode=control'],
];

function consoleArguments({ instructionClock }: MachineSpec): readonly string[] {
  const socket = `socket,id=console,fd=${inheritedFd.console},logfile=${sandboxPath.console},logappend=on`;
  // The port's virtual time does not wait for the host to empty a socket: what does not fit would be lost.
  const file = `file,id=console,path=${sandboxPath.console},append=on`;
  const chardev = instructionClock === undefined ? socket : file;
  return ['-chardev', chardev, '-serial', 'chardev:console'];
}

const sshPortArguments: readonly string[] = [
  ...['-chardev', `socket,id=ssh,fd=${inheritedFd.ssh}`],
  ...['-device', 'virtio-serial-pci,max_ports=2'],
  ...['-device', `virtserialport,chardev=ssh,name=${sshPortName}`],
];

/** The kernel parameter by which the guest takes its work from the simulator's port. */
export const simulatedGuest = 'lab.sim';

/** Out of the way of the cards' root ports. */
const simPortSlot = '0x1e';

/** QOM paths of the simulator's port and the scheduler. */
export const simPortPath = '/machine/peripheral/port';
export const schedulerPath = `/objects/${schedulerId}`;

/** Files of the run folder: what the guest is given to do, and what it hands in. */
export const simPortFile = { task: 'task.cpio', result: 'result' } as const;

function simulationArguments({ scheduler }: SimulationSpec, restart: boolean): readonly string[] {
  const inRunFolder = (file: string) => `${sandboxPath.run}/${file}`;
  return [
    ...['-object', schedulerObject(scheduler, { restart, inRunFolder })],
    ...[
      '-device',
      `sim-port,id=port,addr=${simPortSlot},result=${inRunFolder(simPortFile.result)}`,
    ],
  ];
}

function acceleratorArguments(spec: MachineSpec): readonly string[] {
  const { accel, instructionClock, logExecution } = spec;
  if (accel === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  // Translated one by one, each is logged.
  const grain = logExecution === undefined ? '' : ',one-insn-per-tb=on';
  const threads = instructionClock === undefined ? 'multi' : 'single';
  const tcg = ['-accel', `tcg,thread=${threads}${grain}`, '-cpu', emulatedCpu];
  if (instructionClock === undefined) return tcg;
  return [
    ...tcg,
    ...['-icount', `shift=${instructionClock.shift},sleep=off`],
    // Nothing of the host's time or randomness gets in.
    ...['-rtc', 'base=2026-01-01T00:00:00,clock=vm', '-seed', String(instructionClock.seed)],
  ];
}

function traceArguments(spec: MachineSpec): readonly string[] {
  const { traceEvents = [], logExecution, driverTrace } = spec;
  const logsCalls = driverTrace?.calls !== undefined && driverTrace.calls.file === undefined;
  if (traceEvents.length === 0 && logExecution === undefined && !logsCalls) return [];
  const { start, size } = logExecution ?? {};
  return [
    ...['-D', sandboxPath.trace],
    ...traceEvents.flatMap((event) => ['-trace', event]),
    ...(logExecution === undefined ? [] : ['-d', 'exec,nochain', '-dfilter', `${start}+${size}`]),
    ...(logsCalls ? ['-d', 'plugin'] : []),
  ];
}

/** Options: qemu-device/plugins/driver_blocks.c and driver_calls.c. */
function driverTraceArguments({ driverTrace }: MachineSpec): readonly string[] {
  if (driverTrace === undefined) return [];
  const { range, blocks, calls } = driverTrace;
  const inRunFolder = (file: string) => `${sandboxPath.run}/${file}`;
  return [
    ...(blocks === undefined
      ? []
      : pluginArguments('driver_blocks', { ...range, blocks: inRunFolder(blocks) })),
    ...(calls === undefined
      ? []
      : pluginArguments('driver_calls', {
          ...range,
          entries: inRunFolder(calls.entries),
          calls: calls.file === undefined ? '-' : inRunFolder(calls.file),
          ...(calls.since === undefined ? {} : { since: calls.since }),
        })),
  ];
}

function pluginArguments(
  name: string,
  options: Readonly<Record<string, string | number>>,
): readonly string[] {
  const list = Object.entries(options).map(([option, value]) => `,${option}=${value}`);
  return ['-plugin', `${sandboxPath.qemu}/plugins/${name}.so${list.join('')}`];
}

function nicArguments(nic: NicSpec, index: number): readonly string[] {
  const port = `${nic.id}-port`;
  const slot = index + 1;
  const plan = nic.faultPlan === undefined ? '' : `,fault-plan=${sandboxPath.run}/${nic.faultPlan}`;
  const { driver, ...properties } = nicDevice(nic);
  const list = Object.entries(properties).map(([name, value]) => `,${name}=${value}`);
  return [
    ...backendArguments(nic.id, nic.backend, index),
    ...logArguments(nic),
    ...['-device', `pcie-root-port,id=${port},chassis=${slot},slot=${slot}`],
    ...['-device', `${driver}${list.join('')}${plan}`],
  ];
}

/** A card as `device_add` takes it: without the faults that it begins with, which are over when it comes back. */
export function nicDevice(nic: NicSpec): Readonly<Record<string, string | number>> & {
  readonly driver: string;
  readonly id: string;
  readonly bus: string;
} {
  return {
    driver: nic.model,
    id: nic.id,
    bus: `${nic.id}-port`,
    netdev: `${nic.id}-link`,
    mac: nic.mac,
    // No firmware looks for a boot ROM here.
    romfile: '',
    ...(nic.log === undefined ? {} : { log: `${nic.id}-log` }),
    ...(nic.stopDelayNs === undefined ? {} : { 'stop-delay-ns': nic.stopDelayNs }),
    ...(nic.batchNs === undefined ? {} : { 'batch-ns': nic.batchNs }),
  };
}

function logArguments({ id, log }: NicSpec): readonly string[] {
  if (log === undefined) return [];
  return ['-chardev', `file,id=${id}-log,path=${sandboxPath.run}/${log}`];
}

/** Hubs of sinks are counted from here, so that they are nobody else's. */
const firstSinkHub = 1_000;

function backendArguments(id: string, backend: NicBackend, index: number): readonly string[] {
  switch (backend.kind) {
    case 'hub':
      return ['-netdev', `hubport,id=${id}-link,hubid=${backend.hub}`];
    case 'sink': {
      // A hub takes frames only when one of its other ports does. A port with nothing behind it takes and drops them.
      const hub = firstSinkHub + index;
      return [
        ...['-netdev', `hubport,id=${id}-link,hubid=${hub}`],
        ...['-netdev', `hubport,id=${id}-sink,hubid=${hub}`],
      ];
    }
    case 'stream': {
      const path = `${sandboxPath.run}/${backend.socket}`;
      return ['-netdev', `stream,id=${id}-link,server=off,addr.type=unix,addr.path=${path}`];
    }
    case 'listen': {
      const path = `${sandboxPath.run}/${backend.socket}`;
      return ['-netdev', `stream,id=${id}-link,server=on,addr.type=unix,addr.path=${path}`];
    }
  }
}

/** Whoever listens may do so a moment later. */
function cableArguments({ hub, socket }: Cable, index: number): readonly string[] {
  const path = `${sandboxPath.run}/${socket}`;
  const id = `cable${index}`;
  return [
    ...['-netdev', `stream,id=${id},server=off,addr.type=unix,addr.path=${path},reconnect-ms=100`],
    ...['-netdev', `hubport,id=${id}-end,hubid=${hub},netdev=${id}`],
  ];
}
