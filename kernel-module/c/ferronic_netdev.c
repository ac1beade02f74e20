// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the operations of the network device.
 */
#include <linux/etherdevice.h>

#include "ferronic.h"

static int ferronic_request_irqs(struct ferronic_nic *nic)
{
	const char *name = nic->netdev->name;
	struct pci_dev *pdev = nic->pdev;
	int err;

	err = pci_request_irq(pdev, FERRONIC_VECTOR_RX, ferronic_rx_interrupt,
			      NULL, nic, "%s-rx", name);
	if (err)
		return err;

	err = pci_request_irq(pdev, FERRONIC_VECTOR_TX, ferronic_tx_interrupt,
			      NULL, nic, "%s-tx", name);
	if (err)
		pci_free_irq(pdev, FERRONIC_VECTOR_RX, nic);
	return err;
}

static void ferronic_free_irqs(struct ferronic_nic *nic)
{
	pci_free_irq(nic->pdev, FERRONIC_VECTOR_TX, nic);
	pci_free_irq(nic->pdev, FERRONIC_VECTOR_RX, nic);
}

static int ferronic_open(struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	int err;

	err = ferronic_rx_alloc(nic);
	if (err)
		return err;

	err = ferronic_tx_alloc(nic);
	if (err)
		goto err_free_rx;

	err = ferronic_request_irqs(nic);
	if (err)
		goto err_free_tx;

	napi_enable(&nic->rx.napi);
	napi_enable(&nic->tx.napi);

	err = ferronic_hw_start(nic);
	if (err)
		goto err_disable_napi;

	netif_start_queue(netdev);
	return 0;

err_disable_napi:
	napi_disable(&nic->tx.napi);
	napi_disable(&nic->rx.napi);
	ferronic_free_irqs(nic);
err_free_tx:
	ferronic_tx_free(nic);
err_free_rx:
	ferronic_rx_free(nic);
	return err;
}

static int ferronic_stop(struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	/* The polls first: they wake the queue and enable the interrupts. */
	napi_disable(&nic->tx.napi);
	napi_disable(&nic->rx.napi);
	netif_tx_disable(netdev);
	ferronic_hw_stop(nic);
	ferronic_free_irqs(nic);
	ferronic_tx_free(nic);
	ferronic_rx_free(nic);
	return 0;
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

	ferronic_write(nic, FERRONIC_RX_FILTER, filter);
	return 0;
}

static void ferronic_get_rx_stats64(struct ferronic_nic *nic,
				    struct rtnl_link_stats64 *stats)
{
	struct ferronic_rx_stats *rx = &nic->rx.stats;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&rx->syncp);
		stats->rx_packets = u64_stats_read(&rx->packets);
		stats->rx_bytes = u64_stats_read(&rx->bytes);
		stats->rx_length_errors = u64_stats_read(&rx->length_errors);
		stats->rx_errors = u64_stats_read(&rx->errors) +
				   stats->rx_length_errors;
		stats->rx_dropped = u64_stats_read(&rx->alloc_failed);
	} while (u64_stats_fetch_retry(&rx->syncp, start));

	stats->rx_missed_errors = ferronic_read(nic, FERRONIC_RX_MISSED);
}

static void ferronic_get_tx_stats64(struct ferronic_nic *nic,
				    struct rtnl_link_stats64 *stats)
{
	struct ferronic_tx_stats *tx = &nic->tx.stats;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->syncp);
		stats->tx_packets = u64_stats_read(&tx->packets);
		stats->tx_bytes = u64_stats_read(&tx->bytes);
		stats->tx_errors = u64_stats_read(&tx->errors);
	} while (u64_stats_fetch_retry(&tx->syncp, start));

	stats->tx_dropped = READ_ONCE(nic->tx.map_failed);
}

static void ferronic_get_stats64(struct net_device *netdev,
				 struct rtnl_link_stats64 *stats)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	ferronic_get_rx_stats64(nic, stats);
	ferronic_get_tx_stats64(nic, stats);
}

static void ferronic_tx_timeout(struct net_device *netdev, unsigned int queue)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	WRITE_ONCE(nic->tx.timeouts, nic->tx.timeouts + 1);
	netdev_warn(netdev, "transmit queue timed out\n");
}

const struct net_device_ops ferronic_netdev_ops = {
	.ndo_open		= ferronic_open,
	.ndo_stop		= ferronic_stop,
	.ndo_start_xmit		= ferronic_start_xmit,
	.ndo_set_rx_mode_async	= ferronic_set_rx_mode,
	.ndo_set_mac_address	= ferronic_set_mac_address,
	.ndo_validate_addr	= eth_validate_addr,
	.ndo_get_stats64	= ferronic_get_stats64,
	.ndo_tx_timeout		= ferronic_tx_timeout,
};
