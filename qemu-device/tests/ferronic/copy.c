/*
 * QTest of the ferronic NIC: the copy engine
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

#define START       FERRONIC_DMA_CTRL_START
#define STOP        FERRONIC_DMA_CTRL_STOP
#define TO_MEMORY   FERRONIC_DMA_CTRL_TO_MEMORY
#define ACTIVE      FERRONIC_DMA_STATUS_ACTIVE
#define ERROR       FERRONIC_DMA_STATUS_ERROR
#define DONE        FERRONIC_MGMT_CAUSE_DMA_DONE

static void copy(Nic *nic, uint64_t addr, uint32_t offset, uint32_t length,
                 uint32_t ctrl)
{
    reg_write(nic, FERRONIC_DMA_ADDR_LO, addr);
    reg_write(nic, FERRONIC_DMA_ADDR_HI, addr >> 32);
    reg_write(nic, FERRONIC_DMA_OFFSET, offset);
    reg_write(nic, FERRONIC_DMA_LENGTH, length);
    reg_write(nic, FERRONIC_DMA_CTRL, ctrl | START);
}

static void test_there_and_back(void)
{
    Nic *nic = nic_start();
    uint8_t data[4096], got[4096];
    size_t i;

    for (i = 0; i < sizeof(data); i++) {
        data[i] = i * 3 + i / 256;
    }
    qtest_memwrite(nic->qts, TX_MEMORY, data, sizeof(data));
    copy(nic, TX_MEMORY, 0, 4096, 0);
    step(nic, 64 * DESC_NS - 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, ACTIVE);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    step(nic, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, 0);
    take_cause(nic, DONE);

    copy(nic, RX_MEMORY + 1, 100, 1000, TO_MEMORY);
    step(nic, SOON_NS);
    take_cause(nic, DONE);
    qtest_memread(nic->qts, RX_MEMORY + 1, got, 1000);
    g_assert_cmpmem(got, 1000, data + 100, 1000);
    g_assert_cmphex(qtest_readb(nic->qts, RX_MEMORY), ==, 0);
    g_assert_cmphex(qtest_readb(nic->qts, RX_MEMORY + 1001), ==, 0);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_stop(void)
{
    Nic *nic = nic_start_with(",dma-latency-ns=1000");

    qtest_memset(nic->qts, RX_MEMORY, 0xee, 64);
    copy(nic, RX_MEMORY, 0, 4096, TO_MEMORY);
    step(nic, 1000);
    reg_write(nic, FERRONIC_DMA_CTRL, STOP);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, ACTIVE);
    step(nic, STOP_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, ERROR);
    take_cause(nic, DONE);
    step(nic, 100000);
    g_assert_cmphex(qtest_readb(nic->qts, RX_MEMORY), ==, 0xee);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_bad_copies(void)
{
    Nic *nic = nic_start();

    copy(nic, RX_MEMORY, 0, 0, TO_MEMORY);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    copy(nic, RX_MEMORY, 1, 4096, TO_MEMORY);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    copy(nic, RX_MEMORY, 4095, 8191, TO_MEMORY);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, 0);
    take_violations(nic, 3);

    copy(nic, RX_MEMORY, 0, 4096, TO_MEMORY);
    reg_write(nic, FERRONIC_DMA_CTRL, START);
    reg_write(nic, FERRONIC_DMA_LENGTH, 1);
    take_violations(nic, 2);
    g_assert_cmpint(reg_read(nic, FERRONIC_DMA_LENGTH), ==, 4096);
    step(nic, SOON_NS);
    take_cause(nic, DONE | FERRONIC_MGMT_CAUSE_CONFIG_ERROR);

    copy(nic, NOWHERE, 0, 64, TO_MEMORY);
    step(nic, SOON_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, ERROR);
    take_cause(nic, DONE | FERRONIC_MGMT_CAUSE_DMA_ERROR);
    take_violations(nic, 1);
    nic_stop(nic);
}

void ferronic_add_copy_tests(void)
{
    qtest_add_func("/ferronic/copy/there-and-back", test_there_and_back);
    qtest_add_func("/ferronic/copy/stop", test_stop);
    qtest_add_func("/ferronic/copy/bad-copies", test_bad_copies);
}
