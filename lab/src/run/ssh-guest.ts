// SPDX-License-Identifier: Apache-2.0
import { Deadline, sleep } from 'qemu-ipc/wait';
import type { SshSession } from '../vm/ssh-session.ts';
import type { GuestSession } from './guest.ts';

/** A guest behind SSH, whose time is the host's. */
export function sshGuest(session: Pick<SshSession, 'exec'>): GuestSession {
  return {
    exec: (command, longestMs, signal) =>
      session.exec(command, { signal, deadline: Deadline.after(longestMs) }),
    rest: (ms, signal) => sleep(ms, { signal, deadline: Deadline.never }),
  };
}
