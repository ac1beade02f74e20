/*
 * QTest of the ferronic NIC: registers and reset
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void test_identity(void)
{
    Nic *nic = nic_start();

    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_VENDOR_ID), ==,
                    FERRONIC_PCI_VENDOR_ID);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_DEVICE_ID), ==,
                    FERRONIC_PCI_DEVICE_ID);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_CLASS_DEVICE), ==,
                    FERRONIC_PCI_CLASS);
    g_assert_cmphex(qpci_config_readb(nic->pci, PCI_REVISION_ID), ==,
                    FERRONIC_REVISION);
    g_assert_cmphex(qpci_config_readb(nic->pci, PCI_INTERRUPT_PIN), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==,
                    (uint32_t)FERRONIC_MAGIC << FERRONIC_ID_MAGIC_SHIFT |
                    FERRONIC_REVISION);
    qpci_msix_enable(nic->pci);
    g_assert_cmpint(qpci_msix_table_size(nic->pci), ==, FERRONIC_VECTORS);
    nic_stop(nic);
}

static void test_reset_values(void)
{
    Nic *nic = nic_start();

    assert_reset_values(nic);
    nic_stop(nic);
}

static void test_writes(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_ID, 0);
    reg_write(nic, FERRONIC_STATUS, 0);
    reg_write(nic, FERRONIC_INT_ENABLE, 7);
    reg_write(nic, FERRONIC_RX_FRAMES, 7);
    reg_write(nic, FERRONIC_RX_HEAD(3), 7);
    take_violations(nic, 5);
    reg_write(nic, FERRONIC_SCRATCH, 0x5a5a5a5a);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, 0x5a5a5a5a);
    reg_write(nic, FERRONIC_SCRATCH, 0);
    take_violations(nic, 0);

    reg_write(nic, FERRONIC_CTRL, 0xfffffffe);
    g_assert_cmphex(reg_read(nic, FERRONIC_CTRL), ==, FERRONIC_CTRL_LOOPBACK);
    reg_write(nic, FERRONIC_MAC_HI, 0xffffffff);
    g_assert_cmphex(reg_read(nic, FERRONIC_MAC_HI), ==, 0xffff);
    reg_write(nic, FERRONIC_RX_FILTER, 0xffffffff);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==,
                    FERRONIC_RX_FILTER_BITS);
    take_violations(nic, 3);
    nic_stop(nic);
}

static void test_access_size(void)
{
    Nic *nic = nic_start();

    qpci_io_writeb(nic->pci, nic->bar, FERRONIC_RX_FILTER, 3);
    qpci_io_writew(nic->pci, nic->bar, FERRONIC_RX_FILTER, 3);
    qpci_io_writel(nic->pci, nic->bar, FERRONIC_RX_FILTER + 2, 3);
    qpci_io_writeq(nic->pci, nic->bar, FERRONIC_RX_BASE_LO(0), 3);
    g_assert_cmphex(qpci_io_readb(nic->pci, nic->bar, FERRONIC_ID), ==, 0);
    take_violations(nic, 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_MAX_FRAME), ==,
                    FERRONIC_MAX_FRAME_RESET_VALUE);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_BASE_LO(0)), ==, 0);
    nic_stop(nic);
}

static void test_holes(void)
{
    static const uint32_t holes[] = {
        0x0020, 0x0114, 0x033c, 0x0400, 0x101c, 0x1400, 0x2024, 0x3000, 0x4004,
        0x4044, 0x7ffc,
    };
    Nic *nic = nic_start();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(holes); i++) {
        reg_write(nic, holes[i], 0xffffffff);
        g_assert_cmphex(reg_read(nic, holes[i]), ==, 0);
    }
    take_violations(nic, 2 * ARRAY_SIZE(holes));
    nic_stop(nic);
}

static void test_ready_comes_late(void)
{
    Nic *nic = nic_start_in_reset("");

    step(nic, FERRONIC_RESET_DELAY_NS - 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, ==,
                    0);
    reg_write(nic, FERRONIC_RX_FILTER, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 0);
    step(nic, 1);
    take_violations(nic, 2);
    reg_write(nic, FERRONIC_RX_FILTER, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 1);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_by_register(void)
{
    Nic *nic = nic_start();

    dirty_everything(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_LINK_UP);
    step(nic, FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
    nic_stop(nic);
}

static void test_by_function(void)
{
    Nic *nic = nic_start();
    uint8_t cap = qpci_find_capability(nic->pci, PCI_CAP_ID_EXP, 0);
    uint16_t control;

    g_assert_cmphex(cap, !=, 0);
    rx_start(nic);
    reg_write(nic, FERRONIC_RX_FILTER, 3);
    control = qpci_config_readw(nic->pci, cap + PCI_EXP_DEVCTL);
    qpci_config_writew(nic->pci, cap + PCI_EXP_DEVCTL,
                       control | PCI_EXP_DEVCTL_BCR_FLR);
    nic->bus->mmio_alloc_ptr = 0xE0000000;
    qpci_device_enable(nic->pci);
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_LINK_UP);
    step(nic, FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
    nic_stop(nic);
}

static void test_with_dma_active(void)
{
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    assert_reset_values(nic);
    g_assert_cmpint(query_counter(nic, "violations"), ==, 1);
    nic_stop(nic);
}

void ferronic_add_register_tests(void)
{
    qtest_add_func("/ferronic/registers/identity", test_identity);
    qtest_add_func("/ferronic/registers/reset-values", test_reset_values);
    qtest_add_func("/ferronic/registers/writes", test_writes);
    qtest_add_func("/ferronic/registers/access-size", test_access_size);
    qtest_add_func("/ferronic/registers/holes", test_holes);
    qtest_add_func("/ferronic/reset/ready-comes-late", test_ready_comes_late);
    qtest_add_func("/ferronic/reset/by-register", test_by_register);
    qtest_add_func("/ferronic/reset/by-function", test_by_function);
    qtest_add_func("/ferronic/reset/with-dma-active", test_with_dma_active);
}
