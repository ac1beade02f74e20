/*
 * QTest of the ferronic NIC: power states
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void set_power(Nic *nic, unsigned state)
{
    uint8_t cap = qpci_find_capability(nic->pci, PCI_CAP_ID_PM, 0);
    uint16_t control = qpci_config_readw(nic->pci, cap + PCI_PM_CTRL);

    g_assert_cmphex(cap, !=, 0);
    g_assert_cmphex(control & PCI_PM_CTRL_NO_SOFT_RESET, ==, 0);
    qpci_config_writew(nic->pci, cap + PCI_PM_CTRL,
                       (control & ~PCI_PM_CTRL_STATE_MASK) | state);
}

static unsigned get_power(Nic *nic)
{
    uint8_t cap = qpci_find_capability(nic->pci, PCI_CAP_ID_PM, 0);

    return qpci_config_readw(nic->pci, cap + PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}

static void test_sleep(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RX_FILTER, 3);
    set_power(nic, 3);
    g_assert_cmpint(get_power(nic), ==, 3);
    step(nic, 10 * FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==, 0xffffffff);
    reg_write(nic, FERRONIC_RX_FILTER, 3);
    g_assert_cmpint(query_counter(nic, "violations"), ==, 2);

    set_power(nic, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_LINK_UP);
    step(nic, FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
    nic_stop(nic);
}

static void test_states_that_do_not_exist(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RX_FILTER, 3);
    set_power(nic, 1);
    g_assert_cmpint(get_power(nic), ==, 0);
    set_power(nic, 2);
    g_assert_cmpint(get_power(nic), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 3);
    nic_stop(nic);
}

static void test_sleep_with_dma_active(void)
{
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    set_power(nic, 3);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    g_assert_cmpint(query_counter(nic, "violations"), ==, 1);
    nic_stop(nic);
}

void ferronic_add_power_tests(void)
{
    qtest_add_func("/ferronic/power/sleep-loses-everything", test_sleep);
    qtest_add_func("/ferronic/power/states-that-do-not-exist",
                   test_states_that_do_not_exist);
    qtest_add_func("/ferronic/power/sleep-with-dma-active",
                   test_sleep_with_dma_active);
}
