// SPDX-License-Identifier: GPL-2.0

//! The transmit path, and what the poll does with frames that were sent.

use crate::{
    abstractions::{
        napi::Context,
        netdev::{
            Features,
            Handle, //
        },
        ops::{
            Burst,
            TxOutcome, //
        },
        pci::Doorbell,
        ring::Size,
        skb::{
            DropReason,
            SkBuff, //
        },
        tx_queue::TxQueue,
        tx_ring::{
            self,
            Account,
            BadHead,
            Piece,
            Progress,
            FRAME_DESCRIPTORS, //
        },
    },
    nic::Nic,
    regs::{
        TxDesc,
        TxDescCommand,
        TxDescLayout,
        MSS_MIN, //
    },
    stats::PairCounters,
};
use core::num::Wrapping;
use kernel::{
    dma::DmaAddress,
    num::Bounded,
    prelude::*, //
};

pub(crate) type Ring<'bound> = tx_ring::TxRing<'bound, TxDesc>;
pub(crate) type Sender<'bound> = tx_ring::Sender<'bound, TxDesc>;
pub(crate) type Cleaner<'bound> = tx_ring::Cleaner<'bound, TxDesc>;
pub(crate) type Watch<'bound> = tx_ring::Watch<'bound, TxDesc>;

impl tx_ring::Descriptor for TxDesc {
    #[inline]
    fn set_address(&mut self, addr: DmaAddress) {
        self.addr = addr.to_le();
    }

    #[inline]
    fn following(piece: &Piece) -> Self {
        Offload::NONE.describe(piece)
    }

    #[inline]
    fn request_interrupt(&mut self) {
        let interrupt = TxDescCommand::zeroed().with_interrupt(true);

        self.command |= interrupt.into_raw().to_le();
    }
}

/// A stopped queue is woken when so many descriptors are free.
pub(crate) const fn wake_at(size: Size) -> u32 {
    const LEAST: u32 = 2 * FRAME_DESCRIPTORS;
    let quarter = size.get() / 4;

    if quarter > LEAST {
        quarter
    } else {
        LEAST
    }
}

/// Bytes on the link of a frame that is cut into segments.
pub(crate) const fn segmented_bytes(length: u32, headers: u32, segments: u32) -> u32 {
    length.wrapping_add(segments.wrapping_sub(1).wrapping_mul(headers))
}

/// Fields of the first descriptor of a frame that say what to do with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Offload {
    pub(crate) layout: u32,
    pub(crate) command: u32,
}

impl Offload {
    pub(crate) const NONE: Self = Self {
        layout: 0,
        command: 0,
    };

    /// Has the device fill in a checksum.
    #[inline]
    pub(crate) fn checksum(start: u32, offset: u32) -> Self {
        let layout = TxDescLayout::zeroed()
            .with_csum_start(Bounded::from_expr(start & 0x1ff))
            .with_csum_offset(Bounded::from_expr(offset & 0x7f));

        Self {
            layout: layout.into_raw(),
            command: TxDescCommand::zeroed().with_csum(true).into_raw(),
        }
    }

    /// Has the device cut the frame into segments, too.
    #[inline]
    pub(crate) fn segments(self, mss: u32, headers: u32) -> Self {
        let command = TxDescCommand::from(self.command)
            .with_tso(true)
            .with_mss(Bounded::from_expr(mss & 0x3fff))
            .with_header(Bounded::from_expr(headers & 0x3ff));

        Self {
            command: command.into_raw(),
            ..self
        }
    }

    /// Returns what a frame needs, and what it counts as.
    ///
    /// `features_check` has left to the stack what does not fit.
    #[inline]
    fn of(skb: &SkBuff) -> (Self, Account) {
        let plain = Account {
            packets: 1,
            bytes: skb.len(),
        };
        let Some(checksum) = skb.checksum() else {
            return (Self::NONE, plain);
        };
        let offload = Self::checksum(checksum.start, checksum.offset);

        match skb.segmentation() {
            None => (offload, plain),
            Some(tso) => (
                offload.segments(tso.mss, tso.headers),
                Account {
                    // CAST: There are no more than 1024.
                    packets: tso.segments as u16,
                    bytes: segmented_bytes(skb.len(), tso.headers, tso.segments),
                },
            ),
        }
    }

    /// Returns the descriptor of a frame's first piece, without its address.
    #[inline]
    pub(crate) fn describe(self, piece: &Piece) -> TxDesc {
        let layout = TxDescLayout::zeroed().with_length(Bounded::from_expr(piece.len & 0xffff));
        let command = TxDescCommand::zeroed().with_eop(piece.last);

        TxDesc {
            addr: 0,
            layout: (layout.into_raw() | self.layout).to_le(),
            command: (command.into_raw() | self.command).to_le(),
        }
    }
}

/// Returns what of `features` the device can do for a frame.
pub(crate) fn features_check(skb: &SkBuff, features: Features) -> Features {
    const LARGEST_HEADER: u32 = 1023;
    const LARGEST_START: u32 = 511;
    const LARGEST_OFFSET: u32 = 127;
    const IPV6_HEADER: u32 = 40;

    let features = skb.vlan_features(features);
    let Some(checksum) = skb.checksum() else {
        return features;
    };
    if checksum.start > LARGEST_START || checksum.offset > LARGEST_OFFSET {
        return features.without(Features::ANY_CSUM.and(Features::GSO));
    }
    match skb.segmentation() {
        Some(tso)
            if tso.mss < MSS_MIN
                || tso.headers > LARGEST_HEADER
                || tso.ipv6 && skb.network_header_len() != IPV6_HEADER =>
        {
            features.without(Features::GSO)
        }
        _ => features,
    }
}

/// The transmit path's own state of a queue.
pub(crate) struct Tx<'a, 'bound> {
    ring: Sender<'bound>,
    queue: TxQueue<'a>,
    doorbell: Doorbell<'a>,
    counters: &'a PairCounters,
    wake: u32,
}

impl<'a, 'bound> Tx<'a, 'bound> {
    pub(crate) fn new(
        ring: Sender<'bound>,
        queue: TxQueue<'a>,
        doorbell: Doorbell<'a>,
        counters: &'a PairCounters,
    ) -> Self {
        Self {
            wake: wake_at(ring.size()),
            ring,
            queue,
            doorbell,
            counters,
        }
    }

    /// Gives the ring's end back.
    pub(crate) fn into_ring(self) -> Sender<'bound> {
        self.ring
    }

    #[cold]
    fn refuse(&mut self, skb: SkBuff) -> TxOutcome {
        self.queue.stop();
        self.counters.tx_busy.add(1);
        TxOutcome::Busy(skb)
    }

    #[cold]
    fn drop_unmapped(&mut self, skb: SkBuff, burst: Burst<'_>) -> TxOutcome {
        self.counters.tx_map_failed.add(1);
        // The frames queued before it still wait for the doorbell.
        if !burst.goes_on() {
            self.ring.ring(&self.doorbell);
        }
        TxOutcome::Dropped(skb.free(DropReason::NoMem))
    }

    #[cold]
    fn stop(&mut self) {
        let (ring, wake) = (&mut self.ring, self.wake);

        if self.queue.stop_unless(|| ring.has_room(wake)) {
            self.counters.tx_stopped.add(1);
        }
    }

    #[inline]
    pub(crate) fn start_xmit(&mut self, skb: SkBuff, burst: Burst<'_>) -> TxOutcome {
        let Some(room) = self.ring.room() else {
            return self.refuse(skb);
        };
        let (offload, account) = Offload::of(&skb);

        match room.push(skb, account, |piece| offload.describe(piece)) {
            Ok(pushed) => {
                if !pushed.ready {
                    self.stop();
                }
                if self.queue.sent(pushed.bytes, burst.goes_on()) {
                    self.ring.ring(&self.doorbell);
                }
                TxOutcome::Queued(pushed.queued)
            }
            Err(skb) => self.drop_unmapped(skb, burst),
        }
    }
}

/// What the poll owns of a transmit queue.
pub(crate) struct Done<'bound> {
    ring: Cleaner<'bound>,
    /// Errors that the device has written back, as of the last poll.
    errors: Wrapping<u32>,
    wake: u32,
    number: usize,
}

impl<'bound> Done<'bound> {
    pub(crate) fn new(ring: Cleaner<'bound>, number: usize) -> Self {
        Self {
            errors: Wrapping(0),
            wake: wake_at(ring.size()),
            ring,
            number,
        }
    }

    /// Gives the ring's end back.
    pub(crate) fn into_ring(self) -> Cleaner<'bound> {
        self.ring
    }

    /// Takes back what the device has sent, and has a stopped queue go on.
    ///
    /// # Errors
    ///
    /// If the device claims to have sent what it was not given.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        dev: Handle<'_, Nic<'bound>>,
        counters: &PairCounters,
        napi: Context<'_>,
    ) -> Result<(), BadHead> {
        let progress = self.ring.progress();

        if !self.ring.has_work(progress) {
            return Ok(());
        }
        self.complete(progress, dev, counters, napi)
    }

    /// Does that when there is something to take back.
    // A function of its own, for the loop in it needs all registers.
    #[inline(never)]
    fn complete(
        &mut self,
        progress: Progress,
        dev: Handle<'_, Nic<'bound>>,
        counters: &PairCounters,
        napi: Context<'_>,
    ) -> Result<(), BadHead> {
        let mut packets = Wrapping(0);
        let mut bytes = Wrapping(0);

        self.ring.clean(progress, |skb, account| {
            packets += u32::from(account.packets);
            bytes += account.bytes;
            napi.consume(skb);
        })?;

        let errors = Wrapping(progress.errors) - self.errors;
        self.errors = Wrapping(progress.errors);
        counters.tx_packets.add((packets - errors).0);
        counters.tx_bytes.add(bytes.0);
        counters.tx_errors.add(errors.0);

        if let Some(queue) = TxQueue::new(dev, self.number) {
            // Has the barrier that pairs with the one in `Tx::stop()`.
            queue.completed_mb(packets.0, bytes.0);
            if self.ring.unused() >= self.wake {
                queue.wake();
            }
        }
        Ok(())
    }
}
