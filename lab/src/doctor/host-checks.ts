// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheDirectory } from '../artifacts/cache-directory.ts';
import { type Check, type Finding, failed, ok, warning } from './check.ts';

const gibibyte = 2 ** 30;
/** Toolchain, sources, two kernels and QEMU with their build folders. */
const buildSpace = 12 * gibibyte;
/** What runs leave behind. */
const runSpace = gibibyte;
const programMs = 10_000;

/** Checks of this machine, in the order in which they depend on each other. */
export const hostChecks: readonly Check[] = [
  { name: 'Node.js', look: async () => nodeVersion(process.versions.node) },
  { name: 'npm packages', look: npmPackages },
  { name: 'bubblewrap', look: bubblewrap },
  { name: 'sandbox', look: sandbox },
  { name: 'mmdebstrap', look: mmdebstrap },
  { name: 'cache folder', look: async () => await writable(cacheDirectory()) },
  { name: 'temporary folder', look: async () => await writable(tmpdir()) },
  { name: 'disk space', look: diskSpace },
  { name: 'memory', look: async () => memory() },
  { name: 'processors', look: async () => processors() },
];

/** Judges a version of Node.js, as `20.19.0`. */
export function nodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fits = major === 20 ? minor >= 19 : major === 22 ? minor >= 14 : major > 22;
  const remedy = 'Install Node.js 20.19 or newer, or 22.14 or newer.';
  return fits ? ok(version) : failed(`${version} is too old or a line that is not kept`, remedy);
}

async function npmPackages(): Promise<Finding> {
  const remedy = 'Run: npm ci';
  try {
    await import('ssh2');
    const { default: Database } = await import('better-sqlite3');
    // The native part is loaded when a database is opened.
    new Database(':memory:').close();
    return ok('load, the database with its native part');
  } catch (error) {
    return failed(reasonOf(error), remedy);
  }
}

async function bubblewrap(): Promise<Finding> {
  const { failed: missing, stdout } = await attempt('bwrap', ['--version']);
  if (missing) return failed('not installed', 'Run: sudo apt-get install bubblewrap');
  return ok(stdout.replace('bubblewrap ', ''));
}

async function sandbox(): Promise<Finding> {
  const namespaces = ['--unshare-user', '--unshare-net', '--unshare-pid', '--unshare-ipc'];
  const mounts = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'];
  const args = [...mounts, ...namespaces, '--cap-drop', 'ALL', '--die-with-parent', 'true'];
  const result = await attempt('bwrap', args);
  if (!result.failed) return ok('namespaces and mounts can be made');
  return failed(`bubblewrap cannot make one: ${result.complaint}`, namespaceRemedy());
}

function namespaceRemedy(): string {
  if (existsSync('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) {
    return 'Run: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0';
  }
  if (existsSync('/proc/sys/kernel/unprivileged_userns_clone')) {
    return 'Run: sudo sysctl kernel.unprivileged_userns_clone=1';
  }
  return 'In a container, allow user namespaces and mounts (for Docker: --privileged).';
}

async function mmdebstrap(): Promise<Finding> {
  const { failed: missing, stdout } = await attempt('mmdebstrap', ['--version']);
  const remedy = 'Needed to build the toolchain. Run: sudo apt-get install mmdebstrap';
  return missing ? warning('not installed', remedy) : ok(stdout.replace('mmdebstrap ', ''));
}

async function writable(folder: string): Promise<Finding> {
  try {
    await mkdir(folder, { recursive: true });
    const probe = await mkdtemp(join(folder, 'doctor-'));
    await rm(probe, { recursive: true });
    return ok(`${folder} can be written`);
  } catch (error) {
    return failed(`${folder}: ${reasonOf(error)}`, 'Make it writable, or set XDG_CACHE_HOME.');
  }
}

async function diskSpace(): Promise<Finding> {
  const folder = cacheDirectory();
  await mkdir(folder, { recursive: true }).catch(() => undefined);
  const stats = await statfs(folder).catch(() => undefined);
  if (stats === undefined) return failed(`${folder} is not there`, 'Set XDG_CACHE_HOME.');
  const free = stats.bavail * stats.bsize;
  const found = `${inGibibytes(free)} free in ${folder}`;
  const remedy = 'Free some, or run: npm run lab:build -- --gc';
  if (free < runSpace) return failed(found, remedy);
  if (free < buildSpace) {
    return warning(`${found}; building everything takes ${inGibibytes(buildSpace)}`, remedy);
  }
  return ok(found);
}

function memory(): Finding {
  const found = `${inGibibytes(totalmem())}, ${inGibibytes(freemem())} of it free`;
  const remedy = 'A guest takes up to 0.7 GiB and a kernel build 3 GiB: close something.';
  return totalmem() < 3 * gibibyte ? warning(found, remedy) : ok(found);
}

function processors(): Finding {
  const count = availableParallelism();
  const remedy = 'Guests have two processors each: expect half the speed.';
  return count < 2 ? warning(`${count}`, remedy) : ok(`${count}`);
}

async function attempt(
  program: string,
  args: readonly string[],
): Promise<{ failed: boolean; stdout: string; complaint: string }> {
  const result = await execa(program, args, { reject: false, timeout: programMs });
  const [complaint = ''] = (result.stderr || (result.shortMessage ?? '')).split('\n');
  return { failed: result.failed, stdout: result.stdout, complaint };
}

function inGibibytes(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? '';
}
