/*
 * QTest of the ferronic NIC: migration
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void wait_for_status(QTestState *qts, const char *command,
                            const char *wanted)
{
    int tries;

    for (tries = 0; tries < 5000; tries++) {
        QDict *info = qtest_qmp_assert_success_ref(qts, "{'execute': %s}",
                                                   command);
        const char *status = qdict_get_try_str(info, "status");
        bool reached = status && strcmp(status, wanted) == 0;

        qobject_unref(info);
        if (reached) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

Nic *nic_migrate(Nic *from, const char *options)
{
    g_autofree char *dir = g_dir_make_tmp("ferronic-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    g_autofree char *args = g_strdup_printf(DEVICE_ARGS "%s -incoming %s",
                                            options, uri);
    Nic *to = g_new0(Nic, 1);

    qtest_qmp_assert_success(from->qts,
        "{'execute': 'migrate', 'arguments': {'uri': %s}}", uri);
    wait_for_status(from->qts, "query-migrate", "completed");

    to->qts = qtest_initf("-M q35 -m 64 -nodefaults %s", args);
    wait_for_status(to->qts, "query-status", "running");
    to->now = qtest_clock_set(to->qts, from->now);
    to->bus = qpci_new_pc(to->qts, NULL);
    to->pci = qpci_device_find(to->bus, QPCI_DEVFN(4, 0));
    to->pci->msix_table_bar = from->pci->msix_table_bar;
    to->pci->msix_pba_bar = from->pci->msix_pba_bar;
    to->pci->msix_table_off = from->pci->msix_table_off;
    to->pci->msix_pba_off = from->pci->msix_pba_off;
    to->pci->msix_enabled = from->pci->msix_enabled;
    to->bar = from->bar;
    memcpy(to->tx_tail, from->tx_tail, sizeof(to->tx_tail));
    to->link = -1;
    nic_stop(from);
    unlink(file);
    rmdir(dir);
    return to;
}

static uint32_t *read_all(Nic *nic)
{
    uint32_t *values = g_new(uint32_t, test_register_count);
    unsigned i;

    for (i = 0; i < test_register_count; i++) {
        values[i] = reg_read(nic, test_registers[i].offset);
    }
    return values;
}

static void assert_same(const uint32_t *before, const uint32_t *after)
{
    unsigned i;

    for (i = 0; i < test_register_count; i++) {
        if (before[i] != after[i]) {
            g_test_message("%s at 0x%x", test_registers[i].name,
                           test_registers[i].offset);
        }
        g_assert_cmphex(before[i], ==, after[i]);
    }
}

static void test_everything(void)
{
    Nic *nic = nic_start();
    g_autofree uint32_t *before = NULL;
    g_autofree uint32_t *after = NULL;

    dirty_everything(nic);
    reg_write(nic, FERRONIC_MAC_LO, ldl_le_p(station));
    reg_write(nic, FERRONIC_MAC_HI, lduw_le_p(station + 4));
    inject_storm(nic, FERRONIC_VECTOR_MGMT, 1000, 10);
    inject_flap(nic, 5000000, 1);
    step(nic, 1);
    reg_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_START);
    tx_queue_frame(nic, 200, station, 7, 0);
    tx_doorbell(nic);
    before = read_all(nic);

    nic = nic_migrate(nic, "");
    after = read_all(nic);
    assert_same(before, after);
    assert_link(nic, false);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 1);

    /* The frame of the old machine fails in the new one: the link is down. */
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 3);
    g_assert_cmpint(tx_errors(nic, 0), ==, 2);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE) &
                    FERRONIC_MGMT_CAUSE_DMA_DONE, !=, 0);

    step(nic, 20000000);
    assert_link(nic, true);
    g_assert_cmpint(query_counter(nic, "link-flaps-delivered"), ==, 1);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 10);
    tx_send(nic, 300, station, 8, 0);
    assert_received(nic, 1, 300, station, 8);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    nic_stop(nic);
}

static void test_in_reset(void)
{
    Nic *nic = nic_start_in_reset("");

    step(nic, FERRONIC_RESET_DELAY_NS - 10);
    nic = nic_migrate(nic, "");
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_LINK_UP);
    step(nic, 10);
    assert_reset_values(nic);
    nic_stop(nic);
}

/*
 * In the middle of everything: a transfer that has begun, frames in the FIFO, a
 * queue that drains, a vector that is quiet.
 */
static void test_under_traffic(void)
{
    Nic *nic = nic_start();
    uint32_t i;

    msix_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    reg_write(nic, FERRONIC_DMA_LATENCY, 5000);
    reg_write(nic, FERRONIC_INT_MODERATION(VECTOR_RX(0)), 1000000);
    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL(0), 2);
    tx_start(nic);
    tx_start_queue(nic, 1);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    for (i = 0; i < 5; i++) {
        tx_queue_frame(nic, 100 + i, station, i, 0);
    }
    tx_doorbell(nic);
    step(nic, 100000);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 2);
    tx_queue_frame(nic, 105, station, 5, 0);
    tx_doorbell(nic);
    reg_write(nic, FERRONIC_TX_CTRL(1), 0);
    step(nic, 2000);
    g_assert_cmpint(tx_head(nic, 0), ==, 5);

    nic = nic_migrate(nic, "");
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==,
                    1 << FERRONIC_DMA_STATUS_RX_ACTIVE_SHIFT |
                    3 << FERRONIC_DMA_STATUS_TX_ACTIVE_SHIFT);
    step(nic, 3000);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==,
                    1 << FERRONIC_DMA_STATUS_RX_ACTIVE_SHIFT |
                    1 << FERRONIC_DMA_STATUS_TX_ACTIVE_SHIFT);
    step(nic, 5000);
    g_assert_cmpint(tx_head(nic, 0), ==, 6);
    reg_write(nic, FERRONIC_RX_TAIL(0), 7);
    step(nic, 100000);
    for (i = 0; i < 6; i++) {
        assert_received(nic, i, 100 + i, station, i);
    }
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    step(nic, 1000000);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    take_violations(nic, 0);
    nic_stop(nic);
}

void ferronic_add_migration_tests(void)
{
    qtest_add_func("/ferronic/migration/everything", test_everything);
    qtest_add_func("/ferronic/migration/in-reset", test_in_reset);
    qtest_add_func("/ferronic/migration/under-traffic", test_under_traffic);
}
