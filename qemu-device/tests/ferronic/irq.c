/*
 * QTest of the ferronic NIC: interrupts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void start_loopback(Nic *nic)
{
    msix_start(nic);
    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
}

static void test_auto_mask(void)
{
    Nic *nic = nic_start();

    start_loopback(nic);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT | TX_BIT);

    /* Enabling a pending vector fires it at once. */
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    g_assert_false(took_message(nic, VECTOR_TX(0)));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, TX_BIT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, 0);

    /* Firing disabled it. */
    tx_send(nic, 60, station, 2, 0);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT | TX_BIT);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT | TX_BIT);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    g_assert_true(took_message(nic, VECTOR_TX(0)));

    /* Enabled and not pending: fires with the event. */
    reg_write(nic, FERRONIC_INT_ENABLE_SET, TX_BIT);
    g_assert_false(took_message(nic, VECTOR_TX(0)));
    tx_send(nic, 60, station, 3, TX_INTERRUPT);
    g_assert_true(took_message(nic, VECTOR_TX(0)));
    g_assert_cmpint(query_delivered(nic, VECTOR_RX(0)), ==, 2);
    g_assert_cmpint(query_delivered(nic, VECTOR_TX(0)), ==, 2);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_shared_vector(void)
{
    Nic *nic = nic_start();

    start_loopback(nic);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_VECTOR(0), VECTOR_RX(0));
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT);
    nic_stop(nic);
}

static void test_no_vector(void)
{
    Nic *nic = nic_start();

    start_loopback(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_RX_VECTOR(0), 0);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
    reg_write(nic, FERRONIC_RX_TAIL(0), 7);
    tx_send(nic, 60, station, 1, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    assert_received(nic, 0, 60, station, 1);
    nic_stop(nic);
}

static void test_moderation(void)
{
    enum { INTERVAL = 1000000 };
    Nic *nic = nic_start();

    start_loopback(nic);
    reg_write(nic, FERRONIC_INT_MODERATION(VECTOR_RX(0)), INTERVAL);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 1, 0);
    g_assert_true(took_message(nic, VECTOR_RX(0)));

    /* At most a few hundred nanoseconds are gone since. */
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 2, 0);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT);
    step(nic, INTERVAL - 2 * SOON_NS);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    step(nic, SOON_NS);
    g_assert_true(took_message(nic, VECTOR_RX(0)));

    /* Long after: at once. */
    step(nic, 2 * INTERVAL);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 3, 0);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    nic_stop(nic);
}

static void test_management(void)
{
    Nic *nic = nic_start();

    msix_start(nic);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    set_link(nic, false);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, MGMT_BIT);
    reg_write(nic, FERRONIC_INT_PENDING, MGMT_BIT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, MGMT_BIT);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    nic_stop(nic);
}

static void test_masked_vector(void)
{
    Nic *nic = nic_start();

    msix_start(nic);
    msix_set_mask(nic, FERRONIC_VECTOR_MGMT, true);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    set_link(nic, false);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_true(qpci_msix_pending(nic->pci, FERRONIC_VECTOR_MGMT));
    msix_set_mask(nic, FERRONIC_VECTOR_MGMT, false);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_false(qpci_msix_pending(nic->pci, FERRONIC_VECTOR_MGMT));
    nic_stop(nic);
}

static void test_waits_for_msix(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    set_link(nic, false);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, MGMT_BIT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, MGMT_BIT);
    msix_start(nic);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, 0);
    nic_stop(nic);
}

static bool line_is_high(Nic *nic)
{
    return qpci_config_readw(nic->pci, PCI_STATUS) & PCI_STATUS_INTERRUPT;
}

static void test_line(void)
{
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 60, station, 1, 0);
    g_assert_false(line_is_high(nic));
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_true(line_is_high(nic));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, RX_BIT);

    /* What a handler does. */
    reg_write(nic, FERRONIC_INT_ENABLE_CLEAR, RX_BIT);
    g_assert_false(line_is_high(nic));
    reg_write(nic, FERRONIC_INT_PENDING, RX_BIT);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_false(line_is_high(nic));
    tx_send(nic, 60, station, 2, 0);
    g_assert_true(line_is_high(nic));

    msix_start(nic);
    g_assert_false(line_is_high(nic));
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    nic_stop(nic);
}

static void test_enabled_before_rings(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    take_violations(nic, 0);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    take_violations(nic, 1);
    rx_start(nic);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    take_violations(nic, 0);
    nic_stop(nic);
}

void ferronic_add_irq_tests(void)
{
    qtest_add_func("/ferronic/irq/auto-mask", test_auto_mask);
    qtest_add_func("/ferronic/irq/shared-vector", test_shared_vector);
    qtest_add_func("/ferronic/irq/no-vector", test_no_vector);
    qtest_add_func("/ferronic/irq/moderation", test_moderation);
    qtest_add_func("/ferronic/irq/management", test_management);
    qtest_add_func("/ferronic/irq/masked-vector", test_masked_vector);
    qtest_add_func("/ferronic/irq/waits-for-msix", test_waits_for_msix);
    qtest_add_func("/ferronic/irq/line", test_line);
    qtest_add_func("/ferronic/irq/enabled-before-rings",
                   test_enabled_before_rings);
}
