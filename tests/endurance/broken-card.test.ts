// SPDX-License-Identifier: Apache-2.0
// FERROLAB_MINUTES=60 npx mocha tests/endurance/broken-card.test.ts
// Both drivers at the same time in one guest, a card each.

import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { FerronicFault } from 'qemu-ipc/qapi.gen';
import { drawDeviceFaults } from '../../lab/src/faults/draw-device-faults.ts';
import { SeededRandom } from '../../lab/src/faults/seeded-random.ts';
import { GuestDriver } from '../../lab/src/run/guest-driver.ts';
import { slotOf } from '../../lab/src/run/workloads/surprise-removal.ts';
import {
  bothDrivers,
  countOf,
  type EnduranceGuest,
  endures,
  type Figures,
  type Module,
  pciId,
} from '../support/endurance-guest.ts';
import { ForwardingCard } from '../support/forwarding-card.ts';

const minutes = countOf('FERROLAB_MINUTES', 0.3);
const seed = countOf('FERROLAB_SEED', 1);

/** How long a card is broken in one round. */
const brokenMs = Math.min(10_000, minutes * 20_000);
/** Frames in a second: what an emulated debug guest forwards for two cards without dropping any. */
const rate = 500;
/** Frames that must all come back after a round. */
const proof = 1_000;
const ms = 1_000_000;

/** What a driver only survives: the device needs a reset, or has gone for good. */
const severe = ['dead', 'surprise-removal', 'reset-stuck', 'aer-uncorrectable'] as const;
type Severe = (typeof severe)[number];

/** Damage to what the frames contain, which no driver can see; the device counts it for the sink. */
function damage(random: SeededRandom): FerronicFault {
  const trigger = { when: 'random', ppm: random.int(1, 20) * 1_000 } as const;
  const kind = random.pick<'dma-bit-flip' | 'dma-short-write'>(['dma-bit-flip', 'dma-short-write']);
  return { kind, part: 'data', trigger, times: 20, seed: random.int(0, 1_000_000) };
}

/** What the lab's own plans of a broken device leave out, because they have another place for it. */
function others(random: SeededRandom): FerronicFault {
  const vector = random.int(0, 2);
  const trigger = { when: 'random', ppm: random.int(1, 20) * 1_000 } as const;
  const seed = random.int(0, 1_000_000);
  return random.pick<FerronicFault>([
    { kind: 'completion-lost', queue: random.pick(['tx0', 'tx1']), trigger, times: 5, seed },
    { kind: 'completion-reordered', queue: random.pick(['tx0', 'tx1']), trigger, times: 20, seed },
    { kind: 'irq-storm', vector, 'rate-hz': random.int(1, 50) * 1_000, count: 2_000 },
    { kind: 'link-flap', 'down-ns': random.int(1, 300) * ms, count: random.int(1, 3) },
    { kind: 'intx-stuck', 'duration-ns': random.int(1, 300) * ms },
  ]);
}

/** What the sink has seen in all rounds. */
interface Totals {
  rounds: number;
  sent: number;
  received: number;
  damaged: number;
  tainted: number;
  /** Rounds in which the device was told to damage nothing. */
  untainted: number;
  readonly faults: Map<string, number>;
}

/** A card that is broken, repaired and tested, again and again. */
class BrokenCard {
  readonly totals: Totals = {
    ...{ rounds: 0, sent: 0, received: 0, damaged: 0, tainted: 0, untainted: 0 },
    faults: new Map(),
  };
  readonly #card: ForwardingCard;
  readonly #guest: EnduranceGuest;
  readonly #random: SeededRandom;
  readonly #slot: number;

  constructor(card: ForwardingCard, guest: EnduranceGuest, slot: number) {
    this.#card = card;
    this.#guest = guest;
    this.#slot = slot;
    this.#random = new SeededRandom(seed + slot);
  }

  async round(): Promise<void> {
    const card = this.#card;
    await card.send(rate);
    const most = this.totals.rounds % 3 === 2 ? this.#random.pick(severe) : undefined;
    await this.#break();
    if (most !== undefined) await this.#breakSeverely(most);
    await card.stopSending();
    await this.#count();
    if (most === 'dead' || most === 'surprise-removal') await this.#replace(most);
    else await this.#repair();
    await this.#prove(most);
    this.totals.rounds += 1;
    this.#guest.tells(
      `${card.module}: ${this.totals.rounds} rounds, last ${most ?? 'lesser faults'}`,
    );
  }

  /** The faults of a round, at their times. */
  async #break(): Promise<void> {
    const card = this.#card;
    const random = this.#random;
    const shape = { rounds: 1, nics: [card.nic], vectors: 3, trafficMs: [brokenMs * 0.8] } as const;
    const drawn = drawDeviceFaults(random, shape).flatMap(({ at, fault }) =>
      fault.type === 'device-fault'
        ? [{ at: at.ns / 1e6, fault: fault.fault as FerronicFault }]
        : [],
    );
    // Without damage on purpose there is none to excuse the driver's own.
    const damaging = this.totals.rounds % 4 === 0 ? [damage(random)] : [];
    const more = [...damaging, others(random)].map((fault) => ({ at: 0, fault }));
    const since = performance.now();
    for (const { at, fault } of [...more, ...drawn]) {
      await delay(Math.max(0, at - (performance.now() - since)));
      await card.inject(fault);
    }
    await delay(Math.max(0, brokenMs - (performance.now() - since)));
  }

  async #breakSeverely(kind: Severe): Promise<void> {
    const card = this.#card;
    await card.inject({ kind });
    if (kind === 'reset-stuck') {
      await card.run('resetting the function', 'echo 1 >/sys/bus/pci/devices/$bdf/reset');
    }
    await delay(this.#random.int(200, 2_000));
  }

  /** The sink's account of a round: damage beyond what the device was told to do is the driver's. */
  async #count(): Promise<void> {
    const { sent, received, corrupt, truncated, tainted } = await this.#card.sink();
    const { totals } = this;
    const damaged = Number(corrupt) + Number(truncated);
    expect(damaged, `frames damaged in round ${totals.rounds}`).to.be.at.most(Number(tainted));
    totals.sent += Number(sent);
    totals.received += Number(received);
    totals.damaged += damaged;
    totals.tainted += Number(tainted);
    if (Number(tainted) === 0) totals.untainted += 1;
  }

  async #repair(): Promise<void> {
    await this.#card.settleFaults();
    await this.#card.restart();
  }

  /** Takes a card out that answers no more, and puts another one in. */
  async #replace(kind: 'dead' | 'surprise-removal'): Promise<void> {
    const card = this.#card;
    await this.tally();
    this.#guest.pullsCards();
    // Nothing tells the kernel that a device is dead: somebody has to. QEMU forgets it when its slot is off.
    if (kind === 'dead') {
      await card.run('turning a slot off', `echo 0 >/sys/bus/pci/slots/${this.#slot}/power`);
    }
    const path = '/sys/bus/pci/devices/$bdf';
    const wait = (condition: string) =>
      `tries=0; while ${condition}; do tries=$((tries + 1)); [ $tries -le 400 ] || exit 1; sleep 0.05; done`;
    await card.run('waiting for the kernel to let go of a device', wait(`[ -e ${path} ]`));
    if (kind === 'dead') await card.putIn();
    else await this.#guest.slots.giveBack(this.#slot);
    await card.run('finding the device again', wait(`[ ! -e ${path} ]`));
    await card.attach();
  }

  /** A card that is whole again, with a driver that has started anew, loses nothing. */
  async #prove(after: string | undefined): Promise<void> {
    await this.#card.send(rate, proof);
    const seen = await this.#card.settled();
    const why = `round ${this.totals.rounds}, after ${after ?? 'lesser faults'}, ${this.#card.module}`;
    expect(seen, why).to.deep.include({ sent: proof, received: proof, missing: 0 });
    expect(seen, why).to.deep.include({ duplicated: 0, truncated: 0, corrupt: 0 });
  }

  /** Adds what the present device has made; one that has gone takes its counts with it. */
  async tally(): Promise<void> {
    for (const [kind, count] of await this.#card.effective()) {
      this.totals.faults.set(kind, (this.totals.faults.get(kind) ?? 0) + count);
    }
  }
}

function figuresOf(module: Module, { faults, ...totals }: Totals): Figures {
  const made = [...faults].filter(([, count]) => count > 0);
  const list = made.map(([kind, count]) => `${kind} ${count}`).join(' ');
  const { rounds, sent, received, damaged, tainted, untainted } = totals;
  return {
    [`rounds with ${module}`]: rounds,
    [`of them with nothing damaged on purpose before ${module}`]: untainted,
    [`frames sent to ${module}`]: sent,
    [`came back from ${module}`]: received,
    [`damaged on the way through ${module}`]: damaged,
    [`damaged on purpose before ${module}`]: tainted,
    [`kinds of fault made for ${module} (${list})`]: made.length,
  };
}

describe('both drivers, forwarding the frames of broken cards', function () {
  this.timeout(600_000 + minutes * 120_000);

  it(`damage none of their own in ${minutes} minutes, and lose none when the cards are whole`, async () => {
    const modules = bothDrivers.map(([, module]) => module);
    await endures('broken cards', modules, async (guest) => {
      await guest.leave();
      // It is what ends the silence of a transmit queue whose last completion was lost.
      guest.expects('netdev-watchdog');
      const [first] = modules;
      if (first === undefined) throw new Error('there are no drivers');
      const drivers = await Promise.all(
        modules.map((module) => GuestDriver.find(guest.guest, module, pciId)),
      );
      const broken: BrokenCard[] = [];
      for (const [index, driver] of drivers.entries()) {
        await driver.load();
        const bdf = driver.device(index);
        const slot = await slotOf(bdf, guest.context(driver));
        const module = modules[index] ?? first;
        const card = new ForwardingCard(
          { nic: `nic${slot - 1}`, bdf, module },
          guest.guest,
          guest.booted,
        );
        await card.attach();
        broken.push(new BrokenCard(card, guest, slot));
      }
      const until = performance.now() + minutes * 60_000;
      await Promise.all(
        broken.map(async (card) => {
          while (performance.now() < until) await card.round();
          await card.tally();
        }),
      );
      for (const driver of drivers) await driver.unbind();
      const figures = Object.assign(
        {},
        ...broken.map(({ totals }, index) => figuresOf(modules[index] ?? first, totals)),
      );
      const [driver] = drivers;
      if (driver === undefined) throw new Error('there are no drivers');
      return { context: guest.context(driver), figures };
    });
  });
});
