// SPDX-License-Identifier: GPL-2.0

//! What NAPI instances, work and timers have in common: the kernel calls them back, and they can be
//! stopped, which waits for a call that runs.
//!
//! While such a thing is enabled it owns a *runner*, and the kernel makes one call at a time, so each
//! call gets the runner as `&mut` and needs no lock. Disabling gives the runner back.

use super::{
    hold::Hold,
    netdev::{
        Device,
        Handle, //
    },
    ops::Operations, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    mem::ManuallyDrop,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    }, //
};

/// A kind of thing that calls back.
///
/// # Safety
///
/// - Calls of one instance do not overlap.
/// - There is no call before [`Source::start`], and none after [`Source::stop`] has returned, until
///   it is started again.
pub(crate) unsafe trait Source {
    /// The driver of the device.
    type Driver: Operations;
    /// What a call works on.
    type Runner: Send;
    /// The instance in C.
    type Raw;
    /// How it is started.
    type Start: Copy;

    /// Allocates an instance, stopped, that will pass on `ctx`. Returns null if memory is short.
    fn alloc(ctx: *mut c_void) -> *mut Self::Raw;

    /// # Safety
    ///
    /// `raw` must come from [`Source::alloc`], be stopped, and not be used again.
    unsafe fn free(raw: *mut Self::Raw);

    /// # Safety
    ///
    /// `raw` must be valid and stopped, and its context that of a [`Callback`] with a runner.
    unsafe fn start(raw: *mut Self::Raw, dev: *mut bindings::net_device, how: Self::Start);

    /// # Safety
    ///
    /// `raw` must be valid and have been started, in the same way.
    unsafe fn stop(raw: *mut Self::Raw, how: Self::Start);
}

/// A thing that calls back while it is enabled. It is a part of the data of its device.
///
/// # Invariants
///
/// - `raw` is valid, and owned by `self`; its context is `self`, which is pinned.
/// - `claimed` is not 0 while it is being enabled, enabled, or being disabled. Only who has set it
///   writes `runner`, `dev` and `how`, and only while it is stopped.
/// - While it is started `runner` is `Some`, `how` says in which way, and `dev` points to a device
///   that is held. They are accessed by the calls alone then.
#[pin_data(PinnedDrop)]
pub(crate) struct Callback<S: Source> {
    raw: NonNull<S::Raw>,
    runner: UnsafeCell<Option<S::Runner>>,
    dev: UnsafeCell<*const Device<S::Driver>>,
    how: UnsafeCell<Option<S::Start>>,
    claimed: Atomic<i32>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY:
// - The thing may be started, stopped and freed from any thread.
// - `Runner: Send`, and `Device` is `Sync`.
unsafe impl<S: Source> Send for Callback<S> {}

// SAFETY:
// - By the type invariants one thread at a time accesses what is in the cells.
// - `Runner: Send`, as it is moved between these threads.
// - What else can be done with `raw` is safe from any thread.
unsafe impl<S: Source> Sync for Callback<S> {}

/// What a call needs.
pub(super) struct Call<'a, S: Source> {
    pub(super) this: &'a Callback<S>,
    pub(super) runner: &'a mut S::Runner,
    pub(super) dev: Handle<'a, S::Driver>,
}

impl<S: Source> Callback<S> {
    /// Creates it, disabled.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        // INVARIANT:
        // - `raw` is new, so it is ours and stopped. Its context is the place of `Self`, pinned.
        // - Nobody has claimed it.
        try_pin_init!(&this in Self {
            raw: NonNull::new(S::alloc(this.as_ptr().cast())).ok_or(ENOMEM)?,
            runner: UnsafeCell::new(None),
            dev: UnsafeCell::new(ptr::null()),
            how: UnsafeCell::new(None),
            claimed: Atomic::new(0),
            _pin: PhantomPinned,
        })
    }

    /// Reserves it, to be enabled when nothing can fail any more.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] when it is reserved or enabled.
    pub(crate) fn claim<'a>(&'a self, dev: Handle<'a, S::Driver>) -> Result<Claimed<'a, S>> {
        if self.claimed.cmpxchg(0, 1, Acquire).is_err() {
            return Err(EBUSY);
        }
        // INVARIANT: `claimed` has just been set.
        Ok(Claimed {
            callback: self,
            dev,
            _hold: Hold::new(dev),
        })
    }

    /// Returns the instance in C.
    #[inline]
    pub(super) fn raw(&self) -> *mut S::Raw {
        self.raw.as_ptr()
    }

    /// Returns what a call needs.
    ///
    /// # Safety
    ///
    /// `ctx` must be that of an instance that is started, in a call of it, and `'a` end with the call
    /// or before the next one can begin.
    #[inline]
    pub(super) unsafe fn enter<'a>(ctx: *mut c_void) -> Option<Call<'a, S>> {
        // SAFETY: By the type invariants the context is `self`, which is valid as long as the
        // instance is started: dropping it stops that first.
        let this = unsafe { &*ctx.cast::<Self>() };
        // SAFETY: By the type invariants the call is the only one to access `runner`.
        let runner = unsafe { &mut *this.runner.get() }.as_mut()?;
        // SAFETY:
        // - By the type invariants `dev` is accessed by the calls alone.
        // - It was set, and the device is held as long as the instance is started.
        let dev = unsafe { Handle::from_ptr(*this.dev.get()) };

        Some(Call { this, runner, dev })
    }

    /// # Safety
    ///
    /// It must be started, and the caller must be the only one to stop it.
    unsafe fn stop(&self) -> Option<S::Runner> {
        // SAFETY:
        // - By the type invariants `raw` is valid, and `how` only written while it is stopped.
        // - By the safety requirements it is started, by the type invariants in this way.
        unsafe {
            if let Some(how) = *self.how.get() {
                S::stop(self.raw(), how);
            }
        }
        // SAFETY:
        // - It is stopped, so there are no calls that access these.
        // - It is still claimed, by the caller, so nobody else does.
        unsafe {
            *self.how.get() = None;
            (*self.runner.get()).take()
        }
    }
}

#[pinned_drop]
impl<S: Source> PinnedDrop for Callback<S> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants `how` is only written while it is claimed and stopped, and
        // nobody is left who could have claimed it, but a guard that was leaked with it started.
        let started = unsafe { (*self.how.get()).is_some() };

        // The guard has been leaked. The device is still there: see `Hold`.
        if kernel::warn_on!(started) {
            // SAFETY:
            // - It is started.
            // - The only guard has been leaked, so nobody else stops it.
            drop(unsafe { self.stop() });
        }
        // SAFETY:
        // - By the type invariants it comes from `Source::alloc`, and is ours.
        // - It is stopped, and not used again.
        unsafe { S::free(self.raw()) }
    }
}

/// A [`Callback`] that is reserved.
///
/// # Invariants
///
/// `claimed` was set by `self`, and the callback is stopped.
pub(crate) struct Claimed<'a, S: Source> {
    callback: &'a Callback<S>,
    dev: Handle<'a, S::Driver>,
    _hold: Hold<S::Driver>,
}

impl<'a, S: Source> Claimed<'a, S> {
    /// Enables it with `runner`.
    pub(super) fn start(self, runner: S::Runner, how: S::Start) -> Enabled<'a, S> {
        let callback = self.callback;
        let dev = self.dev;

        // SAFETY: By the type invariant:
        // - `self` has claimed it, so nobody else writes these.
        // - It is stopped, so there are no calls that access them.
        unsafe {
            *callback.runner.get() = Some(runner);
            *callback.dev.get() = dev.as_ptr();
            *callback.how.get() = Some(how);
        }
        // SAFETY:
        // - It is valid by the type invariants of `Callback`, and stopped by that of `self`.
        // - Its context is `callback`, and what the calls access there has been set above.
        // - The device is held until the result stops it.
        unsafe { S::start(callback.raw(), dev.netdev(), how) };
        Enabled { claimed: self }
    }
}

impl<S: Source> Drop for Claimed<'_, S> {
    fn drop(&mut self) {
        // INVARIANT: By the type invariant it is stopped.
        self.callback.claimed.store(0, Release);
    }
}

/// A [`Callback`] that is enabled, until this is dropped, which waits for a call that runs.
#[must_use = "it is disabled when this is dropped"]
pub(crate) struct Enabled<'a, S: Source> {
    claimed: Claimed<'a, S>,
}

impl<S: Source> Enabled<'_, S> {
    /// Disables it and returns the runner. Waits for a call that runs.
    pub(crate) fn disable(self) -> Option<S::Runner> {
        let this = ManuallyDrop::new(self);

        // SAFETY:
        // - `this` says that it is started, and is the only guard.
        // - `this` is not dropped, so `claimed` is taken out of it once.
        let (runner, claimed) = unsafe { (this.claimed.callback.stop(), ptr::read(&this.claimed)) };
        drop(claimed);
        runner
    }
}

impl<S: Source> Drop for Enabled<'_, S> {
    fn drop(&mut self) {
        // SAFETY:
        // - `self` says that it is started.
        // - It is the only guard.
        drop(unsafe { self.claimed.callback.stop() });
    }
}
