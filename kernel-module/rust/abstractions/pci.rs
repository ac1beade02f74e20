// SPDX-License-Identifier: GPL-2.0

//! What a PCI network driver needs besides `kernel::pci`.

use super::{
    dma::{
        self,
        Quiesced, //
    },
    ffi, //
};
use core::{
    hint,
    marker::PhantomData,
    mem,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
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
    error::to_result,
    io::{
        IoBackend,
        IoBase,
        IoLoc,
        MmioBackend,
        Region, //
    },
    pci,
    prelude::*,
    str::CStr,
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
        // What is restored after an error of the bus.
        //
        // SAFETY: The device is valid and bound.
        to_result(unsafe { bindings::pci_save_state(as_raw(pdev)) })?;
        Ok(this)
    }

    /// Returns the device.
    pub(crate) fn device(&self) -> &'bound pci::Device<Bound> {
        self.pdev
    }

    /// Is the device still there, as far as its config space can tell?
    pub(crate) fn is_present(&self) -> bool {
        // SAFETY: The device is valid and bound.
        unsafe { bindings::pci_device_is_present(as_raw(self.pdev)) }
    }

    /// Lets the device master the bus.
    pub(crate) fn set_master(&self) {
        // SAFETY: The device is valid and bound.
        unsafe { bindings::pci_set_master(as_raw(self.pdev)) }
    }

    /// Takes the bus away from the device: whatever it is doing, it does no DMA any more.
    pub(crate) fn clear_master<P>(&self) -> Quiesced<P> {
        // SAFETY: The device is valid and bound.
        unsafe { bindings::pci_clear_master(as_raw(self.pdev)) };
        Quiesced::bus_master_off()
    }

    /// Resets the function, which ends whatever it is doing. Its configuration stays, its registers
    /// do not. Sleeps.
    pub(crate) fn function_level_reset<P>(&self) -> Result<Quiesced<P>> {
        if !self.is_present() {
            return Err(ENODEV);
        }
        // SAFETY: The device is valid and bound.
        unsafe {
            to_result(bindings::pci_save_state(as_raw(self.pdev)))?;
            let result = to_result(bindings::pcie_reset_flr(as_raw(self.pdev), false));
            bindings::pci_restore_state(as_raw(self.pdev));
            result?;
        }
        Ok(Quiesced::function_level_reset())
    }
}

impl Drop for Enabled<'_> {
    fn drop(&mut self) {
        // SAFETY:
        // - The device is valid and bound.
        // - It was enabled by `new()`, and is disabled once.
        unsafe {
            bindings::pci_clear_master(as_raw(self.pdev));
            bindings::pci_disable_device(as_raw(self.pdev));
        }
    }
}

/// A doorbell: a register of 32 bits that is only written.
///
/// # Invariants
///
/// `addr` is that of such a register, and mapped for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Doorbell<'a> {
    addr: NonNull<c_void>,
    _mapping: PhantomData<&'a ()>,
}

// SAFETY: A register may be written by any thread.
unsafe impl Send for Doorbell<'_> {}

// SAFETY: As above.
unsafe impl Sync for Doorbell<'_> {}

impl<'a> Doorbell<'a> {
    /// Returns the register at `location` of a BAR.
    #[inline]
    pub(crate) fn new<const SIZE: usize, R>(
        bar: &'a pci::Bar<'_, SIZE>,
        location: impl IoLoc<Region<SIZE>, R, IoType = u32>,
    ) -> Result<Self> {
        let offset = location.offset();
        let end = offset.checked_add(mem::size_of::<u32>()).ok_or(EINVAL)?;

        if end > SIZE || offset % mem::align_of::<u32>() != 0 {
            return Err(EINVAL);
        }
        let addr = MmioBackend::as_ptr(IoBase::as_view(bar)).cast::<c_void>();

        // INVARIANT:
        // - It lies in the BAR, and is aligned, as was just checked.
        // - The BAR is mapped for `'a`.
        Ok(Self {
            addr: NonNull::new(addr.wrapping_byte_add(offset)).ok_or(EINVAL)?,
            _mapping: PhantomData,
        })
    }

    /// Writes to it. All writes to memory before are seen by the device first.
    #[inline]
    pub(crate) fn ring(&self, value: u32) {
        // SAFETY: By the type invariant it is a mapped register of 32 bits.
        unsafe { ffi::helper_writel(value, self.addr.as_ptr()) }
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

/// Returns the name of a device, its place on the bus.
pub(crate) fn name(pdev: &pci::Device<Bound>) -> &CStr {
    // SAFETY:
    // - A device that is bound has a name, which is valid as long as the device is.
    // - No string is so long that there would be no room for its end.
    unsafe {
        let name = bindings::dev_name(dma::as_raw(pdev.as_ref()));
        let len = bindings::strlen(name);

        hint::assert_unchecked(len < isize::MAX as usize);
        CStr::from_bytes_with_nul_unchecked(slice::from_raw_parts(name.cast(), len + 1))
    }
}

/// Returns the place on the bus as a number, which no other device has.
pub(crate) fn number(pdev: &pci::Device<Bound>) -> u32 {
    // SAFETY: A device that is bound is on a bus.
    unsafe { ffi::shim_pci_number(as_raw(pdev)) }
}

/// Returns how many CPUs are online.
pub(crate) fn online_cpus() -> u32 {
    // SAFETY: May be called at any time.
    unsafe { ffi::helper_num_online_cpus() }
}

/// Returns the `struct pci_dev`.
pub(super) fn as_raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is a transparent wrapper of `Opaque<bindings::pci_dev>`.
    ptr::from_ref(pdev).cast_mut().cast()
}
