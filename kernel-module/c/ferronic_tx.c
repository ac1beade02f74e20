// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: transmit.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <net/netdev_queues.h>

#include "ferronic.h"

static u32 ferronic_tx_unused(const struct ferronic_tx_ring *tx)
{
	return ferronic_ring_unused(tx->mask, READ_ONCE(tx->produced),
				    READ_ONCE(tx->consumed));
}

static struct netdev_queue *ferronic_txq(const struct ferronic_pair *pair)
{
	return netdev_get_tx_queue(pair->nic->netdev, pair->index);
}

/* One interrupt a burst: the last frame before the doorbell asks for it. */
static void ferronic_tx_doorbell(struct ferronic_tx_ring *tx)
{
	struct ferronic_tx_desc *last;

	if (tx->rung == tx->produced)
		return;

	last = &tx->desc[(tx->produced - 1) & tx->mask];
	last->command |= cpu_to_le32(FERRONIC_TX_DESC_COMMAND_INTERRUPT);
	/* Pairs with the acquire in ferronic_tx_poll(). */
	smp_store_release(&tx->rung, tx->produced);
	/* writel() orders the descriptors before it. */
	writel(tx->produced & tx->mask, tx->tail);
}

static void ferronic_tx_unmap(struct ferronic_nic *nic,
			      struct ferronic_tx_ring *tx, u32 first, u32 descs)
{
	const struct ferronic_tx_buffer *buffer;
	struct device *dev = &nic->pdev->dev;

	buffer = &tx->buffer[first & tx->mask];
	dma_unmap_single(dev, buffer->dma, buffer->length, DMA_TO_DEVICE);
	while (--descs) {
		buffer = &tx->buffer[++first & tx->mask];
		dma_unmap_page(dev, buffer->dma, buffer->length, DMA_TO_DEVICE);
	}
}

/* What the device shall do with a frame; the books of it go into @first. */
static void ferronic_tx_offload(const struct sk_buff *skb,
				struct ferronic_tx_buffer *first,
				u32 *layout, u32 *command)
{
	u32 header;

	first->bytes = skb->len;
	first->segs = 1;
	*layout = 0;
	*command = 0;
	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return;

	*layout = ferronic_tx_layout_csum(skb_checksum_start_offset(skb),
					  skb->csum_offset);
	*command = FERRONIC_TX_DESC_COMMAND_CSUM;
	if (!skb_is_gso(skb))
		return;

	header = skb_tcp_all_headers(skb);
	*command |= ferronic_tx_command_tso(skb_shinfo(skb)->gso_size, header);
	first->segs = skb_shinfo(skb)->gso_segs;
	first->bytes = ferronic_tx_bytes(skb->len, header, first->segs);
}

/*
 * Maps @skb and describes it to the device, which gets it with the next
 * doorbell. Returns 0, or -ENOMEM with nothing changed.
 */
static int ferronic_tx_queue(struct ferronic_nic *nic,
			     struct ferronic_tx_ring *tx, struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct device *dev = &nic->pdev->dev;
	u32 length = skb_headlen(skb);
	u32 index = tx->produced;
	struct ferronic_tx_buffer *buffer, *first;
	struct ferronic_tx_desc *desc;
	u32 layout, command;
	const skb_frag_t *frag;
	dma_addr_t dma;

	first = &tx->buffer[index & tx->mask];
	ferronic_tx_offload(skb, first, &layout, &command);

	dma = dma_map_single(dev, skb->data, length, DMA_TO_DEVICE);
	for (frag = shinfo->frags;; frag++) {
		if (unlikely(dma_mapping_error(dev, dma)))
			goto err_unmap;

		buffer = &tx->buffer[index & tx->mask];
		buffer->dma = dma;
		buffer->length = length;
		desc = &tx->desc[index & tx->mask];
		desc->addr = cpu_to_le64(dma);
		desc->layout = cpu_to_le32(layout | ferronic_tx_layout(length));
		desc->command = cpu_to_le32(command);
		index++;

		if (frag == shinfo->frags + shinfo->nr_frags)
			break;
		layout = 0;
		command = 0;
		length = skb_frag_size(frag);
		dma = skb_frag_dma_map(dev, frag, 0, length, DMA_TO_DEVICE);
	}
	desc->command |= cpu_to_le32(FERRONIC_TX_DESC_COMMAND_EOP);

	first->skb = skb;
	first->descs = index - tx->produced;
	WRITE_ONCE(tx->produced, index);
	return 0;

err_unmap:
	if (index != tx->produced)
		ferronic_tx_unmap(nic, tx, tx->produced, index - tx->produced);
	return -ENOMEM;
}

netdev_tx_t ferronic_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_pair *pair = &nic->pair[skb_get_queue_mapping(skb)];
	struct netdev_queue *txq = ferronic_txq(pair);
	struct ferronic_tx_ring *tx = pair->tx;
	u32 first = tx->produced;

	if (unlikely(ferronic_tx_unused(tx) < FERRONIC_TX_DESCS)) {
		netif_tx_stop_queue(txq);
		WRITE_ONCE(pair->tx_busy, pair->tx_busy + 1);
		return NETDEV_TX_BUSY;
	}

	if (unlikely(ferronic_tx_queue(nic, tx, skb))) {
		WRITE_ONCE(pair->tx_map_failed, pair->tx_map_failed + 1);
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_NOMEM);
		/* The frames queued before it still wait for the doorbell. */
		if (!netdev_xmit_more())
			ferronic_tx_doorbell(tx);
		return NETDEV_TX_OK;
	}

	skb_tx_timestamp(skb);
	if (!netif_txq_maybe_stop(txq, ferronic_tx_unused(tx),
				  FERRONIC_TX_DESCS, tx->wake))
		WRITE_ONCE(pair->tx_stopped, pair->tx_stopped + 1);

	if (__netdev_tx_sent_queue(txq, tx->buffer[first & tx->mask].bytes,
				   netdev_xmit_more()))
		ferronic_tx_doorbell(tx);
	return NETDEV_TX_OK;
}

netdev_features_t ferronic_features_check(struct sk_buff *skb,
					  struct net_device *netdev,
					  netdev_features_t features)
{
	const u32 start_max = FIELD_MAX(FERRONIC_TX_DESC_LAYOUT_CSUM_START);
	const u32 offset_max = FIELD_MAX(FERRONIC_TX_DESC_LAYOUT_CSUM_OFFSET);
	const u32 header_max = FIELD_MAX(FERRONIC_TX_DESC_COMMAND_HEADER);

	features = vlan_features_check(skb, features);

	if (skb->ip_summed == CHECKSUM_PARTIAL &&
	    (skb_checksum_start_offset(skb) > start_max ||
	     skb->csum_offset > offset_max))
		features &= ~(NETIF_F_CSUM_MASK | NETIF_F_GSO_MASK);

	if (!skb_is_gso(skb))
		return features;

	if (skb_shinfo(skb)->gso_size < FERRONIC_MSS_MIN ||
	    skb_tcp_all_headers(skb) > header_max ||
	    (skb_shinfo(skb)->gso_type & SKB_GSO_TCPV6 &&
	     skb_network_header_len(skb) != sizeof(struct ipv6hdr)))
		features &= ~NETIF_F_GSO_MASK;
	return features;
}

/* What one poll has found sent. */
struct ferronic_tx_count {
	unsigned int packets;
	unsigned int bytes;
	unsigned int errors;
};

static void ferronic_tx_complete(struct ferronic_pair *pair,
				 struct ferronic_tx_ring *tx, u32 head,
				 int budget, struct ferronic_tx_count *count)
{
	struct ferronic_tx_buffer *buffer;
	u32 consumed = tx->consumed;

	while (consumed != head) {
		buffer = &tx->buffer[consumed & tx->mask];
		/* A part of a frame stays until the rest is done. */
		if (unlikely(buffer->descs > head - consumed))
			break;

		ferronic_tx_unmap(pair->nic, tx, consumed, buffer->descs);
		count->packets += buffer->segs;
		count->bytes += buffer->bytes;
		napi_consume_skb(buffer->skb, budget);
		buffer->skb = NULL;
		consumed += buffer->descs;
	}
	WRITE_ONCE(tx->consumed, consumed);
}

static void ferronic_tx_add_up(struct ferronic_pair_stats *stats,
			       const struct ferronic_tx_count *count)
{
	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->tx_packets, count->packets - count->errors);
	u64_stats_add(&stats->tx_bytes, count->bytes);
	u64_stats_add(&stats->tx_errors, count->errors);
	u64_stats_update_end(&stats->syncp);
}

void ferronic_tx_poll(struct ferronic_pair *pair, int budget)
{
	struct ferronic_tx_ring *tx = pair->tx;
	struct ferronic_tx_count count = {};
	u64 writeback;
	u32 done;

	/* HEAD and ERRORS are written, and read, together. */
	writeback = le64_to_cpu(READ_ONCE(*(__le64 *)tx->writeback));
	if ((u32)writeback == (tx->consumed & tx->mask))
		return;

	/*
	 * Pairs with the release in ferronic_tx_doorbell(). What is queued but
	 * not given cannot be done: BQL does not know of it yet.
	 */
	if (unlikely(!ferronic_tx_done(tx->mask, smp_load_acquire(&tx->rung),
				       tx->consumed, writeback, &done))) {
		WRITE_ONCE(pair->tx_bad_heads, pair->tx_bad_heads + 1);
		ferronic_request_reset(pair->nic);
		return;
	}

	ferronic_tx_complete(pair, tx, tx->consumed + done, budget, &count);
	count.errors = (u32)(writeback >> 32) - tx->errors;
	tx->errors = writeback >> 32;
	ferronic_tx_add_up(&pair->stats, &count);

	netif_txq_completed_wake(ferronic_txq(pair), count.packets, count.bytes,
				 ferronic_tx_unused(tx), tx->wake);
}

/* A look from outside of the poll. */
bool ferronic_tx_waiting(struct ferronic_tx_ring *tx)
{
	u32 head = le32_to_cpu(READ_ONCE(tx->writeback->head));

	return head != (READ_ONCE(tx->consumed) & tx->mask);
}

/*
 * For a queue that has stopped, and into which nobody can put anything: drops
 * what the device had not sent, and begins anew.
 */
void ferronic_tx_purge(struct ferronic_pair *pair)
{
	struct ferronic_tx_ring *tx = pair->tx;
	struct ferronic_tx_buffer *buffer;

	while (tx->consumed != tx->produced) {
		buffer = &tx->buffer[tx->consumed & tx->mask];
		ferronic_tx_unmap(pair->nic, tx, tx->consumed, buffer->descs);
		dev_kfree_skb_any_reason(buffer->skb,
					 SKB_DROP_REASON_QUEUE_PURGE);
		WRITE_ONCE(pair->tx_purged, pair->tx_purged + 1);
		buffer->skb = NULL;
		tx->consumed += buffer->descs;
	}
	netdev_tx_reset_queue(ferronic_txq(pair));

	tx->produced = 0;
	tx->consumed = 0;
	tx->rung = 0;
	tx->errors = 0;
	memset(tx->writeback, 0, sizeof(*tx->writeback));
}
