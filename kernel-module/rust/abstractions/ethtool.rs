// SPDX-License-Identifier: GPL-2.0

//! What `ethtool` asks of a net device.
//!
//! All of it is called with the RTNL held, and only while the device is attached.
//!
//! C header: [`include/linux/ethtool.h`](srctree/include/linux/ethtool.h)

use super::{
    netdev::{
        Device,
        Handle, //
    },
    ops::Operations,
    rtnl::Rtnl,
    stats::StatName, //
};
use core::{
    marker::PhantomData,
    slice, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// Sizes of the rings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rings {
    /// Of a receive ring.
    pub(crate) rx: u32,
    /// Of a transmit ring.
    pub(crate) tx: u32,
}

/// Moderation of interrupts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coalesce {
    /// After a frame was received.
    pub(crate) rx_usecs: u32,
    /// After a frame was sent.
    pub(crate) tx_usecs: u32,
}

/// Number of channels that both receive and transmit.
#[derive(Clone, Copy)]
pub(crate) struct Channels {
    /// How many there can be.
    pub(crate) most: u32,
    /// How many are used.
    pub(crate) count: u32,
}

/// Receive side scaling.
pub(crate) struct Rss<'r> {
    /// What frames are hashed with.
    pub(crate) key: &'r [u8],
    /// The queue of each hash, modulo the size.
    pub(crate) table: &'r [u32],
}

/// What of it is to be changed.
pub(crate) struct RssChange<'r> {
    /// A new key.
    pub(crate) key: Option<&'r [u8]>,
    /// A new table.
    pub(crate) table: Option<&'r [u32]>,
}

/// A driver that `ethtool` can talk to.
pub(crate) trait Ethtool: Operations {
    /// Names of the tests of `ethtool -t`.
    const TEST_NAMES: &'static [StatName];
    /// Largest rings.
    const MAX_RINGS: Rings;
    /// Version of the device.
    const FIRMWARE: &'static [u8];
    /// Speed of the link in Mbit/s, full duplex.
    const SPEED_MBPS: u32;
    /// Bytes of the hash key.
    const RSS_KEY_SIZE: u32;
    /// Entries of the indirection table.
    const RSS_ENTRIES: u32;
    /// Bytes of the device's memory.
    const EEPROM_SIZE: u32;
    /// What a user must say to write it.
    const EEPROM_MAGIC: u32;

    /// Returns the names of the counters of `ethtool -S`. Called once, before the device is registered.
    fn stat_names(dev: Handle<'_, Self>) -> &'static [StatName];

    /// Reports the counters of [`Ethtool::stat_names`], in that order. `to` is as long and zeroed.
    fn statistics(dev: Handle<'_, Self>, to: &mut [u64], rtnl: &mut Rtnl);

    /// Returns the sizes of the rings.
    fn rings(dev: Handle<'_, Self>, rtnl: &mut Rtnl) -> Rings;

    /// Sets the sizes of the rings, which are no more than [`Ethtool::MAX_RINGS`].
    fn set_rings(dev: Handle<'_, Self>, rings: Rings, rtnl: &mut Rtnl) -> Result;

    /// Returns how interrupts are moderated.
    fn coalesce(dev: Handle<'_, Self>, rtnl: &mut Rtnl) -> Coalesce;

    /// Sets how interrupts are moderated.
    fn set_coalesce(dev: Handle<'_, Self>, coalesce: Coalesce, rtnl: &mut Rtnl) -> Result;

    /// Returns the number of channels.
    fn channels(dev: Handle<'_, Self>, rtnl: &mut Rtnl) -> Channels;

    /// Sets the number of channels, which is at least one and no more than there can be.
    fn set_channels(dev: Handle<'_, Self>, count: u32, rtnl: &mut Rtnl) -> Result;

    /// Returns how frames are spread.
    fn rss<'r>(dev: &'r Device<Self>, rtnl: &'r Rtnl) -> Rss<'r>;

    /// Sets how frames are spread. Entries of the table are less than the number of channels.
    fn set_rss(dev: Handle<'_, Self>, change: &RssChange<'_>, rtnl: &mut Rtnl) -> Result;

    /// Reads the device's memory from `offset` on. All of `to` lies in it.
    fn read_eeprom(dev: Handle<'_, Self>, offset: usize, to: &mut [u8], rtnl: &mut Rtnl) -> Result;

    /// Writes the device's memory from `offset` on. All of `from` lies in it.
    fn write_eeprom(dev: Handle<'_, Self>, offset: usize, from: &[u8], rtnl: &mut Rtnl) -> Result;

    /// Tests the device; `offline` allows to disturb it. `results` is as long as
    /// [`Ethtool::TEST_NAMES`] and zeroed; what failed becomes anything else.
    fn self_test(dev: Handle<'_, Self>, offline: bool, results: &mut [u64], rtnl: &mut Rtnl);
}

/// The functions that C calls, and their table.
///
/// The first argument of each is a registered device that [`Registration::new`] has made for `T`: the
/// table is only given to those. The lifetime that each picks is the life of the device. The RTNL is
/// held, since the device does not ask for the lock of an instance.
///
/// [`Registration::new`]: super::netdev::Registration::new
pub(super) struct Table<T>(PhantomData<T>);

/// `ETHTOOL_COALESCE_RX_USECS` and `ETHTOOL_COALESCE_TX_USECS`.
const COALESCE_USECS: u32 = 1 << 0 | 1 << 4;

/// `ETH_RSS_HASH_TOP`.
const HASH_TOP: u8 = 1 << bindings::ETH_RSS_HASH_TOP_BIT;

type NetDev = *mut bindings::net_device;
type ExtAck = *mut bindings::netlink_ext_ack;

/// Calls `f` with the device and the RTNL of an operation.
///
/// # Safety
///
/// See [`Table`].
unsafe fn enter<T: Ethtool, R>(
    netdev: NetDev,
    f: impl for<'a> FnOnce(Handle<'a, T>, &mut Rtnl) -> R,
) -> R {
    // SAFETY: By the safety requirement.
    let dev = unsafe { Handle::<T>::from_netdev(netdev) };
    // SAFETY:
    // - By the safety requirement the RTNL is held until this returns.
    // - This is the only token: the operation was given none, and does not call another.
    let mut rtnl = unsafe { Rtnl::assume_held() };

    f(dev, &mut rtnl)
}

fn errno(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(err) => err.to_errno(),
    }
}

// C calls these functions as the operations of their names, and only then. Pointers to structures are
// valid, and may be null only where that is looked for.
impl<T: Ethtool> Table<T> {
    pub(super) const OPS: bindings::ethtool_ops = {
        let mut ops: bindings::ethtool_ops = pin_init::zeroed();

        ops.supported_coalesce_params = COALESCE_USECS;
        ops.get_drvinfo = Some(Self::get_drvinfo);
        ops.get_link = Some(bindings::ethtool_op_get_link);
        ops.get_link_ksettings = Some(Self::get_link_ksettings);
        ops.get_ts_info = Some(bindings::ethtool_op_get_ts_info);
        ops.get_sset_count = Some(Self::get_sset_count);
        ops.get_strings = Some(Self::get_strings);
        ops.get_ethtool_stats = Some(Self::get_ethtool_stats);
        ops.get_ringparam = Some(Self::get_ringparam);
        ops.set_ringparam = Some(Self::set_ringparam);
        ops.get_coalesce = Some(Self::get_coalesce);
        ops.set_coalesce = Some(Self::set_coalesce);
        ops.get_channels = Some(Self::get_channels);
        ops.set_channels = Some(Self::set_channels);
        ops.get_rx_ring_count = Some(Self::get_rx_ring_count);
        ops.get_rxfh_key_size = Some(Self::get_rxfh_key_size);
        ops.get_rxfh_indir_size = Some(Self::get_rxfh_indir_size);
        ops.get_rxfh = Some(Self::get_rxfh);
        ops.set_rxfh = Some(Self::set_rxfh);
        ops.get_eeprom_len = Some(Self::get_eeprom_len);
        ops.get_eeprom = Some(Self::get_eeprom);
        ops.set_eeprom = Some(Self::set_eeprom);
        ops.self_test = Some(Self::self_test);
        ops
    };

    extern "C" fn get_drvinfo(_dev: NetDev, info: *mut bindings::ethtool_drvinfo) {
        // SAFETY: C passes a valid structure.
        let to = unsafe { &mut (*info).fw_version };

        // The last byte stays NUL.
        let room = to.len().saturating_sub(1);
        for (to, from) in to.iter_mut().take(room).zip(T::FIRMWARE) {
            *to = *from;
        }
    }

    extern "C" fn get_link_ksettings(
        dev: NetDev,
        settings: *mut bindings::ethtool_link_ksettings,
    ) -> c_int {
        // SAFETY: See `Table`.
        let carrier = unsafe { enter::<T, _>(dev, |dev, _| dev.carrier()) };
        // SAFETY: C passes a valid structure.
        let base = unsafe { &mut (*settings).base };

        if carrier {
            base.speed = T::SPEED_MBPS;
            base.duplex = bindings::DUPLEX_FULL as u8;
        } else {
            base.speed = bindings::SPEED_UNKNOWN as u32;
            base.duplex = bindings::DUPLEX_UNKNOWN as u8;
        }
        base.port = bindings::PORT_OTHER as u8;
        base.autoneg = bindings::AUTONEG_DISABLE as u8;
        0
    }

    /// # Safety
    ///
    /// See [`Table`].
    unsafe fn names(dev: NetDev, set: u32) -> Option<&'static [StatName]> {
        match set {
            bindings::ethtool_stringset_ETH_SS_STATS => {
                // SAFETY: By the safety requirement.
                Some(unsafe { enter::<T, _>(dev, |dev, _| dev.stat_names()) })
            }
            bindings::ethtool_stringset_ETH_SS_TEST => Some(T::TEST_NAMES),
            _ => None,
        }
    }

    extern "C" fn get_sset_count(dev: NetDev, set: c_int) -> c_int {
        // SAFETY: See `Table`.
        // CAST: Sets have small numbers, and few names.
        match unsafe { Self::names(dev, set as u32) } {
            Some(names) => names.len() as c_int,
            None => EOPNOTSUPP.to_errno(),
        }
    }

    extern "C" fn get_strings(dev: NetDev, set: u32, to: *mut u8) {
        // SAFETY: See `Table`.
        if let Some(names) = unsafe { Self::names(dev, set) } {
            // SAFETY:
            // - C has allocated as many names of this size as `get_sset_count` says, or more.
            // - Those are as many as there are here: the names of a device are set once, and those of
            //   the tests are a constant.
            // - Bytes need no alignment, and names that are `'static` do not overlap with what was just
            //   allocated.
            unsafe {
                to.cast::<StatName>()
                    .copy_from_nonoverlapping(names.as_ptr(), names.len())
            };
        }
    }

    extern "C" fn get_ethtool_stats(
        dev: NetDev,
        _stats: *mut bindings::ethtool_stats,
        to: *mut u64,
    ) {
        // SAFETY: See `Table`.
        let count = unsafe { enter::<T, _>(dev, |dev, _| dev.stat_names().len()) };
        // SAFETY:
        // - C has allocated as many words as `get_sset_count` says, or more, for this call alone.
        // - That is `count`: the names of a device are set once. C does not call if it is 0.
        // - They are initialised before there is a reference.
        let to = unsafe {
            to.write_bytes(0, count);
            slice::from_raw_parts_mut(to, count)
        };

        // SAFETY: See `Table`.
        unsafe { enter::<T, _>(dev, |dev, rtnl| T::statistics(dev, to, rtnl)) }
    }

    extern "C" fn get_ringparam(
        dev: NetDev,
        to: *mut bindings::ethtool_ringparam,
        _kernel: *mut bindings::kernel_ethtool_ringparam,
        _extack: ExtAck,
    ) {
        // SAFETY: See `Table`.
        let rings = unsafe { enter::<T, _>(dev, |dev, rtnl| T::rings(dev, rtnl)) };
        // SAFETY: C passes a valid structure.
        let to = unsafe { &mut *to };

        to.rx_max_pending = T::MAX_RINGS.rx;
        to.rx_pending = rings.rx;
        to.tx_max_pending = T::MAX_RINGS.tx;
        to.tx_pending = rings.tx;
    }

    extern "C" fn set_ringparam(
        dev: NetDev,
        from: *mut bindings::ethtool_ringparam,
        _kernel: *mut bindings::kernel_ethtool_ringparam,
        _extack: ExtAck,
    ) -> c_int {
        // SAFETY: C passes a valid structure.
        //
        // It has compared that with what `get_ringparam` says.
        let from = unsafe { &*from };
        let rings = Rings {
            rx: from.rx_pending,
            tx: from.tx_pending,
        };

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::set_rings(dev, rings, rtnl)) })
    }

    extern "C" fn get_coalesce(
        dev: NetDev,
        to: *mut bindings::ethtool_coalesce,
        _kernel: *mut bindings::kernel_ethtool_coalesce,
        _extack: ExtAck,
    ) -> c_int {
        // SAFETY: See `Table`.
        let coalesce = unsafe { enter::<T, _>(dev, |dev, rtnl| T::coalesce(dev, rtnl)) };
        // SAFETY: C passes a valid structure.
        let to = unsafe { &mut *to };

        to.rx_coalesce_usecs = coalesce.rx_usecs;
        to.tx_coalesce_usecs = coalesce.tx_usecs;
        0
    }

    extern "C" fn set_coalesce(
        dev: NetDev,
        from: *mut bindings::ethtool_coalesce,
        _kernel: *mut bindings::kernel_ethtool_coalesce,
        _extack: ExtAck,
    ) -> c_int {
        // SAFETY: C passes a valid structure.
        let from = unsafe { &*from };
        let coalesce = Coalesce {
            rx_usecs: from.rx_coalesce_usecs,
            tx_usecs: from.tx_coalesce_usecs,
        };

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::set_coalesce(dev, coalesce, rtnl)) })
    }

    extern "C" fn get_channels(dev: NetDev, to: *mut bindings::ethtool_channels) {
        // SAFETY: See `Table`.
        let channels = unsafe { enter::<T, _>(dev, |dev, rtnl| T::channels(dev, rtnl)) };
        // SAFETY: C passes a valid structure.
        let to = unsafe { &mut *to };

        to.max_combined = channels.most;
        to.combined_count = channels.count;
    }

    extern "C" fn set_channels(dev: NetDev, from: *mut bindings::ethtool_channels) -> c_int {
        // SAFETY: C passes a valid structure.
        //
        // It has compared that with what `get_channels` says.
        let count = unsafe { (*from).combined_count };

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::set_channels(dev, count, rtnl)) })
    }

    extern "C" fn get_rx_ring_count(dev: NetDev) -> u32 {
        // SAFETY: See `Table`.
        unsafe { enter::<T, _>(dev, |dev, rtnl| T::channels(dev, rtnl).count) }
    }

    extern "C" fn get_rxfh_key_size(_dev: NetDev) -> u32 {
        T::RSS_KEY_SIZE
    }

    extern "C" fn get_rxfh_indir_size(_dev: NetDev) -> u32 {
        T::RSS_ENTRIES
    }

    extern "C" fn get_rxfh(dev: NetDev, to: *mut bindings::ethtool_rxfh_param) -> c_int {
        // SAFETY: C passes a valid structure.
        let to = unsafe { &mut *to };

        to.hfunc = HASH_TOP;
        // SAFETY:
        // - See `Table`.
        // - C has allocated as many bytes and entries as it was told, or none.
        unsafe { enter::<T, _>(dev, |dev, rtnl| Self::write_rss(&T::rss(&dev, rtnl), to)) };
        0
    }

    /// # Safety
    ///
    /// `key` and `indir` of `to` must be null, or initialised, and as long as `get_rxfh_key_size`
    /// and `get_rxfh_indir_size` say.
    unsafe fn write_rss(rss: &Rss<'_>, to: &mut bindings::ethtool_rxfh_param) {
        if !to.key.is_null() {
            // SAFETY: By the safety requirement.
            unsafe { slice::from_raw_parts_mut(to.key, T::RSS_KEY_SIZE as usize) }
                .iter_mut()
                .zip(rss.key)
                .for_each(|(to, from)| *to = *from);
        }
        if !to.indir.is_null() {
            // SAFETY: By the safety requirement.
            unsafe { slice::from_raw_parts_mut(to.indir, T::RSS_ENTRIES as usize) }
                .iter_mut()
                .zip(rss.table)
                .for_each(|(to, from)| *to = *from);
        }
    }

    extern "C" fn set_rxfh(
        dev: NetDev,
        from: *mut bindings::ethtool_rxfh_param,
        _extack: ExtAck,
    ) -> c_int {
        // SAFETY: C passes a valid structure.
        let from = unsafe { &*from };

        if ![HASH_TOP, bindings::ETH_RSS_HASH_NO_CHANGE as u8].contains(&from.hfunc) {
            return EOPNOTSUPP.to_errno();
        }
        // SAFETY:
        // - If they are not null, C has allocated and filled them, as long as it was told by
        //   `get_rxfh_key_size` and `get_rxfh_indir_size`.
        // - It does not change them during the call.
        //
        // It has compared the table with the number of channels.
        let change = unsafe {
            RssChange {
                key: (!from.key.is_null())
                    .then(|| slice::from_raw_parts(from.key, T::RSS_KEY_SIZE as usize)),
                table: (!from.indir.is_null())
                    .then(|| slice::from_raw_parts(from.indir, T::RSS_ENTRIES as usize)),
            }
        };

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::set_rss(dev, &change, rtnl)) })
    }

    extern "C" fn get_eeprom_len(_dev: NetDev) -> c_int {
        T::EEPROM_SIZE as c_int
    }

    /// Makes sure that what is asked for lies in the memory of the device.
    fn in_eeprom(eeprom: &bindings::ethtool_eeprom) -> bool {
        eeprom
            .offset
            .checked_add(eeprom.len)
            .is_some_and(|end| end <= T::EEPROM_SIZE)
    }

    extern "C" fn get_eeprom(
        dev: NetDev,
        eeprom: *mut bindings::ethtool_eeprom,
        to: *mut u8,
    ) -> c_int {
        // SAFETY: C passes a valid structure.
        let eeprom = unsafe { &mut *eeprom };

        eeprom.magic = T::EEPROM_MAGIC;
        if !Self::in_eeprom(eeprom) {
            return EINVAL.to_errno();
        }
        // SAFETY: C has allocated as many bytes, and zeroed them, for this call alone.
        let to = unsafe { slice::from_raw_parts_mut(to, eeprom.len as usize) };
        let offset = eeprom.offset as usize;

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::read_eeprom(dev, offset, to, rtnl)) })
    }

    extern "C" fn set_eeprom(
        dev: NetDev,
        eeprom: *mut bindings::ethtool_eeprom,
        from: *mut u8,
    ) -> c_int {
        // SAFETY: C passes a valid structure.
        let eeprom = unsafe { &*eeprom };

        if eeprom.magic != T::EEPROM_MAGIC || !Self::in_eeprom(eeprom) {
            return EINVAL.to_errno();
        }
        // SAFETY: C has allocated and filled as many bytes, and does not change them meanwhile.
        let from = unsafe { slice::from_raw_parts(from, eeprom.len as usize) };
        let offset = eeprom.offset as usize;

        // SAFETY: See `Table`.
        errno(unsafe { enter::<T, _>(dev, |dev, rtnl| T::write_eeprom(dev, offset, from, rtnl)) })
    }

    extern "C" fn self_test(dev: NetDev, test: *mut bindings::ethtool_test, results: *mut u64) {
        let count = T::TEST_NAMES.len();
        // SAFETY:
        // - C passes a valid structure.
        // - It has allocated as many words as `get_sset_count` says, for this call alone. That is
        //   `count`.
        // - They are initialised before there is a reference.
        let (test, results) = unsafe {
            results.write_bytes(0, count);
            (&mut *test, slice::from_raw_parts_mut(results, count))
        };
        let offline = test.flags & bindings::ethtool_test_flags_ETH_TEST_FL_OFFLINE != 0;

        // SAFETY: See `Table`.
        unsafe { enter::<T, _>(dev, |dev, rtnl| T::self_test(dev, offline, results, rtnl)) };
        if results.iter().any(|result| *result != 0) {
            test.flags |= bindings::ethtool_test_flags_ETH_TEST_FL_FAILED;
        }
    }
}
