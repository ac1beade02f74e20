// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';
import { Deadline, type Wait } from 'qemu-ipc/wait';
import type { Check, CheckResult } from '../doctor/check.ts';
import { hostChecks } from '../doctor/host-checks.ts';
import { labChecks } from '../doctor/lab-checks.ts';
import { exitStatus, Interrupted } from '../errors.ts';
import { interruptSignal } from './signals.ts';

/** For one check; the longest is the judgement of KVM by a guest. */
const checkMs = 60_000;

const marks = { ok: 'ok  ', warning: 'warn', failed: 'FAIL' } as const;

/** `ferrolab doctor`: what this machine has and lacks, and what to do about it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check this machine and the built parts, with a remedy for each fault')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', '\nExample:\n  ferrolab doctor\n')
    .action(async ({ json }: { readonly json?: boolean }) => {
      const report = json ? () => undefined : printResult;
      const results = await runChecks([...hostChecks, ...labChecks], report);
      const healthy = results.every(({ status }) => status !== 'failed');
      if (json) process.stdout.write(`${JSON.stringify({ healthy, checks: results })}\n`);
      process.exitCode = healthy ? exitStatus.ok : exitStatus.labFailed;
    });
}

/** One after the other: some of them measure, and all are quick. */
async function runChecks(
  checks: readonly Check[],
  report: (result: CheckResult) => void,
): Promise<CheckResult[]> {
  const signal = interruptSignal();
  const results: CheckResult[] = [];
  for (const check of checks) {
    const result = await look(check, { signal, deadline: Deadline.after(checkMs) });
    report(result);
    results.push(result);
  }
  return results;
}

async function look(check: Check, wait: Wait): Promise<CheckResult> {
  try {
    return { name: check.name, ...(await check.look(wait)) };
  } catch (error) {
    if (wait.signal.aborted) throw new Interrupted();
    const found = error instanceof Error ? error.message : String(error);
    const remedy = 'The check itself failed; please report it.';
    return { name: check.name, status: 'failed', found, remedy };
  }
}

function printResult(result: CheckResult): void {
  const remedy = result.status === 'ok' ? '' : `      ${result.remedy}\n`;
  process.stdout.write(`${marks[result.status]}  ${result.name}: ${result.found}\n${remedy}`);
}
