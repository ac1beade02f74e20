/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C half of the network abstractions.
 *
 * Two things cannot be written in Rust against Linux 7.3: tables whose types
 * have no binding (net_device_ops, ethtool_ops), and calls of static inline
 * functions. Both live here, and nothing else: no decision is made in C.
 *
 * abstractions/ffi.rs repeats every declaration of this file.
 */
#ifndef FERRONIC_SHIM_H
#define FERRONIC_SHIM_H

#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

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

/*
 * The entry points of a driver. A Rust trait is turned into one constant table
 * of this type for each driver type; @priv is the private area of the device.
 */
struct shim_net_vtable {
	int (*open)(void *priv);
	void (*stop)(void *priv);
	netdev_tx_t (*start_xmit)(void *priv, struct sk_buff *skb, bool more);
	void (*set_rx_mode)(void *priv, bool promisc, bool all_multi);
	void (*set_mac)(void *priv, const u8 *addr);
	void (*tx_timeout)(void *priv);
	void (*get_stats)(void *priv, struct shim_stats *stats);
	void (*ethtool_stats)(void *priv, u64 *data);
	const char (*ethtool_names)[ETH_GSTRING_LEN];
	u32 ethtool_count;
	u32 rx_ring;
	u32 tx_ring;
};

/* The private area of every net device starts with this. */
struct shim_net_priv {
	const struct shim_net_vtable *vtable;
};

struct net_device *shim_netdev_alloc(size_t priv_size, struct device *parent);
void *shim_netdev_priv(struct net_device *dev);
void shim_netdev_config(struct net_device *dev, unsigned int max_mtu,
			unsigned int watchdog_ms, const u8 *addr);
void shim_netdev_addr(const struct net_device *dev, u8 *addr);
void shim_netdev_name(const struct net_device *dev, char *name);
bool shim_carrier_ok(const struct net_device *dev);

void shim_tx_stop(struct net_device *dev);
void shim_tx_wake(struct net_device *dev);
void shim_tx_start(struct net_device *dev);
bool shim_tx_stopped(const struct net_device *dev);
bool shim_tx_sent(struct net_device *dev, unsigned int bytes, bool more);
void shim_tx_completed_mb(struct net_device *dev, unsigned int packets,
			  unsigned int bytes);
void shim_tx_reset(struct net_device *dev);
void shim_tx_disable(struct net_device *dev);
void shim_tx_lock_bh(struct net_device *dev);
void shim_tx_unlock_bh(struct net_device *dev);

typedef int (*shim_poll_t)(void *ctx, int budget);

struct shim_napi;

struct shim_napi *shim_napi_alloc(void *ctx, shim_poll_t poll);
void shim_napi_free(struct shim_napi *napi);
void shim_napi_enable(struct shim_napi *napi, struct net_device *dev, bool tx,
		      int irq);
void shim_napi_disable(struct shim_napi *napi);
void shim_napi_schedule_irqoff(struct shim_napi *napi);
bool shim_napi_complete_done(struct shim_napi *napi, int work);
struct sk_buff *shim_napi_alloc_skb(struct shim_napi *napi, unsigned int len);
void shim_napi_gro_receive(struct shim_napi *napi, struct sk_buff *skb);
void shim_napi_consume_skb(struct sk_buff *skb, int budget);

struct sk_buff *shim_netdev_alloc_skb(struct net_device *dev, unsigned int len);
void shim_skb_drop(struct sk_buff *skb, enum skb_drop_reason reason);
unsigned int shim_skb_tailroom(const struct sk_buff *skb);

int shim_dma_map(struct device *dev, struct sk_buff *skb, unsigned int len,
		 enum dma_data_direction dir, dma_addr_t *addr);
void shim_dma_unmap(struct device *dev, dma_addr_t addr, unsigned int len,
		    enum dma_data_direction dir);

typedef void (*shim_work_t)(void *ctx);

struct shim_work;

struct shim_work *shim_work_alloc(void *ctx, shim_work_t run);
void shim_work_free(struct shim_work *work);
void shim_work_enable(struct shim_work *work);
void shim_work_disable_sync(struct shim_work *work);
void shim_work_schedule(struct shim_work *work, unsigned int delay_ms);
void shim_work_run_now(struct shim_work *work);

struct proc_dir_entry *shim_proc_dir_get(void);
void shim_proc_dir_put(void);

#endif /* FERRONIC_SHIM_H */
