// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: ethtool -t.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/iopoll.h>
#include <linux/slab.h>
#include <net/page_pool/helpers.h>

#include "ferronic.h"

#define FERRONIC_TEST_FRAME	256
#define FERRONIC_TEST_US	(100 * USEC_PER_MSEC)

enum {
	FERRONIC_TEST_REGISTERS,
	FERRONIC_TEST_COPY,
	FERRONIC_TEST_INTERRUPT,
	FERRONIC_TEST_LOOPBACK,
};

const char * const ferronic_self_test_names[FERRONIC_SELF_TESTS] = {
	[FERRONIC_TEST_REGISTERS]	= "Registers",
	[FERRONIC_TEST_COPY]		= "Copy engine",
	[FERRONIC_TEST_INTERRUPT]	= "Interrupt",
	[FERRONIC_TEST_LOOPBACK]	= "Loopback (offline)",
};

static void ferronic_test_pattern(u8 *at, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		at[i] = i ^ (i >> 8) ^ 0xa5;
}

static int ferronic_test_registers(struct ferronic_nic *nic)
{
	static const u32 patterns[] = { 0x5a5aa5a5, 0xffff0000, 0x00000001, 0 };
	unsigned int i;

	if (FIELD_GET(FERRONIC_ID_MAGIC, ferronic_read(nic, FERRONIC_ID)) !=
	    FERRONIC_MAGIC)
		return -ENODEV;

	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		ferronic_write(nic, FERRONIC_SCRATCH, patterns[i]);
		if (ferronic_read(nic, FERRONIC_SCRATCH) != patterns[i])
			return -EIO;
	}
	return 0;
}

/* Writes a pattern and reads it back; then what was there before. */
static int ferronic_test_copy_with(struct ferronic_nic *nic, u8 *buffer,
				   dma_addr_t dma)
{
	const u32 size = FERRONIC_DMA_MEMORY_SIZE;
	u8 *pattern = buffer + size;
	u8 *back = buffer + 2 * size;
	int err, restored;

	ferronic_test_pattern(pattern, size);
	err = ferronic_copy(nic, dma, 0, size, true);
	if (err)
		return err;

	err = ferronic_copy(nic, dma + size, 0, size, false);
	if (!err)
		err = ferronic_copy(nic, dma + 2 * size, 0, size, true);
	if (!err && memcmp(pattern, back, size))
		err = -EIO;
	restored = ferronic_copy(nic, dma, 0, size, false);
	return err ?: restored;
}

static int ferronic_test_copy(struct ferronic_nic *nic)
{
	const size_t size = 3 * FERRONIC_DMA_MEMORY_SIZE;
	struct device *dev = &nic->pdev->dev;
	dma_addr_t dma;
	u8 *buffer;
	int err;

	buffer = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;

	err = ferronic_test_copy_with(nic, buffer, dma);
	dma_free_coherent(dev, size, buffer, dma);
	return err;
}

static u64 ferronic_test_interrupts(struct ferronic_nic *nic)
{
	u64 interrupts;

	spin_lock_irq(&nic->mgmt_lock);
	interrupts = nic->data->mgmt_interrupts;
	spin_unlock_irq(&nic->mgmt_lock);
	return interrupts;
}

/* The end of a copy is told by interrupt. */
static int ferronic_test_interrupt(struct ferronic_nic *nic)
{
	u64 before = ferronic_test_interrupts(nic);
	struct device *dev = &nic->pdev->dev;
	dma_addr_t dma;
	void *buffer;
	int err;

	buffer = dma_alloc_coherent(dev, FERRONIC_DMA_BLOCK, &dma, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;

	err = ferronic_copy(nic, dma, 0, FERRONIC_DMA_BLOCK, true);
	dma_free_coherent(dev, FERRONIC_DMA_BLOCK, buffer, dma);
	if (err)
		return err;
	return ferronic_test_interrupts(nic) == before ? -EIO : 0;
}

/* Nobody else sends to this station. */
static void ferronic_test_frame(u8 *frame)
{
	struct ethhdr *header = (struct ethhdr *)frame;

	eth_random_addr(header->h_dest);
	ether_addr_copy(header->h_source, header->h_dest);
	header->h_proto = htons(ETH_P_LOOPBACK);
	ferronic_test_pattern(frame + ETH_HLEN, FERRONIC_TEST_FRAME - ETH_HLEN);
}

static bool ferronic_test_slot(struct ferronic_rx_ring *rx, u32 slot,
			       const u8 *frame)
{
	u32 status = le32_to_cpu(READ_ONCE(rx->desc[slot].status));
	const struct ferronic_rx_buffer *buffer = &rx->buffer[slot];

	if (!(status & FERRONIC_RX_DESC_STATUS_DONE) ||
	    FIELD_GET(FERRONIC_RX_DESC_STATUS_LENGTH, status) !=
	    FERRONIC_TEST_FRAME)
		return false;

	dma_rmb();
	page_pool_dma_sync_for_cpu(rx->pool, buffer->page,
				   buffer->offset + FERRONIC_RX_HEADROOM,
				   FERRONIC_TEST_FRAME);
	return !memcmp(page_address(buffer->page) + buffer->offset +
		       FERRONIC_RX_HEADROOM, frame, FERRONIC_TEST_FRAME);
}

/* Broadcasts of others may come before it. */
static bool ferronic_test_received(struct ferronic_rx_ring *rx, const u8 *frame)
{
	u32 slot;

	for (slot = 0; slot < rx->fill; slot++) {
		if (ferronic_test_slot(rx, slot, frame))
			return true;
	}
	return false;
}

static int ferronic_test_exchange(struct ferronic_nic *nic,
				  struct ferronic_rings *rings,
				  const u8 *frame, dma_addr_t dma)
{
	struct ferronic_rx_ring *rx = rings->rx[0];
	struct ferronic_tx_ring *tx = rings->tx[0];
	bool received;
	int err;

	err = ferronic_hw_start_pair(nic, 0, rx, tx, FERRONIC_VECTOR_MGMT);
	if (err)
		return err;

	ferronic_rx_doorbell(rx);
	tx->desc[0].addr = cpu_to_le64(dma);
	tx->desc[0].layout = cpu_to_le32(ferronic_tx_layout(FERRONIC_TEST_FRAME));
	tx->desc[0].command = cpu_to_le32(FERRONIC_TX_DESC_COMMAND_EOP);
	writel(1, tx->tail);

	err = read_poll_timeout(ferronic_test_received, received, received, 50,
				FERRONIC_TEST_US, false, rx, frame);
	if (!err && le32_to_cpu(READ_ONCE(tx->writeback->head)) != 1)
		err = -EIO;
	return err;
}

/* One frame through pair 0, in rings of their own, without interrupts. */
static int ferronic_test_in_rings(struct ferronic_nic *nic,
				  struct ferronic_rings *rings)
{
	struct device *dev = &nic->pdev->dev;
	dma_addr_t dma;
	u8 *frame;
	int err;

	frame = kmalloc(FERRONIC_TEST_FRAME, GFP_KERNEL);
	if (!frame)
		return -ENOMEM;
	ferronic_test_frame(frame);

	err = -ENOMEM;
	dma = dma_map_single(dev, frame, FERRONIC_TEST_FRAME, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma)) {
		ferronic_hw_set_mac(nic, frame);
		ferronic_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
		err = ferronic_test_exchange(nic, rings, frame, dma);
		ferronic_hw_stop(nic);
		ferronic_write(nic, FERRONIC_CTRL, 0);
		ferronic_hw_set_mac(nic, nic->netdev->dev_addr);
		dma_unmap_single(dev, dma, FERRONIC_TEST_FRAME, DMA_TO_DEVICE);
	}
	kfree(frame);
	return err;
}

/* With the queues stopped. */
static int ferronic_test_loopback(struct ferronic_nic *nic)
{
	const struct ferronic_config config = {
		.pairs		= 1,
		.rx_size	= FERRONIC_RING_MIN,
		.tx_size	= FERRONIC_RING_MIN,
		.rx_buffer	= FERRONIC_RX_SMALL,
	};
	struct ferronic_rings rings;
	int err;

	if (!(ferronic_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_LINK_UP))
		return -ENOLINK;

	err = ferronic_rings_alloc(nic, &config, &rings);
	if (err)
		return err;

	err = ferronic_test_in_rings(nic, &rings);
	ferronic_rings_free(nic, &rings);
	return err;
}

static int ferronic_test_offline(struct ferronic_nic *nic)
{
	bool up = test_bit(FERRONIC_UP, &nic->state);
	int err;

	ferronic_down(nic);
	err = ferronic_test_loopback(nic);
	if (up && ferronic_up(nic)) {
		ferronic_lose(nic);
		err = err ?: -EIO;
	}
	return err;
}

void ferronic_self_test(struct net_device *netdev, struct ethtool_test *test,
			u64 *result)
{
	struct ferronic_nic *nic = netdev_priv(netdev);
	unsigned int i;

	memset(result, 0, FERRONIC_SELF_TESTS * sizeof(*result));
	result[FERRONIC_TEST_REGISTERS] = -ferronic_test_registers(nic);
	result[FERRONIC_TEST_COPY] = -ferronic_test_copy(nic);
	result[FERRONIC_TEST_INTERRUPT] = -ferronic_test_interrupt(nic);
	if (test->flags & ETH_TEST_FL_OFFLINE)
		result[FERRONIC_TEST_LOOPBACK] = -ferronic_test_offline(nic);

	for (i = 0; i < FERRONIC_SELF_TESTS; i++) {
		if (result[i])
			test->flags |= ETH_TEST_FL_FAILED;
	}
}
