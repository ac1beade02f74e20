// SPDX-License-Identifier: GPL-2.0

//! The registers: identity, reset, station address, filters, interrupts, start and stop of queues.

use crate::{
    abstractions::{
        dma::{
            CopyEngine,
            Queues,
            Quiesced, //
        },
        ethtool::Rss,
        netdev::{
            Address,
            RxMode, //
        },
        pci::{
            Doorbell,
            Enabled, //
        },
        rx_ring,
        tx_ring, //
    },
    regs,
};
use core::ops::Deref;
use kernel::{
    device::Bound,
    dma::DmaAddress,
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    num::Bounded,
    pci,
    prelude::*,
    time::Delta, //
};

const POLL: Delta = Delta::from_micros(50);
const DEADLINE: Delta = Delta::from_millis(100);

/// What a device that has gone reads as.
const GONE: u32 = u32::MAX;

type Bar<'bound> = pci::Bar<'bound, { regs::BAR_REGS_SIZE }>;

/// The register file of a device.
pub(crate) struct Regs<'bound>(Bar<'bound>);

impl<'bound> Deref for Regs<'bound> {
    type Target = Bar<'bound>;

    #[inline]
    fn deref(&self) -> &Bar<'bound> {
        &self.0
    }
}

/// Some of the interrupt vectors, as a mask.
pub(crate) type Vectors = Bounded<u32, 9>;

/// The vector of link changes and errors.
pub(crate) const MGMT: Vectors = Vectors::new::<{ 1 << regs::VECTOR_MGMT }>();
/// All vectors of queue pairs.
const PAIRS: Vectors = Vectors::new::<{ ((1 << regs::VECTORS) - 1) & !(1 << regs::VECTOR_MGMT) }>();
/// All of the vectors.
const ALL: Vectors = Vectors::new::<{ (1 << regs::VECTORS) - 1 }>();

/// Returns the number of the vector of a queue pair.
pub(crate) const fn vector_of(pair: usize) -> u32 {
    // CAST: There are few pairs.
    1 + pair as u32
}

/// Returns the vector with a number, as a mask.
#[inline]
pub(crate) fn vector(number: u32) -> Vectors {
    Vectors::from_expr((1 << (number & 0xf)) & 0x1ff)
}

/// Returns the location of a register of queue `$queue`.
macro_rules! of_queue {
    ($register:ident, $queue:expr) => {
        <regs::$register as kernel::io::register::Array>::try_at($queue).ok_or(EINVAL)?
    };
}

impl<'bound> Regs<'bound> {
    /// Maps the registers.
    pub(crate) fn map(pdev: &'bound pci::Device<Bound>) -> Result<Self> {
        Ok(Self(pdev.iomap_region_sized(regs::BAR_REGS, crate::NAME)?))
    }

    /// Makes sure that this is a Ferronic.
    pub(crate) fn identify(&self, pdev: &pci::Device<Bound>) -> Result {
        let id = self.read(regs::ID);

        if id.magic().get() != regs::MAGIC {
            dev_err!(pdev, "not a Ferronic (ID {:#010x})\n", id.into_raw());
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Returns the state of the device, or [`ENODEV`] if it does not answer.
    pub(crate) fn status(&self) -> Result<regs::STATUS> {
        match self.read(regs::STATUS) {
            gone if gone.into_raw() == GONE => Err(ENODEV),
            status => Ok(status),
        }
    }

    /// Waits until the device has come out of reset.
    pub(crate) fn wait_ready(&self) -> Result {
        read_poll_timeout(|| self.status(), |status| status.ready(), POLL, DEADLINE)?;
        Ok(())
    }

    /// Returns what DMA the device does, or [`ENODEV`] if it does not answer.
    pub(crate) fn dma_status(&self) -> Result<regs::DMA_STATUS> {
        match self.read(regs::DMA_STATUS) {
            gone if gone.into_raw() == GONE => Err(ENODEV),
            status => Ok(status),
        }
    }

    /// Waits until no queue does DMA.
    fn wait_stopped(&self) -> Result<Quiesced<Queues>> {
        Quiesced::wait(
            || {
                self.dma_status()
                    .map(|status| status.rx_active().get() != 0 || status.tx_active().get() != 0)
            },
            POLL,
            DEADLINE,
        )
    }

    /// Waits until the copy engine does no DMA.
    pub(crate) fn wait_copied(&self) -> Result<Quiesced<CopyEngine>> {
        Quiesced::wait(
            || self.dma_status().map(|status| status.active()),
            POLL,
            DEADLINE,
        )
    }

    /// Disables the vectors and all queues.
    fn disable_queues(&self) -> Result {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(PAIRS));
        for queue in 0..regs::QUEUES {
            self.write(of_queue!(RX_CTRL, queue), regs::RX_CTRL::zeroed());
            self.write(of_queue!(TX_CTRL, queue), regs::TX_CTRL::zeroed());
        }
        Ok(())
    }

    /// Stops all queues. On return the device has no access to rings and their buffers: it has said
    /// so, or it was reset, or it was taken off the bus.
    pub(crate) fn stop_queues(&self, pdev: &pci::Device<Bound>, bus: &Enabled<'_>) -> Quiesced {
        self.disable_queues()
            .and_then(|()| self.wait_stopped())
            .unwrap_or_else(|err| force(err, pdev, bus))
    }

    /// Resets the device and waits until it is ready. Whatever it was doing has ended then.
    pub(crate) fn reset(&self, pdev: &pci::Device<Bound>, bus: &Enabled<'_>) -> Result {
        self.status()?;
        bus.set_master();
        self.try_reset(pdev, bus)
            .inspect_err(|_| dev_err!(pdev, "device did not become ready after reset\n"))
    }

    fn try_reset(&self, pdev: &pci::Device<Bound>, bus: &Enabled<'_>) -> Result {
        self.wait_ready()?;
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(ALL));
        if self.dma_status()?.active() {
            self.write_reg(regs::DMA_CTRL::zeroed().with_stop(true));
        }

        let stopped = self
            .disable_queues()
            .and_then(|()| self.wait_stopped())
            .and_then(|_queues| self.wait_copied());
        match stopped {
            Ok(_copies) => self.write_reg(regs::CTRL::zeroed().with_reset(true)),
            Err(ENODEV) => return Err(ENODEV),
            Err(_) => {
                dev_err!(pdev, "device does not get inactive\n");
                let _stopped = bus.function_level_reset::<CopyEngine>()?;
            }
        }
        self.wait_ready()
    }

    /// Returns the station address.
    pub(crate) fn address(&self) -> Address {
        let [a, b, c, d] = self.read(regs::MAC_LO).bytes().get().to_le_bytes();
        let [e, f, ..] = self.read(regs::MAC_HI).bytes().get().to_le_bytes();

        [a, b, c, d, e, f]
    }

    /// Sets the station address.
    pub(crate) fn set_address(&self, &[a, b, c, d, e, f]: &Address) {
        let low = u32::from_le_bytes([a, b, c, d]);
        let high = u16::from_le_bytes([e, f]);

        self.write_reg(regs::MAC_LO::zeroed().with_bytes(low));
        self.write_reg(regs::MAC_HI::zeroed().with_bytes(high));
    }

    /// Sets which frames are received.
    pub(crate) fn set_filter(&self, mode: RxMode) {
        self.write_reg(
            regs::RX_FILTER::zeroed()
                .with_promisc(mode.promiscuous)
                .with_all_multi(mode.all_multicast),
        );
    }

    /// Sets the longest frame that is received.
    pub(crate) fn set_max_frame(&self, bytes: u32) -> Result {
        self.write_reg(regs::MAX_FRAME::zeroed().try_with_bytes(bytes)?);
        Ok(())
    }

    /// Has frames spread over the queues.
    pub(crate) fn set_rss(&self, rss: &Rss<'_>) -> Result {
        for (i, bytes) in rss.key.chunks_exact(4).enumerate() {
            let &[a, b, c, d] = bytes else {
                return Err(EINVAL);
            };
            let word = u32::from_le_bytes([a, b, c, d]);

            self.try_write(
                of_queue!(RSS_KEY, i),
                regs::RSS_KEY::zeroed().with_bytes(word),
            )?;
        }
        for (i, entries) in rss.table.chunks_exact(4).enumerate() {
            let &[a, b, c, d] = entries else {
                return Err(EINVAL);
            };
            self.try_write(
                of_queue!(RSS_TABLE, i),
                regs::RSS_TABLE::zeroed()
                    .try_with_queue0(a)?
                    .try_with_queue1(b)?
                    .try_with_queue2(c)?
                    .try_with_queue3(d)?,
            )?;
        }
        self.write_reg(
            regs::RSS_CTRL::zeroed()
                .with_enable(true)
                .with_ipv4(true)
                .with_ipv4_tcp(true)
                .with_ipv4_udp(true)
                .with_ipv6(true)
                .with_ipv6_tcp(true)
                .with_ipv6_udp(true),
        );
        Ok(())
    }

    /// Has transmitted frames come back.
    pub(crate) fn set_loopback(&self, on: bool) {
        self.write_reg(regs::CTRL::zeroed().with_loopback(on));
    }

    /// Sets the least time between two interrupts of a queue pair.
    pub(crate) fn set_moderation(&self, pair: usize, usecs: u32) -> Result {
        let ns = usecs.checked_mul(1000).ok_or(EINVAL)?;

        self.write(
            of_queue!(INT_MODERATION, vector_of(pair) as usize),
            regs::INT_MODERATION::zeroed().try_with_ns(ns)?,
        );
        Ok(())
    }

    /// Lets vectors fire; one with an event pending does so at once.
    #[inline]
    pub(crate) fn enable_vectors(&self, vectors: Vectors) {
        self.write_reg(regs::INT_ENABLE_SET::zeroed().with_vectors(vectors));
    }

    /// Keeps the management vector from firing.
    pub(crate) fn disable_mgmt(&self) {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(MGMT));
    }

    /// Keeps the vectors of all queue pairs from firing.
    pub(crate) fn disable_pairs(&self) {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(PAIRS));
    }

    /// Enables a receive queue, with a ring that is lent to the device.
    pub(crate) fn start_rx(&self, queue: usize, ring: &rx_ring::Location) -> Result {
        let (low, high) = split(ring.desc);

        self.write(
            of_queue!(RX_BASE_LO, queue),
            regs::RX_BASE_LO::zeroed().with_addr(low),
        );
        self.write(
            of_queue!(RX_BASE_HI, queue),
            regs::RX_BASE_HI::zeroed().with_addr(high),
        );
        self.write(
            of_queue!(RX_SIZE, queue),
            regs::RX_SIZE::zeroed().try_with_count(ring.size.get())?,
        );
        self.write(
            of_queue!(RX_BUFFER, queue),
            regs::RX_BUFFER::zeroed().try_with_bytes(ring.buffer)?,
        );
        self.write(
            of_queue!(RX_VECTOR, queue),
            regs::RX_VECTOR::zeroed().try_with_vector(vector_of(queue))?,
        );
        self.write(
            of_queue!(RX_CTRL, queue),
            regs::RX_CTRL::zeroed().with_enable(true),
        );
        if !self.read(of_queue!(RX_CTRL, queue)).enable() {
            return Err(EIO);
        }
        Ok(())
    }

    /// Enables a transmit queue, with a ring that is lent to the device.
    pub(crate) fn start_tx(&self, queue: usize, ring: &tx_ring::Location) -> Result {
        let (low, high) = split(ring.desc);
        let (progress_low, progress_high) = split(ring.progress);

        self.write(
            of_queue!(TX_BASE_LO, queue),
            regs::TX_BASE_LO::zeroed().with_addr(low),
        );
        self.write(
            of_queue!(TX_BASE_HI, queue),
            regs::TX_BASE_HI::zeroed().with_addr(high),
        );
        self.write(
            of_queue!(TX_SIZE, queue),
            regs::TX_SIZE::zeroed().try_with_count(ring.size.get())?,
        );
        self.write(
            of_queue!(TX_VECTOR, queue),
            regs::TX_VECTOR::zeroed().try_with_vector(vector_of(queue))?,
        );
        self.write(
            of_queue!(TX_WRITEBACK_LO, queue),
            regs::TX_WRITEBACK_LO::zeroed().with_addr(progress_low),
        );
        self.write(
            of_queue!(TX_WRITEBACK_HI, queue),
            regs::TX_WRITEBACK_HI::zeroed().with_addr(progress_high),
        );
        self.write(
            of_queue!(TX_CTRL, queue),
            regs::TX_CTRL::zeroed().with_enable(true),
        );
        if !self.read(of_queue!(TX_CTRL, queue)).enable() {
            return Err(EIO);
        }
        Ok(())
    }

    /// Returns the doorbell of a receive queue.
    #[inline]
    pub(crate) fn rx_doorbell(&self, queue: usize) -> Result<Doorbell<'_>> {
        Doorbell::new(&self.0, of_queue!(RX_TAIL, queue))
    }

    /// Returns the doorbell of a transmit queue.
    pub(crate) fn tx_doorbell(&self, queue: usize) -> Result<Doorbell<'_>> {
        Doorbell::new(&self.0, of_queue!(TX_TAIL, queue))
    }
}

fn split(address: DmaAddress) -> (u32, u32) {
    // CAST: The two halves.
    (address as u32, (address >> 32) as u32)
}

/// Stops a device that does not stop by itself.
pub(crate) fn force<P>(err: Error, pdev: &pci::Device<Bound>, bus: &Enabled<'_>) -> Quiesced<P> {
    // A device that has gone does nothing any more, but who knows where it is.
    if err != ENODEV {
        dev_err!(pdev, "device does not get inactive\n");
        if let Ok(stopped) = bus.function_level_reset() {
            return stopped;
        }
    }
    bus.clear_master()
}
