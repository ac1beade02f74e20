// SPDX-License-Identifier: Apache-2.0
import { expect } from 'chai';
import type { Trial } from '../../lab/src/artifacts/recipes/driver-trial.ts';
import { buildReport } from '../../lab/src/defects/build-report.ts';
import { rustcErrors } from '../../lab/src/defects/rustc-diagnostics.ts';

const moved = `make[1]: Entering directory '/lab/module'
  RUSTC [M] ferronic_main.o
error[E0382]: borrow of moved value: \`frame\`
   --> tx.rs:186:32
    |
163 |         let frame = match Frame::for_sending(dev.pdev.as_ref(), skb) {
    |             ----- move occurs because \`frame\` has type \`Mapped<'_, ToDevice>\`
...
186 |         if dev.tx_queue().sent(frame.len(), more) {
    |                                ^^^^^ value borrowed here after move
    |
note: consider changing this parameter type in method \`push\` to borrow instead
   --> abstractions/spsc.rs:179:42
    |
179 |     pub(crate) fn push(&mut self, value: T) -> Result<(), T> {

error: aborting due to 1 previous error

For more information about this error, try \`rustc --explain E0382\`.
make[3]: *** [/lab/source/scripts/Makefile.build:366: ferronic_main.o] Error 1
`;

const several = `error[E0599]: no method named \`fill\` found for enum \`core::result::Result\`
    --> service.rs:82:17
     |
82   |         history.fill(LinkChange::default());
     |                 ^^^^ method not found
note: the method \`fill\` exists on the type \`Box<[LinkChange; 16], Kmalloc>\`
    --> /usr/lib/rustlib/src/rust/library/core/src/slice/mod.rs:3555:5

error: lifetime may not live long enough
  --> nic.rs:90:9
   |
90 | /         Self {
91 | |             dev,
92 | |         }
   | |_________^ returning this value requires that \`'a\` must outlive \`'bound\`

error: usage of an \`unsafe\` block
  --> nic.rs:12:5
   |
12 |     unsafe { core::ptr::null::<u8>().read() };
   |     ^^^^^^
   |
note: the lint level is defined here
  --> ferronic_main.rs:19:10
   |
19 | #[forbid(unsafe_code)]
   |          ^^^^^^^^^^^

error: aborting due to 3 previous errors
`;

describe('the errors of rustc', () => {
  it('are told by code, place and line of source', () => {
    expect(rustcErrors(moved)).to.deep.equal([
      {
        code: 'E0382',
        message: 'borrow of moved value: `frame`',
        file: 'tx.rs',
        line: 186,
        text: 'if dev.tx_queue().sent(frame.len(), more) {',
      },
    ]);
  });

  it('are all found, also those without a code, which go by their lint or message', () => {
    const errors = rustcErrors(several).map(({ code, file, line, text }) => [
      code,
      file,
      line,
      text,
    ]);
    expect(errors).to.deep.equal([
      ['E0599', 'service.rs', 82, 'history.fill(LinkChange::default());'],
      ['lifetime may not live long enough', 'nic.rs', 90, 'Self {'],
      ['unsafe_code', 'nic.rs', 12, 'unsafe { core::ptr::null::<u8>().read() };'],
    ]);
  });

  it('are none in a build that went well, or failed in C', () => {
    expect(rustcErrors('  RUSTC [M] ferronic_main.o\n  LD [M]  ferronic.ko\n')).to.deep.equal([]);
    expect(rustcErrors('shim.c:3:1: error: unknown type name\n')).to.deep.equal([]);
  });
});

const cleanTrial: Trial = {
  status: 'compiled',
  buildLog: 'ferronic_hw.c:10:2: warning: unused variable x [-Wunused-variable]\n',
  sparse: 'ran',
  sparseLog: "ferronic_main.c:5:1: warning: symbol 'a' was not declared. Should it be static?\n",
};

describe('what the tools say of a defect', () => {
  it('counts only when they do not say it of the clean driver, wherever the patch moved it', () => {
    const report = buildReport(
      {
        ...cleanTrial,
        buildLog: cleanTrial.buildLog.replace(':10:', ':99:'),
        sparseLog: `${cleanTrial.sparseLog}ferronic_service.c:41:9: warning: context imbalance in 'f' - different lock contexts for basic block\n`,
      },
      cleanTrial,
    );
    expect(report.compiler).to.deep.equal({ warned: 'no' });
    expect(report.sparse).to.deep.equal({
      warned: 'yes',
      complaints: [
        {
          file: 'ferronic_service.c',
          message: "context imbalance in 'f' - different lock contexts for basic block",
        },
      ],
    });
  });

  it('counts when the same is said once more often', () => {
    const buildLog = cleanTrial.buildLog.repeat(2);
    expect(buildReport({ ...cleanTrial, buildLog }, cleanTrial).compiler.warned).to.equal('yes');
  });

  it('is not "no" when a tool was not there, or could not cope with the clean driver', () => {
    const absent = { ...cleanTrial, sparse: 'absent' as const };
    expect(buildReport(absent, cleanTrial).sparse.warned).to.equal('not run');
    const failed = { ...cleanTrial, sparse: 'failed' as const };
    expect(buildReport(cleanTrial, failed).sparse.warned).to.equal('not run');
    const lost = { ...cleanTrial, sparseLog: 'a.c:1:1: error: bad constant expression\n' };
    expect(buildReport(cleanTrial, lost).sparse.warned).to.equal('not run');
    expect(buildReport(cleanTrial, cleanTrial).smatch.warned).to.equal('not run');
  });

  it('is why it does not compile, or does not apply', () => {
    const broken = buildReport(
      { ...cleanTrial, status: 'build-failed', buildLog: 'a.c:1:1: error: expected ;\n' },
      cleanTrial,
    );
    expect(broken).to.include({
      compiles: false,
      problem: 'it does not build: a.c:1:1: error: expected ;',
    });
    expect(broken.compiler.warned).to.equal('not run');
    const stale = buildReport(
      { ...cleanTrial, status: 'patch-failed', buildLog: '1 out of 1 hunk FAILED\n' },
      cleanTrial,
    );
    expect(stale.problem).to.match(/does not apply: 1 out of 1 hunk FAILED/);
  });
});
