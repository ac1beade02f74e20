// SPDX-License-Identifier: GPL-2.0

//! The stack's side of a transmit queue: flow control, byte queue limits, and the place for the
//! transmit path's own state.
//!
//! C header: [`include/net/netdev_queues.h`](srctree/include/net/netdev_queues.h)

use super::{
    ffi,
    netdev::{
        Handle,
        MAX_QUEUES, //
    },
    ops::Operations, //
};
use core::{
    marker::PhantomData,
    mem::{
        self,
        MaybeUninit, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    prelude::*,
    sync::barrier::{
        smp_mb,
        Full, //
    }, //
};

/// A transmit queue of a device.
#[derive(Clone, Copy)]
pub(crate) struct TxQueue<'a> {
    txq: NonNull<ffi::netdev_queue>,
    _dev: PhantomData<&'a ()>,
}

// SAFETY:
// - Each function may be called in any thread and at any time.
// - A queue that is woken while the interface is down finds no state, see `Entry::start_xmit`.
unsafe impl Send for TxQueue<'_> {}

// SAFETY: As above.
unsafe impl Sync for TxQueue<'_> {}

impl<'a> TxQueue<'a> {
    /// Returns queue `index` of a device, if it has that many.
    pub(crate) fn new<T: Operations>(dev: Handle<'a, T>, index: usize) -> Option<Self> {
        if index >= T::QUEUES {
            return None;
        }
        // SAFETY:
        // - `netdev` is valid by the type invariant of `Device`.
        // - It was allocated with `QUEUES` queues, so the queue exists, as was just checked.
        // CAST: It is small.
        let txq = unsafe { ffi::helper_netdev_get_tx_queue(dev.netdev(), index as u32) };

        Some(Self {
            txq: NonNull::new(txq)?,
            _dev: PhantomData,
        })
    }

    /// Stops the queue, unless `room()` finds that there has come to be enough.
    ///
    /// To be called in the transmit path after what was sent has been published. Pairs with the
    /// barrier in [`TxQueue::completed_mb`]: either the poll sees the queue stopped, or this sees the
    /// descriptors that it has freed.
    #[cold]
    pub(crate) fn stop_unless(self, room: impl FnOnce() -> bool) -> bool {
        // SAFETY: `txq` is valid for the lifetime of `self`.
        unsafe { ffi::helper_netif_tx_stop_queue(self.txq.as_ptr()) };
        smp_mb(Full);
        if room() {
            // SAFETY: As above.
            unsafe { ffi::helper_netif_tx_start_queue(self.txq.as_ptr()) };
            return false;
        }
        true
    }

    /// Stops the queue: the stack gives no more frames.
    pub(crate) fn stop(self) {
        // SAFETY: `txq` is valid for the lifetime of `self`.
        unsafe { ffi::helper_netif_tx_stop_queue(self.txq.as_ptr()) }
    }

    /// Has waiting frames sent, if the driver has stopped the queue.
    #[inline]
    pub(crate) fn wake(self) {
        // SAFETY: `txq` is valid for the lifetime of `self`.
        unsafe {
            if ffi::helper_netif_tx_queue_stopped(self.txq.as_ptr()) {
                ffi::netif_tx_wake_queue(self.txq.as_ptr());
            }
        }
    }

    /// Accounts for a frame that was queued (BQL). Returns whether the doorbell must be rung.
    #[inline]
    pub(crate) fn sent(self, bytes: u32, more: bool) -> bool {
        // SAFETY: `txq` is valid for the lifetime of `self`.
        unsafe { ffi::helper___netdev_tx_sent_queue(self.txq.as_ptr(), bytes, more) }
    }

    /// Accounts for frames that were sent (BQL), then is a full memory barrier if there were any.
    ///
    /// To be called with what was given to [`TxQueue::sent`], and not with more.
    #[inline]
    pub(crate) fn completed_mb(self, packets: u32, bytes: u32) {
        // SAFETY: `txq` is valid for the lifetime of `self`.
        unsafe { ffi::helper_netdev_txq_completed_mb(self.txq.as_ptr(), packets, bytes) }
    }
}

/// Memory for the state of a transmit queue.
pub(crate) struct Seat<T>(KBox<MaybeUninit<T>>);

impl<T> Seat<T> {
    /// Allocates it.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(KBox::new_uninit(GFP_KERNEL)?))
    }
}

/// Hands the state of queue `index` to the transmit path. If it has some already, that is dropped.
pub(crate) fn install<'a, T: Operations>(
    dev: Handle<'a, T>,
    index: usize,
    seat: Seat<T::Tx<'a>>,
    state: T::Tx<'a>,
) {
    let Some(place) = dev.get().tx.get(index).filter(|_| index < T::QUEUES) else {
        return;
    };

    let state = KBox::into_raw(seat.0.write(state)).cast();
    // SAFETY:
    // - `netdev` is valid by the type invariant of `Device`.
    // - The queue exists, as its number is less than `QUEUES`.
    // - With its lock held `place` is accessed by nobody else.
    // INVARIANT: `state` is a box of this type.
    let before = unsafe {
        // CAST: It is small.
        ffi::shim_tx_lock_bh(dev.netdev(), index as u32);
        let before = mem::replace(&mut *place.get(), state);
        ffi::shim_tx_unlock_bh(dev.netdev(), index as u32);
        before
    };

    if !before.is_null() {
        // SAFETY:
        // - By the type invariants of `Device` it is a box of this type.
        // - It is taken once, as another one was left in its place.
        drop(unsafe { KBox::<T::Tx<'a>>::from_raw(before.cast()) });
    }
}

/// Takes the state of queue `index` from the transmit path. A frame that comes later is dropped.
pub(crate) fn remove<'a, T: Operations>(
    dev: Handle<'a, T>,
    index: usize,
) -> Option<(Seat<T::Tx<'a>>, T::Tx<'a>)> {
    const { assert!(T::QUEUES <= MAX_QUEUES) };
    if index >= T::QUEUES {
        return None;
    }
    let place = dev.get().tx.get(index)?;
    // SAFETY:
    // - `netdev` is valid by the type invariant of `Device`.
    // - The queue exists, as its number is less than `QUEUES`.
    // - With its lock held `place` is accessed by nobody else. After that no transmission uses the
    //   state, and one that comes finds null.
    // INVARIANT: Null is left in its place.
    let state = unsafe {
        // CAST: It is small.
        ffi::shim_tx_lock_bh(dev.netdev(), index as u32);
        let state = mem::replace(&mut *place.get(), ptr::null_mut());
        ffi::shim_tx_unlock_bh(dev.netdev(), index as u32);
        state
    };

    if state.is_null() {
        return None;
    }
    // SAFETY:
    // - By the type invariants of `Device` it is a box of this type.
    // - It is taken once, as null was left in its place.
    // - Reading the state out leaves memory that is not initialised, which is what it becomes.
    // - `netdev` is valid, and the queue exists, as above.
    // - No transmission uses the queue, so its limits may be reset.
    unsafe {
        let state = KBox::<MaybeUninit<T::Tx<'a>>>::from_raw(state.cast());
        let value = state.assume_init_read();

        ffi::shim_tx_reset(dev.netdev(), index as u32);
        Some((Seat(state), value))
    }
}
