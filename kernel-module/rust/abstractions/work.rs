// SPDX-License-Identifier: GPL-2.0

//! Delayed work that is owned, and ends when its owner says so.
//!
//! `kernel::workqueue` keeps a work item alive by counting references, and cannot cancel it: it may
//! run long after the device is gone. Here the work is a part of the device; the guard that lets it
//! run waits for it when dropped, and until the next guard it cannot be queued, not even by itself.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

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

/// What is to be done, with its own state.
pub(crate) trait Work: Send + Sized {
    /// The driver of the device.
    type Driver: Operations;

    /// Runs in process context, on one CPU at a time.
    fn run(&mut self, dev: Handle<'_, Self::Driver>);
}

/// What a [`DelayedWork`] is, as a [`Source`].
pub(crate) struct WorkSource<W>(PhantomData<W>);

// SAFETY:
// - A work item runs on one CPU at a time, as all of its calls go to the same workqueue.
// - While it is disabled it cannot be queued, and disabling it waits for it.
unsafe impl<W: Work> Source for WorkSource<W> {
    type Driver = W::Driver;
    type Runner = W;
    type Raw = ffi::shim_work;
    type Start = ();

    fn alloc(ctx: *mut c_void) -> *mut Self::Raw {
        // SAFETY:
        // - Nothing is dereferenced yet.
        // - The function fits to the context.
        unsafe { ffi::shim_work_alloc(ctx, run::<W>) }
    }

    unsafe fn free(raw: *mut Self::Raw) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_work_free(raw) }
    }

    unsafe fn start(raw: *mut Self::Raw, _dev: *mut bindings::net_device, _how: ()) {
        // SAFETY:
        // - By the safety requirements the work is valid, and its context that of a runner.
        // - It is disabled, once.
        unsafe { ffi::shim_work_enable(raw) }
    }

    unsafe fn stop(raw: *mut Self::Raw, _how: ()) {
        // SAFETY: By the safety requirements.
        unsafe { ffi::shim_work_disable_sync(raw) }
    }
}

/// A piece of work that can be queued while it is enabled.
pub(crate) type DelayedWork<W> = Callback<WorkSource<W>>;

impl<W: Work> DelayedWork<W> {
    /// Queues the work unless it is queued. Does nothing while it is disabled.
    pub(crate) fn schedule(&self, delay_ms: u32) {
        // SAFETY:
        // - By the type invariants of `Callback` the work is valid.
        // - The kernel ignores it while it is disabled.
        unsafe { ffi::shim_work_schedule(self.raw(), delay_ms) }
    }

    /// Has the work run as soon as possible, even if it is queued for later. Does nothing while it is
    /// disabled. May be called in any context.
    pub(crate) fn run_now(&self) {
        // SAFETY: As for `schedule`.
        unsafe { ffi::shim_work_run_now(self.raw()) }
    }
}

impl<'a, W: Work> Claimed<'a, WorkSource<W>> {
    /// Lets the work be queued.
    pub(crate) fn enable(self, work: W) -> Enabled<'a, WorkSource<W>> {
        self.start(work, ())
    }
}

/// # Safety
///
/// The context must be that of work that is enabled and runs by this call.
unsafe extern "C" fn run<W: Work>(ctx: *mut c_void) {
    // SAFETY: By the safety requirement.
    if let Some(call) = unsafe { DelayedWork::<W>::enter(ctx) } {
        call.runner.run(call.dev);
    }
}
