// SPDX-License-Identifier: GPL-2.0

//! What `ethtool` shows and sets.

use crate::{
    abstractions::{
        dma::{
            Direction,
            StreamingBuffer, //
        },
        ethtool::{
            Channels,
            Coalesce,
            Ethtool,
            Rings,
            Rss,
            RssChange, //
        },
        netdev::{
            Device,
            Handle, //
        },
        ring::Size,
        rtnl::Rtnl,
        stats::StatName, //
    },
    nic::Nic,
    regs,
    selftest,
    stats, //
};
use core::ops::Range;
use kernel::prelude::*;

/// Smallest ring that a user gets.
const LEAST_RING: u32 = 64;
/// Largest time between two interrupts.
const MOST_USECS: u32 = 16777;

/// Returns the size of a ring for what a user wants.
pub(crate) fn ring_size(wanted: u32) -> Result<Size> {
    let count = wanted.clamp(LEAST_RING, regs::RING_SIZE_MAX);

    Size::new(count.next_power_of_two()).ok_or(EINVAL)
}

const _: () = assert!(regs::REVISION == 2);

impl Ethtool for Nic<'_> {
    const TEST_NAMES: &'static [StatName] = &selftest::NAMES;
    const MAX_RINGS: Rings = Rings {
        rx: regs::RING_SIZE_MAX,
        tx: regs::RING_SIZE_MAX,
    };
    const FIRMWARE: &'static [u8] = b"revision 2";
    const SPEED_MBPS: u32 = regs::LINK_MBPS;
    const RSS_KEY_SIZE: u32 = regs::RSS_KEY_SIZE as u32;
    const RSS_ENTRIES: u32 = regs::RSS_ENTRIES as u32;
    const EEPROM_SIZE: u32 = regs::DMA_MEMORY_SIZE as u32;
    const EEPROM_MAGIC: u32 = (regs::PCI_DEVICE_ID as u32) << 16 | regs::PCI_VENDOR_ID as u32;

    fn stat_names(dev: Handle<'_, Self>) -> &'static [StatName] {
        stats::names(dev.most_pairs())
    }

    fn statistics(dev: Handle<'_, Self>, to: &mut [u64], _rtnl: &mut Rtnl) {
        stats::ethtool(&dev, to);
    }

    fn rings(dev: Handle<'_, Self>, rtnl: &mut Rtnl) -> Rings {
        let settings = dev.settings.get(rtnl);

        Rings {
            rx: settings.rx.get(),
            tx: settings.tx.get(),
        }
    }

    fn set_rings(dev: Handle<'_, Self>, rings: Rings, rtnl: &mut Rtnl) -> Result {
        let (rx, tx) = (ring_size(rings.rx)?, ring_size(rings.tx)?);

        Self::reshape(
            dev,
            dev.mtu(),
            |settings| {
                settings.rx = rx;
                settings.tx = tx;
            },
            rtnl,
        )
    }

    fn coalesce(dev: Handle<'_, Self>, rtnl: &mut Rtnl) -> Coalesce {
        let usecs = dev.settings.get(rtnl).usecs;

        Coalesce {
            rx_usecs: usecs,
            tx_usecs: usecs,
        }
    }

    fn set_coalesce(dev: Handle<'_, Self>, coalesce: Coalesce, rtnl: &mut Rtnl) -> Result {
        let settings = dev.settings.get_mut(rtnl);
        let usecs = match (coalesce.rx_usecs, coalesce.tx_usecs) {
            (rx, tx) if rx == tx => rx,
            (rx, tx) if tx == settings.usecs => rx,
            (rx, tx) if rx == settings.usecs => tx,
            _ => return Err(EINVAL),
        };

        if usecs > MOST_USECS {
            return Err(EINVAL);
        }
        settings.usecs = usecs;
        for pair in 0..dev.most_pairs() {
            dev.with_registers(|regs| regs.set_moderation(pair, usecs))
                .unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    fn channels(dev: Handle<'_, Self>, _rtnl: &mut Rtnl) -> Channels {
        Channels {
            // CAST: There are few.
            most: dev.most_pairs() as u32,
            count: dev.pairs(),
        }
    }

    fn set_channels(dev: Handle<'_, Self>, count: u32, rtnl: &mut Rtnl) -> Result {
        let configured = dev.is_rss_configured(rtnl);

        Self::reshape(
            dev,
            dev.mtu(),
            |settings| {
                settings.pairs = count as usize;
                if !configured {
                    settings.spread();
                }
            },
            rtnl,
        )
    }

    fn rss<'r>(dev: &'r Device<Self>, rtnl: &'r Rtnl) -> Rss<'r> {
        let settings = dev.settings.get(rtnl);

        Rss {
            key: &settings.key,
            table: &settings.table,
        }
    }

    fn set_rss(dev: Handle<'_, Self>, change: &RssChange<'_>, rtnl: &mut Rtnl) -> Result {
        let settings = dev.settings.get_mut(rtnl);

        if let Some(key) = change.key {
            settings.key = key.try_into().map_err(|_| EINVAL)?;
        }
        if let Some(table) = change.table {
            settings.table = table.try_into().map_err(|_| EINVAL)?;
        }
        let rss = Self::rss(&dev, rtnl);

        dev.with_registers(|regs| regs.set_rss(&rss))
            .unwrap_or(Ok(()))
    }

    fn read_eeprom(
        dev: Handle<'_, Self>,
        offset: usize,
        to: &mut [u8],
        _rtnl: &mut Rtnl,
    ) -> Result {
        let mut blocks = Blocks::around(&dev, offset, to.len())?;

        blocks.read(&dev)?;
        for (to, from) in to.iter_mut().zip(blocks.wanted()?) {
            *to = *from;
        }
        Ok(())
    }

    fn write_eeprom(dev: Handle<'_, Self>, offset: usize, from: &[u8], _rtnl: &mut Rtnl) -> Result {
        let mut blocks = Blocks::around(&dev, offset, from.len())?;

        blocks.read(&dev)?;
        for (to, from) in blocks.wanted()?.iter_mut().zip(from) {
            *to = *from;
        }
        blocks.write(&dev)
    }

    fn self_test(dev: Handle<'_, Self>, offline: bool, results: &mut [u64], rtnl: &mut Rtnl) {
        selftest::run(dev, offline, results, rtnl);
    }
}

/// Blocks of the device's own memory, and what somebody wants of them.
struct Blocks<'bound> {
    memory: StreamingBuffer<'bound>,
    /// Where the blocks begin.
    offset: usize,
    length: usize,
    wanted: Range<usize>,
}

impl<'bound> Blocks<'bound> {
    const SIZE: usize = regs::DMA_BLOCK as usize;

    /// Returns the blocks in which `length` bytes from `offset` on lie.
    fn around(nic: &Nic<'bound>, offset: usize, length: usize) -> Result<Self> {
        let end = offset.checked_add(length).ok_or(EINVAL)?;
        // It is not after `offset`, and that not after `end`.
        let start = offset.wrapping_sub(offset % Self::SIZE);
        let length = end
            .checked_next_multiple_of(Self::SIZE)
            .ok_or(EINVAL)?
            .wrapping_sub(start);

        Ok(Self {
            memory: StreamingBuffer::new(nic.pdev.as_ref(), length)?,
            offset: start,
            length,
            wanted: offset.wrapping_sub(start)..end.wrapping_sub(start),
        })
    }

    fn wanted(&mut self) -> Result<&mut [u8]> {
        self.memory
            .bytes()
            .get_mut(self.wanted.clone())
            .ok_or(EINVAL)
    }

    fn read(&mut self, nic: &Nic<'_>) -> Result {
        let (offset, length) = (self.offset, self.length);

        nic.engine
            .copy(nic, &mut self.memory, Direction::FromDevice, offset, length)
    }

    fn write(&mut self, nic: &Nic<'_>) -> Result {
        let (offset, length) = (self.offset, self.length);

        nic.engine
            .copy(nic, &mut self.memory, Direction::ToDevice, offset, length)
    }
}
