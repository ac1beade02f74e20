// SPDX-License-Identifier: GPL-2.0

//! NAPI: interrupts that turn into polling.
//!
//! While an instance is enabled it owns its poller, the state of one queue. The kernel runs a poll
//! on one CPU at a time, so the poller is handed out as `&mut` and needs no lock. Disabling the
//! instance waits for the poll and gives the poller back.

use super::{
    ffi,
    net::{
        Device,
        Hold,
        Operations, //
    },
    skb::SkBuff, //
};
use core::{
    cell::UnsafeCell,
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    }, //
};

/// The state of a queue that is polled.
pub(crate) trait Poll: Send + Sized {
    /// The driver of the device.
    type Driver: Operations;

    /// Does the queue transmit? Then it is not used for busy polling.
    const TX: bool = false;

    /// Handles up to [`Context::budget`] events and returns how many.
    ///
    /// The budget can be 0: then nothing may be received, but sent frames may be completed.
    fn poll(&mut self, dev: &Device<Self::Driver>, napi: &Context<'_>) -> u32;

    /// Called when a poll has used less than its budget: lets the device interrupt again.
    ///
    /// The next poll may run at the same time, so there is no `self`.
    fn rearm(dev: &Device<Self::Driver>);
}

/// A poll that is running.
pub(crate) struct Context<'a> {
    napi: NonNull<ffi::shim_napi>,
    budget: u32,
    _poll: PhantomData<&'a ()>,
}

impl Context<'_> {
    /// How many frames may be received.
    #[inline]
    pub(crate) fn budget(&self) -> u32 {
        self.budget
    }

    /// Allocates an empty receive buffer of `len` bytes.
    #[inline]
    pub(crate) fn alloc_skb(&self, len: u32) -> Option<SkBuff> {
        // SAFETY: `self` exists only in a poll of the instance.
        let skb = unsafe { ffi::shim_napi_alloc_skb(self.napi.as_ptr(), len) };

        // SAFETY: The buffer is new, so it is unshared and ours.
        NonNull::new(skb).map(|skb| unsafe { SkBuff::from_raw(skb) })
    }

    /// Passes a received frame, which starts with an Ethernet header, to the stack.
    #[inline]
    pub(crate) fn gro_receive(&self, skb: SkBuff) {
        // SAFETY: `self` exists only in a poll of the instance; the stack becomes the owner.
        unsafe { ffi::shim_napi_gro_receive(self.napi.as_ptr(), skb.into_raw()) }
    }

    /// Ends a frame that was sent.
    #[inline]
    pub(crate) fn consume(&self, skb: SkBuff) {
        // SAFETY: `self` exists only in a poll; with a budget of 0 the function knows that it may
        // be in any context. The frame is not used again.
        unsafe { ffi::shim_napi_consume_skb(skb.into_raw(), self.budget as c_int) }
    }
}

/// A NAPI instance.
///
/// # Invariants
///
/// - `napi` is valid, and owned by `self`; its context is `self`, which is pinned.
/// - `claimed` is not 0 while it is being enabled, enabled, or being disabled. Only who has set it
///   writes `poller` and `dev`, and only while no poll can run.
/// - While the instance is enabled, `poller` is `Some` and `dev` points to a device that is held. They
///   are accessed by the poll alone then.
#[pin_data(PinnedDrop)]
pub(crate) struct Napi<P: Poll> {
    napi: NonNull<ffi::shim_napi>,
    poller: UnsafeCell<Option<P>>,
    dev: UnsafeCell<*const Device<P::Driver>>,
    claimed: Atomic<i32>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: A NAPI instance may be enabled, disabled and freed from any thread, and `P: Send`.
unsafe impl<P: Poll> Send for Napi<P> {}

// SAFETY: By the type invariants only one thread at a time accesses `poller` and `dev`, and
// `P: Send`. Scheduling is safe from any thread.
unsafe impl<P: Poll> Sync for Napi<P> {}

impl<P: Poll> Napi<P> {
    /// Creates an instance, disabled.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        // INVARIANT: Nobody has claimed it.
        try_pin_init!(&this in Self {
            napi: {
                // SAFETY: Nothing is dereferenced yet; the poll function fits to the context.
                let napi = unsafe { ffi::shim_napi_alloc(this.as_ptr().cast(), Self::poll) };
                NonNull::new(napi).ok_or(ENOMEM)?
            },
            poller: UnsafeCell::new(None),
            dev: UnsafeCell::new(ptr::null()),
            claimed: Atomic::new(0),
            _pin: PhantomPinned,
        })
    }

    /// Reserves the instance, to be enabled when nothing can fail any more.
    ///
    /// `irq` is the interrupt that schedules it. To be called from [`Operations::open`].
    ///
    /// # Errors
    ///
    /// [`EBUSY`] when it is reserved or enabled.
    pub(crate) fn claim<'a>(
        &'a self,
        dev: &'a Device<P::Driver>,
        irq: u32,
    ) -> Result<Claimed<'a, P>> {
        let irq = c_int::try_from(irq)?;

        if self.claimed.cmpxchg(0, 1, Acquire).is_err() {
            return Err(EBUSY);
        }
        // INVARIANT: `claimed` has just been set.
        Ok(Claimed {
            napi: self,
            hold: Hold::new(dev),
            irq,
        })
    }

    /// Has the poll run soon. Does nothing while the instance is disabled.
    ///
    /// To be called from an interrupt handler.
    #[inline]
    pub(crate) fn schedule(&self) {
        // SAFETY: `napi` is valid. An instance that is disabled, or was never enabled, cannot be
        // scheduled: it counts as scheduled already.
        unsafe { ffi::shim_napi_schedule_irqoff(self.napi.as_ptr()) }
    }

    /// # Safety
    ///
    /// The instance must be enabled, and the caller must be the only one to disable it.
    unsafe fn disable(&self) -> Option<P> {
        // SAFETY: By the safety requirements. It waits for a poll that runs.
        unsafe { ffi::shim_napi_disable(self.napi.as_ptr()) };
        // SAFETY: The instance is disabled and still claimed, so nobody else accesses `poller`.
        unsafe { (*self.poller.get()).take() }
    }

    /// # Safety
    ///
    /// The context must be that of an instance that is enabled, and polled by this call.
    unsafe extern "C" fn poll(ctx: *mut c_void, budget: c_int) -> c_int {
        // SAFETY: The context is `self`, which is valid as long as the instance is enabled, and only
        // an enabled instance is polled.
        let this = unsafe { &*ctx.cast::<Self>() };
        // SAFETY: By the type invariants `dev` was set and is held.
        let dev = unsafe { &**this.dev.get() };
        let napi = Context {
            napi: this.napi,
            // CAST: A budget is not negative.
            budget: budget as u32,
            _poll: PhantomData,
        };

        let work = {
            // SAFETY: By the type invariants the poll is the only one to access `poller`, and polls
            // of an instance do not overlap. The reference ends with this block, before the poll is
            // completed.
            let Some(poller) = (unsafe { &mut *this.poller.get() }) else {
                return 0;
            };
            // CAST: It is no more than the budget.
            poller.poll(dev, &napi).min(napi.budget) as c_int
        };

        // From here on the next poll may run. `dev` outlives this one even if the instance is being
        // disabled: deleting it waits for an RCU grace period, and polls run with RCU held.
        //
        // SAFETY: `napi` is valid and this is its poll, which has used less than its budget.
        if work < budget && unsafe { ffi::shim_napi_complete_done(this.napi.as_ptr(), work) } {
            P::rearm(dev);
        }
        work
    }
}

#[pinned_drop]
impl<P: Poll> PinnedDrop for Napi<P> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: A poller is there only while the instance is enabled, and then nothing is changed.
        let enabled = unsafe { (*self.poller.get()).is_some() };

        // The guard has been leaked. The device is still there: see `Hold`.
        if kernel::warn_on!(enabled) {
            // SAFETY: It is enabled, and the only guard is gone.
            drop(unsafe { self.disable() });
        }
        // SAFETY: It is disabled and deleted, so nobody refers to it.
        unsafe { ffi::shim_napi_free(self.napi.as_ptr()) }
    }
}

/// A NAPI instance that is reserved.
///
/// # Invariants
///
/// `claimed` of the instance was set by `self`, and the instance is disabled.
pub(crate) struct Claimed<'a, P: Poll> {
    napi: &'a Napi<P>,
    hold: Hold<'a, P::Driver>,
    irq: c_int,
}

impl<'a, P: Poll> Claimed<'a, P> {
    /// Enables the instance with `poller`. May sleep.
    pub(crate) fn enable(self, poller: P) -> Enabled<'a, P> {
        let napi = self.napi;
        let dev = self.hold.device();

        // SAFETY: By the type invariant this is the only access, and no poll can run.
        unsafe {
            *napi.poller.get() = Some(poller);
            *napi.dev.get() = dev;
        }
        // SAFETY:
        // - Both are valid. The instance is not in the list of a device: it was never enabled, or
        //   disabled again.
        // - What the poll accesses has been set above.
        // - The device is held until the result disables the instance.
        unsafe { ffi::shim_napi_enable(napi.napi.as_ptr(), dev.netdev(), P::TX, self.irq) };
        Enabled { claimed: self }
    }
}

impl<P: Poll> Drop for Claimed<'_, P> {
    fn drop(&mut self) {
        // INVARIANT: By the type invariant the instance is disabled.
        self.napi.claimed.store(0, Release);
    }
}

/// A NAPI instance that is enabled, until this is dropped.
pub(crate) struct Enabled<'a, P: Poll> {
    claimed: Claimed<'a, P>,
}

impl<P: Poll> Enabled<'_, P> {
    /// Disables the instance and returns the poller. Waits for a poll that runs.
    pub(crate) fn disable(self) -> Option<P> {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is the only guard. It is not dropped, but taken apart here.
        let (poller, claimed) = unsafe { (this.claimed.napi.disable(), ptr::read(&this.claimed)) };
        drop(claimed);
        poller
    }
}

impl<P: Poll> Drop for Enabled<'_, P> {
    fn drop(&mut self) {
        // SAFETY: This is the only guard.
        drop(unsafe { self.claimed.napi.disable() });
    }
}
