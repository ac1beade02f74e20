// SPDX-License-Identifier: GPL-2.0

//! PCI drivers of net devices: power management, function-level resets and errors of the bus.
//!
//! `kernel::pci` has probe and remove. [`Adapter`] adds the other callbacks to the same
//! `struct pci_driver`. The bus calls all of them with the lock of the device held, so none of them
//! overlaps with another, nor with probe and remove.
//!
//! C header: [`include/linux/pci.h`](srctree/include/linux/pci.h)

use super::pci::as_raw;
use core::{
    marker::PhantomData,
    pin::Pin, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        CoreInternal, //
    },
    driver::{
        DriverLayout,
        RegistrationOps, //
    },
    pci,
    prelude::*,
    types::Opaque,
    ThisModule, //
};

/// What the bus has found about an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    /// The device can still be reached.
    Normal,
    /// Nothing goes through until the slot was reset.
    Frozen,
    /// The device will not come back.
    Gone,
}

/// What the driver wants to be done about an error.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// The device works on.
    CanRecover,
    /// The slot must be reset.
    NeedReset,
    /// The device can be used again.
    Recovered,
    /// The device is lost.
    Disconnect,
}

/// A driver whose devices can be quiesced, and used again later.
pub(crate) trait Recovery: pci::Driver {
    /// Stops the device: suspend or shutdown follows, or a reset. May be called again before
    /// [`Recovery::revive`].
    fn quiesce(pdev: &pci::Device<Bound>, data: Pin<&Self::Data<'_>>);

    /// Starts the device again, after [`Recovery::quiesce`].
    fn revive(pdev: &pci::Device<Bound>, data: Pin<&Self::Data<'_>>) -> Result;

    /// An error was found. Called first.
    fn error_detected(
        pdev: &pci::Device<Bound>,
        data: Pin<&Self::Data<'_>>,
        channel: Channel,
    ) -> Verdict;

    /// The slot was reset. [`Recovery::revive`] follows if the device can be used.
    fn slot_reset(pdev: &pci::Device<Bound>, data: Pin<&Self::Data<'_>>) -> Verdict;
}

/// An adapter for the registration of such drivers.
pub(crate) struct Adapter<T: Recovery>(PhantomData<T>);

// SAFETY: As for `pci::Adapter`, to which all of it is left.
unsafe impl<T: Recovery> DriverLayout for Adapter<T> {
    type DriverType = <pci::Adapter<T> as DriverLayout>::DriverType;
    type DriverData<'bound> = <pci::Adapter<T> as DriverLayout>::DriverData<'bound>;
    const DEVICE_DRIVER_OFFSET: usize = <pci::Adapter<T> as DriverLayout>::DEVICE_DRIVER_OFFSET;
}

// SAFETY: `pci::Adapter` does both.
unsafe impl<T: Recovery> RegistrationOps for Adapter<T> {
    unsafe fn register(
        pdrv: &Opaque<Self::DriverType>,
        name: &'static CStr,
        module: &'static ThisModule,
    ) -> Result {
        // SAFETY:
        // - It is safe to set the fields of `struct pci_driver` on initialization.
        // - The tables are constants, so they live as long as the driver.
        unsafe {
            (*pdrv.get()).err_handler = &Self::ERRORS;
            (*pdrv.get()).shutdown = Some(Self::shutdown);
            (*pdrv.get()).driver.pm = &Self::POWER;
        }
        // SAFETY: By the safety requirements.
        unsafe { <pci::Adapter<T> as RegistrationOps>::register(pdrv, name, module) }
    }

    unsafe fn unregister(pdrv: &Opaque<Self::DriverType>) {
        // SAFETY: By the safety requirements.
        unsafe { <pci::Adapter<T> as RegistrationOps>::unregister(pdrv) }
    }
}

/// Returns the device of a callback, and the private data of its driver, if it is bound.
///
/// # Safety
///
/// The bus must call for a device of the driver `T`, with the lock of the device held, and `'a` end
/// with the call.
unsafe fn enter<'a, T: Recovery>(
    dev: *mut bindings::device,
) -> Option<(&'a pci::Device<Bound>, Pin<&'a T::Data<'a>>)> {
    // SAFETY:
    // - By the safety requirement `dev` is a part of a valid PCI device, for `'a`.
    // - It is bound by the same requirement, and stays so until the lock is released.
    // - `pci::Device` is a transparent wrapper of `struct pci_dev`.
    let pdev = unsafe {
        let pdev = kernel::container_of!(dev, bindings::pci_dev, dev);
        &*pdev.cast::<pci::Device<CoreInternal<'a>>>()
    };

    // SAFETY: `pdev` is valid.
    if unsafe { bindings::dev_get_drvdata(dev) }.is_null() {
        return None;
    }
    // SAFETY:
    // - It is not null, so `pci::Adapter` has set it after a successful probe.
    // - It stays until the device is unbound, which the lock of the device keeps from happening.
    // - It is of this type, as the driver is `T`.
    let data = unsafe { pdev.as_ref().drvdata_borrow::<T::Data<'a>>() };

    Some((pdev, data))
}

fn errno(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(err) => err.to_errno(),
    }
}

fn raw_verdict(verdict: Verdict) -> bindings::pci_ers_result_t {
    match verdict {
        Verdict::CanRecover => bindings::pci_ers_result_PCI_ERS_RESULT_CAN_RECOVER,
        Verdict::NeedReset => bindings::pci_ers_result_PCI_ERS_RESULT_NEED_RESET,
        Verdict::Recovered => bindings::pci_ers_result_PCI_ERS_RESULT_RECOVERED,
        Verdict::Disconnect => bindings::pci_ers_result_PCI_ERS_RESULT_DISCONNECT,
    }
}

// The bus calls these functions for devices of the driver `T`, with the lock of the device held, and
// only then.
impl<T: Recovery> Adapter<T> {
    const ERRORS: bindings::pci_error_handlers = {
        let mut handlers: bindings::pci_error_handlers = pin_init::zeroed();

        handlers.error_detected = Some(Self::error_detected);
        handlers.slot_reset = Some(Self::slot_reset);
        handlers.resume = Some(Self::error_resume);
        handlers.reset_prepare = Some(Self::reset_prepare);
        handlers.reset_done = Some(Self::reset_done);
        handlers
    };

    const POWER: bindings::dev_pm_ops = {
        let mut ops: bindings::dev_pm_ops = pin_init::zeroed();

        ops.suspend = Some(Self::suspend);
        ops.resume = Some(Self::resume);
        ops.freeze = Some(Self::suspend);
        ops.thaw = Some(Self::resume);
        ops.poweroff = Some(Self::suspend);
        ops.restore = Some(Self::resume);
        ops
    };

    extern "C" fn suspend(dev: *mut bindings::device) -> c_int {
        // SAFETY: See above.
        if let Some((pdev, data)) = unsafe { enter::<T>(dev) } {
            T::quiesce(pdev, data);
        }
        0
    }

    extern "C" fn resume(dev: *mut bindings::device) -> c_int {
        // SAFETY: See above.
        match unsafe { enter::<T>(dev) } {
            Some((pdev, data)) => errno(T::revive(pdev, data)),
            None => 0,
        }
    }

    extern "C" fn shutdown(pdev: *mut bindings::pci_dev) {
        // SAFETY: See above.
        if let Some((pdev, data)) = unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            T::quiesce(pdev, data);
        }
    }

    extern "C" fn reset_prepare(pdev: *mut bindings::pci_dev) {
        // SAFETY: See above.
        if let Some((pdev, data)) = unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            T::quiesce(pdev, data);
        }
    }

    extern "C" fn reset_done(pdev: *mut bindings::pci_dev) {
        // SAFETY: See above.
        if let Some((pdev, data)) = unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            // What has failed was logged, and leaves the device detached.
            let _ = T::revive(pdev, data);
        }
    }

    extern "C" fn error_detected(
        pdev: *mut bindings::pci_dev,
        state: bindings::pci_channel_state_t,
    ) -> bindings::pci_ers_result_t {
        let channel = match state {
            bindings::pci_channel_io_perm_failure => Channel::Gone,
            bindings::pci_channel_io_frozen => Channel::Frozen,
            _ => Channel::Normal,
        };

        // SAFETY: See above.
        raw_verdict(match unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            Some((pdev, data)) => T::error_detected(pdev, data, channel),
            None => Verdict::Disconnect,
        })
    }

    extern "C" fn slot_reset(pdev: *mut bindings::pci_dev) -> bindings::pci_ers_result_t {
        // SAFETY: See above.
        raw_verdict(match unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            Some((pdev, data)) => {
                // SAFETY:
                // - The device is valid and bound.
                // - Its configuration was saved when it was enabled.
                unsafe { bindings::pci_restore_state(as_raw(pdev)) };
                T::slot_reset(pdev, data)
            }
            None => Verdict::Disconnect,
        })
    }

    extern "C" fn error_resume(pdev: *mut bindings::pci_dev) {
        // SAFETY: See above.
        if let Some((pdev, data)) = unsafe { enter::<T>(&raw mut (*pdev).dev) } {
            // What has failed was logged, and leaves the device detached.
            let _ = T::revive(pdev, data);
        }
    }
}

/// Declares a kernel module with one such driver. As `kernel::module_pci_driver!` otherwise.
macro_rules! module_pci_net_driver {
    ($($f:tt)*) => {
        kernel::module_driver!(<T>, $crate::abstractions::pci_driver::Adapter<T>, { $($f)* });
    };
}

pub(crate) use module_pci_net_driver;
