// SPDX-License-Identifier: Apache-2.0
import type { Verdict } from '../verdict.ts';
import type { CampaignItem, CampaignObserver } from './campaign.ts';
import { type HuntState, HuntTally } from './hunt-tally.ts';

/** Follows the runs of a soak, and ends it with the first crash if that is enough. */
export class LiveHunt implements CampaignObserver {
  readonly #enough: boolean;
  readonly #observer: (state: HuntState) => void;
  readonly #over = new AbortController();
  readonly #tally = new HuntTally();

  constructor(enough: boolean, observer: (state: HuntState) => void) {
    this.#enough = enough;
    this.#observer = observer;
  }

  /** Fires with the crash that is enough. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  runStarted(): void {
    this.#tally.begin();
  }

  runStep(): void {}

  runEnded(_item: CampaignItem, verdict: Verdict | null): void {
    // One that was cut by the crash of another tells nothing.
    if (verdict === null || this.#over.signal.aborted) return;
    this.#tally.add(verdict, verdict.exposure.virtualMs * 1e6);
    this.#observer(this.state());
    if (this.#enough && verdict.crashes.length > 0) this.#over.abort();
  }

  state(): HuntState {
    return this.#tally.state(0);
  }
}
