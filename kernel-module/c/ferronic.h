/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ferronic PCI Express network interface: what the parts of the driver share.
 */
#ifndef FERRONIC_H
#define FERRONIC_H

#include <linux/io.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "ferronic_regs.gen.h"

#define FERRONIC_RX_RING	256
#define FERRONIC_TX_RING	256
#define FERRONIC_RX_BUFFER_SIZE	2048
/* A stopped transmit queue is woken when this many descriptors are free. */
#define FERRONIC_TX_WAKE	64
#define FERRONIC_TX_TIMEOUT	(5 * HZ)

#define FERRONIC_SERVICE_MS	10
/* Link changes remembered for each device. */
#define FERRONIC_HISTORY	16

struct ferronic_rx_stats {
	struct u64_stats_sync syncp;
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t errors;
	u64_stats_t length_errors;
	u64_stats_t alloc_failed;
};

struct ferronic_rx_buffer {
	struct sk_buff *skb;
	dma_addr_t dma;
};

/*
 * Every slot has a buffer at all times. The device owns all slots but the one
 * before @next, since a ring with all slots given looks like an empty one.
 */
struct ferronic_rx_ring {
	struct napi_struct napi;
	struct ferronic_rx_desc *desc;
	dma_addr_t dma;
	struct ferronic_rx_buffer *buffer;
	unsigned int next;		/* slot that is filled next */
	unsigned long interrupts;
	struct ferronic_rx_stats stats;	/* written by the poll */
};

struct ferronic_tx_stats {
	struct u64_stats_sync syncp;
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t errors;
};

struct ferronic_tx_buffer {
	struct sk_buff *skb;
	dma_addr_t dma;
};

/*
 * @produced and @consumed run freely; their difference is what the device
 * owns. The transmit path writes @produced, the poll @consumed.
 */
struct ferronic_tx_ring {
	struct napi_struct napi;
	struct ferronic_tx_desc *desc;
	dma_addr_t dma;
	struct ferronic_tx_buffer *buffer;
	unsigned int produced;
	unsigned int consumed;
	unsigned long interrupts;
	unsigned long map_failed;	/* these three: by the transmit path */
	unsigned long busy;
	unsigned long stopped;
	unsigned long timeouts;
	struct ferronic_tx_stats stats;	/* written by the poll */
};

struct ferronic_link_change {
	u64 at_ns;			/* since boot */
	bool up;
};

/* What the service work has seen. Protected by ferronic_nic.mgmt_lock. */
struct ferronic_data {
	u64 service_runs;
	u64 link_changes;
	u64 link_events;
	u64 dma_errors;
	u64 config_errors;
	struct ferronic_link_change *history;	/* change N at N % size */
};

struct ferronic_nic {
	struct pci_dev *pdev;
	struct net_device *netdev;
	void __iomem *regs;

	struct ferronic_rx_ring rx;
	struct ferronic_tx_ring tx;

	struct delayed_work service;
	struct ferronic_data *data;
	spinlock_t mgmt_lock;		/* for the following and @data */
	u32 mgmt_causes;		/* not yet seen by the service work */
	u64 mgmt_interrupts;
	u64 mgmt_spurious;

	struct proc_dir_entry *proc;
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

/* ferronic_hw.c */
int ferronic_hw_reset(struct ferronic_nic *nic);
void ferronic_hw_get_mac(struct ferronic_nic *nic, u8 *addr);
void ferronic_hw_set_mac(struct ferronic_nic *nic, const u8 *addr);
int ferronic_hw_start(struct ferronic_nic *nic);
void ferronic_hw_stop(struct ferronic_nic *nic);

/* ferronic_netdev.c */
extern const struct net_device_ops ferronic_netdev_ops;

/* ferronic_txrx.c */
void ferronic_txrx_init(struct ferronic_nic *nic);
int ferronic_rx_alloc(struct ferronic_nic *nic);
void ferronic_rx_free(struct ferronic_nic *nic);
int ferronic_tx_alloc(struct ferronic_nic *nic);
void ferronic_tx_free(struct ferronic_nic *nic);
irqreturn_t ferronic_rx_interrupt(int irq, void *cookie);
irqreturn_t ferronic_tx_interrupt(int irq, void *cookie);
netdev_tx_t ferronic_start_xmit(struct sk_buff *skb, struct net_device *netdev);

/* ferronic_service.c */
struct ferronic_data *ferronic_data_alloc(void);
void ferronic_data_free(struct ferronic_data *data);
void ferronic_service_init(struct ferronic_nic *nic);
int ferronic_service_start(struct ferronic_nic *nic);
void ferronic_service_stop(struct ferronic_nic *nic);

/* ferronic_ethtool.c */
extern const struct ethtool_ops ferronic_ethtool_ops;

/* ferronic_proc.c */
int ferronic_proc_add(struct ferronic_nic *nic);
void ferronic_proc_remove(struct ferronic_nic *nic);

#endif /* FERRONIC_H */
