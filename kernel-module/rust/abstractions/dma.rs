// SPDX-License-Identifier: GPL-2.0

//! Memory that a device reads and writes.
//!
//! Three types say who may touch it:
//!
//! - [`Mapped`] owns a socket buffer while it is mapped. Its content cannot be reached from the
//!   CPU; unmapping gives the buffer back.
//! - [`Lent`] wraps a ring (or anything else) whose address the device has been told. It frees
//!   nothing until [`Quiesced`] proves that the device has stopped; without the proof it leaks.
//! - [`DescRing`] is a ring of descriptors in coherent memory, which both sides may touch.
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h)

use super::{
    ffi,
    skb::SkBuff, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut, //
    },
    ptr, //
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
    io::{
        io_project,
        IoBase,
        SysMem, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    transmute, //
};

mod private {
    pub(crate) trait Sealed {}
}

/// Which way the data of a [`Mapped`] buffer goes.
pub(crate) trait Direction: private::Sealed {
    #[doc(hidden)]
    const RAW: bindings::dma_data_direction;
}

/// The device reads.
pub(crate) struct ToDevice;

/// The device writes.
pub(crate) struct FromDevice;

impl private::Sealed for ToDevice {}
impl private::Sealed for FromDevice {}

impl Direction for ToDevice {
    const RAW: bindings::dma_data_direction = bindings::dma_data_direction::DMA_TO_DEVICE;
}

impl Direction for FromDevice {
    const RAW: bindings::dma_data_direction = bindings::dma_data_direction::DMA_FROM_DEVICE;
}

/// A socket buffer that is mapped for a device.
///
/// # Invariants
///
/// - `addr` is a mapping of `len` bytes of `skb` for `dev` in the direction `D`, which `self` owns.
/// - `skb` is linear. With `D = FromDevice` it is empty and has room for `len` bytes.
pub(crate) struct Mapped<'d, D: Direction> {
    skb: SkBuff,
    addr: DmaAddress,
    len: u32,
    dev: &'d Device<Bound>,
    _direction: PhantomData<D>,
}

impl<'d, D: Direction> Mapped<'d, D> {
    /// Maps `len` bytes from the start of the linear part.
    ///
    /// Returns the buffer when it cannot be mapped.
    ///
    /// # Safety
    ///
    /// The linear part of `skb` must have `len` bytes of data and tailroom together.
    #[inline]
    unsafe fn map(dev: &'d Device<Bound>, skb: SkBuff, len: u32) -> Result<Self, SkBuff> {
        let mut addr = 0;
        // SAFETY:
        // - `dev` is bound, hence it may own mappings.
        // - `skb` is valid by its type invariant.
        // - The linear part is at least `len` bytes long by the safety requirement.
        // - `addr` is valid for writing.
        let err = unsafe { ffi::shim_dma_map(as_raw(dev), skb.as_raw(), len, D::RAW, &mut addr) };
        if err != 0 {
            return Err(skb);
        }
        // INVARIANT: The buffer has just been mapped.
        Ok(Self {
            skb,
            addr,
            len,
            dev,
            _direction: PhantomData,
        })
    }

    /// Returns the bus address, for a descriptor.
    #[inline]
    pub(crate) fn dma_address(&self) -> DmaAddress {
        self.addr
    }

    /// Returns the number of bytes that are mapped.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    #[inline]
    fn raw_unmap(&mut self) {
        // SAFETY: By the type invariant `self` owns this mapping; both callers give it up.
        unsafe { ffi::shim_dma_unmap(as_raw(self.dev), self.addr, self.len, D::RAW) }
    }

    /// Ends the mapping and returns the buffer to the CPU.
    ///
    /// To be called when the device has said that it is done with the buffer, or has been stopped.
    #[inline]
    pub(crate) fn unmap(self) -> SkBuff {
        let mut this = ManuallyDrop::new(self);

        this.raw_unmap();
        // SAFETY: `this` is never dropped, so `skb` is read exactly once.
        unsafe { ptr::read(&this.skb) }
    }
}

impl<'d> Mapped<'d, ToDevice> {
    /// Maps a frame that is to be sent.
    ///
    /// Returns the frame when it is not linear or cannot be mapped.
    #[inline]
    pub(crate) fn for_sending(dev: &'d Device<Bound>, skb: SkBuff) -> Result<Self, SkBuff> {
        if skb.data_len() != 0 {
            return Err(skb);
        }
        let len = skb.len();
        // SAFETY: All `len` bytes are in the linear part, as has just been checked.
        unsafe { Self::map(dev, skb, len) }
    }
}

impl<'d> Mapped<'d, FromDevice> {
    /// Maps `len` bytes of an empty buffer that is to be filled.
    ///
    /// Returns the buffer when it is not empty, too small, or cannot be mapped.
    #[inline]
    pub(crate) fn for_receiving(
        dev: &'d Device<Bound>,
        skb: SkBuff,
        len: u32,
    ) -> Result<Self, SkBuff> {
        if skb.len() != 0 || skb.tailroom() < len {
            return Err(skb);
        }
        // SAFETY: The linear part is empty and has room for `len` bytes, as has just been checked.
        unsafe { Self::map(dev, skb, len) }
    }

    /// Ends the mapping and returns the buffer with `filled` bytes of data.
    ///
    /// A device that says it has filled more than it was given is not believed: the data ends
    /// where the buffer does.
    #[inline]
    pub(crate) fn unmap_filled(self, filled: u32) -> SkBuff {
        let filled = filled.min(self.len);
        let skb = self.unmap();

        // SAFETY:
        // - `skb` is valid and owned.
        // - By the type invariant of `Mapped` it has room for `len` bytes, and `filled` is no more.
        unsafe { bindings::skb_put(skb.as_raw(), filled) };
        skb
    }
}

impl<D: Direction> Drop for Mapped<'_, D> {
    /// Unmaps; the buffer itself then warns, as every [`SkBuff`] does that is not freed explicitly.
    fn drop(&mut self) {
        self.raw_unmap();
    }
}

/// Proof that a device has stopped to access memory.
///
/// Whoever makes one answers for it; there are few places where that is possible, and each says
/// how it knows.
pub(crate) struct Quiesced(());

impl Quiesced {
    /// Runs `stop`, which must return `Ok` only once the device does no DMA any more.
    pub(crate) fn after(stop: impl FnOnce() -> Result) -> Result<Self> {
        stop().map(|()| Self(()))
    }

    /// The device may not master the bus.
    pub(super) fn bus_master_off() -> Self {
        Self(())
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

    /// Calls `tell`, which tells the device the address; from now on the device has it.
    pub(crate) fn lend<R>(&self, tell: impl FnOnce(&T) -> R) -> R {
        self.lent.store(true, Relaxed);
        tell(&self.value)
    }

    /// Takes it back from the device, which has stopped.
    pub(crate) fn take_back(&self, _stopped: &Quiesced) {
        self.lent.store(false, Relaxed);
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

/// The array behind a [`DescRing`].
#[repr(transparent)]
struct Descs<D, const N: usize>([D; N]);

// SAFETY: `D: FromBytes` of the zerocopy crate promises what is required: any bit pattern is valid,
// and there is no interior mutability. The type is transparent over an array of `D`.
unsafe impl<D: FromBytes, const N: usize> transmute::FromBytes for Descs<D, N> {}

// SAFETY: `D: IntoBytes` of the zerocopy crate promises that there is no uninitialised byte. The
// type is transparent over an array of `D`, which has no padding of its own.
unsafe impl<D: IntoBytes, const N: usize> transmute::AsBytes for Descs<D, N> {}

/// A ring of `N` descriptors in coherent memory, zeroed.
///
/// Single words are read and written through [`DescRing::view`] with `io_read!` and `io_write!`,
/// volatile and in the byte order of the device, which the caller converts.
pub(crate) struct DescRing<D: FromBytes + IntoBytes, const N: usize>(Coherent<Descs<D, N>>);

impl<D: FromBytes + IntoBytes, const N: usize> DescRing<D, N> {
    /// Allocates the ring.
    pub(crate) fn new(dev: &Device<Bound>) -> Result<Self> {
        Ok(Self(Coherent::zeroed(dev, GFP_KERNEL)?))
    }

    /// Returns the bus address of the first descriptor.
    pub(crate) fn dma_address(&self) -> DmaAddress {
        self.0.dma_address()
    }

    /// Returns the descriptors.
    #[inline]
    pub(crate) fn view(&self) -> SysMem<'_, [D; N]> {
        io_project!(IoBase::as_view(&self.0).as_sys_mem(), .0)
    }
}

/// Returns the `struct device`.
#[inline]
pub(super) fn as_raw(dev: &Device<Bound>) -> *mut bindings::device {
    // CAST: `Device` is a transparent wrapper of `Opaque<bindings::device>`.
    ptr::from_ref(dev).cast_mut().cast()
}
