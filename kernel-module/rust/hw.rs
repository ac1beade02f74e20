// SPDX-License-Identifier: GPL-2.0

//! The registers: identity, reset, station address, interrupts, start and stop of the queues.

use crate::{
    abstractions::{
        dma::Quiesced,
        net::{
            net_err,
            Address,
            Device,
            RxMode, //
        },
    },
    nic::{
        Nic,
        RX_RING,
        TX_RING, //
    },
    regs,
    rx::BUFFER_SIZE,
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
pub(crate) type Vectors = Bounded<u32, 3>;

impl<'bound> Regs<'bound> {
    /// The vector of link changes and errors.
    pub(crate) const MGMT: Vectors = Vectors::new::<{ 1 << regs::VECTOR_MGMT }>();
    /// The vector of received frames.
    pub(crate) const RX: Vectors = Vectors::new::<{ 1 << regs::VECTOR_RX }>();
    /// The vector of sent frames.
    pub(crate) const TX: Vectors = Vectors::new::<{ 1 << regs::VECTOR_TX }>();
    /// Both of the vectors above.
    pub(crate) const QUEUES: Vectors =
        Vectors::new::<{ 1 << regs::VECTOR_RX | 1 << regs::VECTOR_TX }>();

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

    /// Resets the device and waits until it is ready, or returns [`ETIMEDOUT`].
    pub(crate) fn reset(&self, pdev: &pci::Device<Bound>) -> Result {
        self.write_reg(regs::CTRL::zeroed().with_reset(true));
        read_poll_timeout(
            || Ok(self.read(regs::STATUS)),
            |status| status.ready(),
            POLL,
            DEADLINE,
        )
        .inspect_err(|_| dev_err!(pdev, "device did not become ready after reset\n"))?;
        Ok(())
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

    /// Lets vectors fire; one with an event pending does so at once.
    #[inline]
    pub(crate) fn enable_vectors(&self, vectors: Vectors) {
        self.write_reg(regs::INT_ENABLE_SET::zeroed().with_vectors(vectors));
    }

    /// Keeps vectors from firing.
    pub(crate) fn disable_vectors(&self, vectors: Vectors) {
        self.write_reg(regs::INT_ENABLE_CLEAR::zeroed().with_vectors(vectors));
    }

    /// Gives the receive ring to the device, all but one of its descriptors filled.
    pub(crate) fn start_rx(&self, ring: DmaAddress) -> Result {
        let (low, high) = split(ring);

        self.write_reg(regs::RX_BASE_LO::zeroed().with_addr(low));
        self.write_reg(regs::RX_BASE_HI::zeroed().with_addr(high));
        self.write_reg(regs::RX_SIZE::zeroed().with_const_count::<{ RX_RING as u32 }>());
        self.write_reg(regs::RX_BUFFER::zeroed().with_const_bytes::<BUFFER_SIZE>());
        self.write_reg(regs::RX_CTRL::zeroed().with_enable(true));
        if !self.read(regs::RX_CTRL).enable() {
            return Err(EIO);
        }
        self.write_reg(regs::RX_TAIL::zeroed().with_const_index::<{ RX_RING as u32 - 1 }>());
        Ok(())
    }

    /// Gives the transmit ring to the device, empty.
    pub(crate) fn start_tx(&self, ring: DmaAddress) -> Result {
        let (low, high) = split(ring);

        self.write_reg(regs::TX_BASE_LO::zeroed().with_addr(low));
        self.write_reg(regs::TX_BASE_HI::zeroed().with_addr(high));
        self.write_reg(regs::TX_SIZE::zeroed().with_const_count::<{ TX_RING as u32 }>());
        self.write_reg(regs::TX_CTRL::zeroed().with_enable(true));
        if !self.read(regs::TX_CTRL).enable() {
            return Err(EIO);
        }
        Ok(())
    }

    /// Rings the doorbell of the receive ring.
    #[inline]
    pub(crate) fn rx_doorbell(&self, index: u32) {
        let index = Bounded::<u32, 12>::from_expr(index & (RX_RING as u32 - 1));

        self.write_reg(regs::RX_TAIL::zeroed().with_index(index));
    }

    /// Rings the doorbell of the transmit ring.
    #[inline]
    pub(crate) fn tx_doorbell(&self, index: u32) {
        let index = Bounded::<u32, 12>::from_expr(index & (TX_RING as u32 - 1));

        self.write_reg(regs::TX_TAIL::zeroed().with_index(index));
    }
}

fn split(address: DmaAddress) -> (u32, u32) {
    // CAST: The two halves.
    (address as u32, (address >> 32) as u32)
}

fn request_stop(regs: &Regs<'_>) -> Result {
    regs.disable_vectors(Regs::QUEUES);
    regs.write_reg(regs::RX_CTRL::zeroed());
    regs.write_reg(regs::TX_CTRL::zeroed());
    read_poll_timeout(
        || Ok(regs.read(regs::STATUS)),
        |status| !status.rx_active() && !status.tx_active(),
        POLL,
        DEADLINE,
    )?;
    Ok(())
}

/// Stops both queues.
///
/// On return the device has no access to the rings and their buffers: it has said so, or it was
/// reset, or it was taken off the bus.
pub(crate) fn stop_queues(dev: &Device<Nic<'_>>) -> Quiesced {
    if let Ok(stopped) = Quiesced::after(|| request_stop(&dev.regs)) {
        return stopped;
    }

    net_err!(dev, "queues did not stop, resetting the device\n");
    let Ok(stopped) = Quiesced::after(|| dev.regs.reset(dev.pdev)) else {
        return dev.bus.clear_master();
    };
    dev.regs.set_address(&dev.address());
    dev.regs.enable_vectors(Regs::MGMT);
    stopped
}
