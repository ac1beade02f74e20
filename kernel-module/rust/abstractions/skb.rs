// SPDX-License-Identifier: GPL-2.0

//! Socket buffers that are owned.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use super::{
    ffi,
    netdev::Features, //
};
use core::{
    mem,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// The same with the type of `gso_type`.
const SKB_GSO_TCPV6: u32 = bindings::SKB_GSO_TCPV6 as u32;

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
    /// What the device says of it cannot be.
    DevHdr = bindings::skb_drop_reason_SKB_DROP_REASON_DEV_HDR,
}

/// Says that a frame was thrown away.
#[must_use = "whoever gave the frame must be told"]
pub(crate) struct Dropped(());

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
/// [`start_xmit`]: super::ops::Operations::start_xmit
#[must_use = "a frame must be passed on, consumed, or freed for a reason"]
#[repr(transparent)]
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

    /// Returns what of `features` can be used for the frame if it has several VLAN tags.
    #[inline]
    pub(crate) fn vlan_features(&self, features: Features) -> Features {
        // SAFETY: By the type invariant the buffer is valid.
        Features(unsafe { ffi::helper_vlan_features_check(self.as_raw(), features.0) })
    }

    /// Returns the number of bytes of data.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // SAFETY:
        // - By the type invariant the buffer is valid.
        // - Such fields only change through its owner.
        unsafe { (*self.as_raw()).len }
    }

    /// Returns the number of bytes in the linear part.
    #[inline]
    pub(super) fn head_len(&self) -> u32 {
        // SAFETY: As for `len`.
        unsafe { (*self.as_raw()).len.wrapping_sub((*self.as_raw()).data_len) }
    }

    /// Returns where the linear part begins.
    #[inline]
    pub(super) fn data(&self) -> *mut c_void {
        // SAFETY: As for `len`.
        unsafe { (*self.as_raw()).data.cast() }
    }

    /// Returns how many fragments the frame has besides the linear part.
    #[inline]
    pub(super) fn fragments(&self) -> u32 {
        // SAFETY: By the type invariant the buffer is valid.
        unsafe { ffi::helper_skb_nr_frags(self.as_raw()) }
    }

    /// Must a checksum be filled in? Returns where summing starts, and where from there it belongs.
    #[inline]
    pub(crate) fn checksum(&self) -> Option<Checksum> {
        // SAFETY: By the type invariant the buffer is valid.
        unsafe {
            ffi::helper_skb_csum_partial(self.as_raw()).then(|| Checksum {
                // CAST: Offsets within a frame are not negative.
                start: ffi::helper_skb_checksum_start_offset(self.as_raw()) as u32,
                offset: u32::from(ffi::helper_skb_csum_offset(self.as_raw())),
            })
        }
    }

    /// Returns how a TCP frame must be segmented, if it must.
    #[inline]
    pub(crate) fn segmentation(&self) -> Option<Segmentation> {
        // SAFETY:
        // - By the type invariant the buffer is valid.
        // - A frame that is to be segmented has a transport header in its linear part.
        // - That is of TCP: the features of a device that cannot segment others exclude them.
        unsafe {
            let mss = ffi::helper_skb_gso_size(self.as_raw());

            (mss != 0).then(|| Segmentation {
                mss,
                segments: ffi::helper_skb_gso_segs(self.as_raw()),
                // CAST: Headers have a length.
                headers: ffi::helper_skb_tcp_all_headers(self.as_raw()) as u32,
                ipv6: ffi::helper_skb_gso_type(self.as_raw()) & SKB_GSO_TCPV6 != 0,
            })
        }
    }

    /// Returns how long the network header is, of a frame with a transport header.
    #[inline]
    pub(crate) fn network_header_len(&self) -> u32 {
        // SAFETY: By the type invariant the buffer is valid.
        unsafe { ffi::helper_skb_network_header_len(self.as_raw()) }
    }

    /// Time stamps the frame, if somebody wants that.
    #[inline]
    pub(super) fn tx_timestamp(&self) {
        // SAFETY:
        // - By the type invariant the buffer is valid.
        // - It may be shared: what is stamped is a clone.
        unsafe { ffi::helper_skb_tx_timestamp(self.as_raw()) }
    }

    /// Ends a frame that was sent. May be called in any context; a poll has a cheaper way.
    pub(crate) fn consume(self) {
        // SAFETY:
        // - `into_raw()` gives up the reference, which passes to the function.
        // - With a budget of 0 it may be called in any context.
        unsafe { bindings::napi_consume_skb(self.into_raw(), 0) }
    }

    /// Throws the frame away. May be called in any context.
    #[inline]
    pub(crate) fn free(self, reason: DropReason) -> Dropped {
        // SAFETY: `into_raw()` gives up the reference, which passes to the function.
        unsafe { ffi::shim_skb_drop(self.into_raw(), reason as bindings::skb_drop_reason) };
        Dropped(())
    }
}

impl Drop for SkBuff {
    #[cold]
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

/// A received frame.
///
/// # Invariants
///
/// It is unshared, starts with an Ethernet header in its linear part, and lies in buffers of page
/// pools, to which it returns them.
#[must_use = "a frame must be passed on, or freed for a reason"]
#[repr(transparent)]
pub(crate) struct RxFrame(SkBuff);

impl RxFrame {
    /// # Safety
    ///
    /// The frame must be as the type invariants say.
    #[inline]
    pub(super) unsafe fn new(skb: SkBuff) -> Self {
        // INVARIANT: By the safety requirement.
        Self(skb)
    }

    /// Returns the buffer without giving it up.
    #[inline]
    pub(super) fn skb(&self) -> &SkBuff {
        &self.0
    }

    /// Gives up that it is a received frame.
    #[inline]
    pub(super) fn into_skb(self) -> SkBuff {
        self.0
    }

    /// Returns the number of bytes of data.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.0.len()
    }

    /// Notes the hash that the device has made of addresses, and with `l4` of ports too.
    #[inline]
    pub(crate) fn set_hash(&mut self, hash: u32, l4: bool) {
        // SAFETY: By the type invariants:
        // - The buffer is valid.
        // - It is unshared, so it may be changed.
        unsafe { ffi::helper_skb_set_hash(self.0.as_raw(), hash, l4) }
    }

    /// Notes that the device has found the checksums right.
    #[inline]
    pub(crate) fn set_checksum_verified(&mut self) {
        // SAFETY: By the type invariants:
        // - The buffer is valid.
        // - It is unshared, so it may be changed.
        unsafe { ffi::helper_skb_csum_unnecessary(self.0.as_raw()) }
    }

    /// Notes which queue has received the frame.
    #[inline]
    pub(crate) fn record_rx_queue(&mut self, queue: u16) {
        // SAFETY: By the type invariants:
        // - The buffer is valid.
        // - It is unshared, so it may be changed.
        unsafe { ffi::helper_skb_record_rx_queue(self.0.as_raw(), queue) }
    }

    /// Throws the frame away. May be called in any context.
    #[cold]
    pub(crate) fn free(self, reason: DropReason) {
        // Nobody has given it, so nobody must be told.
        let _ = self.0.free(reason);
    }
}

/// A checksum that the device must fill in.
pub(crate) struct Checksum {
    /// Where in the frame summing starts.
    pub(crate) start: u32,
    /// Where from there the sum belongs.
    pub(crate) offset: u32,
}

/// How a TCP frame must be segmented.
pub(crate) struct Segmentation {
    /// Bytes of payload in a segment.
    pub(crate) mss: u32,
    /// Number of segments.
    pub(crate) segments: u32,
    /// Bytes of all headers.
    pub(crate) headers: u32,
    /// Is it over IPv6?
    pub(crate) ipv6: bool,
}
