/*
 * QTest of the ferronic NIC: rules of the rings
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void assert_enable_refused(Nic *nic, uint32_t ctrl)
{
    reg_write(nic, ctrl, 1);
    g_assert_cmphex(reg_read(nic, ctrl), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    take_violations(nic, 1);
}

static void test_bad_sizes(void)
{
    static const uint32_t sizes[] = { 0, 1, 4, 7, 9, 100, 4095, 4097, 8191 };
    Nic *nic = nic_start();
    unsigned i, q;

    for (q = 0; q < FERRONIC_QUEUES; q++) {
        reg_write(nic, FERRONIC_RX_BASE_LO(q), rx_desc(nic, q, 0));
        reg_write(nic, FERRONIC_TX_BASE_LO(q), tx_desc(nic, q, 0));
        reg_write(nic, FERRONIC_TX_WRITEBACK_LO(q), WRITEBACK);
        for (i = 0; i < ARRAY_SIZE(sizes); i++) {
            reg_write(nic, FERRONIC_RX_SIZE(q), sizes[i]);
            assert_enable_refused(nic, FERRONIC_RX_CTRL(q));
            reg_write(nic, FERRONIC_TX_SIZE(q), sizes[i]);
            assert_enable_refused(nic, FERRONIC_TX_CTRL(q));
        }
        reg_write(nic, FERRONIC_RX_SIZE(q), 4096);
        reg_write(nic, FERRONIC_TX_SIZE(q), 4096);
        reg_write(nic, FERRONIC_RX_CTRL(q), 1);
        reg_write(nic, FERRONIC_TX_CTRL(q), 1);
        g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL(q)), ==, 1);
        g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(q)), ==, 1);
    }
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_bad_addresses(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RX_SIZE(0), RING_SIZE);
    reg_write(nic, FERRONIC_TX_SIZE(0), RING_SIZE);
    assert_enable_refused(nic, FERRONIC_RX_CTRL(0));
    reg_write(nic, FERRONIC_RX_BASE_LO(0), RX_RING + 32);
    assert_enable_refused(nic, FERRONIC_RX_CTRL(0));
    reg_write(nic, FERRONIC_RX_BASE_HI(0), 0xffffffff);
    reg_write(nic, FERRONIC_RX_BASE_LO(0), 0xffffffc0);
    assert_enable_refused(nic, FERRONIC_RX_CTRL(0));

    reg_write(nic, FERRONIC_TX_BASE_LO(0), TX_RING);
    assert_enable_refused(nic, FERRONIC_TX_CTRL(0));
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(0), WRITEBACK + 8);
    assert_enable_refused(nic, FERRONIC_TX_CTRL(0));
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(0), WRITEBACK);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(0)), ==, 1);
    g_assert_cmpint(query_counter(nic, "config-errors"), ==, 5);
    nic_stop(nic);
}

static void test_bad_buffers_and_vectors(void)
{
    static const uint32_t buffers[] = { 0, 255, 16385, 32767 };
    Nic *nic = nic_start();
    unsigned i;

    reg_write(nic, FERRONIC_RX_BASE_LO(0), RX_RING);
    reg_write(nic, FERRONIC_RX_SIZE(0), RING_SIZE);
    for (i = 0; i < ARRAY_SIZE(buffers); i++) {
        reg_write(nic, FERRONIC_RX_BUFFER(0), buffers[i]);
        assert_enable_refused(nic, FERRONIC_RX_CTRL(0));
    }
    reg_write(nic, FERRONIC_RX_BUFFER(0), 16384);
    reg_write(nic, FERRONIC_RX_VECTOR(0), 8);
    reg_write(nic, FERRONIC_RX_VECTOR(0), 9);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    take_violations(nic, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_VECTOR(0)), ==, 8);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL(0)), ==, 1);
    nic_stop(nic);
}

static void test_running_ring_is_locked(void)
{
    static const uint32_t locked[] = {
        FERRONIC_RX_BASE_LO(0), FERRONIC_RX_BASE_HI(0), FERRONIC_RX_SIZE(0),
        FERRONIC_RX_BUFFER(0), FERRONIC_RX_VECTOR(0), FERRONIC_TX_BASE_LO(0),
        FERRONIC_TX_BASE_HI(0), FERRONIC_TX_SIZE(0), FERRONIC_TX_VECTOR(0),
        FERRONIC_TX_WRITEBACK_LO(0), FERRONIC_TX_WRITEBACK_HI(0),
    };
    Nic *nic = nic_start();
    unsigned i;

    rx_start(nic);
    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(locked); i++) {
        uint32_t before = reg_read(nic, locked[i]);

        reg_write(nic, locked[i], 2);
        g_assert_cmphex(reg_read(nic, locked[i]), ==, before);
        take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
        take_violations(nic, 1);
    }
    reg_write(nic, FERRONIC_RX_SIZE(1), 64);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_SIZE(1)), ==, 64);
    nic_stop(nic);
}

static void test_bad_doorbells(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RX_TAIL(0), 3);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL(0)), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    take_violations(nic, 1);

    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL(0), RING_SIZE);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    reg_write(nic, FERRONIC_RX_TAIL(0), 0xffffffff);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL(0)), ==, 0);
    take_violations(nic, 2);

    reg_write(nic, FERRONIC_RX_TAIL(0), 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL(0)), ==, 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    take_violations(nic, 0);
    reg_write(nic, FERRONIC_RX_TAIL(0), 2);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL(0)), ==, 5);
    take_violations(nic, 1);
    nic_stop(nic);
}

static void test_stop_takes_time(void)
{
    const uint32_t active = 1 << FERRONIC_DMA_STATUS_RX_ACTIVE_SHIFT |
                            1 << FERRONIC_DMA_STATUS_TX_ACTIVE_SHIFT;
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL(0)), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, active);
    assert_enable_refused(nic, FERRONIC_RX_CTRL(0));
    step(nic, STOP_DELAY_NS - 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, active);
    step(nic, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, 0);
    rx_start(nic);
    nic_stop(nic);
}

static void test_transfer_outlives_stop(void)
{
    Nic *nic = nic_start_with(",dma-latency-ns=10000");

    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_queue_frame(nic, 60, other, 2, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, 19999);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==,
                    1 << FERRONIC_DMA_STATUS_TX_ACTIVE_SHIFT);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    step(nic, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    nic_stop(nic);
}

static void test_change_in_transfer(void)
{
    Nic *nic = nic_start_with(",dma-latency-ns=10000");

    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_queue_frame(nic, 60, other, 2, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS);
    qtest_writeq(nic->qts, tx_desc(nic, 0, 1), TX_MEMORY);
    step(nic, SOON_NS);
    take_violations(nic, 1);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    nic_stop(nic);
}

void ferronic_add_ring_tests(void)
{
    qtest_add_func("/ferronic/rings/bad-sizes", test_bad_sizes);
    qtest_add_func("/ferronic/rings/bad-addresses", test_bad_addresses);
    qtest_add_func("/ferronic/rings/bad-buffers-and-vectors",
                   test_bad_buffers_and_vectors);
    qtest_add_func("/ferronic/rings/running-ring-is-locked",
                   test_running_ring_is_locked);
    qtest_add_func("/ferronic/rings/bad-doorbells", test_bad_doorbells);
    qtest_add_func("/ferronic/rings/stop-takes-time", test_stop_takes_time);
    qtest_add_func("/ferronic/rings/transfer-outlives-stop",
                   test_transfer_outlives_stop);
    qtest_add_func("/ferronic/rings/change-in-transfer-is-seen",
                   test_change_in_transfer);
}
