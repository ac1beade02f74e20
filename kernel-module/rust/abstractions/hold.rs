// SPDX-License-Identifier: GPL-2.0

//! What keeps a device in place while something refers to it.

use super::{
    netdev::{
        Device,
        Handle, //
    },
    ops::Operations, //
};
use core::ptr::NonNull;

/// Holds a device in place.
///
/// Every guard with callbacks has one. If a guard is leaked its callbacks never end, and the memory
/// that they are given stays: the device is unregistered with a warning, but its data is not dropped
/// and not freed.
///
/// More than that is not kept. The bus device is unbound all the same, so what the data has borrowed
/// from it may be gone, and the module can be unloaded, and then there is no code to be called. So
/// guards must not be leaked.
///
/// # Invariants
///
/// The device is valid: it waits for `self`, which it counts.
pub(crate) struct Hold<T: Operations>(NonNull<Device<T>>);

// SAFETY: The count may be changed by any thread.
unsafe impl<T: Operations> Send for Hold<T> {}

// SAFETY: As above.
unsafe impl<T: Operations> Sync for Hold<T> {}

impl<T: Operations> Hold<T> {
    /// Holds a device from now on.
    pub(super) fn new(dev: Handle<'_, T>) -> Self {
        dev.add_hold();
        // INVARIANT: It was just counted.
        Self(NonNull::from(dev.get()))
    }
}

impl<T: Operations> Drop for Hold<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { self.0.as_ref() }.release_hold();
    }
}
