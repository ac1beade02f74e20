/*
 * Ferronic NIC: receive side scaling
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_RSS_H
#define HW_NET_FERRONIC_RSS_H

#include "ferronic_core.h"
#include "ferronic_offload.h"

typedef enum FerronicHashType {
    FERRONIC_HASH_NONE,
    FERRONIC_HASH_ADDRESSES,
    FERRONIC_HASH_PORTS,
} FerronicHashType;

/* Hashes a packet. Returns the number of the queue that gets it. */
unsigned ferronic_rss_queue(FerronicRss *rss, const FerronicPacket *packet,
                            const uint8_t *frame, uint32_t *hash,
                            FerronicHashType *type);

#endif /* HW_NET_FERRONIC_RSS_H */
