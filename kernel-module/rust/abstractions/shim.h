/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C half of the network abstractions.
 *
 * Two things cannot be written in Rust against Linux 7.3: tables and structures
 * whose types have no binding (net_device_ops, napi_struct), and calls of static
 * inline functions. The first live here, the second in helpers.c, and nothing
 * else does: no decision is made in C.
 *
 * abstractions/ffi.rs repeats every declaration of this file.
 */
#ifndef FERRONIC_SHIM_H
#define FERRONIC_SHIM_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

/* What lies in a receive buffer before what the device writes. */
#define SHIM_RX_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)

struct page_pool;
struct pci_dev;
struct proc_dir_entry;

/* What ndo_get_stats64 reports. */
struct shim_stats {
	u64 rx_packets;
	u64 rx_bytes;
	u64 rx_errors;
	u64 rx_dropped;
	u64 rx_length_errors;
	u64 rx_missed_errors;
	u64 tx_packets;
	u64 tx_bytes;
	u64 tx_errors;
	u64 tx_dropped;
};

/* What a driver says of its device once. */
struct shim_net_config {
	u64 features;
	u64 hw_features;
	u64 vlan_features;
	const struct ethtool_ops *ethtool_ops;
	u32 max_mtu;
	u32 watchdog_ms;
	u32 tso_max_segs;
};

/*
 * The operations of a net device. ops.rs exports them: in Rust they would be a
 * constant of a generic type, if struct net_device_ops had a binding.
 */
int rust_ndo_open(struct net_device *dev);
int rust_ndo_stop(struct net_device *dev);
netdev_tx_t rust_ndo_start_xmit(struct sk_buff *skb, struct net_device *dev);
netdev_features_t rust_ndo_features_check(struct sk_buff *skb,
					  struct net_device *dev,
					  netdev_features_t features);
void rust_ndo_set_rx_mode(struct net_device *dev, bool promisc, bool all_multi);
void rust_ndo_set_mac_address(struct net_device *dev, const u8 *addr);
int rust_ndo_change_mtu(struct net_device *dev, int mtu);
void rust_ndo_tx_timeout(struct net_device *dev, unsigned int txqueue);
void rust_ndo_get_stats64(struct net_device *dev, struct shim_stats *stats);

struct net_device *shim_netdev_alloc(size_t priv_size, unsigned int queues,
				     struct device *parent);
void shim_netdev_config(struct net_device *dev,
			const struct shim_net_config *config, const u8 *addr);
void shim_netdev_addr(const struct net_device *dev, u8 *addr);
void shim_random_addr(u8 *addr);
void shim_netdev_name(const struct net_device *dev, char *name);
size_t shim_netdev_alias(const struct net_device *dev, char *alias, size_t len);
u32 shim_netdev_mtu(const struct net_device *dev);
void shim_netdev_set_mtu(struct net_device *dev, u32 mtu);
u32 shim_netdev_flags(const struct net_device *dev);
bool shim_netdev_has_multicast(const struct net_device *dev);
bool shim_netdev_rss_configured(const struct net_device *dev);
bool shim_carrier_ok(const struct net_device *dev);

void shim_tx_wake_all(struct net_device *dev);
void shim_tx_disable(struct net_device *dev);
void shim_tx_reset(struct net_device *dev, unsigned int queue);
void shim_tx_lock_bh(struct net_device *dev, unsigned int queue);
void shim_tx_unlock_bh(struct net_device *dev, unsigned int queue);

void shim_queue_set_cpu(struct net_device *dev, unsigned int queue,
			unsigned int irq);
void shim_queue_clear_cpu(unsigned int irq);

struct shim_napi {
	struct napi_struct napi;
	void *ctx;
};

typedef int (*shim_poll_t)(struct napi_struct *napi, int budget);

struct shim_napi *shim_napi_alloc(void *ctx);
void shim_napi_free(struct shim_napi *napi);
void shim_napi_enable(struct shim_napi *napi, struct net_device *dev,
		      shim_poll_t poll, unsigned int queue, unsigned int irq);
void shim_napi_disable(struct shim_napi *napi, unsigned int queue);
bool shim_napi_schedule(struct shim_napi *napi);

struct page_pool *shim_page_pool_create(struct device *dev,
					struct net_device *netdev,
					unsigned int queue, unsigned int size);
void shim_page_pool_enable_direct(struct page_pool *pool,
				  struct shim_napi *napi);
unsigned int shim_rx_headroom(void);
unsigned int shim_rx_overhead(void);

struct sk_buff *shim_netdev_alloc_skb(struct net_device *dev, const void *data,
				      unsigned int len);
void shim_skb_drop(struct sk_buff *skb, enum skb_drop_reason reason);

typedef void (*shim_call_t)(void *ctx);

struct shim_work;

struct shim_work *shim_work_alloc(void *ctx, shim_call_t call);
void shim_work_free(struct shim_work *work);
void shim_work_enable(struct shim_work *work);
void shim_work_disable_sync(struct shim_work *work);
void shim_work_schedule(struct shim_work *work, unsigned int delay_ms);
void shim_work_run_now(struct shim_work *work);

struct shim_timer;

struct shim_timer *shim_timer_alloc(void *ctx, shim_call_t call);
void shim_timer_free(struct shim_timer *timer);
void shim_timer_start(struct shim_timer *timer, unsigned int period_ms);
void shim_timer_stop_sync(struct shim_timer *timer);

unsigned int shim_pci_number(struct pci_dev *pdev);

struct proc_dir_entry *shim_proc_dir_get(void);
void shim_proc_dir_put(void);

#endif /* FERRONIC_SHIM_H */
