// SPDX-License-Identifier: GPL-2.0

//! Suspend and resume, function-level resets, and errors of the bus: the device is quiesced, and
//! revived.

use crate::{
    abstractions::{
        netdev::{
            Handle,
            Registration, //
        },
        pci_driver::{
            Channel,
            Recovery,
            Verdict, //
        },
        rtnl::Rtnl,
    },
    nic::{
        Attached,
        Nic, //
    },
    reset,
    service::Service,
    Ferronic, //
};
use core::pin::Pin;
use kernel::{
    device::Bound,
    pci,
    prelude::*, //
};

type Data<'bound> = Registration<'bound, Nic<'bound>>;

/// Has nothing use the device any more.
fn quiesce<'a, 'bound>(dev: Handle<'a, Nic<'bound>>, attached: &mut Attached<'a, 'bound>) {
    let mut rtnl = Rtnl::lock();

    dev.settings.get_mut(&mut rtnl).asleep = true;
    dev.detach();
    reset::down(dev, &mut rtnl);
    dev.engine.idle().refuse(true);
    attached.service = None;
    attached.mgmt_irq.pause();
    dev.with_mgmt(|mgmt| mgmt.awake = false);
}

/// Has the device used again.
fn revive<'a, 'bound>(dev: Handle<'a, Nic<'bound>>, attached: &mut Attached<'a, 'bound>) -> Result {
    let nic: &'a Nic<'bound> = dev.get();
    let mut rtnl = Rtnl::lock();

    dev.settings.get_mut(&mut rtnl).asleep = false;
    dev.set_gone(false);
    attached.mgmt_irq.resume();
    let result = reset::up(dev, &mut rtnl);
    if attached.service.is_none() {
        attached.service = Some(nic.service.claim(dev)?.enable(Service::default()));
        nic.service.schedule(0);
    }
    match result {
        Ok(()) => dev.attach(&mut rtnl),
        Err(err) => reset::fail(dev, err),
    }
    result
}

impl Recovery for Ferronic {
    fn quiesce(_pdev: &pci::Device<Bound>, data: Pin<&Data<'_>>) {
        data.with(|dev, attached| quiesce(dev, attached));
    }

    fn revive(_pdev: &pci::Device<Bound>, data: Pin<&Data<'_>>) -> Result {
        data.with(|dev, attached| revive(dev, attached))
    }

    fn error_detected(
        _pdev: &pci::Device<Bound>,
        data: Pin<&Data<'_>>,
        channel: Channel,
    ) -> Verdict {
        data.with(|dev, attached| quiesce(dev, attached));
        match channel {
            Channel::Gone => Verdict::Disconnect,
            Channel::Normal => Verdict::CanRecover,
            Channel::Frozen => Verdict::NeedReset,
        }
    }

    fn slot_reset(pdev: &pci::Device<Bound>, data: Pin<&Data<'_>>) -> Verdict {
        data.with(|dev, _| {
            dev.bus.set_master();
            match dev.regs.identify(pdev) {
                Ok(()) => Verdict::Recovered,
                Err(_) => Verdict::Disconnect,
            }
        })
    }
}
