// SPDX-License-Identifier: GPL-2.0

//! What is called in C: the shim (`shim.h`), and functions that the kernel exports but that
//! `kernel::bindings` does not declare.

// The kernel's structures are passed by pointer and not looked into.
#![allow(improper_ctypes)]
#![allow(non_camel_case_types)]

use kernel::{
    bindings,
    ffi::{
        c_char,
        c_int,
        c_uint,
        c_void, //
    }, //
};

/// `ETH_GSTRING_LEN`.
pub(super) const ETH_GSTRING_LEN: usize = 32;

/// `IFNAMSIZ`.
pub(super) const IFNAMSIZ: usize = 16;

/// `NETDEV_TX_OK`.
pub(super) const NETDEV_TX_OK: c_int = 0;

/// `NETDEV_TX_BUSY`.
pub(super) const NETDEV_TX_BUSY: c_int = 0x10;

#[repr(C)]
#[derive(Default)]
pub(super) struct shim_stats {
    pub(super) rx_packets: u64,
    pub(super) rx_bytes: u64,
    pub(super) rx_errors: u64,
    pub(super) rx_dropped: u64,
    pub(super) rx_length_errors: u64,
    pub(super) rx_missed_errors: u64,
    pub(super) tx_packets: u64,
    pub(super) tx_bytes: u64,
    pub(super) tx_errors: u64,
    pub(super) tx_dropped: u64,
}

#[repr(C)]
pub(super) struct shim_net_vtable {
    pub(super) open: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub(super) stop: unsafe extern "C" fn(*mut c_void),
    pub(super) start_xmit: unsafe extern "C" fn(*mut c_void, *mut bindings::sk_buff, bool) -> c_int,
    pub(super) set_rx_mode: unsafe extern "C" fn(*mut c_void, bool, bool),
    pub(super) set_mac: unsafe extern "C" fn(*mut c_void, *const u8),
    pub(super) tx_timeout: unsafe extern "C" fn(*mut c_void),
    pub(super) get_stats: unsafe extern "C" fn(*mut c_void, *mut shim_stats),
    pub(super) ethtool_stats: unsafe extern "C" fn(*mut c_void, *mut u64),
    pub(super) ethtool_names: *const [u8; ETH_GSTRING_LEN],
    pub(super) ethtool_count: u32,
    pub(super) rx_ring: u32,
    pub(super) tx_ring: u32,
}

/// Opaque.
#[repr(C)]
pub(super) struct shim_napi {
    _unused: [u8; 0],
}

/// Opaque.
#[repr(C)]
pub(super) struct shim_work {
    _unused: [u8; 0],
}

pub(super) type shim_poll_t = unsafe extern "C" fn(*mut c_void, c_int) -> c_int;
pub(super) type shim_work_t = unsafe extern "C" fn(*mut c_void);
pub(super) type proc_show_t = unsafe extern "C" fn(*mut bindings::seq_file, *mut c_void) -> c_int;

extern "C" {
    pub(super) fn shim_netdev_alloc(
        priv_size: usize,
        parent: *mut bindings::device,
    ) -> *mut bindings::net_device;
    pub(super) fn shim_netdev_priv(dev: *mut bindings::net_device) -> *mut c_void;
    pub(super) fn shim_netdev_config(
        dev: *mut bindings::net_device,
        max_mtu: c_uint,
        watchdog_ms: c_uint,
        addr: *const u8,
    );
    pub(super) fn shim_netdev_addr(dev: *const bindings::net_device, addr: *mut u8);
    pub(super) fn shim_netdev_name(dev: *const bindings::net_device, name: *mut c_char);
    pub(super) fn shim_carrier_ok(dev: *const bindings::net_device) -> bool;

    pub(super) fn shim_tx_stop(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_wake(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_start(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_stopped(dev: *const bindings::net_device) -> bool;
    pub(super) fn shim_tx_sent(dev: *mut bindings::net_device, bytes: c_uint, more: bool) -> bool;
    pub(super) fn shim_tx_completed_mb(
        dev: *mut bindings::net_device,
        packets: c_uint,
        bytes: c_uint,
    );
    pub(super) fn shim_tx_reset(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_disable(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_lock_bh(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_unlock_bh(dev: *mut bindings::net_device);

    pub(super) fn shim_napi_alloc(ctx: *mut c_void, poll: shim_poll_t) -> *mut shim_napi;
    pub(super) fn shim_napi_free(napi: *mut shim_napi);
    pub(super) fn shim_napi_enable(
        napi: *mut shim_napi,
        dev: *mut bindings::net_device,
        tx: bool,
        irq: c_int,
    );
    pub(super) fn shim_napi_disable(napi: *mut shim_napi);
    pub(super) fn shim_napi_schedule_irqoff(napi: *mut shim_napi);
    pub(super) fn shim_napi_complete_done(napi: *mut shim_napi, work: c_int) -> bool;
    pub(super) fn shim_napi_alloc_skb(napi: *mut shim_napi, len: c_uint) -> *mut bindings::sk_buff;
    pub(super) fn shim_napi_gro_receive(napi: *mut shim_napi, skb: *mut bindings::sk_buff);
    pub(super) fn shim_napi_consume_skb(skb: *mut bindings::sk_buff, budget: c_int);

    pub(super) fn shim_netdev_alloc_skb(
        dev: *mut bindings::net_device,
        len: c_uint,
    ) -> *mut bindings::sk_buff;
    pub(super) fn shim_skb_drop(skb: *mut bindings::sk_buff, reason: bindings::skb_drop_reason);
    pub(super) fn shim_skb_tailroom(skb: *const bindings::sk_buff) -> c_uint;

    pub(super) fn shim_dma_map(
        dev: *mut bindings::device,
        skb: *mut bindings::sk_buff,
        len: c_uint,
        dir: bindings::dma_data_direction,
        addr: *mut bindings::dma_addr_t,
    ) -> c_int;
    pub(super) fn shim_dma_unmap(
        dev: *mut bindings::device,
        addr: bindings::dma_addr_t,
        len: c_uint,
        dir: bindings::dma_data_direction,
    );

    pub(super) fn shim_work_alloc(ctx: *mut c_void, run: shim_work_t) -> *mut shim_work;
    pub(super) fn shim_work_free(work: *mut shim_work);
    pub(super) fn shim_work_enable(work: *mut shim_work);
    pub(super) fn shim_work_disable_sync(work: *mut shim_work);
    pub(super) fn shim_work_schedule(work: *mut shim_work, delay_ms: c_uint);
    pub(super) fn shim_work_run_now(work: *mut shim_work);

    pub(super) fn shim_proc_dir_get() -> *mut bindings::proc_dir_entry;
    pub(super) fn shim_proc_dir_put();

    // Exported by the kernel, not in its bindings.
    pub(super) fn register_netdev(dev: *mut bindings::net_device) -> c_int;
    pub(super) fn unregister_netdev(dev: *mut bindings::net_device);
    pub(super) fn free_netdev(dev: *mut bindings::net_device);
    pub(super) fn netif_carrier_on(dev: *mut bindings::net_device);
    pub(super) fn netif_carrier_off(dev: *mut bindings::net_device);
    pub(super) fn proc_create_single_data(
        name: *const c_char,
        mode: bindings::umode_t,
        parent: *mut bindings::proc_dir_entry,
        show: proc_show_t,
        data: *mut c_void,
    ) -> *mut bindings::proc_dir_entry;
    pub(super) fn proc_remove(entry: *mut bindings::proc_dir_entry);
}
