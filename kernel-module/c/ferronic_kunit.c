// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: tests of ferronic_ring.h.
 */
#include <kunit/test.h>
#include <linux/skbuff.h>

#include "ferronic_ring.h"

#define MASK	(FERRONIC_RING_DEFAULT - 1)

static void ferronic_test_ring_size(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ferronic_ring_size(0), FERRONIC_RING_MIN);
	KUNIT_EXPECT_EQ(test, ferronic_ring_size(64), 64);
	KUNIT_EXPECT_EQ(test, ferronic_ring_size(65), 128);
	KUNIT_EXPECT_EQ(test, ferronic_ring_size(4096), 4096);
	KUNIT_EXPECT_EQ(test, ferronic_ring_size(U32_MAX), 4096);
}

static void ferronic_test_ring_unused(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ferronic_ring_unused(MASK, 0, 0), MASK);
	KUNIT_EXPECT_EQ(test, ferronic_ring_unused(MASK, MASK, 0), 0);
	KUNIT_EXPECT_EQ(test, ferronic_ring_unused(MASK, 7, 5), MASK - 2);
	/* Indices run over. */
	KUNIT_EXPECT_EQ(test, ferronic_ring_unused(MASK, 2, U32_MAX), MASK - 3);
	KUNIT_EXPECT_EQ(test, ferronic_ring_unused(MASK, MASK - 1, U32_MAX), 0);
}

static void ferronic_test_tx_wake(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ferronic_tx_wake(4095), 1024);
	KUNIT_EXPECT_EQ(test, ferronic_tx_wake(511), 128);
	/* Waking must leave room for a frame, in the smallest ring too. */
	KUNIT_EXPECT_EQ(test, ferronic_tx_wake(63), 2 * FERRONIC_TX_DESCS);
	KUNIT_EXPECT_LT(test, ferronic_tx_wake(63), 63);
}

static void ferronic_test_tx_done(struct kunit *test)
{
	u32 done;

	KUNIT_EXPECT_TRUE(test, ferronic_tx_done(MASK, 10, 5, 5, &done));
	KUNIT_EXPECT_EQ(test, done, 0);
	KUNIT_EXPECT_TRUE(test, ferronic_tx_done(MASK, 10, 5, 10, &done));
	KUNIT_EXPECT_EQ(test, done, 5);
	/* Around the end of the ring, and of the indices. */
	KUNIT_EXPECT_TRUE(test, ferronic_tx_done(MASK, 514, 510, 1, &done));
	KUNIT_EXPECT_EQ(test, done, 3);
	KUNIT_EXPECT_TRUE(test, ferronic_tx_done(MASK, 1, U32_MAX, 1, &done));
	KUNIT_EXPECT_EQ(test, done, 2);
}

static void ferronic_test_tx_bad_head(struct kunit *test)
{
	u32 done;

	/* Not given, gone back, outside of the ring. */
	KUNIT_EXPECT_FALSE(test, ferronic_tx_done(MASK, 10, 5, 11, &done));
	KUNIT_EXPECT_FALSE(test, ferronic_tx_done(MASK, 10, 5, 4, &done));
	KUNIT_EXPECT_FALSE(test, ferronic_tx_done(MASK, 10, 5, MASK + 6, &done));
	KUNIT_EXPECT_FALSE(test, ferronic_tx_done(MASK, 10, 5, U32_MAX, &done));
	KUNIT_EXPECT_FALSE(test, ferronic_tx_done(MASK, 5, 5, 6, &done));
}

static void ferronic_test_tx_words(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ferronic_tx_layout(1514), 1514);
	KUNIT_EXPECT_EQ(test, ferronic_tx_layout(65535), 0xffff);
	KUNIT_EXPECT_EQ(test, ferronic_tx_layout_csum(34, 16),
			34u << 16 | 16u << 25);
	KUNIT_EXPECT_EQ(test, ferronic_tx_layout_csum(511, 127), 0xffff0000u);
	KUNIT_EXPECT_EQ(test, ferronic_tx_command_tso(1448, 66),
			66u << 18 | 1448u << 4 | FERRONIC_TX_DESC_COMMAND_TSO);
	KUNIT_EXPECT_EQ(test, ferronic_tx_command_tso(16383, 1023),
			FERRONIC_TX_DESC_COMMAND_HEADER |
			FERRONIC_TX_DESC_COMMAND_MSS |
			FERRONIC_TX_DESC_COMMAND_TSO);
}

static void ferronic_test_tx_bytes(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ferronic_tx_bytes(60, 54, 1), 60);
	/* 54 + 2900 bytes in pieces of 1460. */
	KUNIT_EXPECT_EQ(test, ferronic_tx_bytes(2954, 54, 2), 3008);
}

static void ferronic_test_rx_length(struct kunit *test)
{
	const u32 eop = FERRONIC_RX_DESC_STATUS_EOP;

	KUNIT_EXPECT_TRUE(test, ferronic_rx_length_ok(eop | 60, 1664, true));
	KUNIT_EXPECT_TRUE(test, ferronic_rx_length_ok(eop | 1664, 1664, true));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(eop | 1665, 1664, true));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(eop | 13, 1664, true));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(eop, 1664, true));
	/* The last piece may be short, but not empty. */
	KUNIT_EXPECT_TRUE(test, ferronic_rx_length_ok(eop | 1, 1664, false));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(eop, 1664, false));
	/* The others are full. */
	KUNIT_EXPECT_TRUE(test, ferronic_rx_length_ok(1664, 1664, true));
	KUNIT_EXPECT_TRUE(test, ferronic_rx_length_ok(1664, 1664, false));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(1663, 1664, true));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_length_ok(1665, 1664, false));
}

static void ferronic_test_rx_csum(struct kunit *test)
{
	const u32 l3 = FERRONIC_RX_DESC_STATUS_L3_CHECKED;
	const u32 l4 = FERRONIC_RX_DESC_STATUS_L4_CHECKED;

	KUNIT_EXPECT_TRUE(test, ferronic_rx_csum_good(l3 | l4));
	KUNIT_EXPECT_TRUE(test, ferronic_rx_csum_good(l4));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_csum_good(l3));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_csum_good(0));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_csum_good(l3 | l4 |
					FERRONIC_RX_DESC_STATUS_L4_BAD));
	KUNIT_EXPECT_TRUE(test, ferronic_rx_csum_bad(l3 |
					FERRONIC_RX_DESC_STATUS_L3_BAD));
	KUNIT_EXPECT_FALSE(test, ferronic_rx_csum_bad(l3 | l4));
}

static struct kunit_case ferronic_ring_cases[] = {
	KUNIT_CASE(ferronic_test_ring_size),
	KUNIT_CASE(ferronic_test_ring_unused),
	KUNIT_CASE(ferronic_test_tx_wake),
	KUNIT_CASE(ferronic_test_tx_done),
	KUNIT_CASE(ferronic_test_tx_bad_head),
	KUNIT_CASE(ferronic_test_tx_words),
	KUNIT_CASE(ferronic_test_tx_bytes),
	KUNIT_CASE(ferronic_test_rx_length),
	KUNIT_CASE(ferronic_test_rx_csum),
	{ }
};

static struct kunit_suite ferronic_ring_suite = {
	.name = "ferronic_c_ring",
	.test_cases = ferronic_ring_cases,
};

kunit_test_suite(ferronic_ring_suite);
