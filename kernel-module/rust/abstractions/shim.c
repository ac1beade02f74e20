// SPDX-License-Identifier: GPL-2.0
/*
 * The C half of the network abstractions; see shim.h.
 */
#include <linux/cpumask.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/netdevice.h>
#include <linux/path.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/page_pool/helpers.h>
#include <net/rtnetlink.h>

#include "shim.h"

/* Net device */

static int shim_ndo_set_rx_mode_async(struct net_device *dev,
				      struct netdev_hw_addr_list *uc,
				      struct netdev_hw_addr_list *mc)
{
	rust_ndo_set_rx_mode(dev, dev->flags & IFF_PROMISC,
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
	rust_ndo_set_mac_address(dev, dev->dev_addr);
	return 0;
}

static void shim_ndo_get_stats64(struct net_device *dev,
				 struct rtnl_link_stats64 *out)
{
	struct shim_stats stats = {};

	rust_ndo_get_stats64(dev, &stats);
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
	.ndo_open		= rust_ndo_open,
	.ndo_stop		= rust_ndo_stop,
	.ndo_start_xmit		= rust_ndo_start_xmit,
	.ndo_features_check	= rust_ndo_features_check,
	.ndo_set_rx_mode_async	= shim_ndo_set_rx_mode_async,
	.ndo_set_mac_address	= shim_ndo_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= rust_ndo_change_mtu,
	.ndo_tx_timeout		= rust_ndo_tx_timeout,
	.ndo_get_stats64	= shim_ndo_get_stats64,
};

struct net_device *shim_netdev_alloc(size_t priv_size, unsigned int queues,
				     struct device *parent)
{
	struct net_device *dev = alloc_etherdev_mqs(priv_size, queues, queues);

	if (!dev)
		return NULL;
	SET_NETDEV_DEV(dev, parent);
	dev->netdev_ops = &shim_netdev_ops;
	netif_carrier_off(dev);
	netif_tx_stop_all_queues(dev);
	return dev;
}

void shim_netdev_config(struct net_device *dev,
			const struct shim_net_config *config, const u8 *addr)
{
	dev->ethtool_ops = config->ethtool_ops;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->hw_features = config->hw_features;
	dev->features = config->features;
	dev->vlan_features = config->vlan_features;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = config->max_mtu;
	dev->watchdog_timeo = msecs_to_jiffies(config->watchdog_ms);
	netif_set_tso_max_segs(dev, config->tso_max_segs);
	if (is_valid_ether_addr(addr))
		eth_hw_addr_set(dev, addr);
	else
		eth_hw_addr_random(dev);
}

void shim_netdev_addr(const struct net_device *dev, u8 *addr)
{
	ether_addr_copy(addr, dev->dev_addr);
}

void shim_random_addr(u8 *addr)
{
	eth_random_addr(addr);
}

void shim_netdev_name(const struct net_device *dev, char *name)
{
	strscpy(name, netdev_name(dev), IFNAMSIZ);
}

size_t shim_netdev_alias(const struct net_device *dev, char *alias, size_t len)
{
	const struct dev_ifalias *from;

	guard(rcu)();
	from = rcu_dereference(dev->ifalias);
	if (!from)
		return 0;
	return strscpy(alias, from->ifalias, len) < 0 ? len - 1 : strlen(alias);
}

u32 shim_netdev_mtu(const struct net_device *dev)
{
	return READ_ONCE(dev->mtu);
}

void shim_netdev_set_mtu(struct net_device *dev, u32 mtu)
{
	WRITE_ONCE(dev->mtu, mtu);
}

u32 shim_netdev_flags(const struct net_device *dev)
{
	return READ_ONCE(dev->flags);
}

bool shim_netdev_has_multicast(const struct net_device *dev)
{
	return !netdev_mc_empty(dev);
}

bool shim_netdev_rss_configured(const struct net_device *dev)
{
	return netif_is_rxfh_configured(dev);
}

bool shim_carrier_ok(const struct net_device *dev)
{
	return netif_carrier_ok(dev);
}

/* Transmit queues */

void shim_tx_wake_all(struct net_device *dev)
{
	netif_tx_wake_all_queues(dev);
}

void shim_tx_disable(struct net_device *dev)
{
	netif_tx_disable(dev);
}

void shim_tx_reset(struct net_device *dev, unsigned int queue)
{
	netdev_tx_reset_queue(netdev_get_tx_queue(dev, queue));
}

void shim_tx_lock_bh(struct net_device *dev, unsigned int queue)
{
	__netif_tx_lock_bh(netdev_get_tx_queue(dev, queue));
}

void shim_tx_unlock_bh(struct net_device *dev, unsigned int queue)
{
	__netif_tx_unlock_bh(netdev_get_tx_queue(dev, queue));
}

void shim_queue_set_cpu(struct net_device *dev, unsigned int queue,
			unsigned int irq)
{
	unsigned int cpu;

	if (WARN_ON_ONCE(queue >= dev->num_tx_queues))
		return;
	cpu = cpumask_local_spread(queue, dev_to_node(dev->dev.parent));
	irq_set_affinity_and_hint(irq, cpumask_of(cpu));
	netif_set_xps_queue(dev, cpumask_of(cpu), queue);
}

void shim_queue_clear_cpu(unsigned int irq)
{
	irq_update_affinity_hint(irq, NULL);
}

/* NAPI */

struct shim_napi *shim_napi_alloc(void *ctx)
{
	struct shim_napi *n = kzalloc(sizeof(*n), GFP_KERNEL);

	if (!n)
		return NULL;
	n->ctx = ctx;
	/* Owned by nobody who polls: napi_schedule() does nothing yet. */
	set_bit(NAPI_STATE_SCHED, &n->napi.state);
	/* Polled by no CPU, which page pools want to know. */
	n->napi.list_owner = -1;
	return n;
}

void shim_napi_free(struct shim_napi *n)
{
	kfree(n);
}

/* netif_queue_set_napi() does not look whether there is such a queue. */
static void shim_queue_set_napi(struct net_device *dev, unsigned int queue,
				struct napi_struct *napi)
{
	if (WARN_ON_ONCE(queue >= dev->num_rx_queues ||
			 queue >= dev->num_tx_queues))
		return;
	netif_queue_set_napi(dev, queue, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(dev, queue, NETDEV_QUEUE_TYPE_TX, napi);
}

void shim_napi_enable(struct shim_napi *n, struct net_device *dev,
		      shim_poll_t poll, unsigned int queue, unsigned int irq)
{
	netif_napi_add(dev, &n->napi, poll);
	netif_napi_set_irq(&n->napi, irq);
	napi_enable(&n->napi);
	shim_queue_set_napi(dev, queue, &n->napi);
}

void shim_napi_disable(struct shim_napi *n, unsigned int queue)
{
	shim_queue_set_napi(n->napi.dev, queue, NULL);
	napi_disable(&n->napi);
	netif_napi_del(&n->napi);
}

bool shim_napi_schedule(struct shim_napi *n)
{
	return napi_schedule(&n->napi);
}

/* Page pool */

struct page_pool *shim_page_pool_create(struct device *dev,
					struct net_device *netdev,
					unsigned int queue, unsigned int size)
{
	struct page_pool_params params = {
		.pool_size = size,
		.nid = dev_to_node(dev),
		.dev = dev,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
		.netdev = netdev,
		.queue_idx = queue,
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
	};
	struct page_pool *pool = page_pool_create(&params);

	return IS_ERR(pool) ? NULL : pool;
}

void shim_page_pool_enable_direct(struct page_pool *pool,
				  struct shim_napi *napi)
{
	page_pool_enable_direct_recycling(pool, &napi->napi);
}

unsigned int shim_rx_headroom(void)
{
	return SHIM_RX_HEADROOM;
}

unsigned int shim_rx_overhead(void)
{
	return SHIM_RX_HEADROOM +
	       SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
}

/* Socket buffers */

struct sk_buff *shim_netdev_alloc_skb(struct net_device *dev, const void *data,
				      unsigned int len)
{
	struct sk_buff *skb = __netdev_alloc_skb(dev, len, GFP_KERNEL);

	if (skb)
		skb_put_data(skb, data, len);
	return skb;
}

void shim_skb_drop(struct sk_buff *skb, enum skb_drop_reason reason)
{
	dev_kfree_skb_any_reason(skb, reason);
}

/* Delayed work */

struct shim_work {
	struct delayed_work dwork;
	void *ctx;
	shim_call_t call;
};

static void shim_work_run(struct work_struct *work)
{
	struct shim_work *w = container_of(to_delayed_work(work),
					   struct shim_work, dwork);

	w->call(w->ctx);
}

struct shim_work *shim_work_alloc(void *ctx, shim_call_t call)
{
	struct shim_work *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	w->ctx = ctx;
	w->call = call;
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

/* Periodic timer */

struct shim_timer {
	struct timer_list timer;
	void *ctx;
	shim_call_t call;
	unsigned long period;
};

static void shim_timer_run(struct timer_list *timer)
{
	struct shim_timer *t = container_of(timer, struct shim_timer, timer);

	t->call(t->ctx);
	mod_timer(&t->timer, jiffies + t->period);
}

struct shim_timer *shim_timer_alloc(void *ctx, shim_call_t call)
{
	struct shim_timer *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->ctx = ctx;
	t->call = call;
	return t;
}

void shim_timer_free(struct shim_timer *t)
{
	kfree(t);
}

void shim_timer_start(struct shim_timer *t, unsigned int period_ms)
{
	t->period = msecs_to_jiffies(period_ms);
	timer_setup(&t->timer, shim_timer_run, 0);
	mod_timer(&t->timer, jiffies + t->period);
}

void shim_timer_stop_sync(struct shim_timer *t)
{
	/* It starts itself, which shutting it down makes impossible. */
	timer_shutdown_sync(&t->timer);
}

/* Names */

unsigned int shim_pci_number(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

/*
 * /proc/driver/ferronic, which exists while at least one device is bound.
 * proc_mkdir() warns when a name is taken, and the two drivers for this device
 * know nothing of each other, so look first. The RTNL, which both take, keeps
 * the other from doing the same at the same time.
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

	ASSERT_RTNL();

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

	if (!shim_proc_dir) {
		rtnl_lock();
		shim_proc_dir = shim_proc_mkdir();
		rtnl_unlock();
	}
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
