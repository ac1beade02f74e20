// SPDX-License-Identifier: GPL-2.0

//! Receiving: buffers that the device has filled become frames.

use crate::{
    abstractions::{
        napi::Context,
        netdev::{
            Features,
            Handle, //
        },
        page_pool::BuildError,
        pci::Doorbell,
        rx_ring,
        skb::{
            DropReason,
            RxFrame, //
        },
    },
    nic::Nic,
    regs::{
        RxDesc,
        RxDescStatus,
        FRAME_MIN, //
    },
    stats::PairCounters,
};
use core::{
    mem::offset_of,
    num::Wrapping, //
};
use kernel::dma::DmaAddress;

/// So many slots must be empty before they are filled.
const REFILL: u32 = 16;

const HASH_OF_PORTS: u32 = 2;

pub(crate) type Ring<'bound> = rx_ring::RxRing<'bound, RxDesc>;
pub(crate) type Lent<'bound> = rx_ring::RxQueue<'bound, RxDesc, Nic<'bound>>;
pub(crate) type Watch = rx_ring::Watch<RxDesc>;

impl rx_ring::Descriptor for RxDesc {
    const STATUS: usize = offset_of!(RxDesc, status);

    #[inline]
    fn empty(addr: DmaAddress) -> Self {
        Self {
            addr: addr.to_le(),
            hash: 0,
            status: 0,
        }
    }

    #[inline]
    fn is_done(status: u32) -> bool {
        RxDescStatus::from(status).done()
    }
}

/// The frame that the next buffer belongs to.
enum Partial {
    /// It begins one.
    None,
    /// It continues this one.
    Frame(RxFrame),
    /// It is dropped, as are all up to the end of the frame.
    Skip,
}

/// What one poll has counted.
#[derive(Default)]
struct Tally {
    packets: Wrapping<u32>,
    bytes: Wrapping<u32>,
    errors: Wrapping<u32>,
    length_errors: Wrapping<u32>,
    csum_errors: Wrapping<u32>,
    alloc_failed: Wrapping<u32>,
}

impl Tally {
    #[inline]
    fn post(&self, counters: &PairCounters) {
        counters.rx_packets.add(self.packets.0);
        counters.rx_bytes.add(self.bytes.0);
        counters.rx_errors.add(self.errors.0);
        counters.rx_length_errors.add(self.length_errors.0);
        counters.rx_csum_errors.add(self.csum_errors.0);
        counters.rx_alloc_failed.add(self.alloc_failed.0);
    }
}

/// The receiving half of a queue pair while the device has its ring.
pub(crate) struct Queue<'bound> {
    ring: Lent<'bound>,
    partial: Partial,
    number: u16,
}

impl<'bound> Queue<'bound> {
    pub(crate) fn new(ring: Lent<'bound>, number: u16) -> Self {
        Self {
            ring,
            partial: Partial::None,
            number,
        }
    }

    /// Gives the ring back. A frame that was not finished is lost.
    pub(crate) fn into_ring(self, counters: &PairCounters) -> Lent<'bound> {
        if matches!(self.partial, Partial::Frame(_)) {
            counters.rx_errors.add(1);
        }
        discard(self.partial, DropReason::DevReady);
        self.ring
    }

    /// Gives the device the buffers of a ring that it has just got.
    pub(crate) fn ring(&self, doorbell: &Doorbell<'_>) {
        self.ring.ring(doorbell);
    }

    pub(crate) fn watch(&self) -> Watch {
        self.ring.watch()
    }

    /// Receives up to `budget` frames, and returns how many.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        dev: Handle<'_, Nic<'bound>>,
        counters: &PairCounters,
        napi: Context<'_>,
    ) -> u32 {
        let features = dev.features();
        let taken = self.ring.taken();
        let tally = &mut Tally::default();
        let mut done = 0;

        while done < napi.budget() {
            let Some(buffer) = self.ring.next() else {
                break;
            };
            let status = RxDescStatus::from(buffer.status());

            if status.eop() & !status.error() && matches!(self.partial, Partial::None) {
                // The frame that most frames are: one buffer.
                let hash = buffer.word::<{ offset_of!(RxDesc, hash) }>();

                match buffer.build(napi, status.length().get()) {
                    Ok(frame) => {
                        deliver(frame, status, hash, self.number, features, napi, tally);
                    }
                    Err(err) => count(err, tally),
                }
            } else if !Self::continue_frame(
                &mut self.partial,
                buffer,
                self.number,
                features,
                napi,
                tally,
            ) {
                continue;
            }
            done = done.wrapping_add(1);
        }

        if self.ring.empty() >= REFILL {
            self.refill(dev, tally);
        } else if self.ring.taken() == taken {
            // Nothing has come.
            return 0;
        }
        self.ring.publish();
        tally.post(counters);
        done
    }

    #[inline]
    fn refill(&mut self, dev: Handle<'_, Nic<'bound>>, tally: &mut Tally) {
        let filled = match dev.regs.rx_doorbell(self.number.into()) {
            Ok(doorbell) => self.ring.refill(&doorbell),
            Err(_) => false,
        };

        if !filled {
            tally.alloc_failed += 1;
        }
    }

    /// Deals with a buffer of a frame that has several, or is wrong. Returns whether the frame ends with
    /// it.
    #[cold]
    fn continue_frame(
        partial: &mut Partial,
        buffer: rx_ring::Completion<'_, '_, RxDesc>,
        number: u16,
        features: Features,
        napi: Context<'_>,
        tally: &mut Tally,
    ) -> bool {
        let status = RxDescStatus::from(buffer.status());
        let length = status.length().get();
        let hash = buffer.word::<{ offset_of!(RxDesc, hash) }>();
        let last = status.eop();
        let before = core::mem::replace(partial, Partial::Skip);

        let now = if status.error() {
            if !matches!(before, Partial::Skip) {
                tally.errors += 1;
            }
            discard(before, DropReason::DevReady);
            Partial::Skip
        } else if !fills(length, last, buffer.capacity()) {
            if !matches!(before, Partial::Skip) {
                tally.length_errors += 1;
            }
            discard(before, DropReason::DevHdr);
            Partial::Skip
        } else {
            match before {
                Partial::Skip => Partial::Skip,
                Partial::None => match buffer.build(napi, length) {
                    Ok(frame) => Partial::Frame(frame),
                    Err(err) => {
                        count(err, tally);
                        Partial::Skip
                    }
                },
                Partial::Frame(mut frame) => {
                    if buffer.append(&mut frame, length) {
                        Partial::Frame(frame)
                    } else {
                        tally.length_errors += 1;
                        frame.free(DropReason::DevHdr);
                        Partial::Skip
                    }
                }
            }
        };

        match (last, now) {
            (false, now) => *partial = now,
            (true, Partial::Frame(frame)) => {
                *partial = Partial::None;
                deliver(frame, status, hash, number, features, napi, tally);
            }
            (true, _) => *partial = Partial::None,
        }
        last
    }
}

/// Is a buffer as full as it must be? All of a frame but the last are filled.
#[inline]
pub(crate) fn fills(length: u32, last: bool, capacity: u32) -> bool {
    last || length == capacity
}

/// Has the device found the checksum of TCP or UDP right, and none wrong?
#[inline]
pub(crate) fn checksum_is_good(status: RxDescStatus) -> bool {
    status.l4_checked() & !checksum_is_bad(status)
}

/// Has the device found a checksum wrong?
#[inline]
pub(crate) fn checksum_is_bad(status: RxDescStatus) -> bool {
    status.l4_bad() | status.l3_bad()
}

/// Counts why there is no frame.
#[cold]
fn count(err: BuildError, tally: &mut Tally) {
    match err {
        BuildError::Length => tally.length_errors += 1,
        BuildError::NoMem => tally.alloc_failed += 1,
    }
}

/// Drops what there is of a frame that turned out to be wrong.
fn discard(partial: Partial, reason: DropReason) {
    if let Partial::Frame(frame) = partial {
        frame.free(reason);
    }
}

/// Passes a frame to the stack, with what the device has said about it.
#[inline]
fn deliver(
    mut frame: RxFrame,
    status: RxDescStatus,
    hash: u32,
    number: u16,
    features: Features,
    napi: Context<'_>,
    tally: &mut Tally,
) {
    let hash_type = status.hash_type().get();

    tally.packets += 1;
    tally.bytes += frame.len();
    if hash_type != 0 && features.has(Features::RXHASH) {
        frame.set_hash(hash, hash_type == HASH_OF_PORTS);
    }
    if features.has(Features::RXCSUM) {
        if checksum_is_good(status) {
            frame.set_checksum_verified();
        } else if checksum_is_bad(status) {
            tally.csum_errors += 1;
        }
    }
    frame.record_rx_queue(number);
    napi.gro_receive(frame);
}

// The smallest frame has an Ethernet header, which is what `build` makes sure of.
const _: () = assert!(FRAME_MIN == 14);
