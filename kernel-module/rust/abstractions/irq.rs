// SPDX-License-Identifier: GPL-2.0

//! Interrupts of a net device that sits on the PCI bus.
//!
//! `kernel::irq::Registration` borrows the allocation of its vector, and its handler wants to borrow
//! the device: in one structure both are references to neighbours. [`Irq`] is the place where that
//! is solved, with a count on the allocation and the order of fields.

use super::{
    ffi,
    hold::Hold,
    netdev::Handle,
    ops::Operations, //
};
use core::mem;
use kernel::{
    device::Bound,
    irq::{
        self,
        Flags,
        IrqRequest,
        IrqReturn, //
    },
    pci::{
        self,
        IrqType,
        IrqTypes,
        IrqVectorRegistration, //
    },
    prelude::*,
    str::{
        CStr,
        CString, //
    },
    sync::Arc, //
};

/// The MSI-X vectors of a device. They are freed when the last [`Irq`] on them is, and this.
pub(crate) struct Vectors<'bound>(Arc<IrqVectorRegistration<'bound>>);

impl<'bound> Vectors<'bound> {
    /// Allocates MSI-X vectors: as many as the kernel gives, from `least` to `most`.
    pub(crate) fn new(pdev: &'bound pci::Device<Bound>, least: u32, most: u32) -> Result<Self> {
        let types = IrqTypes::default().with(IrqType::MsiX);

        Ok(Self(Arc::new(
            pdev.alloc_irq_vectors(least, most, types)?,
            GFP_KERNEL,
        )?))
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// What runs when a vector fires.
pub(crate) trait Handler<T: Operations>: Send + Sync {
    /// Runs in hard interrupt context, on one CPU at a time.
    fn handle(&self, dev: Handle<'_, T>) -> IrqReturn;
}

struct Cookie<'a, T: Operations, H> {
    dev: Handle<'a, T>,
    handler: H,
}

impl<T: Operations, H: Handler<T>> irq::Handler for Cookie<'_, T, H> {
    #[inline]
    fn handle(&self) -> IrqReturn {
        self.handler.handle(self.dev)
    }
}

/// A handler on a vector. Dropping it waits for a handler that runs.
///
/// Fields are dropped in the order in which they stand here.
#[must_use = "the interrupt is freed when this is dropped"]
pub(crate) struct Irq<'a, T: Operations, H: Handler<T>> {
    cpu: Option<Cpu>,
    registration: Pin<KBox<irq::Registration<'a, Cookie<'a, T, H>>>>,
    _name: CString,
    _vectors: Arc<IrqVectorRegistration<'a>>,
    _hold: Hold<T>,
    number: u32,
}

impl<'a, T: Operations + 'a, H: Handler<T> + 'a> Irq<'a, T, H> {
    /// Requests vector `index` of `vectors`. `name` is what `/proc/interrupts` shows.
    pub(crate) fn request(
        dev: Handle<'a, T>,
        vectors: &Vectors<'a>,
        index: u32,
        name: CString,
        handler: H,
    ) -> Result<Self> {
        let hold = Hold::new(dev);
        let vectors = vectors.0.clone();

        // SAFETY:
        // - The registration lives in the result, before `_vectors`, whose count keeps the
        //   allocation where it is.
        // - If the result is leaked, so is the count.
        let allocation: &'a IrqVectorRegistration<'a> = unsafe { &*Arc::as_ptr(&vectors) };
        // SAFETY:
        // - The registration is the only user of the name, and lives in the result before `_name`.
        // - The buffer of a `CString` stays where it is when the `CString` is moved.
        // - If the result is leaked, so is the name.
        let static_name = unsafe { mem::transmute::<&CStr, &'static CStr>(&*name) };

        let request: IrqRequest<'a> = allocation.index(index as usize)?.into();
        let number = request.irq();
        // SAFETY:
        // - The registration lives in the result, whose destructor the driver does not prevent from
        //   running: see the rule of the parent module.
        // - Should it do that, `_hold` is leaked too, and keeps the memory that the handler refers to:
        //   the device, and in it the driver's data.
        let registration = unsafe {
            irq::Registration::new(
                request,
                Flags::TRIGGER_NONE,
                static_name,
                Ok::<_, Error>(Cookie { dev, handler }),
            )
        };

        Ok(Self {
            cpu: None,
            registration: KBox::pin_init(registration, GFP_KERNEL)?,
            _name: name,
            _vectors: vectors,
            _hold: hold,
            number,
        })
    }

    /// Has queue pair `queue`, whose interrupt this is, served by a CPU that is near to the device:
    /// both the interrupt and what is transmitted there. Warns if the device has no such queue.
    pub(crate) fn spread(&mut self, dev: Handle<'a, T>, queue: u32) {
        // SAFETY:
        // - The device is valid by the type invariant of `Device`.
        // - The interrupt is requested, as `self` exists.
        // - A queue that the device does not have is refused.
        unsafe { ffi::shim_queue_set_cpu(dev.netdev(), queue, self.number) };
        self.cpu = Some(Cpu(self.number));
    }

    /// Returns the number of the interrupt.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Waits for a handler that runs.
    pub(crate) fn synchronize(&self) {
        self.registration.synchronize();
    }
}

/// The affinity of an interrupt.
struct Cpu(u32);

impl Drop for Cpu {
    fn drop(&mut self) {
        // SAFETY: The interrupt is still requested: see the order of fields in `Irq`.
        unsafe { ffi::shim_queue_clear_cpu(self.0) }
    }
}
