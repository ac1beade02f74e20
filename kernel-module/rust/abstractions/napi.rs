// SPDX-License-Identifier: GPL-2.0

//! NAPI: interrupts that turn into polling.
//!
//! While an instance is enabled it owns its poller, the state of a queue or two. The kernel runs a poll
//! on one CPU at a time, so the poller is handed out as `&mut` and needs no lock. Disabling the
//! instance waits for the poll and gives the poller back.

use super::{
    callback::{
        Callback,
        Claimed,
        Enabled,
        Source, //
    },
    ffi,
    netdev::Handle,
    ops::Operations,
    skb::{
        RxFrame,
        SkBuff, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// The state of queues that are polled.
pub(crate) trait Poll: Send + Sized {
    /// The driver of the device.
    type Driver: Operations;

    /// Handles up to [`Context::budget`] received frames, and returns how many.
    ///
    /// The budget can be 0: then nothing may be received, but sent frames may be completed.
    fn poll(&mut self, dev: Handle<'_, Self::Driver>, napi: Context<'_>) -> u32;

    /// Says which vector is the poll's.
    fn vector(&self) -> u32;

    /// Called when a poll has used less than its budget: lets the device interrupt again.
    ///
    /// The next poll may run at the same time, so there is no `self`.
    fn rearm(dev: Handle<'_, Self::Driver>, vector: u32);
}

/// A poll that is running.
#[derive(Clone, Copy)]
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

    /// Passes a received frame to the stack.
    #[inline]
    pub(crate) fn gro_receive(&self, frame: RxFrame) {
        // SAFETY:
        // - `self` exists only in a poll of the instance, which is valid then.
        // - By its type invariants the frame is unshared, and has an Ethernet header.
        // - `into_raw()` gives up the reference, which passes to the function.
        unsafe {
            ffi::helper_napi_gro_receive(self.napi.as_ptr(), frame.into_skb().into_raw());
        }
    }

    /// Ends a frame that was sent.
    #[inline]
    pub(crate) fn consume(&self, skb: SkBuff) {
        // SAFETY:
        // - `self` exists only in a poll; with a budget of 0 the function knows that it may be in any
        //   context.
        // - `into_raw()` gives up the reference, which passes to the function.
        unsafe { bindings::napi_consume_skb(skb.into_raw(), self.budget as c_int) }
    }
}

/// What a [`Napi`] is, as a [`Source`].
pub(crate) struct NapiSource<P>(PhantomData<P>);

/// How an instance is started.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// The queue pair.
    queue: u32,
    /// The interrupt that schedules it.
    irq: u32,
}

// SAFETY:
// - The kernel runs a poll of an instance on one CPU at a time.
// - It does so only while the instance is enabled, and disabling waits for it.
unsafe impl<P: Poll> Source for NapiSource<P> {
    type Driver = P::Driver;
    type Runner = P;
    type Raw = ffi::shim_napi;
    type Start = Start;

    fn alloc(ctx: *mut c_void) -> *mut Self::Raw {
        // SAFETY: Nothing is dereferenced yet.
        unsafe { ffi::shim_napi_alloc(ctx) }
    }

    unsafe fn free(raw: *mut Self::Raw) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_napi_free(raw) }
    }

    unsafe fn start(raw: *mut Self::Raw, dev: *mut bindings::net_device, how: Start) {
        // SAFETY:
        // - By the safety requirements the instance and the device are valid.
        // - The instance is not in the list of a device: it was never enabled, or disabled again.
        // - The poll function fits to the context.
        // - The RTNL is held: `Claimed::enable`, which alone comes here, is given a token.
        // - A queue pair that the device does not have is refused.
        unsafe { ffi::shim_napi_enable(raw, dev, poll::<P>, how.queue, how.irq) }
    }

    unsafe fn stop(raw: *mut Self::Raw, how: Start) {
        // SAFETY:
        // - By the safety requirements the instance is valid, and was enabled for this queue pair.
        // - The driver holds the RTNL: see `Claimed::enable`.
        unsafe { ffi::shim_napi_disable(raw, how.queue) }
    }
}

/// A NAPI instance.
pub(crate) type Napi<P> = Callback<NapiSource<P>>;

impl<P: Poll> Napi<P> {
    /// Has the poll run soon. Does nothing while the instance is disabled.
    ///
    /// To be called from an interrupt handler.
    #[inline]
    pub(crate) fn schedule_irqoff(&self) {
        // SAFETY:
        // - By the type invariants of `Callback` the instance is valid.
        // - One that is disabled, or was never enabled, cannot be scheduled: it counts as scheduled
        //   already.
        unsafe { ffi::helper_napi_schedule_irqoff(self.raw()) }
    }

    /// The same from any other context. Returns whether it was not scheduled already.
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: As for `schedule_irqoff`.
        unsafe { ffi::shim_napi_schedule(self.raw()) }
    }

    /// Returns the instance in C.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut ffi::shim_napi {
        self.raw()
    }
}

impl<'a, P: Poll> Claimed<'a, NapiSource<P>> {
    /// Enables the instance with `poller`, and tells the stack that it serves queue pair `queue`; warns
    /// if the device has no such pair. `irq` is the interrupt that schedules it. May sleep; the RTNL
    /// must be held.
    ///
    /// The RTNL must also be held when the result is disabled or dropped, or else somebody who asks for
    /// the instance of a queue could be given one that is going. `Drop` cannot be given a token, so
    /// this is left to the driver; the kernel warns.
    pub(crate) fn enable(
        self,
        poller: P,
        queue: u32,
        irq: u32,
        _rtnl: &super::rtnl::Rtnl,
    ) -> Enabled<'a, NapiSource<P>> {
        self.start(poller, Start { queue, irq })
    }
}

/// # Safety
///
/// To be called by the kernel as the poll of an instance that is enabled.
unsafe extern "C" fn poll<P: Poll>(napi: *mut bindings::napi_struct, budget: c_int) -> c_int {
    // SAFETY: By the safety requirement the instance is valid, and a part of a `struct shim_napi`.
    let ctx = unsafe { ffi::helper_napi_ctx(napi) };
    // SAFETY:
    // - By the safety requirement it is the context of an instance that is enabled.
    // - The runner is not used after the poll was completed, when the next one can begin.
    let Some(call) = (unsafe { Napi::<P>::enter(ctx) }) else {
        return 0;
    };
    let (this, poller, dev) = (call.this, call.runner, call.dev);
    let napi = Context {
        // SAFETY: By the type invariants of `Callback` it is not null.
        napi: unsafe { NonNull::new_unchecked(this.raw()) },
        // CAST: A budget is not negative.
        budget: budget as u32,
        _poll: PhantomData,
    };
    // CAST: It is no more than the budget.
    let work = poller.poll(dev, napi).min(napi.budget) as c_int;

    if work < budget {
        let vector = poller.vector();

        // From here on the next poll may run. The device outlives this one even if the instance is
        // being disabled: deleting it waits for an RCU grace period, and polls run with RCU held.
        //
        // SAFETY:
        // - The instance is valid, and this is its poll.
        // - It has used less than its budget.
        if unsafe { ffi::helper_napi_complete_done(this.raw(), work) } {
            P::rearm(dev, vector);
        }
    }
    work
}
