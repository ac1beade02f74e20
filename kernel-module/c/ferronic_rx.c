// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: receive.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <net/page_pool/helpers.h>

#include "ferronic.h"

/* What one poll has received. */
struct ferronic_rx_count {
	unsigned int packets;
	unsigned int bytes;
	unsigned int errors;
	unsigned int length_errors;
	unsigned int csum_errors;
	unsigned int alloc_failed;
};

static u32 ferronic_rx_unused(const struct ferronic_rx_ring *rx)
{
	return ferronic_ring_unused(rx->mask, rx->fill, rx->next);
}

/* The address must be read before the descriptor is given, so it is first. */
static void ferronic_rx_prepare(struct ferronic_rx_ring *rx, u32 slot)
{
	const struct ferronic_rx_buffer *buffer = &rx->buffer[slot];
	struct ferronic_rx_desc *desc = &rx->desc[slot];

	desc->addr = cpu_to_le64(page_pool_get_dma_addr(buffer->page) +
				 buffer->offset + FERRONIC_RX_HEADROOM);
	desc->hash = 0;
	desc->status = 0;
}

/*
 * Fills all empty slots. Returns false when there was no memory for all. Never
 * sleeps: page_pool keeps its books under a lock that turns softirqs off, and
 * does not let go of it to wait for memory.
 */
bool ferronic_rx_fill(struct ferronic_rx_ring *rx)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	struct ferronic_rx_buffer *buffer;
	u32 unused = ferronic_rx_unused(rx);
	u32 fill = rx->fill;
	u32 slot;

	for (; unused; unused--, fill++) {
		slot = fill & rx->mask;
		buffer = &rx->buffer[slot];
		buffer->page = page_pool_alloc_frag(rx->pool, &buffer->offset,
						    rx->size, gfp);
		if (unlikely(!buffer->page))
			break;
		ferronic_rx_prepare(rx, slot);
	}
	WRITE_ONCE(rx->fill, fill);
	return !unused;
}

/* writel() orders the descriptors before the doorbell. */
void ferronic_rx_doorbell(struct ferronic_rx_ring *rx)
{
	writel(rx->fill & rx->mask, rx->tail);
}

static void ferronic_rx_refill(struct ferronic_rx_ring *rx,
			       struct ferronic_rx_count *count)
{
	u32 fill = rx->fill;

	if (ferronic_rx_unused(rx) < FERRONIC_RX_REFILL)
		return;

	if (unlikely(!ferronic_rx_fill(rx)))
		count->alloc_failed++;
	if (likely(rx->fill != fill))
		ferronic_rx_doorbell(rx);
}

static void ferronic_rx_recycle(struct ferronic_rx_ring *rx,
				const struct ferronic_rx_buffer *buffer)
{
	page_pool_put_full_page(rx->pool, buffer->page, true);
}

static void ferronic_rx_drop(struct ferronic_rx_ring *rx,
			     enum skb_drop_reason reason)
{
	if (!rx->skb)
		return;
	dev_kfree_skb_any_reason(rx->skb, reason);
	rx->skb = NULL;
}

/* The first piece of a frame: its buffer becomes the head of the skb. */
static struct sk_buff *ferronic_rx_begin(struct ferronic_rx_ring *rx,
					 const struct ferronic_rx_buffer *buffer,
					 u32 length)
{
	struct sk_buff *skb;

	skb = napi_build_skb(page_address(buffer->page) + buffer->offset,
			     rx->size);
	if (unlikely(!skb))
		return NULL;

	skb_mark_for_recycle(skb);
	skb_reserve(skb, FERRONIC_RX_HEADROOM);
	/* As much as was checked. */
	__skb_put(skb, length);
	return skb;
}

static void ferronic_rx_continue(struct ferronic_rx_ring *rx,
				 struct sk_buff *skb,
				 const struct ferronic_rx_buffer *buffer,
				 u32 length)
{
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, buffer->page,
			buffer->offset + FERRONIC_RX_HEADROOM, length,
			rx->size);
}

static void ferronic_rx_deliver(struct ferronic_pair *pair, struct sk_buff *skb,
				u32 status, u32 hash,
				struct ferronic_rx_count *count)
{
	struct net_device *netdev = pair->nic->netdev;
	u32 type;

	count->packets++;
	count->bytes += skb->len;

	type = FIELD_GET(FERRONIC_RX_DESC_STATUS_HASH_TYPE, status);
	if (type && netdev->features & NETIF_F_RXHASH)
		skb_set_hash(skb, hash, type > 1 ? PKT_HASH_TYPE_L4 :
						   PKT_HASH_TYPE_L3);
	if (netdev->features & NETIF_F_RXCSUM) {
		if (ferronic_rx_csum_good(status))
			skb->ip_summed = CHECKSUM_UNNECESSARY;
		else if (unlikely(ferronic_rx_csum_bad(status)))
			count->csum_errors++;
	}
	skb_record_rx_queue(skb, pair->index);
	skb->protocol = eth_type_trans(skb, netdev);
	napi_gro_receive(&pair->napi, skb);
}

/* Returns why the piece cannot be part of a frame, or 0. */
static enum skb_drop_reason ferronic_rx_check(struct ferronic_rx_ring *rx,
					      u32 status,
					      struct ferronic_rx_count *count)
{
	const struct sk_buff *skb = rx->skb;

	if (unlikely(status & FERRONIC_RX_DESC_STATUS_ERROR)) {
		count->errors++;
		return SKB_DROP_REASON_DEV_READY;
	}
	if (unlikely(!ferronic_rx_length_ok(status, rx->room, !skb) ||
		     (skb && skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS))) {
		count->length_errors++;
		return SKB_DROP_REASON_DEV_HDR;
	}
	return SKB_NOT_DROPPED_YET;
}

/* Takes a piece of a frame. Returns the frame when it is whole. */
static struct sk_buff *ferronic_rx_piece(struct ferronic_rx_ring *rx,
					 const struct ferronic_rx_buffer *buffer,
					 u32 status,
					 struct ferronic_rx_count *count)
{
	u32 length = FIELD_GET(FERRONIC_RX_DESC_STATUS_LENGTH, status);
	bool eop = status & FERRONIC_RX_DESC_STATUS_EOP;
	struct sk_buff *skb = rx->skb;
	enum skb_drop_reason reason;

	if (unlikely(rx->discard)) {
		rx->discard = !eop;
		goto recycle;
	}

	reason = ferronic_rx_check(rx, status, count);
	if (unlikely(reason))
		goto drop;

	if (likely(!skb)) {
		skb = ferronic_rx_begin(rx, buffer, length);
		if (unlikely(!skb)) {
			count->alloc_failed++;
			reason = SKB_DROP_REASON_NOMEM;
			goto drop;
		}
	} else {
		ferronic_rx_continue(rx, skb, buffer, length);
	}

	if (likely(eop)) {
		rx->skb = NULL;
		return skb;
	}
	rx->skb = skb;
	return NULL;

drop:
	ferronic_rx_drop(rx, reason);
	rx->discard = !eop;
recycle:
	ferronic_rx_recycle(rx, buffer);
	return NULL;
}

/* Returns false when the device has not filled the next slot. */
static bool ferronic_rx_one(struct ferronic_pair *pair,
			    struct ferronic_rx_ring *rx,
			    struct ferronic_rx_count *count, int *done)
{
	u32 slot = rx->next & rx->mask;
	struct ferronic_rx_desc *desc = &rx->desc[slot];
	struct ferronic_rx_buffer *buffer = &rx->buffer[slot];
	struct sk_buff *skb;
	u32 status;

	/* What is not given still says DONE. */
	if (unlikely(rx->next == rx->fill))
		return false;
	status = le32_to_cpu(READ_ONCE(desc->status));
	if (!(status & FERRONIC_RX_DESC_STATUS_DONE))
		return false;

	/* Nothing else of the slot may be read before its status. */
	dma_rmb();
	page_pool_dma_sync_for_cpu(rx->pool, buffer->page,
				   buffer->offset + FERRONIC_RX_HEADROOM,
				   rx->room);
	skb = ferronic_rx_piece(rx, buffer, status, count);
	buffer->page = NULL;
	WRITE_ONCE(rx->next, rx->next + 1);

	if (status & FERRONIC_RX_DESC_STATUS_EOP)
		(*done)++;
	if (likely(skb))
		ferronic_rx_deliver(pair, skb, status, le32_to_cpu(desc->hash),
				    count);
	return true;
}

static void ferronic_rx_add_up(struct ferronic_pair_stats *stats,
			       const struct ferronic_rx_count *count)
{
	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, count->packets);
	u64_stats_add(&stats->rx_bytes, count->bytes);
	u64_stats_add(&stats->rx_errors, count->errors);
	u64_stats_add(&stats->rx_length_errors, count->length_errors);
	u64_stats_add(&stats->rx_csum_errors, count->csum_errors);
	u64_stats_add(&stats->rx_alloc_failed, count->alloc_failed);
	u64_stats_update_end(&stats->syncp);
}

/* Returns the number of frames, at most @budget. */
int ferronic_rx_poll(struct ferronic_pair *pair, int budget)
{
	struct ferronic_rx_count count = {};
	struct ferronic_rx_ring *rx = pair->rx;
	u32 next = rx->next;
	int done = 0;

	/* As slots are filled again only later, this ends. */
	while (done < budget && ferronic_rx_one(pair, rx, &count, &done))
		;

	/* Nothing has come, and nothing is missing. */
	if (rx->next == next && ferronic_rx_unused(rx) < FERRONIC_RX_REFILL)
		return 0;

	ferronic_rx_refill(rx, &count);
	ferronic_rx_add_up(&pair->stats, &count);
	return done;
}

/* This and the next are a look from outside of the poll. */
bool ferronic_rx_waiting(struct ferronic_rx_ring *rx)
{
	u32 next = READ_ONCE(rx->next);
	u32 status;

	if (next == READ_ONCE(rx->fill))
		return false;
	status = le32_to_cpu(READ_ONCE(rx->desc[next & rx->mask].status));
	return status & FERRONIC_RX_DESC_STATUS_DONE;
}

bool ferronic_rx_starved(struct ferronic_rx_ring *rx)
{
	return ferronic_ring_unused(rx->mask, READ_ONCE(rx->fill),
				    READ_ONCE(rx->next)) > rx->mask / 2;
}

/*
 * For a queue that has stopped: the device begins with slot 0 again. One empty
 * buffer is as good as another, so they just move up.
 */
void ferronic_rx_rewind(struct ferronic_pair *pair)
{
	struct ferronic_rx_count count = {};
	struct ferronic_rx_ring *rx = pair->rx;
	struct ferronic_rx_buffer *buffer;
	u32 slot;

	if (rx->skb)
		count.errors++;
	ferronic_rx_drop(rx, SKB_DROP_REASON_DEV_READY);
	rx->discard = false;
	ferronic_rx_add_up(&pair->stats, &count);

	rx->next = 0;
	rx->fill = 0;
	for (slot = 0; slot <= rx->mask; slot++) {
		buffer = &rx->buffer[slot];
		if (!buffer->page)
			continue;
		swap(rx->buffer[rx->fill], *buffer);
		ferronic_rx_prepare(rx, rx->fill);
		rx->fill++;
	}
}
