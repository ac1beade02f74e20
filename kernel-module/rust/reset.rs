// SPDX-License-Identifier: GPL-2.0

//! Getting the device to work again.

use crate::{
    abstractions::{
        netdev::{
            net_err,
            net_info,
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

        if !*dev.quiesced.get(&rtnl) {
            recover(dev, &mut rtnl);
        }
    }
}

fn recover(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) {
    if !dev.is_lost() {
        net_warn!(dev, "resetting\n");
    }
    dev.counters.resets.add(1);
    down(dev, rtnl);
    if restart(dev, rtnl).is_err() {
        if !dev.is_lost() {
            net_err!(dev, "staying down\n");
        }
        lose(dev);
    } else if dev.set_lost(false) {
        net_info!(dev, "device answers again\n");
        dev.attach(rtnl);
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

/// Resets the device, and starts what has to run.
pub(crate) fn restart(dev: Handle<'_, Nic<'_>>, rtnl: &mut Rtnl) -> Result {
    dev.reset_device()?;
    dev.regs.enable_vectors(MGMT);
    dev.with_open(rtnl, |open, rtnl| match open {
        Some(open) => open.up(dev, rtnl),
        None => Ok(()),
    })
}

/// The device may not be there, or not work: nothing is expected of it until it is found again by the
/// service work.
pub(crate) fn lose(dev: Handle<'_, Nic<'_>>) {
    if !dev.set_lost(true) {
        dev.detach();
    }
}
