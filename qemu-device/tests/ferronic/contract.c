/*
 * QTest of the ferronic NIC: the rules that a driver must keep
 *
 * Each rule is kept first and then broken.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "inject.h"

#define EVENT_PERIOD_NS     100000000
#define RULES               FERRONIC_RULE_COUNT

#define CSUM    FERRONIC_TX_DESC_COMMAND_CSUM
#define TSO     FERRONIC_TX_DESC_COMMAND_TSO
#define MSS(n)  ((n) << FERRONIC_TX_DESC_COMMAND_MSS_SHIFT)
#define HEADER(n) ((n) << FERRONIC_TX_DESC_COMMAND_HEADER_SHIFT)
#define CSUM_START(n) ((n) << FERRONIC_TX_DESC_LAYOUT_CSUM_START_SHIFT)
#define CSUM_OFFSET(n) ((n) << FERRONIC_TX_DESC_LAYOUT_CSUM_OFFSET_SHIFT)

static void rx_configure(Nic *nic, uint32_t base, uint32_t size,
                         uint32_t buffer)
{
    reg_write(nic, FERRONIC_RX_BASE_LO(0), base);
    reg_write(nic, FERRONIC_RX_SIZE(0), size);
    reg_write(nic, FERRONIC_RX_BUFFER(0), buffer);
    reg_write(nic, FERRONIC_RX_CTRL(0), FERRONIC_RX_CTRL_ENABLE);
}

static void set_power(Nic *nic, unsigned state)
{
    uint8_t pm = qpci_find_capability(nic->pci, PCI_CAP_ID_PM, 0);

    qpci_config_writew(nic->pci, pm + PCI_PM_CTRL, state);
}

static void set_bus_master(Nic *nic, bool on)
{
    uint16_t command = qpci_config_readw(nic->pci, PCI_COMMAND);

    command &= ~PCI_COMMAND_MASTER;
    qpci_config_writew(nic->pci, PCI_COMMAND,
                       command | (on ? PCI_COMMAND_MASTER : 0));
}

/* Sends one descriptor; the frame is what is there. */
static void tx_words(Nic *nic, uint32_t layout, uint32_t command)
{
    tx_queue_words(nic, 0, tx_buffer(nic, 0, 0), layout, command);
    tx_doorbell(nic);
    step(nic, SOON_NS);
}

/* Keeping and breaking, by rule */

static void keep_access(Nic *nic)
{
    reg_write(nic, FERRONIC_SCRATCH, reg_read(nic, FERRONIC_ID));
}

static void break_access(Nic *nic)
{
    qpci_io_readw(nic->pci, nic->bar, FERRONIC_ID);
}

static void break_unknown(Nic *nic)
{
    reg_read(nic, 0x0020);
}

static void break_read_only(Nic *nic)
{
    reg_write(nic, FERRONIC_ID, 0);
}

static void keep_reserved(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_BITS);
}

static void break_reserved(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_FILTER, 4);
}

static void keep_not_ready(Nic *nic)
{
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    reg_read(nic, FERRONIC_ID);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY,
                    ==, 0);
}

static void break_not_ready(Nic *nic)
{
    reg_write(nic, FERRONIC_SCRATCH, 1);
}

static void keep_power(Nic *nic)
{
    set_power(nic, 3);
}

static void break_power(Nic *nic)
{
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==, UINT32_MAX);
}

static void keep_reset_active(Nic *nic)
{
    rx_start(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
}

static void break_reset_active(Nic *nic)
{
    rx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
}

static void keep_power_active(Nic *nic)
{
    set_power(nic, 3);
    set_power(nic, 0);
    step(nic, FERRONIC_RESET_DELAY_NS);
}

static void break_power_active(Nic *nic)
{
    rx_start(nic);
    set_power(nic, 3);
}

static void keep_bus_master(Nic *nic)
{
    set_bus_master(nic, false);
    set_bus_master(nic, true);
    rx_start(nic);
}

static void break_bus_master(Nic *nic)
{
    set_bus_master(nic, false);
}

static void keep_ring_changed(Nic *nic)
{
    rx_start(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_RX_SIZE(0), 16);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
}

static void break_ring_changed(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_SIZE(0), 8);
}

static void keep_ring(Nic *nic)
{
    rx_configure(nic, RX_RING, FERRONIC_RING_SIZE_MAX, FERRONIC_RX_BUFFER_MIN);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    rx_configure(nic, RX_RING, FERRONIC_RING_SIZE_MIN, FERRONIC_RX_BUFFER_MAX);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
}

static void break_ring_size(Nic *nic)
{
    rx_configure(nic, RX_RING, 24, 2048);
}

static void break_ring_address(Nic *nic)
{
    rx_configure(nic, RX_RING + 32, 8, 2048);
}

static void break_rx_buffer(Nic *nic)
{
    rx_configure(nic, RX_RING, 8, FERRONIC_RX_BUFFER_MIN - 1);
}

static void keep_vector(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_VECTOR(0), FERRONIC_VECTORS - 1);
}

static void break_vector(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_VECTOR(0), FERRONIC_VECTORS);
}

static void keep_restart(Nic *nic)
{
    rx_start(nic);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
}

static void break_restart(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
}

static void keep_doorbell(Nic *nic)
{
    rx_start(nic);
}

static void break_doorbell_disabled(Nic *nic)
{
    reg_write(nic, FERRONIC_TX_TAIL(0), 1);
}

static void break_doorbell_range(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_TAIL(0), RING_SIZE);
}

static void break_reused(Nic *nic)
{
    reg_write(nic, FERRONIC_RX_TAIL(0), 3);
}

static void keep_tx(Nic *nic)
{
    tx_start(nic);
    tx_send(nic, 60, other, 1, TX_INTERRUPT);
}

static void break_changed(Nic *nic)
{
    reg_write(nic, FERRONIC_DMA_LATENCY, 5000);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS + 1000);
    qtest_writel(nic->qts, tx_desc(nic, 0, 1) + FERRONIC_TX_DESC_LAYOUT_OFFSET,
                 61);
    step(nic, SOON_NS);
}

static void break_desc_reserved(Nic *nic)
{
    tx_words(nic, 60, TX_EOP | BIT(31));
}

static void keep_tx_length(Nic *nic)
{
    tx_start(nic);
    tx_words(nic, FERRONIC_FRAME_MIN, TX_EOP);
    tx_words(nic, FERRONIC_FRAME_MAX, TX_EOP);
}

static void break_tx_length(Nic *nic)
{
    tx_words(nic, FERRONIC_FRAME_MIN - 1, TX_EOP);
}

static void keep_eop(Nic *nic)
{
    tx_start(nic);
    tx_queue_words(nic, 0, tx_buffer(nic, 0, 0), 60, 0);
    tx_words(nic, 60, TX_EOP);
}

static void break_eop(Nic *nic)
{
    tx_words(nic, 60, 0);
}

static void keep_csum(Nic *nic)
{
    tx_start(nic);
    tx_words(nic, 60 | CSUM_START(34) | CSUM_OFFSET(24), TX_EOP | CSUM);
}

static void break_csum(Nic *nic)
{
    tx_words(nic, 60 | CSUM_START(34) | CSUM_OFFSET(25), TX_EOP | CSUM);
}

/* 54 bytes of headers and a payload of 100. */
static void make_tcp(Nic *nic)
{
    uint8_t frame[154] = { 0 };

    stw_be_p(frame + 12, 0x0800);
    frame[14] = 0x45;
    stw_be_p(frame + 16, sizeof(frame) - 14);
    frame[23] = 6;
    frame[46] = 5 << 4;
    qtest_memwrite(nic->qts, tx_buffer(nic, 0, 0), frame, sizeof(frame));
}

static void keep_tso(Nic *nic)
{
    tx_start(nic);
    make_tcp(nic);
    tx_words(nic, 154 | CSUM_START(34) | CSUM_OFFSET(16),
             TX_EOP | CSUM | TSO | MSS(64) | HEADER(54));
}

static void break_tso(Nic *nic)
{
    tx_words(nic, 154 | CSUM_START(34) | CSUM_OFFSET(16),
             TX_EOP | CSUM | TSO | MSS(63) | HEADER(54));
}

static void break_dma(Nic *nic)
{
    tx_queue_words(nic, 0, NOWHERE, 60, TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
}

static void copy(Nic *nic, uint32_t length)
{
    reg_write(nic, FERRONIC_DMA_ADDR_LO, TX_MEMORY);
    reg_write(nic, FERRONIC_DMA_LENGTH, length);
    reg_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_START);
}

static void keep_engine(Nic *nic)
{
    copy(nic, FERRONIC_DMA_MEMORY_SIZE);
    step(nic, SOON_NS);
}

static void break_engine(Nic *nic)
{
    copy(nic, 64);
    reg_write(nic, FERRONIC_DMA_LENGTH, 128);
}

static void keep_int(Nic *nic)
{
    rx_start(nic);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT | RX_BIT);
}

static void break_int(Nic *nic)
{
    reg_write(nic, FERRONIC_INT_ENABLE_SET, TX_BIT);
}

static void keep_rss(Nic *nic)
{
    reg_write(nic, FERRONIC_RSS_TABLE(31), 0x03020100);
}

static void break_rss(Nic *nic)
{
    reg_write(nic, FERRONIC_RSS_TABLE(31), 0x04020100);
}

static const struct RuleTest {
    const char *name;
    void (*keep)(Nic *nic);
    void (*break_it)(Nic *nic);
    const char *queue;
} rule_tests[RULES + 1] = {
    [1] = { "register-access", keep_access, break_access },
    [2] = { "unknown-register", keep_access, break_unknown },
    [3] = { "read-only-register", keep_access, break_read_only },
    [4] = { "reserved-bits", keep_reserved, break_reserved },
    [5] = { "not-ready", keep_not_ready, break_not_ready },
    [6] = { "register-in-d3hot", keep_power, break_power },
    [7] = { "reset-while-active", keep_reset_active, break_reset_active },
    [8] = { "d3hot-while-active", keep_power_active, break_power_active },
    [9] = { "bus-mastering", keep_bus_master, break_bus_master },
    [10] = { "ring-changed", keep_ring_changed, break_ring_changed, "rx0" },
    [11] = { "ring-size", keep_ring, break_ring_size, "rx0" },
    [12] = { "ring-address", keep_ring, break_ring_address, "rx0" },
    [13] = { "receive-buffer", keep_ring, break_rx_buffer, "rx0" },
    [14] = { "queue-vector", keep_vector, break_vector, "rx0" },
    [15] = { "queue-restart", keep_restart, break_restart, "rx0" },
    [16] = { "doorbell-disabled", keep_doorbell, break_doorbell_disabled,
             "tx0" },
    [17] = { "doorbell-range", keep_doorbell, break_doorbell_range, "rx0" },
    [18] = { "descriptor-reused", keep_doorbell, break_reused, "rx0" },
    [19] = { "descriptor-changed", keep_tx, break_changed, "tx0" },
    [20] = { "descriptor-reserved", keep_tx, break_desc_reserved, "tx0" },
    [21] = { "frame-length", keep_tx_length, break_tx_length, "tx0" },
    [22] = { "no-eop", keep_eop, break_eop, "tx0" },
    [23] = { "checksum", keep_csum, break_csum, "tx0" },
    [24] = { "tso", keep_tso, break_tso, "tx0" },
    [25] = { "dma-failed", keep_tx, break_dma, "tx0" },
    [26] = { "copy-engine", keep_engine, break_engine },
    [27] = { "interrupt-before-rings", keep_int, break_int },
    [28] = { "rss-queue", keep_rss, break_rss },
};

static QDict *last_violation(Nic *nic)
{
    QDict *info = nic_query(nic, "query-ferronic-violations");
    QList *recent = qdict_get_qlist(info, "recent");
    QDict *last = NULL;
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(recent, entry) {
        last = qobject_to(QDict, qlist_entry_obj(entry));
    }
    g_assert_nonnull(last);
    qobject_ref(last);
    qobject_unref(info);
    return last;
}

static void test_rule(const void *opaque)
{
    const struct RuleTest *test = opaque;
    unsigned rule = test - rule_tests;
    Nic *nic = nic_start();
    QDict *last;

    test->keep(nic);
    g_assert_cmpint(violations(nic), ==, 0);
    test->break_it(nic);
    g_assert_cmpint(broken(nic, rule), ==, 1);
    g_assert_cmpint(violations(nic), ==, 1);
    g_assert_cmpint(broken_under_fault(nic, rule), ==, 0);

    last = last_violation(nic);
    g_assert_cmpint(qdict_get_int(last, "rule"), ==, rule);
    g_assert_cmpint(qdict_get_int(last, "number"), ==, 1);
    g_assert_cmpint(qdict_get_int(last, "time"), >, 0);
    g_assert_cmpint(qdict_get_int(last, "time"), <=, nic->now);
    g_assert_cmpstr(qdict_get_try_str(last, "queue"), ==, test->queue);
    g_assert_false(qdict_get_bool(last, "under-fault"));
    qobject_unref(last);
    nic_stop(nic);
}

/* Everything a good driver does, from probe to remove, twice. */
static void test_good_driver(void)
{
    Nic *nic = nic_start();
    unsigned round, i;

    for (round = 0; round < 2; round++) {
        reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
        step(nic, FERRONIC_RESET_DELAY_NS);
        msix_start(nic);
        for (i = 0; i < FERRONIC_RSS_ENTRIES / 4; i++) {
            reg_write(nic, FERRONIC_RSS_TABLE(i), 0x03020100);
        }
        reg_write(nic, FERRONIC_RSS_CTRL, FERRONIC_RSS_CTRL_BITS);
        for (i = 0; i < FERRONIC_QUEUES; i++) {
            rx_start_queue(nic, i);
            tx_start_queue(nic, i);
        }
        reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
        reg_write(nic, FERRONIC_INT_ENABLE_SET, MAKE_64BIT_MASK(0, 9));
        for (i = 0; i < 100; i++) {
            uint32_t index = i % RING_SIZE;

            tx_send(nic, 60 + i, station, i, TX_INTERRUPT);
            assert_received(nic, index, 60 + i, station, i);
            rx_fill_desc(nic, 0, index, rx_buffer(nic, 0, index));
            reg_write(nic, FERRONIC_RX_TAIL(0), (index + 8) % RING_SIZE);
            reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT | TX_BIT);
        }
        make_tcp(nic);
        tx_words(nic, 154 | CSUM_START(34) | CSUM_OFFSET(16),
                 TX_EOP | CSUM | TSO | MSS(64) | HEADER(54));
        keep_engine(nic);
        take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_DONE);
        reg_write(nic, FERRONIC_INT_ENABLE_CLEAR, MAKE_64BIT_MASK(0, 9));
        for (i = 0; i < FERRONIC_QUEUES; i++) {
            reg_write(nic, FERRONIC_RX_CTRL(i), 0);
            reg_write(nic, FERRONIC_TX_CTRL(i), 0);
        }
        step(nic, STOP_DELAY_NS);
        g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==, 0);
    }
    g_assert_cmpint(violations(nic), ==, 0);
    nic_stop(nic);
}

/* Event */

static QDict *take_event(Nic *nic)
{
    QDict *event = qtest_qmp_eventwait_ref(nic->qts, "FERRONIC_VIOLATION");
    QDict *data = qobject_ref(qdict_get_qdict(event, "data"));

    qobject_unref(event);
    return data;
}

static bool has_event(Nic *nic)
{
    bool has;

    qobject_unref(nic_query(nic, "query-ferronic"));
    has = qtest_qmp_event_ref(nic->qts, "FERRONIC_VIOLATION") != NULL;
    return has;
}

static void test_event(void)
{
    Nic *nic = nic_start();
    QDict *event;
    unsigned i;

    break_vector(nic);
    event = take_event(nic);
    g_assert_cmpstr(qdict_get_str(event, "path"), ==, NIC0_PATH);
    g_assert_cmpint(qdict_get_int(event, "count"), ==, 1);
    g_assert_cmpint(qdict_get_int(qdict_get_qdict(event, "violation"), "value"),
                    ==, FERRONIC_VECTORS);
    qobject_unref(event);

    /* More of the same are told of together, later; another rule at once. */
    for (i = 0; i < 50; i++) {
        break_vector(nic);
    }
    g_assert_false(has_event(nic));
    break_rss(nic);
    event = take_event(nic);
    g_assert_cmpint(qdict_get_int(qdict_get_qdict(event, "violation"), "rule"),
                    ==, FERRONIC_RULE_RSS_QUEUE);
    qobject_unref(event);
    step(nic, EVENT_PERIOD_NS);
    event = take_event(nic);
    g_assert_cmpint(qdict_get_int(event, "count"), ==, 51);
    g_assert_cmpint(qdict_get_int(qdict_get_qdict(event, "violation"),
                                  "number"), ==, 51);
    qobject_unref(event);
    step(nic, 3 * EVENT_PERIOD_NS);
    g_assert_false(has_event(nic));
    nic_stop(nic);
}

static void test_recent(void)
{
    Nic *nic = nic_start();
    QDict *info;
    const QListEntry *entry;
    int64_t expected = 37;
    unsigned i;

    for (i = 0; i < 100; i++) {
        reg_write(nic, FERRONIC_RSS_TABLE(0), 0x80 + i);
    }
    info = nic_query(nic, "query-ferronic-violations");
    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "recent"), entry) {
        QDict *violation = qobject_to(QDict, qlist_entry_obj(entry));

        g_assert_cmpint(qdict_get_int(violation, "number"), ==, expected);
        g_assert_cmpint(qdict_get_int(violation, "value"), ==,
                        0x80 + expected - 1);
        expected++;
    }
    g_assert_cmpint(expected, ==, 101);
    qobject_unref(info);
    nic_stop(nic);
}

/* Log */

static int64_t sum_of_counts(QList *lines, const char *type, int64_t rule)
{
    const QListEntry *entry;
    int64_t sum = 0;

    QLIST_FOREACH_ENTRY(lines, entry) {
        QDict *line = qobject_to(QDict, qlist_entry_obj(entry));

        if (strcmp(qdict_get_str(line, "type"), type) == 0 &&
            (!rule || qdict_get_int(line, "rule") == rule)) {
            sum += qdict_get_int(line, "count");
        }
    }
    return sum;
}

static void test_log(void)
{
    char *file;
    Nic *nic = nic_start_logged(&file);
    QList *lines;
    QDict *line;

    break_doorbell_disabled(nic);
    step(nic, 1000);
    break_rss(nic);
    nic_stop(nic);
    lines = log_take(file);
    g_assert_cmpint(qlist_size(lines), ==, 2);
    line = qobject_to(QDict, qlist_peek(lines));
    g_assert_cmpstr(qdict_get_str(line, "type"), ==, "violation");
    g_assert_cmpstr(qdict_get_str(line, "device"), ==, "nic0");
    g_assert_cmpstr(qdict_get_str(line, "name"), ==, "DOORBELL_DISABLED");
    g_assert_cmpint(qdict_get_int(line, "rule"), ==, 16);
    g_assert_cmpstr(qdict_get_str(line, "queue"), ==, "tx0");
    g_assert_cmpstr(qdict_get_str(line, "value"), ==, "0x1");
    g_assert_cmpint(qdict_get_int(line, "count"), ==, 1);
    g_assert_false(qdict_get_bool(line, "underFault"));
    g_assert_cmpint(qdict_get_int(line, "time"), ==, FERRONIC_RESET_DELAY_NS);
    qobject_unref(lines);
}

/* A guest in a loop: the log stays short, and its counts add up. */
static void test_log_loses_nothing(void)
{
    enum { TIMES = 5000 };
    char *file;
    Nic *nic = nic_start_logged(&file);
    QList *lines;
    unsigned i;

    for (i = 0; i < TIMES; i++) {
        break_vector(nic);
        if (i % 500 == 0) {
            break_rss(nic);
            step(nic, EVENT_PERIOD_NS / 4);
        }
    }
    nic_stop(nic);
    lines = log_take(file);
    g_assert_cmpint(sum_of_counts(lines, "violation",
                                  FERRONIC_RULE_QUEUE_VECTOR), ==, TIMES);
    g_assert_cmpint(sum_of_counts(lines, "violation", FERRONIC_RULE_RSS_QUEUE),
                    ==, 10);
    g_assert_cmpint(qlist_size(lines), <, 1020);
    qobject_unref(lines);
}

/* A driver that was misled may break rules, until it resets the device. */
static void test_under_fault(void)
{
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    inject(nic, "{'kind': 'irq-lost'}");
    break_reused(nic);
    g_assert_cmpint(broken_under_fault(nic, FERRONIC_RULE_DESC_REUSED), ==, 0);

    inject(nic, "{'kind': 'completion-lost'}");
    tx_send(nic, 60, other, 1, 0);
    break_reused(nic);
    g_assert_cmpint(broken(nic, FERRONIC_RULE_DESC_REUSED), ==, 2);
    g_assert_cmpint(broken_under_fault(nic, FERRONIC_RULE_DESC_REUSED), ==, 1);

    keep_reset_active(nic);
    rx_start(nic);
    break_reused(nic);
    g_assert_cmpint(broken(nic, FERRONIC_RULE_DESC_REUSED), ==, 3);
    g_assert_cmpint(broken_under_fault(nic, FERRONIC_RULE_DESC_REUSED), ==, 1);
    nic_stop(nic);
}

static void test_migration(void)
{
    Nic *nic = nic_start();
    QDict *last;

    break_rss(nic);
    break_vector(nic);
    break_vector(nic);
    nic = nic_migrate(nic, "");
    g_assert_cmpint(violations(nic), ==, 3);
    g_assert_cmpint(broken(nic, FERRONIC_RULE_QUEUE_VECTOR), ==, 2);
    last = last_violation(nic);
    g_assert_cmpstr(qdict_get_str(last, "detail"), ==, "no such vector");
    qobject_unref(last);
    break_vector(nic);
    g_assert_cmpint(violations(nic), ==, 4);
    nic_stop(nic);
}

void ferronic_add_contract_tests(void)
{
    unsigned rule;

    for (rule = 1; rule <= RULES; rule++) {
        g_autofree char *path =
            g_strdup_printf("/ferronic/contract/rule-%u-%s", rule,
                            rule_tests[rule].name);

        qtest_add_data_func(path, &rule_tests[rule], test_rule);
    }
    qtest_add_func("/ferronic/contract/a-good-driver-breaks-no-rule",
                   test_good_driver);
    qtest_add_func("/ferronic/contract/events-are-limited", test_event);
    qtest_add_func("/ferronic/contract/the-last-violations-are-kept",
                   test_recent);
    qtest_add_func("/ferronic/contract/each-violation-is-logged", test_log);
    qtest_add_func("/ferronic/contract/the-log-adds-up-what-is-too-much",
                   test_log_loses_nothing);
    qtest_add_func("/ferronic/contract/a-misled-driver-is-excused",
                   test_under_fault);
    qtest_add_func("/ferronic/contract/violations-survive-migration",
                   test_migration);
}
