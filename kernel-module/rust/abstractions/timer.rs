// SPDX-License-Identifier: GPL-2.0

//! Periodic timers that are owned, and end when their owner says so.
//!
//! The guard that lets a timer run waits for it when dropped.
//!
//! C header: [`include/linux/timer.h`](srctree/include/linux/timer.h)

use super::{
    callback::{
        Callback,
        Claimed,
        Enabled,
        Source, //
    },
    ffi,
    netdev::Handle,
    ops::Operations, //
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    prelude::*, //
};

/// What is to be done now and again, with its own state.
pub(crate) trait Tick: Send + Sized {
    /// The driver of the device.
    type Driver: Operations;

    /// Time between two ticks.
    const PERIOD_MS: u32;

    /// Runs in softirq context, on one CPU at a time.
    fn tick(&mut self, dev: Handle<'_, Self::Driver>);
}

/// What a [`Timer`] is, as a [`Source`].
pub(crate) struct TimerSource<W>(PhantomData<W>);

// SAFETY:
// - A timer runs on one CPU at a time.
// - It runs only after it was started, and stopping it waits for it and keeps it from starting again.
unsafe impl<W: Tick> Source for TimerSource<W> {
    type Driver = W::Driver;
    type Runner = W;
    type Raw = ffi::shim_timer;
    type Start = ();

    fn alloc(ctx: *mut c_void) -> *mut Self::Raw {
        // SAFETY:
        // - Nothing is dereferenced yet.
        // - The function fits to the context.
        unsafe { ffi::shim_timer_alloc(ctx, tick::<W>) }
    }

    unsafe fn free(raw: *mut Self::Raw) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_timer_free(raw) }
    }

    unsafe fn start(raw: *mut Self::Raw, _dev: *mut bindings::net_device, _how: ()) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_timer_start(raw, W::PERIOD_MS) }
    }

    unsafe fn stop(raw: *mut Self::Raw, _how: ()) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_timer_stop_sync(raw) }
    }
}

/// A timer that runs while it is enabled.
pub(crate) type Timer<W> = Callback<TimerSource<W>>;

impl<'a, W: Tick> Claimed<'a, TimerSource<W>> {
    /// Starts the timer.
    pub(crate) fn enable(self, what: W) -> Enabled<'a, TimerSource<W>> {
        self.start(what, ())
    }
}

/// # Safety
///
/// The context must be that of a timer that is enabled and runs by this call.
unsafe extern "C" fn tick<W: Tick>(ctx: *mut c_void) {
    // SAFETY: By the safety requirement.
    if let Some(call) = unsafe { Timer::<W>::enter(ctx) } {
        call.runner.tick(call.dev);
    }
}
