// SPDX-License-Identifier: GPL-2.0

//! The operations of a net device: a trait, and the functions that C calls.
//!
//! `struct net_device_ops` has no binding, so the table is in `shim.c`. It refers to functions that
//! [`export_operations!`] makes for the one driver of the module; with a binding the table would be a
//! constant of a generic type, as [`super::ethtool::Table`] is.

use super::{
    ffi,
    netdev::{
        Address,
        Features,
        Handle,
        RxMode,
        MAX_QUEUES, //
    },
    rtnl::Rtnl,
    skb::{
        Dropped,
        SkBuff, //
    },
    tx_ring::Queued, //
};
use core::{
    marker::PhantomData,
    mem::{
        self,
        ManuallyDrop, //
    },
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    prelude::*, //
};

/// What `ip -s link` shows.
#[derive(Default)]
pub(crate) struct Stats {
    /// Frames that the stack got.
    pub(crate) rx_packets: u64,
    /// Their bytes.
    pub(crate) rx_bytes: u64,
    /// Frames that came with an error; those of a wrong length are among them.
    pub(crate) rx_errors: u64,
    /// Frames that there was no memory for.
    pub(crate) rx_dropped: u64,
    /// Frames of a length that cannot be.
    pub(crate) rx_length_errors: u64,
    /// Frames that the device had no buffer for.
    pub(crate) rx_missed_errors: u64,
    /// Frames that were sent.
    pub(crate) tx_packets: u64,
    /// Their bytes.
    pub(crate) tx_bytes: u64,
    /// Frames that the device could not send.
    pub(crate) tx_errors: u64,
    /// Frames that the device was never given.
    pub(crate) tx_dropped: u64,
}

/// What became of a frame given to [`Operations::start_xmit`].
///
/// Each variant holds what only giving up the frame in that way returns, so a frame cannot be
/// forgotten.
#[must_use = "the stack must be told"]
pub(crate) enum TxOutcome {
    /// It lies in the ring.
    Queued(Queued),
    /// It was thrown away, for a reason.
    Dropped(Dropped),
    /// There was no room. The frame goes back to the stack, which keeps it.
    Busy(SkBuff),
}

/// The frames that the stack gives one after the other; exists while one of them is transmitted.
pub(crate) struct Burst<'a>(PhantomData<&'a mut ()>);

impl Burst<'_> {
    /// Does another frame follow at once? Then a doorbell may wait for it.
    #[inline]
    pub(crate) fn goes_on(&self) -> bool {
        // SAFETY: `self` exists only in a transmission, which stays on the CPU that has set it.
        unsafe { ffi::helper_netdev_xmit_more() }
    }
}

/// A driver for a net device. The implementing type is the data of a device.
pub(crate) trait Operations: Send + Sync + Sized {
    /// Most queues of each direction.
    const QUEUES: usize;
    /// Largest MTU.
    const MAX_MTU: u32;
    /// How long a transmit queue may be stopped before [`Operations::tx_timeout`] is called.
    const TX_TIMEOUT_MS: u32;
    /// Most segments of a frame that the device segments.
    const MAX_SEGMENTS: u32;
    /// Features that are always on.
    const FEATURES: Features;
    /// Features that can be switched.
    const HW_FEATURES: Features;
    /// Features that can be used for VLANs.
    const VLAN_FEATURES: Features;

    /// What exists while the device is registered with the network stack.
    type Attached<'a>: Send + Unpin
    where
        Self: 'a;

    /// What exists while the interface is open.
    type Open<'a>: Send
    where
        Self: 'a;

    /// The transmit path's own state of one queue. It is handed out under the lock of the queue.
    type Tx<'a>: Send
    where
        Self: 'a;

    /// Returns the address of the hardware. If it is not valid a random one is used.
    fn hardware_address(&self) -> Address;

    /// Called before the device is registered, when nobody knows it yet.
    fn prepare<'a>(dev: Handle<'a, Self>, rtnl: &mut Rtnl) -> Result;

    /// Called after the device was registered.
    fn attach<'a>(dev: Handle<'a, Self>) -> Result<Self::Attached<'a>>;

    /// Brings the interface up.
    fn open<'a>(dev: Handle<'a, Self>, rtnl: &mut Rtnl) -> Result<Self::Open<'a>>;

    /// Brings the interface down.
    fn stop<'a>(dev: Handle<'a, Self>, open: Self::Open<'a>, rtnl: &mut Rtnl);

    /// Transmits a frame, one of a burst.
    fn start_xmit<'a>(
        dev: Handle<'a, Self>,
        tx: &mut Self::Tx<'a>,
        skb: SkBuff,
        burst: Burst<'_>,
    ) -> TxOutcome;

    /// Returns what of `features` the device can do for this frame.
    fn features_check(skb: &SkBuff, features: Features) -> Features;

    /// Sets which frames are received. The interface is up.
    fn set_rx_mode<'a>(dev: Handle<'a, Self>, mode: RxMode, rtnl: &mut Rtnl);

    /// Sets the station address.
    fn set_address<'a>(dev: Handle<'a, Self>, address: &Address, rtnl: &mut Rtnl);

    /// Sets the MTU.
    fn change_mtu<'a>(dev: Handle<'a, Self>, mtu: u32, rtnl: &mut Rtnl) -> Result;

    /// A transmit queue has been stopped for too long.
    fn tx_timeout<'a>(dev: Handle<'a, Self>, queue: u32);

    /// Reports the standard counters.
    fn stats<'a>(dev: Handle<'a, Self>) -> Stats;
}

/// The functions that C calls.
///
/// Each is called for a registered device that [`Registration::new`] has made for `T`, as there is
/// one driver in the module. The lifetime that each picks is the life of the device.
///
/// [`Registration::new`]: super::netdev::Registration::new
pub(crate) struct Entry<T>(PhantomData<T>);

impl<T: Operations> Entry<T> {
    fn try_open(dev: Handle<'_, T>, rtnl: &mut Rtnl) -> Result {
        // First what can fail, so that there is nothing to undo.
        let place = KBox::<T::Open<'_>>::new_uninit(GFP_KERNEL)?;
        let open = T::open(dev, rtnl)?;

        // SAFETY:
        // - The RTNL is held, so nobody else accesses `open`.
        // - No reference to it is kept anywhere.
        // INVARIANT: It is a box of this type.
        unsafe { *dev.open.get() = KBox::into_raw(place.write(open)).cast() };
        Ok(())
    }

    /// # Safety
    ///
    /// See [`Entry`]; the RTNL must be held.
    pub(crate) unsafe fn open(netdev: *mut bindings::net_device) -> c_int {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: `ndo_open` is called with it held, and this is the only one here.
        let mut rtnl = unsafe { Rtnl::assume_held() };

        match Self::try_open(dev, &mut rtnl) {
            Ok(()) => 0,
            Err(err) => err.to_errno(),
        }
    }

    /// # Safety
    ///
    /// See [`Entry`]; the RTNL must be held.
    pub(crate) unsafe fn stop(netdev: *mut bindings::net_device) -> c_int {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: `ndo_stop` is called with it held, and this is the only one here.
        let mut rtnl = unsafe { Rtnl::assume_held() };
        // SAFETY: The RTNL is held, so nobody else accesses `open`.
        // INVARIANT: Null is left in its place.
        let open = unsafe { mem::replace(&mut *dev.open.get(), ptr::null_mut()) };

        if !open.is_null() {
            // SAFETY:
            // - By the type invariants of `Device` it is a box of this type.
            // - It is taken once, since null was left in its place.
            let open = unsafe { KBox::<T::Open<'_>>::from_raw(open.cast()) };

            T::stop(dev, KBox::into_inner(open), &mut rtnl);
        }
        0
    }

    /// # Safety
    ///
    /// See [`Entry`]; `skb` must be valid and passes to this function, and the lock of its transmit
    /// queue must be held.
    #[inline]
    pub(crate) unsafe fn start_xmit(
        skb: *mut bindings::sk_buff,
        netdev: *mut bindings::net_device,
    ) -> c_int {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: By the safety requirements:
        // - `skb` is valid, hence not null.
        // - Its reference passes to this function. What is read of it after that is its own.
        let (skb, queue) = unsafe {
            (
                SkBuff::from_raw(NonNull::new_unchecked(skb)),
                ffi::helper_skb_get_queue_mapping(skb),
            )
        };
        // The stack keeps to `QUEUES`, which is no more than this.
        let place = &dev.get().tx[usize::from(queue) & (MAX_QUEUES - 1)];
        // SAFETY:
        // - The lock of this queue is held, since the device is not `lltx`, and its number is less
        //   than `QUEUES`. So nobody else accesses this until it returns.
        // - By the type invariants of `Device` it is null or a box of this type.
        let tx = unsafe { (*place.get()).cast::<T::Tx<'_>>().as_mut() };

        let outcome = match tx {
            Some(tx) => T::start_xmit(dev, tx, skb, Burst(PhantomData)),
            None => TxOutcome::Dropped(skb.free(super::skb::DropReason::DevReady)),
        };
        match outcome {
            TxOutcome::Queued(_) | TxOutcome::Dropped(_) => ffi::NETDEV_TX_OK,
            TxOutcome::Busy(skb) => {
                // With this answer the stack is the owner again.
                skb.into_raw();
                ffi::NETDEV_TX_BUSY
            }
        }
    }

    /// # Safety
    ///
    /// `skb` must be valid.
    #[inline]
    pub(crate) unsafe fn features_check(skb: *mut bindings::sk_buff, features: u64) -> u64 {
        // SAFETY:
        // - By the safety requirement `skb` is valid, hence not null.
        // - Its reference remains the caller's: `SkBuff` is not dropped, nor given away.
        let skb = ManuallyDrop::new(unsafe { SkBuff::from_raw(NonNull::new_unchecked(skb)) });

        T::features_check(&skb, Features(features)).0
    }

    /// # Safety
    ///
    /// See [`Entry`]; the RTNL must be held.
    pub(crate) unsafe fn set_rx_mode(
        netdev: *mut bindings::net_device,
        promiscuous: bool,
        all_multicast: bool,
    ) {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: The operation is called with it held, and this is the only one here.
        let mut rtnl = unsafe { Rtnl::assume_held() };
        let mode = RxMode {
            promiscuous,
            all_multicast,
        };

        T::set_rx_mode(dev, mode, &mut rtnl);
    }

    /// # Safety
    ///
    /// See [`Entry`]; the RTNL must be held, and `address` be `dev_addr`.
    pub(crate) unsafe fn set_address(netdev: *mut bindings::net_device, address: *const u8) {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: The operation is called with it held, and this is the only one here.
        let mut rtnl = unsafe { Rtnl::assume_held() };
        // SAFETY:
        // - By the safety requirement it is `dev_addr`, which is at least six bytes long.
        // - That only changes under the RTNL, which is held until this returns.
        // - `Address` needs no alignment.
        let address = unsafe { &*address.cast::<Address>() };

        T::set_address(dev, address, &mut rtnl);
    }

    /// # Safety
    ///
    /// See [`Entry`]; the RTNL must be held.
    pub(crate) unsafe fn change_mtu(netdev: *mut bindings::net_device, mtu: c_int) -> c_int {
        // SAFETY: See `Entry`.
        let dev = unsafe { Handle::<T>::from_netdev(netdev) };
        // SAFETY: The operation is called with it held, and this is the only one here.
        let mut rtnl = unsafe { Rtnl::assume_held() };
        // CAST: The core has checked that it lies between the limits.
        let mtu = mtu as u32;

        match T::change_mtu(dev, mtu, &mut rtnl) {
            Ok(()) => 0,
            Err(err) => err.to_errno(),
        }
    }

    /// # Safety
    ///
    /// See [`Entry`].
    pub(crate) unsafe fn tx_timeout(netdev: *mut bindings::net_device, queue: c_uint) {
        // SAFETY: See `Entry`.
        T::tx_timeout(unsafe { Handle::<T>::from_netdev(netdev) }, queue);
    }

    /// # Safety
    ///
    /// See [`Entry`]; `to` must be valid for writing a `struct shim_stats`.
    pub(crate) unsafe fn get_stats(netdev: *mut bindings::net_device, to: *mut c_void) {
        // SAFETY: See `Entry`.
        let stats = T::stats(unsafe { Handle::<T>::from_netdev(netdev) });

        // SAFETY: By the safety requirement `to` is valid for writing a `struct shim_stats`.
        unsafe {
            to.cast::<ffi::shim_stats>().write(ffi::shim_stats {
                rx_packets: stats.rx_packets,
                rx_bytes: stats.rx_bytes,
                rx_errors: stats.rx_errors,
                rx_dropped: stats.rx_dropped,
                rx_length_errors: stats.rx_length_errors,
                rx_missed_errors: stats.rx_missed_errors,
                tx_packets: stats.tx_packets,
                tx_bytes: stats.tx_bytes,
                tx_errors: stats.tx_errors,
                tx_dropped: stats.tx_dropped,
            })
        };
    }
}

/// Makes the functions that `shim_netdev_ops` in `shim.c` refers to, for the driver `$driver`, a type
/// with one lifetime, that of the binding.
macro_rules! export_operations {
    (for<$life:lifetime> $driver:ty) => {
        /// The functions of `shim_netdev_ops`.
        // They are exported by name, but for C, which knows what they ask for.
        #[allow(unsafe_code, clippy::missing_safety_doc)]
        // The lifetime is that of the type, which only the bodies name.
        #[allow(clippy::extra_unused_lifetimes)]
        mod operations {
            use super::*;
            use kernel::{
                bindings,
                ffi::{
                    c_int,
                    c_uint,
                    c_void, //
                }, //
            };
            use $crate::abstractions::ops::Entry;

            // SAFETY (of all of these): C calls them as the operations of their names, with what
            // `Entry` asks for:
            // - The device is registered, and was made for the one driver of the module.
            // - The RTNL is held, but for `ndo_start_xmit`, `ndo_features_check`, `ndo_tx_timeout`
            //   and `ndo_get_stats64`.
            // - `ndo_start_xmit` has the lock of the queue, and its frame passes to it.
            // - All other pointers are valid until the operation returns.

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_open<$life>(dev: *mut bindings::net_device) -> c_int {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::open(dev) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_stop<$life>(dev: *mut bindings::net_device) -> c_int {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::stop(dev) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_start_xmit<$life>(
                skb: *mut bindings::sk_buff,
                dev: *mut bindings::net_device,
            ) -> c_int {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::start_xmit(skb, dev) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_features_check<$life>(
                skb: *mut bindings::sk_buff,
                _dev: *mut bindings::net_device,
                features: u64,
            ) -> u64 {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::features_check(skb, features) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_set_rx_mode<$life>(
                dev: *mut bindings::net_device,
                promisc: bool,
                all_multi: bool,
            ) {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::set_rx_mode(dev, promisc, all_multi) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_set_mac_address<$life>(
                dev: *mut bindings::net_device,
                addr: *const u8,
            ) {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::set_address(dev, addr) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_change_mtu<$life>(
                dev: *mut bindings::net_device,
                mtu: c_int,
            ) -> c_int {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::change_mtu(dev, mtu) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_tx_timeout<$life>(
                dev: *mut bindings::net_device,
                queue: c_uint,
            ) {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::tx_timeout(dev, queue) }
            }

            #[no_mangle]
            unsafe extern "C" fn rust_ndo_get_stats64<$life>(
                dev: *mut bindings::net_device,
                stats: *mut c_void,
            ) {
                // SAFETY: See above.
                unsafe { Entry::<$driver>::get_stats(dev, stats) }
            }
        }
    };
}

pub(crate) use export_operations;
