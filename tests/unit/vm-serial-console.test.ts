// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { Deadline } from 'qemu-ipc/wait';
import { LineSplitter } from '../../lab/src/vm/line-splitter.ts';
import { SerialConsole } from '../../lab/src/vm/serial-console.ts';

const wait = { signal: new AbortController().signal, deadline: Deadline.never };

/** The guest's end of a console. */
class FakeGuest extends Duplex {
  typed = '';
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.typed += chunk.toString();
    done();
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

/** Lets the stream hand over what was pushed. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('line splitter', () => {
  it('gives the same lines wherever the stream is cut, also inside a character', () => {
    const bytes = Buffer.from('one\r\ntwo é日\n\nlast');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const splitter = new LineSplitter(100);
      const lines = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((part) =>
        splitter.push(part),
      );
      expect([...lines, ...splitter.end()]).to.deep.equal(['one', 'two é日', '', 'last']);
    }
  });

  it('does not collect a line without end', () => {
    const splitter = new LineSplitter(10);
    const lines = splitter.push(Buffer.from('x'.repeat(25)));
    expect(lines).to.deep.equal(['x'.repeat(10), 'x'.repeat(10)]);
    expect(splitter.push(Buffer.from('\n'))).to.deep.equal(['x'.repeat(5)]);
  });
});

describe('serial console', () => {
  it('finds a line that came before it was waited for, and one that comes later', async () => {
    const guest = new FakeGuest();
    const console = new SerialConsole(guest);
    guest.push('booting\nferrolab: ready\n');
    await settle();
    expect((await console.waitForLine(/ready/, wait))[0]).to.equal('ready');
    const later = console.waitForLine(/panic: (.*)/, wait);
    guest.push('Kernel panic: oh');
    guest.push(' no\n');
    expect((await later)[1]).to.equal('oh no');
  });

  it('throws when the machine goes while a line is awaited, after the last words', async () => {
    const guest = new FakeGuest();
    const console = new SerialConsole(guest);
    const lines = console.lines();
    const awaited = failure(console.waitForLine(/never/, wait));
    guest.push('last words');
    guest.push(null);
    expect(await lines.next()).to.deep.equal({ value: 'last words', done: false });
    expect(await failure(lines.next())).to.have.property('code', 'CONSOLE_ENDED');
    expect(await awaited).to.have.property('code', 'CONSOLE_ENDED');
  });

  it('gives up at the deadline', async () => {
    const console = new SerialConsole(new FakeGuest());
    const soon = { signal: wait.signal, deadline: Deadline.after(20) };
    expect(await failure(console.waitForLine(/x/, soon))).to.have.property('code', 'QMP_TIMED_OUT');
  });

  it('drops the oldest lines of a slow reader and counts them', async () => {
    const guest = new FakeGuest();
    const console = new SerialConsole(guest, { queueLines: 3, historyLines: 2 });
    using lines = console.lines();
    guest.push('1\n2\n3\n4\n5\n');
    await settle();
    expect(lines.dropped).to.equal(2);
    expect((await lines.next()).value).to.equal('3');
    expect(console.history()).to.deep.equal(['4', '5']);
  });

  it('stops a reader that is disposed while it waits', async () => {
    const console = new SerialConsole(new FakeGuest());
    const lines = console.lines();
    const next = lines.next();
    lines[Symbol.dispose]();
    expect(await next).to.deep.equal({ value: undefined, done: true });
  });

  it('shows raw bytes to whoever is attached, and types into the guest', async () => {
    const guest = new FakeGuest();
    const console = new SerialConsole(guest);
    let seen = '';
    const attached = console.attach((chunk) => {
      seen += Buffer.from(chunk).toString();
    });
    guest.push('half');
    await settle();
    attached[Symbol.dispose]();
    guest.push(' not\n');
    console.write('typed');
    await settle();
    expect([seen, guest.typed]).to.deep.equal(['half', 'typed']);
  });
});
