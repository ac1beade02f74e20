// SPDX-License-Identifier: GPL-2.0

//! The transmit ring: the transmit path on one end, the poll on the other.

use crate::{
    abstractions::{
        dma::{
            DescRing,
            Lent,
            Mapped,
            Quiesced,
            ToDevice, //
        },
        irq::Handler,
        napi::{
            Context,
            Poll, //
        },
        net::{
            Device,
            TxOutcome, //
        },
        skb::{
            DropReason,
            SkBuff, //
        },
        spsc, //
    },
    hw::Regs,
    nic::{
        Nic,
        TX_RING, //
    },
    regs::{
        TxDesc,
        TxDescStatus, //
    },
};
use core::num::Wrapping;
use kernel::{
    io::{
        io_read,
        io_write, //
    },
    irq::IrqReturn,
    prelude::*,
    sync::{
        barrier::{
            smp_mb,
            Full, //
        },
        Arc, //
    }, //
};

/// A stopped queue is woken when this many descriptors are free.
const WAKE: u32 = 64;

const MASK: u32 = TX_RING as u32 - 1;

type Frame<'bound> = Mapped<'bound, ToDevice>;
type Shared<'bound> = Lent<TxRing<'bound>>;

/// The transmit ring. Entry N of `frames` is the frame of descriptor N; it is there from when the
/// descriptor is written until the device is done with it.
pub(crate) struct TxRing<'bound> {
    desc: DescRing<TxDesc, TX_RING>,
    frames: spsc::Ring<Frame<'bound>, TX_RING>,
}

impl TxRing<'_> {
    /// Returns the bus address of the descriptors.
    pub(crate) fn dma_address(&self) -> kernel::dma::DmaAddress {
        self.desc.dma_address()
    }

    /// Writes the descriptor of a frame.
    #[inline]
    fn give(&self, slot: u32, frame: &Frame<'_>) {
        let slot = (slot & MASK) as usize;
        let desc = self.desc.view();
        let status = TxDescStatus::zeroed().with_interrupt(true);

        io_write!(desc, [build: slot].addr, frame.dma_address().to_le());
        io_write!(desc, [build: slot].length, frame.len().to_le());
        io_write!(desc, [build: slot].status, status.into_raw().to_le());
    }

    #[inline]
    fn status(&self, slot: u32) -> TxDescStatus {
        let desc = self.desc.view();

        TxDescStatus::from(u32::from_le(
            io_read!(desc, [build: (slot & MASK) as usize].status),
        ))
    }
}

/// Allocates a ring and makes its two ends.
pub(crate) fn new_ring<'bound>(
    dev: &Device<Nic<'bound>>,
) -> Result<(TxSend<'bound>, TxDone<'bound>)> {
    let ring = TxRing {
        desc: DescRing::new(dev.pdev.as_ref())?,
        frames: spsc::Ring::new()?,
    };
    let ring = Arc::new(Lent::new(ring), GFP_KERNEL)?;
    let (send, done) = spsc::Ring::split(ring, |ring| &ring.frames)?;

    Ok((TxSend(send), TxDone(done)))
}

/// The transmit path's end. The lock of the queue makes sure that one CPU at a time has it.
pub(crate) struct TxSend<'bound>(spsc::Producer<Shared<'bound>, Frame<'bound>, TX_RING>);

impl<'bound> TxSend<'bound> {
    /// Calls `tell`, which tells the device where the ring is.
    pub(crate) fn lend<R>(&self, tell: impl FnOnce(&TxRing<'bound>) -> R) -> R {
        self.0.owner().lend(tell)
    }

    /// Takes the ring back from the device.
    pub(crate) fn take_back(&self, stopped: &Quiesced) {
        self.0.owner().take_back(stopped);
    }

    #[inline]
    fn doorbell(&self, nic: &Nic<'_>) {
        nic.regs.tx_doorbell(self.0.index());
    }

    /// Stops the queue when the ring is full. `true`: it is, and stays so.
    #[inline]
    fn maybe_stop(&self, dev: &Device<Nic<'_>>) -> bool {
        if self.0.unused() != 0 {
            return false;
        }
        dev.tx_queue().stop();
        // Pairs with the barrier in `TxDone::clean()`: either the poll sees the queue stopped, or
        // this sees the descriptors it has freed.
        smp_mb(Full);
        if self.0.unused() < WAKE {
            return true;
        }
        dev.tx_queue().start();
        false
    }

    pub(crate) fn start_xmit(
        &mut self,
        dev: &Device<Nic<'bound>>,
        skb: SkBuff,
        more: bool,
    ) -> TxOutcome {
        let counters = &dev.counters.tx;

        if self.0.unused() == 0 {
            dev.tx_queue().stop();
            counters.busy.add(1);
            return TxOutcome::Busy(skb);
        }

        let frame = match Frame::for_sending(dev.pdev.as_ref(), skb) {
            Ok(frame) => frame,
            Err(skb) => {
                counters.map_failed.add(1);
                skb.free(DropReason::NoMem);
                // The frames queued before it still wait for the doorbell.
                if !more {
                    self.doorbell(dev);
                }
                return TxOutcome::Taken;
            }
        };

        let length = frame.len();
        self.0.owner().give(self.0.index(), &frame);
        if let Err(frame) = self.0.push(frame) {
            // Not reached: there was room, and only the poll has changed the ring, by making more.
            frame.unmap().free(DropReason::DevReady);
            return TxOutcome::Taken;
        }

        if self.maybe_stop(dev) {
            counters.stopped.add(1);
        }
        if dev.tx_queue().sent(length, more) {
            self.doorbell(dev);
        }
        TxOutcome::Taken
    }
}

/// What one poll has completed.
#[derive(Default)]
struct Tally {
    packets: Wrapping<u32>,
    bytes: Wrapping<u32>,
    errors: Wrapping<u32>,
    error_bytes: Wrapping<u32>,
}

/// The poll's end.
pub(crate) struct TxDone<'bound>(spsc::Consumer<Shared<'bound>, Frame<'bound>, TX_RING>);

impl<'bound> TxDone<'bound> {
    /// Frees the frames that the device had not sent when it was stopped.
    pub(crate) fn purge(mut self, _stopped: &Quiesced) {
        while let Some(frame) = self.0.pop() {
            frame.unmap().free(DropReason::QueuePurge);
        }
    }

    #[inline]
    fn complete(&mut self, napi: &Context<'_>, status: TxDescStatus, tally: &mut Tally) {
        let Some(frame) = self.0.pop() else { return };
        let bytes = frame.len();
        let skb = frame.unmap();

        tally.packets += 1;
        tally.bytes += bytes;
        if status.error() {
            tally.errors += 1;
            tally.error_bytes += bytes;
            skb.free(DropReason::DevReady);
        } else {
            napi.consume(skb);
        }
    }

    /// Takes back up to `limit` descriptors that the device is done with.
    fn clean(&mut self, dev: &Device<Nic<'bound>>, napi: &Context<'_>, limit: u32) -> u32 {
        let mut tally = Tally::default();

        while tally.packets.0 < limit {
            let Some(slot) = self.0.index() else { break };
            let status = self.0.owner().status(slot);

            if !status.done() {
                break;
            }
            self.complete(napi, status, &mut tally);
        }

        if tally.packets.0 != 0 {
            let counters = &dev.counters.tx;

            counters.packets.add((tally.packets - tally.errors).0);
            counters.bytes.add((tally.bytes - tally.error_bytes).0);
            counters.errors.add(tally.errors.0);
            self.wake(dev, &tally);
        }
        tally.packets.0
    }

    fn wake(&self, dev: &Device<Nic<'bound>>, tally: &Tally) {
        let queue = dev.tx_queue();

        // Has the barrier that pairs with the one in `TxSend::maybe_stop()`.
        queue.completed_mb(tally.packets.0, tally.bytes.0);
        if self.0.unused() >= WAKE && queue.is_stopped() {
            queue.wake();
        }
    }
}

impl<'bound> Poll for TxDone<'bound> {
    type Driver = Nic<'bound>;
    const TX: bool = true;

    fn poll(&mut self, dev: &Device<Nic<'bound>>, napi: &Context<'_>) -> u32 {
        // Without a budget this is netpoll, which wants everything that is done.
        let limit = match napi.budget() {
            0 => TX_RING as u32,
            budget => budget,
        };

        self.clean(dev, napi, limit)
    }

    fn rearm(dev: &Device<Nic<'bound>>) {
        dev.regs.enable_vectors(Regs::TX);
    }
}

/// The interrupt of the transmit queue.
pub(crate) struct TxIrq;

impl<'bound> Handler<Nic<'bound>> for TxIrq {
    fn handle(dev: &Device<Nic<'bound>>) -> IrqReturn {
        dev.counters.tx.interrupts.add(1);
        dev.tx_napi.schedule();
        IrqReturn::Handled
    }
}
