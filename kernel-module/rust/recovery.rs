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
    hw::ALL_ONES,
    nic::{
        Attached,
        Nic, //
    },
    regs,
    reset,
    Ferronic, //
};
use core::{
    mem,
    pin::Pin, //
};
use kernel::{
    device::Bound,
    io::Io,
    pci,
    prelude::*, //
};

type Data<'bound> = Registration<'bound, Nic<'bound>>;

/// From here to [`revive`] the driver leaves the device alone.
fn quiesce<'a, 'bound>(dev: Handle<'a, Nic<'bound>>, attached: &mut Attached<'a, 'bound>) {
    let mut rtnl = Rtnl::lock();

    if mem::replace(dev.quiesced.get_mut(&mut rtnl), true) {
        return;
    }
    dev.detach();
    reset::down(dev, &mut rtnl);
    attached.stop_service(&dev);
    dev.set_ready(&dev.engine.idle(), false);
}

/// Has the device used again.
fn revive<'a, 'bound>(dev: Handle<'a, Nic<'bound>>, attached: &mut Attached<'a, 'bound>) -> Result {
    let mut rtnl = Rtnl::lock();

    if !mem::replace(dev.quiesced.get_mut(&mut rtnl), false) {
        return Ok(());
    }
    let restarted = reset::restart(dev, &mut rtnl);
    if restarted.is_ok() {
        dev.set_lost(false);
        dev.attach(&mut rtnl);
    } else {
        reset::lose(dev);
    }
    restarted.and(attached.start_service(dev))
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
        if channel == Channel::Normal {
            return Verdict::CanRecover;
        }
        data.with(|dev, attached| quiesce(dev, attached));
        if channel == Channel::Gone {
            Verdict::Disconnect
        } else {
            Verdict::NeedReset
        }
    }

    fn slot_reset(_pdev: &pci::Device<Bound>, data: Pin<&Data<'_>>) -> Verdict {
        data.with(|dev, _| match dev.regs.read(regs::ID).into_raw() {
            ALL_ONES => Verdict::Disconnect,
            _ => Verdict::Recovered,
        })
    }
}
