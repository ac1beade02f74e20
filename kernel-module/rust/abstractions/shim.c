// SPDX-License-Identifier: GPL-2.0
/*
 * The C half of the network abstractions; see shim.h.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/netdevice.h>
#include <linux/path.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/netdev_queues.h>

#include "shim.h"

static const struct shim_net_vtable *shim_vtable(const struct net_device *dev)
{
	const struct shim_net_priv *priv = netdev_priv(dev);

	return priv->vtable;
}

/* net_device_ops */

static int shim_ndo_open(struct net_device *dev)
{
	return shim_vtable(dev)->open(netdev_priv(dev));
}

static int shim_ndo_stop(struct net_device *dev)
{
	shim_vtable(dev)->stop(netdev_priv(dev));
	return 0;
}

static netdev_tx_t shim_ndo_start_xmit(struct sk_buff *skb,
				       struct net_device *dev)
{
	return shim_vtable(dev)->start_xmit(netdev_priv(dev), skb,
					    netdev_xmit_more());
}

static int shim_ndo_set_rx_mode_async(struct net_device *dev,
				      struct netdev_hw_addr_list *uc,
				      struct netdev_hw_addr_list *mc)
{
	shim_vtable(dev)->set_rx_mode(netdev_priv(dev),
				      dev->flags & IFF_PROMISC,
				      dev->flags & IFF_ALLMULTI ||
				      !netdev_hw_addr_list_empty(mc));
	return 0;
}

static int shim_ndo_set_mac_address(struct net_device *dev, void *addr)
{
	int err = eth_prepare_mac_addr_change(dev, addr);

	if (err)
		return err;
	eth_commit_mac_addr_change(dev, addr);
	shim_vtable(dev)->set_mac(netdev_priv(dev), dev->dev_addr);
	return 0;
}

static void shim_ndo_tx_timeout(struct net_device *dev, unsigned int txqueue)
{
	shim_vtable(dev)->tx_timeout(netdev_priv(dev));
}

static void shim_ndo_get_stats64(struct net_device *dev,
				 struct rtnl_link_stats64 *out)
{
	struct shim_stats stats = {};

	shim_vtable(dev)->get_stats(netdev_priv(dev), &stats);
	out->rx_packets = stats.rx_packets;
	out->rx_bytes = stats.rx_bytes;
	out->rx_errors = stats.rx_errors;
	out->rx_dropped = stats.rx_dropped;
	out->rx_length_errors = stats.rx_length_errors;
	out->rx_missed_errors = stats.rx_missed_errors;
	out->tx_packets = stats.tx_packets;
	out->tx_bytes = stats.tx_bytes;
	out->tx_errors = stats.tx_errors;
	out->tx_dropped = stats.tx_dropped;
}

static const struct net_device_ops shim_netdev_ops = {
	.ndo_open		= shim_ndo_open,
	.ndo_stop		= shim_ndo_stop,
	.ndo_start_xmit		= shim_ndo_start_xmit,
	.ndo_set_rx_mode_async	= shim_ndo_set_rx_mode_async,
	.ndo_set_mac_address	= shim_ndo_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_tx_timeout		= shim_ndo_tx_timeout,
	.ndo_get_stats64	= shim_ndo_get_stats64,
};

/* ethtool_ops; the core fills in -i from the driver and the parent device */

static int shim_get_sset_count(struct net_device *dev, int sset)
{
	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return shim_vtable(dev)->ethtool_count;
}

static void shim_get_strings(struct net_device *dev, u32 sset, u8 *data)
{
	const struct shim_net_vtable *vtable = shim_vtable(dev);

	if (sset == ETH_SS_STATS)
		memcpy(data, vtable->ethtool_names,
		       (size_t)vtable->ethtool_count * ETH_GSTRING_LEN);
}

static void shim_get_ethtool_stats(struct net_device *dev,
				   struct ethtool_stats *stats, u64 *data)
{
	shim_vtable(dev)->ethtool_stats(netdev_priv(dev), data);
}

static void shim_get_ringparam(struct net_device *dev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	const struct shim_net_vtable *vtable = shim_vtable(dev);

	ring->rx_max_pending = vtable->rx_ring;
	ring->rx_pending = vtable->rx_ring;
	ring->tx_max_pending = vtable->tx_ring;
	ring->tx_pending = vtable->tx_ring;
}

static const struct ethtool_ops shim_ethtool_ops = {
	.get_link		= ethtool_op_get_link,
	.get_ringparam		= shim_get_ringparam,
	.get_sset_count		= shim_get_sset_count,
	.get_strings		= shim_get_strings,
	.get_ethtool_stats	= shim_get_ethtool_stats,
};

/* Net device */

struct net_device *shim_netdev_alloc(size_t priv_size, struct device *parent)
{
	struct net_device *dev = alloc_etherdev(priv_size);

	if (!dev)
		return NULL;
	SET_NETDEV_DEV(dev, parent);
	dev->netdev_ops = &shim_netdev_ops;
	dev->ethtool_ops = &shim_ethtool_ops;
	dev->features |= NETIF_F_HIGHDMA;
	netif_carrier_off(dev);
	netif_tx_stop_all_queues(dev);
	return dev;
}

void *shim_netdev_priv(struct net_device *dev)
{
	return netdev_priv(dev);
}

void shim_netdev_config(struct net_device *dev, unsigned int max_mtu,
			unsigned int watchdog_ms, const u8 *addr)
{
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = max_mtu;
	dev->watchdog_timeo = msecs_to_jiffies(watchdog_ms);
	if (is_valid_ether_addr(addr))
		eth_hw_addr_set(dev, addr);
	else
		eth_hw_addr_random(dev);
}

void shim_netdev_addr(const struct net_device *dev, u8 *addr)
{
	ether_addr_copy(addr, dev->dev_addr);
}

void shim_netdev_name(const struct net_device *dev, char *name)
{
	strscpy(name, netdev_name(dev), IFNAMSIZ);
}

bool shim_carrier_ok(const struct net_device *dev)
{
	return netif_carrier_ok(dev);
}

/* Transmit queue */

void shim_tx_stop(struct net_device *dev)
{
	netif_stop_queue(dev);
}

void shim_tx_wake(struct net_device *dev)
{
	netif_wake_queue(dev);
}

void shim_tx_start(struct net_device *dev)
{
	netif_start_queue(dev);
}

bool shim_tx_stopped(const struct net_device *dev)
{
	return netif_queue_stopped(dev);
}

bool shim_tx_sent(struct net_device *dev, unsigned int bytes, bool more)
{
	return __netdev_tx_sent_queue(netdev_get_tx_queue(dev, 0), bytes, more);
}

void shim_tx_completed_mb(struct net_device *dev, unsigned int packets,
			  unsigned int bytes)
{
	netdev_txq_completed_mb(netdev_get_tx_queue(dev, 0), packets, bytes);
}

void shim_tx_reset(struct net_device *dev)
{
	netdev_tx_reset_queue(netdev_get_tx_queue(dev, 0));
}

void shim_tx_disable(struct net_device *dev)
{
	netif_tx_disable(dev);
}

void shim_tx_lock_bh(struct net_device *dev)
{
	__netif_tx_lock_bh(netdev_get_tx_queue(dev, 0));
}

void shim_tx_unlock_bh(struct net_device *dev)
{
	__netif_tx_unlock_bh(netdev_get_tx_queue(dev, 0));
}

/* NAPI */

struct shim_napi {
	struct napi_struct napi;
	void *ctx;
	shim_poll_t poll;
};

static int shim_napi_poll(struct napi_struct *napi, int budget)
{
	struct shim_napi *n = container_of(napi, struct shim_napi, napi);

	return n->poll(n->ctx, budget);
}

struct shim_napi *shim_napi_alloc(void *ctx, shim_poll_t poll)
{
	struct shim_napi *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->ctx = ctx;
	n->poll = poll;
	/* Owned by nobody who polls: napi_schedule() does nothing yet. */
	set_bit(NAPI_STATE_SCHED, &n->napi.state);
	return n;
}

void shim_napi_free(struct shim_napi *n)
{
	kfree(n);
}

void shim_napi_enable(struct shim_napi *n, struct net_device *dev, bool tx,
		      int irq)
{
	if (tx)
		netif_napi_add_tx(dev, &n->napi, shim_napi_poll);
	else
		netif_napi_add(dev, &n->napi, shim_napi_poll);
	netif_napi_set_irq(&n->napi, irq);
	napi_enable(&n->napi);
}

void shim_napi_disable(struct shim_napi *n)
{
	napi_disable(&n->napi);
	netif_napi_del(&n->napi);
}

void shim_napi_schedule_irqoff(struct shim_napi *n)
{
	napi_schedule_irqoff(&n->napi);
}

bool shim_napi_complete_done(struct shim_napi *n, int work)
{
	return napi_complete_done(&n->napi, work);
}

struct sk_buff *shim_napi_alloc_skb(struct shim_napi *n, unsigned int len)
{
	return napi_alloc_skb(&n->napi, len);
}

void shim_napi_gro_receive(struct shim_napi *n, struct sk_buff *skb)
{
	skb->protocol = eth_type_trans(skb, n->napi.dev);
	napi_gro_receive(&n->napi, skb);
}

void shim_napi_consume_skb(struct sk_buff *skb, int budget)
{
	napi_consume_skb(skb, budget);
}

/* Socket buffers */

struct sk_buff *shim_netdev_alloc_skb(struct net_device *dev, unsigned int len)
{
	return __netdev_alloc_skb(dev, len, GFP_KERNEL);
}

void shim_skb_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	dev_kfree_skb_any_reason(skb, reason);
}

unsigned int shim_skb_tailroom(const struct sk_buff *skb)
{
	return skb_tailroom(skb);
}

int shim_dma_map(struct device *dev, struct sk_buff *skb, unsigned int len,
		 enum dma_data_direction dir, dma_addr_t *addr)
{
	*addr = dma_map_single(dev, skb->data, len, dir);
	return dma_mapping_error(dev, *addr);
}

void shim_dma_unmap(struct device *dev, dma_addr_t addr, unsigned int len,
		    enum dma_data_direction dir)
{
	dma_unmap_single(dev, addr, len, dir);
}

/* Delayed work */

struct shim_work {
	struct delayed_work dwork;
	void *ctx;
	shim_work_t run;
};

static void shim_work_run(struct work_struct *work)
{
	struct shim_work *w = container_of(to_delayed_work(work),
					   struct shim_work, dwork);

	w->run(w->ctx);
}

struct shim_work *shim_work_alloc(void *ctx, shim_work_t run)
{
	struct shim_work *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->ctx = ctx;
	w->run = run;
	INIT_DELAYED_WORK(&w->dwork, shim_work_run);
	/* Disabled until somebody vouches for @ctx: cannot be queued yet. */
	disable_delayed_work(&w->dwork);
	return w;
}

void shim_work_free(struct shim_work *w)
{
	kfree(w);
}

void shim_work_enable(struct shim_work *w)
{
	enable_delayed_work(&w->dwork);
}

void shim_work_disable_sync(struct shim_work *w)
{
	disable_delayed_work_sync(&w->dwork);
}

void shim_work_schedule(struct shim_work *w, unsigned int delay_ms)
{
	schedule_delayed_work(&w->dwork, msecs_to_jiffies(delay_ms));
}

void shim_work_run_now(struct shim_work *w)
{
	mod_delayed_work(system_percpu_wq, &w->dwork, 0);
}

/*
 * /proc/driver/ferronic, which exists while at least one device is bound.
 * proc_mkdir() warns when a name is taken, and the two drivers for this device
 * know nothing of each other, so look first.
 */

#define SHIM_PROC_DIR		"driver/ferronic"
#define SHIM_PROC_DIR_OWN	"driver/ferronic_rust"

static DEFINE_MUTEX(shim_proc_lock);
static struct proc_dir_entry *shim_proc_dir;
static unsigned int shim_proc_users;

static struct proc_dir_entry *shim_proc_mkdir(void)
{
	struct path path;
	int err;

	err = kern_path("/proc/" SHIM_PROC_DIR, LOOKUP_FOLLOW, &path);
	if (err == -ENOENT)
		return proc_mkdir(SHIM_PROC_DIR, NULL);
	if (err)
		return NULL;

	path_put(&path);
	return proc_mkdir(SHIM_PROC_DIR_OWN, NULL);
}

struct proc_dir_entry *shim_proc_dir_get(void)
{
	guard(mutex)(&shim_proc_lock);

	if (!shim_proc_dir)
		shim_proc_dir = shim_proc_mkdir();
	if (shim_proc_dir)
		shim_proc_users++;
	return shim_proc_dir;
}

void shim_proc_dir_put(void)
{
	guard(mutex)(&shim_proc_lock);

	if (--shim_proc_users)
		return;
	proc_remove(shim_proc_dir);
	shim_proc_dir = NULL;
}
