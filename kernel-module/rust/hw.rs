// SPDX-License-Identifier: GPL-2.0

//! The registers: identity, reset, station address, filters, interrupts, start and stop of queues.

use crate::{
    abstractions::{
        clock,
        dma::{
            CopyEngine,
            Queues,
            Quiesced, //
        },
        ethtool::Rss,
        netdev::{
            ratelimit,
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
    dma::DmaAddress,
    io::Io,
    num::Bounded,
    pci,
    prelude::*,
    time::Delta, //
};

const POLL: Delta = Delta::from_micros(50);
const DEADLINE: Delta = Delta::from_millis(100);

/// What a device that does not answer reads as.
pub(crate) const ALL_ONES: u32 = u32::MAX;

type Bar<'bound> = pci::Bar<'bound, { regs::BAR_REGS_SIZE }>;

/// The register file of a device.
///
/// Fields are dropped in the order in which they stand here: the registers are unmapped before the
/// device is disabled.
pub(crate) struct Regs<'bound> {
    bar: Bar<'bound>,
    bus: Enabled<'bound>,
}

impl<'bound> Deref for Regs<'bound> {
    type Target = Bar<'bound>;

    #[inline]
    fn deref(&self) -> &Bar<'bound> {
        &self.bar
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
    1u32.wrapping_add(pair as u32)
}

/// Returns the vector with a number, as a mask.
#[inline]
pub(crate) fn vector(number: u32) -> Vectors {
    Vectors::from_expr((1 << (number & 0xf)) & 0x1ff)
}

/// Returns the vectors of the first `pairs` queue pairs, as a mask.
pub(crate) fn vectors_of(pairs: usize) -> Vectors {
    // CAST: There are few pairs.
    Vectors::from_expr(((2 << (pairs as u32 & 0xf)) - 2) & 0x1ff)
}

/// Returns the location of a register of queue `$queue`.
macro_rules! of_queue {
    ($register:ident, $queue:expr) => {
        <regs::$register as kernel::io::register::Array>::try_at($queue).ok_or(EINVAL)?
    };
}

impl<'bound> Regs<'bound> {
    /// Maps the registers.
    pub(crate) fn map(bus: Enabled<'bound>) -> Result<Self> {
        let bar = bus
            .device()
            .iomap_region_sized(regs::BAR_REGS, crate::NAME)?;

        Ok(Self { bar, bus })
    }

    /// Makes sure that this is a Ferronic.
    pub(crate) fn identify(&self) -> Result {
        let id = self.read(regs::ID);

        if id.magic().get() != regs::MAGIC {
            dev_err!(
                self.bus.device(),
                "not a Ferronic (ID {:#010x})\n",
                id.into_raw()
            );
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Does a register that reads as `value` say that the device has gone?
    ///
    /// All ones can also be a bus error.
    pub(crate) fn is_gone(&self, value: u32) -> bool {
        value == ALL_ONES && !self.bus.is_present()
    }

    /// Waits until the device has come out of reset.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] when it has gone, or [`ETIMEDOUT`].
    fn wait_ready(&self) -> Result {
        let status = clock::poll(
            || self.read(regs::STATUS),
            |status| match status.into_raw() {
                ALL_ONES => !self.bus.is_present(),
                _ => status.ready(),
            },
            POLL,
            DEADLINE,
        )
        .inspect_err(|_| self.complain("device did not become ready after reset"))?;

        if status.into_raw() == ALL_ONES {
            return Err(ENODEV);
        }
        Ok(())
    }

    /// Waits until DMA has ended of which `is_active` finds a sign in `DMA_STATUS`. A device that has
    /// gone does none.
    fn wait_inactive<P>(
        &self,
        is_active: impl Fn(regs::DMA_STATUS) -> bool,
    ) -> Result<Quiesced<P>> {
        Quiesced::wait(
            || {
                let status = self.read(regs::DMA_STATUS);

                is_active(status) && !self.is_gone(status.into_raw())
            },
            POLL,
            DEADLINE,
        )
        .inspect_err(|_| self.complain("device does not get inactive"))
    }

    fn complain(&self, what: &str) {
        if ratelimit() {
            dev_err!(self.bus.device(), "{what}\n");
        }
    }

    /// Waits until no queue does DMA.
    fn wait_stopped(&self) -> Result<Quiesced<Queues>> {
        self.wait_inactive(|status| status.rx_active().get() != 0 || status.tx_active().get() != 0)
    }

    /// Waits until the copy engine does no DMA.
    pub(crate) fn wait_copied(&self) -> Result<Quiesced<CopyEngine>> {
        self.wait_inactive(|status| status.active())
    }

    fn disable_queues(&self) -> Result {
        for queue in 0..regs::QUEUES {
            self.write(of_queue!(RX_CTRL, queue), regs::RX_CTRL::zeroed());
            self.write(of_queue!(TX_CTRL, queue), regs::TX_CTRL::zeroed());
        }
        Ok(())
    }

    /// Stops all queues. Once this returns without an error the device has no access to rings and
    /// their buffers.
    pub(crate) fn stop_queues(&self) -> Result<Quiesced> {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(PAIRS));
        self.disable_queues()?;
        self.wait_stopped()
    }

    /// Stops everything that accesses memory.
    fn silence(&self) -> Result<(Quiesced<Queues>, Quiesced<CopyEngine>)> {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(ALL));
        self.disable_queues()?;
        if self.read(regs::DMA_STATUS).active() {
            self.write_reg(regs::DMA_CTRL::zeroed().with_stop(true));
        }
        Ok((self.wait_stopped()?, self.wait_copied()?))
    }

    fn try_reset(&self) -> Result {
        self.wait_ready()?;
        // It must not be reset while it accesses memory.
        let _silent = self.silence()?;
        self.write_reg(regs::CTRL::zeroed().with_reset(true));
        self.wait_ready()
    }

    /// Resets the device. Whatever this returns, the device does not access memory.
    pub(crate) fn reset(&self) -> Result {
        match self.try_reset() {
            Ok(()) => {
                self.bus.set_master();
                Ok(())
            }
            // It does not do what it is told to by its registers.
            Err(ETIMEDOUT) => self.function_level_reset::<Queues>().1,
            Err(err) => {
                let _stopped = self.bus.clear_master::<Queues>();
                Err(err)
            }
        }
    }

    /// Resets the device from outside. If that does not help it is taken off the bus: it may believe in
    /// what it was given, but cannot reach it.
    pub(crate) fn function_level_reset<P>(&self) -> (Quiesced<P>, Result) {
        let stopped = self.bus.function_level_reset();

        match stopped.and_then(|stopped| self.wait_ready().map(|()| stopped)) {
            Ok(stopped) => {
                self.bus.set_master();
                (stopped, Ok(()))
            }
            Err(err) => (self.bus.clear_master(), Err(err)),
        }
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
        for (i, bytes) in (0..regs::RSS_KEY_SIZE).zip(rss.key.chunks_exact(4)) {
            let &[a, b, c, d] = bytes else {
                return Err(EINVAL);
            };
            let word = u32::from_le_bytes([a, b, c, d]);

            self.set_rss_key(i, word)?;
        }
        for (i, entries) in (0..regs::RSS_ENTRIES).zip(rss.table.chunks_exact(4)) {
            let &[a, b, c, d] = entries else {
                return Err(EINVAL);
            };
            self.set_rss_entries(
                i,
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

    // These two are not inlined: in the loops above the compiler would no longer see that the place of
    // the register cannot overflow.
    #[inline(never)]
    fn set_rss_key(&self, i: usize, word: u32) -> Result {
        self.write(
            of_queue!(RSS_KEY, i),
            regs::RSS_KEY::zeroed().with_bytes(word),
        );
        Ok(())
    }

    #[inline(never)]
    fn set_rss_entries(&self, i: usize, entries: regs::RSS_TABLE) -> Result {
        self.write(of_queue!(RSS_TABLE, i), entries);
        Ok(())
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

    /// Enables a receive queue, with a ring that is lent to the device.
    pub(crate) fn start_rx(&self, queue: usize, vector: u32, ring: &rx_ring::Location) -> Result {
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
            regs::RX_VECTOR::zeroed().try_with_vector(vector)?,
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
    pub(crate) fn start_tx(&self, queue: usize, vector: u32, ring: &tx_ring::Location) -> Result {
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
            regs::TX_VECTOR::zeroed().try_with_vector(vector)?,
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
        Doorbell::new(&self.bar, of_queue!(RX_TAIL, queue))
    }

    /// Returns the doorbell of a transmit queue.
    pub(crate) fn tx_doorbell(&self, queue: usize) -> Result<Doorbell<'_>> {
        Doorbell::new(&self.bar, of_queue!(TX_TAIL, queue))
    }
}

fn split(address: DmaAddress) -> (u32, u32) {
    // CAST: The two halves.
    (address as u32, (address >> 32) as u32)
}
