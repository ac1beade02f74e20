// SPDX-License-Identifier: Apache-2.0

import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/**
 * mocha's spec reporter, which also appends its counts, and the names of what failed, to the file that
 * FERROLAB_TEST_COUNTS names.
 */
class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed: string[] = [];
    runner.on(Mocha.Runner.constants.EVENT_TEST_FAIL, (test: Mocha.Runnable, error: Error) => {
      failed.push(`${test.fullTitle()}: ${error.message.split('\n')[0]}`);
    });
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      const file = process.env['FERROLAB_TEST_COUNTS'];
      const { passes, failures, pending } = runner.stats ?? { passes: 0, failures: 1, pending: 0 };
      if (file) appendFileSync(file, `${JSON.stringify({ passes, failures, pending, failed })}\n`);
    });
  }
}

// mocha loads a reporter by its default export.
// biome-ignore lint/style/noDefaultExport: see above.
export default CountingReporter;
