// SPDX-License-Identifier: GPL-2.0

//! Net devices.
//!
//! # Lifetimes
//!
//! A driver describes its device in four nested scopes, each a type. What lives in an inner scope
//! may borrow from the [`Device`], and is gone before anything of an outer scope is:
//!
//! | scope | type | from | to |
//! |---|---|---|---|
//! | the device | `Self` | [`register`] | after `unregister_netdev()` |
//! | known to the network | [`Operations::Attached`] | after `register_netdev()` | before `unregister_netdev()` |
//! | up | [`Operations::Up`] | `ndo_open` | `ndo_stop` |
//! | transmitting | [`Operations::Tx`] | end of `ndo_open` | start of `ndo_stop` |
//!
//! The order of teardown is therefore fixed here and not left to the driver: attached state,
//! `unregister_netdev()` (which brings the interface down), the data of the device, `free_netdev()`.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)

use super::{
    dma,
    ffi,
    skb::{
        DropReason,
        SkBuff, //
    }, //
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
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    }, //
};

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

/// The name of a counter, padded with NUL, as ethtool wants it.
pub(crate) type StatName = [u8; ffi::ETH_GSTRING_LEN];

/// Pads the name of a counter. Fails the build if it is too long.
pub(crate) const fn stat_name(name: &str) -> StatName {
    let name = name.as_bytes();
    let mut padded = [0; ffi::ETH_GSTRING_LEN];
    let mut i = 0;

    // The last byte stays NUL.
    assert!(name.len() < ffi::ETH_GSTRING_LEN);
    while i < name.len() {
        padded[i] = name[i];
        i += 1;
    }
    padded
}

/// What `ip -s link` shows.
#[derive(Default)]
pub(crate) struct Stats {
    pub(crate) rx_packets: u64,
    pub(crate) rx_bytes: u64,
    pub(crate) rx_errors: u64,
    pub(crate) rx_dropped: u64,
    pub(crate) rx_length_errors: u64,
    pub(crate) rx_missed_errors: u64,
    pub(crate) tx_packets: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) tx_errors: u64,
    pub(crate) tx_dropped: u64,
}

/// Which frames the stack wants besides those to the station address and to broadcast.
#[derive(Clone, Copy)]
pub(crate) struct RxMode {
    /// All frames.
    pub(crate) promiscuous: bool,
    /// All multicast frames.
    pub(crate) all_multicast: bool,
}

/// What became of a frame given to [`Operations::start_xmit`].
pub(crate) enum TxOutcome {
    /// The driver has taken it: it was queued, or thrown away for a reason.
    Taken,
    /// There was no room. The frame goes back to the stack, which keeps it.
    Busy(SkBuff),
}

/// A driver for a net device with one transmit queue. The implementing type is the data of a device.
pub(crate) trait Operations: Send + Sync + Sized {
    /// Names of the counters of `ethtool -S`.
    const STAT_NAMES: &'static [StatName];
    /// Largest MTU.
    const MAX_MTU: u32;
    /// How long the transmit queue may be stopped before [`Operations::tx_timeout`] is called.
    const TX_TIMEOUT_MS: u32;
    /// Size of the receive ring, for `ethtool -g`.
    const RX_RING: u32;
    /// Size of the transmit ring, for `ethtool -g`.
    const TX_RING: u32;

    /// What exists while the device is registered with the network stack.
    type Attached<'a>: Send
    where
        Self: 'a;

    /// What exists while the interface is up, except for [`Operations::Tx`].
    type Up<'a>: Send
    where
        Self: 'a;

    /// The transmit path's own state. It is handed out under the lock of the queue.
    type Tx<'a>: Send
    where
        Self: 'a;

    /// Returns the address of the hardware. If it is not valid a random one is used, and set.
    fn hardware_address(&self) -> Address;

    /// Called after the device was registered.
    fn attach<'a>(dev: &'a Device<Self>) -> Result<Self::Attached<'a>>;

    /// Brings the interface up.
    fn open<'a>(dev: &'a Device<Self>) -> Result<(Self::Up<'a>, Self::Tx<'a>)>;

    /// Brings the interface down. No frame is being transmitted any more.
    fn stop<'a>(dev: &'a Device<Self>, up: Self::Up<'a>, tx: Self::Tx<'a>);

    /// Transmits a frame. With `more` another one follows at once, so a doorbell may wait for it.
    fn start_xmit<'a>(
        dev: &'a Device<Self>,
        tx: &mut Self::Tx<'a>,
        skb: SkBuff,
        more: bool,
    ) -> TxOutcome;

    /// Sets which frames are received.
    fn set_rx_mode(dev: &Device<Self>, mode: RxMode);

    /// Sets the station address.
    fn set_address(dev: &Device<Self>, address: &Address);

    /// The transmit queue has been stopped for too long.
    fn tx_timeout(dev: &Device<Self>);

    /// Reports the standard counters.
    fn stats(dev: &Device<Self>) -> Stats;

    /// Reports the counters of [`Operations::STAT_NAMES`], in that order. `to` is as long and zeroed.
    fn ethtool_stats(dev: &Device<Self>, to: &mut [u64]);
}

/// A net device of a driver `T`, whose data it derefs to.
///
/// It is the private area of a `struct net_device`.
///
/// # Invariants
///
/// - `self` lies at `netdev_priv(netdev)`, and `netdev` is valid as long as `self` exists.
/// - `up` is null, or a `KBox<T::Up<'a>>` with `'a` the life of `self`; it is accessed in `ndo_open`
///   and `ndo_stop` only, which the RTNL serialises.
/// - `tx` is the same for `KBox<T::Tx<'a>>`. It is accessed with the lock of the transmit queue held.
/// - `up` and `tx` are both null, or both not, whenever the RTNL is not held.
/// - `holds` is the number of [`Hold`]s that exist or have been leaked.
#[repr(C)]
pub(crate) struct Device<T: Operations> {
    /// First, as `struct shim_net_priv` says.
    vtable: *const ffi::shim_net_vtable,
    netdev: NonNull<bindings::net_device>,
    up: UnsafeCell<*mut c_void>,
    tx: UnsafeCell<*mut c_void>,
    holds: Atomic<i32>,
    data: T,
}

// SAFETY:
// - `T: Sync`, and of `Up` and `Tx` only one thread has a reference at a time, hence `Send` is
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

impl<T: Operations> Device<T> {
    /// Returns the device of a callback.
    ///
    /// # Safety
    ///
    /// `this` must point to a `Device<T>` that is valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_ctx<'a>(this: *mut c_void) -> &'a Self {
        // SAFETY: By the safety requirement.
        unsafe { &*this.cast::<Self>() }
    }

    /// Returns the pointer for a callback that ends before the device does.
    #[inline]
    pub(super) fn as_ctx(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    #[inline]
    pub(super) fn netdev(&self) -> *mut bindings::net_device {
        self.netdev.as_ptr()
    }

    /// Returns the name of the interface as of now.
    pub(crate) fn name(&self) -> Name {
        let mut name = [0; ffi::IFNAMSIZ];

        // SAFETY: `netdev` is valid by the type invariant; `name` is as long as a name can be.
        unsafe { ffi::shim_netdev_name(self.netdev(), name.as_mut_ptr().cast()) };
        Name(name)
    }

    /// Returns the station address as of now.
    pub(crate) fn address(&self) -> Address {
        let mut address = Address::default();

        // SAFETY: `netdev` is valid by the type invariant; `address` has room for six bytes.
        unsafe { ffi::shim_netdev_addr(self.netdev(), address.as_mut_ptr()) };
        address
    }

    /// Is there a link, as far as the stack knows?
    pub(crate) fn carrier(&self) -> bool {
        // SAFETY: `netdev` is valid by the type invariant.
        unsafe { ffi::shim_carrier_ok(self.netdev()) }
    }

    /// Tells the stack whether there is a link.
    pub(crate) fn set_carrier(&self, up: bool) {
        // SAFETY: `netdev` is valid by the type invariant. Both may be called in any context.
        unsafe {
            if up {
                ffi::netif_carrier_on(self.netdev());
            } else {
                ffi::netif_carrier_off(self.netdev());
            }
        }
    }

    /// Returns the transmit queue.
    #[inline]
    pub(crate) fn tx_queue(&self) -> TxQueue<'_> {
        TxQueue {
            netdev: self.netdev,
            _dev: PhantomData,
        }
    }

    /// Allocates an empty receive buffer of `len` bytes. May sleep.
    pub(crate) fn alloc_skb(&self, len: u32) -> Result<SkBuff> {
        // SAFETY: `netdev` is valid by the type invariant.
        let skb = unsafe { ffi::shim_netdev_alloc_skb(self.netdev(), len) };

        // SAFETY: The buffer is new, so it is unshared and ours.
        Ok(unsafe { SkBuff::from_raw(NonNull::new(skb).ok_or(ENOMEM)?) })
    }

    /// Logs a message of the interface; see `net_info!`.
    pub(crate) fn log_info(&self, args: fmt::Arguments<'_>) {
        // SAFETY: `netdev` is valid by the type invariant; `%pA` takes a `fmt::Arguments`.
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

/// May a message that could come often be logged now?
pub(crate) fn ratelimit() -> bool {
    // SAFETY: May be called in any context.
    unsafe { bindings::net_ratelimit() != 0 }
}

/// The transmit queue of a device.
#[derive(Clone, Copy)]
pub(crate) struct TxQueue<'a> {
    netdev: NonNull<bindings::net_device>,
    _dev: PhantomData<&'a ()>,
}

// Each function may be called in any context and at any time: a queue that is woken while the
// interface is down finds no transmit state, see `Vtable::start_xmit`.
impl TxQueue<'_> {
    /// Stops the queue: the stack gives no more frames.
    #[inline]
    pub(crate) fn stop(self) {
        // SAFETY: `netdev` is valid for the lifetime of `self`.
        unsafe { ffi::shim_tx_stop(self.netdev.as_ptr()) }
    }

    /// Undoes [`TxQueue::stop`] in the transmit path itself.
    #[inline]
    pub(crate) fn start(self) {
        // SAFETY: As for `stop`.
        unsafe { ffi::shim_tx_start(self.netdev.as_ptr()) }
    }

    /// Undoes [`TxQueue::stop`] and has waiting frames sent.
    #[inline]
    pub(crate) fn wake(self) {
        // SAFETY: As for `stop`.
        unsafe { ffi::shim_tx_wake(self.netdev.as_ptr()) }
    }

    /// Has the driver stopped the queue?
    #[inline]
    pub(crate) fn is_stopped(self) -> bool {
        // SAFETY: As for `stop`.
        unsafe { ffi::shim_tx_stopped(self.netdev.as_ptr()) }
    }

    /// Accounts for a frame that was queued (BQL). Returns whether the doorbell must be rung.
    #[inline]
    pub(crate) fn sent(self, bytes: u32, more: bool) -> bool {
        // SAFETY: As for `stop`.
        unsafe { ffi::shim_tx_sent(self.netdev.as_ptr(), bytes, more) }
    }

    /// Accounts for frames that were sent (BQL), then is a full memory barrier if there were any.
    ///
    /// To be called with what was given to [`TxQueue::sent`], and not with more.
    #[inline]
    pub(crate) fn completed_mb(self, packets: u32, bytes: u32) {
        // SAFETY: As for `stop`.
        unsafe { ffi::shim_tx_completed_mb(self.netdev.as_ptr(), packets, bytes) }
    }
}

/// Holds a device in place.
///
/// Every guard with callbacks has one. If a guard is leaked its callbacks never end, and then
/// neither does the device: it is unregistered, but its data is not dropped and not freed.
pub(crate) struct Hold<'a, T: Operations>(&'a Device<T>);

impl<'a, T: Operations> Hold<'a, T> {
    pub(super) fn new(dev: &'a Device<T>) -> Self {
        dev.holds.add(1, Relaxed);
        Self(dev)
    }

    #[inline]
    pub(super) fn device(&self) -> &'a Device<T> {
        self.0
    }
}

impl<T: Operations> Drop for Hold<'_, T> {
    fn drop(&mut self) {
        self.0.holds.fetch_add(-1, Full);
    }
}

/// Allocates a net device with `data` and registers it. It lives until `parent` is unbound.
///
/// It is managed by the device core, like the result of `devm_register_netdev()` in C: the driver
/// never owns it, and can neither forget it nor drop it too early or late.
///
/// # Errors
///
/// - [`ENOMEM`] when memory is short.
/// - Whatever `data`, `register_netdev()` and [`Operations::attach`] return.
pub(crate) fn register<'bound, T: Operations + 'bound>(
    parent: &'bound device::Device<device::Bound>,
    data: impl PinInit<T, Error>,
) -> Result {
    let device = Owned::new(parent, data)?;
    let dev = device.device();
    let registered = Registered::new(dev)?;
    let attached = T::attach(dev)?;
    let registration = KBox::new(
        Registration {
            _attached: attached,
            _registered: registered,
            _device: device,
        },
        GFP_KERNEL,
    )?;

    /// # Safety
    ///
    /// `registration` must be a boxed [`Registration`] of `T`, which passes to this function.
    unsafe extern "C" fn release<'bound, T: Operations + 'bound>(registration: *mut c_void) {
        // SAFETY: By the safety requirement.
        drop(unsafe { KBox::<Registration<'bound, T>>::from_raw(registration.cast()) });
    }

    // SAFETY:
    // - `parent` is bound. The action runs when it is unbound, at the end of `'bound`.
    // - The action owns `registration` and runs once; at once if it cannot be added.
    to_result(unsafe {
        bindings::devm_add_action_or_reset(
            dma::as_raw(parent),
            Some(release::<T>),
            KBox::into_raw(registration).cast(),
        )
    })
}

/// Fields are dropped in the order in which they stand here; see the module's documentation.
struct Registration<'a, T: Operations> {
    _attached: T::Attached<'a>,
    _registered: Registered<'a, T>,
    _device: Owned<'a, T>,
}

/// A device that is registered with the network stack.
struct Registered<'a, T: Operations>(&'a Device<T>);

impl<'a, T: Operations> Registered<'a, T> {
    fn new(dev: &'a Device<T>) -> Result<Self> {
        let address = dev.hardware_address();

        // SAFETY: `netdev` is valid and not registered yet; `address` is six bytes long.
        unsafe {
            ffi::shim_netdev_config(dev.netdev(), T::MAX_MTU, T::TX_TIMEOUT_MS, address.as_ptr())
        };
        if dev.address() != address {
            T::set_address(dev, &dev.address());
        }
        // SAFETY: `netdev` is completely set up, and its private area initialised: from here on the
        // operations may be called.
        to_result(unsafe { ffi::register_netdev(dev.netdev()) })?;
        Ok(Self(dev))
    }
}

impl<T: Operations> Drop for Registered<'_, T> {
    /// When this returns the interface is down, and no operation is running or will be called.
    fn drop(&mut self) {
        // SAFETY: `self` says that it is registered.
        unsafe { ffi::unregister_netdev(self.0.netdev()) }
    }
}

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

        // SAFETY: `parent` is a valid device.
        let netdev =
            unsafe { ffi::shim_netdev_alloc(mem::size_of::<Device<T>>(), dma::as_raw(parent)) };
        let netdev = NonNull::new(netdev).ok_or(ENOMEM)?;
        // SAFETY: `netdev` has just been allocated.
        let dev = unsafe { ffi::shim_netdev_priv(netdev.as_ptr()) }.cast::<Device<T>>();

        // SAFETY:
        // - The private area is large enough for a `Device<T>`, aligned, and not shared yet.
        // - It stays where it is until it is freed, so `data` is pinned.
        // - Should `data` fail, nothing but it has a destructor.
        let done = unsafe {
            (&raw mut (*dev).vtable).write(&Vtable::<T>::TABLE);
            (&raw mut (*dev).netdev).write(netdev);
            (&raw mut (*dev).up).write(UnsafeCell::new(ptr::null_mut()));
            (&raw mut (*dev).tx).write(UnsafeCell::new(ptr::null_mut()));
            (&raw mut (*dev).holds).write(Atomic::new(0));
            pin_init::raw_try_init(&raw mut (*dev).data, data)
        };
        if let Err(err) = done {
            // SAFETY: The device was not registered, and nothing refers to it.
            unsafe { ffi::free_netdev(netdev.as_ptr()) };
            return Err(err);
        }

        // INVARIANT: The device is initialised.
        Ok(Self {
            // SAFETY: `netdev_priv()` of a valid device is not null.
            dev: unsafe { NonNull::new_unchecked(dev) },
            _life: PhantomData,
        })
    }

    /// Returns the device. It must not be used once `self` has been dropped; this module makes sure.
    fn device(&self) -> &'a Device<T> {
        // SAFETY: By the type invariant.
        unsafe { self.dev.as_ref() }
    }
}

// SAFETY: A device may be unregistered and freed from any thread, and `T: Send`.
unsafe impl<T: Operations> Send for Owned<'_, T> {}

impl<T: Operations> Drop for Owned<'_, T> {
    fn drop(&mut self) {
        let netdev = self.device().netdev;

        // Somebody has leaked a guard, so callbacks may still come: see `Hold`.
        if kernel::warn_on!(self.device().holds.load(Relaxed) != 0) {
            return;
        }
        // SAFETY:
        // - The device is not registered, so no operation is called any more, and `unregister_netdev`
        //   has waited for those that were.
        // - There is no guard left, so there is no other callback.
        // - `ndo_stop` has emptied `up` and `tx`.
        // - Neither the data nor the device is used after this.
        unsafe {
            ptr::drop_in_place(self.dev.as_ptr());
            ffi::free_netdev(netdev.as_ptr());
        }
    }
}

/// The functions that C calls.
///
/// The first argument of each is `netdev_priv()`, which is a `Device<T>`: the table is only given to
/// devices of `T`, in `Owned::new()`, and the core calls operations of registered devices only. The
/// lifetime that each picks for it is the life of the device.
struct Vtable<T>(PhantomData<T>);

impl<T: Operations> Vtable<T> {
    const TABLE: ffi::shim_net_vtable = ffi::shim_net_vtable {
        open: Self::open,
        stop: Self::stop,
        start_xmit: Self::start_xmit,
        set_rx_mode: Self::set_rx_mode,
        set_mac: Self::set_mac,
        tx_timeout: Self::tx_timeout,
        get_stats: Self::get_stats,
        ethtool_stats: Self::ethtool_stats,
        ethtool_names: T::STAT_NAMES.as_ptr(),
        // CAST: The number of counters is small.
        ethtool_count: T::STAT_NAMES.len() as u32,
        rx_ring: T::RX_RING,
        tx_ring: T::TX_RING,
    };

    fn try_open(dev: &Device<T>) -> Result {
        // First what can fail, so that there is nothing to undo.
        let up_box = KBox::<T::Up<'_>>::new_uninit(GFP_KERNEL)?;
        let tx_box = KBox::<T::Tx<'_>>::new_uninit(GFP_KERNEL)?;
        let (up, tx) = T::open(dev)?;
        let up = KBox::into_raw(up_box.write(up)).cast();
        let tx = KBox::into_raw(tx_box.write(tx)).cast();

        // SAFETY:
        // - This is `ndo_open`, so `up` is accessed by nobody else.
        // - `tx` is accessed with the lock of the queue held.
        // - `netdev` is valid by the type invariant of `Device`.
        unsafe {
            *dev.up.get() = up;
            ffi::shim_tx_lock_bh(dev.netdev());
            *dev.tx.get() = tx;
            ffi::shim_tx_unlock_bh(dev.netdev());
            ffi::shim_tx_start(dev.netdev());
        }
        Ok(())
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn open(this: *mut c_void) -> c_int {
        // SAFETY: See `Vtable`.
        let dev = unsafe { Device::<T>::from_ctx(this) };

        match Self::try_open(dev) {
            Ok(()) => 0,
            Err(err) => err.to_errno(),
        }
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn stop(this: *mut c_void) {
        // SAFETY: See `Vtable`.
        let dev = unsafe { Device::<T>::from_ctx(this) };

        // SAFETY:
        // - This is `ndo_stop`, so `up` is accessed by nobody else.
        // - `tx` is accessed with the lock of the queue held. After that no transmission is running,
        //   and one that comes finds null.
        // - `netdev` is valid by the type invariant of `Device`.
        let (up, tx) = unsafe {
            ffi::shim_tx_disable(dev.netdev());
            ffi::shim_tx_lock_bh(dev.netdev());
            let tx = mem::replace(&mut *dev.tx.get(), ptr::null_mut());
            ffi::shim_tx_unlock_bh(dev.netdev());
            (mem::replace(&mut *dev.up.get(), ptr::null_mut()), tx)
        };

        if up.is_null() || tx.is_null() {
            return;
        }
        // SAFETY: By the type invariants of `Device` these are boxes of these types, and both are
        // taken once, since null was left in their place.
        let (up, tx) = unsafe {
            (
                KBox::<T::Up<'_>>::from_raw(up.cast()),
                KBox::<T::Tx<'_>>::from_raw(tx.cast()),
            )
        };
        T::stop(dev, KBox::into_inner(up), KBox::into_inner(tx));
        // SAFETY: `netdev` is valid; no frame is on its way any more.
        unsafe { ffi::shim_tx_reset(dev.netdev()) };
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn start_xmit(
        this: *mut c_void,
        skb: *mut bindings::sk_buff,
        more: bool,
    ) -> c_int {
        // SAFETY: See `Vtable`.
        let dev = unsafe { Device::<T>::from_ctx(this) };
        // SAFETY: `ndo_start_xmit` is given a valid socket buffer, and owns it.
        let skb = unsafe { SkBuff::from_raw(NonNull::new_unchecked(skb)) };
        // SAFETY:
        // - `ndo_start_xmit` is called with the lock of the queue held, since the device is not
        //   `lltx`. So nobody else accesses `tx` until it returns.
        // - By the type invariants of `Device` it is null or a box of this type.
        let tx = unsafe { (*dev.tx.get()).cast::<T::Tx<'_>>().as_mut() };

        let Some(tx) = tx else {
            skb.free(DropReason::DevReady);
            return ffi::NETDEV_TX_OK;
        };
        match T::start_xmit(dev, tx, skb, more) {
            TxOutcome::Taken => ffi::NETDEV_TX_OK,
            TxOutcome::Busy(skb) => {
                // With this answer the stack is the owner again.
                skb.into_raw();
                ffi::NETDEV_TX_BUSY
            }
        }
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn set_rx_mode(this: *mut c_void, promiscuous: bool, all_multicast: bool) {
        // SAFETY: See `Vtable`.
        let dev = unsafe { Device::<T>::from_ctx(this) };

        T::set_rx_mode(
            dev,
            RxMode {
                promiscuous,
                all_multicast,
            },
        );
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn set_mac(this: *mut c_void, address: *const u8) {
        // SAFETY: See `Vtable`.
        let dev = unsafe { Device::<T>::from_ctx(this) };
        // SAFETY: It is given `dev_addr`, which is six bytes long and only changes under the RTNL,
        // which is held. `Address` needs no alignment.
        let address = unsafe { &*address.cast::<Address>() };

        T::set_address(dev, address);
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn tx_timeout(this: *mut c_void) {
        // SAFETY: See `Vtable`.
        T::tx_timeout(unsafe { Device::<T>::from_ctx(this) });
    }

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn get_stats(this: *mut c_void, to: *mut ffi::shim_stats) {
        // SAFETY: See `Vtable`.
        let stats = T::stats(unsafe { Device::<T>::from_ctx(this) });

        // SAFETY: It is given a pointer to a local variable.
        unsafe {
            to.write(ffi::shim_stats {
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

    /// # Safety
    ///
    /// To be called by C as the operation of this name; see [`Vtable`].
    unsafe extern "C" fn ethtool_stats(this: *mut c_void, to: *mut u64) {
        let count = T::STAT_NAMES.len();
        // SAFETY: ethtool allocates as many words as `get_sset_count` says, which is `count`.
        let to = unsafe {
            to.write_bytes(0, count);
            core::slice::from_raw_parts_mut(to, count)
        };

        // SAFETY: See `Vtable`.
        T::ethtool_stats(unsafe { Device::<T>::from_ctx(this) }, to);
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
