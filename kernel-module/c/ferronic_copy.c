// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the copy engine, which moves bytes between memory and the device's
 * own.
 */
#include "ferronic.h"

#define FERRONIC_COPY_TIMEOUT	msecs_to_jiffies(500)

static void ferronic_copy_begin(struct ferronic_nic *nic, dma_addr_t dma,
				u32 offset, u32 length, bool to_memory)
{
	reinit_completion(&nic->copy_done);
	ferronic_write(nic, FERRONIC_DMA_ADDR_LO, lower_32_bits(dma));
	ferronic_write(nic, FERRONIC_DMA_ADDR_HI, upper_32_bits(dma));
	ferronic_write(nic, FERRONIC_DMA_LENGTH, length);
	ferronic_write(nic, FERRONIC_DMA_OFFSET, offset);
	ferronic_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_START |
		       (to_memory ? FERRONIC_DMA_CTRL_TO_MEMORY : 0));
}

/* On return, whatever it returns, the engine does not access memory. */
static int ferronic_copy_end(struct ferronic_nic *nic)
{
	long left = FERRONIC_COPY_TIMEOUT;
	u32 status;

	/* The completion may be that of a copy that was given up. */
	do {
		left = wait_for_completion_interruptible_timeout(&nic->copy_done,
								 left);
		status = ferronic_read(nic, FERRONIC_DMA_STATUS);
	} while (left > 0 && status & FERRONIC_DMA_STATUS_ACTIVE);

	if (ferronic_hw_gone(nic, status))
		return -ENODEV;
	if (!(status & FERRONIC_DMA_STATUS_ACTIVE))
		return status & FERRONIC_DMA_STATUS_ERROR ? -EIO : 0;

	ferronic_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_STOP);
	if (ferronic_hw_wait_inactive(nic, FERRONIC_DMA_STATUS_ACTIVE) ==
	    -ETIMEDOUT) {
		if (!ferronic_hw_flr(nic))
			ferronic_enable_mgmt(nic);
		ferronic_request_reset(nic);
	}
	return left < 0 ? -ERESTARTSYS : -ETIMEDOUT;
}

static void ferronic_copy_account(struct ferronic_nic *nic, int err)
{
	spin_lock_irq(&nic->mgmt_lock);
	nic->data->copies++;
	nic->data->copy_errors += !!err;
	spin_unlock_irq(&nic->mgmt_lock);
}

/**
 * ferronic_copy() - copies between memory and the device's own memory
 * @nic: the device
 * @dma: bus address
 * @offset: first byte in the device
 * @length: bytes, at least 1; @offset + @length is at most
 *	    FERRONIC_DMA_MEMORY_SIZE
 * @to_memory: direction
 *
 * Return: 0, -ERESTARTSYS, -ENODEV, -EBUSY while the device is quiesced,
 * -ETIMEDOUT, or -EIO.
 */
int ferronic_copy(struct ferronic_nic *nic, dma_addr_t dma, u32 offset,
		  u32 length, bool to_memory)
{
	int err;

	if (mutex_lock_interruptible(&nic->copy_lock))
		return -ERESTARTSYS;

	if (nic->ready) {
		ferronic_copy_begin(nic, dma, offset, length, to_memory);
		err = ferronic_copy_end(nic);
		ferronic_copy_account(nic, err);
	} else {
		err = test_bit(FERRONIC_LOST, &nic->state) ? -ENODEV : -EBUSY;
	}
	mutex_unlock(&nic->copy_lock);
	return err;
}

void ferronic_copy_init(struct ferronic_nic *nic)
{
	mutex_init(&nic->copy_lock);
	init_completion(&nic->copy_done);
}
