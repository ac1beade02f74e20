// SPDX-License-Identifier: GPL-2.0

//! Counters, and who reads them.

use crate::{
    abstractions::net::{
        self,
        stat_name,
        StatName, //
    },
    nic::Nic,
    regs,
};
use kernel::{
    io::Io,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// A counter with one writer at a time and any number of readers.
pub(crate) struct Counter(Atomic<u64>);

impl Counter {
    /// Adds `n`. A second writer at the same time could get lost.
    #[inline]
    pub(crate) fn add(&self, n: u32) {
        let value = self.0.load(Relaxed).wrapping_add(n.into());

        self.0.store(value, Relaxed);
    }

    /// Returns the value.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self(Atomic::new(0))
    }
}

/// Counters of the receive queue. `interrupts` is written by the interrupt, the others by the poll.
#[derive(Default)]
pub(crate) struct RxCounters {
    pub(crate) packets: Counter,
    pub(crate) bytes: Counter,
    pub(crate) errors: Counter,
    pub(crate) length_errors: Counter,
    pub(crate) alloc_failed: Counter,
    pub(crate) interrupts: Counter,
}

/// Counters of the transmit queue. `interrupts` is written by the interrupt, `packets`, `bytes` and
/// `errors` by the poll, and the others under the lock of the queue.
#[derive(Default)]
pub(crate) struct TxCounters {
    pub(crate) packets: Counter,
    pub(crate) bytes: Counter,
    pub(crate) errors: Counter,
    pub(crate) map_failed: Counter,
    pub(crate) busy: Counter,
    pub(crate) stopped: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) interrupts: Counter,
}

/// The counters of a device. They survive down and up.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) rx: RxCounters,
    pub(crate) tx: TxCounters,
}

/// What `ethtool -S` shows, in the order of [`ethtool`].
pub(crate) const NAMES: [StatName; 25] = [
    stat_name("rx_packets"),
    stat_name("rx_bytes"),
    stat_name("rx_errors"),
    stat_name("rx_length_errors"),
    stat_name("rx_alloc_failed"),
    stat_name("rx_interrupts"),
    stat_name("tx_packets"),
    stat_name("tx_bytes"),
    stat_name("tx_errors"),
    stat_name("tx_map_failed"),
    stat_name("tx_busy"),
    stat_name("tx_stopped"),
    stat_name("tx_timeouts"),
    stat_name("tx_interrupts"),
    stat_name("mgmt_interrupts"),
    stat_name("mgmt_spurious"),
    stat_name("link_changes"),
    stat_name("link_events"),
    stat_name("dma_errors"),
    stat_name("config_errors"),
    stat_name("service_runs"),
    stat_name("hw_rx_frames"),
    stat_name("hw_rx_missed"),
    stat_name("hw_tx_frames"),
    stat_name("hw_tx_errors"),
];

/// Fills in the counters of [`NAMES`].
pub(crate) fn ethtool(nic: &Nic<'_>, to: &mut [u64]) {
    let rx = &nic.counters.rx;
    let tx = &nic.counters.tx;
    let mgmt = nic.mgmt.lock();
    let values: [u64; NAMES.len()] = [
        rx.packets.get(),
        rx.bytes.get(),
        rx.errors.get(),
        rx.length_errors.get(),
        rx.alloc_failed.get(),
        rx.interrupts.get(),
        tx.packets.get(),
        tx.bytes.get(),
        tx.errors.get(),
        tx.map_failed.get(),
        tx.busy.get(),
        tx.stopped.get(),
        tx.timeouts.get(),
        tx.interrupts.get(),
        mgmt.interrupts.0,
        mgmt.spurious.0,
        mgmt.books.link_changes.0,
        mgmt.books.link_events.0,
        mgmt.books.dma_errors.0,
        mgmt.books.config_errors.0,
        mgmt.books.service_runs.0,
        nic.regs.read(regs::RX_FRAMES).count().get().into(),
        nic.regs.read(regs::RX_MISSED).count().get().into(),
        nic.regs.read(regs::TX_FRAMES).count().get().into(),
        nic.regs.read(regs::TX_ERRORS).count().get().into(),
    ];

    for (to, value) in to.iter_mut().zip(values) {
        *to = value;
    }
}

/// Returns the standard counters.
pub(crate) fn standard(nic: &Nic<'_>) -> net::Stats {
    let rx = &nic.counters.rx;
    let tx = &nic.counters.tx;
    let length_errors = rx.length_errors.get();

    net::Stats {
        rx_packets: rx.packets.get(),
        rx_bytes: rx.bytes.get(),
        rx_errors: rx.errors.get().wrapping_add(length_errors),
        rx_dropped: rx.alloc_failed.get(),
        rx_length_errors: length_errors,
        rx_missed_errors: nic.regs.read(regs::RX_MISSED).count().get().into(),
        tx_packets: tx.packets.get(),
        tx_bytes: tx.bytes.get(),
        tx_errors: tx.errors.get(),
        tx_dropped: tx.map_failed.get(),
    }
}
