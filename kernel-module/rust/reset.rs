// SPDX-License-Identifier: GPL-2.0

//! Getting the device to work again.

use crate::{
    abstractions::{
        netdev::{
            net_err,
            net_warn,
            Handle, //
        },
        rtnl::Rtnl,
        work::Work, //
    },
    hw::MGMT,
    nic::Nic,
};
use core::marker::PhantomData;
use kernel::prelude::*;

/// The work that resets the device.
#[derive(Default)]
pub(crate) struct Reset<'bound>(PhantomData<&'bound ()>);

impl<'bound> Work for Reset<'bound> {
    type Driver = Nic<'bound>;

    fn run(&mut self, dev: Handle<'_, Nic<'bound>>) {
        let mut rtnl = Rtnl::lock();

        // Somebody else is about to reset the device, or it has gone.
        if dev.settings.get(&rtnl).asleep || dev.is_gone() {
            return;
        }
        net_warn!(dev, "resetting\n");
        dev.counters.resets.add(1);
        down(dev, &mut rtnl);
        match up(dev, &mut rtnl) {
            Ok(()) => dev.attach(&mut rtnl),
            Err(err) => fail(dev, err),
        }
    }
}

/// Brings the interface down, if it is up, but does not close it.
pub(crate) fn down(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) {
    dev.with_open(rtnl, |open, _| {
        if let Some(open) = open {
            open.down(dev);
        }
    });
}

/// Resets the device, and brings the interface up again if it is open.
pub(crate) fn up(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) -> Result {
    {
        let mut copies = dev.engine.idle();

        dev.with_mgmt(|mgmt| mgmt.awake = false);
        dev.regs.reset(dev.pdev, &dev.bus)?;
        dev.with_mgmt(|mgmt| mgmt.awake = true);
        copies.refuse(false);
    }
    dev.regs.set_address(&dev.address());
    dev.regs.enable_vectors(MGMT);
    dev.with_open(rtnl, |open, rtnl| match open {
        Some(open) => open.up(dev, rtnl),
        None => Ok(()),
    })
}

/// Deals with a device that could not be brought up again.
pub(crate) fn fail(dev: Handle<'_, Nic<'_>>, err: Error) {
    if err == ENODEV {
        lose(dev);
    } else {
        give_up(dev);
    }
}

/// Notices that the device has gone. The service work notices if it comes back.
pub(crate) fn lose(dev: Handle<'_, Nic<'_>>) {
    dev.with_mgmt(|mgmt| mgmt.awake = false);
    dev.detach();
    dev.set_carrier(false);
    if !dev.set_gone(true) {
        net_err!(dev, "device does not answer\n");
    }
}

/// Leaves the device alone.
fn give_up(dev: Handle<'_, Nic<'_>>) {
    dev.detach();
    dev.set_carrier(false);
    net_err!(dev, "no memory or device, staying down\n");
}
