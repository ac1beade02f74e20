// SPDX-License-Identifier: GPL-2.0

//! The RTNL, the lock under which the configuration of net devices changes.
//!
//! Holding it is a value: [`Rtnl`] exists only while it is held, and what it protects can only be
//! reached with one.
//!
//! C header: [`include/linux/rtnetlink.h`](srctree/include/linux/rtnetlink.h)

use super::ffi;
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    }, //
};

/// The RTNL is held by the current task.
///
/// Operations that are called with it get a reference to one; others lock it.
pub(crate) struct Rtnl(PhantomData<*mut ()>);

impl Rtnl {
    /// Takes the RTNL. Sleeps.
    pub(crate) fn lock() -> Locked {
        // SAFETY: May be called in process context.
        unsafe { ffi::rtnl_lock() };
        Locked(Rtnl(PhantomData))
    }

    /// # Safety
    ///
    /// The RTNL must be held as long as the result exists, and this be the only one for it.
    pub(super) unsafe fn assume_held() -> Self {
        Self(PhantomData)
    }
}

/// Holds the RTNL until it is dropped.
#[must_use = "the RTNL is released when this is dropped"]
pub(crate) struct Locked(Rtnl);

impl Deref for Locked {
    type Target = Rtnl;

    fn deref(&self) -> &Rtnl {
        &self.0
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut Rtnl {
        &mut self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY:
        // - It was taken by `Rtnl::lock()`, and is released once.
        // - That was in this task: `Rtnl` is not `Send`.
        unsafe { ffi::rtnl_unlock() }
    }
}

/// Data that the RTNL protects.
pub(crate) struct RtnlCell<T>(UnsafeCell<T>);

// SAFETY:
// - There is one RTNL, and `Rtnl` is neither `Send` nor `Sync`, so one thread at a time has any.
// - Who has a reference to the data has borrowed the `Rtnl`, so another thread comes after that.
// - `T: Send`, hence it may be used by one thread after another.
unsafe impl<T: Send> Sync for RtnlCell<T> {}

impl<T> RtnlCell<T> {
    /// Protects `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Returns the data.
    pub(crate) fn get<'a>(&'a self, _rtnl: &'a Rtnl) -> &'a T {
        // SAFETY: A mutable reference cannot exist: it would have borrowed the `Rtnl`.
        unsafe { &*self.0.get() }
    }

    /// Returns the data, to be changed.
    pub(crate) fn get_mut<'a>(&'a self, _rtnl: &'a mut Rtnl) -> &'a mut T {
        // SAFETY: No other reference can exist: it would have borrowed the `Rtnl`.
        unsafe { &mut *self.0.get() }
    }
}
