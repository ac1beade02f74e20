// SPDX-License-Identifier: GPL-2.0

//! A queue pair: one receive and one transmit queue with one poll and one interrupt.

use crate::{
    abstractions::{
        irq::Handler,
        napi::{
            Context,
            Napi,
            Poll, //
        },
        netdev::Handle,
        stats::Counter, //
    },
    hw::{
        self,
        vector_of, //
    },
    nic::Nic,
    rx,
    stats::PairCounters,
    tx, //
};
use kernel::{
    irq::IrqReturn,
    prelude::*, //
};

/// What a poll owns of a queue pair.
pub(crate) struct Pair<'bound> {
    pub(crate) rx: rx::Queue<'bound>,
    pub(crate) tx: tx::Done<'bound>,
    number: usize,
    vector: u32,
}

impl<'bound> Pair<'bound> {
    pub(crate) fn new(number: usize, rx: rx::Queue<'bound>, tx: tx::Cleaner<'bound>) -> Self {
        Self {
            rx,
            tx: tx::Done::new(tx, number),
            number,
            vector: vector_of(number),
        }
    }

    #[cold]
    fn complain(dev: Handle<'_, Nic<'bound>>, counters: &PairCounters) {
        counters.tx_bad_heads.add(1);
        dev.ask_for_reset();
    }
}

impl<'bound> Poll for Pair<'bound> {
    type Driver = Nic<'bound>;

    #[inline]
    fn poll(&mut self, dev: Handle<'_, Nic<'bound>>, napi: Context<'_>) -> u32 {
        let nic = dev.get();
        let Some(counters) = nic.counters.pair(self.number) else {
            return 0;
        };

        counters.polls.add(1);
        if self.tx.poll(dev, counters, napi).is_err() {
            Self::complain(dev, counters);
        }
        if napi.budget() == 0 {
            return 0;
        }
        self.rx.poll(dev, counters, napi)
    }

    #[inline]
    fn vector(&self) -> u32 {
        self.vector
    }

    #[inline]
    fn rearm(dev: Handle<'_, Nic<'bound>>, vector: u32) {
        dev.regs.enable_vectors(hw::vector(vector));
    }
}

/// The interrupt of a queue pair.
pub(crate) struct PairIrq<'a, 'bound> {
    napi: &'a Napi<Pair<'bound>>,
    interrupts: &'a Counter,
}

impl<'a, 'bound> PairIrq<'a, 'bound> {
    pub(crate) fn new(dev: Handle<'a, Nic<'bound>>, number: usize) -> Result<Self> {
        let nic: &'a Nic<'bound> = dev.get();

        Ok(Self {
            napi: nic.napi(number)?,
            interrupts: &nic.counters.pair(number).ok_or(EINVAL)?.interrupts,
        })
    }
}

impl<'bound> Handler<Nic<'bound>> for PairIrq<'_, 'bound> {
    #[inline]
    fn handle(&self, _dev: Handle<'_, Nic<'bound>>) -> IrqReturn {
        self.interrupts.add(1);
        self.napi.schedule_irqoff();
        IrqReturn::Handled
    }
}
