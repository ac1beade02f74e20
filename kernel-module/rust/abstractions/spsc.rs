// SPDX-License-Identifier: GPL-2.0

//! A bounded queue between one producer and one consumer, without locks.
//!
//! It is the shape of a transmit ring: the transmit path appends, the poll takes off the other end,
//! and both know the position of each entry, which is the index of its descriptor.

use core::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::{
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

/// The queue: `N` places, a power of two, of which `N - 1` can be used.
///
/// A ring of descriptors with all places given looks like an empty one, so the last is left free.
///
/// # Invariants
///
/// - `produced` is only written by the [`Producer`], `consumed` only by the [`Consumer`], of which
///   there is at most one each; `split` is set when they have been made.
/// - `0 <= produced - consumed < N`, modulo 2^32.
/// - The places from `consumed` up to but not including `produced`, modulo `N`, are initialised and
///   belong to the consumer. All others belong to the producer.
pub(crate) struct Ring<T, const N: usize> {
    places: KBox<[UnsafeCell<MaybeUninit<T>>; N]>,
    produced: Atomic<u32>,
    consumed: Atomic<u32>,
    split: Atomic<i32>,
}

// SAFETY: By the type invariants a place is accessed by one side at a time; values move from the
// thread of the producer to that of the consumer, hence `T: Send`.
unsafe impl<T: Send, const N: usize> Send for Ring<T, N> {}

// SAFETY: As above.
unsafe impl<T: Send, const N: usize> Sync for Ring<T, N> {}

impl<T, const N: usize> Ring<T, N> {
    const SIZE: u32 = {
        assert!(N.is_power_of_two() && N <= 1 << 16);
        // CAST: Checked above.
        N as u32
    };

    /// Allocates an empty queue.
    pub(crate) fn new() -> Result<Self> {
        let places = KBox::<[UnsafeCell<MaybeUninit<T>>; N]>::new_uninit(GFP_KERNEL)?;
        // SAFETY: An array of `UnsafeCell<MaybeUninit<T>>` needs no initialisation.
        let places = unsafe { places.assume_init() };

        // INVARIANT: Nothing has been produced, and all places belong to the producer.
        Ok(Self {
            places,
            produced: Atomic::new(0),
            consumed: Atomic::new(0),
            split: Atomic::new(0),
        })
    }

    /// Makes the two ends of the queue that `ring` finds in `owner`.
    ///
    /// Returns [`EBUSY`] when they exist already.
    pub(crate) fn split<O>(
        owner: Arc<O>,
        ring: for<'x> fn(&'x O) -> &'x Self,
    ) -> Result<(Producer<O, T, N>, Consumer<O, T, N>)> {
        let this = ring(&owner);

        if this.split.xchg(1, Relaxed) != 0 {
            return Err(EBUSY);
        }
        let ring = NonNull::from(this);

        // INVARIANT:
        // - `ring` was borrowed from `owner`, which is shared from now on and stays where it is as
        //   long as one of the two exists.
        // - `split` makes sure that this is done once.
        Ok((
            Producer {
                ring,
                owner: owner.clone(),
            },
            Consumer { ring, owner },
        ))
    }

    #[inline]
    fn place(&self, position: u32) -> *mut MaybeUninit<T> {
        let index = (position & (Self::SIZE - 1)) as usize;

        // SAFETY: `index` is less than `N`.
        unsafe { self.places.get_unchecked(index) }.get()
    }

    /// Number of places in use.
    #[inline]
    fn used(&self) -> u32 {
        self.produced
            .load(Relaxed)
            .wrapping_sub(self.consumed.load(Acquire))
    }

    #[inline]
    fn unused(&self) -> u32 {
        (Self::SIZE - 1).saturating_sub(self.used())
    }
}

impl<T, const N: usize> Drop for Ring<T, N> {
    fn drop(&mut self) {
        let mut position = self.consumed.load(Relaxed);

        while position != self.produced.load(Relaxed) {
            // SAFETY:
            // - By the type invariants the place is initialised.
            // - `&mut self`: there is no other access, and each place is passed once.
            unsafe { (*self.place(position)).assume_init_drop() };
            position = position.wrapping_add(1);
        }
    }
}

/// The end that appends.
///
/// # Invariants
///
/// - `ring` points into `owner`, which `self` keeps alive.
/// - There is no other producer of the queue.
pub(crate) struct Producer<O, T, const N: usize> {
    ring: NonNull<Ring<T, N>>,
    owner: Arc<O>,
}

// SAFETY: It may be sent to another thread if the owner may be shared with it, and the values sent.
unsafe impl<O: Send + Sync, T: Send, const N: usize> Send for Producer<O, T, N> {}

impl<O, T, const N: usize> Producer<O, T, N> {
    #[inline]
    fn ring(&self) -> &Ring<T, N> {
        // SAFETY: By the type invariant the queue lives as long as `self`.
        unsafe { self.ring.as_ref() }
    }

    /// Returns what the queue is a part of.
    #[inline]
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }

    /// Number of entries that can be appended now.
    #[inline]
    pub(crate) fn unused(&self) -> u32 {
        self.ring().unused()
    }

    /// Index of the place that is used next.
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.ring().produced.load(Relaxed) & (Ring::<T, N>::SIZE - 1)
    }

    /// Appends `value`, or returns it when the queue is full.
    ///
    /// All that this thread wrote before is seen by a consumer that sees the entry.
    #[inline]
    pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
        let ring = self.ring();

        if ring.unused() == 0 {
            return Err(value);
        }
        let position = ring.produced.load(Relaxed);
        // SAFETY:
        // - One place at least is unused, so the one at `produced` belongs to the producer.
        // - `&mut self` is the only producer.
        // - The load of `consumed` in `unused()` is an acquire, so the consumer is done with it.
        unsafe { (*ring.place(position)).write(value) };
        // INVARIANT: The place is initialised and passes to the consumer.
        ring.produced.store(position.wrapping_add(1), Release);
        Ok(())
    }
}

/// The end that takes off.
///
/// # Invariants
///
/// - `ring` points into `owner`, which `self` keeps alive.
/// - There is no other consumer of the queue.
pub(crate) struct Consumer<O, T, const N: usize> {
    ring: NonNull<Ring<T, N>>,
    owner: Arc<O>,
}

// SAFETY: As for `Producer`.
unsafe impl<O: Send + Sync, T: Send, const N: usize> Send for Consumer<O, T, N> {}

impl<O, T, const N: usize> Consumer<O, T, N> {
    #[inline]
    fn ring(&self) -> &Ring<T, N> {
        // SAFETY: By the type invariant the queue lives as long as `self`.
        unsafe { self.ring.as_ref() }
    }

    /// Returns what the queue is a part of.
    #[inline]
    pub(crate) fn owner(&self) -> &O {
        &self.owner
    }

    /// Number of entries that can be appended now.
    #[inline]
    pub(crate) fn unused(&self) -> u32 {
        self.ring().unused()
    }

    /// Index of the place of the oldest entry, if there is one.
    #[inline]
    pub(crate) fn index(&self) -> Option<u32> {
        let ring = self.ring();
        let position = ring.consumed.load(Relaxed);

        (position != ring.produced.load(Acquire)).then_some(position & (Ring::<T, N>::SIZE - 1))
    }

    /// Takes the oldest entry.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        let ring = self.ring();
        let position = ring.consumed.load(Relaxed);

        if position == ring.produced.load(Acquire) {
            return None;
        }
        // SAFETY:
        // - The queue is not empty, so the place at `consumed` is initialised and belongs to the
        //   consumer; the acquire above makes the value visible.
        // - `&mut self` is the only consumer, and the place is passed on below: it is read once.
        let value = unsafe { (*ring.place(position)).assume_init_read() };
        // INVARIANT: The place has been emptied and passes to the producer.
        ring.consumed.store(position.wrapping_add(1), Release);
        Some(value)
    }
}
