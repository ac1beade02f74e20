/*
 * QTest of the ferronic NIC: the driver that the tests are
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qemu/sockets.h"
#include "nic.h"

const uint8_t station[6] = { 0x52, 0x54, 0x00, 0xfe, 0x00, 0x01 };
const uint8_t other[6] = { 0x52, 0x54, 0x00, 0xfe, 0x00, 0x02 };

/* Registers and time */

uint32_t reg_read(Nic *nic, uint32_t reg)
{
    return qpci_io_readl(nic->pci, nic->bar, reg);
}

void reg_write(Nic *nic, uint32_t reg, uint32_t value)
{
    qpci_io_writel(nic->pci, nic->bar, reg, value);
}

void step(Nic *nic, int64_t ns)
{
    nic->now = qtest_clock_step(nic->qts, ns);
}

/* Life */

void nic_attach(Nic *nic, int slot)
{
    nic->pci = qpci_device_find(nic->bus, QPCI_DEVFN(slot, 0));
    g_assert_nonnull(nic->pci);
    qpci_device_enable(nic->pci);
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
}

Nic *nic_start_raw(const char *args)
{
    Nic *nic = g_new0(Nic, 1);

    nic->link = -1;
    nic->qts = qtest_initf("-M q35 -m 64 -nodefaults %s", args);
    nic->bus = qpci_new_pc(nic->qts, NULL);
    nic_attach(nic, 4);
    return nic;
}

Nic *nic_start_in_reset(const char *options)
{
    g_autofree char *args = g_strconcat(DEVICE_ARGS, options, NULL);

    return nic_start_raw(args);
}

Nic *nic_start_with(const char *options)
{
    Nic *nic = nic_start_in_reset(options);

    step(nic, FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, !=,
                    0);
    return nic;
}

Nic *nic_start(void)
{
    return nic_start_with("");
}

Nic *nic_start_linked(void)
{
    g_autofree char *args = NULL;
    int fds[2];
    Nic *nic;

    g_assert_cmpint(socketpair(PF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    args = g_strdup_printf("-netdev socket,id=net0,fd=%d " DEVICE_ARGS
                           ",netdev=net0", fds[1]);
    nic = nic_start_raw(args);
    close(fds[1]);
    nic->link = fds[0];
    step(nic, FERRONIC_RESET_DELAY_NS);
    return nic;
}

#define HUB_ARGS \
    "-netdev hubport,id=a,hubid=0 -netdev hubport,id=b,hubid=0 " \
    DEVICE_ARGS ",netdev=a " \
    "-device ferronic,id=nic1,addr=5.0,netdev=b,mac=52:54:00:fe:00:02"

Nic *nic_start_pair(Nic **peer)
{
    Nic *nic = nic_start_raw(HUB_ARGS);

    *peer = g_new0(Nic, 1);
    (*peer)->qts = nic->qts;
    (*peer)->bus = nic->bus;
    (*peer)->link = -1;
    (*peer)->memory = 0x1000000;
    nic_attach(*peer, 5);
    step(nic, FERRONIC_RESET_DELAY_NS);
    return nic;
}

void nic_detach(Nic *nic)
{
    g_free(nic->pci);
    g_free(nic);
}

void nic_stop(Nic *nic)
{
    if (nic->link >= 0) {
        close(nic->link);
    }
    qtest_quit(nic->qts);
    qpci_free_pc(nic->bus);
    nic_detach(nic);
}

/* Queues */

uint64_t rx_desc(Nic *nic, unsigned queue, uint32_t index)
{
    return nic->memory + RX_RING + queue * 0x10000 +
           index * FERRONIC_RX_DESC_SIZE;
}

uint64_t tx_desc(Nic *nic, unsigned queue, uint32_t index)
{
    return nic->memory + TX_RING + queue * 0x10000 +
           index * FERRONIC_TX_DESC_SIZE;
}

static uint64_t tx_writeback(Nic *nic, unsigned queue)
{
    return nic->memory + WRITEBACK + queue * FERRONIC_RING_ALIGN;
}

uint64_t rx_buffer(Nic *nic, unsigned queue, uint32_t index)
{
    return nic->memory + RX_MEMORY + queue * 0x40000 + index * BUFFER_SIZE;
}

uint64_t tx_buffer(Nic *nic, unsigned queue, uint32_t index)
{
    return nic->memory + TX_MEMORY + queue * 0x40000 + index * BUFFER_SIZE;
}

uint32_t rx_status(Nic *nic, unsigned queue, uint32_t index)
{
    return qtest_readl(nic->qts, rx_desc(nic, queue, index) +
                                 FERRONIC_RX_DESC_STATUS_OFFSET);
}

uint32_t rx_hash(Nic *nic, unsigned queue, uint32_t index)
{
    return qtest_readl(nic->qts, rx_desc(nic, queue, index) +
                                 FERRONIC_RX_DESC_HASH_OFFSET);
}

uint32_t tx_head(Nic *nic, unsigned queue)
{
    return qtest_readl(nic->qts, tx_writeback(nic, queue) +
                                 FERRONIC_TX_WRITEBACK_HEAD_OFFSET);
}

uint32_t tx_errors(Nic *nic, unsigned queue)
{
    return qtest_readl(nic->qts, tx_writeback(nic, queue) +
                                 FERRONIC_TX_WRITEBACK_ERRORS_OFFSET);
}

void rx_fill_desc(Nic *nic, unsigned queue, uint32_t index, uint64_t buffer)
{
    uint64_t desc = rx_desc(nic, queue, index);

    qtest_writeq(nic->qts, desc + FERRONIC_RX_DESC_ADDR_OFFSET, buffer);
    qtest_writel(nic->qts, desc + FERRONIC_RX_DESC_HASH_OFFSET, 0);
    qtest_writel(nic->qts, desc + FERRONIC_RX_DESC_STATUS_OFFSET, 0);
}

void rx_enable_queue(Nic *nic, unsigned queue)
{
    uint32_t i;

    for (i = 0; i < RING_SIZE; i++) {
        rx_fill_desc(nic, queue, i, rx_buffer(nic, queue, i));
    }
    reg_write(nic, FERRONIC_RX_BASE_LO(queue), rx_desc(nic, queue, 0));
    reg_write(nic, FERRONIC_RX_BASE_HI(queue), rx_desc(nic, queue, 0) >> 32);
    reg_write(nic, FERRONIC_RX_SIZE(queue), RING_SIZE);
    reg_write(nic, FERRONIC_RX_BUFFER(queue), BUFFER_SIZE);
    reg_write(nic, FERRONIC_RX_VECTOR(queue), VECTOR_RX(queue));
    reg_write(nic, FERRONIC_RX_CTRL(queue), FERRONIC_RX_CTRL_ENABLE);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL(queue)), ==,
                    FERRONIC_RX_CTRL_ENABLE);
}

void rx_enable(Nic *nic)
{
    rx_enable_queue(nic, 0);
}

void rx_start_queue(Nic *nic, unsigned queue)
{
    rx_enable_queue(nic, queue);
    reg_write(nic, FERRONIC_RX_TAIL(queue), RING_SIZE - 1);
}

void rx_start(Nic *nic)
{
    rx_start_queue(nic, 0);
}

void tx_start_queue(Nic *nic, unsigned queue)
{
    nic->tx_tail[queue] = 0;
    qtest_writeq(nic->qts, tx_writeback(nic, queue), 0);
    reg_write(nic, FERRONIC_TX_BASE_LO(queue), tx_desc(nic, queue, 0));
    reg_write(nic, FERRONIC_TX_BASE_HI(queue), tx_desc(nic, queue, 0) >> 32);
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(queue), tx_writeback(nic, queue));
    reg_write(nic, FERRONIC_TX_SIZE(queue), RING_SIZE);
    reg_write(nic, FERRONIC_TX_VECTOR(queue), VECTOR_TX(queue));
    reg_write(nic, FERRONIC_TX_CTRL(queue), FERRONIC_TX_CTRL_ENABLE);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(queue)), ==,
                    FERRONIC_TX_CTRL_ENABLE);
}

void tx_start(Nic *nic)
{
    tx_start_queue(nic, 0);
}

uint32_t tx_queue_words(Nic *nic, unsigned queue, uint64_t addr,
                        uint32_t layout, uint32_t command)
{
    uint32_t index = nic->tx_tail[queue];
    uint64_t desc = tx_desc(nic, queue, index);

    qtest_writeq(nic->qts, desc + FERRONIC_TX_DESC_ADDR_OFFSET, addr);
    qtest_writel(nic->qts, desc + FERRONIC_TX_DESC_LAYOUT_OFFSET, layout);
    qtest_writel(nic->qts, desc + FERRONIC_TX_DESC_COMMAND_OFFSET, command);
    nic->tx_tail[queue] = (index + 1) % RING_SIZE;
    return index;
}

uint32_t tx_queue_desc(Nic *nic, uint64_t addr, uint32_t length,
                       uint32_t command)
{
    return tx_queue_words(nic, 0, addr, length, command);
}

void make_frame(uint8_t *frame, size_t size, const uint8_t *to, uint8_t seed)
{
    size_t i;

    memcpy(frame, to, 6);
    memcpy(frame + 6, other, 6);
    stw_be_p(frame + 12, 0x88b5);       /* for local experiments */
    for (i = 14; i < size; i++) {
        frame[i] = seed + i;
    }
}

uint32_t tx_queue_frame(Nic *nic, size_t size, const uint8_t *to, uint8_t seed,
                        uint32_t command)
{
    uint64_t buffer = tx_buffer(nic, 0, nic->tx_tail[0]);
    uint8_t frame[BUFFER_SIZE];

    make_frame(frame, size, to, seed);
    qtest_memwrite(nic->qts, buffer, frame, size);
    return tx_queue_desc(nic, buffer, size, command | TX_EOP);
}

void tx_doorbell_queue(Nic *nic, unsigned queue)
{
    reg_write(nic, FERRONIC_TX_TAIL(queue), nic->tx_tail[queue]);
}

void tx_doorbell(Nic *nic)
{
    tx_doorbell_queue(nic, 0);
}

uint32_t tx_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed,
                 uint32_t command)
{
    uint32_t index = tx_queue_frame(nic, size, to, seed, command);

    tx_doorbell(nic);
    step(nic, SOON_NS);
    return index;
}

void assert_received(Nic *nic, uint32_t index, size_t size, const uint8_t *to,
                     uint8_t seed)
{
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];

    make_frame(expected, size, to, seed);
    g_assert_cmphex(rx_status(nic, 0, index), ==, RX_DONE | RX_EOP | size);
    qtest_memread(nic->qts, rx_buffer(nic, 0, index), got, size);
    g_assert_cmpmem(got, size, expected, size);
}

/* The link */

void link_send_bytes(Nic *nic, const uint8_t *frame, size_t size)
{
    g_autofree uint8_t *record = g_malloc(4 + size);

    stl_be_p(record, size);
    memcpy(record + 4, frame, size);
    g_assert_cmpint(send(nic->link, record, 4 + size, 0), ==, 4 + size);
}

void link_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed)
{
    g_autofree uint8_t *frame = g_malloc(size);

    make_frame(frame, size, to, seed);
    link_send_bytes(nic, frame, size);
}

static void link_recv_exactly(Nic *nic, void *buf, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t part = recv(nic->link, (char *)buf + got, size - got, 0);

        g_assert_cmpint(part, >, 0);
        got += part;
    }
}

size_t link_recv(Nic *nic, uint8_t *frame, size_t max)
{
    uint32_t size;

    link_recv_exactly(nic, &size, sizeof(size));
    size = be32_to_cpu(size);
    g_assert_cmpint(size, <=, max);
    link_recv_exactly(nic, frame, size);
    return size;
}

void wait_for_reg(Nic *nic, uint32_t reg, uint32_t mask, uint32_t value)
{
    int tries;

    for (tries = 0; tries < 5000; tries++) {
        step(nic, SOON_NS);
        if ((reg_read(nic, reg) & mask) == value) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_cmphex(reg_read(nic, reg) & mask, ==, value);
}

/* Interrupts */

static void msix_aim(Nic *nic, unsigned vector, uint64_t addr)
{
    uint64_t entry = nic->pci->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
    QPCIBar bar = nic->pci->msix_table_bar;

    qpci_io_writel(nic->pci, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, addr);
    qpci_io_writel(nic->pci, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
    qpci_io_writel(nic->pci, bar, entry + PCI_MSIX_ENTRY_DATA,
                   MESSAGE_DATA + vector);
}

void msix_set_mask(Nic *nic, unsigned vector, bool masked)
{
    uint64_t entry = nic->pci->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(nic->pci, nic->pci->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

void msix_start(Nic *nic)
{
    unsigned vector;

    qpci_msix_enable(nic->pci);
    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        msix_aim(nic, vector, nic->memory + MESSAGE + 4 * vector);
        msix_set_mask(nic, vector, false);
    }
}

bool took_message(Nic *nic, unsigned vector)
{
    uint64_t addr = nic->memory + MESSAGE + 4 * vector;
    uint32_t data = qtest_readl(nic->qts, addr);

    if (data != 0) {
        g_assert_cmphex(data, ==, MESSAGE_DATA + vector);
    }
    qtest_writel(nic->qts, addr, 0);
    return data != 0;
}

void take_cause(Nic *nic, uint32_t expected)
{
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, expected);
    reg_write(nic, FERRONIC_MGMT_CAUSE, expected);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
}

/* QMP */

QDict *query(Nic *nic)
{
    return qtest_qmp_assert_success_ref(nic->qts,
        "{'execute': 'query-ferronic', 'arguments': {'path': '" NIC0_PATH
        "'}}");
}

int64_t query_counter(Nic *nic, const char *name)
{
    QDict *info = query(nic);
    int64_t value = qdict_get_int(info, name);

    qobject_unref(info);
    return value;
}

int64_t query_state(Nic *nic, const char *state)
{
    QDict *info = query(nic);
    const QListEntry *entry;
    int64_t times = -1;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "states"), entry) {
        QDict *count = qobject_to(QDict, qlist_entry_obj(entry));

        if (g_str_equal(qdict_get_str(count, "state"), state)) {
            times = qdict_get_int(count, "times");
        }
    }
    qobject_unref(info);
    return times;
}

int64_t query_delivered(Nic *nic, unsigned vector)
{
    QDict *info = query(nic);
    const QListEntry *entry = qlist_first(qdict_get_qlist(info, "vectors"));
    int64_t value;

    while (vector--) {
        entry = qlist_next(entry);
    }
    value = qdict_get_int(qobject_to(QDict, qlist_entry_obj(entry)),
                          "delivered");
    qobject_unref(info);
    return value;
}

void take_violations(Nic *nic, uint32_t expected)
{
    uint32_t now = reg_read(nic, FERRONIC_VIOLATIONS);

    g_assert_cmpint(now - nic->violations, ==, expected);
    nic->violations = now;
}

void assert_refused(Nic *nic, const char *command, const char *expected)
{
    QObject *request = qobject_from_json(command, &error_abort);
    QDict *response = qtest_qmp(nic->qts, "%p", request);
    QDict *error = qdict_get_qdict(response, "error");

    g_assert_nonnull(error);
    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), expected));
    qobject_unref(response);
}

void set_link(Nic *nic, bool up)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'set_link', 'arguments': {'name': 'nic0', 'up': %i}}", up);
}

void assert_link(Nic *nic, bool up)
{
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_LINK_UP,
                    ==, up ? FERRONIC_STATUS_LINK_UP : 0);
}

void inject_storm(Nic *nic, int vector, int rate_hz, int count)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'ferronic-inject-irq-storm', 'arguments': {"
        " 'path': '" NIC0_PATH "', 'vector': %d,"
        " 'rate-hz': %d, 'count': %d}}", vector, rate_hz, count);
}

void inject_flap(Nic *nic, int down_ns, int count)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'ferronic-inject-link-flap', 'arguments': {"
        " 'path': '" NIC0_PATH "', 'down-ns': %d, 'count': %d}}",
        down_ns, count);
}

/* All registers */

static const struct {
    const char *name;
    uint32_t offset;
    uint32_t count;
    uint32_t stride;
    uint32_t reset_value;
} descriptions[] = {
#define X(name, offset, count, stride, access) \
    { #name, offset, count, stride, FERRONIC_##name##_RESET_VALUE },
    FERRONIC_REGISTERS(X)
#undef X
};

const TestRegister *test_registers;
unsigned test_register_count;

static uint32_t reset_value(uint32_t offset, uint32_t described)
{
    switch (offset) {
    case FERRONIC_STATUS:
        return FERRONIC_STATUS_READY | FERRONIC_STATUS_LINK_UP;
    case FERRONIC_MAC_LO:
        return ldl_le_p(station);
    case FERRONIC_MAC_HI:
        return lduw_le_p(station + 4);
    default:
        return described;
    }
}

static void __attribute__((constructor)) list_registers(void)
{
    GArray *list = g_array_new(false, false, sizeof(TestRegister));
    unsigned i, n;

    for (i = 0; i < ARRAY_SIZE(descriptions); i++) {
        for (n = 0; n < descriptions[i].count; n++) {
            TestRegister reg = {
                .name = descriptions[i].name,
                .offset = descriptions[i].offset + n * descriptions[i].stride,
            };

            reg.reset_value = reset_value(reg.offset,
                                          descriptions[i].reset_value);
            g_array_append_val(list, reg);
        }
    }
    test_register_count = list->len;
    test_registers = (TestRegister *)g_array_free(list, false);
}

void assert_reset_values(Nic *nic)
{
    unsigned i;

    for (i = 0; i < test_register_count; i++) {
        uint32_t value = reg_read(nic, test_registers[i].offset);

        if (value != test_registers[i].reset_value) {
            g_test_message("%s", test_registers[i].name);
        }
        g_assert_cmphex(value, ==, test_registers[i].reset_value);
    }
}

void dirty_everything(Nic *nic)
{
    unsigned i;

    msix_start(nic);
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        rx_start_queue(nic, i);
        tx_start_queue(nic, i);
    }
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    reg_write(nic, FERRONIC_TX_TAIL(0), 99);
    reg_write(nic, FERRONIC_MAC_LO, 1);
    reg_write(nic, FERRONIC_MAC_HI, 1);
    reg_write(nic, FERRONIC_RX_FILTER, 3);
    reg_write(nic, FERRONIC_MAX_FRAME, 9000);
    reg_write(nic, FERRONIC_SCRATCH, 0x12345678);
    reg_write(nic, FERRONIC_DMA_LATENCY, 200);
    reg_write(nic, FERRONIC_DMA_ADDR_LO, TX_MEMORY);
    reg_write(nic, FERRONIC_DMA_LENGTH, 4096);
    reg_write(nic, FERRONIC_RSS_CTRL, FERRONIC_RSS_CTRL_BITS);
    for (i = 0; i < FERRONIC_RSS_KEY_SIZE / 4; i++) {
        reg_write(nic, FERRONIC_RSS_KEY(i), 0x01020304 + i);
    }
    for (i = 0; i < FERRONIC_RSS_ENTRIES / 4; i++) {
        reg_write(nic, FERRONIC_RSS_TABLE(i), 0x03020100);
    }
    for (i = 0; i < FERRONIC_VECTORS; i++) {
        reg_write(nic, FERRONIC_INT_MODERATION(i), 100 + i);
    }
    reg_write(nic, FERRONIC_INT_ENABLE_SET, BIT(2));
    tx_queue_desc(nic, tx_buffer(nic, 0, 1), FERRONIC_FRAME_MAX + 1, TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_ERRORS), ==, 1);
}
