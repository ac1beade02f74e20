// SPDX-License-Identifier: GPL-2.0

//! Memory that a device reads and writes, and the proof that it has stopped.
//!
//! - [`Lent`] wraps what a device accesses on its own. It frees nothing until [`Quiesced`] proves that
//!   the device has stopped; without the proof it leaks.
//! - [`Shared`] is coherent memory, which both sides may touch at any time.
//! - [`Transfer`] is memory that the device may access while a function runs, and not longer.
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)

use super::{
    clock,
    ffi, //
};
use core::{
    hint,
    marker::PhantomData,
    mem::{
        self,
        ManuallyDrop, //
    },
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        Coherent,
        DmaAddress, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::Delta,
    transmute, //
};

/// The queues of a device, as something that can be [`Quiesced`].
pub(crate) struct Queues;

/// An engine of a device that copies, as something that can be [`Quiesced`].
pub(crate) struct CopyEngine;

/// Proof that a part of a device has stopped to access memory.
///
/// Whoever makes one answers for it; there are few places where that is possible, and each says
/// how it knows.
#[must_use = "something waits for this to be freed"]
pub(crate) struct Quiesced<P = Queues>(PhantomData<P>);

impl<P> Quiesced<P> {
    /// Asks `is_active` every `interval` until it says no: then the device does no DMA any more.
    ///
    /// # Errors
    ///
    /// [`ETIMEDOUT`] when that took longer than `deadline`.
    pub(crate) fn wait(
        mut is_active: impl FnMut() -> bool,
        interval: Delta,
        deadline: Delta,
    ) -> Result<Self> {
        clock::poll(&mut is_active, |active| !active, interval, deadline)?;
        Ok(Self(PhantomData))
    }

    /// A reset that succeeded ends all DMA.
    pub(super) fn function_level_reset() -> Self {
        Self(PhantomData)
    }

    /// The device may not master the bus.
    pub(super) fn bus_master_off() -> Self {
        Self(PhantomData)
    }
}

/// Something that a device may access on its own.
///
/// What is in it may be used as before, but it is only freed after it was taken back with a proof
/// that the device has stopped. If it is dropped too early it warns and leaks: memory is lost, and
/// not corrupted.
pub(crate) struct Lent<T> {
    value: ManuallyDrop<T>,
    lent: Atomic<bool>,
}

impl<T> Lent<T> {
    /// Wraps `value`, which the device does not know yet.
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: ManuallyDrop::new(value),
            lent: Atomic::new(false),
        }
    }

    /// From now on the device has it.
    pub(crate) fn lend(&self) {
        self.lent.store(true, Relaxed);
    }

    /// Takes it back from the device, which has stopped.
    pub(crate) fn take_back(&self, _stopped: &Quiesced) {
        self.lent.store(false, Relaxed);
    }

    /// Takes it out of the wrapping, after it was taken back from the device, which has stopped.
    pub(crate) fn into_inner(self, _stopped: &Quiesced) -> T {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped, so `value` is taken once.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Lent<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if kernel::warn_on!(self.lent.load(Relaxed)) {
            return;
        }
        // SAFETY: `value` is dropped nowhere else, and not used after this.
        unsafe { ManuallyDrop::drop(&mut self.value) }
    }
}

/// An element of [`Shared`].
#[repr(transparent)]
struct Element<T>(T);

// SAFETY: `Element` is transparent, and `T: FromBytes` of the zerocopy crate promises what is
// required: any bit pattern is valid, and there is no interior mutability.
unsafe impl<T: FromBytes> transmute::FromBytes for Element<T> {}

// SAFETY: `T: IntoBytes` of the zerocopy crate promises that there is no uninitialised byte.
unsafe impl<T: IntoBytes> transmute::AsBytes for Element<T> {}

/// Coherent memory for some `T`, zeroed. It starts at a page.
pub(crate) struct Shared<T: FromBytes + IntoBytes>(Coherent<[Element<T>]>);

impl<T: FromBytes + IntoBytes> Drop for Shared<T> {
    fn drop(&mut self) {
        // `Coherent` is about to multiply these again.
        //
        // SAFETY: So much has been allocated.
        unsafe {
            hint::assert_unchecked(self.0.len() <= isize::MAX as usize / mem::size_of::<T>())
        };
    }
}

// SAFETY: The memory is not tied to a thread.
unsafe impl<T: FromBytes + IntoBytes> Send for Shared<T> {}

// SAFETY: It is only accessed through pointers, by code that says why that is no race.
unsafe impl<T: FromBytes + IntoBytes> Sync for Shared<T> {}

impl<T: FromBytes + IntoBytes> Shared<T> {
    /// Allocates memory for `count` elements.
    pub(crate) fn new(dev: &Device<Bound>, count: usize) -> Result<Self> {
        Ok(Self(Coherent::zeroed_slice(dev, count, GFP_KERNEL)?))
    }

    /// Returns the bus address of the first element.
    pub(crate) fn dma_address(&self) -> DmaAddress {
        self.0.dma_address()
    }

    /// Returns where the elements are.
    #[inline]
    pub(super) fn as_ptr(&self) -> NonNull<T> {
        // SAFETY: An allocation is not at null.
        unsafe { NonNull::new_unchecked(self.0.as_mut_ptr().cast()) }
    }
}

/// Which way a transfer goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The device reads.
    ToDevice,
    /// The device writes.
    FromDevice,
}

/// Memory that a copy engine can be given for one transfer.
pub(crate) trait Transfer {
    /// Has `start` give the first `len` bytes to the device. It returns when the device has finished
    /// with them, of which it must have the proof.
    ///
    /// # Errors
    ///
    /// If the memory is shorter, or could not be given. Then `start` is not called.
    fn transfer<R>(
        &mut self,
        direction: Direction,
        len: usize,
        start: impl FnOnce(DmaAddress) -> (Quiesced<CopyEngine>, R),
    ) -> Result<R>;
}

/// A buffer in coherent memory, for transfers one after the other.
pub(crate) struct CoherentBuffer {
    memory: Shared<u8>,
    len: usize,
}

impl CoherentBuffer {
    /// Allocates `len` bytes, zeroed.
    pub(crate) fn new(dev: &Device<Bound>, len: usize) -> Result<Self> {
        Ok(Self {
            memory: Shared::new(dev, len)?,
            len,
        })
    }

    /// Returns the bytes. There is no transfer, since that would have borrowed the buffer.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY:
        // - The memory is valid for `len` bytes, as long as `self` is, and was zeroed.
        // - There is no transfer, so the device does not access it.
        // - `self` is borrowed as mutable, so nobody else does.
        unsafe { core::slice::from_raw_parts_mut(self.memory.as_ptr().as_ptr(), self.len) }
    }
}

impl Transfer for CoherentBuffer {
    fn transfer<R>(
        &mut self,
        _direction: Direction,
        len: usize,
        start: impl FnOnce(DmaAddress) -> (Quiesced<CopyEngine>, R),
    ) -> Result<R> {
        if len > self.len {
            return Err(EINVAL);
        }
        let (_stopped, result) = start(self.memory.dma_address());

        Ok(result)
    }
}

/// A buffer in ordinary memory, which is mapped for each transfer.
pub(crate) struct StreamingBuffer<'d> {
    bytes: KVec<u8>,
    dev: &'d Device<Bound>,
}

impl<'d> StreamingBuffer<'d> {
    /// Allocates `len` bytes, zeroed.
    pub(crate) fn new(dev: &'d Device<Bound>, len: usize) -> Result<Self> {
        Ok(Self {
            bytes: KVec::from_elem(0, len, GFP_KERNEL)?,
            dev,
        })
    }

    /// Returns the bytes. There is no transfer, since that would have borrowed the buffer.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Transfer for StreamingBuffer<'_> {
    fn transfer<R>(
        &mut self,
        direction: Direction,
        len: usize,
        start: impl FnOnce(DmaAddress) -> (Quiesced<CopyEngine>, R),
    ) -> Result<R> {
        if len > self.bytes.len() {
            return Err(EINVAL);
        }
        let direction = match direction {
            Direction::ToDevice => bindings::dma_data_direction::DMA_TO_DEVICE,
            Direction::FromDevice => bindings::dma_data_direction::DMA_FROM_DEVICE,
        };
        // SAFETY:
        // - The device is bound.
        // - The buffer is at least as long as said, as was just checked, and from `kmalloc()`.
        // - It is borrowed as mutable until it is unmapped, so the CPU does not access it.
        let addr = unsafe {
            let addr = ffi::helper_dma_map_single(
                as_raw(self.dev),
                self.bytes.as_mut_ptr().cast(),
                len,
                direction,
            );
            if ffi::helper_dma_mapping_error(as_raw(self.dev), addr) {
                return Err(ENOMEM);
            }
            addr
        };
        let (_stopped, result) = start(addr);

        // SAFETY:
        // - It was mapped in the same way, and is unmapped once.
        // - The device has finished with it: `start` has returned the proof.
        unsafe {
            ffi::helper_dma_unmap_page(as_raw(self.dev), addr, len, direction);
        }
        Ok(result)
    }
}

/// Returns the `struct device`.
#[inline]
pub(super) fn as_raw(dev: &Device<Bound>) -> *mut bindings::device {
    // CAST: `Device` is a transparent wrapper of `Opaque<bindings::device>`.
    ptr::from_ref(dev).cast_mut().cast()
}
