// SPDX-License-Identifier: GPL-2.0

//! Counters, and who reads them.

use crate::{
    abstractions::{
        ops,
        stats::{
            numbered_stat_name,
            stat_name,
            Counter,
            StatName, //
        },
    },
    nic::Nic,
    regs,
};
use kernel::io::Io;

/// Counters of a queue pair. They are written by its poll, but for those that say otherwise.
#[derive(Default)]
pub(crate) struct PairCounters {
    pub(crate) rx_packets: Counter,
    pub(crate) rx_bytes: Counter,
    pub(crate) rx_errors: Counter,
    pub(crate) rx_length_errors: Counter,
    pub(crate) rx_csum_errors: Counter,
    pub(crate) rx_alloc_failed: Counter,
    pub(crate) tx_packets: Counter,
    pub(crate) tx_bytes: Counter,
    pub(crate) tx_errors: Counter,
    pub(crate) tx_bad_heads: Counter,
    /// Not shown: the watchdog looks at it.
    pub(crate) polls: Counter,
    /// Written by the interrupt.
    pub(crate) interrupts: Counter,
    /// Written under the lock of the transmit queue, as are the next two.
    pub(crate) tx_map_failed: Counter,
    pub(crate) tx_busy: Counter,
    pub(crate) tx_stopped: Counter,
    /// Written under the RTNL.
    pub(crate) tx_purged: Counter,
    /// Written by the watchdog.
    pub(crate) interrupts_missed: Counter,
}

/// The counters of a device. They survive down, up and resets.
#[derive(Default)]
pub(crate) struct Counters {
    pairs: [PairCounters; regs::QUEUES],
    /// Written by the watchdog of the stack.
    pub(crate) tx_timeouts: Counter,
    /// Written under the RTNL.
    pub(crate) resets: Counter,
    /// Written under the lock of the copy engine, as is the next one.
    pub(crate) copies: Counter,
    pub(crate) copy_errors: Counter,
}

impl Counters {
    /// Returns the counters of a queue pair.
    #[inline]
    pub(crate) fn pair(&self, number: usize) -> Option<&PairCounters> {
        self.pairs.get(number)
    }

    /// Adds up a counter of all queue pairs.
    fn sum(&self, counter: impl Fn(&PairCounters) -> &Counter) -> u64 {
        self.pairs
            .iter()
            .fold(0, |sum, pair| sum.wrapping_add(counter(pair).get()))
    }
}

/// Counters of the hardware since its last reset.
#[derive(Default)]
pub(crate) struct Hardware {
    rx_frames: u64,
    rx_missed: u64,
    tx_frames: u64,
    tx_errors: u64,
    violations: u64,
}

impl Hardware {
    /// Reads them, if the device can be read.
    pub(crate) fn read(nic: &Nic<'_>) -> Self {
        nic.with_registers(|regs| Self {
            rx_frames: regs.read(regs::RX_FRAMES).count().get().into(),
            rx_missed: regs.read(regs::RX_MISSED).count().get().into(),
            tx_frames: regs.read(regs::TX_FRAMES).count().get().into(),
            tx_errors: regs.read(regs::TX_ERRORS).count().get().into(),
            violations: regs.read(regs::VIOLATIONS).count().get().into(),
        })
        .unwrap_or_default()
    }
}

const GLOBAL: [StatName; 34] = [
    stat_name("rx_packets"),
    stat_name("rx_bytes"),
    stat_name("rx_errors"),
    stat_name("rx_length_errors"),
    stat_name("rx_csum_errors"),
    stat_name("rx_alloc_failed"),
    stat_name("tx_packets"),
    stat_name("tx_bytes"),
    stat_name("tx_errors"),
    stat_name("tx_map_failed"),
    stat_name("tx_busy"),
    stat_name("tx_stopped"),
    stat_name("tx_purged"),
    stat_name("tx_bad_heads"),
    stat_name("tx_timeouts"),
    stat_name("queue_interrupts"),
    stat_name("interrupts_missed"),
    stat_name("mgmt_interrupts"),
    stat_name("mgmt_spurious"),
    stat_name("mgmt_activity"),
    stat_name("link_changes"),
    stat_name("link_events"),
    stat_name("dma_errors"),
    stat_name("config_errors"),
    stat_name("service_runs"),
    stat_name("watchdog_runs"),
    stat_name("resets"),
    stat_name("copies"),
    stat_name("copy_errors"),
    stat_name("hw_rx_frames"),
    stat_name("hw_rx_missed"),
    stat_name("hw_tx_frames"),
    stat_name("hw_tx_errors"),
    stat_name("hw_violations"),
];

const PER_PAIR: usize = 5;

/// What `ethtool -S` shows, in the order of [`ethtool`], for a device with `pairs` queue pairs.
pub(crate) fn names(pairs: usize) -> &'static [StatName] {
    let count = GLOBAL.len().saturating_add(PER_PAIR.saturating_mul(pairs));

    NAMES.get(..count).unwrap_or(&NAMES)
}

static NAMES: [StatName; GLOBAL.len() + PER_PAIR * regs::QUEUES] = {
    let mut names = [[0; _]; GLOBAL.len() + PER_PAIR * regs::QUEUES];
    let mut i = 0;

    while i < GLOBAL.len() {
        names[i] = GLOBAL[i];
        i += 1;
    }
    let mut pair = 0;
    while pair < regs::QUEUES {
        let number = Some(pair as u8);

        names[i] = numbered_stat_name("rx", number, "_packets");
        names[i + 1] = numbered_stat_name("rx", number, "_bytes");
        names[i + 2] = numbered_stat_name("tx", number, "_packets");
        names[i + 3] = numbered_stat_name("tx", number, "_bytes");
        names[i + 4] = numbered_stat_name("interrupts", number, "");
        i += PER_PAIR;
        pair += 1;
    }
    names
};

/// Fills in the counters of [`names`].
pub(crate) fn ethtool(nic: &Nic<'_>, to: &mut [u64]) {
    let counters = &nic.counters;
    let tally = nic.with_mgmt(|mgmt| mgmt.books.tally);
    let hardware = Hardware::read(nic);
    let global: [u64; GLOBAL.len()] = [
        counters.sum(|pair| &pair.rx_packets),
        counters.sum(|pair| &pair.rx_bytes),
        counters.sum(|pair| &pair.rx_errors),
        counters.sum(|pair| &pair.rx_length_errors),
        counters.sum(|pair| &pair.rx_csum_errors),
        counters.sum(|pair| &pair.rx_alloc_failed),
        counters.sum(|pair| &pair.tx_packets),
        counters.sum(|pair| &pair.tx_bytes),
        counters.sum(|pair| &pair.tx_errors),
        counters.sum(|pair| &pair.tx_map_failed),
        counters.sum(|pair| &pair.tx_busy),
        counters.sum(|pair| &pair.tx_stopped),
        counters.sum(|pair| &pair.tx_purged),
        counters.sum(|pair| &pair.tx_bad_heads),
        counters.tx_timeouts.get(),
        counters.sum(|pair| &pair.interrupts),
        counters.sum(|pair| &pair.interrupts_missed),
        tally.interrupts.0,
        tally.spurious.0,
        tally.activity.0,
        tally.link_changes.0,
        tally.link_events.0,
        tally.dma_errors.0,
        tally.config_errors.0,
        tally.service_runs.0,
        tally.watchdog_runs.0,
        counters.resets.get(),
        counters.copies.get(),
        counters.copy_errors.get(),
        hardware.rx_frames,
        hardware.rx_missed,
        hardware.tx_frames,
        hardware.tx_errors,
        hardware.violations,
    ];
    let pairs = counters.pairs.iter().flat_map(|pair| {
        [
            pair.rx_packets.get(),
            pair.rx_bytes.get(),
            pair.tx_packets.get(),
            pair.tx_bytes.get(),
            pair.interrupts.get(),
        ]
    });

    for (to, value) in to
        .iter_mut()
        .zip(Iterator::chain(global.into_iter(), pairs))
    {
        *to = value;
    }
}

/// Returns the standard counters.
pub(crate) fn standard(nic: &Nic<'_>) -> ops::Stats {
    let counters = &nic.counters;
    let length_errors = counters.sum(|pair| &pair.rx_length_errors);

    ops::Stats {
        rx_packets: counters.sum(|pair| &pair.rx_packets),
        rx_bytes: counters.sum(|pair| &pair.rx_bytes),
        rx_errors: counters
            .sum(|pair| &pair.rx_errors)
            .wrapping_add(length_errors),
        rx_dropped: counters.sum(|pair| &pair.rx_alloc_failed),
        rx_length_errors: length_errors,
        rx_missed_errors: Hardware::read(nic).rx_missed,
        tx_packets: counters.sum(|pair| &pair.tx_packets),
        tx_bytes: counters.sum(|pair| &pair.tx_bytes),
        tx_errors: counters.sum(|pair| &pair.tx_errors),
        tx_dropped: counters
            .sum(|pair| &pair.tx_map_failed)
            .wrapping_add(counters.sum(|pair| &pair.tx_purged)),
    }
}
