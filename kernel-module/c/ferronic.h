/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ferronic PCI Express network interface: what the parts of the driver share.
 */
#ifndef FERRONIC_H
#define FERRONIC_H

#include <linux/completion.h>
#include <linux/if_vlan.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "ferronic_regs.gen.h"
#include "ferronic_ring.h"

/* Length of a frame of the MTU, with one VLAN tag. */
#define FERRONIC_FRAME_OVERHEAD	(ETH_HLEN + VLAN_HLEN)
#define FERRONIC_MTU_MAX	(FERRONIC_FRAME_MAX - FERRONIC_FRAME_OVERHEAD)

/* A receive buffer: headroom, what the device fills, and what an skb needs. */
#define FERRONIC_RX_SMALL	2048
#define FERRONIC_RX_LARGE	4096
#define FERRONIC_RX_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN)
#define FERRONIC_RX_ROOM(size)	(SKB_WITH_OVERHEAD(size) - FERRONIC_RX_HEADROOM)
/* Slots are filled, and given, when this many are empty. */
#define FERRONIC_RX_REFILL	16

#define FERRONIC_TX_TIMEOUT	(5 * HZ)
#define FERRONIC_MODERATION_US	20
#define FERRONIC_MODERATION_MAX	(FERRONIC_INT_MODERATION_NS / NSEC_PER_USEC)

#define FERRONIC_SERVICE_MS	10
#define FERRONIC_WATCHDOG_MS	100
/* Link changes remembered for each device. */
#define FERRONIC_HISTORY	16

#define FERRONIC_ALL_ONES	U32_MAX

struct ferronic_nic;

/* What the user chooses. Protected by the RTNL, as its copies in rings. */
struct ferronic_config {
	u32 pairs;
	u32 rx_size;
	u32 tx_size;
	u32 rx_buffer;			/* FERRONIC_RX_SMALL or _LARGE */
};

struct ferronic_rx_buffer {
	struct page *page;		/* NULL: the slot is empty */
	u32 offset;
};

/*
 * The device owns the slots from @next to @fill. All fields belong to the poll;
 * while it is disabled, to whoever holds the RTNL.
 */
struct ferronic_rx_ring {
	struct ferronic_rx_desc *desc;
	struct ferronic_rx_buffer *buffer;
	void __iomem *tail;
	struct page_pool *pool;
	u32 mask;
	u32 next;			/* slot that is filled next */
	u32 fill;			/* slot that is given next */
	u32 size;			/* of a buffer, in memory */
	u32 room;			/* what of it the device fills */
	bool discard;			/* up to the end of the frame */
	struct sk_buff *skb;		/* frame whose end is not there yet */
	dma_addr_t dma;
};

/* The first descriptor of a frame has its books. */
struct ferronic_tx_buffer {
	struct sk_buff *skb;
	dma_addr_t dma;
	u32 length;			/* of this piece */
	u32 bytes;			/* of the frame, on the link */
	u16 segs;
	u16 descs;
};

/*
 * What lies from @consumed to @rung is the device's; from there to @produced
 * frames wait for a doorbell. The transmit path writes these two, the poll
 * @consumed.
 */
struct ferronic_tx_ring {
	struct ferronic_tx_desc *desc;
	struct ferronic_tx_buffer *buffer;
	void __iomem *tail;
	u32 mask;
	u32 wake;
	u32 produced;
	u32 rung;			/* up to here the device was told */

	u32 consumed ____cacheline_aligned_in_smp;
	u32 errors;			/* as last written back */
	struct ferronic_tx_writeback *writeback;
	dma_addr_t dma;
	dma_addr_t writeback_dma;
};

struct ferronic_rings {
	struct ferronic_rx_ring *rx[FERRONIC_QUEUES];
	struct ferronic_tx_ring *tx[FERRONIC_QUEUES];
};

/* Written by the poll. */
struct ferronic_pair_stats {
	struct u64_stats_sync syncp;
	u64_stats_t rx_packets;
	u64_stats_t rx_bytes;
	u64_stats_t rx_errors;
	u64_stats_t rx_length_errors;
	u64_stats_t rx_csum_errors;
	u64_stats_t rx_alloc_failed;
	u64_stats_t tx_packets;
	u64_stats_t tx_bytes;
	u64_stats_t tx_errors;
};

/* A receive and a transmit queue with one vector and one NAPI. */
struct ferronic_pair {
	struct napi_struct napi;
	struct ferronic_nic *nic;
	struct ferronic_rx_ring *rx;
	struct ferronic_tx_ring *tx;
	unsigned int index;
	unsigned long polls;
	struct ferronic_pair_stats stats;

	unsigned long queue_interrupts;	/* by the handler */
	unsigned long interrupts_missed;	/* these three: by the watchdog */
	unsigned long watched_polls;
	bool waiting;
	unsigned long tx_bad_heads;	/* by the poll */
	unsigned long tx_map_failed;	/* these three: by the transmit path */
	unsigned long tx_busy;
	unsigned long tx_stopped;
	unsigned long tx_purged;	/* these two: under the RTNL, */
	unsigned long tx_timeouts;	/* and the queue's lock */
};

struct ferronic_link_change {
	u64 at_ns;			/* since boot */
	bool up;
};

/*
 * The books of management, service work and watchdog. Protected by
 * ferronic_nic.mgmt_lock.
 */
struct ferronic_data {
	u64 mgmt_interrupts;
	u64 mgmt_spurious;
	u64 mgmt_activity;		/* interrupts and runs of the service */
	u64 service_runs;
	u64 watchdog_runs;
	u64 link_changes;
	u64 link_events;
	u64 dma_errors;
	u64 config_errors;
	u64 resets;
	u64 copies;
	u64 copy_errors;
	struct ferronic_link_change *history;	/* change N at N % size */
};

enum ferronic_state {
	FERRONIC_UP,			/* the queues run; under the RTNL */
	FERRONIC_QUIESCED,		/* for suspend, FLR or AER; likewise */
	FERRONIC_LOST,			/* does not answer, or not as it must */
};

struct ferronic_nic {
	struct ferronic_pair pair[FERRONIC_QUEUES];
	struct pci_dev *pdev;
	struct net_device *netdev;
	void __iomem *regs;
	unsigned long state;		/* enum ferronic_state */

	struct ferronic_config config;
	unsigned int max_pairs;
	u32 rx_filter;
	u32 moderation_us;
	u8 rss_key[FERRONIC_RSS_KEY_SIZE];
	u8 rss_table[FERRONIC_RSS_ENTRIES];

	struct timer_list watchdog;
	struct delayed_work service;
	struct work_struct reset;
	struct ferronic_data *data;
	spinlock_t mgmt_lock;		/* for the following and @data */
	bool ready;			/* registers can be accessed */
	u32 mgmt_causes;		/* not yet seen by the service work */
	u64 mgmt_seen;			/* these two: the service's own */
	unsigned long retry_at;

	struct mutex copy_lock;		/* one copy at a time, and no reset */
	struct completion copy_done;

	struct proc_dir_entry *proc;
	struct ferronic_chardev *chardev;
};

struct ferronic_hw_counters {
	u32 rx_frames;
	u32 rx_missed;
	u32 tx_frames;
	u32 tx_errors;
	u32 violations;
};

static inline u32 ferronic_read(struct ferronic_nic *nic, unsigned int reg)
{
	return readl(nic->regs + reg);
}

static inline void ferronic_write(struct ferronic_nic *nic, unsigned int reg,
				  u32 value)
{
	writel(value, nic->regs + reg);
}

static inline unsigned int ferronic_pair_vector(const struct ferronic_pair *pair)
{
	return 1 + pair->index;
}

/* ferronic_hw.c */
int ferronic_hw_reset(struct ferronic_nic *nic);
int ferronic_hw_flr(struct ferronic_nic *nic);
bool ferronic_hw_gone(struct ferronic_nic *nic, u32 value);
int ferronic_hw_wait_inactive(struct ferronic_nic *nic, u32 engines);
void ferronic_hw_set_ready(struct ferronic_nic *nic, bool ready);
void ferronic_hw_get_mac(struct ferronic_nic *nic, u8 *addr);
void ferronic_hw_set_mac(struct ferronic_nic *nic, const u8 *addr);
void ferronic_hw_set_max_frame(struct ferronic_nic *nic);
void ferronic_hw_set_moderation(struct ferronic_nic *nic);
void ferronic_hw_set_rss(struct ferronic_nic *nic);
int ferronic_hw_start_pair(struct ferronic_nic *nic, unsigned int q,
			   const struct ferronic_rx_ring *rx,
			   const struct ferronic_tx_ring *tx, u32 vector);
int ferronic_hw_start(struct ferronic_nic *nic);
void ferronic_hw_enable_pairs(struct ferronic_nic *nic);
void ferronic_hw_stop(struct ferronic_nic *nic);
void ferronic_hw_get_counters(struct ferronic_nic *nic,
			      struct ferronic_hw_counters *counters);

/* ferronic_ring.c */
int ferronic_rings_alloc(struct ferronic_nic *nic,
			 const struct ferronic_config *config,
			 struct ferronic_rings *rings);
void ferronic_rings_free(struct ferronic_nic *nic,
			 struct ferronic_rings *rings);
void ferronic_rings_install(struct ferronic_nic *nic,
			    const struct ferronic_rings *rings);
void ferronic_rings_take(struct ferronic_nic *nic,
			 struct ferronic_rings *rings);

/* ferronic_rx.c */
bool ferronic_rx_fill(struct ferronic_rx_ring *rx);
void ferronic_rx_doorbell(struct ferronic_rx_ring *rx);
int ferronic_rx_poll(struct ferronic_pair *pair, int budget);
bool ferronic_rx_waiting(struct ferronic_rx_ring *rx);
bool ferronic_rx_starved(struct ferronic_rx_ring *rx);
void ferronic_rx_rewind(struct ferronic_pair *pair);

/* ferronic_tx.c */
netdev_tx_t ferronic_start_xmit(struct sk_buff *skb, struct net_device *netdev);
netdev_features_t ferronic_features_check(struct sk_buff *skb,
					  struct net_device *netdev,
					  netdev_features_t features);
void ferronic_tx_poll(struct ferronic_pair *pair, int budget);
bool ferronic_tx_waiting(struct ferronic_tx_ring *tx);
void ferronic_tx_purge(struct ferronic_pair *pair);

/* ferronic_irq.c */
void ferronic_pairs_init(struct ferronic_nic *nic);
int ferronic_request_mgmt_irq(struct ferronic_nic *nic);
void ferronic_free_mgmt_irq(struct ferronic_nic *nic);
int ferronic_request_pair_irqs(struct ferronic_nic *nic);
void ferronic_free_pair_irqs(struct ferronic_nic *nic);
void ferronic_enable_mgmt(struct ferronic_nic *nic);
void ferronic_disable_mgmt(struct ferronic_nic *nic);

/* ferronic_netdev.c */
extern const struct net_device_ops ferronic_netdev_ops;
int ferronic_up(struct ferronic_nic *nic);
void ferronic_down(struct ferronic_nic *nic);
int ferronic_reconfigure(struct ferronic_nic *nic,
			 const struct ferronic_config *config);
void ferronic_rss_default(struct ferronic_nic *nic);
u32 ferronic_rx_buffer_for(unsigned int mtu);

/* ferronic_reset.c */
extern const struct pci_error_handlers ferronic_error_handlers;
void ferronic_reset_init(struct ferronic_nic *nic);
void ferronic_request_reset(struct ferronic_nic *nic);
void ferronic_lose(struct ferronic_nic *nic);
void ferronic_quiesce(struct ferronic_nic *nic);
int ferronic_revive(struct ferronic_nic *nic);

/* ferronic_pm.c */
extern const struct dev_pm_ops ferronic_pm_ops;

/* ferronic_service.c */
struct ferronic_data *ferronic_data_alloc(void);
void ferronic_data_free(struct ferronic_data *data);
void ferronic_service_init(struct ferronic_nic *nic);
void ferronic_service_start(struct ferronic_nic *nic);
void ferronic_service_stop(struct ferronic_nic *nic);
void ferronic_watchdog_start(struct ferronic_nic *nic);
void ferronic_watchdog_stop(struct ferronic_nic *nic);

/* ferronic_copy.c */
void ferronic_copy_init(struct ferronic_nic *nic);
int ferronic_copy(struct ferronic_nic *nic, dma_addr_t dma, u32 offset,
		  u32 length, bool to_memory);

/* ferronic_ethtool.c */
extern const struct ethtool_ops ferronic_ethtool_ops;

/* ferronic_selftest.c */
#define FERRONIC_SELF_TESTS	4

struct ethtool_test;

extern const char * const ferronic_self_test_names[FERRONIC_SELF_TESTS];
void ferronic_self_test(struct net_device *netdev, struct ethtool_test *test,
			u64 *result);

/* ferronic_proc.c */
int ferronic_proc_add(struct ferronic_nic *nic);
void ferronic_proc_remove(struct ferronic_nic *nic);

/* ferronic_chardev.c */
int ferronic_chardev_add(struct ferronic_nic *nic);
void ferronic_chardev_remove(struct ferronic_nic *nic);

#endif /* FERRONIC_H */
