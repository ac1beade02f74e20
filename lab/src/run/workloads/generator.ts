// SPDX-License-Identifier: Apache-2.0
import type { SeededRandom } from '../../faults/seeded-random.ts';
import { maxSeed } from '../../faults/seeded-random.ts';
import { WorkloadEnded } from '../workload-end.ts';
import { runScript, unsupported } from './guest-script.ts';
import type { LinkPartners, PartnerTraffic, StepContext } from './step-context.ts';
import { slotOf } from './surprise-removal.ts';

/** The link partner inside the card sends numbered frames, the guest forwards them, and what comes back is compared. */
export interface Generator extends PartnerTraffic {
  readonly step: 'generator';
  readonly ms: number;
}

/** Bytes without their checksum: the shortest frame, an odd one, the longest that needs no larger MTU. */
const sizes = [60, 61, 594, 1_514] as const;

export function drawGenerator(random: SeededRandom): Generator {
  return {
    step: 'generator',
    ms: random.int(300, 1_200),
    rate: random.pick([500, 2_000, 8_000, 30_000]),
    sizes: random.pick(['fixed', 'range', 'imix', 'imix']),
    size: random.pick(sizes),
    flows: random.pick([1, 4, 64]),
    seed: random.int(0, maxSeed >>> 1),
    badChecksumEvery: random.chance(0.3) ? random.int(2, 20) : 0,
  };
}

/** docs/faults.md, Traffic: what makes a kernel send back what the partner sends. */
const forward = `
set -e
ip addr replace 198.18.0.1/24 dev $near
ip neigh replace 198.18.0.2 lladdr 02:fe:00:00:00:01 dev $near nud permanent
ip route replace 198.18.1.0/24 via 198.18.0.2 dev $near
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.$near.send_redirects=0 net.ipv4.conf.$near.rp_filter=0
`;
const forget = `
ip route del 198.18.1.0/24
ip neigh del 198.18.0.2 dev $near
ip addr del 198.18.0.1/24 dev $near
sysctl -qw net.ipv4.ip_forward=0
`;
/** Frames that are under way in the guest when the partner stops have come back by then. */
const settleSeconds = 0.2;

export async function generator(step: Generator, context: StepContext): Promise<void> {
  const { partners, driver } = context;
  const doing = "forwarding the card's own traffic";
  if (partners === undefined) {
    throw unsupported(doing, 'link partner inside the card');
  }
  const slot = await slotOf(driver.device(0), context);
  await runScript(context, doing, forward);
  await partners.start(slot, step);
  await runScript(context, doing, `sleep ${(step.ms / 1_000).toFixed(3)}`);
  await partners.stop(slot);
  await runScript(context, doing, `sleep ${settleSeconds}\n${forget}`);
  await judge(partners, slot, driver.module);
  await driver.provesTraffic();
}

async function judge(partners: LinkPartners, slot: number, module: string): Promise<void> {
  const { sent, received, corrupt, duplicated } = await partners.counts(slot);
  const seen = `${sent} sent, ${received} back, ${corrupt} changed, ${duplicated} twice`;
  if (corrupt > 0) {
    throw wrong(`packets corrupted on their way through ${module}`, seen);
  }
  if (duplicated > 0) {
    throw wrong(`packets doubled on their way through ${module}`, seen);
  }
  if (sent === 0) {
    throw new WorkloadEnded({
      kind: 'refused',
      doing: "forwarding the card's own traffic",
      said: 'the link partner could not send',
    });
  }
}

function wrong(title: string, detail: string): WorkloadEnded {
  return new WorkloadEnded({ kind: 'wrong', title, detail });
}
