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

struct ferronic_stat {
	const char *name;
	size_t offset;
};

#define FERRONIC_STAT(type, member) { #member, offsetof(type, member) }

/* Of a pair, as u64_stats_t. */
static const struct ferronic_stat ferronic_poll_stats[] = {
	FERRONIC_STAT(struct ferronic_pair_stats, rx_packets),
	FERRONIC_STAT(struct ferronic_pair_stats, rx_bytes),
	FERRONIC_STAT(struct ferronic_pair_stats, rx_errors),
	FERRONIC_STAT(struct ferronic_pair_stats, rx_length_errors),
	FERRONIC_STAT(struct ferronic_pair_stats, rx_csum_errors),
	FERRONIC_STAT(struct ferronic_pair_stats, rx_alloc_failed),
	FERRONIC_STAT(struct ferronic_pair_stats, tx_packets),
	FERRONIC_STAT(struct ferronic_pair_stats, tx_bytes),
	FERRONIC_STAT(struct ferronic_pair_stats, tx_errors),
};

/* Of a pair, as unsigned long. */
static const struct ferronic_stat ferronic_pair_stats[] = {
	FERRONIC_STAT(struct ferronic_pair, tx_map_failed),
	FERRONIC_STAT(struct ferronic_pair, tx_busy),
	FERRONIC_STAT(struct ferronic_pair, tx_stopped),
	FERRONIC_STAT(struct ferronic_pair, tx_purged),
	FERRONIC_STAT(struct ferronic_pair, tx_bad_heads),
	FERRONIC_STAT(struct ferronic_pair, tx_timeouts),
	FERRONIC_STAT(struct ferronic_pair, queue_interrupts),
	FERRONIC_STAT(struct ferronic_pair, interrupts_missed),
};

/* Of the device, as u64. */
static const struct ferronic_stat ferronic_data_stats[] = {
	FERRONIC_STAT(struct ferronic_data, mgmt_interrupts),
	FERRONIC_STAT(struct ferronic_data, mgmt_spurious),
	FERRONIC_STAT(struct ferronic_data, mgmt_activity),
	FERRONIC_STAT(struct ferronic_data, link_changes),
	FERRONIC_STAT(struct ferronic_data, link_events),
	FERRONIC_STAT(struct ferronic_data, dma_errors),
	FERRONIC_STAT(struct ferronic_data, config_errors),
	FERRONIC_STAT(struct ferronic_data, service_runs),
	FERRONIC_STAT(struct ferronic_data, watchdog_runs),
	FERRONIC_STAT(struct ferronic_data, resets),
	FERRONIC_STAT(struct ferronic_data, copies),
	FERRONIC_STAT(struct ferronic_data, copy_errors),
};

/* As u32. */
static const struct ferronic_stat ferronic_hw_stats[] = {
	{ "hw_rx_frames", offsetof(struct ferronic_hw_counters, rx_frames) },
	{ "hw_rx_missed", offsetof(struct ferronic_hw_counters, rx_missed) },
	{ "hw_tx_frames", offsetof(struct ferronic_hw_counters, tx_frames) },
	{ "hw_tx_errors", offsetof(struct ferronic_hw_counters, tx_errors) },
	{ "hw_violations", offsetof(struct ferronic_hw_counters, violations) },
};

#define FERRONIC_PAIR_SUMS	(ARRAY_SIZE(ferronic_poll_stats) + \
				 ARRAY_SIZE(ferronic_pair_stats))
#define FERRONIC_STATS		(FERRONIC_PAIR_SUMS + \
				 ARRAY_SIZE(ferronic_data_stats) + \
				 ARRAY_SIZE(ferronic_hw_stats))

/* What is also shown for each pair. */
static const char * const ferronic_own_stat_names[] = {
	"rx%u_packets",
	"rx%u_bytes",
	"tx%u_packets",
	"tx%u_bytes",
	"interrupts%u",
};

static int ferronic_get_sset_count(struct net_device *netdev, int sset)
{
	struct ferronic_nic *nic = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_STATS:
		return FERRONIC_STATS +
		       nic->max_pairs * ARRAY_SIZE(ferronic_own_stat_names);
	case ETH_SS_TEST:
		return FERRONIC_SELF_TESTS;
	default:
		return -EOPNOTSUPP;
	}
}

static void ferronic_put_names(const struct ferronic_stat *stat, size_t count,
			       u8 **to)
{
	for (; count; count--, stat++)
		ethtool_puts(to, stat->name);
}

static void ferronic_get_stat_names(struct ferronic_nic *nic, u8 *to)
{
	unsigned int q, i;

	ferronic_put_names(ferronic_poll_stats, ARRAY_SIZE(ferronic_poll_stats),
			   &to);
	ferronic_put_names(ferronic_pair_stats, ARRAY_SIZE(ferronic_pair_stats),
			   &to);
	ferronic_put_names(ferronic_data_stats, ARRAY_SIZE(ferronic_data_stats),
			   &to);
	ferronic_put_names(ferronic_hw_stats, ARRAY_SIZE(ferronic_hw_stats),
			   &to);
	for (q = 0; q < nic->max_pairs; q++) {
		for (i = 0; i < ARRAY_SIZE(ferronic_own_stat_names); i++)
			ethtool_sprintf(&to, ferronic_own_stat_names[i], q);
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

static void ferronic_read_poll_stats(const struct ferronic_pair_stats *stats,
				     u64 *to)
{
	const u64_stats_t *from;
	unsigned int start, i;

	do {
		start = u64_stats_fetch_begin(&stats->syncp);
		for (i = 0; i < ARRAY_SIZE(ferronic_poll_stats); i++) {
			from = (void *)stats + ferronic_poll_stats[i].offset;
			to[i] = u64_stats_read(from);
		}
	} while (u64_stats_fetch_retry(&stats->syncp, start));
}

/* Adds those of a pair to @sums and puts its own. */
static u64 *ferronic_put_pair_stats(const struct ferronic_pair *pair, u64 *sums,
				    u64 *to)
{
	u64 poll[ARRAY_SIZE(ferronic_poll_stats)];
	const unsigned long *from;
	unsigned int i;

	ferronic_read_poll_stats(&pair->stats, poll);
	for (i = 0; i < ARRAY_SIZE(poll); i++)
		*sums++ += poll[i];
	for (i = 0; i < ARRAY_SIZE(ferronic_pair_stats); i++) {
		from = (void *)pair + ferronic_pair_stats[i].offset;
		*sums++ += READ_ONCE(*from);
	}

	*to++ = poll[0];
	*to++ = poll[1];
	*to++ = poll[6];
	*to++ = poll[7];
	*to++ = READ_ONCE(pair->queue_interrupts);
	return to;
}

static u64 *ferronic_put_data_stats(struct ferronic_nic *nic, u64 *to)
{
	const u64 *from;
	unsigned int i;

	spin_lock_irq(&nic->mgmt_lock);
	for (i = 0; i < ARRAY_SIZE(ferronic_data_stats); i++) {
		from = (void *)nic->data + ferronic_data_stats[i].offset;
		*to++ = *from;
	}
	spin_unlock_irq(&nic->mgmt_lock);
	return to;
}

static u64 *ferronic_put_hw_stats(struct ferronic_nic *nic, u64 *to)
{
	struct ferronic_hw_counters counters;
	const u32 *from;
	unsigned int i;

	ferronic_hw_get_counters(nic, &counters);
	for (i = 0; i < ARRAY_SIZE(ferronic_hw_stats); i++) {
		from = (void *)&counters + ferronic_hw_stats[i].offset;
		*to++ = *from;
	}
	return to;
}

static void ferronic_get_ethtool_stats(struct net_device *netdev,
				       struct ethtool_stats *stats, u64 *sums)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	unsigned int q;
	u64 *to;

	memset(sums, 0, FERRONIC_PAIR_SUMS * sizeof(*sums));
	to = ferronic_put_data_stats(nic, sums + FERRONIC_PAIR_SUMS);
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

/*
 * The stack may know of no more queues than there are, but for the moment in
 * which those that come are still stopped. Of those that go it forgets before
 * they have gone: all that there are wake up together.
 */
static int ferronic_set_channels(struct net_device *netdev,
				 struct ethtool_channels *channels)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_config config = nic->config;
	unsigned int q;
	int err;

	config.pairs = channels->combined_count;
	if (config.pairs > nic->config.pairs) {
		for (q = nic->config.pairs; q < config.pairs; q++)
			netif_tx_stop_queue(netdev_get_tx_queue(netdev, q));
		err = netif_set_real_num_queues(netdev, config.pairs,
						config.pairs);
	} else {
		err = netif_set_real_num_tx_queues(netdev, config.pairs);
	}
	if (err)
		return err;

	err = ferronic_reconfigure(nic, &config);
	netif_set_real_num_queues(netdev, nic->config.pairs, nic->config.pairs);
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
