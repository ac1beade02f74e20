/*
 * QTest of the ferronic NIC
 *
 * The test is the driver: it builds rings in guest memory, rings doorbells and
 * moves the virtual clock. MSI-X messages are aimed at plain memory, where they
 * can be counted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "libqtest.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "qobject/qjson.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "qemu/sockets.h"
#include "hw/net/ferronic/ferronic_regs.gen.h"

#define RING_SIZE       8
#define RX_RING         0x100000
#define TX_RING         0x110000
#define RX_MEMORY       0x200000
#define TX_MEMORY       0x300000
#define BUFFER_SIZE     2048
#define MESSAGE         0x400000        /* target of the MSI-X messages */
#define MESSAGE_DATA    0x5a00
#define NOWHERE         0xfd000000      /* no memory there */

#define RX_DONE         FERRONIC_RX_DESC_STATUS_DONE
#define RX_ERROR        FERRONIC_RX_DESC_STATUS_ERROR
#define TX_DONE         FERRONIC_TX_DESC_STATUS_DONE
#define TX_ERROR        FERRONIC_TX_DESC_STATUS_ERROR
#define TX_INTERRUPT    FERRONIC_TX_DESC_STATUS_INTERRUPT

#define MGMT_BIT        BIT(FERRONIC_VECTOR_MGMT)
#define RX_BIT          BIT(FERRONIC_VECTOR_RX)
#define TX_BIT          BIT(FERRONIC_VECTOR_TX)

#define TX_LATENCY_NS   1000
#define STOP_DELAY_NS   5000

static const uint8_t station[6] = { 0x52, 0x54, 0x00, 0xfe, 0x00, 0x01 };
static const uint8_t other[6] = { 0x52, 0x54, 0x00, 0xfe, 0x00, 0x02 };

typedef struct Nic {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *pci;
    QPCIBar bar;
    uint64_t memory;            /* added to all addresses, for a second NIC */
    uint32_t tx_tail;
    int64_t now;                /* virtual time, ns */
    int link;                   /* our end of the socket backend, or -1 */
} Nic;

/* Access to the device */

static uint32_t reg_read(Nic *nic, uint32_t reg)
{
    return qpci_io_readl(nic->pci, nic->bar, reg);
}

static void reg_write(Nic *nic, uint32_t reg, uint32_t value)
{
    qpci_io_writel(nic->pci, nic->bar, reg, value);
}

static void step(Nic *nic, int64_t ns)
{
    nic->now = qtest_clock_step(nic->qts, ns);
}

static void attach(Nic *nic, int slot)
{
    nic->pci = qpci_device_find(nic->bus, QPCI_DEVFN(slot, 0));
    g_assert_nonnull(nic->pci);
    qpci_device_enable(nic->pci);
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
}

static Nic *nic_start_raw(const char *args)
{
    Nic *nic = g_new0(Nic, 1);

    nic->link = -1;
    nic->qts = qtest_initf("-M q35 -m 64 -nodefaults %s", args);
    nic->bus = qpci_new_pc(nic->qts, NULL);
    attach(nic, 4);
    return nic;
}

#define DEVICE_ARGS "-device ferronic,id=nic0,addr=4.0,mac=52:54:00:fe:00:01"

/* A NIC without a backend, just powered on. */
static Nic *nic_start_in_reset(void)
{
    return nic_start_raw(DEVICE_ARGS);
}

static Nic *nic_start(void)
{
    Nic *nic = nic_start_in_reset();

    step(nic, FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, !=,
                    0);
    return nic;
}

/* A NIC with its link in our hands. */
static Nic *nic_start_linked(void)
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

static void nic_detach(Nic *nic)
{
    g_free(nic->pci);
    g_free(nic);
}

static void nic_stop(Nic *nic)
{
    if (nic->link >= 0) {
        close(nic->link);
    }
    qtest_quit(nic->qts);
    qpci_free_pc(nic->bus);
    nic_detach(nic);
}

/* Rings */

static uint64_t rx_desc(Nic *nic, uint32_t index)
{
    return nic->memory + RX_RING + index * FERRONIC_RX_DESC_SIZE;
}

static uint64_t tx_desc(Nic *nic, uint32_t index)
{
    return nic->memory + TX_RING + index * FERRONIC_TX_DESC_SIZE;
}

static uint64_t rx_buffer(Nic *nic, uint32_t index)
{
    return nic->memory + RX_MEMORY + index * BUFFER_SIZE;
}

static uint64_t tx_buffer(Nic *nic, uint32_t index)
{
    return nic->memory + TX_MEMORY + index * BUFFER_SIZE;
}

static uint32_t rx_status(Nic *nic, uint32_t index)
{
    return qtest_readl(nic->qts, rx_desc(nic, index) +
                                 FERRONIC_RX_DESC_STATUS_OFFSET);
}

static uint32_t rx_length(Nic *nic, uint32_t index)
{
    return qtest_readl(nic->qts, rx_desc(nic, index) +
                                 FERRONIC_RX_DESC_LENGTH_OFFSET);
}

static uint32_t tx_status(Nic *nic, uint32_t index)
{
    return qtest_readl(nic->qts, tx_desc(nic, index) +
                                 FERRONIC_TX_DESC_STATUS_OFFSET);
}

static void rx_fill_desc(Nic *nic, uint32_t index, uint64_t buffer)
{
    uint64_t desc = rx_desc(nic, index);

    qtest_writeq(nic->qts, desc + FERRONIC_RX_DESC_ADDR_OFFSET, buffer);
    qtest_writel(nic->qts, desc + FERRONIC_RX_DESC_LENGTH_OFFSET, 0);
    qtest_writel(nic->qts, desc + FERRONIC_RX_DESC_STATUS_OFFSET, 0);
}

static void rx_enable(Nic *nic)
{
    uint32_t i;

    for (i = 0; i < RING_SIZE; i++) {
        rx_fill_desc(nic, i, rx_buffer(nic, i));
    }
    reg_write(nic, FERRONIC_RX_BASE_LO, rx_desc(nic, 0));
    reg_write(nic, FERRONIC_RX_BASE_HI, rx_desc(nic, 0) >> 32);
    reg_write(nic, FERRONIC_RX_SIZE, RING_SIZE);
    reg_write(nic, FERRONIC_RX_BUFFER, BUFFER_SIZE);
    reg_write(nic, FERRONIC_RX_CTRL, FERRONIC_RX_CTRL_ENABLE);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL), ==,
                    FERRONIC_RX_CTRL_ENABLE);
}

static void rx_start(Nic *nic)
{
    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL, RING_SIZE - 1);
}

static void tx_start(Nic *nic)
{
    nic->tx_tail = 0;
    reg_write(nic, FERRONIC_TX_BASE_LO, tx_desc(nic, 0));
    reg_write(nic, FERRONIC_TX_BASE_HI, tx_desc(nic, 0) >> 32);
    reg_write(nic, FERRONIC_TX_SIZE, RING_SIZE);
    reg_write(nic, FERRONIC_TX_CTRL, FERRONIC_TX_CTRL_ENABLE);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL), ==,
                    FERRONIC_TX_CTRL_ENABLE);
}

/* Fills the next descriptor without ringing the doorbell. Returns its index. */
static uint32_t tx_queue_desc(Nic *nic, uint64_t buffer, uint32_t length,
                              uint32_t command)
{
    uint32_t index = nic->tx_tail;
    uint64_t desc = tx_desc(nic, index);

    qtest_writeq(nic->qts, desc + FERRONIC_TX_DESC_ADDR_OFFSET, buffer);
    qtest_writel(nic->qts, desc + FERRONIC_TX_DESC_LENGTH_OFFSET, length);
    qtest_writel(nic->qts, desc + FERRONIC_TX_DESC_STATUS_OFFSET, command);
    nic->tx_tail = (index + 1) % RING_SIZE;
    return index;
}

static void make_frame(uint8_t *frame, size_t size, const uint8_t *to,
                       uint8_t seed)
{
    size_t i;

    memcpy(frame, to, 6);
    memcpy(frame + 6, other, 6);
    stw_be_p(frame + 12, 0x88b5);       /* for local experiments */
    for (i = 14; i < size; i++) {
        frame[i] = seed + i;
    }
}

static uint32_t tx_queue_frame(Nic *nic, size_t size, const uint8_t *to,
                               uint8_t seed, uint32_t command)
{
    uint64_t buffer = tx_buffer(nic, nic->tx_tail);
    uint8_t frame[BUFFER_SIZE];

    make_frame(frame, size, to, seed);
    qtest_memwrite(nic->qts, buffer, frame, size);
    return tx_queue_desc(nic, buffer, size, command);
}

static void tx_doorbell(Nic *nic)
{
    reg_write(nic, FERRONIC_TX_TAIL, nic->tx_tail);
}

static uint32_t tx_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed,
                        uint32_t command)
{
    uint32_t index = tx_queue_frame(nic, size, to, seed, command);

    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS);
    return index;
}

static void assert_received(Nic *nic, uint32_t index, size_t size,
                            const uint8_t *to, uint8_t seed)
{
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];

    make_frame(expected, size, to, seed);
    g_assert_cmphex(rx_status(nic, index), ==, RX_DONE);
    g_assert_cmpint(rx_length(nic, index), ==, size);
    qtest_memread(nic->qts, rx_buffer(nic, index), got, size);
    g_assert_cmpmem(got, size, expected, size);
}

/* The link, when it is a socket */

static void link_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed)
{
    uint8_t record[4 + 16384];

    stl_be_p(record, size);
    make_frame(record + 4, size, to, seed);
    g_assert_cmpint(send(nic->link, record, 4 + size, 0), ==, 4 + size);
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

static size_t link_recv(Nic *nic, uint8_t *frame, size_t max)
{
    uint32_t size;

    link_recv_exactly(nic, &size, sizeof(size));
    size = be32_to_cpu(size);
    g_assert_cmpint(size, <=, max);
    link_recv_exactly(nic, frame, size);
    return size;
}

/* Sockets are served in real time: looks until the register has the value. */
static void wait_for_reg(Nic *nic, uint32_t reg, uint32_t mask, uint32_t value)
{
    int tries;

    for (tries = 0; tries < 5000; tries++) {
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

static void msix_set_mask(Nic *nic, unsigned vector, bool masked)
{
    uint64_t entry = nic->pci->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(nic->pci, nic->pci->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

static void msix_start(Nic *nic)
{
    unsigned vector;

    qpci_msix_enable(nic->pci);
    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        msix_aim(nic, vector, nic->memory + MESSAGE + 4 * vector);
        msix_set_mask(nic, vector, false);
    }
}

/* Whether the vector has sent a message since the last look. */
static bool took_message(Nic *nic, unsigned vector)
{
    uint64_t addr = nic->memory + MESSAGE + 4 * vector;
    uint32_t data = qtest_readl(nic->qts, addr);

    if (data != 0) {
        g_assert_cmphex(data, ==, MESSAGE_DATA + vector);
    }
    qtest_writel(nic->qts, addr, 0);
    return data != 0;
}

/* QMP */

static QDict *query(Nic *nic)
{
    return qtest_qmp_assert_success_ref(nic->qts,
        "{'execute': 'query-ferronic',"
        " 'arguments': {'path': '/machine/peripheral/nic0'}}");
}

static int64_t query_counter(Nic *nic, const char *name)
{
    QDict *info = query(nic);
    int64_t value = qdict_get_int(info, name);

    qobject_unref(info);
    return value;
}

static int64_t query_delivered(Nic *nic, unsigned vector)
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

static void assert_refused(Nic *nic, const char *command, const char *expected)
{
    QObject *request = qobject_from_json(command, &error_abort);
    QDict *response = qtest_qmp(nic->qts, "%p", request);
    QDict *error = qdict_get_qdict(response, "error");

    g_assert_nonnull(error);
    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), expected));
    qobject_unref(response);
}

static void set_link(Nic *nic, bool up)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'set_link', 'arguments': {'name': 'nic0', 'up': %i}}", up);
}

static void inject_storm(Nic *nic, int vector, int rate_hz, int count)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'ferronic-inject-irq-storm', 'arguments': {"
        " 'path': '/machine/peripheral/nic0', 'vector': %d,"
        " 'rate-hz': %d, 'count': %d}}", vector, rate_hz, count);
}

static void inject_flap(Nic *nic, int down_ns, int count)
{
    qtest_qmp_assert_success(nic->qts,
        "{'execute': 'ferronic-inject-link-flap', 'arguments': {"
        " 'path': '/machine/peripheral/nic0', 'down-ns': %d, 'count': %d}}",
        down_ns, count);
}

static void assert_link(Nic *nic, bool up)
{
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_LINK_UP,
                    ==, up ? FERRONIC_STATUS_LINK_UP : 0);
}

static void take_cause(Nic *nic, uint32_t expected)
{
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, expected);
    reg_write(nic, FERRONIC_MGMT_CAUSE, expected);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
}

/* Registers and reset */

static const struct {
    uint32_t reg;
    uint32_t value;
    const char *name;
} reset_values[] = {
#define X(name, access) \
    { FERRONIC_##name, FERRONIC_##name##_RESET_VALUE, #name },
    FERRONIC_REGISTERS(X)
#undef X
};

static uint32_t expected_after_reset(unsigned i)
{
    switch (reset_values[i].reg) {
    case FERRONIC_STATUS:
        return FERRONIC_STATUS_READY | FERRONIC_STATUS_LINK_UP;
    case FERRONIC_MAC_LO:
        return ldl_le_p(station);
    case FERRONIC_MAC_HI:
        return lduw_le_p(station + 4);
    default:
        return reset_values[i].value;
    }
}

static void assert_reset_values(Nic *nic)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(reset_values); i++) {
        uint32_t value = reg_read(nic, reset_values[i].reg);

        if (value != expected_after_reset(i)) {
            g_test_message("%s", reset_values[i].name);
        }
        g_assert_cmphex(value, ==, expected_after_reset(i));
    }
}

static void test_identity(void)
{
    Nic *nic = nic_start();

    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_VENDOR_ID), ==,
                    FERRONIC_PCI_VENDOR_ID);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_DEVICE_ID), ==,
                    FERRONIC_PCI_DEVICE_ID);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_CLASS_DEVICE), ==,
                    FERRONIC_PCI_CLASS);
    g_assert_cmphex(reg_read(nic, FERRONIC_ID) >> FERRONIC_ID_MAGIC_SHIFT, ==,
                    FERRONIC_MAGIC);
    qpci_msix_enable(nic->pci);
    g_assert_cmpint(qpci_msix_table_size(nic->pci), ==, FERRONIC_VECTORS);
    nic_stop(nic);
}

static void test_reset_values(void)
{
    Nic *nic = nic_start();

    assert_reset_values(nic);
    g_assert_cmphex(reg_read(nic, 0x3ffc), ==, 0);
    nic_stop(nic);
}

static void test_writes(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_ID, 0);
    reg_write(nic, FERRONIC_STATUS, 0);
    reg_write(nic, FERRONIC_INT_ENABLE, 7);
    reg_write(nic, FERRONIC_RX_FRAMES, 7);
    reg_write(nic, FERRONIC_RX_HEAD, 7);
    reg_write(nic, 0x3ffc, 7);
    assert_reset_values(nic);

    reg_write(nic, FERRONIC_CTRL, 0xfffffffe);
    g_assert_cmphex(reg_read(nic, FERRONIC_CTRL), ==, FERRONIC_CTRL_LOOPBACK);
    reg_write(nic, FERRONIC_MAC_HI, 0xffffffff);
    g_assert_cmphex(reg_read(nic, FERRONIC_MAC_HI), ==, 0xffff);
    reg_write(nic, FERRONIC_RX_FILTER, 0xffffffff);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==,
                    FERRONIC_RX_FILTER_BITS);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, 0xffffffff);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==,
                    FERRONIC_INT_ENABLE_BITS);
    reg_write(nic, FERRONIC_INT_ENABLE_CLEAR, RX_BIT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, MGMT_BIT | TX_BIT);
    nic_stop(nic);
}

static void test_access_size(void)
{
    Nic *nic = nic_start();

    qpci_io_writeb(nic->pci, nic->bar, FERRONIC_RX_FILTER, 3);
    qpci_io_writew(nic->pci, nic->bar, FERRONIC_RX_FILTER, 3);
    qpci_io_writel(nic->pci, nic->bar, FERRONIC_RX_FILTER + 2, 3);
    qpci_io_readb(nic->pci, nic->bar, FERRONIC_ID);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 0);
    nic_stop(nic);
}

static void test_ready_comes_late(void)
{
    Nic *nic = nic_start_in_reset();

    step(nic, FERRONIC_RESET_DELAY_NS - 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, ==,
                    0);
    reg_write(nic, FERRONIC_RX_FILTER, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 0);
    step(nic, 1);
    assert_reset_values(nic);
    reg_write(nic, FERRONIC_RX_FILTER, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 1);
    nic_stop(nic);
}

static void dirty_everything(Nic *nic)
{
    msix_start(nic);
    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    reg_write(nic, FERRONIC_TX_TAIL, 99);
    reg_write(nic, FERRONIC_MAC_LO, 1);
    reg_write(nic, FERRONIC_MAC_HI, 1);
    reg_write(nic, FERRONIC_RX_FILTER, 3);
    tx_queue_desc(nic, tx_buffer(nic, 1), FERRONIC_FRAME_MAX + 1, 0);
    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_ERRORS), ==, 1);
}

static void test_reset_by_register(void)
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

static void test_reset_by_function(void)
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

/* Rules of the rings */

static void assert_enable_refused(Nic *nic, uint32_t ctrl)
{
    reg_write(nic, ctrl, 1);
    g_assert_cmphex(reg_read(nic, ctrl), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
}

static void test_bad_rings(void)
{
    static const uint32_t sizes[] = { 0, 1, 4, 7, 9, 100, 4095, 4097, 8191 };
    static const uint32_t buffers[] = { 0, 63, 16385, 32767 };
    Nic *nic = nic_start();
    unsigned i;

    reg_write(nic, FERRONIC_RX_BASE_LO, RX_RING);
    reg_write(nic, FERRONIC_TX_BASE_LO, TX_RING);
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        reg_write(nic, FERRONIC_RX_SIZE, sizes[i]);
        assert_enable_refused(nic, FERRONIC_RX_CTRL);
        reg_write(nic, FERRONIC_TX_SIZE, sizes[i]);
        assert_enable_refused(nic, FERRONIC_TX_CTRL);
    }
    reg_write(nic, FERRONIC_RX_SIZE, 4096);
    reg_write(nic, FERRONIC_TX_SIZE, 4096);
    for (i = 0; i < ARRAY_SIZE(buffers); i++) {
        reg_write(nic, FERRONIC_RX_BUFFER, buffers[i]);
        assert_enable_refused(nic, FERRONIC_RX_CTRL);
    }
    reg_write(nic, FERRONIC_RX_BUFFER, 16384);
    reg_write(nic, FERRONIC_RX_BASE_LO, RX_RING + 32);
    assert_enable_refused(nic, FERRONIC_RX_CTRL);
    reg_write(nic, FERRONIC_RX_BASE_HI, 0xffffffff);
    reg_write(nic, FERRONIC_RX_BASE_LO, 0xffffffc0);
    assert_enable_refused(nic, FERRONIC_RX_CTRL);
    g_assert_cmpint(query_counter(nic, "config-errors"), ==,
                    2 * ARRAY_SIZE(sizes) + ARRAY_SIZE(buffers) + 2);

    reg_write(nic, FERRONIC_RX_BASE_HI, 0);
    reg_write(nic, FERRONIC_RX_BASE_LO, RX_RING);
    reg_write(nic, FERRONIC_RX_CTRL, 1);
    reg_write(nic, FERRONIC_TX_CTRL, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL), ==, 1);
    nic_stop(nic);
}

static void test_running_ring_is_locked(void)
{
    static const uint32_t locked[] = {
        FERRONIC_RX_BASE_LO, FERRONIC_RX_BASE_HI, FERRONIC_RX_SIZE,
        FERRONIC_RX_BUFFER, FERRONIC_TX_BASE_LO, FERRONIC_TX_BASE_HI,
        FERRONIC_TX_SIZE,
    };
    Nic *nic = nic_start();
    unsigned i;

    rx_start(nic);
    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(locked); i++) {
        uint32_t before = reg_read(nic, locked[i]);

        reg_write(nic, locked[i], 1024);
        g_assert_cmphex(reg_read(nic, locked[i]), ==, before);
        take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    }
    nic_stop(nic);
}

static void test_bad_doorbells(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RX_TAIL, 3);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);

    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL, RING_SIZE);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    reg_write(nic, FERRONIC_RX_TAIL, 0xffffffff);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL), ==, 0);

    reg_write(nic, FERRONIC_RX_TAIL, 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL), ==, 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    reg_write(nic, FERRONIC_RX_TAIL, 2);
    take_cause(nic, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_TAIL), ==, 5);
    nic_stop(nic);
}

static void test_stop_takes_time(void)
{
    Nic *nic = nic_start();

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_RX_CTRL, 0);
    reg_write(nic, FERRONIC_TX_CTRL, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_BITS);
    assert_enable_refused(nic, FERRONIC_RX_CTRL);
    step(nic, STOP_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_READY | FERRONIC_STATUS_LINK_UP);
    rx_start(nic);
    nic_stop(nic);
}

/* Receive */

static void test_rx(void)
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
    g_assert_cmphex(rx_status(nic, 3), ==, 0);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_HEAD), ==, 3);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT);
    nic_stop(nic);
}

static void test_rx_filter(void)
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

static void test_rx_too_long(void)
{
    Nic *nic = nic_start_linked();

    rx_start(nic);
    link_send(nic, BUFFER_SIZE + 1, station, 1);
    link_send(nic, BUFFER_SIZE, station, 2);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    assert_received(nic, 0, BUFFER_SIZE, station, 2);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 1);
    nic_stop(nic);
}

static void test_rx_full_ring_waits(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i;

    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL, 2);
    for (i = 0; i < 6; i++) {
        link_send(nic, 100, station, i);
    }
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 2);
    g_usleep(20000);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 2);

    reg_write(nic, FERRONIC_RX_TAIL, 7);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 6);
    for (i = 0; i < 6; i++) {
        assert_received(nic, i, 100, station, i);
    }
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_MISSED), ==, 0);
    nic_stop(nic);
}

static void test_rx_wraps(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i, index;

    rx_start(nic);
    for (i = 0; i < 5 * RING_SIZE; i++) {
        index = i % RING_SIZE;
        link_send(nic, 60 + i, station, i);
        wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, i + 1);
        assert_received(nic, index, 60 + i, station, i);
        rx_fill_desc(nic, index, rx_buffer(nic, index));
        reg_write(nic, FERRONIC_RX_TAIL, (index + RING_SIZE) % RING_SIZE);
    }
    nic_stop(nic);
}

static void test_rx_bad_buffer(void)
{
    Nic *nic = nic_start_linked();

    rx_enable(nic);
    rx_fill_desc(nic, 0, NOWHERE);
    reg_write(nic, FERRONIC_RX_TAIL, 7);
    link_send(nic, 60, station, 1);
    wait_for_reg(nic, FERRONIC_MGMT_CAUSE, ~0u, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(rx_status(nic, 0), ==, RX_DONE | RX_ERROR);
    g_assert_cmpint(rx_length(nic, 0), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_CTRL), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_RX_ACTIVE,
                    ==, 0);
    link_send(nic, 60, station, 2);
    wait_for_reg(nic, FERRONIC_RX_MISSED, ~0u, 2);
    g_assert_cmpint(query_counter(nic, "dma-errors"), ==, 1);

    rx_start(nic);
    link_send(nic, 60, station, 3);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, 1);
    assert_received(nic, 0, 60, station, 3);
    nic_stop(nic);
}

/* Transmit */

static void test_tx(void)
{
    Nic *nic = nic_start_linked();
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];
    uint32_t i;

    tx_start(nic);
    for (i = 0; i < 3; i++) {
        tx_queue_frame(nic, 60 + 600 * i, other, i,
                       i == 1 ? TX_INTERRUPT : 0);
    }
    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS - 1);
    g_assert_cmphex(tx_status(nic, 0), ==, 0);
    step(nic, 1);
    for (i = 0; i < 3; i++) {
        size_t size = 60 + 600 * i;

        make_frame(expected, size, other, i);
        g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, size);
        g_assert_cmpmem(got, size, expected, size);
    }
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    g_assert_cmphex(tx_status(nic, 1), ==, TX_DONE | TX_INTERRUPT);
    g_assert_cmphex(tx_status(nic, 2), ==, TX_DONE);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, TX_BIT);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 3);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD), ==, 3);
    nic_stop(nic);
}

static void test_tx_pads(void)
{
    Nic *nic = nic_start_linked();
    uint8_t expected[60] = { }, got[BUFFER_SIZE];

    /* Neither this frame nor what lies behind the next is sent as padding. */
    qtest_memset(nic->qts, tx_buffer(nic, 1), 0xff, BUFFER_SIZE);
    tx_start(nic);
    tx_send(nic, 200, other, 7, 0);
    link_recv(nic, got, sizeof(got));
    tx_send(nic, FERRONIC_FRAME_MIN, other, 1, 0);
    make_frame(expected, FERRONIC_FRAME_MIN, other, 1);
    g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 60);
    g_assert_cmpmem(got, 60, expected, 60);
    nic_stop(nic);
}

static void test_tx_wraps(void)
{
    Nic *nic = nic_start_linked();
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];
    uint32_t i;

    tx_start(nic);
    for (i = 0; i < 5 * RING_SIZE; i++) {
        uint32_t index = tx_send(nic, 60 + i, other, i, 0);

        g_assert_cmphex(tx_status(nic, index), ==, TX_DONE);
        make_frame(expected, 60 + i, other, i);
        g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 60 + i);
        g_assert_cmpmem(got, 60 + i, expected, 60 + i);
    }
    nic_stop(nic);
}

static void test_tx_bad_length(void)
{
    static const uint32_t lengths[] = { 0, 13, 9217, 0x80000000, 0xffffffff };
    Nic *nic = nic_start();
    unsigned i;

    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(lengths); i++) {
        tx_queue_desc(nic, tx_buffer(nic, i), lengths[i], 0);
    }
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS);
    for (i = 0; i < ARRAY_SIZE(lengths); i++) {
        g_assert_cmphex(tx_status(nic, i), ==, TX_DONE | TX_ERROR);
    }
    g_assert_cmphex(tx_status(nic, i), ==, TX_DONE);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_ERRORS), ==, 5);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    nic_stop(nic);
}

static void test_tx_bad_buffer(void)
{
    Nic *nic = nic_start();

    tx_start(nic);
    tx_queue_desc(nic, NOWHERE, 60, 0);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE | TX_ERROR);
    g_assert_cmphex(tx_status(nic, 1), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

static void test_tx_bad_ring(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_TX_BASE_LO, NOWHERE);
    reg_write(nic, FERRONIC_TX_SIZE, RING_SIZE);
    reg_write(nic, FERRONIC_TX_CTRL, 1);
    reg_write(nic, FERRONIC_TX_TAIL, 1);
    step(nic, TX_LATENCY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

static void test_tx_bus_master_off_waits(void)
{
    Nic *nic = nic_start();
    uint16_t command = qpci_config_readw(nic->pci, PCI_COMMAND);

    tx_start(nic);
    qpci_config_writew(nic->pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    tx_send(nic, 60, other, 1, 0);
    step(nic, 1000000);
    g_assert_cmphex(tx_status(nic, 0), ==, 0);
    qpci_config_writew(nic->pci, PCI_COMMAND, command);
    step(nic, TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    nic_stop(nic);
}

static void test_tx_long_burst(void)
{
    enum { COUNT = 1000, SIZE = 1024 };
    Nic *nic = nic_start();
    uint32_t i;

    for (i = 0; i < COUNT; i++) {
        qtest_writeq(nic->qts, tx_desc(nic, i), tx_buffer(nic, 0));
        qtest_writel(nic->qts, tx_desc(nic, i) + 8, 60);
        qtest_writel(nic->qts, tx_desc(nic, i) + 12, 0);
    }
    reg_write(nic, FERRONIC_TX_BASE_LO, tx_desc(nic, 0));
    reg_write(nic, FERRONIC_TX_SIZE, SIZE);
    reg_write(nic, FERRONIC_TX_CTRL, 1);
    reg_write(nic, FERRONIC_TX_TAIL, COUNT);
    step(nic, TX_LATENCY_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), <, COUNT);
    step(nic, 10 * TX_LATENCY_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, COUNT);
    nic_stop(nic);
}

static void test_loopback(void)
{
    Nic *nic = nic_start_linked();
    uint8_t got[BUFFER_SIZE];

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 777, station, 9, 0);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    assert_received(nic, 0, 777, station, 9);

    reg_write(nic, FERRONIC_CTRL, 0);
    tx_send(nic, 100, other, 10, 0);
    g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 100);
    nic_stop(nic);
}

static void test_loopback_waits_for_its_receiver(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    rx_enable(nic);
    reg_write(nic, FERRONIC_RX_TAIL, 1);
    tx_start(nic);
    tx_queue_frame(nic, 60, station, 1, 0);
    tx_queue_frame(nic, 60, station, 2, 0);
    tx_doorbell(nic);
    step(nic, 100 * TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    g_assert_cmphex(tx_status(nic, 1), ==, 0);

    reg_write(nic, FERRONIC_RX_TAIL, 2);
    step(nic, TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 1), ==, TX_DONE);
    assert_received(nic, 1, 60, station, 2);
    nic_stop(nic);
}

/* Two devices on one hub */

#define HUB_ARGS \
    "-netdev hubport,id=a,hubid=0 -netdev hubport,id=b,hubid=0 " \
    DEVICE_ARGS ",netdev=a " \
    "-device ferronic,id=nic1,addr=5.0,netdev=b,mac=52:54:00:fe:00:02"

static Nic *nic_start_pair(Nic **peer)
{
    Nic *nic = nic_start_raw(HUB_ARGS);

    *peer = g_new0(Nic, 1);
    (*peer)->qts = nic->qts;
    (*peer)->bus = nic->bus;
    (*peer)->link = -1;
    (*peer)->memory = 0x1000000;
    attach(*peer, 5);
    step(nic, FERRONIC_RESET_DELAY_NS);
    return nic;
}

static void test_pair_full_ring_stops_the_sender(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);
    uint32_t i;

    rx_enable(peer);
    reg_write(peer, FERRONIC_RX_TAIL, 2);
    tx_start(nic);
    for (i = 0; i < 5; i++) {
        tx_queue_frame(nic, 60 + i, other, i, 0);
    }
    tx_doorbell(nic);
    step(nic, 100 * TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 1), ==, TX_DONE);
    g_assert_cmphex(tx_status(nic, 2), ==, 0);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 2);

    reg_write(peer, FERRONIC_RX_TAIL, 7);
    step(nic, 100 * TX_LATENCY_NS);
    for (i = 0; i < 5; i++) {
        g_assert_cmphex(tx_status(nic, i), ==, TX_DONE);
        assert_received(peer, i, 60 + i, other, i);
    }
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_off_receiver_drops(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_MISSED), ==, 0);
    rx_start(peer);
    tx_send(nic, 60, other, 2, 0);
    assert_received(peer, 0, 60, other, 2);
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_sender_resets_while_waiting(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    rx_enable(peer);
    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmphex(tx_status(nic, 0), ==, 0);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    tx_start(nic);
    reg_write(peer, FERRONIC_RX_TAIL, 7);
    step(nic, 100 * TX_LATENCY_NS);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 0);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD), ==, 0);
    tx_send(nic, 60, other, 2, 0);
    assert_received(peer, 0, 60, other, 2);
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_stop_of_vm_loses_nothing(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    rx_enable(peer);
    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    qtest_qmp_assert_success(nic->qts, "{'execute': 'stop'}");
    qtest_qmp_assert_success(nic->qts, "{'execute': 'cont'}");
    step(nic, 100 * TX_LATENCY_NS);
    reg_write(peer, FERRONIC_RX_TAIL, 7);
    step(nic, 100 * TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 1);
    assert_received(peer, 0, 60, other, 1);
    nic_detach(peer);
    nic_stop(nic);
}

/* Interrupts */

static void test_irq_auto_mask(void)
{
    Nic *nic = nic_start();

    msix_start(nic);
    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_RX));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT | TX_BIT);

    /* Enabling a pending vector fires it at once. */
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_RX));
    g_assert_false(took_message(nic, FERRONIC_VECTOR_TX));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, TX_BIT);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, 0);

    /* Firing disabled it. */
    tx_send(nic, 60, station, 2, 0);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_RX));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, RX_BIT | TX_BIT);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT | TX_BIT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_RX));
    g_assert_true(took_message(nic, FERRONIC_VECTOR_TX));

    /* Enabled and not pending: fires with the event. */
    reg_write(nic, FERRONIC_INT_ENABLE_SET, TX_BIT);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_TX));
    tx_send(nic, 60, station, 3, TX_INTERRUPT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_TX));
    g_assert_cmpint(query_delivered(nic, FERRONIC_VECTOR_RX), ==, 2);
    g_assert_cmpint(query_delivered(nic, FERRONIC_VECTOR_TX), ==, 2);
    nic_stop(nic);
}

static void test_irq_management(void)
{
    Nic *nic = nic_start();

    msix_start(nic);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    set_link(nic, false);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, MGMT_BIT);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_MGMT));
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, MGMT_BIT);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_MGMT));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    nic_stop(nic);
}

static void test_irq_masked_vector(void)
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

static void test_irq_waits_for_msix(void)
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

/* Link */

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
    g_assert_cmphex(tx_status(nic, 0), ==, TX_DONE | TX_ERROR);

    set_link(nic, true);
    assert_link(nic, true);
    take_cause(nic, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmphex(tx_status(nic, 1), ==, TX_DONE);
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

/* Storms */

static void test_storm(void)
{
    Nic *nic = nic_start();
    int i;

    msix_start(nic);
    inject_storm(nic, FERRONIC_VECTOR_RX, 1000, 10);
    for (i = 0; i < 10; i++) {
        g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==,
                        i + 1);
        g_assert_true(took_message(nic, FERRONIC_VECTOR_RX));
        step(nic, 999999);
        g_assert_false(took_message(nic, FERRONIC_VECTOR_RX));
        step(nic, 1);
    }
    step(nic, 100000000);
    g_assert_cmpint(query_counter(nic, "irq-storms"), ==, 1);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-requested"), ==, 10);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 10);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 0);
    g_assert_cmpint(query_delivered(nic, FERRONIC_VECTOR_RX), ==, 10);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    nic_stop(nic);
}

static void test_storm_obeys_masks(void)
{
    Nic *nic = nic_start();
    uint16_t command = qpci_config_readw(nic->pci, PCI_COMMAND);

    inject_storm(nic, FERRONIC_VECTOR_RX, 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 5);

    msix_start(nic);
    msix_set_mask(nic, FERRONIC_VECTOR_RX, true);
    inject_storm(nic, FERRONIC_VECTOR_RX, 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 10);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_RX));
    msix_set_mask(nic, FERRONIC_VECTOR_RX, false);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_RX));

    qpci_config_writew(nic->pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    inject_storm(nic, FERRONIC_VECTOR_RX, 1000000, 5);
    step(nic, 1000000);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-masked"), ==, 15);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 0);
    g_assert_false(took_message(nic, FERRONIC_VECTOR_RX));
    nic_stop(nic);
}

#define STORM(path, vector, rate, count) \
    "{'execute': 'ferronic-inject-irq-storm', 'arguments': {'path': '" path \
    "', 'vector': " vector ", 'rate-hz': " rate ", 'count': " count "}}"
#define FLAP(down, count) \
    "{'execute': 'ferronic-inject-link-flap', 'arguments': {" \
    "'path': '/machine/peripheral/nic0', 'down-ns': " down \
    ", 'count': " count "}}"
#define NIC0 "/machine/peripheral/nic0"

static void test_refusals(void)
{
    static const char *const refused[][2] = {
        { STORM(NIC0, "3", "10", "10"), "from 0 to 2" },
        { STORM(NIC0, "0", "0", "10"), "from 1 to 1000000" },
        { STORM(NIC0, "0", "1000001", "10"), "from 1 to 1000000" },
        { STORM(NIC0, "0", "10", "0"), "from 1 to 10000000" },
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
    assert_refused(nic, STORM(NIC0, "0", "10", "10"), "in progress");
    inject_storm(nic, 1, 10, 100);
    inject_flap(nic, 1000000, 2);
    assert_refused(nic, FLAP("1000", "1"), "in progress");
    nic_stop(nic);
}

/* Guests that are out of their mind */

static void test_ring_in_own_registers(void)
{
    Nic *nic = nic_start();
    uint32_t bar = nic->bar.addr;

    tx_start(nic);
    tx_queue_desc(nic, bar + FERRONIC_ID, 64, 0);
    tx_doorbell(nic);
    step(nic, TX_LATENCY_NS);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    rx_enable(nic);
    rx_fill_desc(nic, 0, bar + FERRONIC_CTRL);
    reg_write(nic, FERRONIC_RX_TAIL, 1);
    tx_start(nic);
    tx_send(nic, 60, station, 1, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_CTRL), ==, FERRONIC_CTRL_LOOPBACK);

    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_CTRL, 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_BASE_LO, bar + 0x2000);
    reg_write(nic, FERRONIC_TX_CTRL, 1);
    reg_write(nic, FERRONIC_TX_TAIL, 5);
    step(nic, TX_LATENCY_NS);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

static uint32_t fuzz_value(GRand *rand)
{
    static const uint32_t interesting[] = {
        0, 1, 2, 7, 8, 64, 4096, 16384, RX_RING, TX_RING, 0xffffffff,
        0x80000000, NOWHERE, 0xfee00000, 0xb0000000, 0xe0000000, 0xe0004000,
    };

    if (g_rand_boolean(rand)) {
        return g_rand_int(rand);
    }
    return interesting[g_rand_int_range(rand, 0, ARRAY_SIZE(interesting))];
}

static void test_random_registers(void)
{
    Nic *nic = nic_start();
    GRand *rand = g_rand_new_with_seed(20261121);
    int i;

    msix_start(nic);
    for (i = 0; i < 4096; i += 4) {
        qtest_writel(nic->qts, RX_RING + i, fuzz_value(rand));
        qtest_writel(nic->qts, TX_RING + i, fuzz_value(rand));
    }
    for (i = 0; i < 20000; i++) {
        unsigned which = g_rand_int_range(rand, 0, ARRAY_SIZE(reset_values));
        uint32_t value = fuzz_value(rand);

        if (reset_values[which].reg == FERRONIC_CTRL && i % 50) {
            value &= ~FERRONIC_CTRL_RESET;
        }
        reg_write(nic, reset_values[which].reg, value);
        step(nic, g_rand_int_range(rand, 0, 100000));
    }
    g_rand_free(rand);

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, 2 * FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
    nic_stop(nic);
}

/* Migration */

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

/* Saves the machine into a file and loads it into a new QEMU. */
static Nic *nic_migrate(Nic *from)
{
    g_autofree char *dir = g_dir_make_tmp("ferronic-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "state", NULL);
    g_autofree char *uri = g_strdup_printf("file:%s", file);
    g_autofree char *args = g_strdup_printf(DEVICE_ARGS " -incoming %s", uri);
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
    to->tx_tail = from->tx_tail;
    to->link = -1;
    nic_stop(from);
    unlink(file);
    rmdir(dir);
    return to;
}

static void test_migration(void)
{
    Nic *nic = nic_start();
    uint32_t before[ARRAY_SIZE(reset_values)];
    unsigned i;

    dirty_everything(nic);
    reg_write(nic, FERRONIC_MAC_LO, ldl_le_p(station));
    reg_write(nic, FERRONIC_MAC_HI, lduw_le_p(station + 4));
    took_message(nic, FERRONIC_VECTOR_RX);
    inject_storm(nic, FERRONIC_VECTOR_MGMT, 1000, 10);
    inject_flap(nic, 5000000, 1);
    step(nic, 1);
    tx_queue_frame(nic, 200, station, 7, 0);
    tx_doorbell(nic);           /* saved with its timer running */
    for (i = 0; i < ARRAY_SIZE(reset_values); i++) {
        before[i] = reg_read(nic, reset_values[i].reg);
    }

    nic = nic_migrate(nic);
    for (i = 0; i < ARRAY_SIZE(reset_values); i++) {
        if (reg_read(nic, reset_values[i].reg) != before[i]) {
            g_test_message("%s", reset_values[i].name);
        }
        g_assert_cmphex(reg_read(nic, reset_values[i].reg), ==, before[i]);
    }
    assert_link(nic, false);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 1);

    /* The frame of the old machine fails in the new one: the link is down. */
    step(nic, TX_LATENCY_NS);
    g_assert_cmphex(tx_status(nic, 2), ==, TX_DONE | TX_ERROR);

    step(nic, 20000000);
    assert_link(nic, true);
    g_assert_cmpint(query_counter(nic, "link-flaps-delivered"), ==, 1);
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 10);
    tx_send(nic, 300, station, 8, 0);
    assert_received(nic, 1, 300, station, 8);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    g_assert_true(took_message(nic, FERRONIC_VECTOR_RX));
    nic_stop(nic);
}

static void test_migration_in_reset(void)
{
    Nic *nic = nic_start_in_reset();

    step(nic, FERRONIC_RESET_DELAY_NS - 10);
    nic = nic_migrate(nic);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==,
                    FERRONIC_STATUS_LINK_UP);
    step(nic, 10);
    assert_reset_values(nic);
    nic_stop(nic);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    { "registers/identity", test_identity },
    { "registers/reset-values", test_reset_values },
    { "registers/writes", test_writes },
    { "registers/access-size", test_access_size },
    { "reset/ready-comes-late", test_ready_comes_late },
    { "reset/by-register", test_reset_by_register },
    { "reset/by-function", test_reset_by_function },
    { "rings/bad-rings", test_bad_rings },
    { "rings/running-ring-is-locked", test_running_ring_is_locked },
    { "rings/bad-doorbells", test_bad_doorbells },
    { "rings/stop-takes-time", test_stop_takes_time },
    { "rx/frames", test_rx },
    { "rx/filter", test_rx_filter },
    { "rx/too-long", test_rx_too_long },
    { "rx/full-ring-waits", test_rx_full_ring_waits },
    { "rx/wraps", test_rx_wraps },
    { "rx/bad-buffer", test_rx_bad_buffer },
    { "tx/frames", test_tx },
    { "tx/pads", test_tx_pads },
    { "tx/wraps", test_tx_wraps },
    { "tx/bad-length", test_tx_bad_length },
    { "tx/bad-buffer", test_tx_bad_buffer },
    { "tx/bad-ring", test_tx_bad_ring },
    { "tx/bus-master-off-waits", test_tx_bus_master_off_waits },
    { "tx/long-burst", test_tx_long_burst },
    { "loopback/frames", test_loopback },
    { "loopback/waits-for-its-receiver", test_loopback_waits_for_its_receiver },
    { "pair/full-ring-stops-the-sender", test_pair_full_ring_stops_the_sender },
    { "pair/off-receiver-drops", test_pair_off_receiver_drops },
    { "pair/sender-resets-while-waiting",
      test_pair_sender_resets_while_waiting },
    { "pair/stop-of-vm-loses-nothing", test_pair_stop_of_vm_loses_nothing },
    { "irq/auto-mask", test_irq_auto_mask },
    { "irq/management", test_irq_management },
    { "irq/masked-vector", test_irq_masked_vector },
    { "irq/waits-for-msix", test_irq_waits_for_msix },
    { "link/down", test_link_down },
    { "link/flap", test_flap },
    { "link/flap-survives-reset", test_flap_survives_reset },
    { "storm/counters", test_storm },
    { "storm/obeys-masks", test_storm_obeys_masks },
    { "faults/refusals", test_refusals },
    { "guest/ring-in-own-registers", test_ring_in_own_registers },
    { "guest/random-registers", test_random_registers },
    { "migration/everything", test_migration },
    { "migration/in-reset", test_migration_in_reset },
};

int main(int argc, char **argv)
{
    unsigned i;

    g_test_init(&argc, &argv, NULL);
    for (i = 0; i < ARRAY_SIZE(tests); i++) {
        g_autofree char *path = g_strdup_printf("/ferronic/%s", tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
    return g_test_run();
}
