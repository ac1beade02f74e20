// SPDX-License-Identifier: GPL-2.0

//! What is called in C: the shim (`shim.h`), the helpers (`helpers.c`), and functions that the kernel
//! exports but that `kernel::bindings` does not declare.

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
pub(super) struct shim_net_config {
    pub(super) features: u64,
    pub(super) hw_features: u64,
    pub(super) vlan_features: u64,
    pub(super) ethtool_ops: *const bindings::ethtool_ops,
    pub(super) max_mtu: u32,
    pub(super) watchdog_ms: u32,
    pub(super) tso_max_segs: u32,
}

macro_rules! opaque {
    ($($name:ident),+) => {
        $(
            /// Opaque.
            #[repr(C)]
            pub(crate) struct $name {
                _unused: [u8; 0],
            }
        )+
    };
}

opaque!(shim_napi, shim_work, shim_timer, page_pool, netdev_queue);

pub(super) type shim_poll_t = unsafe extern "C" fn(*mut bindings::napi_struct, c_int) -> c_int;
pub(super) type shim_call_t = unsafe extern "C" fn(*mut c_void);
pub(super) type proc_show_t = unsafe extern "C" fn(*mut bindings::seq_file, *mut c_void) -> c_int;

// helpers.c
extern "C" {
    pub(super) fn helper_netdev_priv(dev: *const bindings::net_device) -> *mut c_void;
    pub(super) fn helper_netdev_features(dev: *const bindings::net_device) -> u64;
    pub(super) fn helper_netdev_xmit_more() -> bool;
    pub(super) fn helper_netdev_get_tx_queue(
        dev: *const bindings::net_device,
        i: c_uint,
    ) -> *mut netdev_queue;
    pub(super) fn helper_netif_tx_stop_queue(txq: *mut netdev_queue);
    pub(super) fn helper_netif_tx_start_queue(txq: *mut netdev_queue);
    pub(super) fn helper_netif_tx_queue_stopped(txq: *const netdev_queue) -> bool;
    pub(super) fn helper___netdev_tx_sent_queue(
        txq: *mut netdev_queue,
        bytes: c_uint,
        more: bool,
    ) -> bool;
    pub(super) fn helper_netdev_txq_completed_mb(
        txq: *mut netdev_queue,
        packets: c_uint,
        bytes: c_uint,
    );

    pub(super) fn helper_skb_get_queue_mapping(skb: *const bindings::sk_buff) -> u16;
    pub(super) fn helper_skb_nr_frags(skb: *const bindings::sk_buff) -> c_uint;
    pub(super) fn helper_skb_frag_size(skb: *const bindings::sk_buff, i: c_uint) -> c_uint;
    pub(super) fn helper_skb_frag_dma_map(
        dev: *mut bindings::device,
        skb: *const bindings::sk_buff,
        i: c_uint,
    ) -> bindings::dma_addr_t;
    pub(super) fn helper_skb_csum_partial(skb: *const bindings::sk_buff) -> bool;
    pub(super) fn helper_skb_checksum_start_offset(skb: *const bindings::sk_buff) -> c_int;
    pub(super) fn helper_skb_csum_offset(skb: *const bindings::sk_buff) -> u16;
    pub(super) fn helper_skb_gso_size(skb: *const bindings::sk_buff) -> c_uint;
    pub(super) fn helper_skb_gso_segs(skb: *const bindings::sk_buff) -> c_uint;
    pub(super) fn helper_skb_gso_type(skb: *const bindings::sk_buff) -> c_uint;
    pub(super) fn helper_skb_tcp_all_headers(skb: *const bindings::sk_buff) -> c_int;
    pub(super) fn helper_skb_network_header_len(skb: *const bindings::sk_buff) -> c_uint;
    pub(super) fn helper_vlan_features_check(skb: *mut bindings::sk_buff, features: u64) -> u64;
    pub(super) fn helper_skb_tx_timestamp(skb: *mut bindings::sk_buff);

    pub(super) fn helper_napi_build_skb(
        data: *mut c_void,
        truesize: c_uint,
        len: c_uint,
    ) -> *mut bindings::sk_buff;
    pub(super) fn helper_skb_add_rx_frag(
        skb: *mut bindings::sk_buff,
        va: *mut c_void,
        len: c_uint,
        truesize: c_uint,
    );
    pub(super) fn helper_skb_set_hash(skb: *mut bindings::sk_buff, hash: u32, l4: bool);
    pub(super) fn helper_skb_csum_unnecessary(skb: *mut bindings::sk_buff);
    pub(super) fn helper_skb_record_rx_queue(skb: *mut bindings::sk_buff, queue: u16);
    pub(super) fn helper_napi_gro_receive(napi: *mut shim_napi, skb: *mut bindings::sk_buff);

    pub(super) fn helper_napi_ctx(napi: *mut bindings::napi_struct) -> *mut c_void;
    pub(super) fn helper_napi_schedule_irqoff(napi: *mut shim_napi);
    pub(super) fn helper_napi_complete_done(napi: *mut shim_napi, work: c_int) -> bool;

    pub(super) fn helper_dma_map_single(
        dev: *mut bindings::device,
        data: *mut c_void,
        len: usize,
        dir: bindings::dma_data_direction,
    ) -> bindings::dma_addr_t;
    pub(super) fn helper_dma_unmap_page(
        dev: *mut bindings::device,
        addr: bindings::dma_addr_t,
        len: usize,
        dir: bindings::dma_data_direction,
    );
    pub(super) fn helper_dma_mapping_error(
        dev: *mut bindings::device,
        addr: bindings::dma_addr_t,
    ) -> bool;

    pub(super) fn helper_page_pool_alloc(
        pool: *mut page_pool,
        size: c_uint,
        va: *mut *mut c_void,
        addr: *mut bindings::dma_addr_t,
    ) -> bool;
    pub(super) fn helper_page_pool_sync_for_cpu(pool: *mut page_pool, va: *mut c_void, len: c_uint);
    pub(super) fn helper_page_pool_dma_addr(va: *mut c_void) -> bindings::dma_addr_t;
    pub(super) fn helper_page_pool_put(va: *mut c_void, direct: bool);

    pub(super) fn helper_num_online_cpus() -> c_uint;
    pub(super) fn helper_writel(value: u32, addr: *mut c_void);
}

// shim.c
extern "C" {
    pub(super) fn shim_netdev_alloc(
        priv_size: usize,
        queues: c_uint,
        parent: *mut bindings::device,
    ) -> *mut bindings::net_device;
    pub(super) fn shim_netdev_config(
        dev: *mut bindings::net_device,
        config: *const shim_net_config,
        addr: *const u8,
    );
    pub(super) fn shim_random_addr(addr: *mut u8);
    pub(super) fn shim_netdev_addr(dev: *const bindings::net_device, addr: *mut u8);
    pub(super) fn shim_netdev_name(dev: *const bindings::net_device, name: *mut c_char);
    pub(super) fn shim_netdev_alias(
        dev: *const bindings::net_device,
        alias: *mut c_char,
        len: usize,
    ) -> usize;
    pub(super) fn shim_netdev_mtu(dev: *const bindings::net_device) -> u32;
    pub(super) fn shim_netdev_set_mtu(dev: *mut bindings::net_device, mtu: u32);
    pub(super) fn shim_netdev_flags(dev: *const bindings::net_device) -> u32;
    pub(super) fn shim_netdev_has_multicast(dev: *const bindings::net_device) -> bool;
    pub(super) fn shim_netdev_rss_configured(dev: *const bindings::net_device) -> bool;
    pub(super) fn shim_carrier_ok(dev: *const bindings::net_device) -> bool;

    pub(super) fn shim_tx_wake_all(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_disable(dev: *mut bindings::net_device);
    pub(super) fn shim_tx_reset(dev: *mut bindings::net_device, queue: c_uint);
    pub(super) fn shim_tx_lock_bh(dev: *mut bindings::net_device, queue: c_uint);
    pub(super) fn shim_tx_unlock_bh(dev: *mut bindings::net_device, queue: c_uint);

    pub(super) fn shim_queue_set_cpu(dev: *mut bindings::net_device, queue: c_uint, irq: c_uint);
    pub(super) fn shim_queue_clear_cpu(irq: c_uint);

    pub(super) fn shim_napi_alloc(ctx: *mut c_void) -> *mut shim_napi;
    pub(super) fn shim_napi_free(napi: *mut shim_napi);
    pub(super) fn shim_napi_enable(
        napi: *mut shim_napi,
        dev: *mut bindings::net_device,
        poll: shim_poll_t,
        queue: c_uint,
        irq: c_uint,
    );
    pub(super) fn shim_napi_disable(napi: *mut shim_napi, queue: c_uint);
    pub(super) fn shim_napi_schedule(napi: *mut shim_napi) -> bool;

    pub(super) fn shim_page_pool_create(
        dev: *mut bindings::device,
        netdev: *mut bindings::net_device,
        queue: c_uint,
        size: c_uint,
    ) -> *mut page_pool;
    pub(super) fn shim_page_pool_enable_direct(pool: *mut page_pool, napi: *mut shim_napi);
    pub(super) fn shim_rx_headroom() -> c_uint;
    pub(super) fn shim_rx_overhead() -> c_uint;

    pub(super) fn shim_netdev_alloc_skb(
        dev: *mut bindings::net_device,
        data: *const c_void,
        len: c_uint,
    ) -> *mut bindings::sk_buff;
    pub(super) fn shim_skb_drop(skb: *mut bindings::sk_buff, reason: bindings::skb_drop_reason);

    pub(super) fn shim_work_alloc(ctx: *mut c_void, call: shim_call_t) -> *mut shim_work;
    pub(super) fn shim_work_free(work: *mut shim_work);
    pub(super) fn shim_work_enable(work: *mut shim_work);
    pub(super) fn shim_work_disable_sync(work: *mut shim_work);
    pub(super) fn shim_work_schedule(work: *mut shim_work, delay_ms: c_uint);
    pub(super) fn shim_work_run_now(work: *mut shim_work);

    pub(super) fn shim_timer_alloc(ctx: *mut c_void, call: shim_call_t) -> *mut shim_timer;
    pub(super) fn shim_timer_free(timer: *mut shim_timer);
    pub(super) fn shim_timer_start(timer: *mut shim_timer, period_ms: c_uint);
    pub(super) fn shim_timer_stop_sync(timer: *mut shim_timer);

    pub(super) fn shim_pci_number(pdev: *mut bindings::pci_dev) -> c_uint;

    pub(super) fn shim_proc_dir_get() -> *mut bindings::proc_dir_entry;
    pub(super) fn shim_proc_dir_put();
}

// Exported by the kernel, not in its bindings.
extern "C" {
    pub(super) fn register_netdev(dev: *mut bindings::net_device) -> c_int;
    pub(super) fn unregister_netdev(dev: *mut bindings::net_device);
    pub(super) fn free_netdev(dev: *mut bindings::net_device);
    pub(super) fn netif_carrier_on(dev: *mut bindings::net_device);
    pub(super) fn netif_carrier_off(dev: *mut bindings::net_device);
    pub(super) fn netif_device_attach(dev: *mut bindings::net_device);
    pub(super) fn netif_device_detach(dev: *mut bindings::net_device);
    pub(super) fn netif_set_real_num_queues(
        dev: *mut bindings::net_device,
        txq: c_uint,
        rxq: c_uint,
    ) -> c_int;
    pub(super) fn netif_tx_wake_queue(txq: *mut netdev_queue);
    pub(super) fn netdev_rss_key_fill(buffer: *mut c_void, len: usize);
    pub(super) fn rtnl_lock();
    pub(super) fn rtnl_unlock();
    pub(super) fn page_pool_destroy(pool: *mut page_pool);
    pub(super) fn page_pool_disable_direct_recycling(pool: *mut page_pool);
    pub(super) fn proc_mkdir(
        name: *const c_char,
        parent: *mut bindings::proc_dir_entry,
    ) -> *mut bindings::proc_dir_entry;
    pub(super) fn proc_create_single_data(
        name: *const c_char,
        mode: bindings::umode_t,
        parent: *mut bindings::proc_dir_entry,
        show: proc_show_t,
        data: *mut c_void,
    ) -> *mut bindings::proc_dir_entry;
    pub(super) fn proc_remove(entry: *mut bindings::proc_dir_entry);
}
