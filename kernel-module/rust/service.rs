// SPDX-License-Identifier: GPL-2.0

//! The management interrupt, the service work behind it, and the books that both keep.

use crate::{
    abstractions::{
        clock::boottime_ns,
        irq::Handler,
        netdev::{
            net_err,
            net_info,
            ratelimit,
            Handle, //
        },
        work::Work, //
    },
    hw::MGMT,
    nic::Nic,
    regs::{
        INT_ENABLE,
        MGMT_CAUSE, //
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
    prelude::*, //
};

/// Period of the service work.
const PERIOD_MS: u32 = 10;

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
    /// May registers be accessed? Not while the device is being reset, sleeps, or has gone.
    pub(crate) awake: bool,
    pub(crate) books: KBox<Books>,
}

impl Mgmt {
    pub(crate) fn new(books: KBox<Books>) -> Self {
        Self {
            causes: 0,
            awake: true,
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

/// Clears the causes in the device and notes them for the work. Returns them, if there were any.
fn note_causes(nic: &Nic<'_>) -> Option<MGMT_CAUSE> {
    let mut mgmt = nic.mgmt.lock();
    let causes = if mgmt.awake {
        nic.regs.read(MGMT_CAUSE)
    } else {
        MGMT_CAUSE::zeroed()
    };
    let tally = &mut mgmt.books.tally;

    tally.interrupts += 1;
    tally.activity += 1;
    if causes.into_raw() == 0 || causes.into_raw() == u32::MAX {
        tally.spurious += 1;
        return None;
    }
    nic.regs.write_reg(causes);
    mgmt.causes |= causes.into_raw();
    Some(causes)
}

impl<'bound> Handler<Nic<'bound>> for MgmtIrq {
    fn handle(&self, dev: Handle<'_, Nic<'bound>>) -> IrqReturn {
        let Some(causes) = note_causes(&dev) else {
            return IrqReturn::None;
        };
        let rest = causes.with_dma_done(false);

        if causes.dma_done() {
            dev.engine.finished();
        }
        if rest.into_raw() != 0 {
            dev.service.run_now();
        }
        dev.with_registers(|regs| regs.enable_vectors(MGMT));
        IrqReturn::Handled
    }
}

/// The service work: follows the link, and reports what the interrupt has noted.
#[derive(Default)]
pub(crate) struct Service<'bound> {
    /// Management interrupts as of the last run.
    interrupts: Wrapping<u64>,
    _life: PhantomData<&'bound ()>,
}

/// What one run has found.
struct Findings {
    causes: MGMT_CAUSE,
    /// The state of the link, if it has changed.
    link: Option<bool>,
    /// Does the device answer?
    answers: bool,
}

impl Service<'_> {
    /// Looks at the device, and enters what has happened into the books.
    fn look(&mut self, dev: Handle<'_, Nic<'_>>) -> Option<Findings> {
        let mut mgmt = dev.mgmt.lock();

        mgmt.books.tally.service_runs += 1;
        mgmt.books.tally.activity += 1;
        if !mgmt.awake {
            return None;
        }
        let mut found = Findings {
            causes: MGMT_CAUSE::from(mem::take(&mut mgmt.causes)),
            link: None,
            answers: false,
        };
        if let Ok(status) = dev.regs.status() {
            found.answers = true;
            found.link = (status.link_up() != dev.carrier()).then_some(status.link_up());
            if status.ready() {
                self.find_lost(&dev, mgmt.books.tally.interrupts);
            }
        }

        let books = &mut mgmt.books;
        books.tally.link_events += u64::from(found.causes.link_change());
        books.tally.dma_errors += u64::from(found.causes.dma_error());
        books.tally.config_errors += u64::from(found.causes.config_error());
        if let Some(up) = found.link {
            books.note_link(boottime_ns(), up);
        }
        Some(found)
    }

    /// Enables the management vector if it is disabled, and there was no interrupt since the last run:
    /// then one was lost.
    fn find_lost(&mut self, nic: &Nic<'_>, interrupts: Wrapping<u64>) {
        let enabled = nic.regs.read(INT_ENABLE).vectors().get() & MGMT.get() != 0;

        if !enabled && mem::replace(&mut self.interrupts, interrupts) == interrupts {
            nic.regs.enable_vectors(MGMT);
        }
        self.interrupts = interrupts;
    }

    fn report(dev: Handle<'_, Nic<'_>>, found: &Findings) {
        if let Some(up) = found.link {
            dev.set_carrier(up);
            net_info!(dev, "link {}\n", if up { "up" } else { "down" });
        }
        if found.causes.dma_error() {
            if ratelimit() {
                net_err!(dev, "DMA error, a queue has stopped\n");
            }
            dev.ask_for_reset();
        }
        if found.causes.config_error() && ratelimit() {
            net_err!(dev, "configuration error\n");
        }
    }

    /// Notices that the device is back.
    fn look_for_return(dev: Handle<'_, Nic<'_>>) {
        if dev.is_gone() && dev.regs.status().is_ok() {
            net_info!(dev, "device answers again\n");
            dev.set_gone(false);
            dev.ask_for_reset();
        }
    }
}

impl<'bound> Work for Service<'bound> {
    type Driver = Nic<'bound>;

    fn run(&mut self, dev: Handle<'_, Nic<'bound>>) {
        match self.look(dev) {
            Some(found) if found.answers => Self::report(dev, &found),
            Some(_) => reset::lose(dev),
            None => Self::look_for_return(dev),
        }
        dev.service.schedule(PERIOD_MS);
    }
}
