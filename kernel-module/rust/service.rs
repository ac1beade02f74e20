// SPDX-License-Identifier: GPL-2.0

//! The management interrupt, the service work behind it, and the books that the work keeps.

use crate::{
    abstractions::{
        clock::boottime_ns,
        irq::Handler,
        net::{
            net_err,
            net_info,
            ratelimit,
            Device, //
        },
        work::Work, //
    },
    hw::Regs,
    nic::Nic,
    regs::{
        MGMT_CAUSE,
        STATUS, //
    },
};
use core::{
    marker::PhantomData,
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

/// What the service work has seen.
pub(crate) struct Books {
    pub(crate) service_runs: Wrapping<u64>,
    pub(crate) link_changes: Wrapping<u64>,
    pub(crate) link_events: Wrapping<u64>,
    pub(crate) dma_errors: Wrapping<u64>,
    pub(crate) config_errors: Wrapping<u64>,
    /// Change N is at N modulo the size.
    pub(crate) history: KBox<[LinkChange; HISTORY]>,
}

impl Books {
    fn note_link(&mut self, at_ns: u64, up: bool) {
        let slot = self.link_changes.0 as usize % HISTORY;

        if let Some(change) = self.history.get_mut(slot) {
            *change = LinkChange { at_ns, up };
        }
        self.link_changes += 1;
    }
}

/// What the interrupt and the work share.
pub(crate) struct Mgmt {
    /// Causes that the work has not seen yet.
    causes: u32,
    pub(crate) interrupts: Wrapping<u64>,
    pub(crate) spurious: Wrapping<u64>,
    pub(crate) books: KBox<Books>,
}

impl Mgmt {
    pub(crate) fn new() -> Result<Self> {
        let history = KBox::new([LinkChange::default(); HISTORY], GFP_KERNEL)?;
        let books = Books {
            service_runs: Wrapping(0),
            link_changes: Wrapping(0),
            link_events: Wrapping(0),
            dma_errors: Wrapping(0),
            config_errors: Wrapping(0),
            history,
        };

        Ok(Self {
            causes: 0,
            interrupts: Wrapping(0),
            spurious: Wrapping(0),
            books: KBox::new(books, GFP_KERNEL)?,
        })
    }
}

/// The management interrupt.
pub(crate) struct MgmtIrq;

/// Clears the causes in the device and notes them for the work. `false`: there were none.
fn note_causes(nic: &Nic<'_>) -> bool {
    let mut mgmt = nic.mgmt.lock();
    let causes = nic.regs.read(MGMT_CAUSE);

    mgmt.interrupts += 1;
    if causes.into_raw() == 0 {
        mgmt.spurious += 1;
        return false;
    }
    nic.regs.write_reg(causes);
    mgmt.causes |= causes.into_raw();
    true
}

impl<'bound> Handler<Nic<'bound>> for MgmtIrq {
    fn handle(dev: &Device<Nic<'bound>>) -> IrqReturn {
        if !note_causes(dev) {
            return IrqReturn::None;
        }
        dev.service.run_now();
        dev.regs.enable_vectors(Regs::MGMT);
        IrqReturn::Handled
    }
}

/// The service work: follows the link, and reports what the interrupt has noted.
pub(crate) struct Service<'bound>(PhantomData<&'bound ()>);

/// Enters what has happened into the books and returns the causes.
fn keep_books(nic: &Nic<'_>, link_changed: bool, up: bool) -> MGMT_CAUSE {
    let mut mgmt = nic.mgmt.lock();
    let causes = MGMT_CAUSE::from(core::mem::take(&mut mgmt.causes));
    let books = &mut mgmt.books;

    books.service_runs += 1;
    books.link_events += u64::from(causes.link_change());
    books.dma_errors += u64::from(causes.dma_error());
    books.config_errors += u64::from(causes.config_error());
    if link_changed {
        books.note_link(boottime_ns(), up);
    }
    causes
}

impl<'bound> Work for Service<'bound> {
    type Driver = Nic<'bound>;

    fn run(dev: &Device<Nic<'bound>>) {
        let up = dev.regs.read(STATUS).link_up();
        let link_changed = up != dev.carrier();
        let causes = keep_books(dev, link_changed, up);

        if link_changed {
            dev.set_carrier(up);
            net_info!(dev, "link {}\n", if up { "up" } else { "down" });
        }
        if causes.dma_error() && ratelimit() {
            net_err!(dev, "DMA error, a queue has stopped\n");
        }
        if causes.config_error() && ratelimit() {
            net_err!(dev, "configuration error\n");
        }
        dev.service.schedule(PERIOD_MS);
    }
}
