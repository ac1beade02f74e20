/*
 * QTest of the ferronic NIC: link, and the faults that QMP commands inject
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void test_link_down(void)
{
    Nic *nic = nic_start_linked();

    rx_start(nic);
    tx_start(nic);
    set_link(nic, false);
    assert_link(nic, false);
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    set_link(nic, false);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    g_assert_cmpint(tx_errors(nic, 0), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_ERRORS), ==, 1);

    set_link(nic, true);
    assert_link(nic, true);
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    g_assert_cmpint(tx_errors(nic, 0), ==, 1);
    nic_stop(nic);
}

static void test_flap(void)
{
    Nic *nic = nic_start();
    int i;

    inject_flap(nic, 1000000, 3);
    for (i = 0; i < 3; i++) {
        assert_link(nic, false);
        take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
        step(nic, 999999);
        assert_link(nic, false);
        step(nic, 1);
        assert_link(nic, true);
        take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
        g_assert_cmpint(query_counter(nic, "link-flaps-delivered"), ==, i + 1);
        step(nic, 1000000);
    }
    assert_link(nic, true);
    g_assert_cmpint(query_counter(nic, "link-flaps-requested"), ==, 3);
    g_assert_cmpint(query_counter(nic, "link-flaps-ineffective"), ==, 0);

    set_link(nic, false);
    inject_flap(nic, 1000000, 1);
    step(nic, 2000000);
    assert_link(nic, false);
    g_assert_cmpint(query_counter(nic, "link-flaps-ineffective"), ==, 1);
    g_assert_cmpint(query_counter(nic, "link-flaps-delivered"), ==, 3);
    nic_stop(nic);
}

static void test_flap_survives_reset(void)
{
    Nic *nic = nic_start();

    inject_flap(nic, 10 * FERRONIC_RESET_DELAY_NS, 1);
    step(nic, 1);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==, FERRONIC_STATUS_READY);
    step(nic, 10 * FERRONIC_RESET_DELAY_NS);
    assert_link(nic, true);
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    nic_stop(nic);
}

/* States that the device notes */

static void test_states(void)
{
    Nic *nic = nic_start_linked();

    g_assert_cmpint(query_state(nic, "no-such-state"), ==, -1);
    g_assert_cmpint(query_state(nic, "link-down"), ==, 0);
    g_assert_cmpint(query_state(nic, "tx-begins"), ==, 0);
    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(query_state(nic, "tx-begins"), ==, 1);
    g_assert_cmpint(query_state(nic, "tx-goes-on"), ==, 0);
    tx_queue_frame(nic, 60, other, 2, 0);
    tx_doorbell(nic);
    tx_queue_frame(nic, 60, other, 3, 0);
    tx_doorbell(nic);
    g_assert_cmpint(query_state(nic, "tx-goes-on"), ==, 1);
    step(nic, LATENCY_NS + 2 * DESC_NS);
    set_link(nic, false);
    set_link(nic, true);
    g_assert_cmpint(query_state(nic, "link-down"), ==, 1);
    g_assert_cmpint(query_state(nic, "contract-broken"), ==, 0);
    /* It counts since the device was created. */
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    g_assert_cmpint(query_state(nic, "tx-begins"), ==, 2);
    nic_stop(nic);
}

/* Storms */

static void test_storm(void)
{
    Nic *nic = nic_start();
    int i;

    msix_start(nic);
    inject_storm(nic, VECTOR_RX(0), 1000, 10);
    for (i = 0; i < 10; i++) {
        g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==,
                        i + 1);
        g_assert_true(took_message(nic, VECTOR_RX(0)));
        step(nic, 999999);
        g_assert_false(took_message(nic, VECTOR_RX(0)));
        step(nic, 1);
    }
    step(nic, 100000000);
    g_assert_cmpint(query_counter(nic, "irq-storms"), ==, 1);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-requested"), ==, 10);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 10);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 0);
    g_assert_cmpint(query_delivered(nic, VECTOR_RX(0)), ==, 10);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    nic_stop(nic);
}

static void test_storm_obeys_masks(void)
{
    Nic *nic = nic_start();
    uint16_t command = qpci_config_readw(nic->pci, PCI_COMMAND);

    inject_storm(nic, VECTOR_RX(0), 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 5);

    msix_start(nic);
    msix_set_mask(nic, VECTOR_RX(0), true);
    inject_storm(nic, VECTOR_RX(0), 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 10);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    msix_set_mask(nic, VECTOR_RX(0), false);
    g_assert_true(took_message(nic, VECTOR_RX(0)));

    qpci_config_writew(nic->pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    inject_storm(nic, VECTOR_RX(0), 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 15);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 0);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    nic_stop(nic);
}

#define STORM(path, vector, rate, count) \
    "{'execute': 'ferronic-inject-irq-storm', 'arguments': {'path': '" path \
    "', 'vector': " vector ", 'rate-hz': " rate ", 'count': " count "}}"
#define FLAP(down, count) \
    "{'execute': 'ferronic-inject-link-flap', 'arguments': {" \
    "'path': '" NIC0_PATH "', 'down-ns': " down \
    ", 'count': " count "}}"

static void test_refusals(void)
{
    static const char *const refused[][2] = {
        { STORM(NIC0_PATH, "9", "10", "10"), "from 0 to 8" },
        { STORM(NIC0_PATH, "0", "0", "10"), "from 1 to 1000000" },
        { STORM(NIC0_PATH, "0", "1000001", "10"), "from 1 to 1000000" },
        { STORM(NIC0_PATH, "0", "10", "0"), "from 1 to 10000000" },
        { STORM("/machine", "0", "10", "10"), "must be a ferronic" },
        { STORM("/machine/nothing", "0", "10", "10"), "/machine/nothing" },
        { FLAP("999", "1"), "from 1000 to 60000000000" },
        { FLAP("60000000001", "1"), "from 1000 to 60000000000" },
        { FLAP("1000", "0"), "from 1 to 100000" },
        { "{'execute': 'query-ferronic', 'arguments': {'path': 'x'}}", "'x'" },
    };
    Nic *nic = nic_start();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_refused(nic, refused[i][0], refused[i][1]);
    }
    inject_storm(nic, 0, 10, 100);
    assert_refused(nic, STORM(NIC0_PATH, "0", "10", "10"), "in progress");
    inject_storm(nic, 1, 10, 100);
    inject_flap(nic, 1000000, 2);
    assert_refused(nic, FLAP("1000", "1"), "in progress");
    nic_stop(nic);
}

void ferronic_add_link_tests(void)
{
    qtest_add_func("/ferronic/link/down", test_link_down);
    qtest_add_func("/ferronic/link/flap", test_flap);
    qtest_add_func("/ferronic/link/flap-survives-reset",
                   test_flap_survives_reset);
    qtest_add_func("/ferronic/states", test_states);
    qtest_add_func("/ferronic/storm/counters", test_storm);
    qtest_add_func("/ferronic/storm/obeys-masks", test_storm_obeys_masks);
    qtest_add_func("/ferronic/faults/refusals", test_refusals);
}
