// SPDX-License-Identifier: Apache-2.0
// A module can only panic by calling one of the functions of the kernel's `core` and `kernel` crates that
// never return: each is a symbol that the module does not define.

import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { inToolchain } from '../../lab/src/artifacts/toolchain-sandbox.ts';
import { labArtifacts } from '../support/lab-artifacts.ts';

/**
 * Names of what ends in a panic: `core::panicking::*`, the failures of slices, strings, cells, `Option` and
 * `Result`, the lengths of `copy_from_slice` and its like, and `build_error!`.
 */
const panics =
  /panick|rust_begin_unwind|begin_panic|slice_(index|start|end)|slice_error_fail|unwrap_failed|expect_failed|panic_already|_fail(ed)?(_|[A-Z]|\d|$)|mismatch_fail|rust_build_error|handle_alloc_error/;

/** Symbols that the module's code refers to, its own left out. */
async function undefinedSymbols(dir: string, module: string, tree: string): Promise<string[]> {
  const [command = 'bwrap', ...args] = inToolchain(
    { tree, mounts: [{ host: dir, at: '/lab/module' }] },
    ['llvm-nm', '--undefined-only', '--format=just-symbols', `/lab/module/${module}.ko`],
  );
  const { stdout } = await execa(command, args);
  return stdout.split('\n').filter((symbol) => symbol !== '');
}

describe('the code of ferronic.ko', function () {
  this.timeout(300_000);
  let symbols: string[];

  before(async () => {
    const dir = await labArtifacts('driver-ferronic-fast', 'toolchain');
    symbols = await undefinedSymbols(
      dir('driver-ferronic-fast'),
      'ferronic',
      join(dir('toolchain'), 'tree'),
    );
  });

  it('calls into the kernel and its Rust crates', () => {
    expect(symbols).to.include('register_netdev');
    expect(symbols.filter((symbol) => symbol.startsWith('_R'))).to.not.equal([]);
  });

  it('has no way to panic', () => {
    expect(symbols.filter((symbol) => panics.test(symbol))).to.deep.equal([]);
  });
});

describe('the search for panics', () => {
  for (const symbol of [
    '_RNvNtCs2lKf6AS60Zg_4core9panicking18panic_bounds_check',
    '_RNvNtCs2lKf6AS60Zg_4core9panicking19assert_failed_inner',
    '_RNvNtNtCs2lKf6AS60Zg_4core9panicking11panic_const24panic_const_add_overflow',
    '_RNvNvMNtCs2lKf6AS60Zg_4core5sliceSp15copy_from_slice17len_mismatch_fail',
    '_RNvNtNtCs2lKf6AS60Zg_4core5slice5index22slice_index_order_fail',
    '_RNvNtCs2lKf6AS60Zg_4core6result13unwrap_failed',
    '_RNvNtCs2lKf6AS60Zg_4core6option13expect_failed',
    'rust_build_error',
  ]) {
    it(`finds ${symbol.replace(/^_R.*\d(?=[a-z])/, '')}`, () => {
      expect(symbol).to.match(panics);
    });
  }

  it('lets pass what returns an error', () => {
    for (const symbol of ['refcount_warn_saturate', '_RNvNtCs1_6kernel5error9to_result']) {
      expect(symbol).not.to.match(panics);
    }
  });
});
