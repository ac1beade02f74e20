// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { waitFor } from 'qemu-ipc/wait';
import { inToolchain } from '../artifacts/toolchain-sandbox.ts';
import type { RunTool } from '../console/decode-code.ts';
import type { SymbolTable } from '../console/symbol-table.ts';
import { symbolize } from '../console/symbolize.ts';
import type { Symbolize } from '../run/crash-text.ts';
import type { SoakParts } from './soak-parts.ts';

const vmlinux = '/lab/objects/vmlinux';

/** Symbolizes reports with the toolchain's own tools; symbol tables are read once for all reports. */
export function toolchainSymbolizer(
  parts: Pick<SoakParts, 'qemu' | 'vmlinux' | 'modules'>,
): Symbolize {
  const names = Object.keys(parts.modules);
  // Inside the sandbox the objects have other names than on the host.
  const modules = new Map(names.map((name) => [name, `/lab/objects/${name}.ko`]));
  const mounts = [
    { host: parts.vmlinux, at: vmlinux },
    ...Object.entries(parts.modules).map(([name, host]) => ({
      host,
      at: `/lab/objects/${name}.ko`,
    })),
  ];
  const runTool: RunTool = async (argv, wait, input) => {
    const sandbox = { tree: parts.qemu.toolchainRoot, mounts };
    const [command = '', ...args] = inToolchain(sandbox, argv);
    const stopped = new AbortController();
    const tool = execa(command, args, {
      cancelSignal: stopped.signal,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      maxBuffer: 256 * 1024 * 1024,
    });
    try {
      const { stdout } = await waitFor(tool, wait, argv[0] ?? 'a tool');
      return stdout;
    } finally {
      stopped.abort();
      await tool.catch(() => undefined);
    }
  };
  const tables = new Map<string, Promise<SymbolTable>>();
  return async (report, wait) => {
    const { text, note } = await symbolize(report, { vmlinux, modules, runTool, tables }, wait);
    return note === null ? text : `${text}\n(${note})`;
  };
}
