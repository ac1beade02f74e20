// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: ethtool.
 */
#include <linux/ethtool.h>

#include "ferronic.h"

static const char * const ferronic_stat_names[] = {
	"rx_packets",
	"rx_bytes",
	"rx_errors",
	"rx_length_errors",
	"rx_alloc_failed",
	"rx_interrupts",
	"tx_packets",
	"tx_bytes",
	"tx_errors",
	"tx_map_failed",
	"tx_busy",
	"tx_stopped",
	"tx_timeouts",
	"tx_interrupts",
	"mgmt_interrupts",
	"mgmt_spurious",
	"link_changes",
	"link_events",
	"dma_errors",
	"config_errors",
	"service_runs",
	"hw_rx_frames",
	"hw_rx_missed",
	"hw_tx_frames",
	"hw_tx_errors",
};

static int ferronic_get_sset_count(struct net_device *netdev, int sset)
{
	return sset == ETH_SS_STATS ? ARRAY_SIZE(ferronic_stat_names) :
				      -EOPNOTSUPP;
}

static void ferronic_get_strings(struct net_device *netdev, u32 sset, u8 *to)
{
	unsigned int i;

	if (sset != ETH_SS_STATS)
		return;

	for (i = 0; i < ARRAY_SIZE(ferronic_stat_names); i++)
		ethtool_puts(&to, ferronic_stat_names[i]);
}

/* The next four write in the order of ferronic_stat_names. */
static u64 *ferronic_put_rx_stats(struct ferronic_nic *nic, u64 *to)
{
	struct ferronic_rx_stats *rx = &nic->rx.stats;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&rx->syncp);
		to[0] = u64_stats_read(&rx->packets);
		to[1] = u64_stats_read(&rx->bytes);
		to[2] = u64_stats_read(&rx->errors);
		to[3] = u64_stats_read(&rx->length_errors);
		to[4] = u64_stats_read(&rx->alloc_failed);
	} while (u64_stats_fetch_retry(&rx->syncp, start));

	to[5] = READ_ONCE(nic->rx.interrupts);
	return to + 6;
}

static u64 *ferronic_put_tx_stats(struct ferronic_nic *nic, u64 *to)
{
	struct ferronic_tx_stats *tx = &nic->tx.stats;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->syncp);
		to[0] = u64_stats_read(&tx->packets);
		to[1] = u64_stats_read(&tx->bytes);
		to[2] = u64_stats_read(&tx->errors);
	} while (u64_stats_fetch_retry(&tx->syncp, start));

	to[3] = READ_ONCE(nic->tx.map_failed);
	to[4] = READ_ONCE(nic->tx.busy);
	to[5] = READ_ONCE(nic->tx.stopped);
	to[6] = READ_ONCE(nic->tx.timeouts);
	to[7] = READ_ONCE(nic->tx.interrupts);
	return to + 8;
}

static u64 *ferronic_put_mgmt_stats(struct ferronic_nic *nic, u64 *to)
{
	spin_lock_irq(&nic->mgmt_lock);
	*to++ = nic->mgmt_interrupts;
	*to++ = nic->mgmt_spurious;
	*to++ = nic->data->link_changes;
	*to++ = nic->data->link_events;
	*to++ = nic->data->dma_errors;
	*to++ = nic->data->config_errors;
	*to++ = nic->data->service_runs;
	spin_unlock_irq(&nic->mgmt_lock);
	return to;
}

static u64 *ferronic_put_hw_stats(struct ferronic_nic *nic, u64 *to)
{
	*to++ = ferronic_read(nic, FERRONIC_RX_FRAMES);
	*to++ = ferronic_read(nic, FERRONIC_RX_MISSED);
	*to++ = ferronic_read(nic, FERRONIC_TX_FRAMES);
	*to++ = ferronic_read(nic, FERRONIC_TX_ERRORS);
	return to;
}

static void ferronic_get_ethtool_stats(struct net_device *netdev,
				       struct ethtool_stats *stats, u64 *to)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	to = ferronic_put_rx_stats(nic, to);
	to = ferronic_put_tx_stats(nic, to);
	to = ferronic_put_mgmt_stats(nic, to);
	ferronic_put_hw_stats(nic, to);
}

static void ferronic_get_ringparam(struct net_device *netdev,
				   struct ethtool_ringparam *ring,
				   struct kernel_ethtool_ringparam *kernel_ring,
				   struct netlink_ext_ack *extack)
{
	ring->rx_max_pending = FERRONIC_RX_RING;
	ring->rx_pending = FERRONIC_RX_RING;
	ring->tx_max_pending = FERRONIC_TX_RING;
	ring->tx_pending = FERRONIC_TX_RING;
}

const struct ethtool_ops ferronic_ethtool_ops = {
	.get_link		= ethtool_op_get_link,
	.get_ringparam		= ferronic_get_ringparam,
	.get_sset_count		= ferronic_get_sset_count,
	.get_strings		= ferronic_get_strings,
	.get_ethtool_stats	= ferronic_get_ethtool_stats,
};
