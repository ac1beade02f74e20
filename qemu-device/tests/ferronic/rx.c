/*
 * QTest of the ferronic NIC: receive
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void test_frames(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i;

    rx_start(nic);
    for (i = 0; i < 3; i++) {
        link_send(nic, 60 + 500 * i, station, i);
    }
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 3);
    for (i = 0; i < 3; i++) {
        assert_received(nic, i, 60 + 500 * i, station, i);
    }
    g_assert_cmphex(rx_status(nic, 0, 3), ==, 0);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_HEAD(0)), ==, 3);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_filter(void)
{
    static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
    static const uint8_t multicast[6] = { 0x33, 0x33, 0, 0, 0, 1 };
    Nic *nic = nic_start_linked();

    rx_start(nic);
    link_send(nic, 60, other, 1);
    link_send(nic, 60, multicast, 2);
    link_send(nic, 60, broadcast, 3);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    assert_received(nic, 0, 60, broadcast, 3);

    reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_ALL_MULTI);
    link_send(nic, 60, other, 4);
    link_send(nic, 60, multicast, 5);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 2);
    assert_received(nic, 1, 60, multicast, 5);

    reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_PROMISC);
    link_send(nic, 60, other, 6);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 3);
    assert_received(nic, 2, 60, other, 6);

    reg_write(nic, FERRONIC_RX_FILTER, 0);
    reg_write(nic, FERRONIC_MAC_LO, ldl_le_p(other));
    reg_write(nic, FERRONIC_MAC_HI, lduw_le_p(other + 4));
    link_send(nic, 60, station, 7);
    link_send(nic, 60, other, 8);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 4);
    assert_received(nic, 3, 60, other, 8);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 0);
    nic_stop(nic);
}

static void test_too_long(void)
{
    Nic *nic = nic_start_linked();

    rx_start(nic);
    link_send(nic, 1515, station, 1);
    link_send(nic, 1514, station, 2);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    assert_received(nic, 0, 1514, station, 2);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 1);
    nic_stop(nic);
}

static void test_jumbo(void)
{
    const size_t size = FERRONIC_FRAME_MAX;
    Nic *nic = nic_start_linked();
    g_autofree uint8_t *expected = g_malloc(size);
    uint8_t got[BUFFER_SIZE];
    uint32_t i;

    rx_start(nic);
    reg_write(nic, FERRONIC_MAX_FRAME, size);
    link_send(nic, size, station, 3);
    link_send(nic, 60, station, 4);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 2);
    make_frame(expected, size, station, 3);
    for (i = 0; i < 5; i++) {
        size_t piece = MIN(BUFFER_SIZE, size - i * BUFFER_SIZE);

        g_assert_cmphex(rx_status(nic, 0, i), ==,
                        RX_DONE | piece | (i == 4 ? RX_EOP : 0));
        qtest_memread(nic->qts, rx_buffer(nic, 0, i), got, piece);
        g_assert_cmpmem(got, piece, expected + i * BUFFER_SIZE, piece);
    }
    assert_received(nic, 5, 60, station, 4);
    nic_stop(nic);
}

static void test_longer_than_the_ring(void)
{
    Nic *nic = nic_start_linked();

    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_RX_BUFFER(0), 256);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
    reg_write(nic, FERRONIC_RX_TAIL(0), RING_SIZE - 1);
    reg_write(nic, FERRONIC_MAX_FRAME, FERRONIC_FRAME_MAX);
    link_send(nic, 7 * 256 + 1, station, 1);
    link_send(nic, 7 * 256, station, 2);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    g_assert_cmphex(rx_status(nic, 0, 6), ==, RX_DONE | RX_EOP | 256);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 1);
    nic_stop(nic);
}

static void test_full_ring_waits(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i;

    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL(0), 2);
    for (i = 0; i < 6; i++) {
        link_send(nic, 100, station, i);
    }
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 2);
    g_usleep(20000);
    step(nic, SOON_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 2);

    reg_write(nic, FERRONIC_RX_TAIL(0), 7);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 6);
    for (i = 0; i < 6; i++) {
        assert_received(nic, i, 100, station, i);
    }
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 0);
    nic_stop(nic);
}

static void test_wraps(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i, index;

    rx_start(nic);
    for (i = 0; i < 5 * RING_SIZE; i++) {
        index = i % RING_SIZE;
        link_send(nic, 60 + i, station, i);
        wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, i + 1);
        assert_received(nic, index, 60 + i, station, i);
        rx_fill_desc(nic, 0, index, rx_buffer(nic, 0, index));
        reg_write(nic, FERRONIC_RX_TAIL(0), index);
    }
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_bad_buffer(void)
{
    const uint32_t failed = 1 << FERRONIC_DMA_STATUS_RX_FAILED_SHIFT;
    Nic *nic = nic_start_linked();

    rx_enable(nic);
    rx_fill_desc(nic, 0, 0, NOWHERE);
    reg_write(nic, FERRONIC_RX_TAIL(0), 7);
    link_send(nic, 60, station, 1);
    wait_for_reg(nic, FERRONIC_MGMT_CAUSE, ~0u, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, RX_DONE | RX_EOP | RX_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL(0)), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, failed);
    take_violations(nic, 1);
    link_send(nic, 60, station, 2);
    wait_for_reg(nic, FERRONIC_RX_MISSED, ~0u, 2);
    g_assert_cmpint(query_counter(nic, "dma-errors"), ==, 1);
    /* The driver need not know yet. */
    reg_write(nic, FERRONIC_RX_TAIL(0), 0);
    take_violations(nic, 0);

    rx_start(nic);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS) & failed, ==, 0);
    link_send(nic, 60, station, 3);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    assert_received(nic, 0, 60, station, 3);
    nic_stop(nic);
}

static void test_dirty_descriptor(void)
{
    Nic *nic = nic_start_linked();

    rx_enable(nic);
    qtest_writel(nic->qts, rx_desc(nic, 0, 0) + FERRONIC_RX_DESC_STATUS_OFFSET,
                 RX_DONE);
    reg_write(nic, FERRONIC_RX_TAIL(0), 7);
    link_send(nic, 60, station, 1);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    take_violations(nic, 1);
    assert_received(nic, 0, 60, station, 1);
    nic_stop(nic);
}

static void test_takes_time(void)
{
    Nic *nic = nic_start_with(",dma-latency-ns=10000");

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_queue_frame(nic, 60, station, 1, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS + 10000);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    step(nic, LATENCY_NS + 9999);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    step(nic, 1);
    assert_received(nic, 0, 60, station, 1);
    nic_stop(nic);
}

static void test_fifo_wraps(void)
{
    enum { COUNT = 200 };
    Nic *nic = nic_start_linked();
    uint32_t given = 1, i;

    /* One buffer at a time: the FIFO is full most of the time. */
    rx_enable(nic);
    reg_write(nic, FERRONIC_MAX_FRAME, FERRONIC_FRAME_MAX);
    reg_write(nic, FERRONIC_RX_TAIL(0), given);
    for (i = 0; i < COUNT; i++) {
        link_send(nic, 60 + i * 7 % 1900, station, i);
    }
    for (i = 0; i < COUNT; i++) {
        uint32_t index = i % RING_SIZE;

        wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, i + 1);
        assert_received(nic, index, 60 + i * 7 % 1900, station, i);
        given = (given + 1) % RING_SIZE;
        rx_fill_desc(nic, 0, (given + RING_SIZE - 1) % RING_SIZE,
                     rx_buffer(nic, 0, (given + RING_SIZE - 1) % RING_SIZE));
        reg_write(nic, FERRONIC_RX_TAIL(0), given);
    }
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 0);
    take_violations(nic, 0);
    nic_stop(nic);
}

void ferronic_add_rx_tests(void)
{
    qtest_add_func("/ferronic/rx/frames", test_frames);
    qtest_add_func("/ferronic/rx/filter", test_filter);
    qtest_add_func("/ferronic/rx/too-long", test_too_long);
    qtest_add_func("/ferronic/rx/jumbo-fills-several-buffers", test_jumbo);
    qtest_add_func("/ferronic/rx/longer-than-the-ring",
                   test_longer_than_the_ring);
    qtest_add_func("/ferronic/rx/full-ring-waits", test_full_ring_waits);
    qtest_add_func("/ferronic/rx/wraps", test_wraps);
    qtest_add_func("/ferronic/rx/bad-buffer", test_bad_buffer);
    qtest_add_func("/ferronic/rx/dirty-descriptor-is-seen",
                   test_dirty_descriptor);
    qtest_add_func("/ferronic/rx/takes-time", test_takes_time);
    qtest_add_func("/ferronic/rx/fifo-wraps", test_fifo_wraps);
}
