// SPDX-License-Identifier: GPL-2.0

//! Receive rings, and who owns what of them.
//!
//! A ring is *idle*, an [`RxRing`], or *lent* to the device, an [`RxQueue`]. It becomes idle again only
//! with the proof that the device has stopped.
//!
//! A buffer in a lent ring belongs to the device until its descriptor says that it is done. Then it can
//! be had as a [`Completion`], and become a frame or a part of one, or nothing.

use super::{
    dma::{
        Lent,
        Quiesced,
        Shared, //
    },
    hold::Hold,
    napi::{
        self,
        Napi,
        Poll, //
    },
    netdev::Handle,
    ops::Operations,
    page_pool::{
        Buffer,
        BufferSize,
        BuildError,
        Pool, //
    },
    pci::Doorbell,
    ring::Size,
    skb::RxFrame, //
};
use core::{
    marker::PhantomData,
    mem::{
        self,
        ManuallyDrop, //
    },
    ptr::NonNull, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        barrier::{
            dma_mb,
            Read, //
        },
        Arc, //
    }, //
};

/// A receive descriptor of some device.
pub(crate) trait Descriptor: FromBytes + IntoBytes + Copy {
    /// Offset of the word of 32 bits, little-endian, that the device writes last.
    const STATUS: usize;

    /// Returns the descriptor of an empty buffer at `addr`.
    fn empty(addr: DmaAddress) -> Self;

    /// Says the status that the device is done with the descriptor and its buffer?
    fn is_done(status: u32) -> bool;
}

/// What can be looked at from outside.
struct Memory<D: Descriptor> {
    size: Size,
    desc: Shared<D>,
    /// The next descriptor to be filled, as of the end of the last poll.
    next: Atomic<u32>,
    /// How many descriptors have a buffer, as of then.
    filled: Atomic<u32>,
}

impl<D: Descriptor> Memory<D> {
    #[inline]
    fn status(desc: NonNull<D>, place: usize) -> u32 {
        let desc: *const u32 = desc.as_ptr().wrapping_add(place).cast::<u32>();

        const {
            assert!(D::STATUS % mem::align_of::<u32>() == 0);
            assert!(mem::align_of::<D>() >= mem::align_of::<u32>());
            assert!(D::STATUS + mem::size_of::<u32>() <= mem::size_of::<D>());
        };
        // SAFETY:
        // - All callers pass a place in the ring, so the word is valid.
        // - It is aligned, as was checked above.
        // - The device may write it at any time, in one access; so it is read in one.
        u32::from_le(unsafe { desc.byte_add(D::STATUS).read_volatile() })
    }
}

/// A receive ring that no device knows, with its buffers.
///
/// # Invariants
///
/// - `desc` is that of `memory`, and has `size` elements, as has `slots`.
/// - All buffers in `slots` are from `pool`.
/// - While the ring is lent, those from `next` up to but not including `fill` belong to the device,
///   until their descriptors say that it is done. All others are empty.
/// - `fill - next < size`, modulo 2^32.
pub(crate) struct RxRing<'d, D: Descriptor> {
    desc: NonNull<D>,
    next: u32,
    fill: u32,
    size: Size,
    slots: KVVec<Option<Buffer>>,
    memory: Arc<Memory<D>>,
    pool: Pool,
    _dev: PhantomData<&'d Device<Bound>>,
}

// SAFETY: It is not tied to a thread.
unsafe impl<D: Descriptor> Send for RxRing<'_, D> {}

/// Where a device finds a ring.
pub(crate) struct Location {
    /// The descriptors.
    pub(crate) desc: DmaAddress,
    /// Number of descriptors.
    pub(crate) size: Size,
    /// How many bytes the device can write to a buffer.
    pub(crate) buffer: u32,
}

impl<'d, D: Descriptor> RxRing<'d, D> {
    /// Allocates a ring, and all buffers that the device can be given.
    pub(crate) fn new<T: Operations>(
        dev: &'d Device<Bound>,
        netdev: Handle<'_, T>,
        queue: usize,
        size: Size,
        buffer: BufferSize,
    ) -> Result<Self> {
        let count = size.get() as usize;
        let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;

        for _ in 0..count {
            slots.push_within_capacity(None).map_err(|_| ENOMEM)?;
        }
        let memory = Memory {
            size,
            desc: Shared::new(dev, count)?,
            next: Atomic::new(0),
            filled: Atomic::new(0),
        };
        // INVARIANT: All slots are empty, and there are `size` of them, as of descriptors.
        let mut ring = Self {
            desc: memory.desc.as_ptr(),
            next: 0,
            fill: 0,
            size,
            slots,
            memory: Arc::new(memory, GFP_KERNEL)?,
            pool: Pool::new(dev, netdev, queue, size.get(), buffer)?,
            _dev: PhantomData,
        };

        if !ring.refill() {
            return Err(ENOMEM);
        }
        Ok(ring)
    }

    /// Gives a new buffer to each slot that has none. Returns false if memory is short.
    #[inline]
    fn refill(&mut self) -> bool {
        let mut left = self.size.free(self.fill, self.next);

        while left != 0 {
            let Some((buffer, addr)) = self.pool.alloc() else {
                return false;
            };
            let place = self.size.place(self.fill);

            // SAFETY:
            // - The place is in the ring, by the type invariants.
            // - The slot is empty, so the device does not look at the descriptor.
            // - `self` is borrowed as mutable, so nobody else looks at the slot.
            unsafe {
                self.desc.as_ptr().add(place).write(D::empty(addr));
                // Nothing is dropped: it is empty.
                self.slots.as_mut_ptr().add(place).write(Some(buffer));
            }
            // INVARIANT: The slot has a buffer, and `left` was no more than there is room for.
            self.fill = self.fill.wrapping_add(1);
            left = left.wrapping_sub(1);
        }
        true
    }

    /// Moves all buffers to the start of the ring, and writes their descriptors again.
    fn restart(&mut self) {
        let mut fill = 0usize;

        for place in 0..self.size.get() as usize {
            let Some(buffer) = self.slots.get_mut(place).and_then(Option::take) else {
                continue;
            };
            // SAFETY: It is from this pool, by the type invariants.
            let addr = unsafe { self.pool.address(&buffer) };

            // SAFETY:
            // - `fill` is no more than `place`, so it is in the ring.
            // - The device does not know the ring.
            unsafe { self.desc.as_ptr().add(fill).write(D::empty(addr)) };
            if let Some(slot) = self.slots.get_mut(fill) {
                *slot = Some(buffer);
            }
            fill = fill.wrapping_add(1);
        }
        // INVARIANT: The slots before `fill` have buffers, all others none. No more were filled.
        self.next = 0;
        // CAST: It is no more than the size.
        self.fill = fill as u32;
    }

    /// Lends the ring to the device, to which `tell` says where it is. `napi` will poll it, if there is
    /// one; then [`RxQueue::refill`] is for its poll alone.
    pub(crate) fn lend<'a, P: Poll, R>(
        mut self,
        dev: Handle<'a, P::Driver>,
        napi: Option<&'a Napi<P>>,
        tell: impl FnOnce(Location) -> R,
    ) -> (RxQueue<'d, D, P::Driver>, R) {
        self.restart();
        if let Some(napi) = napi {
            // SAFETY:
            // - The instance lives as long as the device.
            // - The device is held until this is undone by `RxQueue::take_back`.
            // - If it is not, the pool leaks, and the device with it: see `Held`.
            // - From a lent ring's pool only `RxQueue::refill` takes buffers, which the driver calls
            //   in the poll of `napi` alone: that owns the `RxQueue` while it is enabled.
            unsafe { self.pool.enable_direct(napi) };
        }
        let ring = Lent::new(Held {
            ring: self,
            _hold: Hold::new(dev),
        });

        ring.lend();
        let told = tell(Location {
            desc: ring.ring.memory.desc.dma_address(),
            size: ring.ring.size,
            buffer: ring.ring.pool.capacity(),
        });
        let queue = RxQueue(ring);

        queue.publish();
        (queue, told)
    }
}

/// If this leaks, so does the device: its NAPI instance recycles what the stack frees.
struct Held<'d, D: Descriptor, T: Operations> {
    ring: RxRing<'d, D>,
    _hold: Hold<T>,
}

/// A receive ring that the device has.
pub(crate) struct RxQueue<'d, D: Descriptor, T: Operations>(Lent<Held<'d, D, T>>);

impl<'d, D: Descriptor, T: Operations> RxQueue<'d, D, T> {
    /// Returns the next buffer, if the device is done with it.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Completion<'_, 'd, D>> {
        let ring = &mut self.0.ring;
        let place = ring.size.place(ring.next);
        let status = Memory::status(ring.desc, place);

        if !D::is_done(status) {
            return None;
        }
        // Nothing else that the device has written may be read before the status.
        dma_mb(Read);
        // SAFETY:
        // - The place is in the ring, by the type invariants.
        // - `self` is borrowed as mutable, so nobody changes the slot.
        let slot = unsafe { &*ring.slots.as_ptr().add(place) };
        // There is none if the ring is empty, or the device completes what it was not given.
        if slot.is_none() {
            return None;
        }
        // INVARIANT: Both were just checked.
        Some(Completion { ring, status })
    }

    /// Returns how many buffers were taken since the ring was lent, modulo 2^32.
    #[inline]
    pub(crate) fn taken(&self) -> u32 {
        self.0.ring.next
    }

    /// Returns how many slots have no buffer.
    #[inline]
    pub(crate) fn empty(&self) -> u32 {
        self.0.ring.size.free(self.0.ring.fill, self.0.ring.next)
    }

    /// Fills all slots that have no buffer, and gives them to the device.
    ///
    /// Returns false if memory is short; what could be filled is given all the same.
    ///
    /// To be called in a poll of the instance that the ring was lent with, if it was lent with one.
    #[inline]
    pub(crate) fn refill(&mut self, doorbell: &Doorbell<'_>) -> bool {
        let ring = &mut self.0.ring;
        let before = ring.fill;
        let all = ring.refill();

        if ring.fill != before {
            // CAST: A ring has no more than 2^16 descriptors.
            doorbell.ring(ring.size.place(ring.fill) as u32);
        }
        all
    }

    /// Gives the device what is filled, for the first time.
    pub(crate) fn ring(&self, doorbell: &Doorbell<'_>) {
        // CAST: A ring has no more than 2^16 descriptors.
        doorbell.ring(self.0.ring.size.place(self.0.ring.fill) as u32);
    }

    /// Lets [`Watch`] know what has changed.
    #[inline]
    pub(crate) fn publish(&self) {
        let ring = &self.0.ring;
        let memory = &*ring.memory;

        memory.next.store(ring.next, Relaxed);
        memory
            .filled
            .store(ring.fill.wrapping_sub(ring.next), Relaxed);
    }

    /// Returns what looks at the ring from outside.
    pub(crate) fn watch(&self) -> Watch<D> {
        Watch(self.0.ring.memory.clone())
    }

    /// Takes the ring back from the device, which has stopped. NAPI must have been disabled.
    pub(crate) fn take_back(self, stopped: &Quiesced) -> RxRing<'d, D> {
        let mut ring = self.0.into_inner(stopped).ring;

        ring.pool.disable_direct();
        ring
    }
}

/// A buffer that the device is done with. If it is dropped, what is in it is ignored.
///
/// # Invariants
///
/// The next slot of `ring` has a buffer, and `status` is that of its descriptor, and says that it is
/// done.
pub(crate) struct Completion<'q, 'd, D: Descriptor> {
    ring: &'q mut RxRing<'d, D>,
    status: u32,
}

impl<D: Descriptor> Completion<'_, '_, D> {
    #[inline]
    fn place(&self) -> usize {
        self.ring.size.place(self.ring.next)
    }

    /// Takes the buffer out of its slot, and goes on to the next one.
    ///
    /// # Safety
    ///
    /// To be called once.
    #[inline]
    unsafe fn take(&mut self) -> Buffer {
        let place = self.place();

        // INVARIANT: The slot is emptied below.
        self.ring.next = self.ring.next.wrapping_add(1);
        // SAFETY:
        // - The place is in the ring, by the type invariants of `RxRing`.
        // - Its slot has a buffer, by the type invariants, as it was not taken before.
        unsafe {
            let slot = &mut *self.ring.slots.as_mut_ptr().add(place);

            slot.take().unwrap_unchecked()
        }
    }
    /// Returns the status that the device has written.
    #[inline]
    pub(crate) fn status(&self) -> u32 {
        self.status
    }

    /// Returns how many bytes of the buffer the device can write.
    #[inline]
    pub(crate) fn capacity(&self) -> u32 {
        self.ring.pool.capacity()
    }

    /// Reads the word of 32 bits at `OFFSET` of the descriptor.
    #[inline]
    pub(crate) fn word<const OFFSET: usize>(&self) -> u32 {
        const {
            assert!(OFFSET % mem::align_of::<u32>() == 0);
            assert!(mem::align_of::<D>() >= mem::align_of::<u32>());
            assert!(OFFSET + mem::size_of::<u32>() <= mem::size_of::<D>());
        };
        // SAFETY:
        // - The place is in the ring, so the word is valid.
        // - It is aligned, as was checked above.
        // - Nobody else writes to a descriptor that is done.
        u32::from_le(unsafe {
            self.ring
                .desc
                .as_ptr()
                .add(self.place())
                .cast::<u32>()
                .byte_add(OFFSET)
                .read_volatile()
        })
    }

    /// Makes a frame of the buffer, of which the device has filled `len` bytes.
    #[inline]
    pub(crate) fn build(self, _napi: napi::Context<'_>, len: u32) -> Result<RxFrame, BuildError> {
        let mut this = ManuallyDrop::new(self);

        // SAFETY:
        // - It is taken once, as `this` is not dropped.
        // - By the type invariants it is from the pool of its ring, and the device done with it.
        // - There is a context, so this is a poll.
        unsafe {
            let buffer = this.take();

            this.ring.pool.build(buffer, len)
        }
    }

    /// Appends the buffer, of which the device has filled `len` bytes, to a frame. Returns false if
    /// that is not possible; then the buffer is gone.
    #[inline]
    pub(crate) fn append(self, frame: &mut RxFrame, len: u32) -> bool {
        let mut this = ManuallyDrop::new(self);

        // SAFETY:
        // - It is taken once, as `this` is not dropped.
        // - By the type invariants it is from the pool of its ring, and the device done with it.
        unsafe {
            let buffer = this.take();

            this.ring.pool.append(frame, buffer, len)
        }
    }

    /// Returns the first `len` bytes that the device has written, if the buffer has that many.
    pub(crate) fn bytes(&self, len: u32) -> Option<&[u8]> {
        let buffer = self.ring.slots.get(self.place())?.as_ref()?;

        // SAFETY: By the type invariants:
        // - The buffer is from the pool of its ring.
        // - The device is done with it.
        unsafe { self.ring.pool.bytes(buffer, len) }
    }
}

impl<D: Descriptor> Drop for Completion<'_, '_, D> {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: It was not taken before: whoever does that prevents this from running.
        drop(unsafe { self.take() });
    }
}

/// Looks at a lent ring from outside.
pub(crate) struct Watch<D: Descriptor>(Arc<Memory<D>>);

impl<D: Descriptor> Watch<D> {
    /// Is the device done with a buffer that was not taken yet, as of the end of the last poll?
    pub(crate) fn has_work(&self) -> bool {
        let place = self.0.size.place(self.0.next.load(Relaxed));

        self.0.filled.load(Relaxed) != 0 && D::is_done(Memory::status(self.0.desc.as_ptr(), place))
    }

    /// Have more than half of the slots no buffer?
    pub(crate) fn is_starved(&self) -> bool {
        self.0.filled.load(Relaxed) < self.0.size.get() / 2
    }
}
