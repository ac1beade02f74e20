// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { lastLine } from '../guest.ts';
import { parsePing } from '../ping.ts';
import { WorkloadEnded } from '../workload-end.ts';
import { runScript, unsupported } from './guest-script.ts';
import type { PeerGuest, StepContext } from './step-context.ts';
import { untilServed } from './traffic.ts';

/** Traffic with a second machine, whose driver is not the one under test. */
export interface PeerTraffic {
  readonly step: 'peer-traffic';
  readonly flow: 'ping' | 'tcp' | 'tcp-from-peer' | 'udp' | 'both-ways';
  readonly streams: number;
  readonly seconds: number;
}

export function drawPeerTraffic(random: SeededRandom): PeerTraffic {
  return {
    step: 'peer-traffic',
    flow: random.pick(['ping', 'tcp', 'tcp-from-peer', 'udp', 'both-ways']),
    streams: random.int(1, 4),
    seconds: random.int(1, 3),
  };
}

const options = {
  tcp: '',
  'tcp-from-peer': '-R',
  udp: '-u -b 0 -l 1400',
  'both-ways': '--bidir',
} as const;

/** A link that flaps may keep the control connection from being made. */
const mostAttempts = 3;
const patienceSeconds = 10;
/** The last line of an attempt that went well. */
const passed = 'lab-peer: passed';
const doing = 'passing traffic with another machine';

export async function peerTraffic(step: PeerTraffic, context: StepContext): Promise<void> {
  const { peer, driver } = context;
  if (peer === undefined) {
    throw unsupported(doing, 'second machine');
  }
  const { flow } = step;
  let said = '';
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    mustBeWell(peer);
    const tried =
      flow === 'ping'
        ? await ping(step, peer, context)
        : await iperf({ ...step, flow }, peer, context);
    if (tried === passed) return;
    said = tried;
    // If the driver moves nothing at all, this says so.
    await driver.provesTraffic();
    await peer.run('asking the other machine', 'true');
  }
  // The two cards of this machine hear each other: it is not the driver that keeps the third one out.
  throw ofLab(`no ${flow} with the other machine in ${mostAttempts} attempts: ${said}`);
}

async function ping(
  { seconds }: PeerTraffic,
  { address }: PeerGuest,
  context: StepContext,
): Promise<string> {
  const { payloadBytes, driver } = context;
  const script = `ping -q -f -w ${seconds} -s ${payloadBytes} ${address} || true`;
  const { received, corrupted } = parsePing(await runScript(context, doing, script));
  if (corrupted > 0) {
    throw new WorkloadEnded({
      kind: 'wrong',
      title: `packets corrupted on their way through ${driver.module}`,
      detail: `${corrupted} packets came back from another machine with another payload`,
    });
  }
  return received > 0 ? passed : 'no answer';
}

async function iperf(
  { flow, streams, seconds }: PeerTraffic & { readonly flow: keyof typeof options },
  peer: PeerGuest,
  context: StepContext,
): Promise<string> {
  // One that an aborted client has left busy serves nobody any more.
  await peer.run(
    'serving iperf3 on the other machine',
    `killall -q iperf3
iperf3 -4 -s -1 -D
${untilServed}`,
  );
  const stdout = await runScript(
    context,
    doing,
    `[ -x /usr/sbin/iperf3 ] || missing 'iperf3 in this guest'
timeout -k 1 ${seconds + patienceSeconds} iperf3 -4 -c ${peer.address} -t ${seconds} -P ${streams} --connect-timeout 3000 ${options[flow]} 2>&1 && echo ${passed}
true`,
  );
  return lastLine({ stdout, stderr: '' });
}

function mustBeWell({ trouble }: PeerGuest): void {
  if (trouble !== undefined) {
    throw ofLab(`the other machine is of no use: ${trouble}`);
  }
}

function ofLab(problem: string): WorkloadEnded {
  return new WorkloadEnded({ kind: 'lab', problem });
}
