// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: memory of the rings.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <net/page_pool/helpers.h>

#include "ferronic.h"

static_assert(sizeof(struct ferronic_rx_desc) == FERRONIC_RX_DESC_SIZE);
static_assert(sizeof(struct ferronic_tx_desc) == FERRONIC_TX_DESC_SIZE);
static_assert(sizeof(struct ferronic_tx_writeback) ==
	      FERRONIC_TX_WRITEBACK_SIZE);
static_assert(FERRONIC_TX_DESCS <= FERRONIC_TX_FRAME_DESCS);
static_assert(FERRONIC_RING_MIN > 2 * FERRONIC_TX_DESCS);

static size_t ferronic_rx_desc_size(const struct ferronic_rx_ring *rx)
{
	return (rx->mask + 1) * sizeof(*rx->desc);
}

/* The write-back word has a cache line behind the descriptors. */
static size_t ferronic_tx_desc_size(const struct ferronic_tx_ring *tx)
{
	return (tx->mask + 1) * sizeof(*tx->desc) + FERRONIC_RING_ALIGN;
}

/* NAPI comes to it when the ring is installed: until then it may be running. */
static struct page_pool *ferronic_pool_create(struct ferronic_nic *nic,
					      const struct ferronic_config *config)
{
	struct page_pool_params params = {
		.flags		= PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size	= config->rx_size,
		.nid		= dev_to_node(&nic->pdev->dev),
		.dev		= &nic->pdev->dev,
		.dma_dir	= DMA_FROM_DEVICE,
		.max_len	= PAGE_SIZE,
		.netdev		= nic->netdev,
	};

	return page_pool_create(&params);
}

static void ferronic_rx_ring_free(struct ferronic_nic *nic,
				  struct ferronic_rx_ring *rx)
{
	unsigned int slot;

	if (!rx)
		return;

	for (slot = 0; rx->buffer && slot <= rx->mask; slot++) {
		if (rx->buffer[slot].page)
			page_pool_put_full_page(rx->pool, rx->buffer[slot].page,
						false);
	}
	if (rx->desc)
		dma_free_coherent(&nic->pdev->dev, ferronic_rx_desc_size(rx),
				  rx->desc, rx->dma);
	page_pool_destroy(rx->pool);
	kvfree(rx->buffer);
	kfree(rx);
}

static int ferronic_rx_ring_fill(struct ferronic_nic *nic, unsigned int q,
				 const struct ferronic_config *config,
				 struct ferronic_rx_ring *rx)
{
	struct page_pool *pool;

	BUILD_BUG_ON(FERRONIC_RX_ROOM(FERRONIC_RX_SMALL) <
		     ETH_DATA_LEN + FERRONIC_FRAME_OVERHEAD);

	rx->mask = config->rx_size - 1;
	rx->size = config->rx_buffer;
	rx->room = FERRONIC_RX_ROOM(rx->size);
	rx->tail = nic->regs + FERRONIC_RX_TAIL(q);

	rx->buffer = kvzalloc_objs(*rx->buffer, config->rx_size);
	if (!rx->buffer)
		return -ENOMEM;

	rx->desc = dma_alloc_coherent(&nic->pdev->dev,
				      ferronic_rx_desc_size(rx), &rx->dma,
				      GFP_KERNEL);
	if (!rx->desc)
		return -ENOMEM;

	pool = ferronic_pool_create(nic, config);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	rx->pool = pool;

	return ferronic_rx_fill(rx) ? 0 : -ENOMEM;
}

static int ferronic_rx_ring_alloc(struct ferronic_nic *nic, unsigned int q,
				  const struct ferronic_config *config,
				  struct ferronic_rx_ring **ring)
{
	struct ferronic_rx_ring *rx;
	int err;

	rx = kzalloc_obj(*rx);
	if (!rx)
		return -ENOMEM;

	err = ferronic_rx_ring_fill(nic, q, config, rx);
	if (err) {
		ferronic_rx_ring_free(nic, rx);
		return err;
	}
	*ring = rx;
	return 0;
}

static void ferronic_tx_ring_free(struct ferronic_nic *nic,
				  struct ferronic_tx_ring *tx)
{
	if (!tx)
		return;

	if (tx->desc)
		dma_free_coherent(&nic->pdev->dev, ferronic_tx_desc_size(tx),
				  tx->desc, tx->dma);
	kvfree(tx->buffer);
	kfree(tx);
}

static int ferronic_tx_ring_alloc(struct ferronic_nic *nic, unsigned int q,
				  const struct ferronic_config *config,
				  struct ferronic_tx_ring **ring)
{
	struct ferronic_tx_ring *tx;

	tx = kzalloc_obj(*tx);
	if (!tx)
		return -ENOMEM;

	tx->mask = config->tx_size - 1;
	tx->wake = ferronic_tx_wake(tx->mask);
	tx->tail = nic->regs + FERRONIC_TX_TAIL(q);
	tx->buffer = kvzalloc_objs(*tx->buffer, config->tx_size);
	tx->desc = dma_alloc_coherent(&nic->pdev->dev,
				      ferronic_tx_desc_size(tx), &tx->dma,
				      GFP_KERNEL);
	if (!tx->buffer || !tx->desc) {
		ferronic_tx_ring_free(nic, tx);
		return -ENOMEM;
	}
	tx->writeback = (void *)&tx->desc[config->tx_size];
	tx->writeback_dma = tx->dma + config->tx_size * sizeof(*tx->desc);
	*ring = tx;
	return 0;
}

/* Allocates and fills rings for @config. Returns 0 or -ENOMEM. */
int ferronic_rings_alloc(struct ferronic_nic *nic,
			 const struct ferronic_config *config,
			 struct ferronic_rings *rings)
{
	unsigned int q;
	int err;

	memset(rings, 0, sizeof(*rings));
	for (q = 0; q < config->pairs; q++) {
		err = ferronic_rx_ring_alloc(nic, q, config, &rings->rx[q]);
		if (!err)
			err = ferronic_tx_ring_alloc(nic, q, config,
						     &rings->tx[q]);
		if (err) {
			ferronic_rings_free(nic, rings);
			return err;
		}
	}
	return 0;
}

void ferronic_rings_free(struct ferronic_nic *nic, struct ferronic_rings *rings)
{
	unsigned int q;

	for (q = 0; q < FERRONIC_QUEUES; q++) {
		ferronic_rx_ring_free(nic, rings->rx[q]);
		ferronic_tx_ring_free(nic, rings->tx[q]);
	}
}

/* This and the next: only while the polls are disabled. */
void ferronic_rings_install(struct ferronic_nic *nic,
			    const struct ferronic_rings *rings)
{
	struct ferronic_pair *pair;
	unsigned int q;

	for (q = 0; q < FERRONIC_QUEUES; q++) {
		pair = &nic->pair[q];
		pair->rx = rings->rx[q];
		pair->tx = rings->tx[q];
		if (pair->rx)
			page_pool_enable_direct_recycling(pair->rx->pool,
							  &pair->napi);
	}
}

void ferronic_rings_take(struct ferronic_nic *nic, struct ferronic_rings *rings)
{
	struct ferronic_pair *pair;
	unsigned int q;

	for (q = 0; q < FERRONIC_QUEUES; q++) {
		pair = &nic->pair[q];
		rings->rx[q] = pair->rx;
		rings->tx[q] = pair->tx;
		if (pair->rx)
			page_pool_disable_direct_recycling(pair->rx->pool);
		pair->rx = NULL;
		pair->tx = NULL;
	}
}
