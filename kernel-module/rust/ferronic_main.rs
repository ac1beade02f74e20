// SPDX-License-Identifier: GPL-2.0

//! Driver for the Ferronic PCI Express network interface.
//!
//! To make this driver probe, QEMU must be run with `-device ferronic`. The registers are described
//! in `qemu-device/ferronic.regs.json`, from which `regs.rs` is made. `README.md` says how the parts
//! fit together.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod abstractions;

#[forbid(unsafe_code)]
mod hw;
#[forbid(unsafe_code)]
mod nic;
#[forbid(unsafe_code)]
mod proc;
#[forbid(unsafe_code)]
mod regs;
#[forbid(unsafe_code)]
mod rx;
#[forbid(unsafe_code)]
mod service;
#[forbid(unsafe_code)]
mod stats;
#[forbid(unsafe_code)]
mod tx;

use kernel::{
    device::Core,
    pci,
    prelude::*, //
};

/// The name of the driver: in messages, and in the names of interrupts.
const NAME: &CStr = c"ferronic";

struct Ferronic;

kernel::pci_device_table!(
    PCI_TABLE,
    <Ferronic as pci::Driver>::IdInfo,
    [(
        abstractions::pci::device_id(regs::PCI_VENDOR_ID, regs::PCI_DEVICE_ID),
        ()
    )]
);

impl pci::Driver for Ferronic {
    type IdInfo = ();
    // All there is belongs to the net device, which is unregistered before this would be dropped.
    type Data<'bound> = ();

    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        nic::probe(pdev)
    }
}

kernel::module_pci_driver! {
    type: Ferronic,
    name: "ferronic",
    authors: ["The Ferrolab authors"],
    description: "Ferronic PCI Express network interface",
    license: "GPL",
}
