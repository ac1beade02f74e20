// SPDX-License-Identifier: GPL-2.0

//! The arithmetic of descriptor rings.
//!
//! Indices run freely through all of `u32` and are masked on use, so a full ring and an empty one look
//! different. A device gets at most one descriptor fewer than there are, as it masks its indices.

use kernel::prelude::*;

/// Number of descriptors of a ring, a power of two.
///
/// # Invariants
///
/// `mask` is one less than a power of two from 2 to 2^16.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// What is used most.
    mask: u32,
}

impl Size {
    /// Makes sure that `count` is a power of two, and more than one.
    pub(crate) const fn new(count: u32) -> Option<Self> {
        if count > 1 && count.is_power_of_two() && count <= 1 << 16 {
            // INVARIANT: That was just checked.
            Some(Self {
                mask: count.wrapping_sub(1),
            })
        } else {
            None
        }
    }

    /// Returns the number of descriptors.
    #[inline]
    pub(crate) const fn get(self) -> u32 {
        self.mask.wrapping_add(1)
    }

    /// Returns how many of them a device can be given.
    #[inline]
    pub(crate) const fn usable(self) -> u32 {
        self.mask
    }

    /// Returns the place of a free-running index.
    #[inline]
    pub(crate) const fn place(self, index: u32) -> usize {
        (index & self.mask) as usize
    }

    /// Returns how many descriptors can be given when those from `consumed` to `produced` are.
    #[inline]
    pub(crate) const fn free(self, produced: u32, consumed: u32) -> u32 {
        self.usable().wrapping_sub(produced.wrapping_sub(consumed))
    }

    /// Returns up to which index a device is done that says that it is done up to the place `head`.
    ///
    /// The driver has given it the descriptors from `consumed` to `produced`. What lies beyond is not
    /// believed: then there is no answer.
    #[inline]
    pub(crate) const fn completed(self, consumed: u32, produced: u32, head: u32) -> Option<u32> {
        let done = head.wrapping_sub(consumed) & self.mask;

        if head > self.mask || done > produced.wrapping_sub(consumed) {
            return None;
        }
        Some(consumed.wrapping_add(done))
    }
}

#[kunit_tests(rust_net_ring)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two() {
        for count in [0, 1, 3, 63, 65, 4095, 1 << 17] {
            assert!(Size::new(count).is_none());
        }
        for count in [2, 8, 64, 512, 4096] {
            assert_eq!(Size::new(count).map(Size::get), Some(count));
        }
    }

    #[test]
    fn indices_wrap_around_the_ring_and_around_u32() -> Result {
        let size = Size::new(8).ok_or(EINVAL)?;

        assert_eq!(size.place(7), 7);
        assert_eq!(size.place(8), 0);
        assert_eq!(size.place(u32::MAX), 7);
        assert_eq!(size.place(u32::MAX.wrapping_add(1)), 0);
        Ok(())
    }
}
