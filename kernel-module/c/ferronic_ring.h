/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ferronic: the arithmetic of rings and the words of descriptors. Nothing here
 * touches the device or allocates; ferronic_kunit.c tests it.
 *
 * Indices run freely and are masked on use. Of a ring the device owns what lies
 * from the one to the other index, at most size - 1 descriptors: a ring with
 * all of them given would look like an empty one.
 */
#ifndef FERRONIC_RING_H
#define FERRONIC_RING_H

#include <linux/bitfield.h>
#include <linux/if_ether.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "ferronic_regs.gen.h"

/* A frame of the stack has a head and fragments. */
#define FERRONIC_TX_DESCS	(MAX_SKB_FRAGS + 1)

#define FERRONIC_RING_MIN	64
#define FERRONIC_RING_DEFAULT	512

/* What ethtool asks for, as the device can do it. */
static inline u32 ferronic_ring_size(u32 wanted)
{
	wanted = clamp(wanted, FERRONIC_RING_MIN, FERRONIC_RING_SIZE_MAX);
	return roundup_pow_of_two(wanted);
}

/* Descriptors that can still be given. */
static inline u32 ferronic_ring_unused(u32 mask, u32 produced, u32 consumed)
{
	return mask - (produced - consumed);
}

/* A stopped transmit queue is woken when this many descriptors are free. */
static inline u32 ferronic_tx_wake(u32 mask)
{
	return max_t(u32, (mask + 1) / 4, 2 * FERRONIC_TX_DESCS);
}

/*
 * How many descriptors are done when the device has written back @head.
 * Returns false if it lies outside of what was given.
 */
static inline bool ferronic_tx_done(u32 mask, u32 given, u32 consumed,
				    u32 head, u32 *done)
{
	*done = (head - consumed) & mask;
	return head <= mask && *done <= given - consumed;
}

static inline u32 ferronic_tx_layout(u32 length)
{
	return FIELD_PREP(FERRONIC_TX_DESC_LAYOUT_LENGTH, length);
}

static inline u32 ferronic_tx_layout_csum(u32 start, u32 offset)
{
	return FIELD_PREP(FERRONIC_TX_DESC_LAYOUT_CSUM_START, start) |
	       FIELD_PREP(FERRONIC_TX_DESC_LAYOUT_CSUM_OFFSET, offset);
}

static inline u32 ferronic_tx_command_tso(u32 mss, u32 header)
{
	return FERRONIC_TX_DESC_COMMAND_TSO |
	       FIELD_PREP(FERRONIC_TX_DESC_COMMAND_MSS, mss) |
	       FIELD_PREP(FERRONIC_TX_DESC_COMMAND_HEADER, header);
}

/* Bytes on the link of a frame that is cut into @segs segments. */
static inline u32 ferronic_tx_bytes(u32 length, u32 header, u32 segs)
{
	return length + (segs - 1) * header;
}

/*
 * Whether a received piece is as long as it must be: all buffers of a frame but
 * the last are full.
 */
static inline bool ferronic_rx_length_ok(u32 status, u32 buffer, bool first)
{
	u32 length = FIELD_GET(FERRONIC_RX_DESC_STATUS_LENGTH, status);

	if (!(status & FERRONIC_RX_DESC_STATUS_EOP))
		return length == buffer;
	return length <= buffer && length >= (first ? ETH_HLEN : 1);
}

/* Whether the device found the checksum of TCP or UDP right. */
static inline bool ferronic_rx_csum_good(u32 status)
{
	return (status & (FERRONIC_RX_DESC_STATUS_L4_CHECKED |
			  FERRONIC_RX_DESC_STATUS_L4_BAD |
			  FERRONIC_RX_DESC_STATUS_L3_BAD)) ==
	       FERRONIC_RX_DESC_STATUS_L4_CHECKED;
}

static inline bool ferronic_rx_csum_bad(u32 status)
{
	return status & (FERRONIC_RX_DESC_STATUS_L4_BAD |
			 FERRONIC_RX_DESC_STATUS_L3_BAD);
}

#endif /* FERRONIC_RING_H */
