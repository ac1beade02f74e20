// SPDX-License-Identifier: GPL-2.0

//! Receive buffers from a page pool: mapped once, and used again when the stack has freed them.
//!
//! Drivers do not see the buffers: [`super::rx_ring`] gives them to the device, and makes frames of
//! those that come back.
//!
//! C header: [`include/net/page_pool/helpers.h`](srctree/include/net/page_pool/helpers.h)

use super::{
    dma,
    ffi,
    napi::{
        Napi,
        Poll, //
    },
    netdev::Handle,
    ops::Operations,
    skb::{
        RxFrame,
        SkBuff, //
    }, //
};
use core::{
    hint,
    mem::{
        self,
        MaybeUninit, //
    },
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Size of a buffer, with what the stack needs around the data.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum BufferSize {
    /// Half of a page of 4096 bytes.
    Half = 2048,
    /// A page of 4096 bytes.
    Page = 4096,
}

impl BufferSize {
    /// Returns how many bytes the device can write.
    pub(crate) fn capacity(self) -> u32 {
        // SAFETY: It returns a constant.
        (self as u32).wrapping_sub(unsafe { ffi::shim_rx_overhead() })
    }
}

/// A page pool whose buffers a device writes.
///
/// # Invariants
///
/// - `raw` is valid, and owned by `self`. Only who has `&mut self` takes buffers from it.
/// - `capacity` is that of buffers of `size`.
pub(crate) struct Pool {
    raw: NonNull<ffi::page_pool>,
    size: BufferSize,
    capacity: u32,
}

// SAFETY: A pool may be used and destroyed in any thread, by one at a time.
unsafe impl Send for Pool {}

impl Pool {
    /// Creates a pool of `count` buffers for queue `queue` of a net device.
    pub(crate) fn new<T: Operations>(
        dev: &Device<Bound>,
        netdev: Handle<'_, T>,
        queue: usize,
        count: u32,
        size: BufferSize,
    ) -> Result<Self> {
        const { assert!(PAGE_SIZE == BufferSize::Page as usize) };
        // SAFETY:
        // - `dev` is bound, as its type says.
        // - `netdev` is valid by the type invariant of `Device`.
        //
        // Pages that the stack still has keep the pool alive, but not its mappings, which end with the
        // device.
        let raw = unsafe {
            ffi::shim_page_pool_create(
                dma::as_raw(dev),
                netdev.netdev(),
                u32::try_from(queue)?,
                count,
            )
        };

        // INVARIANT: It is new.
        Ok(Self {
            raw: NonNull::new(raw).ok_or(ENOMEM)?,
            size,
            capacity: size.capacity(),
        })
    }

    /// Returns how many bytes of a buffer the device can write.
    #[inline]
    pub(crate) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Takes a buffer, and returns with it the address at which the device may write. Does not sleep.
    #[inline]
    pub(super) fn alloc(&mut self) -> Option<(Buffer, DmaAddress)> {
        let mut va = MaybeUninit::uninit();
        let mut addr = MaybeUninit::uninit();

        // SAFETY:
        // - The pool is valid, and `&mut self` is the only one to take buffers from it.
        // - Both are set if there is a buffer.
        // - No buffer is at null.
        unsafe {
            ffi::helper_page_pool_alloc(
                self.raw.as_ptr(),
                self.size as u32,
                va.as_mut_ptr(),
                addr.as_mut_ptr(),
            )
            // INVARIANT: It is new.
            .then(|| {
                let va = va.assume_init();

                hint::assert_unchecked(!va.is_null());
                (Buffer(NonNull::new_unchecked(va)), addr.assume_init())
            })
        }
    }

    /// Returns the address at which the device may write to a buffer.
    ///
    /// # Safety
    ///
    /// The buffer must be of this pool.
    pub(super) unsafe fn address(&self, buffer: &Buffer) -> DmaAddress {
        // SAFETY: It was taken from a page pool that maps its pages.
        unsafe { ffi::helper_page_pool_dma_addr(buffer.0.as_ptr()) }
    }

    /// Makes what the device has written to a buffer visible to the CPU.
    ///
    /// # Safety
    ///
    /// The buffer must be of this pool, and `len` no more than the capacity.
    #[inline]
    unsafe fn sync(&self, buffer: &Buffer, len: u32) {
        // SAFETY:
        // - The pool is valid by the type invariant.
        // - By the safety requirements the buffer is of this pool, which maps its pages.
        // - The headroom and `len` bytes are in the buffer, likewise.
        unsafe {
            ffi::helper_page_pool_sync_for_cpu(self.raw.as_ptr(), buffer.0.as_ptr(), len);
        }
    }

    /// Makes a frame of a buffer that the device has filled with `len` bytes.
    ///
    /// # Errors
    ///
    /// - [`BuildError::Length`] if that is shorter than an Ethernet header, or longer than the buffer:
    ///   a device that says so is not believed.
    /// - [`BuildError::NoMem`] if there is no memory for the `sk_buff`.
    ///
    /// In both cases the buffer is gone.
    ///
    /// # Safety
    ///
    /// The buffer must be of this pool, and the device be done with it. To be called with softirqs
    /// disabled.
    #[inline]
    pub(super) unsafe fn build(&self, buffer: Buffer, len: u32) -> Result<RxFrame, BuildError> {
        if !is_frame(len, self.capacity) {
            return Err(BuildError::Length);
        }
        // SAFETY:
        // - `len` is no more than the capacity, as was just checked.
        // - The buffer is of this pool, by the safety requirement.
        // - It is as large as said, starts with the headroom, and has room for the
        //   `skb_shared_info` after `capacity` bytes, which are no fewer than `len`.
        // - It belongs to a page pool, to which the frame returns it.
        // - Softirqs are disabled, by the safety requirement.
        let skb = unsafe {
            self.sync(&buffer, len);
            ffi::helper_napi_build_skb(buffer.0.as_ptr(), self.size as u32, len)
        };
        let skb = NonNull::new(skb).ok_or(BuildError::NoMem)?;

        mem::forget(buffer);
        // SAFETY:
        // - It is new, so it is unshared and ours.
        // - It owns the buffer now, and returns it to its pool.
        // - It has an Ethernet header, as was checked above.
        Ok(unsafe { RxFrame::new(SkBuff::from_raw(skb)) })
    }

    /// Appends a buffer that the device has filled with `len` bytes to a frame.
    ///
    /// Returns false, and the buffer is gone, if that is more than the buffer, or nothing, or the frame
    /// has as many pieces as it can.
    ///
    /// # Safety
    ///
    /// The buffer must be of this pool, and the device be done with it.
    #[inline]
    pub(super) unsafe fn append(&self, frame: &mut RxFrame, buffer: Buffer, len: u32) -> bool {
        if !is_piece(len, self.capacity) || frame.skb().fragments() >= MAX_FRAGS {
            return false;
        }
        // SAFETY:
        // - `len` is no more than the capacity, as was just checked.
        // - The buffer is of this pool, by the safety requirement, and passes to the frame.
        // - The frame has room for another fragment, as was just checked.
        // - It is unshared, and returns its fragments to their page pools, by its type invariants.
        unsafe {
            self.sync(&buffer, len);
            ffi::helper_skb_add_rx_frag(
                frame.skb().as_raw(),
                buffer.0.as_ptr(),
                len,
                self.size as u32,
            );
        }
        mem::forget(buffer);
        true
    }

    /// Returns the first `len` bytes that the device has written, if the buffer has that many.
    ///
    /// # Safety
    ///
    /// The buffer must be of this pool, and the device be done with it.
    pub(super) unsafe fn bytes<'a>(&self, buffer: &'a Buffer, len: u32) -> Option<&'a [u8]> {
        if len > self.capacity {
            return None;
        }
        // SAFETY:
        // - `len` is no more than the capacity, as was just checked, so the headroom and these
        //   bytes are in the buffer.
        // - By the safety requirements the buffer is of this pool, and the device done with it.
        // - Nobody else writes there: the buffer belongs to who has lent it here, for `'a`.
        unsafe {
            let data = buffer.0.byte_add(ffi::shim_rx_headroom() as usize);

            self.sync(buffer, len);
            Some(core::slice::from_raw_parts(
                data.as_ptr().cast(),
                len as usize,
            ))
        }
    }

    /// Has `napi` recycle directly what it frees itself, until [`Pool::disable_direct`].
    ///
    /// # Safety
    ///
    /// - The NAPI instance must outlive the pool, or [`Pool::disable_direct`] be called before it ends.
    /// - Until that is called buffers may only be taken from the pool in a poll of the instance, or
    ///   while that is disabled. What softirqs free on the CPU that polls it goes into the pool's
    ///   cache without a lock, the one from which buffers are taken without a lock.
    pub(super) unsafe fn enable_direct<P: Poll>(&mut self, napi: &Napi<P>) {
        // SAFETY:
        // - The pool is valid by the type invariant, and the instance by that of `Callback`.
        // - The instance outlives the pool, or this is undone, by the safety requirements.
        // - By the same nobody takes buffers while a softirq could put some into the cache.
        unsafe { ffi::shim_page_pool_enable_direct(self.raw.as_ptr(), napi.as_raw()) }
    }

    /// Undoes [`Pool::enable_direct`]. The NAPI instance must be disabled, else it warns.
    pub(super) fn disable_direct(&mut self) {
        // SAFETY: The pool is valid.
        unsafe { ffi::page_pool_disable_direct_recycling(self.raw.as_ptr()) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY:
        // - By the type invariants the pool is valid, and owned by `self`.
        // - `self` does not use it again. The kernel keeps it until its last page has come back.
        unsafe { ffi::page_pool_destroy(self.raw.as_ptr()) }
    }
}

/// Can a buffer with `len` bytes be a frame, or the start of one?
#[inline]
pub(crate) const fn is_frame(len: u32, capacity: u32) -> bool {
    len >= bindings::ETH_HLEN && len <= capacity
}

/// Can a buffer with `len` bytes be a piece of a frame?
#[inline]
pub(crate) const fn is_piece(len: u32, capacity: u32) -> bool {
    len > 0 && len <= capacity
}

/// Most fragments of a frame: `MAX_SKB_FRAGS`.
pub(crate) const MAX_FRAGS: u32 = bindings::MAX_SKB_FRAGS;

/// Why no frame could be made of a buffer.
pub(crate) enum BuildError {
    /// The length is wrong.
    Length,
    /// Memory is short.
    NoMem,
}

/// A receive buffer.
///
/// # Invariants
///
/// The pointer is to the start of a buffer that was taken from a page pool, and belongs to `self`.
pub(super) struct Buffer(NonNull<c_void>);

// SAFETY: A buffer is not tied to a thread.
unsafe impl Send for Buffer {}

impl Drop for Buffer {
    #[cold]
    fn drop(&mut self) {
        // SAFETY:
        // - By the type invariant it belongs to `self`, which does not use it again.
        // - It comes from a page pool, which its pages keep alive.
        // - The pool finds out itself if it can be recycled directly, so any context will do but
        //   that of an interrupt handler, where nothing drops buffers.
        unsafe { ffi::helper_page_pool_put(self.0.as_ptr(), false) }
    }
}

#[kunit_tests(rust_net_page_pool)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_of_half_a_page_takes_a_frame_of_the_usual_mtu() {
        assert!(BufferSize::Half.capacity() >= 1500 + 18);
        assert!(BufferSize::Page.capacity() < BufferSize::Page as u32);
    }
}
