// SPDX-License-Identifier: GPL-2.0

//! Tests of what needs no device: the arithmetic of rings, and the words of descriptors.
//!
//! The cases and their figures are those of `../c/ferronic_kunit.c`.

use kernel::prelude::*;

#[kunit_tests(ferronic_ring)]
mod cases {
    use crate::{
        abstractions::{
            page_pool::{
                is_frame,
                is_piece, //
            },
            ring,
            tx_ring::{
                Piece,
                FRAME_DESCRIPTORS, //
            },
        },
        ethtool,
        regs::{
            RxDescStatus,
            TxDescCommand, //
        },
        rx::{
            checksum_is_bad,
            checksum_is_good,
            fills, //
        },
        tx::{
            segmented_bytes,
            wake_at,
            Offload, //
        },
    };
    use kernel::prelude::*;

    const SIZE: ring::Size = match ring::Size::new(512) {
        Some(size) => size,
        None => panic!(),
    };
    const MASK: u32 = SIZE.get() - 1;
    const BUFFER: u32 = 1664;

    #[test]
    fn ring_size() {
        for (wanted, size) in [(0, 64), (64, 64), (65, 128), (4096, 4096), (u32::MAX, 4096)] {
            assert_eq!(ethtool::ring_size(wanted).map(ring::Size::get), Ok(size));
        }
    }

    #[test]
    fn ring_unused() {
        assert_eq!(SIZE.free(0, 0), MASK);
        assert_eq!(SIZE.free(MASK, 0), 0);
        assert_eq!(SIZE.free(7, 5), MASK - 2);
        // Indices run over.
        assert_eq!(SIZE.free(2, u32::MAX), MASK - 3);
        assert_eq!(SIZE.free(MASK - 1, u32::MAX), 0);
    }

    #[test]
    fn tx_wake() -> Result {
        assert_eq!(wake_at(ring::Size::new(4096).ok_or(EINVAL)?), 1024);
        assert_eq!(wake_at(SIZE), 128);
        // Waking must leave room for a frame, in the smallest ring too.
        let least = wake_at(ring::Size::new(64).ok_or(EINVAL)?);
        assert_eq!(least, 2 * FRAME_DESCRIPTORS);
        assert!(least < 63);
        Ok(())
    }

    #[test]
    fn tx_done() {
        assert_eq!(SIZE.completed(5, 10, 5), Some(5));
        assert_eq!(SIZE.completed(5, 10, 10), Some(10));
        // Around the end of the ring, and of the indices.
        assert_eq!(SIZE.completed(510, 514, 1), Some(513));
        assert_eq!(SIZE.completed(u32::MAX, 1, 1), Some(1));
    }

    #[test]
    fn tx_bad_head() {
        // Not given, gone back, outside of the ring.
        assert_eq!(SIZE.completed(5, 10, 11), None);
        assert_eq!(SIZE.completed(5, 10, 4), None);
        assert_eq!(SIZE.completed(5, 10, MASK + 6), None);
        assert_eq!(SIZE.completed(5, 10, u32::MAX), None);
        assert_eq!(SIZE.completed(5, 5, 6), None);
    }

    #[test]
    fn tx_words() {
        let command = |csum, tso| {
            TxDescCommand::zeroed()
                .with_csum(csum)
                .with_tso(tso)
                .into_raw()
        };
        let layout = |len| {
            let piece = Piece { len, last: false };

            u32::from_le(Offload::NONE.describe(&piece).layout)
        };
        let csum = Offload::checksum(34, 16);

        assert_eq!(layout(1514), 1514);
        assert_eq!(layout(65535), 0xffff);
        assert_eq!(csum.layout, 34 << 16 | 16 << 25);
        assert_eq!(csum.command, command(true, false));
        assert_eq!(Offload::checksum(511, 127).layout, 0xffff_0000);
        assert_eq!(
            csum.segments(1448, 66).command,
            66 << 18 | 1448 << 4 | command(true, true)
        );
        assert_eq!(
            csum.segments(16383, 1023).command,
            1023 << 18 | 16383 << 4 | command(true, true)
        );
    }

    #[test]
    fn tx_bytes() {
        assert_eq!(segmented_bytes(60, 54, 1), 60);
        // 54 + 2900 bytes in pieces of 1460.
        assert_eq!(segmented_bytes(2954, 54, 2), 3008);
    }

    #[test]
    fn rx_length() {
        let ok = |length, last, first| {
            let fits = if first { is_frame } else { is_piece };

            fills(length, last, BUFFER) && fits(length, BUFFER)
        };

        assert!(ok(60, true, true));
        assert!(ok(1664, true, true));
        assert!(!ok(1665, true, true));
        assert!(!ok(13, true, true));
        assert!(!ok(0, true, true));
        // The last piece may be short, but not empty.
        assert!(ok(1, true, false));
        assert!(!ok(0, true, false));
        // The others are full.
        assert!(ok(1664, false, true));
        assert!(ok(1664, false, false));
        assert!(!ok(1663, false, true));
        assert!(!ok(1665, false, false));
    }

    #[test]
    fn rx_csum() {
        let l3 = RxDescStatus::zeroed().with_l3_checked(true);
        let l4 = RxDescStatus::zeroed().with_l4_checked(true);
        let both = l4.with_l3_checked(true);

        assert!(checksum_is_good(both));
        assert!(checksum_is_good(l4));
        assert!(!checksum_is_good(l3));
        assert!(!checksum_is_good(RxDescStatus::zeroed()));
        assert!(!checksum_is_good(both.with_l4_bad(true)));
        assert!(checksum_is_bad(l3.with_l3_bad(true)));
        assert!(!checksum_is_bad(both));
    }
}
