// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: ethtool.
 */
#include <linux/dma-mapping.h>
#include <linux/ethtool.h>
#include <linux/slab.h>

#include "ferronic.h"

#define FERRONIC_EEPROM_MAGIC	(FERRONIC_PCI_DEVICE_ID << 16 | \
				 FERRONIC_PCI_VENDOR_ID)

static const char * const ferronic_stat_names[] = {
	"rx_packets",
	"rx_bytes",
	"rx_errors",
	"rx_length_errors",
	"rx_csum_errors",
	"rx_alloc_failed",
	"tx_packets",
	"tx_bytes",
	"tx_errors",
	"tx_map_failed",
	"tx_busy",
	"tx_stopped",
	"tx_purged",
	"tx_bad_heads",
	"tx_timeouts",
	"queue_interrupts",
	"interrupts_missed",
	"mgmt_interrupts",
	"mgmt_spurious",
	"mgmt_activity",
	"link_changes",
	"link_events",
	"dma_errors",
	"config_errors",
	"service_runs",
	"watchdog_runs",
	"resets",
	"copies",
	"copy_errors",
	"hw_rx_frames",
	"hw_rx_missed",
	"hw_tx_frames",
	"hw_tx_errors",
	"hw_violations",
};

/* The sums over all pairs come first. */
#define FERRONIC_SUMS		17
#define FERRONIC_PAIR_STATS	5

static int ferronic_get_sset_count(struct net_device *netdev, int sset)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_STATS:
		return ARRAY_SIZE(ferronic_stat_names) +
		       nic->max_pairs * FERRONIC_PAIR_STATS;
	case ETH_SS_TEST:
		return FERRONIC_SELF_TESTS;
	default:
		return -EOPNOTSUPP;
	}
}

static void ferronic_get_stat_names(struct ferronic_nic *nic, u8 *to)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ferronic_stat_names); i++)
		ethtool_puts(&to, ferronic_stat_names[i]);
	for (i = 0; i < nic->max_pairs; i++) {
		ethtool_sprintf(&to, "rx%u_packets", i);
		ethtool_sprintf(&to, "rx%u_bytes", i);
		ethtool_sprintf(&to, "tx%u_packets", i);
		ethtool_sprintf(&to, "tx%u_bytes", i);
		ethtool_sprintf(&to, "interrupts%u", i);
	}
}

static void ferronic_get_strings(struct net_device *netdev, u32 sset, u8 *to)
{
	unsigned int i;

	switch (sset) {
	case ETH_SS_STATS:
		ferronic_get_stat_names(netdev_priv(netdev), to);
		break;
	case ETH_SS_TEST:
		for (i = 0; i < FERRONIC_SELF_TESTS; i++)
			ethtool_puts(&to, ferronic_self_test_names[i]);
		break;
	}
}

/*
 * Adds those of a pair to @sums, in the order of ferronic_stat_names, and
 * writes its own.
 */
static u64 *ferronic_put_pair_stats(struct ferronic_pair *pair, u64 *sums,
				    u64 *to)
{
	struct ferronic_pair_stats *stats = &pair->stats;
	u64 poll[9];
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(&stats->syncp);
		poll[0] = u64_stats_read(&stats->rx_packets);
		poll[1] = u64_stats_read(&stats->rx_bytes);
		poll[2] = u64_stats_read(&stats->rx_errors);
		poll[3] = u64_stats_read(&stats->rx_length_errors);
		poll[4] = u64_stats_read(&stats->rx_csum_errors);
		poll[5] = u64_stats_read(&stats->rx_alloc_failed);
		poll[6] = u64_stats_read(&stats->tx_packets);
		poll[7] = u64_stats_read(&stats->tx_bytes);
		poll[8] = u64_stats_read(&stats->tx_errors);
	} while (u64_stats_fetch_retry(&stats->syncp, start));

	for (i = 0; i < ARRAY_SIZE(poll); i++)
		sums[i] += poll[i];
	sums[9] += READ_ONCE(pair->tx_map_failed);
	sums[10] += READ_ONCE(pair->tx_busy);
	sums[11] += READ_ONCE(pair->tx_stopped);
	sums[12] += READ_ONCE(pair->tx_purged);
	sums[13] += READ_ONCE(pair->tx_bad_heads);
	sums[14] += READ_ONCE(pair->tx_timeouts);
	to[4] = READ_ONCE(pair->interrupts);
	sums[15] += to[4];
	sums[16] += READ_ONCE(pair->missed);

	to[0] = poll[0];
	to[1] = poll[1];
	to[2] = poll[6];
	to[3] = poll[7];
	return to + FERRONIC_PAIR_STATS;
}

static u64 *ferronic_put_mgmt_stats(struct ferronic_nic *nic, u64 *to)
{
	const struct ferronic_data *data = nic->data;

	spin_lock_irq(&nic->mgmt_lock);
	*to++ = data->mgmt_interrupts;
	*to++ = data->mgmt_spurious;
	*to++ = data->mgmt_activity;
	*to++ = data->link_changes;
	*to++ = data->link_events;
	*to++ = data->dma_errors;
	*to++ = data->config_errors;
	*to++ = data->service_runs;
	*to++ = data->watchdog_runs;
	*to++ = data->resets;
	*to++ = data->copies;
	*to++ = data->copy_errors;
	spin_unlock_irq(&nic->mgmt_lock);
	return to;
}

static u64 *ferronic_put_hw_stats(struct ferronic_nic *nic, u64 *to)
{
	struct ferronic_hw_counters counters;

	ferronic_hw_get_counters(nic, &counters);
	*to++ = counters.rx_frames;
	*to++ = counters.rx_missed;
	*to++ = counters.tx_frames;
	*to++ = counters.tx_errors;
	*to++ = counters.violations;
	return to;
}

static void ferronic_get_ethtool_stats(struct net_device *netdev,
				       struct ethtool_stats *stats, u64 *sums)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	unsigned int q;
	u64 *to;

	memset(sums, 0, FERRONIC_SUMS * sizeof(*sums));
	to = ferronic_put_mgmt_stats(nic, sums + FERRONIC_SUMS);
	to = ferronic_put_hw_stats(nic, to);
	for (q = 0; q < nic->max_pairs; q++)
		to = ferronic_put_pair_stats(&nic->pair[q], sums, to);
}

static void ferronic_get_drvinfo(struct net_device *netdev,
				 struct ethtool_drvinfo *info)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(nic->pdev), sizeof(info->bus_info));
	snprintf(info->fw_version, sizeof(info->fw_version), "revision %u",
		 FERRONIC_REVISION);
}

static int ferronic_get_link_ksettings(struct net_device *netdev,
				       struct ethtool_link_ksettings *settings)
{
	ethtool_link_ksettings_zero_link_mode(settings, supported);
	ethtool_link_ksettings_zero_link_mode(settings, advertising);
	settings->base.port = PORT_OTHER;
	settings->base.autoneg = AUTONEG_DISABLE;
	settings->base.speed = SPEED_UNKNOWN;
	settings->base.duplex = DUPLEX_UNKNOWN;
	if (netif_carrier_ok(netdev)) {
		settings->base.speed = FERRONIC_LINK_MBPS;
		settings->base.duplex = DUPLEX_FULL;
	}
	return 0;
}

static void ferronic_get_ringparam(struct net_device *netdev,
				   struct ethtool_ringparam *ring,
				   struct kernel_ethtool_ringparam *kernel_ring,
				   struct netlink_ext_ack *extack)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	ring->rx_max_pending = FERRONIC_RING_SIZE_MAX;
	ring->tx_max_pending = FERRONIC_RING_SIZE_MAX;
	ring->rx_pending = nic->config.rx_size;
	ring->tx_pending = nic->config.tx_size;
}

static int ferronic_set_ringparam(struct net_device *netdev,
				  struct ethtool_ringparam *ring,
				  struct kernel_ethtool_ringparam *kernel_ring,
				  struct netlink_ext_ack *extack)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_config config = nic->config;

	config.rx_size = ferronic_ring_size(ring->rx_pending);
	config.tx_size = ferronic_ring_size(ring->tx_pending);
	if (config.rx_size == nic->config.rx_size &&
	    config.tx_size == nic->config.tx_size)
		return 0;
	return ferronic_reconfigure(nic, &config);
}

static int ferronic_get_coalesce(struct net_device *netdev,
				 struct ethtool_coalesce *coalesce,
				 struct kernel_ethtool_coalesce *kernel_coalesce,
				 struct netlink_ext_ack *extack)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	coalesce->rx_coalesce_usecs = nic->moderation_us;
	coalesce->tx_coalesce_usecs = nic->moderation_us;
	return 0;
}

/* One vector, one value: the one that differs from the present is meant. */
static int ferronic_set_coalesce(struct net_device *netdev,
				 struct ethtool_coalesce *coalesce,
				 struct kernel_ethtool_coalesce *kernel_coalesce,
				 struct netlink_ext_ack *extack)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	u32 usecs = coalesce->rx_coalesce_usecs;

	if (usecs == nic->moderation_us)
		usecs = coalesce->tx_coalesce_usecs;
	else if (coalesce->tx_coalesce_usecs != nic->moderation_us &&
		 coalesce->tx_coalesce_usecs != usecs)
		usecs = U32_MAX;
	if (usecs > FERRONIC_MODERATION_MAX) {
		NL_SET_ERR_MSG(extack,
			       "rx-usecs and tx-usecs are one value, at most 16777");
		return -EINVAL;
	}

	nic->moderation_us = usecs;
	ferronic_hw_set_moderation(nic);
	return 0;
}

static void ferronic_get_channels(struct net_device *netdev,
				  struct ethtool_channels *channels)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	channels->max_combined = nic->max_pairs;
	channels->combined_count = nic->config.pairs;
}

static void ferronic_set_default_table(struct ferronic_nic *nic)
{
	unsigned int i;

	for (i = 0; i < FERRONIC_RSS_ENTRIES; i++)
		nic->rss_table[i] =
			ethtool_rxfh_indir_default(i, nic->config.pairs);
	ferronic_hw_set_rss(nic);
}

/*
 * No frame may go to a queue that is not there any more, and no queue may be
 * used that is not there yet.
 */
static int ferronic_set_channels(struct net_device *netdev,
				 struct ethtool_channels *channels)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_config config = nic->config;
	const u32 old = config.pairs;
	int err;

	config.pairs = channels->combined_count;
	if (config.pairs == old)
		return 0;

	if (config.pairs < old) {
		err = netif_set_real_num_queues(netdev, config.pairs,
						config.pairs);
		if (err)
			return err;
	}
	err = ferronic_reconfigure(nic, &config);
	if (!err && config.pairs > old)
		err = netif_set_real_num_queues(netdev, config.pairs,
						config.pairs);
	else if (err && config.pairs < old)
		netif_set_real_num_queues(netdev, old, old);

	if (!netif_is_rxfh_configured(netdev))
		ferronic_set_default_table(nic);
	return err;
}

static u32 ferronic_get_rx_ring_count(struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	return nic->config.pairs;
}

static u32 ferronic_get_rxfh_key_size(struct net_device *netdev)
{
	return FERRONIC_RSS_KEY_SIZE;
}

static u32 ferronic_get_rxfh_indir_size(struct net_device *netdev)
{
	return FERRONIC_RSS_ENTRIES;
}

static int ferronic_get_rxfh(struct net_device *netdev,
			     struct ethtool_rxfh_param *rxfh)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	unsigned int i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->key)
		memcpy(rxfh->key, nic->rss_key, FERRONIC_RSS_KEY_SIZE);
	for (i = 0; rxfh->indir && i < FERRONIC_RSS_ENTRIES; i++)
		rxfh->indir[i] = nic->rss_table[i];
	return 0;
}

/* The core has checked that all entries are queues that there are. */
static int ferronic_set_rxfh(struct net_device *netdev,
			     struct ethtool_rxfh_param *rxfh,
			     struct netlink_ext_ack *extack)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	unsigned int i;

	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP)
		return -EOPNOTSUPP;

	if (rxfh->key)
		memcpy(nic->rss_key, rxfh->key, FERRONIC_RSS_KEY_SIZE);
	for (i = 0; rxfh->indir && i < FERRONIC_RSS_ENTRIES; i++)
		nic->rss_table[i] = rxfh->indir[i];
	ferronic_hw_set_rss(nic);
	return 0;
}

/* A piece of the device's memory, from block to block. */
struct ferronic_eeprom {
	u32 first;
	u32 length;
	u8 *buffer;
	dma_addr_t dma;
};

static int ferronic_eeprom_alloc(struct ferronic_nic *nic, u32 offset,
				 u32 length, struct ferronic_eeprom *eeprom)
{
	struct device *dev = &nic->pdev->dev;

	eeprom->first = round_down(offset, FERRONIC_DMA_BLOCK);
	eeprom->length = round_up(offset + length, FERRONIC_DMA_BLOCK) -
			 eeprom->first;
	eeprom->buffer = kzalloc(eeprom->length, GFP_KERNEL);
	if (!eeprom->buffer)
		return -ENOMEM;

	eeprom->dma = dma_map_single(dev, eeprom->buffer, eeprom->length,
				     DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, eeprom->dma)) {
		kfree(eeprom->buffer);
		return -ENOMEM;
	}
	return 0;
}

static void ferronic_eeprom_free(struct ferronic_nic *nic,
				 struct ferronic_eeprom *eeprom)
{
	dma_unmap_single(&nic->pdev->dev, eeprom->dma, eeprom->length,
			 DMA_BIDIRECTIONAL);
	kfree(eeprom->buffer);
}

static int ferronic_eeprom_read(struct ferronic_nic *nic,
				struct ferronic_eeprom *eeprom)
{
	struct device *dev = &nic->pdev->dev;
	int err;

	err = ferronic_copy(nic, eeprom->dma, eeprom->first, eeprom->length,
			    true);
	dma_sync_single_for_cpu(dev, eeprom->dma, eeprom->length,
				DMA_BIDIRECTIONAL);
	return err;
}

static int ferronic_eeprom_write(struct ferronic_nic *nic,
				 struct ferronic_eeprom *eeprom)
{
	struct device *dev = &nic->pdev->dev;

	dma_sync_single_for_device(dev, eeprom->dma, eeprom->length,
				   DMA_BIDIRECTIONAL);
	return ferronic_copy(nic, eeprom->dma, eeprom->first, eeprom->length,
			     false);
}

static int ferronic_get_eeprom_len(struct net_device *netdev)
{
	return FERRONIC_DMA_MEMORY_SIZE;
}

/* The core has checked that offset and length lie in the EEPROM. */
static int ferronic_get_eeprom(struct net_device *netdev,
			       struct ethtool_eeprom *request, u8 *to)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_eeprom eeprom;
	int err;

	request->magic = FERRONIC_EEPROM_MAGIC;
	err = ferronic_eeprom_alloc(nic, request->offset, request->len,
				    &eeprom);
	if (err)
		return err;

	err = ferronic_eeprom_read(nic, &eeprom);
	if (!err)
		memcpy(to, eeprom.buffer + request->offset - eeprom.first,
		       request->len);
	ferronic_eeprom_free(nic, &eeprom);
	return err;
}

static int ferronic_set_eeprom(struct net_device *netdev,
			       struct ethtool_eeprom *request, u8 *from)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_eeprom eeprom;
	int err;

	if (request->magic != FERRONIC_EEPROM_MAGIC)
		return -EINVAL;

	err = ferronic_eeprom_alloc(nic, request->offset, request->len,
				    &eeprom);
	if (err)
		return err;

	err = ferronic_eeprom_read(nic, &eeprom);
	if (!err) {
		memcpy(eeprom.buffer + request->offset - eeprom.first, from,
		       request->len);
		err = ferronic_eeprom_write(nic, &eeprom);
	}
	ferronic_eeprom_free(nic, &eeprom);
	return err;
}

const struct ethtool_ops ferronic_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS,
	.get_drvinfo		= ferronic_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_link_ksettings	= ferronic_get_link_ksettings,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_ringparam		= ferronic_get_ringparam,
	.set_ringparam		= ferronic_set_ringparam,
	.get_coalesce		= ferronic_get_coalesce,
	.set_coalesce		= ferronic_set_coalesce,
	.get_channels		= ferronic_get_channels,
	.set_channels		= ferronic_set_channels,
	.get_rx_ring_count	= ferronic_get_rx_ring_count,
	.get_rxfh_key_size	= ferronic_get_rxfh_key_size,
	.get_rxfh_indir_size	= ferronic_get_rxfh_indir_size,
	.get_rxfh		= ferronic_get_rxfh,
	.set_rxfh		= ferronic_set_rxfh,
	.get_eeprom_len		= ferronic_get_eeprom_len,
	.get_eeprom		= ferronic_get_eeprom,
	.set_eeprom		= ferronic_set_eeprom,
	.self_test		= ferronic_self_test,
	.get_sset_count		= ferronic_get_sset_count,
	.get_strings		= ferronic_get_strings,
	.get_ethtool_stats	= ferronic_get_ethtool_stats,
};
