// SPDX-License-Identifier: GPL-2.0

//! Tests of what needs no device: sizes, and the words of descriptors.

use kernel::prelude::*;

#[kunit_tests(ferronic)]
mod cases {
    use crate::{
        abstractions::{
            ring::Size,
            tx_ring::FRAME_DESCRIPTORS, //
        },
        ethtool::ring_size,
        regs::{
            RxDescStatus,
            TxDescCommand, //
        },
        rx::{
            verdict,
            Verdict, //
        },
        tx::{
            segmented_bytes,
            wake_at,
            Offload, //
        },
    };
    use kernel::prelude::*;

    #[test]
    fn what_a_user_wants_becomes_a_size_that_the_device_has() {
        for (wanted, size) in [(0, 64), (64, 64), (65, 128), (4096, 4096), (u32::MAX, 4096)] {
            assert_eq!(ring_size(wanted).map(Size::get), Ok(size));
        }
    }

    #[test]
    fn a_queue_that_is_woken_has_room_for_a_frame() -> Result {
        assert_eq!(wake_at(Size::new(4096).ok_or(EINVAL)?), 1024);
        assert_eq!(wake_at(Size::new(512).ok_or(EINVAL)?), 128);
        assert_eq!(
            wake_at(Size::new(64).ok_or(EINVAL)?),
            2 * FRAME_DESCRIPTORS
        );
        assert!(2 * FRAME_DESCRIPTORS < 63);
        Ok(())
    }

    #[test]
    fn each_segment_counts_with_its_headers() {
        assert_eq!(segmented_bytes(60, 54, 1), 60);
        // 54 + 2900 bytes in pieces of 1460.
        assert_eq!(segmented_bytes(2954, 54, 2), 3008);
    }

    #[test]
    fn a_checksum_is_described_by_where_it_starts_and_where_it_goes() {
        let offload = Offload::checksum(34, 16);

        assert_eq!(offload.layout, 34 << 16 | 16 << 25);
        assert_eq!(
            offload.command,
            TxDescCommand::zeroed().with_csum(true).into_raw()
        );
        assert_eq!(Offload::checksum(511, 127).layout, 0xffff_0000);
    }

    #[test]
    fn segmentation_is_described_by_mss_and_headers() {
        let csum = Offload::checksum(34, 16);
        let flags = TxDescCommand::zeroed()
            .with_csum(true)
            .with_tso(true)
            .into_raw();

        assert_eq!(csum.segments(1448, 66).layout, csum.layout);
        assert_eq!(
            csum.segments(1448, 66).command,
            66 << 18 | 1448 << 4 | flags
        );
        assert_eq!(
            csum.segments(16383, 1023).command,
            1023 << 18 | 16383 << 4 | flags
        );
    }

    #[test]
    fn a_checksum_is_good_only_if_the_device_has_looked_and_found_nothing() {
        let l3 = RxDescStatus::zeroed().with_l3_checked(true);
        let l4 = RxDescStatus::zeroed().with_l4_checked(true);
        let both = l4.with_l3_checked(true);

        assert_eq!(verdict(both), Verdict::Good);
        assert_eq!(verdict(l4), Verdict::Good);
        assert_eq!(verdict(l3), Verdict::Unknown);
        assert_eq!(verdict(RxDescStatus::zeroed()), Verdict::Unknown);
        assert_eq!(verdict(both.with_l4_bad(true)), Verdict::Bad);
        assert_eq!(verdict(l3.with_l3_bad(true)), Verdict::Bad);
    }
}
