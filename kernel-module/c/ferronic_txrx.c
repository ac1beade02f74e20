// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the rings, their polls and the transmit path.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <net/netdev_queues.h>

#include "ferronic.h"

static_assert(sizeof(struct ferronic_rx_desc) == FERRONIC_RX_DESC_SIZE);
static_assert(sizeof(struct ferronic_tx_desc) == FERRONIC_TX_DESC_SIZE);

static void ferronic_enable_vector(struct ferronic_nic *nic, unsigned int n)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_SET, BIT(n));
}

/* Receive */

/* Takes @skb only if it returns 0. */
static int ferronic_rx_map(struct ferronic_nic *nic, struct sk_buff *skb,
			   struct ferronic_rx_buffer *buffer)
{
	struct device *dev = &nic->pdev->dev;
	dma_addr_t dma;

	dma = dma_map_single(dev, skb->data, FERRONIC_RX_BUFFER_SIZE,
			     DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;

	buffer->skb = skb;
	buffer->dma = dma;
	return 0;
}

static void ferronic_rx_unmap(struct ferronic_nic *nic,
			      const struct ferronic_rx_buffer *buffer)
{
	dma_unmap_single(&nic->pdev->dev, buffer->dma, FERRONIC_RX_BUFFER_SIZE,
			 DMA_FROM_DEVICE);
}

static void ferronic_rx_prepare(struct ferronic_rx_ring *rx, unsigned int slot)
{
	struct ferronic_rx_desc *desc = &rx->desc[slot];

	desc->addr = cpu_to_le64(rx->buffer[slot].dma);
	desc->length = 0;
	WRITE_ONCE(desc->status, 0);
}

/*
 * Puts a new buffer in the place of a filled one. Returns the filled one, or
 * NULL if there was no new one and the filled one stays where it is.
 */
static struct sk_buff *ferronic_rx_swap(struct ferronic_nic *nic,
					struct ferronic_rx_buffer *buffer)
{
	struct ferronic_rx_buffer filled = *buffer;
	struct sk_buff *skb;

	skb = napi_alloc_skb(&nic->rx.napi, FERRONIC_RX_BUFFER_SIZE);
	if (!skb)
		return NULL;

	if (ferronic_rx_map(nic, skb, buffer)) {
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}

	ferronic_rx_unmap(nic, &filled);
	return filled.skb;
}

static void ferronic_rx_deliver(struct ferronic_nic *nic, struct sk_buff *skb,
				unsigned int length)
{
	struct ferronic_rx_stats *stats = &nic->rx.stats;

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->packets);
	u64_stats_add(&stats->bytes, length);
	u64_stats_update_end(&stats->syncp);

	skb_put(skb, length);
	skb->protocol = eth_type_trans(skb, nic->netdev);
	napi_gro_receive(&nic->rx.napi, skb);
}

static void ferronic_rx_count(struct ferronic_nic *nic, u64_stats_t *counter)
{
	u64_stats_update_begin(&nic->rx.stats.syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&nic->rx.stats.syncp);
}

/* Returns false when the device has not filled the next slot. */
static bool ferronic_rx_one(struct ferronic_nic *nic)
{
	struct ferronic_rx_ring *rx = &nic->rx;
	struct ferronic_rx_stats *stats = &rx->stats;
	unsigned int slot = rx->next;
	struct sk_buff *skb;
	u32 status, length;

	status = le32_to_cpu(READ_ONCE(rx->desc[slot].status));
	if (!(status & FERRONIC_RX_DESC_STATUS_DONE))
		return false;

	/* Nothing else of the slot may be read before its status. */
	dma_rmb();
	length = le32_to_cpu(rx->desc[slot].length);

	if (unlikely(status & FERRONIC_RX_DESC_STATUS_ERROR)) {
		ferronic_rx_count(nic, &stats->errors);
	} else if (unlikely(length < ETH_HLEN ||
			    length > FERRONIC_RX_BUFFER_SIZE)) {
		ferronic_rx_count(nic, &stats->length_errors);
	} else {
		skb = ferronic_rx_swap(nic, &rx->buffer[slot]);
		if (likely(skb))
			ferronic_rx_deliver(nic, skb, length);
		else
			ferronic_rx_count(nic, &stats->alloc_failed);
	}

	ferronic_rx_prepare(rx, slot);
	rx->next = (slot + 1) % FERRONIC_RX_RING;
	return true;
}

static int ferronic_rx_poll(struct napi_struct *napi, int budget)
{
	struct ferronic_nic *nic = container_of(napi, struct ferronic_nic,
						rx.napi);
	int done = 0;

	while (done < budget && ferronic_rx_one(nic))
		done++;

	/* All slots but one are given; writel() orders them before it. */
	if (done)
		ferronic_write(nic, FERRONIC_RX_TAIL,
			       (nic->rx.next + FERRONIC_RX_RING - 1) %
			       FERRONIC_RX_RING);

	if (done < budget && napi_complete_done(napi, done))
		ferronic_enable_vector(nic, FERRONIC_VECTOR_RX);
	return done;
}

irqreturn_t ferronic_rx_interrupt(int irq, void *cookie)
{
	struct ferronic_nic *nic = cookie;

	WRITE_ONCE(nic->rx.interrupts, nic->rx.interrupts + 1);
	napi_schedule_irqoff(&nic->rx.napi);
	return IRQ_HANDLED;
}

static int ferronic_rx_fill(struct ferronic_nic *nic)
{
	struct ferronic_rx_ring *rx = &nic->rx;
	struct sk_buff *skb;
	unsigned int slot;

	for (slot = 0; slot < FERRONIC_RX_RING; slot++) {
		skb = __netdev_alloc_skb(nic->netdev, FERRONIC_RX_BUFFER_SIZE,
					 GFP_KERNEL);
		if (!skb)
			return -ENOMEM;

		if (ferronic_rx_map(nic, skb, &rx->buffer[slot])) {
			dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_NOMEM);
			return -ENOMEM;
		}
		ferronic_rx_prepare(rx, slot);
	}
	return 0;
}

int ferronic_rx_alloc(struct ferronic_nic *nic)
{
	struct ferronic_rx_ring *rx = &nic->rx;
	int err;

	rx->next = 0;
	rx->buffer = kzalloc_objs(*rx->buffer, FERRONIC_RX_RING);
	if (!rx->buffer)
		return -ENOMEM;

	rx->desc = dma_alloc_coherent(&nic->pdev->dev,
				      FERRONIC_RX_RING * sizeof(*rx->desc),
				      &rx->dma, GFP_KERNEL);
	if (!rx->desc) {
		kfree(rx->buffer);
		return -ENOMEM;
	}

	err = ferronic_rx_fill(nic);
	if (err)
		ferronic_rx_free(nic);
	return err;
}

void ferronic_rx_free(struct ferronic_nic *nic)
{
	struct ferronic_rx_ring *rx = &nic->rx;
	struct ferronic_rx_buffer *buffer;
	unsigned int slot;

	for (slot = 0; slot < FERRONIC_RX_RING; slot++) {
		buffer = &rx->buffer[slot];
		if (!buffer->skb)
			break;
		ferronic_rx_unmap(nic, buffer);
		dev_kfree_skb_any_reason(buffer->skb,
					 SKB_DROP_REASON_QUEUE_PURGE);
	}

	dma_free_coherent(&nic->pdev->dev, FERRONIC_RX_RING * sizeof(*rx->desc),
			  rx->desc, rx->dma);
	kfree(rx->buffer);
}

/* Transmit */

static unsigned int ferronic_tx_unused(const struct ferronic_tx_ring *tx)
{
	return FERRONIC_TX_RING - 1 -
	       (READ_ONCE(tx->produced) - READ_ONCE(tx->consumed));
}

static void ferronic_tx_doorbell(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_TX_TAIL,
		       nic->tx.produced % FERRONIC_TX_RING);
}

static void ferronic_tx_unmap(struct ferronic_nic *nic,
			      const struct ferronic_tx_buffer *buffer)
{
	dma_unmap_single(&nic->pdev->dev, buffer->dma, buffer->skb->len,
			 DMA_TO_DEVICE);
}

/* Returns 0 when the device will get @skb with the next doorbell. */
static int ferronic_tx_queue(struct ferronic_nic *nic, struct sk_buff *skb)
{
	struct ferronic_tx_ring *tx = &nic->tx;
	unsigned int slot = tx->produced % FERRONIC_TX_RING;
	struct ferronic_tx_desc *desc = &tx->desc[slot];
	struct device *dev = &nic->pdev->dev;
	dma_addr_t dma;

	dma = dma_map_single(dev, skb->data, skb->len, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;

	tx->buffer[slot].skb = skb;
	tx->buffer[slot].dma = dma;
	desc->addr = cpu_to_le64(dma);
	desc->length = cpu_to_le32(skb->len);
	WRITE_ONCE(desc->status,
		   cpu_to_le32(FERRONIC_TX_DESC_STATUS_INTERRUPT));

	/* Pairs with the acquire in ferronic_tx_clean(). */
	smp_store_release(&tx->produced, tx->produced + 1);
	return 0;
}

netdev_tx_t ferronic_start_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct netdev_queue *txq = netdev_get_tx_queue(netdev, 0);
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_tx_ring *tx = &nic->tx;
	bool more = netdev_xmit_more();
	unsigned int length = skb->len;

	if (unlikely(!ferronic_tx_unused(tx))) {
		netif_tx_stop_queue(txq);
		WRITE_ONCE(tx->busy, tx->busy + 1);
		return NETDEV_TX_BUSY;
	}

	if (unlikely(ferronic_tx_queue(nic, skb))) {
		WRITE_ONCE(tx->map_failed, tx->map_failed + 1);
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_NOMEM);
		/* The frames queued before it still wait for the doorbell. */
		if (!more)
			ferronic_tx_doorbell(nic);
		return NETDEV_TX_OK;
	}

	if (!netif_txq_maybe_stop(txq, ferronic_tx_unused(tx), 1,
				  FERRONIC_TX_WAKE))
		WRITE_ONCE(tx->stopped, tx->stopped + 1);

	if (__netdev_tx_sent_queue(txq, length, more))
		ferronic_tx_doorbell(nic);
	return NETDEV_TX_OK;
}

struct ferronic_tx_done {
	unsigned int packets;
	unsigned int bytes;
	unsigned int errors;
	unsigned int sent_bytes;
};

static void ferronic_tx_complete(struct ferronic_nic *nic, unsigned int slot,
				 u32 status, int budget,
				 struct ferronic_tx_done *done)
{
	struct ferronic_tx_buffer *buffer = &nic->tx.buffer[slot];
	struct sk_buff *skb = buffer->skb;

	ferronic_tx_unmap(nic, buffer);
	buffer->skb = NULL;

	done->packets++;
	done->bytes += skb->len;
	if (unlikely(status & FERRONIC_TX_DESC_STATUS_ERROR)) {
		done->errors++;
		dev_kfree_skb_any_reason(skb, SKB_DROP_REASON_DEV_READY);
	} else {
		done->sent_bytes += skb->len;
		napi_consume_skb(skb, budget);
	}
}

/* Returns the number of descriptors taken back from the device. */
static unsigned int ferronic_tx_clean(struct ferronic_nic *nic,
				      unsigned int limit, int budget)
{
	struct ferronic_tx_ring *tx = &nic->tx;
	/* Pairs with the release in ferronic_tx_queue(). */
	unsigned int produced = smp_load_acquire(&tx->produced);
	struct ferronic_tx_stats *stats = &tx->stats;
	unsigned int consumed = tx->consumed;
	struct ferronic_tx_done done = {};
	unsigned int slot;
	u32 status;

	while (consumed != produced && done.packets < limit) {
		slot = consumed % FERRONIC_TX_RING;
		status = le32_to_cpu(READ_ONCE(tx->desc[slot].status));
		if (!(status & FERRONIC_TX_DESC_STATUS_DONE))
			break;

		ferronic_tx_complete(nic, slot, status, budget, &done);
		consumed++;
	}
	WRITE_ONCE(tx->consumed, consumed);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->packets, done.packets - done.errors);
	u64_stats_add(&stats->bytes, done.sent_bytes);
	u64_stats_add(&stats->errors, done.errors);
	u64_stats_update_end(&stats->syncp);

	netif_txq_completed_wake(netdev_get_tx_queue(nic->netdev, 0),
				 done.packets, done.bytes,
				 ferronic_tx_unused(tx), FERRONIC_TX_WAKE);
	return done.packets;
}

static int ferronic_tx_poll(struct napi_struct *napi, int budget)
{
	struct ferronic_nic *nic = container_of(napi, struct ferronic_nic,
						tx.napi);
	unsigned int done;

	/* Netpoll: everything there is, and nothing of NAPI's state. */
	if (unlikely(!budget)) {
		ferronic_tx_clean(nic, FERRONIC_TX_RING, budget);
		return 0;
	}

	done = ferronic_tx_clean(nic, budget, budget);
	if (done < budget && napi_complete_done(napi, done))
		ferronic_enable_vector(nic, FERRONIC_VECTOR_TX);
	return done;
}

irqreturn_t ferronic_tx_interrupt(int irq, void *cookie)
{
	struct ferronic_nic *nic = cookie;

	WRITE_ONCE(nic->tx.interrupts, nic->tx.interrupts + 1);
	napi_schedule_irqoff(&nic->tx.napi);
	return IRQ_HANDLED;
}

int ferronic_tx_alloc(struct ferronic_nic *nic)
{
	struct ferronic_tx_ring *tx = &nic->tx;

	tx->produced = 0;
	tx->consumed = 0;
	tx->buffer = kzalloc_objs(*tx->buffer, FERRONIC_TX_RING);
	if (!tx->buffer)
		return -ENOMEM;

	tx->desc = dma_alloc_coherent(&nic->pdev->dev,
				      FERRONIC_TX_RING * sizeof(*tx->desc),
				      &tx->dma, GFP_KERNEL);
	if (!tx->desc) {
		kfree(tx->buffer);
		return -ENOMEM;
	}
	return 0;
}

void ferronic_tx_free(struct ferronic_nic *nic)
{
	struct ferronic_tx_ring *tx = &nic->tx;
	struct ferronic_tx_buffer *buffer;

	/* Frames that the device had not sent when it was stopped. */
	for (; tx->consumed != tx->produced; tx->consumed++) {
		buffer = &tx->buffer[tx->consumed % FERRONIC_TX_RING];
		ferronic_tx_unmap(nic, buffer);
		dev_kfree_skb_any_reason(buffer->skb,
					 SKB_DROP_REASON_QUEUE_PURGE);
	}
	netdev_tx_reset_queue(netdev_get_tx_queue(nic->netdev, 0));

	dma_free_coherent(&nic->pdev->dev, FERRONIC_TX_RING * sizeof(*tx->desc),
			  tx->desc, tx->dma);
	kfree(tx->buffer);
}

void ferronic_txrx_init(struct ferronic_nic *nic)
{
	u64_stats_init(&nic->rx.stats.syncp);
	u64_stats_init(&nic->tx.stats.syncp);

	netif_napi_add(nic->netdev, &nic->rx.napi, ferronic_rx_poll);
	netif_napi_set_irq(&nic->rx.napi,
			   pci_irq_vector(nic->pdev, FERRONIC_VECTOR_RX));
	netif_napi_add_tx(nic->netdev, &nic->tx.napi, ferronic_tx_poll);
	netif_napi_set_irq(&nic->tx.napi,
			   pci_irq_vector(nic->pdev, FERRONIC_VECTOR_TX));
}
