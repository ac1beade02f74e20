// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: reset, station address, and start and stop of the queues.
 */
#include <linux/iopoll.h>
#include <linux/unaligned.h>

#include "ferronic.h"

#define FERRONIC_POLL_US	50
#define FERRONIC_DEADLINE_US	100000

/* Returns 0 when the device is ready, or -ETIMEDOUT. */
int ferronic_hw_reset(struct ferronic_nic *nic)
{
	u32 status;
	int err;

	ferronic_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
	err = readl_poll_timeout(nic->regs + FERRONIC_STATUS, status,
				 status & FERRONIC_STATUS_READY,
				 FERRONIC_POLL_US, FERRONIC_DEADLINE_US);
	if (err)
		dev_err(&nic->pdev->dev,
			"device did not become ready after reset\n");
	return err;
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

static int ferronic_hw_start_rx(struct ferronic_nic *nic)
{
	struct ferronic_rx_ring *rx = &nic->rx;

	ferronic_write(nic, FERRONIC_RX_BASE_LO, lower_32_bits(rx->dma));
	ferronic_write(nic, FERRONIC_RX_BASE_HI, upper_32_bits(rx->dma));
	ferronic_write(nic, FERRONIC_RX_SIZE, FERRONIC_RX_RING);
	ferronic_write(nic, FERRONIC_RX_BUFFER, FERRONIC_RX_BUFFER_SIZE);
	ferronic_write(nic, FERRONIC_RX_CTRL, FERRONIC_RX_CTRL_ENABLE);
	if (!(ferronic_read(nic, FERRONIC_RX_CTRL) & FERRONIC_RX_CTRL_ENABLE))
		return -EIO;

	ferronic_write(nic, FERRONIC_RX_TAIL, FERRONIC_RX_RING - 1);
	return 0;
}

static int ferronic_hw_start_tx(struct ferronic_nic *nic)
{
	struct ferronic_tx_ring *tx = &nic->tx;

	ferronic_write(nic, FERRONIC_TX_BASE_LO, lower_32_bits(tx->dma));
	ferronic_write(nic, FERRONIC_TX_BASE_HI, upper_32_bits(tx->dma));
	ferronic_write(nic, FERRONIC_TX_SIZE, FERRONIC_TX_RING);
	ferronic_write(nic, FERRONIC_TX_CTRL, FERRONIC_TX_CTRL_ENABLE);
	if (!(ferronic_read(nic, FERRONIC_TX_CTRL) & FERRONIC_TX_CTRL_ENABLE))
		return -EIO;

	return 0;
}

/* Gives both rings to the device. Returns 0, or -EIO with both stopped. */
int ferronic_hw_start(struct ferronic_nic *nic)
{
	int err;

	err = ferronic_hw_start_rx(nic);
	if (!err)
		err = ferronic_hw_start_tx(nic);
	if (err) {
		netdev_err(nic->netdev, "device refused a queue\n");
		ferronic_hw_stop(nic);
		return err;
	}

	ferronic_write(nic, FERRONIC_INT_ENABLE_SET,
		       BIT(FERRONIC_VECTOR_RX) | BIT(FERRONIC_VECTOR_TX));
	return 0;
}

/* On return the device has no access to the rings and their buffers. */
void ferronic_hw_stop(struct ferronic_nic *nic)
{
	const u32 active = FERRONIC_STATUS_RX_ACTIVE |
			   FERRONIC_STATUS_TX_ACTIVE;
	u32 status;

	ferronic_write(nic, FERRONIC_INT_ENABLE_CLEAR,
		       BIT(FERRONIC_VECTOR_RX) | BIT(FERRONIC_VECTOR_TX));
	ferronic_write(nic, FERRONIC_RX_CTRL, 0);
	ferronic_write(nic, FERRONIC_TX_CTRL, 0);
	if (!readl_poll_timeout(nic->regs + FERRONIC_STATUS, status,
				!(status & active),
				FERRONIC_POLL_US, FERRONIC_DEADLINE_US))
		return;

	netdev_err(nic->netdev, "queues did not stop, resetting the device\n");
	if (ferronic_hw_reset(nic)) {
		pci_clear_master(nic->pdev);
		return;
	}
	ferronic_hw_set_mac(nic, nic->netdev->dev_addr);
	ferronic_write(nic, FERRONIC_INT_ENABLE_SET,
		       BIT(FERRONIC_VECTOR_MGMT));
}
