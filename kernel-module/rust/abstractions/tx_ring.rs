// SPDX-License-Identifier: GPL-2.0

//! Transmit rings, and who owns what of them.
//!
//! A ring is *idle*, a [`TxRing`], or *lent* to the device. Then it has two ends: the transmit path has
//! the [`Sender`], the poll the [`Cleaner`]. Only both together, with the proof that the device has
//! stopped, become an idle ring again.
//!
//! A frame that is pushed belongs to the ring, with its mappings. The ring gives it back, unmapped,
//! when the device has finished with it, or has been stopped. So it cannot be freed or changed under
//! the device, and neither its mappings nor itself can be lost or released twice.
//!
//! The device says how far it has come by writing the index of the first descriptor that it has not
//! finished with to a word in memory, and a count of frames that it could not send to the next.

use super::{
    dma::{
        self,
        Lent,
        Quiesced,
        Shared, //
    },
    ffi,
    page_pool::MAX_FRAGS,
    pci::Doorbell,
    ring::Size,
    skb::SkBuff, //
};
use core::{
    cell::UnsafeCell,
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
    dma::DmaAddress,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc, //
    }, //
};

/// A transmit descriptor of some device.
pub(crate) trait Descriptor: FromBytes + IntoBytes + Copy {
    /// Returns the descriptor of a piece that a frame does not begin with, without its address.
    fn following(piece: &Piece) -> Self;

    /// Sets the address of the piece.
    fn set_address(&mut self, addr: DmaAddress);

    /// Asks for an interrupt when the device is done with this descriptor.
    fn request_interrupt(&mut self);
}

/// A piece of a frame.
pub(crate) struct Piece {
    /// Its length, no more than 65535.
    pub(crate) len: u32,
    /// Does the frame end with it?
    pub(crate) last: bool,
}

/// Says that a frame lies in a ring.
#[must_use = "the stack must be told"]
pub(crate) struct Queued(());

/// What came of a frame that was pushed.
pub(crate) struct Pushed {
    /// It lies in the ring.
    pub(crate) queued: Queued,
    /// What was noted of it: bytes on the wire.
    pub(crate) bytes: u32,
    /// Is there room for any other frame? Else the queue must be stopped.
    pub(crate) ready: bool,
}

/// What the driver notes of a frame, for the time when it was sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Account {
    /// Packets on the wire.
    pub(crate) packets: u16,
    /// Bytes on the wire.
    pub(crate) bytes: u32,
}

/// What the device has written back.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    head: u32,
    /// Frames that were not sent since the ring was lent.
    pub(crate) errors: u32,
}

/// The device claims to have finished descriptors that it was not given.
pub(crate) struct BadHead;

/// What belongs to one descriptor: a piece that is mapped, and if a frame begins with it, the frame.
struct Slot {
    skb: *mut bindings::sk_buff,
    addr: DmaAddress,
    len: u32,
    bytes: u32,
    packets: u16,
    /// Descriptors of the frame.
    count: u16,
}

/// Puts what one CPU writes all the time into a cache line of its own.
#[repr(align(64))]
struct OwnLine<T>(T);

/// What both ends share.
///
/// # Invariants
///
/// - `produced` and `given` are only written by the [`Sender`], `consumed` only by the [`Cleaner`], of
///   which there is at most one each.
/// - `consumed <= given <= produced < consumed + size`, modulo 2^32; each is where a frame begins.
/// - The slots from `consumed` up to but not including `produced` hold frames: their pieces are mapped,
///   and the first of each owns the frame, and says how many there are. All others own nothing.
/// - Those up to `given` belong to the cleaner, all others to the sender.
/// - The device is told of no other memory than these descriptors, `progress` and those pieces.
struct Memory<'d, D: Descriptor> {
    size: Size,
    desc: Shared<D>,
    /// Two little-endian words of 32 bits: the head, and the errors.
    progress: Shared<u64>,
    slots: KVVec<UnsafeCell<Slot>>,
    dev: &'d Device<Bound>,
    sender: OwnLine<Sent>,
    consumed: OwnLine<Atomic<u32>>,
}

/// How far the sender has come.
struct Sent {
    produced: Atomic<u32>,
    given: Atomic<u32>,
}

// SAFETY:
// - By the type invariants a slot is accessed by one side at a time.
// - Frames may move from the thread of the sender to that of the cleaner.
unsafe impl<D: Descriptor> Send for Memory<'_, D> {}

// SAFETY: As above.
unsafe impl<D: Descriptor> Sync for Memory<'_, D> {}

impl<D: Descriptor> Memory<'_, D> {
    #[inline]
    fn slot(&self, index: u32) -> *mut Slot {
        let slots: *const UnsafeCell<Slot> = self.slots.as_ptr();

        // SAFETY: There are as many slots as places in the ring.
        UnsafeCell::raw_get(unsafe { slots.add(self.size.place(index)) })
    }

    /// Unmaps a piece of a frame.
    ///
    /// # Safety
    ///
    /// - The slot must belong to the caller.
    /// - The piece in it must be mapped, and must not be unmapped again.
    #[inline]
    unsafe fn unmap(&self, slot: *const Slot) {
        // SAFETY:
        // - The device is bound.
        // - By the safety requirements the slot is the caller's.
        // - The piece in it is mapped, as long as said, and unmapped once, likewise.
        // - Linear parts and fragments are unmapped in the same way.
        unsafe {
            ffi::helper_dma_unmap_page(
                dma::as_raw(self.dev),
                (*slot).addr,
                (*slot).len as usize,
                bindings::dma_data_direction::DMA_TO_DEVICE,
            )
        }
    }

    /// Unmaps all pieces but the first of a frame that has `count`, the first one at `index`.
    ///
    /// # Safety
    ///
    /// As for [`Memory::unmap`], for each of them.
    #[inline(never)]
    unsafe fn unmap_following(&self, index: u32, count: u16) {
        for i in 1..count {
            // SAFETY: By the safety requirement.
            unsafe { self.unmap(self.slot(index.wrapping_add(i.into()))) };
        }
    }

    #[inline]
    fn read_progress(&self) -> Progress {
        // SAFETY:
        // - The memory is valid and aligned.
        // - The device may write it at any time, in one access; so it is read in one.
        let word = u64::from_le(unsafe { self.progress.as_ptr().as_ptr().read_volatile() });

        Progress {
            // CAST: The two halves.
            head: word as u32,
            errors: (word >> 32) as u32,
        }
    }
}

/// A transmit ring that no device knows.
pub(crate) struct TxRing<'d, D: Descriptor>(Arc<Lent<Memory<'d, D>>>);

/// Where a device finds a ring.
pub(crate) struct Location {
    /// The descriptors.
    pub(crate) desc: DmaAddress,
    /// The words that it writes back.
    pub(crate) progress: DmaAddress,
    /// Number of descriptors.
    pub(crate) size: Size,
}

impl<'d, D: Descriptor> TxRing<'d, D> {
    /// Allocates a ring.
    pub(crate) fn new(dev: &'d Device<Bound>, size: Size) -> Result<Self> {
        let count = size.get() as usize;
        let mut slots = KVVec::with_capacity(count, GFP_KERNEL)?;

        for _ in 0..count {
            let slot = Slot {
                skb: ptr::null_mut(),
                addr: 0,
                len: 0,
                bytes: 0,
                packets: 0,
                count: 0,
            };
            slots
                .push_within_capacity(UnsafeCell::new(slot))
                .map_err(|_| ENOMEM)?;
        }
        let memory = Memory {
            size,
            desc: Shared::new(dev, count)?,
            progress: Shared::new(dev, 1)?,
            slots,
            dev,
            sender: OwnLine(Sent {
                produced: Atomic::new(0),
                given: Atomic::new(0),
            }),
            consumed: OwnLine(Atomic::new(0)),
        };

        // INVARIANT: Nothing has been produced, and all slots belong to the sender.
        Ok(Self(Arc::new(Lent::new(memory), GFP_KERNEL)?))
    }

    /// Makes the two ends, and lends the ring to the device, to which `tell` says where it is.
    pub(crate) fn lend<R>(
        self,
        tell: impl FnOnce(Location) -> R,
    ) -> (Sender<'d, D>, Cleaner<'d, D>, R) {
        let ring = self.0;
        let slots = NonNull::from(ring.slots.as_slice()).cast();
        let (desc, size, dev) = (ring.desc.as_ptr(), ring.size, ring.dev);

        // SAFETY:
        // - The memory is valid and aligned.
        // - The device does not know it yet, and no end exists.
        unsafe { ring.progress.as_ptr().as_ptr().write_volatile(0) };
        ring.sender.0.produced.store(0, Relaxed);
        ring.sender.0.given.store(0, Relaxed);
        ring.consumed.0.store(0, Relaxed);
        ring.lend();
        let told = tell(Location {
            desc: ring.desc.dma_address(),
            progress: ring.progress.dma_address(),
            size,
        });

        // INVARIANT:
        // - `self` is gone, so these are the only ends.
        // - The pointers are into what `ring` keeps alive.
        let sender = Sender {
            desc,
            slots,
            produced: 0,
            given: 0,
            limit: size.usable(),
            size,
            ready: size.usable() >= FRAME_DESCRIPTORS,
            dev,
            ring: ring.clone(),
        };
        let cleaner = Cleaner { consumed: 0, ring };
        (sender, cleaner, told)
    }
}

/// The end of a lent ring that appends.
///
/// # Invariants
///
/// - `desc` and `slots` are those of `ring`, with `size` elements each.
/// - `given` is that of `ring`, and `produced` too, or ahead of it while a frame is pushed. `limit` is
///   `size - 1` ahead of what `ring` said was consumed at some time.
/// - If `ready`, there is room for any frame.
pub(crate) struct Sender<'d, D: Descriptor> {
    desc: NonNull<D>,
    slots: NonNull<Slot>,
    produced: u32,
    given: u32,
    limit: u32,
    size: Size,
    ready: bool,
    dev: &'d Device<Bound>,
    ring: Arc<Lent<Memory<'d, D>>>,
}

// SAFETY: It may be sent to another thread, as what it shares may.
unsafe impl<D: Descriptor> Send for Sender<'_, D> {}

impl<'d, D: Descriptor> Sender<'d, D> {
    #[inline]
    fn unused(&self) -> u32 {
        self.limit.wrapping_sub(self.produced)
    }

    /// Returns the number of descriptors.
    #[inline]
    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Is there room for `count` more descriptors, or for any frame, whatever is more?
    #[cold]
    pub(crate) fn has_room(&mut self, count: u32) -> bool {
        // INVARIANT:
        // - It is `size - 1` ahead. The acquire makes sure that the cleaner is done with the slots.
        // - From now on the room becomes less only by what is pushed.
        self.limit = self
            .ring
            .consumed
            .0
            .load(Acquire)
            .wrapping_add(self.size.usable());
        self.ready = self.unused() >= FRAME_DESCRIPTORS;
        self.ready && self.unused() >= count
    }

    /// Makes sure that there is room for any frame.
    #[inline]
    pub(crate) fn room(&mut self) -> Option<Room<'_, 'd, D>> {
        if !self.ready && !self.has_room(FRAME_DESCRIPTORS) {
            return None;
        }
        // INVARIANT: By the type invariants.
        Some(Room(self))
    }

    #[inline]
    fn slot(&self, index: u32) -> *mut Slot {
        // SAFETY: The place is in the ring, by the type invariants.
        unsafe { self.slots.as_ptr().add(self.size.place(index)) }
    }

    #[inline]
    fn desc(&self, index: u32) -> *mut D {
        // SAFETY: As for `slot`.
        unsafe { self.desc.as_ptr().add(self.size.place(index)) }
    }

    /// Writes what is known of a piece before it is mapped, into the place at `index`. What is there
    /// already is not needed in a register while `map` runs.
    ///
    /// Returns false if it could not be mapped.
    ///
    /// # Safety
    ///
    /// The place must be the sender's.
    #[inline]
    unsafe fn place(
        &mut self,
        index: u32,
        len: u32,
        desc: D,
        map: impl FnOnce(*mut bindings::device) -> DmaAddress,
    ) -> bool {
        let (to, slot) = (self.desc(index), self.slot(index));

        // SAFETY:
        // - Both belong to the sender, by the safety requirement; the device does not look at the
        //   descriptor.
        // - Both are in the ring, by the type invariants.
        // - The device is bound.
        unsafe {
            to.write(desc);
            (*slot).len = len;
            let addr = map(dma::as_raw(self.dev));

            if ffi::helper_dma_mapping_error(dma::as_raw(self.dev), addr) {
                return false;
            }
            (*slot).addr = addr;
            (*to).set_address(addr);
        }
        true
    }

    /// Maps and places the fragments of a frame behind its linear part, which is placed.
    ///
    /// Returns the number of all pieces, or nothing if one of them could not be mapped. Then none is
    /// mapped any more, the linear part neither.
    ///
    /// # Safety
    ///
    /// The frame must be valid, and there must be room for all of its fragments.
    #[inline(never)]
    unsafe fn place_fragments(&mut self, skb: *const bindings::sk_buff) -> Option<u16> {
        let from = self.produced;
        // SAFETY: By the safety requirement.
        let fragments = unsafe { ffi::helper_skb_nr_frags(skb) };
        let mut count = 1;

        while count <= fragments {
            // SAFETY:
            // - By the safety requirement the frame is valid, and the place is the sender's.
            // - The fragment exists, as there are more.
            let is_mapped = unsafe {
                let len = ffi::helper_skb_frag_size(skb, count.wrapping_sub(1));
                let piece = Piece {
                    len,
                    last: count == fragments,
                };

                self.place(from.wrapping_add(count), len, D::following(&piece), |dev| {
                    ffi::helper_skb_frag_dma_map(dev, skb, count.wrapping_sub(1))
                })
            };

            if !is_mapped {
                // SAFETY:
                // - The slots are the sender's, as nothing of them was published.
                // - So many pieces were mapped; they are unmapped once.
                unsafe {
                    self.ring.unmap(self.slot(from));
                    self.ring.unmap_following(from, count as u16);
                }
                return None;
            }
            count = count.wrapping_add(1);
        }
        // CAST: A frame has no more than `MAX_FRAGS`.
        Some(count as u16)
    }

    /// Gives what was pushed to the device, with an interrupt for the last of it.
    ///
    /// Does nothing if it has it already.
    #[inline]
    pub(crate) fn ring(&mut self, doorbell: &Doorbell<'_>) {
        if self.given == self.produced {
            return;
        }
        let last = self.desc(self.produced.wrapping_sub(1));

        // SAFETY:
        // - The descriptor is in the ring, by the type invariants.
        // - It was written by `place`.
        // - It has not been given yet, so the device does not look at it.
        unsafe { (*last).request_interrupt() };
        self.given = self.produced;
        // INVARIANT: What was pushed passes to the cleaner.
        self.ring.sender.0.given.store(self.given, Release);
        // CAST: A ring has no more than 2^16 descriptors.
        doorbell.ring(self.size.place(self.given) as u32);
    }
}

/// Descriptors that a frame can need: one for the linear part, and one for each fragment.
pub(crate) const FRAME_DESCRIPTORS: u32 = MAX_FRAGS + 1;

/// Room for any frame in a ring.
///
/// # Invariants
///
/// [`FRAME_DESCRIPTORS`] are free.
#[must_use = "there is room now"]
pub(crate) struct Room<'s, 'd, D: Descriptor>(&'s mut Sender<'d, D>);

impl<D: Descriptor> Room<'_, '_, D> {
    /// Maps a frame and writes its descriptors, of which `encode` makes the first. The frame is time
    /// stamped, if somebody wants that.
    ///
    /// The device does not know of it before the doorbell.
    ///
    /// # Errors
    ///
    /// Returns the frame if it cannot be mapped.
    #[inline]
    pub(crate) fn push(
        self,
        skb: SkBuff,
        account: Account,
        encode: impl FnOnce(&Piece) -> D,
    ) -> Result<Pushed, SkBuff> {
        let ring = self.0;
        let from = ring.produced;
        let first = ring.slot(from);
        let piece = Piece {
            len: skb.head_len(),
            last: skb.fragments() == 0,
        };
        let desc = encode(&piece);

        // SAFETY:
        // - There is room, so this slot belongs to the sender.
        // - The linear part of a valid frame is as long as said.
        let is_mapped = unsafe {
            (*first).bytes = account.bytes;
            (*first).packets = account.packets;
            ring.place(from, piece.len, desc, |dev| {
                ffi::helper_dma_map_single(
                    dev,
                    skb.data(),
                    piece.len as usize,
                    bindings::dma_data_direction::DMA_TO_DEVICE,
                )
            })
        };
        if !is_mapped {
            return Err(skb);
        }
        let mut count = 1;
        if skb.fragments() != 0 {
            // SAFETY:
            // - The frame is valid, by its type invariant.
            // - There is room for all fragments of any frame, and its linear part is placed.
            match unsafe { ring.place_fragments(skb.as_raw()) } {
                Some(all) => count = all,
                None => return Err(skb),
            }
        }
        skb.tx_timestamp();
        // SAFETY: The slot still belongs to the sender: it was not published.
        let bytes = unsafe {
            (*first).skb = skb.into_raw();
            (*first).count = count;
            (*first).bytes
        };
        // INVARIANT: All pieces are mapped, and the first slot owns the frame.
        ring.produced = from.wrapping_add(count.into());
        ring.ring.sender.0.produced.store(ring.produced, Relaxed);
        Ok(Pushed {
            queued: Queued(()),
            bytes,
            ready: ring.unused() >= FRAME_DESCRIPTORS || ring.has_room(FRAME_DESCRIPTORS),
        })
    }
}

/// The end of a lent ring that takes off.
///
/// # Invariants
///
/// `consumed` is that of `ring`, or behind it while frames are taken off.
pub(crate) struct Cleaner<'d, D: Descriptor> {
    consumed: u32,
    ring: Arc<Lent<Memory<'d, D>>>,
}

// SAFETY: It may be sent to another thread, as what it shares may.
unsafe impl<D: Descriptor> Send for Cleaner<'_, D> {}

impl<'d, D: Descriptor> Cleaner<'d, D> {
    /// Returns the number of descriptors.
    #[inline]
    pub(crate) fn size(&self) -> Size {
        self.ring.size
    }

    /// Reads what the device has written back.
    #[inline]
    pub(crate) fn progress(&self) -> Progress {
        self.ring.read_progress()
    }

    /// Is there something to take back?
    #[inline]
    pub(crate) fn has_work(&self, progress: Progress) -> bool {
        // CAST: A ring has no more than 2^16 descriptors.
        progress.head != self.ring.size.place(self.consumed) as u32
    }

    /// Number of descriptors that are free now.
    #[inline]
    pub(crate) fn unused(&self) -> u32 {
        self.ring
            .size
            .free(self.ring.sender.0.produced.load(Relaxed), self.consumed)
    }

    /// Takes back the frames that the device has finished with, and hands each to `done`.
    #[inline]
    pub(crate) fn clean(
        &mut self,
        progress: Progress,
        done: impl FnMut(SkBuff, Account),
    ) -> Result<(), BadHead> {
        // What was pushed and not given cannot be done. The acquire makes the slots visible.
        let given = self.ring.sender.0.given.load(Acquire);
        let end = self
            .ring
            .size
            .completed(self.consumed, given, progress.head)
            .ok_or(BadHead)?;

        // SAFETY:
        // - `end` lies between what was consumed and what was given, as was just checked.
        // - The device has said that it is done with these.
        // - What was given belongs to the cleaner, of which there is only this one.
        unsafe { self.take_until(end, done) };
        Ok(())
    }

    /// Takes back whole frames.
    ///
    /// # Safety
    ///
    /// `end` must lie between what was consumed and what was produced, and the device be done with
    /// these. No one else must use them.
    #[inline]
    unsafe fn take_until(&mut self, end: u32, mut done: impl FnMut(SkBuff, Account)) {
        // What is in there is read when it is needed: the loop has more of it than there are registers.
        let ring: &Memory<'d, D> = &self.ring;
        let mut consumed = self.consumed;

        while consumed != end {
            let first = ring.slot(consumed);

            // SAFETY: By the type invariants of `Memory` and the safety requirements:
            // - The slot is ours, and a frame begins with it.
            // - The pieces of the frame are mapped, and passed once.
            // - The slot owns the frame, and is passed once.
            unsafe {
                // A part of a frame stays until the rest is done.
                if u32::from((*first).count) > end.wrapping_sub(consumed) {
                    break;
                }
                ring.unmap(first);
                if (*first).count > 1 {
                    ring.unmap_following(consumed, (*first).count);
                }
                consumed = consumed.wrapping_add((*first).count.into());

                let account = Account {
                    packets: (*first).packets,
                    bytes: (*first).bytes,
                };
                done(
                    SkBuff::from_raw(NonNull::new_unchecked((*first).skb)),
                    account,
                );
            }
        }
        self.consumed = consumed;
        // INVARIANT: The slots own nothing any more, and pass to the sender.
        self.ring.consumed.0.store(consumed, Release);
    }

    /// Returns what looks at the ring from outside.
    pub(crate) fn watch(&self) -> Watch<'d, D> {
        Watch(self.ring.clone())
    }
}

/// Makes an idle ring of both ends, after the device has stopped, and hands the frames that it had not
/// finished with to `unsent`.
///
/// Returns nothing if the ends are of different rings; both rings leak then.
pub(crate) fn reclaim<'d, D: Descriptor>(
    sender: Sender<'d, D>,
    mut cleaner: Cleaner<'d, D>,
    stopped: &Quiesced,
    unsent: impl FnMut(SkBuff, Account),
) -> Option<TxRing<'d, D>> {
    if !Arc::ptr_eq(&sender.ring, &cleaner.ring) {
        return None;
    }
    let produced = cleaner.ring.sender.0.produced.load(Acquire);

    // SAFETY:
    // - The device has stopped, so it is done with all that was produced.
    // - Both ends are here, so nobody else uses the slots.
    unsafe { cleaner.take_until(produced, unsent) };
    cleaner.ring.take_back(stopped);
    Some(TxRing(cleaner.ring))
}

/// Looks at a lent ring from outside.
pub(crate) struct Watch<'d, D: Descriptor>(Arc<Lent<Memory<'d, D>>>);

impl<D: Descriptor> Watch<'_, D> {
    /// Has the device finished with something that was not taken back yet?
    pub(crate) fn has_work(&self) -> bool {
        let consumed = self.0.consumed.0.load(Relaxed);

        // CAST: A ring has no more than 2^16 descriptors.
        self.0.read_progress().head != self.0.size.place(consumed) as u32
    }
}
