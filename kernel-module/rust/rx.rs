// SPDX-License-Identifier: GPL-2.0

//! The receive ring and its poll.

use crate::{
    abstractions::{
        dma::{
            DescRing,
            FromDevice,
            Lent,
            Mapped, //
        },
        irq::Handler,
        napi::{
            Context,
            Poll, //
        },
        net,
        skb::{
            DropReason,
            SkBuff, //
        },
    },
    hw::Regs,
    nic::{
        Nic,
        RX_RING, //
    },
    regs::{
        RxDesc,
        RxDescStatus,
        FRAME_MIN, //
    },
};
use core::num::Wrapping;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    io::{
        io_read,
        io_write, //
    },
    irq::IrqReturn,
    prelude::*,
    sync::barrier::{
        dma_mb,
        Read, //
    }, //
};

/// Size of a receive buffer.
pub(crate) const BUFFER_SIZE: u32 = 2048;

const MASK: u32 = RX_RING as u32 - 1;

type Buffer<'bound> = Mapped<'bound, FromDevice>;

/// The receive ring.
///
/// Every slot has a buffer at all times. The device owns all slots but the one before `next`, since
/// a ring with all slots given looks like an empty one.
pub(crate) struct RxRing<'bound> {
    desc: DescRing<RxDesc, RX_RING>,
    buffers: KVec<Option<Buffer<'bound>>>,
    /// The slot that is filled next.
    next: u32,
}

impl<'bound> RxRing<'bound> {
    /// Allocates the ring and all buffers.
    pub(crate) fn new(dev: &net::Device<Nic<'bound>>) -> Result<Self> {
        let mut ring = Self {
            desc: DescRing::new(dev.pdev.as_ref())?,
            buffers: KVec::with_capacity(RX_RING, GFP_KERNEL)?,
            next: 0,
        };

        for slot in 0..RX_RING as u32 {
            let buffer = map(dev.pdev.as_ref(), dev.alloc_skb(BUFFER_SIZE)?).ok_or(ENOMEM)?;

            ring.give(slot, buffer.dma_address());
            ring.buffers.push(Some(buffer), GFP_KERNEL)?;
        }
        Ok(ring)
    }

    /// Returns the bus address of the descriptors.
    pub(crate) fn dma_address(&self) -> DmaAddress {
        self.desc.dma_address()
    }

    /// Prepares the descriptor of a slot for its buffer.
    #[inline]
    fn give(&self, slot: u32, buffer: DmaAddress) {
        let desc = self.desc.view();

        io_write!(desc, [build: (slot & MASK) as usize].addr, buffer.to_le());
        io_write!(desc, [build: (slot & MASK) as usize].length, 0);
        io_write!(desc, [build: (slot & MASK) as usize].status, 0);
    }

    /// Returns the next slot's status and length, if the device has filled it.
    #[inline]
    fn filled(&self) -> Option<(RxDescStatus, u32)> {
        let slot = (self.next & MASK) as usize;
        let desc = self.desc.view();
        let status = RxDescStatus::from(u32::from_le(io_read!(desc, [build: slot].status)));

        if !status.done() {
            return None;
        }
        // Nothing else of the slot may be read before its status.
        dma_mb(Read);
        Some((status, u32::from_le(io_read!(desc, [build: slot].length))))
    }

    /// Passes the filled buffer to the stack and puts a new one in its place.
    ///
    /// Returns false if there was no new one: then the filled one stays where it is.
    #[inline]
    fn deliver(&mut self, dev: &'bound Device<Bound>, napi: &Context<'_>, length: u32) -> bool {
        let Some(place) = self.buffers.get_mut((self.next & MASK) as usize) else {
            return false;
        };
        let Some(new) = napi.alloc_skb(BUFFER_SIZE).and_then(|skb| map(dev, skb)) else {
            return false;
        };

        if let Some(filled) = place.replace(new) {
            napi.gro_receive(filled.unmap_filled(length));
        }
        true
    }

    /// Gives the next slot back to the device, with the buffer that is in it now.
    #[inline]
    fn advance(&mut self) {
        if let Some(Some(buffer)) = self.buffers.get((self.next & MASK) as usize) {
            self.give(self.next, buffer.dma_address());
        }
        self.next = self.next.wrapping_add(1);
    }
}

impl Drop for RxRing<'_> {
    fn drop(&mut self) {
        for buffer in self.buffers.iter_mut().filter_map(Option::take) {
            buffer.unmap().free(DropReason::QueuePurge);
        }
    }
}

/// Maps an empty buffer, or frees it.
#[inline]
fn map(dev: &Device<Bound>, skb: SkBuff) -> Option<Buffer<'_>> {
    Mapped::for_receiving(dev, skb, BUFFER_SIZE)
        .map_err(|skb| skb.free(DropReason::NoMem))
        .ok()
}

/// What one poll has counted.
#[derive(Default)]
struct Tally {
    packets: Wrapping<u32>,
    bytes: Wrapping<u32>,
    errors: Wrapping<u32>,
    length_errors: Wrapping<u32>,
    alloc_failed: Wrapping<u32>,
}

/// The receive ring while the device has it; owned by the poll.
pub(crate) struct RxQueue<'bound>(pub(crate) Lent<RxRing<'bound>>);

impl<'bound> Poll for RxQueue<'bound> {
    type Driver = Nic<'bound>;

    fn poll(&mut self, dev: &net::Device<Nic<'bound>>, napi: &Context<'_>) -> u32 {
        let ring = &mut *self.0;
        let mut tally = Tally::default();
        let mut done = Wrapping(0);

        while done.0 < napi.budget() {
            let Some((status, length)) = ring.filled() else {
                break;
            };

            if status.error() {
                tally.errors += 1;
            } else if !(FRAME_MIN..=BUFFER_SIZE).contains(&length) {
                tally.length_errors += 1;
            } else if ring.deliver(dev.pdev.as_ref(), napi, length) {
                tally.packets += 1;
                tally.bytes += length;
            } else {
                tally.alloc_failed += 1;
            }
            ring.advance();
            done += 1;
        }

        if done.0 != 0 {
            // All slots but one are given; the write to the register comes after those to memory.
            dev.regs.rx_doorbell(ring.next.wrapping_sub(1));
            count(dev, &tally);
        }
        done.0
    }

    fn rearm(dev: &net::Device<Nic<'bound>>) {
        dev.regs.enable_vectors(Regs::RX);
    }
}

fn count(nic: &Nic<'_>, tally: &Tally) {
    let counters = &nic.counters.rx;

    counters.packets.add(tally.packets.0);
    counters.bytes.add(tally.bytes.0);
    if (tally.errors | tally.length_errors | tally.alloc_failed).0 != 0 {
        counters.errors.add(tally.errors.0);
        counters.length_errors.add(tally.length_errors.0);
        counters.alloc_failed.add(tally.alloc_failed.0);
    }
}

/// The interrupt of the receive queue.
pub(crate) struct RxIrq;

impl<'bound> Handler<Nic<'bound>> for RxIrq {
    fn handle(dev: &net::Device<Nic<'bound>>) -> IrqReturn {
        dev.counters.rx.interrupts.add(1);
        dev.rx_napi.schedule();
        IrqReturn::Handled
    }
}
