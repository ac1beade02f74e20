// SPDX-License-Identifier: GPL-2.0

//! Net devices.
//!
//! # Lifetimes
//!
//! A driver describes its device in nested scopes, each a type. What lives in an inner scope may
//! borrow from the [`Device`], and is gone before anything of an outer scope is:
//!
//! | scope | type | from | to |
//! |---|---|---|---|
//! | the device | `Self` | [`Registration::new`] | after `unregister_netdev()` |
//! | known to the network | [`Operations::Attached`] | after `register_netdev()` | before `unregister_netdev()` |
//! | open | [`Operations::Open`] | `ndo_open` | `ndo_stop` |
//! | a queue transmits | [`Operations::Tx`] | [`TxQueue::install`] | [`TxQueue::remove`] |
//!
//! The order of teardown is therefore fixed here and not left to the driver: attached state,
//! `unregister_netdev()` (which brings the interface down), the data of the device, `free_netdev()`.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)
//!
//! [`TxQueue::install`]: super::tx_queue::TxQueue::install
//! [`TxQueue::remove`]: super::tx_queue::TxQueue::remove

use super::{
    dma,
    ethtool::{
        self,
        Ethtool, //
    },
    ffi,
    ops::Operations,
    rtnl::Rtnl,
    skb::SkBuff,
    stats::StatName, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    mem,
    ops::Deref,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    bindings,
    device,
    error::to_result,
    fmt,
    prelude::*,
    str::CStr,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        new_mutex,
        Mutex,
        SetOnce, //
    }, //
};

/// Most transmit queues that a device can have.
pub(crate) const MAX_QUEUES: usize = 8;

/// A station address.
pub(crate) type Address = [u8; 6];

/// The name of an interface. A copy: the interface can be renamed.
pub(crate) struct Name([u8; ffi::IFNAMSIZ]);

impl Deref for Name {
    type Target = CStr;

    fn deref(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).unwrap_or_default()
    }
}

/// The alias that a user gave to an interface: any bytes but NUL.
pub(crate) struct Alias {
    bytes: [u8; bindings::IFALIASZ as usize],
    len: usize,
}

impl Deref for Alias {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Which frames the stack wants besides those to the station address and to broadcast.
#[derive(Clone, Copy)]
pub(crate) struct RxMode {
    /// All frames.
    pub(crate) promiscuous: bool,
    /// All multicast frames.
    pub(crate) all_multicast: bool,
}

/// A net device of a driver `T`, whose data it derefs to.
///
/// It is the private area of a `struct net_device`.
///
/// # Invariants
///
/// - `self` lies at `netdev_priv(netdev)`, and `netdev` is valid as long as `self` exists.
/// - `stat_names` is set before the device is registered.
/// - `open` is null, or a `KBox<T::Open<'a>>` with `'a` the life of `self`; it is accessed with the
///   RTNL held only.
/// - Each of `tx` is the same for `KBox<T::Tx<'a>>`, and accessed with the lock of that transmit queue
///   held only.
/// - `holds` is the number of [`Hold`](super::hold::Hold)s that exist or have been leaked.
pub(crate) struct Device<T: Operations> {
    pub(super) tx: [UnsafeCell<*mut c_void>; MAX_QUEUES],
    netdev: NonNull<bindings::net_device>,
    pub(super) open: UnsafeCell<*mut c_void>,
    holds: Atomic<i32>,
    stat_names: SetOnce<&'static [StatName]>,
    data: T,
}

// SAFETY:
// - `T: Sync`, and of `Open` and `Tx` only one thread has a reference at a time, hence `Send` is
//   enough for them.
// - The methods on `netdev` may be called from any thread.
unsafe impl<T: Operations> Sync for Device<T> {}

impl<T: Operations> Deref for Device<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

/// A reference to a device for the rest of its life, `'a`.
///
/// Callbacks are given one. `'a` is invariant: it cannot be shortened, so what was made for `'a` lives
/// as long as the device, and not only as long as a function runs.
pub(crate) struct Handle<'a, T: Operations> {
    dev: &'a Device<T>,
    _life: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl<T: Operations> Clone for Handle<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Operations> Copy for Handle<'_, T> {}

impl<T: Operations> Deref for Handle<'_, T> {
    type Target = Device<T>;

    #[inline]
    fn deref(&self) -> &Device<T> {
        self.dev
    }
}

impl<'a, T: Operations> Handle<'a, T> {
    /// Returns the device of a callback.
    ///
    /// # Safety
    ///
    /// `dev` must point to a device that is valid for `'a`, and for all that can be made with the
    /// result.
    #[inline]
    pub(super) unsafe fn from_ptr(dev: *const Device<T>) -> Self {
        Self {
            // SAFETY: By the safety requirement.
            dev: unsafe { &*dev },
            _life: PhantomData,
        }
    }

    /// Returns the device of an operation.
    ///
    /// # Safety
    ///
    /// As for [`Handle::from_ptr`], and `netdev` must be one that [`Registration::new`] has made for
    /// `T`.
    #[inline]
    pub(super) unsafe fn from_netdev(netdev: *const bindings::net_device) -> Self {
        // SAFETY:
        // - By the safety requirements `netdev` is valid, and made for `T`.
        // - By the type invariants of `Device` its private area is a `Device<T>`.
        unsafe { Self::from_ptr(ffi::helper_netdev_priv(netdev).cast()) }
    }

    /// Returns the pointer for a callback that ends before the device does.
    #[inline]
    pub(super) fn as_ptr(self) -> *const Device<T> {
        self.dev
    }

    /// Returns the device and its data for as long as they live.
    #[inline]
    pub(crate) fn get(self) -> &'a Device<T> {
        self.dev
    }

    /// Calls `f` with what exists while the interface is open, if it is.
    ///
    /// For `f` itself the interface looks as if it were closed, so there is one reference.
    pub(crate) fn with_open<R>(
        self,
        rtnl: &mut Rtnl,
        f: impl FnOnce(Option<&mut T::Open<'a>>, &mut Rtnl) -> R,
    ) -> R {
        let place = self.dev.open.get();
        // SAFETY: The RTNL is held, so nobody else accesses `open`.
        let open = unsafe { mem::replace(&mut *place, ptr::null_mut()) };
        // SAFETY:
        // - By the type invariants of `Device` it is null or a box of this type.
        // - Null was left in its place, so this is the only reference.
        // - `'a` is the life of the device, by the invariance of `Handle`.
        let result = f(unsafe { open.cast::<T::Open<'a>>().as_mut() }, rtnl);

        // SAFETY: The RTNL is still held, as `rtnl` was borrowed, so nobody else accesses `open`.
        // INVARIANT: It is what was there before.
        unsafe { *place = open };
        result
    }
}

impl<T: Operations> Device<T> {
    /// Returns the `struct net_device`.
    #[inline]
    pub(super) fn netdev(&self) -> *mut bindings::net_device {
        self.netdev.as_ptr()
    }

    /// Counts a [`Hold`](super::hold::Hold).
    pub(super) fn add_hold(&self) {
        self.holds.add(1, Relaxed);
    }

    /// Undoes [`Device::add_hold`].
    pub(super) fn release_hold(&self) {
        self.holds.fetch_add(-1, Full);
    }

    /// Returns the names of the counters of `ethtool -S`, always the same once there are some.
    pub(super) fn stat_names(&self) -> &'static [StatName] {
        self.stat_names.copy().unwrap_or_default()
    }

    /// Returns the name of the interface as of now.
    pub(crate) fn name(&self) -> Name {
        let mut name = [0; ffi::IFNAMSIZ];

        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - `name` is `IFNAMSIZ` bytes long, which is all that is written.
        unsafe { ffi::shim_netdev_name(self.netdev(), name.as_mut_ptr().cast()) };
        Name(name)
    }

    /// Returns the alias of the interface as of now; it is empty if there is none.
    pub(crate) fn alias(&self) -> Alias {
        let mut bytes = [0; bindings::IFALIASZ as usize];
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - `bytes` is as long as said.
        let len = unsafe {
            ffi::shim_netdev_alias(self.netdev(), bytes.as_mut_ptr().cast(), bytes.len())
        };

        Alias { bytes, len }
    }

    /// Returns the station address as of now.
    pub(crate) fn address(&self) -> Address {
        let mut address = Address::default();

        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - `address` has room for six bytes.
        unsafe { ffi::shim_netdev_addr(self.netdev(), address.as_mut_ptr()) };
        address
    }

    /// Returns the MTU.
    pub(crate) fn mtu(&self) -> u32 {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_netdev_mtu(self.netdev()) }
    }

    /// Sets the MTU.
    pub(crate) fn set_mtu(&self, mtu: u32, _rtnl: &mut Rtnl) {
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - The RTNL is held, under which alone the MTU changes.
        unsafe { ffi::shim_netdev_set_mtu(self.netdev(), mtu) }
    }

    /// Has a user set the indirection table?
    pub(crate) fn is_rss_configured(&self, _rtnl: &Rtnl) -> bool {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_netdev_rss_configured(self.netdev()) }
    }

    /// Returns which frames the stack wants.
    pub(crate) fn rx_mode(&self, _rtnl: &Rtnl) -> RxMode {
        // SAFETY: `netdev` is valid by the type invariant.
        let (flags, multicast) = unsafe {
            (
                ffi::shim_netdev_flags(self.netdev()),
                ffi::shim_netdev_has_multicast(self.netdev()),
            )
        };

        RxMode {
            promiscuous: flags & bindings::net_device_flags_IFF_PROMISC != 0,
            all_multicast: flags & bindings::net_device_flags_IFF_ALLMULTI != 0 || multicast,
        }
    }

    /// Returns which features are switched on: bits of `NETIF_F_*`.
    #[inline]
    pub(crate) fn features(&self) -> Features {
        // SAFETY: `netdev` is valid by the type invariant.
        Features(unsafe { ffi::helper_netdev_features(self.netdev()) })
    }

    /// Is there a link, as far as the stack knows?
    pub(crate) fn carrier(&self) -> bool {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_carrier_ok(self.netdev()) }
    }

    /// Tells the stack whether there is a link.
    pub(crate) fn set_carrier(&self, up: bool) {
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - Both may be called in any context.
        unsafe {
            if up {
                ffi::netif_carrier_on(self.netdev());
            } else {
                ffi::netif_carrier_off(self.netdev());
            }
        }
    }

    /// Takes the device away from the stack, which stops to use it but keeps it.
    pub(crate) fn detach(&self) {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::netif_device_detach(self.netdev()) }
    }

    /// Undoes [`Device::detach`].
    pub(crate) fn attach(&self, _rtnl: &mut Rtnl) {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::netif_device_attach(self.netdev()) }
    }

    /// Sets how many queues of each direction the stack uses.
    pub(crate) fn set_real_num_queues(&self, count: u32, _rtnl: &mut Rtnl) -> Result {
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - The RTNL is held.
        // - A count that the device does not have is refused.
        to_result(unsafe { ffi::netif_set_real_num_queues(self.netdev(), count, count) })
    }

    /// Has the stack give no more frames, and waits for those that it is giving.
    pub(crate) fn tx_disable(&self) {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_tx_disable(self.netdev()) }
    }

    /// Undoes [`Device::tx_disable`].
    pub(crate) fn tx_enable(&self) {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_tx_wake_all(self.netdev()) }
    }

    /// Allocates a frame with `data`. May sleep.
    pub(crate) fn alloc_skb(&self, data: &[u8]) -> Result<SkBuff> {
        // What the kernel adds for itself does not make it wrap.
        let len = c_int::try_from(data.len())?;
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - `data` is as long as said.
        // CAST: A length is not negative.
        let skb = unsafe {
            ffi::shim_netdev_alloc_skb(self.netdev(), data.as_ptr().cast(), len as c_uint)
        };

        // SAFETY:
        // - The buffer is valid, as it is not null.
        // - It is new, so it is unshared and ours.
        Ok(unsafe { SkBuff::from_raw(NonNull::new(skb).ok_or(ENOMEM)?) })
    }

    /// Logs a message of the interface; see `net_info!`.
    pub(crate) fn log_info(&self, args: fmt::Arguments<'_>) {
        // SAFETY:
        // - `netdev` is valid by the type invariant.
        // - The format is NUL-terminated, and its `%pA` takes a pointer to `fmt::Arguments`.
        unsafe {
            bindings::netdev_info(
                self.netdev(),
                c"%pA".as_char_ptr(),
                ptr::from_ref(&args).cast::<c_void>(),
            )
        }
    }

    /// Logs a warning of the interface.
    pub(crate) fn log_warn(&self, args: fmt::Arguments<'_>) {
        // SAFETY: As for `log_info`.
        unsafe {
            bindings::netdev_warn(
                self.netdev(),
                c"%pA".as_char_ptr(),
                ptr::from_ref(&args).cast::<c_void>(),
            )
        }
    }

    /// Logs an error of the interface.
    pub(crate) fn log_err(&self, args: fmt::Arguments<'_>) {
        // SAFETY: As for `log_info`.
        unsafe {
            bindings::netdev_err(
                self.netdev(),
                c"%pA".as_char_ptr(),
                ptr::from_ref(&args).cast::<c_void>(),
            )
        }
    }
}

/// Features of a device: bits of `NETIF_F_*`.
#[derive(Clone, Copy)]
pub(crate) struct Features(pub(super) u64);

macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $bit:ident;)+) => {
        impl Features {
            $($(#[$doc])* pub(crate) const $name: Self = Self(1 << bindings::$bit);)+
        }
    };
}

features! {
    /// Frames may lie in several pieces.
    SG = NETIF_F_SG_BIT;
    /// Checksums can be left to the device.
    HW_CSUM = NETIF_F_HW_CSUM_BIT;
    /// Frames may lie anywhere in memory.
    HIGHDMA = NETIF_F_HIGHDMA_BIT;
    /// TCP segmentation over IPv4.
    TSO = NETIF_F_TSO_BIT;
    /// TCP segmentation with CWR.
    TSO_ECN = NETIF_F_TSO_ECN_BIT;
    /// TCP segmentation over IPv6.
    TSO6 = NETIF_F_TSO6_BIT;
    /// Checksums of received frames are verified by the device.
    RXCSUM = NETIF_F_RXCSUM_BIT;
    /// The device hashes received frames.
    RXHASH = NETIF_F_RXHASH_BIT;
}

impl Features {
    /// Segmentation of all kinds.
    pub(crate) const GSO: Self = Self(
        ((1 << (bindings::NETIF_F_GSO_LAST + 1)) - 1) & !((1 << bindings::NETIF_F_GSO_SHIFT) - 1),
    );
    /// Checksums of all kinds.
    pub(crate) const ANY_CSUM: Self = Self(
        Self::HW_CSUM.0 | 1 << bindings::NETIF_F_IP_CSUM_BIT | 1 << bindings::NETIF_F_IPV6_CSUM_BIT,
    );

    /// Features of both.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Features of `self` that are not in `other`.
    #[inline]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Are there some of `other`?
    #[inline]
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Returns a random address of a station, as if a user had chosen it.
pub(crate) fn random_address() -> Address {
    let mut address = Address::default();

    // SAFETY: `address` has room for six bytes.
    unsafe { ffi::shim_random_addr(address.as_mut_ptr()) };
    address
}

/// Returns a random key for receive side scaling, the same for all devices since boot.
pub(crate) fn rss_key<const N: usize>() -> [u8; N] {
    let mut key = [0; N];

    // SAFETY: `key` is as long as said. One that is longer than that of the kernel is a `BUG()`.
    unsafe { ffi::netdev_rss_key_fill(key.as_mut_ptr().cast(), N) };
    key
}

/// May a message that could come often be logged now?
pub(crate) fn ratelimit() -> bool {
    // SAFETY: May be called in any context.
    unsafe { bindings::net_ratelimit() != 0 }
}

/// A net device that is registered with the network stack, until this is dropped.
///
/// It is the private data of a bus device; see [`super::pci_driver`].
///
/// Fields are dropped in the order in which they stand here; see the module's documentation.
#[pin_data]
pub(crate) struct Registration<'a, T: Ethtool> {
    /// A lock only because the bus gives out shared references; its callbacks do not overlap.
    #[pin]
    attached: Mutex<T::Attached<'a>>,
    registered: Registered<'a, T>,
    _device: Owned<'a, T>,
}

impl<'a, T: Ethtool + 'a> Registration<'a, T> {
    /// Allocates a net device with `data` and registers it.
    ///
    /// # Errors
    ///
    /// - [`ENOMEM`] when memory is short.
    /// - Whatever `data`, `register_netdev()` and [`Operations::attach`] return.
    pub(crate) fn new(
        parent: &'a device::Device<device::Bound>,
        data: impl PinInit<T, Error>,
    ) -> Result<impl PinInit<Self, Error>> {
        let device = Owned::new(parent, data)?;
        let dev = device.handle();
        let registered = Registered::new(dev)?;
        let attached = T::attach(dev)?;

        Ok(try_pin_init!(Self {
            attached <- new_mutex!(attached),
            registered,
            _device: device,
        }))
    }

    /// Calls `f` with the device, and with what exists while it is registered.
    pub(crate) fn with<R>(&self, f: impl FnOnce(Handle<'a, T>, &mut T::Attached<'a>) -> R) -> R {
        f(self.registered.0, &mut self.attached.lock())
    }
}

/// A device that is registered with the network stack.
struct Registered<'a, T: Operations>(Handle<'a, T>);

impl<'a, T: Operations> Registered<'a, T> {
    fn new(dev: Handle<'a, T>) -> Result<Self>
    where
        T: Ethtool,
    {
        let address = dev.get().hardware_address();
        let config = ffi::shim_net_config {
            features: T::FEATURES.0 | T::HW_FEATURES.0,
            hw_features: T::HW_FEATURES.0,
            vlan_features: T::VLAN_FEATURES.0,
            ethtool_ops: &ethtool::Table::<T>::OPS,
            max_mtu: T::MAX_MTU,
            watchdog_ms: T::TX_TIMEOUT_MS,
            tso_max_segs: T::MAX_SEGMENTS,
        };

        // SAFETY:
        // - `netdev` is valid, and not registered yet, so nobody else accesses it.
        // - `config` is valid, and only read during the call. The table in it, to which a pointer
        //   stays, is a constant, and made for `T`.
        // - `address` is six bytes long.
        unsafe { ffi::shim_netdev_config(dev.netdev(), &config, address.as_ptr()) };
        dev.get().stat_names.populate(T::stat_names(dev));
        // Released again at once: `register_netdev()` takes it itself.
        T::prepare(dev, &mut Rtnl::lock())?;
        // SAFETY:
        // - `netdev` is valid, completely set up, and not registered yet.
        // - Its private area is initialised, so from here on the operations may be called.
        to_result(unsafe { ffi::register_netdev(dev.netdev()) })?;
        Ok(Self(dev))
    }
}

impl<T: Operations> Drop for Registered<'_, T> {
    /// When this returns the interface is down, and no operation is running or will be called.
    fn drop(&mut self) {
        // SAFETY: `self` says that it is registered, and is gone after this.
        unsafe { ffi::unregister_netdev(self.0.netdev()) }
    }
}

// SAFETY: A device may be unregistered from any thread.
unsafe impl<T: Operations> Send for Registered<'_, T> {}

/// A `struct net_device` with its private area.
///
/// # Invariants
///
/// The device is valid until `self` is dropped, for `'a`; it is not registered then.
struct Owned<'a, T: Operations> {
    dev: NonNull<Device<T>>,
    _life: PhantomData<&'a T>,
}

impl<'a, T: Operations + 'a> Owned<'a, T> {
    fn new(
        parent: &'a device::Device<device::Bound>,
        data: impl PinInit<T, Error>,
    ) -> Result<Self> {
        // `netdev_priv()` is aligned to `NETDEV_ALIGN`.
        const { assert!(mem::align_of::<Device<T>>() <= 32) };
        const { assert!(T::QUEUES <= MAX_QUEUES) };

        // SAFETY: `parent` is a valid device.
        let netdev = unsafe {
            ffi::shim_netdev_alloc(
                mem::size_of::<Device<T>>(),
                // CAST: Checked above.
                T::QUEUES as u32,
                dma::as_raw(parent),
            )
        };
        let netdev = NonNull::new(netdev).ok_or(ENOMEM)?;
        // SAFETY: `netdev` is valid: it has just been allocated.
        let dev = unsafe { ffi::helper_netdev_priv(netdev.as_ptr()) }.cast::<Device<T>>();

        // SAFETY:
        // - The private area is as large as a `Device<T>`, with which it was allocated.
        // - It is aligned, as was checked above, and not shared yet.
        // - It stays where it is until it is freed, so `data` is pinned.
        // - Should `data` fail, nothing but it has something to drop.
        let done = unsafe {
            (&raw mut (*dev).netdev).write(netdev);
            (&raw mut (*dev).tx).write([const { UnsafeCell::new(ptr::null_mut()) }; MAX_QUEUES]);
            (&raw mut (*dev).open).write(UnsafeCell::new(ptr::null_mut()));
            (&raw mut (*dev).holds).write(Atomic::new(0));
            (&raw mut (*dev).stat_names).write(SetOnce::new());
            pin_init::raw_try_init(&raw mut (*dev).data, data)
        };
        if let Err(err) = done {
            // SAFETY:
            // - The device is valid, and was not registered.
            // - Nothing refers to it, and it is not used after this.
            unsafe { ffi::free_netdev(netdev.as_ptr()) };
            return Err(err);
        }

        // INVARIANT: The device is initialised, and not registered. Only `drop()` frees it.
        Ok(Self {
            // SAFETY: `netdev_priv()` of a valid device is not null.
            dev: unsafe { NonNull::new_unchecked(dev) },
            _life: PhantomData,
        })
    }

    /// Returns the device. It must not be used once `self` has been dropped; this module makes sure.
    fn handle(&self) -> Handle<'a, T> {
        // SAFETY: By the type invariant.
        unsafe { Handle::from_ptr(self.dev.as_ptr()) }
    }
}

// SAFETY:
// - A device may be unregistered and freed from any thread.
// - Its data is dropped by that thread: `T: Send`.
unsafe impl<T: Operations> Send for Owned<'_, T> {}

impl<T: Operations> Drop for Owned<'_, T> {
    fn drop(&mut self) {
        let dev = self.handle();
        let netdev = dev.netdev;

        // Somebody has leaked a guard, so callbacks may still come: see `Hold`. Otherwise what other
        // threads did before they dropped theirs comes before what is done here.
        if kernel::warn_on!(dev.holds.load(Acquire) != 0) {
            return;
        }
        // SAFETY:
        // - The device is not registered, so no operation is called any more, and
        //   `unregister_netdev()` has waited for those that were.
        // - There is no guard left, so there is no other callback.
        // - `ndo_stop` has emptied `open`.
        // - Neither the data nor the device is used after this.
        unsafe {
            ptr::drop_in_place(self.dev.as_ptr());
            ffi::free_netdev(netdev.as_ptr());
        }
    }
}

/// Logs a message of an interface.
macro_rules! net_info {
    ($dev:expr, $($arg:tt)+) => { $dev.log_info(kernel::prelude::fmt!($($arg)+)) };
}

/// Logs a warning of an interface.
macro_rules! net_warn {
    ($dev:expr, $($arg:tt)+) => { $dev.log_warn(kernel::prelude::fmt!($($arg)+)) };
}

/// Logs an error of an interface.
macro_rules! net_err {
    ($dev:expr, $($arg:tt)+) => { $dev.log_err(kernel::prelude::fmt!($($arg)+)) };
}

pub(crate) use {
    net_err,
    net_info,
    net_warn, //
};
