// SPDX-License-Identifier: GPL-2.0

//! Socket buffers that are owned.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use super::ffi;
use core::{
    mem,
    ptr::NonNull, //
};
use kernel::bindings;

/// Why a frame is thrown away; what `drop_monitor` and `perf` report.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum DropReason {
    /// The device could not take or send it.
    DevReady = bindings::skb_drop_reason_SKB_DROP_REASON_DEV_READY,
    /// Memory or a DMA mapping was not to be had.
    NoMem = bindings::skb_drop_reason_SKB_DROP_REASON_NOMEM,
    /// It waited in a queue that was taken down.
    QueuePurge = bindings::skb_drop_reason_SKB_DROP_REASON_QUEUE_PURGE,
}

/// An owned `struct sk_buff`.
///
/// A frame ends in one of three ways, all explicit: it is passed on ([`gro_receive`]), it was sent
/// ([`consume`]), or it is dropped for a reason ([`SkBuff::free`]). Letting it go out of scope is
/// a mistake of the driver: it warns, so that no frame disappears silently.
///
/// [`gro_receive`]: super::napi::Context::gro_receive
/// [`consume`]: super::napi::Context::consume
///
/// # Invariants
///
/// The pointer is to a valid `struct sk_buff`, and `self` owns one reference. There may be others
/// only if the buffer came from [`start_xmit`], so nothing here writes to such a buffer.
///
/// [`start_xmit`]: super::net::Operations::start_xmit
pub(crate) struct SkBuff(NonNull<bindings::sk_buff>);

// SAFETY: A socket buffer is not tied to the CPU or the task that allocated it.
unsafe impl Send for SkBuff {}

impl SkBuff {
    /// Takes over a socket buffer.
    ///
    /// # Safety
    ///
    /// `skb` must be valid, and the caller must own a reference, which passes to `Self`.
    #[inline]
    pub(super) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirements.
        Self(skb)
    }

    /// Gives up ownership.
    #[inline]
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        let skb = self.0.as_ptr();
        mem::forget(self);
        skb
    }

    /// Returns the pointer without giving up ownership.
    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Returns the number of bytes of data.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: By the type invariant the buffer is valid, and `len` only changes through its
        // owner.
        unsafe { (*self.as_raw()).len }
    }

    /// Returns the number of bytes that are not in the linear part.
    #[inline]
    pub(super) fn data_len(&self) -> u32 {
        // SAFETY: As for `len`.
        unsafe { (*self.as_raw()).data_len }
    }

    /// Returns the number of bytes that can be appended to the linear part.
    #[inline]
    pub(super) fn tailroom(&self) -> u32 {
        // SAFETY: By the type invariant the buffer is valid.
        unsafe { ffi::shim_skb_tailroom(self.as_raw()) }
    }

    /// Throws the frame away. May be called in any context.
    #[inline]
    pub(crate) fn free(self, reason: DropReason) {
        // SAFETY: `into_raw()` gives up the reference, which passes to the function.
        unsafe { ffi::shim_skb_drop(self.into_raw(), reason as bindings::skb_drop_reason) }
    }
}

impl Drop for SkBuff {
    fn drop(&mut self) {
        kernel::warn_on!(true);
        // SAFETY:
        // - By the type invariant `self` owns a reference.
        // - `self` is not used after `drop()`.
        unsafe {
            ffi::shim_skb_drop(
                self.as_raw(),
                bindings::skb_drop_reason_SKB_DROP_REASON_NOT_SPECIFIED,
            )
        }
    }
}
