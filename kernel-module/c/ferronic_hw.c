// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the registers: reset, settings, and start and stop of the queues.
 */
#include <linux/iopoll.h>
#include <linux/unaligned.h>

#include "ferronic.h"

#define FERRONIC_POLL_US	50
#define FERRONIC_DEADLINE_US	(100 * USEC_PER_MSEC)

#define FERRONIC_QUEUES_ACTIVE	(FERRONIC_DMA_STATUS_RX_ACTIVE | \
				 FERRONIC_DMA_STATUS_TX_ACTIVE)

#define FERRONIC_RSS_TYPES	(FERRONIC_RSS_CTRL_IPV4 | \
				 FERRONIC_RSS_CTRL_IPV4_TCP | \
				 FERRONIC_RSS_CTRL_IPV4_UDP | \
				 FERRONIC_RSS_CTRL_IPV6 | \
				 FERRONIC_RSS_CTRL_IPV6_TCP | \
				 FERRONIC_RSS_CTRL_IPV6_UDP)

/* All ones can also be a bus error. */
bool ferronic_hw_gone(struct ferronic_nic *nic, u32 value)
{
	return value == FERRONIC_ALL_ONES && !pci_device_is_present(nic->pdev);
}

static int ferronic_hw_wait_ready(struct ferronic_nic *nic)
{
	u32 status;
	int err;

	err = readl_poll_timeout(nic->regs + FERRONIC_STATUS, status,
				 ferronic_hw_gone(nic, status) ||
				 (status != FERRONIC_ALL_ONES &&
				  status & FERRONIC_STATUS_READY),
				 FERRONIC_POLL_US, FERRONIC_DEADLINE_US);
	if (err)
		dev_err_ratelimited(&nic->pdev->dev,
				    "device did not become ready after reset\n");
	return !err && status == FERRONIC_ALL_ONES ? -ENODEV : err;
}

/**
 * ferronic_hw_wait_inactive() - waits until DMA has ended
 * @nic: the device
 * @engines: bits of DMA_STATUS
 *
 * Return: 0, -ENODEV when the device has gone and moves no memory either, or
 * -ETIMEDOUT when it may still do.
 */
int ferronic_hw_wait_inactive(struct ferronic_nic *nic, u32 engines)
{
	u32 status;
	int err;

	err = readl_poll_timeout(nic->regs + FERRONIC_DMA_STATUS, status,
				 ferronic_hw_gone(nic, status) ||
				 !(status & engines),
				 FERRONIC_POLL_US, FERRONIC_DEADLINE_US);
	if (err)
		dev_err_ratelimited(&nic->pdev->dev,
				    "device does not get inactive\n");
	return !err && status == FERRONIC_ALL_ONES ? -ENODEV : err;
}

void ferronic_hw_set_ready(struct ferronic_nic *nic, bool ready)
{
	spin_lock_irq(&nic->mgmt_lock);
	nic->ready = ready;
	spin_unlock_irq(&nic->mgmt_lock);
}

static void ferronic_hw_disable_queues(struct ferronic_nic *nic)
{
	unsigned int q;

	for (q = 0; q < FERRONIC_QUEUES; q++) {
		ferronic_write(nic, FERRONIC_RX_CTRL(q), 0);
		ferronic_write(nic, FERRONIC_TX_CTRL(q), 0);
	}
}

/* The device must not be reset while it accesses memory. */
static int ferronic_hw_silence(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_CLEAR,
		       FERRONIC_INT_ENABLE_CLEAR_VECTORS);
	ferronic_hw_disable_queues(nic);
	if (ferronic_read(nic, FERRONIC_DMA_STATUS) &
	    FERRONIC_DMA_STATUS_ACTIVE)
		ferronic_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_STOP);

	return ferronic_hw_wait_inactive(nic, FERRONIC_QUEUES_ACTIVE |
					 FERRONIC_DMA_STATUS_ACTIVE);
}

static int ferronic_hw_try_reset(struct ferronic_nic *nic)
{
	int err;

	err = ferronic_hw_wait_ready(nic);
	if (!err)
		err = ferronic_hw_silence(nic);
	if (err)
		return err;

	ferronic_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
	return ferronic_hw_wait_ready(nic);
}

/* For a device that does not do what it is told to by its registers. */
static int ferronic_hw_try_flr(struct ferronic_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;
	int err;

	if (!pci_device_is_present(pdev))
		return -ENODEV;

	pci_save_state(pdev);
	err = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	return err ?: ferronic_hw_wait_ready(nic);
}

static int ferronic_hw_after_reset(struct ferronic_nic *nic, int err)
{
	if (err) {
		/* It may believe in what it was given, but cannot reach it. */
		pci_clear_master(nic->pdev);
		return err;
	}

	pci_set_master(nic->pdev);
	ferronic_hw_set_ready(nic, true);
	return 0;
}

/*
 * After this and the next, whatever they return, the device does not access
 * memory. The lock of copies is held.
 */
int ferronic_hw_flr(struct ferronic_nic *nic)
{
	lockdep_assert_held(&nic->copy_lock);

	ferronic_hw_set_ready(nic, false);
	return ferronic_hw_after_reset(nic, ferronic_hw_try_flr(nic));
}

int ferronic_hw_reset(struct ferronic_nic *nic)
{
	int err;

	guard(mutex)(&nic->copy_lock);

	ferronic_hw_set_ready(nic, false);
	err = ferronic_hw_try_reset(nic);
	if (err == -ETIMEDOUT)
		err = ferronic_hw_try_flr(nic);
	return ferronic_hw_after_reset(nic, err);
}

void ferronic_hw_get_mac(struct ferronic_nic *nic, u8 *addr)
{
	put_unaligned_le32(ferronic_read(nic, FERRONIC_MAC_LO), addr);
	put_unaligned_le16(ferronic_read(nic, FERRONIC_MAC_HI), addr + 4);
}

void ferronic_hw_set_mac(struct ferronic_nic *nic, const u8 *addr)
{
	ferronic_write(nic, FERRONIC_MAC_LO, get_unaligned_le32(addr));
	ferronic_write(nic, FERRONIC_MAC_HI, get_unaligned_le16(addr + 4));
}

void ferronic_hw_set_max_frame(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_MAX_FRAME,
		       nic->netdev->mtu + FERRONIC_FRAME_OVERHEAD);
}

void ferronic_hw_set_moderation(struct ferronic_nic *nic)
{
	unsigned int q;

	for (q = 0; q < nic->max_pairs; q++)
		ferronic_write(nic, FERRONIC_INT_MODERATION(1 + q),
			       nic->moderation_us * NSEC_PER_USEC);
}

void ferronic_hw_set_rss(struct ferronic_nic *nic)
{
	unsigned int i;

	for (i = 0; i < FERRONIC_RSS_KEY_SIZE / 4; i++)
		ferronic_write(nic, FERRONIC_RSS_KEY(i),
			       get_unaligned_le32(&nic->rss_key[4 * i]));
	for (i = 0; i < FERRONIC_RSS_ENTRIES / 4; i++)
		ferronic_write(nic, FERRONIC_RSS_TABLE(i),
			       get_unaligned_le32(&nic->rss_table[4 * i]));
	ferronic_write(nic, FERRONIC_RSS_CTRL,
		       FERRONIC_RSS_CTRL_ENABLE | FERRONIC_RSS_TYPES);
}

/* What a reset has forgotten. */
static void ferronic_hw_setup(struct ferronic_nic *nic)
{
	ferronic_hw_set_mac(nic, nic->netdev->dev_addr);
	ferronic_hw_set_max_frame(nic);
	ferronic_write(nic, FERRONIC_RX_FILTER, nic->rx_filter);
	ferronic_hw_set_rss(nic);
	ferronic_hw_set_moderation(nic);
}

static void ferronic_hw_set_address(struct ferronic_nic *nic, unsigned int lo,
				    dma_addr_t dma)
{
	ferronic_write(nic, lo, lower_32_bits(dma));
	ferronic_write(nic, lo + 4, upper_32_bits(dma));
}

static bool ferronic_hw_start_rx(struct ferronic_nic *nic, unsigned int q,
				 const struct ferronic_rx_ring *rx, u32 vector)
{
	ferronic_hw_set_address(nic, FERRONIC_RX_BASE_LO(q), rx->dma);
	ferronic_write(nic, FERRONIC_RX_SIZE(q), rx->mask + 1);
	ferronic_write(nic, FERRONIC_RX_BUFFER(q), rx->room);
	ferronic_write(nic, FERRONIC_RX_VECTOR(q), vector);
	ferronic_write(nic, FERRONIC_RX_CTRL(q), FERRONIC_RX_CTRL_ENABLE);
	return ferronic_read(nic, FERRONIC_RX_CTRL(q)) &
	       FERRONIC_RX_CTRL_ENABLE;
}

static bool ferronic_hw_start_tx(struct ferronic_nic *nic, unsigned int q,
				 const struct ferronic_tx_ring *tx, u32 vector)
{
	ferronic_hw_set_address(nic, FERRONIC_TX_BASE_LO(q), tx->dma);
	ferronic_write(nic, FERRONIC_TX_SIZE(q), tx->mask + 1);
	ferronic_hw_set_address(nic, FERRONIC_TX_WRITEBACK_LO(q),
				tx->writeback_dma);
	ferronic_write(nic, FERRONIC_TX_VECTOR(q), vector);
	ferronic_write(nic, FERRONIC_TX_CTRL(q), FERRONIC_TX_CTRL_ENABLE);
	return ferronic_read(nic, FERRONIC_TX_CTRL(q)) &
	       FERRONIC_TX_CTRL_ENABLE;
}

/* Enables pair @q on these rings, with no descriptor given yet. */
int ferronic_hw_start_pair(struct ferronic_nic *nic, unsigned int q,
			   const struct ferronic_rx_ring *rx,
			   const struct ferronic_tx_ring *tx, u32 vector)
{
	if (ferronic_hw_start_rx(nic, q, rx, vector) &&
	    ferronic_hw_start_tx(nic, q, tx, vector))
		return 0;

	netdev_err(nic->netdev, "device refused a queue\n");
	return -EIO;
}

/* Bits of the vectors of all pairs in use. */
static u32 ferronic_hw_pair_vectors(const struct ferronic_nic *nic)
{
	return GENMASK(nic->config.pairs, 1);
}

/*
 * Gives all rings to the device, which does not interrupt yet. Returns 0, or an
 * error with all stopped.
 */
int ferronic_hw_start(struct ferronic_nic *nic)
{
	struct ferronic_pair *pair;
	unsigned int q;
	int err;

	ferronic_hw_setup(nic);
	for (q = 0; q < nic->config.pairs; q++) {
		pair = &nic->pair[q];
		err = ferronic_hw_start_pair(nic, q, pair->rx, pair->tx,
					     ferronic_pair_vector(pair));
		if (err) {
			ferronic_hw_stop(nic);
			return err;
		}
	}
	for (q = 0; q < nic->config.pairs; q++)
		ferronic_rx_doorbell(nic->pair[q].rx);
	return 0;
}

void ferronic_hw_enable_pairs(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_SET,
		       ferronic_hw_pair_vectors(nic));
}

/* On return the device has no access to the rings and their buffers. */
void ferronic_hw_stop(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_CLEAR,
		       ferronic_hw_pair_vectors(nic));
	ferronic_hw_disable_queues(nic);
	if (ferronic_hw_wait_inactive(nic, FERRONIC_QUEUES_ACTIVE) !=
	    -ETIMEDOUT)
		return;

	guard(mutex)(&nic->copy_lock);
	if (!ferronic_hw_flr(nic))
		ferronic_enable_mgmt(nic);
}

/* May be called in any context; all are 0 while registers are out of reach. */
void ferronic_hw_get_counters(struct ferronic_nic *nic,
			      struct ferronic_hw_counters *counters)
{
	unsigned long flags;

	memset(counters, 0, sizeof(*counters));
	spin_lock_irqsave(&nic->mgmt_lock, flags);
	if (nic->ready) {
		counters->rx_frames = ferronic_read(nic, FERRONIC_RX_FRAMES);
		counters->rx_missed = ferronic_read(nic, FERRONIC_RX_MISSED);
		counters->tx_frames = ferronic_read(nic, FERRONIC_TX_FRAMES);
		counters->tx_errors = ferronic_read(nic, FERRONIC_TX_ERRORS);
		counters->violations = ferronic_read(nic, FERRONIC_VIOLATIONS);
	}
	spin_unlock_irqrestore(&nic->mgmt_lock, flags);
}
