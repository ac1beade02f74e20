// SPDX-License-Identifier: GPL-2.0

//! Delayed work that is owned, and ends when its owner says so.
//!
//! `kernel::workqueue` keeps a work item alive by counting references, and cannot cancel it: it may
//! run long after the device is gone. Here the work borrows the device; the guard that lets it run
//! waits for it when dropped, and until the next guard it cannot be queued, not even by itself.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)

use super::{
    ffi,
    net::{
        Device,
        Hold,
        Operations, //
    }, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
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
        Relaxed,
        Release, //
    }, //
};

/// What is to be done.
pub(crate) trait Work: Sized {
    /// The driver of the device.
    type Driver: Operations;

    /// Runs in process context, on one CPU at a time.
    fn run(dev: &Device<Self::Driver>);
}

/// A piece of work that can be queued while it is enabled.
///
/// # Invariants
///
/// - `work` is valid, and owned by `self`; its context is `self`, which is pinned.
/// - `claimed` is not 0 while it is being enabled, enabled, or being disabled. Only who has set it
///   writes `dev`, and only while the work cannot run.
/// - While the work is enabled `dev` points to a device that is held.
#[pin_data(PinnedDrop)]
pub(crate) struct DelayedWork<W: Work> {
    work: NonNull<ffi::shim_work>,
    dev: UnsafeCell<*const Device<W::Driver>>,
    claimed: Atomic<i32>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Work may be queued, disabled and freed from any thread.
unsafe impl<W: Work> Send for DelayedWork<W> {}

// SAFETY: As above, and `dev` is only written while the work cannot run.
unsafe impl<W: Work> Sync for DelayedWork<W> {}

impl<W: Work> DelayedWork<W> {
    /// Creates the work, disabled.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        // INVARIANT: Nobody has claimed it.
        try_pin_init!(&this in Self {
            work: {
                // SAFETY: Nothing is dereferenced yet; the function fits to the context.
                let work = unsafe { ffi::shim_work_alloc(this.as_ptr().cast(), Self::run) };
                NonNull::new(work).ok_or(ENOMEM)?
            },
            dev: UnsafeCell::new(ptr::null()),
            claimed: Atomic::new(0),
            _pin: PhantomPinned,
        })
    }

    /// Lets the work be queued.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] when it is enabled.
    pub(crate) fn enable<'a>(&'a self, dev: &'a Device<W::Driver>) -> Result<Enabled<'a, W>> {
        if self.claimed.cmpxchg(0, 1, Acquire).is_err() {
            return Err(EBUSY);
        }
        // SAFETY: `claimed` has just been set, and the work cannot run.
        unsafe { *self.dev.get() = dev };
        // INVARIANT: The guard disables it before the device goes.
        let enabled = Enabled {
            work: self,
            _hold: Hold::new(dev),
        };
        // SAFETY: It is disabled, once; what it accesses has been set above.
        unsafe { ffi::shim_work_enable(self.work.as_ptr()) };
        Ok(enabled)
    }

    /// Queues the work unless it is queued. Does nothing while it is disabled.
    pub(crate) fn schedule(&self, delay_ms: u32) {
        // SAFETY: The work is valid; the kernel ignores it while it is disabled.
        unsafe { ffi::shim_work_schedule(self.work.as_ptr(), delay_ms) }
    }

    /// Has the work run as soon as possible, even if it is queued for later. Does nothing while it is
    /// disabled. May be called in any context.
    pub(crate) fn run_now(&self) {
        // SAFETY: As for `schedule`.
        unsafe { ffi::shim_work_run_now(self.work.as_ptr()) }
    }

    /// # Safety
    ///
    /// It must be enabled, and the caller must be the only one to disable it.
    unsafe fn disable(&self) {
        // SAFETY: By the safety requirements. It waits for work that runs.
        unsafe { ffi::shim_work_disable_sync(self.work.as_ptr()) };
        self.claimed.store(0, Release);
    }

    /// # Safety
    ///
    /// The context must be that of work that is enabled and runs by this call.
    unsafe extern "C" fn run(ctx: *mut c_void) {
        // SAFETY: The context is `self`, which is valid as long as the work is enabled.
        let this = unsafe { &*ctx.cast::<Self>() };
        // SAFETY: By the type invariants `dev` was set and is held.
        W::run(unsafe { &**this.dev.get() });
    }
}

#[pinned_drop]
impl<W: Work> PinnedDrop for DelayedWork<W> {
    fn drop(self: Pin<&mut Self>) {
        // The guard has been leaked. The device is still there: see `Hold`.
        if kernel::warn_on!(self.claimed.load(Relaxed) != 0) {
            // SAFETY: It is enabled, and the only guard is gone.
            unsafe { self.disable() };
        }
        // SAFETY: It is disabled and does not run, so nobody refers to it.
        unsafe { ffi::shim_work_free(self.work.as_ptr()) }
    }
}

/// Work that is enabled, until this is dropped, which waits for it.
pub(crate) struct Enabled<'a, W: Work> {
    work: &'a DelayedWork<W>,
    _hold: Hold<'a, W::Driver>,
}

impl<W: Work> Drop for Enabled<'_, W> {
    fn drop(&mut self) {
        // SAFETY: This is the only guard.
        unsafe { self.work.disable() }
    }
}
