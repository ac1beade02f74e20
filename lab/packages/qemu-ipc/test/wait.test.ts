// SPDX-License-Identifier: Apache-2.0

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { AbortedError, TimedOutError } from '../src/errors.ts';
import { Deadline, sleep, waitFor } from '../src/wait.ts';
import { within } from './fake-qemu.ts';
import { rejection } from './rejection.ts';

const nothing = new Promise<never>(() => undefined);

describe('a wait', () => {
  it('passes the value and the error of the promise on', async () => {
    expect(await waitFor(Promise.resolve(7), within(1000), 'seven')).to.equal(7);
    const failure = new Error('own');
    expect(await rejection(waitFor(Promise.reject(failure), within(1000), 'x'), Error)).to.equal(
      failure,
    );
  });

  it('says what it waited for when the deadline passes, and not before', async () => {
    const start = performance.now();
    const error = await rejection(waitFor(nothing, within(50), 'Godot'), TimedOutError);
    expect(performance.now() - start).to.be.at.least(50);
    expect(error.waitingFor).to.deep.equal(['Godot']);
    expect(error.message).to.equal('timed out waiting for Godot');
  });

  it('keeps the reason of an abort as the cause', async () => {
    const controller = new AbortController();
    const waiting = waitFor(nothing, within(5000, controller.signal), 'Godot');
    controller.abort('Ctrl-C');
    const error = await rejection(waiting, AbortedError);
    expect(error.cause).to.equal('Ctrl-C');
  });

  it('does not start when the signal has fired', async () => {
    await rejection(waitFor(nothing, within(5000, AbortSignal.abort()), 'x'), AbortedError);
  });

  it('leaves no timer behind that keeps the process alive', async () => {
    const program = fileURLToPath(new URL('fixtures/finished-waits.ts', import.meta.url));
    // Killed, and so rejected, if it hangs.
    await promisify(execFile)(process.execPath, ['--import', 'tsx', program], { timeout: 8_000 });
  });

  it('lets sleep end by itself, by the deadline or by the signal', async () => {
    await sleep(5, within(1000));
    await rejection(sleep(5000, within(10)), TimedOutError);
    await rejection(sleep(5000, within(5000, AbortSignal.timeout(10))), AbortedError);
  });
});

describe('a deadline', () => {
  it('counts down to 0 and stays there', async () => {
    const deadline = Deadline.after(20);
    expect(deadline.remainingMs()).to.be.within(1, 20);
    expect(deadline.expired).to.equal(false);
    await sleep(25, within(1000));
    expect(deadline.remainingMs()).to.equal(0);
    expect(deadline.expired).to.equal(true);
  });

  it('can be made sooner but not later', () => {
    expect(Deadline.after(1000).sooner(10).remainingMs()).to.be.at.most(10);
    expect(Deadline.after(10).sooner(1000).remainingMs()).to.be.at.most(10);
    expect(Deadline.never.sooner(10).remainingMs()).to.be.at.most(10);
    expect(Deadline.never.remainingMs()).to.equal(Number.POSITIVE_INFINITY);
  });

  it('may be further away than a timer reaches', async () => {
    const far = { signal: AbortSignal.timeout(30), deadline: Deadline.after(2 ** 40) };
    await rejection(waitFor(nothing, far, 'x'), AbortedError);
  });
});
