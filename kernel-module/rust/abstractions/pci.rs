// SPDX-License-Identifier: GPL-2.0

//! What a PCI network driver needs besides `kernel::pci`.

use super::dma::Quiesced;
use core::{
    mem,
    ptr, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Core, //
    },
    dma::{
        Device as _,
        DmaMask, //
    },
    pci,
    prelude::*,
};

/// A PCI device whose memory and bus mastering are enabled, until this is dropped.
pub(crate) struct Enabled<'bound> {
    pdev: &'bound pci::Device<Bound>,
}

impl<'bound> Enabled<'bound> {
    /// Enables the device for 64-bit DMA.
    ///
    /// To be called in probe before anything else is done with the device.
    pub(crate) fn new(pdev: &'bound pci::Device<Core<'_>>) -> Result<Self> {
        pdev.enable_device_mem()?;
        let this = Self { pdev };

        // SAFETY: `Device<Core>` exists in bus callbacks only, of which this is the probe: nobody
        // else has been given a reference with which memory could be allocated or mapped.
        unsafe { pdev.dma_set_mask_and_coherent(DmaMask::new::<64>())? };
        pdev.set_master();
        Ok(this)
    }

    /// Takes the bus away from the device: whatever it is doing, it does no DMA any more.
    pub(crate) fn clear_master(&self) -> Quiesced {
        // SAFETY: The device is valid and bound.
        unsafe { bindings::pci_clear_master(as_raw(self.pdev)) };
        Quiesced::bus_master_off()
    }
}

impl Drop for Enabled<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is valid and bound, and was enabled by `new()`.
        unsafe {
            bindings::pci_clear_master(as_raw(self.pdev));
            bindings::pci_disable_device(as_raw(self.pdev));
        }
    }
}

/// Returns the id of a device whose vendor is not one of [`pci::Vendor`].
pub(crate) const fn device_id(vendor: u16, device: u16) -> pci::DeviceId {
    let id = bindings::pci_device_id {
        vendor: vendor as u32,
        device: device as u32,
        subvendor: bindings::PCI_ANY_ID as u32,
        subdevice: bindings::PCI_ANY_ID as u32,
        class: 0,
        class_mask: 0,
        driver_data: 0,
        override_only: 0,
    };

    // SAFETY: `DeviceId` is a transparent wrapper of `pci_device_id` without invariants.
    unsafe { mem::transmute::<bindings::pci_device_id, pci::DeviceId>(id) }
}

/// Returns the `struct pci_dev`.
fn as_raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is a transparent wrapper of `Opaque<bindings::pci_dev>`.
    ptr::from_ref(pdev).cast_mut().cast()
}
