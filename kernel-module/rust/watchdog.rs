// SPDX-License-Identifier: GPL-2.0

//! The watchdog: polls a queue pair whose interrupt was lost, or whose receive ring has run dry.

use crate::{
    abstractions::{
        netdev::Handle,
        timer::Tick, //
    },
    nic::Nic,
    regs::QUEUES,
    rx,
    stats::PairCounters,
    tx, //
};

/// What the watchdog looks at of a queue pair.
pub(crate) struct Watch<'bound> {
    rx: rx::Watch,
    tx: tx::Watch<'bound>,
    /// Polls as of the last tick.
    seen: u64,
    /// Was there something to do at the last tick?
    waiting: bool,
}

impl<'bound> Watch<'bound> {
    pub(crate) fn new(rx: rx::Watch, tx: tx::Watch<'bound>) -> Self {
        Self {
            rx,
            tx,
            seen: 0,
            waiting: false,
        }
    }

    /// Has something to do been waiting since the last tick, and nobody has looked?
    fn is_overdue(&mut self, counters: &PairCounters) -> bool {
        let seen = counters.polls.get();
        let waiting = self.rx.has_work() || self.tx.has_work();
        let overdue = waiting && self.waiting && seen == self.seen;

        self.seen = seen;
        self.waiting = waiting;
        overdue
    }
}

/// The watchdog of a device.
pub(crate) struct Watchdog<'bound>([Option<Watch<'bound>>; QUEUES]);

impl<'bound> Watchdog<'bound> {
    pub(crate) fn new(watches: [Option<Watch<'bound>>; QUEUES]) -> Self {
        Self(watches)
    }
}

impl<'bound> Tick for Watchdog<'bound> {
    type Driver = Nic<'bound>;
    const PERIOD_MS: u32 = 100;

    fn tick(&mut self, dev: Handle<'_, Nic<'bound>>) {
        dev.with_mgmt(|mgmt| mgmt.books.tally.watchdog_runs += 1);
        for (number, watch) in (0..QUEUES).zip(&mut self.0) {
            let (Some(watch), Some(counters), Ok(napi)) =
                (watch, dev.counters.pair(number), dev.napi(number))
            else {
                continue;
            };

            // It may also be on its way, on a busy CPU.
            if watch.is_overdue(counters) && napi.schedule() {
                counters.interrupts_missed.add(1);
            }
            if watch.rx.is_starved() {
                napi.schedule();
            }
        }
    }
}
