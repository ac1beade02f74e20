// SPDX-License-Identifier: GPL-2.0

//! `/proc/driver/ferronic/<bdf>/stats`.

use crate::{
    abstractions::{
        netdev::Handle,
        proc::{
            self,
            write_bytes,
            Show, //
        },
    },
    nic::Nic,
    service::HISTORY,
    stats,
};
use kernel::{
    seq_file::{
        seq_print,
        SeqFile, //
    }, //
};

pub(crate) type File<'a, 'bound> = proc::File<'a, Nic<'bound>>;

impl Show for Nic<'_> {
    fn show(dev: Handle<'_, Self>, m: &SeqFile) {
        let stats = stats::standard(&dev);
        let alias = dev.alias();
        let link = if dev.carrier() { "up" } else { "down" };

        seq_print!(m, "Driver: {}\n", crate::NAME);
        seq_print!(m, "Interface: {}\n", &*dev.name());
        if !alias.is_empty() {
            write_bytes(m, b"Alias: ");
            write_bytes(m, &alias);
            write_bytes(m, b"\n");
        }
        seq_print!(m, "Link: {}\n", link);
        seq_print!(m, "RX packets: {}\n", stats.rx_packets);
        seq_print!(m, "RX bytes: {}\n", stats.rx_bytes);
        seq_print!(m, "TX packets: {}\n", stats.tx_packets);
        seq_print!(m, "TX bytes: {}\n", stats.tx_bytes);
        seq_print!(
            m,
            "Errors: {}\n",
            stats.rx_errors.wrapping_add(stats.tx_errors)
        );
        seq_print!(
            m,
            "Dropped: {}\n",
            stats.rx_dropped.wrapping_add(stats.tx_dropped)
        );
        seq_print!(m, "Pairs: {}\n", dev.pairs());
        show_books(&dev, m);
    }
}

fn show_books(nic: &Nic<'_>, m: &SeqFile) {
    let (tally, history) = nic.with_mgmt(|mgmt| (mgmt.books.tally, *mgmt.books.history));
    let changes = tally.link_changes.0;

    seq_print!(m, "Link changes: {}\n", changes);
    seq_print!(m, "Service runs: {}\n", tally.service_runs.0);
    for i in changes.saturating_sub(HISTORY as u64)..changes {
        let Some(change) = history.get(i as usize % HISTORY) else {
            continue;
        };

        seq_print!(
            m,
            "History: {} {}.{:09}\n",
            if change.up { "up" } else { "down" },
            change.at_ns / 1_000_000_000,
            change.at_ns % 1_000_000_000
        );
    }
}
