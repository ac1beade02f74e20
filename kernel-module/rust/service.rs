// SPDX-License-Identifier: GPL-2.0

//! The management interrupt, the service work behind it, and the books that both keep.

use crate::{
    abstractions::{
        clock::{
            boottime_ns,
            Moment, //
        },
        irq::Handler,
        netdev::{
            net_err,
            net_info,
            ratelimit,
            Handle, //
        },
        work::Work, //
    },
    hw::{
        Regs,
        ALL_ONES,
        MGMT, //
    },
    nic::Nic,
    regs::{
        INT_ENABLE,
        MGMT_CAUSE,
        STATUS, //
    },
    reset,
};
use core::{
    marker::PhantomData,
    mem,
    num::Wrapping, //
};
use kernel::{
    io::Io,
    irq::IrqReturn,
    prelude::*,
    time::Delta, //
};

/// Period of the service work.
const PERIOD_MS: u32 = 10;
/// A lost device that answers is given a reset so often.
const RETRY: Delta = Delta::from_secs(1);

/// Link changes remembered for each device.
pub(crate) const HISTORY: usize = 16;

/// A change of the link.
#[derive(Clone, Copy, Default)]
pub(crate) struct LinkChange {
    /// When, since boot.
    pub(crate) at_ns: u64,
    pub(crate) up: bool,
}

/// What management interrupt, service work and watchdog have seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) interrupts: Wrapping<u64>,
    pub(crate) spurious: Wrapping<u64>,
    /// Interrupts and runs of the service work.
    pub(crate) activity: Wrapping<u64>,
    pub(crate) service_runs: Wrapping<u64>,
    pub(crate) watchdog_runs: Wrapping<u64>,
    pub(crate) link_changes: Wrapping<u64>,
    pub(crate) link_events: Wrapping<u64>,
    pub(crate) dma_errors: Wrapping<u64>,
    pub(crate) config_errors: Wrapping<u64>,
}

/// The device data.
pub(crate) struct Books {
    pub(crate) tally: Tally,
    /// Change N is at N modulo the size.
    pub(crate) history: KBox<[LinkChange; HISTORY]>,
}

impl Books {
    fn note_link(&mut self, at_ns: u64, up: bool) {
        let slot = self.tally.link_changes.0 as usize % HISTORY;

        if let Some(change) = self.history.get_mut(slot) {
            *change = LinkChange { at_ns, up };
        }
        self.tally.link_changes += 1;
    }
}

/// What is shared under the lock of the management interrupt.
pub(crate) struct Mgmt {
    /// Causes that the service work has not seen yet.
    causes: u32,
    /// Can registers be accessed? See [`Nic::is_ready`].
    pub(crate) ready: bool,
    pub(crate) books: KBox<Books>,
}

impl Mgmt {
    pub(crate) fn new(books: KBox<Books>) -> Self {
        Self {
            causes: 0,
            ready: true,
            books,
        }
    }

    /// Allocates the device data.
    pub(crate) fn new_books() -> Result<KBox<Books>> {
        // The outer one is the first allocation of probe.
        let books = KBox::new_uninit(GFP_KERNEL)?;
        let history = KBox::new([LinkChange::default(); HISTORY], GFP_KERNEL)?;

        Ok(books.write(Books {
            tally: Tally::default(),
            history,
        }))
    }
}

/// The management interrupt.
pub(crate) struct MgmtIrq;

impl Mgmt {
    /// Clears the causes in the device, and only then lets it interrupt again. Notes them for the work.
    fn take_causes(&mut self, regs: &Regs<'_>) -> Option<MGMT_CAUSE> {
        let tally = &mut self.books.tally;

        tally.interrupts += 1;
        tally.activity += 1;
        if !self.ready {
            tally.spurious += 1;
            return None;
        }
        let causes = regs.read(MGMT_CAUSE);
        if matches!(causes.into_raw(), 0 | ALL_ONES) {
            tally.spurious += 1;
            return None;
        }
        regs.write_reg(causes);
        regs.enable_vectors(MGMT);
        self.causes |= causes.with_dma_done(false).into_raw();
        Some(causes)
    }
}

impl<'bound> Handler<Nic<'bound>> for MgmtIrq {
    fn handle(&self, dev: Handle<'_, Nic<'bound>>) -> IrqReturn {
        let Some(causes) = dev.with_mgmt(|mgmt| mgmt.take_causes(&dev.regs)) else {
            return IrqReturn::None;
        };

        if causes.dma_done() {
            dev.engine.finished();
        }
        if causes.with_dma_done(false).into_raw() != 0 {
            dev.service.run_now();
        }
        IrqReturn::Handled
    }
}

/// The service work: follows the link, reports what the interrupt has noted, and notices that the
/// device has gone or is back.
#[derive(Default)]
pub(crate) struct Service<'bound> {
    /// Management interrupts as of the last run.
    seen: Wrapping<u64>,
    /// When a reset of a lost device was last asked for.
    retried: Option<Moment>,
    _life: PhantomData<&'bound ()>,
}

impl Service<'_> {
    /// Notices that the device does not answer. One that does, and yet is lost, is given a reset now
    /// and then.
    fn check_presence(&mut self, dev: Handle<'_, Nic<'_>>, status: STATUS) {
        if status.into_raw() == ALL_ONES {
            if !dev.is_lost() {
                net_err!(dev, "device does not answer\n");
            }
            reset::lose(dev);
        } else if dev.is_lost() && self.retried.is_none_or(|at| at.is_past(RETRY)) {
            self.retried = Some(Moment::now());
            dev.ask_for_reset();
        }
    }

    /// Enters a run into the books, and takes the causes that were noted.
    fn account(&mut self, nic: &Nic<'_>, link: Option<bool>) -> MGMT_CAUSE {
        let mut mgmt = nic.mgmt.lock();
        let causes = MGMT_CAUSE::from(mem::take(&mut mgmt.causes));
        let books = &mut mgmt.books;

        books.tally.service_runs += 1;
        books.tally.activity += 1;
        books.tally.link_events += u64::from(causes.link_change());
        books.tally.dma_errors += u64::from(causes.dma_error());
        books.tally.config_errors += u64::from(causes.config_error());
        if let Some(up) = link {
            books.note_link(boottime_ns(), up);
        }
        self.check_vector(&nic.regs, &mgmt);
        causes
    }

    /// If the vector has disabled itself, but no handler has run, the message was lost. What is pending
    /// is sent again.
    fn check_vector(&mut self, regs: &Regs<'_>, mgmt: &Mgmt) {
        let interrupts = mgmt.books.tally.interrupts;
        let seen = mem::replace(&mut self.seen, interrupts);

        if mgmt.ready
            && seen == interrupts
            && regs.read(INT_ENABLE).vectors().get() & MGMT.get() == 0
        {
            regs.enable_vectors(MGMT);
        }
    }

    fn report(dev: Handle<'_, Nic<'_>>, causes: MGMT_CAUSE) {
        if causes.dma_error() {
            if ratelimit() {
                net_err!(dev, "DMA error, a queue has stopped\n");
            }
            dev.ask_for_reset();
        }
        if causes.config_error() && ratelimit() {
            net_err!(dev, "configuration error\n");
        }
    }
}

impl<'bound> Work for Service<'bound> {
    type Driver = Nic<'bound>;

    fn run(&mut self, dev: Handle<'_, Nic<'bound>>) {
        let status = dev.regs.read(STATUS);

        self.check_presence(dev, status);
        let up = status.link_up() && !dev.is_lost();
        // The link means nothing while the device comes out of reset.
        let link = (status.ready() && up != dev.carrier()).then_some(up);
        let causes = self.account(&dev, link);

        if let Some(up) = link {
            dev.set_carrier(up);
            net_info!(dev, "link {}\n", if up { "up" } else { "down" });
        }
        Self::report(dev, causes);
        dev.service.schedule(PERIOD_MS);
    }
}
