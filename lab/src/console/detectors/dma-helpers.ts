// SPDX-License-Identifier: Apache-2.0

/** What lies between a driver and the place where DMA-API debugging complains of it. */
export const dmaHelpers =
  /^(?:check_\w+|add_dma_entry|(?:trace|debug)_dma_\w+|err_printk|dma_(?:map|unmap|sync|free|alloc|direct)_\w+)$/;
