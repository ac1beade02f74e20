// SPDX-License-Identifier: GPL-2.0

//! Driver for the Ferronic PCI Express network interface.
//!
//! To make this driver probe, QEMU must be run with `-device ferronic`. The device is described in
//! `docs/datasheet.md`; `regs.rs` is made from `qemu-device/ferronic.regs.json`. `README.md` says how
//! the parts fit together.

#![deny(unsafe_code)]
#![deny(unused_must_use)]

#[allow(unsafe_code)]
mod abstractions;

#[forbid(unsafe_code)]
mod copy;
#[forbid(unsafe_code)]
mod datapath;
#[forbid(unsafe_code)]
mod device_file;
#[forbid(unsafe_code)]
mod ethtool;
#[forbid(unsafe_code)]
mod hw;
#[forbid(unsafe_code)]
mod nic;
#[forbid(unsafe_code)]
mod pair;
#[forbid(unsafe_code)]
mod proc;
#[forbid(unsafe_code)]
mod recovery;
#[forbid(unsafe_code)]
mod regs;
#[forbid(unsafe_code)]
mod reset;
#[forbid(unsafe_code)]
mod rx;
#[forbid(unsafe_code)]
mod selftest;
#[forbid(unsafe_code)]
mod service;
#[forbid(unsafe_code)]
mod stats;
// The macro of the tests makes functions that C calls.
#[allow(unsafe_code)]
mod tests;
#[forbid(unsafe_code)]
mod tx;
#[forbid(unsafe_code)]
mod watchdog;

use abstractions::{
    netdev::Registration,
    ops::export_operations,
    pci_driver::module_pci_net_driver, //
};
use kernel::{
    device::Core,
    pci,
    prelude::*, //
};
use nic::Nic;

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
    type Data<'bound> = Registration<'bound, Nic<'bound>>;

    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        nic::probe(pdev)
    }
}

export_operations!(for<'bound> Nic<'bound>);

module_pci_net_driver! {
    type: Ferronic,
    name: "ferronic",
    authors: ["The Ferrolab authors"],
    description: "Ferronic PCI Express network interface",
    license: "GPL",
}
