// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the operations of the network device.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>

#include "ferronic.h"

/* Small buffers if a frame fits one of them. */
u32 ferronic_rx_buffer_for(unsigned int mtu)
{
	return mtu + FERRONIC_FRAME_OVERHEAD <=
	       FERRONIC_RX_ROOM(FERRONIC_RX_SMALL) ?
	       FERRONIC_RX_SMALL : FERRONIC_RX_LARGE;
}

static void ferronic_enable_polls(struct ferronic_nic *nic)
{
	struct ferronic_pair *pair;
	unsigned int q;

	for (q = 0; q < nic->config.pairs; q++) {
		pair = &nic->pair[q];
		napi_enable(&pair->napi);
		netif_queue_set_napi(nic->netdev, q, NETDEV_QUEUE_TYPE_RX,
				     &pair->napi);
		netif_queue_set_napi(nic->netdev, q, NETDEV_QUEUE_TYPE_TX,
				     &pair->napi);
	}
}

static void ferronic_disable_polls(struct ferronic_nic *nic)
{
	unsigned int q;

	for (q = 0; q < nic->config.pairs; q++) {
		netif_queue_set_napi(nic->netdev, q, NETDEV_QUEUE_TYPE_TX,
				     NULL);
		netif_queue_set_napi(nic->netdev, q, NETDEV_QUEUE_TYPE_RX,
				     NULL);
		napi_disable(&nic->pair[q].napi);
	}
	/*
	 * A poll that has completed may not have enabled its vector yet, and
	 * napi_disable() does not wait for that.
	 */
	synchronize_net();
}

static void ferronic_rewind_rings(struct ferronic_nic *nic)
{
	unsigned int q;

	for (q = 0; q < nic->config.pairs; q++) {
		ferronic_tx_purge(&nic->pair[q]);
		ferronic_rx_rewind(&nic->pair[q]);
	}
}

/*
 * Starts the queues on the installed rings; the device must have come out of
 * reset. Called with the RTNL held, as all that starts and stops them.
 */
int ferronic_up(struct ferronic_nic *nic)
{
	int err;

	err = ferronic_hw_start(nic);
	if (err)
		return err;

	/* A poll enables its vector, so not before there is a queue. */
	ferronic_enable_polls(nic);
	ferronic_hw_enable_pairs(nic);
	set_bit(FERRONIC_UP, &nic->state);
	ferronic_watchdog_start(nic);
	netif_tx_wake_all_queues(nic->netdev);
	return 0;
}

/* Stops the queues if they run. The rings are left as if they were new. */
void ferronic_down(struct ferronic_nic *nic)
{
	if (!test_and_clear_bit(FERRONIC_UP, &nic->state))
		return;

	ferronic_watchdog_stop(nic);
	/* The polls first: they wake queues and enable vectors. */
	ferronic_disable_polls(nic);
	netif_tx_disable(nic->netdev);
	ferronic_hw_stop(nic);
	ferronic_rewind_rings(nic);
}

static int ferronic_open(struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_rings rings;
	int err;

	err = ferronic_rings_alloc(nic, &nic->config, &rings);
	if (err)
		return err;

	err = ferronic_request_pair_irqs(nic);
	if (err)
		goto err_free_rings;

	ferronic_rings_install(nic, &rings);
	err = ferronic_up(nic);
	if (err)
		goto err_free_irqs;
	return 0;

err_free_irqs:
	ferronic_rings_take(nic, &rings);
	ferronic_free_pair_irqs(nic);
err_free_rings:
	ferronic_rings_free(nic, &rings);
	return err;
}

static int ferronic_stop(struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_rings rings;

	ferronic_down(nic);
	ferronic_rings_take(nic, &rings);
	ferronic_free_pair_irqs(nic);
	ferronic_rings_free(nic, &rings);
	return 0;
}

/* Spreads frames over all pairs, unless the user wants it otherwise. */
void ferronic_rss_default(struct ferronic_nic *nic)
{
	unsigned int i;

	if (netif_is_rxfh_configured(nic->netdev))
		return;
	for (i = 0; i < FERRONIC_RSS_ENTRIES; i++)
		nic->rss_table[i] =
			ethtool_rxfh_indir_default(i, nic->config.pairs);
}

static void ferronic_set_config(struct ferronic_nic *nic,
				const struct ferronic_config *config)
{
	nic->config = *config;
	ferronic_rss_default(nic);
}

/* Exchanges the rings of an interface that is open, whether up or not. */
static int ferronic_exchange_rings(struct ferronic_nic *nic,
				   const struct ferronic_config *config,
				   struct ferronic_rings *new)
{
	bool up = test_bit(FERRONIC_UP, &nic->state);
	struct ferronic_rings old;
	int err = 0;

	ferronic_down(nic);
	ferronic_rings_take(nic, &old);
	ferronic_set_config(nic, config);
	ferronic_rings_install(nic, new);
	if (up)
		err = ferronic_up(nic);
	if (err)
		ferronic_lose(nic);
	ferronic_rings_free(nic, &old);
	return err;
}

/*
 * Takes over other sizes or another number of pairs. What can fail for want of
 * memory comes before the old rings are touched.
 */
int ferronic_reconfigure(struct ferronic_nic *nic,
			 const struct ferronic_config *config)
{
	struct ferronic_rings rings;
	int err;

	if (!netif_running(nic->netdev)) {
		ferronic_set_config(nic, config);
		return 0;
	}

	err = ferronic_rings_alloc(nic, config, &rings);
	if (err)
		return err;
	return ferronic_exchange_rings(nic, config, &rings);
}

static int ferronic_change_mtu(struct net_device *netdev, int mtu)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_config config = nic->config;
	unsigned int old_mtu = netdev->mtu;
	int err;

	config.rx_buffer = ferronic_rx_buffer_for(mtu);
	WRITE_ONCE(netdev->mtu, mtu);
	if (config.rx_buffer == nic->config.rx_buffer) {
		ferronic_hw_set_max_frame(nic);
		return 0;
	}

	err = ferronic_reconfigure(nic, &config);
	if (err)
		WRITE_ONCE(netdev->mtu, old_mtu);
	return err;
}

static int ferronic_set_mac_address(struct net_device *netdev, void *addr)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	int err;

	err = eth_prepare_mac_addr_change(netdev, addr);
	if (err)
		return err;

	eth_commit_mac_addr_change(netdev, addr);
	ferronic_hw_set_mac(nic, netdev->dev_addr);
	return 0;
}

static int ferronic_set_rx_mode(struct net_device *netdev,
				struct netdev_hw_addr_list *uc,
				struct netdev_hw_addr_list *mc)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	u32 filter = 0;

	if (netdev->flags & IFF_PROMISC)
		filter |= FERRONIC_RX_FILTER_PROMISC;
	if (netdev->flags & IFF_ALLMULTI || !netdev_hw_addr_list_empty(mc))
		filter |= FERRONIC_RX_FILTER_ALL_MULTI;

	nic->rx_filter = filter;
	ferronic_write(nic, FERRONIC_RX_FILTER, filter);
	return 0;
}

static void ferronic_add_pair_stats(struct ferronic_pair *pair,
				    struct rtnl_link_stats64 *stats)
{
	u64 packets, bytes, errors, length_errors, dropped;
	struct ferronic_pair_stats *from = &pair->stats;
	u64 tx_packets, tx_bytes, tx_errors;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&from->syncp);
		packets = u64_stats_read(&from->rx_packets);
		bytes = u64_stats_read(&from->rx_bytes);
		errors = u64_stats_read(&from->rx_errors);
		length_errors = u64_stats_read(&from->rx_length_errors);
		dropped = u64_stats_read(&from->rx_alloc_failed);
		tx_packets = u64_stats_read(&from->tx_packets);
		tx_bytes = u64_stats_read(&from->tx_bytes);
		tx_errors = u64_stats_read(&from->tx_errors);
	} while (u64_stats_fetch_retry(&from->syncp, start));

	stats->rx_packets += packets;
	stats->rx_bytes += bytes;
	stats->rx_errors += errors + length_errors;
	stats->rx_length_errors += length_errors;
	stats->rx_dropped += dropped;
	stats->tx_packets += tx_packets;
	stats->tx_bytes += tx_bytes;
	stats->tx_errors += tx_errors;
	stats->tx_dropped += READ_ONCE(pair->tx_map_failed) +
			     READ_ONCE(pair->tx_purged);
}

static void ferronic_get_stats64(struct net_device *netdev,
				 struct rtnl_link_stats64 *stats)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_hw_counters counters;
	unsigned int q;

	for (q = 0; q < nic->max_pairs; q++)
		ferronic_add_pair_stats(&nic->pair[q], stats);
	ferronic_hw_get_counters(nic, &counters);
	stats->rx_missed_errors = counters.rx_missed;
}

static void ferronic_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_pair *pair = &nic->pair[queue];

	WRITE_ONCE(pair->tx_timeouts, pair->tx_timeouts + 1);
	netdev_warn(netdev, "transmit queue %u timed out\n", queue);
	ferronic_request_reset(nic);
}

const struct net_device_ops ferronic_netdev_ops = {
	.ndo_open		= ferronic_open,
	.ndo_stop		= ferronic_stop,
	.ndo_start_xmit		= ferronic_start_xmit,
	.ndo_features_check	= ferronic_features_check,
	.ndo_set_rx_mode_async	= ferronic_set_rx_mode,
	.ndo_set_mac_address	= ferronic_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_change_mtu		= ferronic_change_mtu,
	.ndo_get_stats64	= ferronic_get_stats64,
	.ndo_tx_timeout		= ferronic_tx_timeout,
};
