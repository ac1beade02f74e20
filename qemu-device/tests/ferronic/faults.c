/*
 * QTest of the ferronic NIC: faults, each with its effect
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "inject.h"

#define ECAM                0xb0000000
#define AER_CAP             0x100

static Nic *start_loopback_with(const char *options)
{
    Nic *nic = nic_start_with(options);

    msix_start(nic);
    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    return nic;
}

static Nic *start_loopback(void)
{
    return start_loopback_with("");
}

/* What is expected of each test at its end. */
static void stop_clean(Nic *nic)
{
    g_assert_cmpint(violations(nic), ==, 0);
    nic_stop(nic);
}

/* Interrupts */

static void test_spurious(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'irq-spurious', 'vector': 3}");

    g_assert_true(took_message(nic, 3));
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);
    assert_fault_state(nic, id, "done");

    msix_set_mask(nic, 3, true);
    id = inject(nic, "{'kind': 'irq-spurious', 'vector': 3}");
    g_assert_false(took_message(nic, 3));
    g_assert_cmpint(fault_delivered(nic, id), ==, 0);
    g_assert_cmpint(fault_ineffective(nic, id), ==, 1);
    stop_clean(nic);
}

static void test_lost_interrupt(void)
{
    Nic *nic = start_loopback();
    int64_t id;

    id = inject(nic, "{'kind': 'irq-lost', 'vector': 1}");
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT | TX_BIT);
    tx_send(nic, 60, station, 1, TX_INTERRUPT);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    g_assert_true(took_message(nic, VECTOR_TX(0)));
    /* The device believes that it has fired. */
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_ENABLE), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);

    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 1, 0);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    stop_clean(nic);
}

static void test_late_interrupt(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'irq-late', 'delay-ns': 1000000}");

    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 1, 0);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    step(nic, 1000000 - SOON_NS);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    step(nic, SOON_NS);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);
    stop_clean(nic);
}

static void test_wrong_vector(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'irq-wrong-vector', 'vector': 1,"
                             " 'to': 8, 'times': 2}");
    int i;

    for (i = 0; i < 3; i++) {
        reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
        tx_send(nic, 60, station, 1, 0);
        g_assert_true(took_message(nic, i < 2 ? 8 : VECTOR_RX(0)));
        g_assert_false(took_message(nic, i < 2 ? VECTOR_RX(0) : 8));
    }
    g_assert_cmpint(fault_delivered(nic, id), ==, 2);
    stop_clean(nic);
}

static bool line_is_high(Nic *nic)
{
    return qpci_config_readw(nic->pci, PCI_STATUS) & PCI_STATUS_INTERRUPT;
}

static void test_stuck_line(void)
{
    Nic *nic = nic_start();
    int64_t id;

    id = inject(nic, "{'kind': 'intx-stuck', 'duration-ns': 1000000}");
    g_assert_true(line_is_high(nic));
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, 0);
    assert_fault_state(nic, id, "active");
    step(nic, 999999);
    g_assert_true(line_is_high(nic));
    step(nic, 1);
    g_assert_false(line_is_high(nic));
    assert_fault_state(nic, id, "done");

    id = inject(nic, "{'kind': 'intx-stuck', 'duration-ns': 1000000}");
    cancel(nic, id);
    g_assert_false(line_is_high(nic));
    stop_clean(nic);
}

static void test_storm(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'irq-storm', 'vector': 2,"
                             " 'rate-hz': 1000, 'count': 10,"
                             " 'trigger': {'when': 'after', 'ns': 5000000}}");

    step(nic, 4999999);
    g_assert_false(took_message(nic, 2));
    step(nic, 1);
    g_assert_true(took_message(nic, 2));
    assert_fault_state(nic, id, "active");
    step(nic, 9000000);
    g_assert_cmpint(fault_delivered(nic, id), ==, 10);
    assert_fault_state(nic, id, "done");
    g_assert_cmpint(query_counter(nic, "storm-interrupts-delivered"), ==, 10);

    /* A second storm on the vector finds it busy. */
    inject_storm(nic, 2, 1000, 10);
    id = inject(nic, "{'kind': 'irq-storm', 'vector': 2, 'rate-hz': 1000,"
                     " 'count': 10}");
    g_assert_cmpint(fault_ineffective(nic, id), ==, 1);
    stop_clean(nic);
}

/* Completions */

static void test_lost_completion(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'completion-lost', 'queue': 'rx0'}");
    tx_send(nic, 60, station, 1, 0);
    tx_send(nic, 60, station, 2, 0);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    assert_received(nic, 1, 60, station, 2);

    inject(nic, "{'kind': 'completion-lost', 'queue': 'tx0'}");
    tx_send(nic, 60, other, 3, TX_INTERRUPT);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD(0)), ==, 3);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING) & TX_BIT, ==, TX_BIT);
    tx_send(nic, 60, other, 4, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 4);
    stop_clean(nic);
}

static void test_late_completion(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'completion-late', 'queue': 'rx0',"
                " 'delay-ns': 1000000}");
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_send(nic, 60, station, 1, 0);
    g_assert_true(took_message(nic, VECTOR_RX(0)));
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    step(nic, 1000000);
    assert_received(nic, 0, 60, station, 1);
    g_assert_true(took_message(nic, VECTOR_RX(0)));

    inject(nic, "{'kind': 'completion-late', 'queue': 'tx0',"
                " 'delay-ns': 1000000}");
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    step(nic, 1000000);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    stop_clean(nic);
}

/* A late completion of a queue that has stopped would be a use after free. */
static void test_late_completion_of_a_stopped_queue(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'completion-late', 'delay-ns': 1000000,"
                " 'times': 2}");
    tx_send(nic, 60, station, 1, 0);
    reg_write(nic, FERRONIC_RX_CTRL(0), 0);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_RX_CTRL(0), 1);
    step(nic, 2000000);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    stop_clean(nic);
}

static void test_duplicated_completion(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'completion-duplicated', 'delay-ns': 1000000,"
                " 'queue': 'rx0'}");
    tx_send(nic, 60, station, 1, 0);
    assert_received(nic, 0, 60, station, 1);
    rx_fill_desc(nic, 0, 0, rx_buffer(nic, 0, 0));
    step(nic, 1000000);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, RX_DONE | RX_EOP | 60);

    /* A head that goes back. */
    inject(nic, "{'kind': 'completion-duplicated', 'delay-ns': 1000000,"
                " 'queue': 'tx0'}");
    tx_send(nic, 60, other, 1, 0);
    tx_send(nic, 60, other, 2, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 3);
    step(nic, 1000000);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    stop_clean(nic);
}

static void test_reordered_completion(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'completion-reordered', 'queue': 'rx0'}");
    tx_send(nic, 60, station, 1, 0);
    step(nic, 10000000);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    tx_send(nic, 60, station, 2, 0);
    assert_received(nic, 0, 60, station, 1);
    assert_received(nic, 1, 60, station, 2);

    inject(nic, "{'kind': 'completion-reordered', 'queue': 'tx0'}");
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 2);
    tx_send(nic, 60, other, 2, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 3);
    stop_clean(nic);
}

/* Memory */

static void test_dma_error(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'dma-error', 'engine': 'tx0',"
                             " 'part': 'data'}");

    tx_send(nic, 60, station, 1, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS) &
                    FERRONIC_DMA_STATUS_TX_FAILED, !=, 0);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);

    tx_start(nic);
    inject(nic, "{'kind': 'dma-error', 'engine': 'rx0',"
                " 'direction': 'write'}");
    tx_send(nic, 60, station, 2, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS) &
                    FERRONIC_DMA_STATUS_RX_FAILED, !=, 0);

    inject(nic, "{'kind': 'dma-error', 'engine': 'copy'}");
    reg_write(nic, FERRONIC_DMA_ADDR_LO, TX_MEMORY);
    reg_write(nic, FERRONIC_DMA_LENGTH, 64);
    reg_write(nic, FERRONIC_DMA_CTRL, FERRONIC_DMA_CTRL_START);
    step(nic, SOON_NS);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR |
                    FERRONIC_MGMT_CAUSE_DMA_DONE);

    /* None of this is the driver's doing; what follows is. */
    g_assert_cmpint(broken(nic, FERRONIC_RULE_DMA_FAILED), ==, 0);
    tx_queue_words(nic, 0, NOWHERE, 60, TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(broken(nic, FERRONIC_RULE_DMA_FAILED), ==, 1);
    nic_stop(nic);
}

/* The bits in which what came differs from what was sent. */
static unsigned different_bits(Nic *nic, uint32_t index, size_t size,
                               uint8_t seed, size_t *where)
{
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];
    unsigned bits = 0;
    size_t i;

    make_frame(expected, size, station, seed);
    qtest_memread(nic->qts, rx_buffer(nic, 0, index), got, size);
    for (i = 0; i < 8 * size; i++) {
        if ((expected[i / 8] ^ got[i / 8]) >> i % 8 & 1) {
            *where = i;
            bits++;
        }
    }
    return bits;
}

static size_t flipped_bit(const char *seed)
{
    Nic *nic = start_loopback();
    g_autofree char *fault =
        g_strdup_printf("{'kind': 'dma-bit-flip', 'engine': 'rx0',"
                        " 'part': 'data', 'seed': %s}", seed);
    size_t where = 0;

    inject(nic, fault);
    tx_send(nic, 1000, station, 1, 0);
    g_assert_cmpint(different_bits(nic, 0, 1000, 1, &where), ==, 1);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, RX_DONE | RX_EOP | 1000);
    tx_send(nic, 1000, station, 2, 0);
    assert_received(nic, 1, 1000, station, 2);
    stop_clean(nic);
    return where;
}

static void test_bit_flip(void)
{
    size_t first = flipped_bit("17");

    g_assert_cmpint(flipped_bit("17"), ==, first);
    g_assert_cmpint(flipped_bit("18"), !=, first);
}

static void test_short_write(void)
{
    Nic *nic = start_loopback();
    uint8_t expected[100], got[100];

    qtest_memset(nic->qts, rx_buffer(nic, 0, 0), 0xa5, 100);
    inject(nic, "{'kind': 'dma-short-write', 'part': 'data', 'missing': 30}");
    tx_send(nic, 100, station, 1, 0);
    make_frame(expected, 70, station, 1);
    memset(expected + 70, 0xa5, 30);
    qtest_memread(nic->qts, rx_buffer(nic, 0, 0), got, 100);
    g_assert_cmpmem(got, 100, expected, 100);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, RX_DONE | RX_EOP | 100);
    stop_clean(nic);
}

/* Received frames */

static void test_length_too_long(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'rx-length-too-long'}");
    inject(nic, "{'kind': 'rx-length-too-long', 'excess': 14000,"
                " 'trigger': {'when': 'opportunity', 'nth': 1}}");
    tx_send(nic, 60, station, 1, 0);
    g_assert_cmphex(rx_status(nic, 0, 0), ==,
                    RX_DONE | RX_EOP | (BUFFER_SIZE + 1));
    tx_send(nic, 60, station, 1, 0);
    g_assert_cmphex(rx_status(nic, 0, 1), ==,
                    RX_DONE | RX_EOP | (BUFFER_SIZE + 14000));
    tx_send(nic, 60, station, 1, 0);
    assert_received(nic, 2, 60, station, 1);
    stop_clean(nic);
}

static void test_length_zero(void)
{
    Nic *nic = start_loopback();

    inject(nic, "{'kind': 'rx-length-zero', 'queue': 'rx0'}");
    tx_send(nic, 60, station, 1, 0);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, RX_DONE | RX_EOP);
    stop_clean(nic);
}

#define CHECKED (FERRONIC_RX_DESC_STATUS_L3_CHECKED | \
                 FERRONIC_RX_DESC_STATUS_L4_CHECKED)
#define BAD     (FERRONIC_RX_DESC_STATUS_L3_BAD | \
                 FERRONIC_RX_DESC_STATUS_L4_BAD)

static void test_bad_checksum(void)
{
    Nic *nic = start_loopback();
    int64_t id = inject(nic, "{'kind': 'rx-bad-checksum'}");

    /* Nothing to a frame without a checksum. */
    tx_send(nic, 60, station, 1, 0);
    assert_received(nic, 0, 60, station, 1);
    g_assert_cmpint(fault_delivered(nic, id), ==, 0);

    nic_command(nic, "ferronic-traffic-start", "{'count': 2, 'rate': 100000}");
    step(nic, 2 * SOON_NS);
    g_assert_cmphex(rx_status(nic, 0, 1) & (CHECKED | BAD), ==,
                    CHECKED | FERRONIC_RX_DESC_STATUS_L4_BAD);
    g_assert_cmphex(rx_status(nic, 0, 2) & (CHECKED | BAD), ==, CHECKED);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);
    stop_clean(nic);
}

/* Link, bus, device */

static void test_flap(void)
{
    Nic *nic = nic_start();
    int64_t id = inject(nic, "{'kind': 'link-flap', 'down-ns': 1000000,"
                             " 'count': 2, 'trigger': {'when': 'at',"
                             " 'ns': 5000000}}");

    step(nic, 5000000 - nic->now - 1);
    assert_link(nic, true);
    step(nic, 1);
    assert_link(nic, false);
    step(nic, 1000000);
    assert_link(nic, true);
    step(nic, 1000000);
    assert_link(nic, false);
    cancel(nic, id);
    assert_link(nic, true);
    assert_fault_state(nic, id, "cancelled");
    step(nic, 10000000);
    assert_link(nic, true);
    stop_clean(nic);
}

static void test_all_ones(void)
{
    Nic *nic = nic_start();
    int64_t id = inject(nic, "{'kind': 'all-ones', 'times': 2}");

    reg_write(nic, FERRONIC_SCRATCH, 5);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, UINT32_MAX);
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==, UINT32_MAX);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, 5);
    g_assert_cmpint(fault_delivered(nic, id), ==, 2);
    stop_clean(nic);
}

static void test_dead(void)
{
    Nic *nic = start_loopback();
    int64_t id;

    reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT);
    tx_queue_frame(nic, 60, station, 1, 0);
    tx_doorbell(nic);
    id = inject(nic, "{'kind': 'dead'}");
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==, UINT32_MAX);
    g_assert_cmphex(reg_read(nic, 0x20), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_VENDOR_ID), ==, 0xffff);
    step(nic, SOON_NS);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    g_assert_false(took_message(nic, VECTOR_RX(0)));
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, 2 * FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS), ==, UINT32_MAX);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);
    id = inject(nic, "{'kind': 'dead'}");
    g_assert_cmpint(fault_ineffective(nic, id), ==, 1);
    stop_clean(nic);
}

static void test_reset_stuck(void)
{
    Nic *nic = nic_start();
    int64_t id = inject(nic, "{'kind': 'reset-stuck'}");

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, 1000 * FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, ==,
                    0);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);

    /* Writes are ignored, the register of the reset too; FLR helps. */
    qpci_config_writew(nic->pci, qpci_find_capability(nic->pci, PCI_CAP_ID_EXP,
                                                      0) + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
    qpci_device_enable(nic->pci);
    nic->bus->mmio_alloc_ptr = 0xE0000000;
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
    step(nic, FERRONIC_RESET_DELAY_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_READY, !=,
                    0);
    nic_stop(nic);
}

/* Opens the window to all configuration spaces, as firmware does. */
static void open_config_window(Nic *nic)
{
    QPCIDevice *host = qpci_device_find(nic->bus, QPCI_DEVFN(0, 0));

    qpci_config_writel(host, 0x60, ECAM | 1);
    qpci_config_writel(host, 0x64, 0);
    g_free(host);
}

static uint32_t aer_register(Nic *nic, uint32_t offset)
{
    return qtest_readl(nic->qts, ECAM + (nic->pci->devfn << 12) + AER_CAP +
                                 offset);
}

static void test_aer(void)
{
    Nic *nic = nic_start();
    uint8_t exp = qpci_find_capability(nic->pci, PCI_CAP_ID_EXP, 0);
    int64_t id;

    open_config_window(nic);
    id = inject(nic, "{'kind': 'aer-correctable', 'error': 'bad-tlp'}");
    g_assert_cmphex(aer_register(nic, PCI_ERR_COR_STATUS), ==,
                    PCI_ERR_COR_BAD_TLP);
    g_assert_cmphex(qpci_config_readw(nic->pci, exp + PCI_EXP_DEVSTA) &
                    (PCI_EXP_DEVSTA_CED | PCI_EXP_DEVSTA_FED), ==,
                    PCI_EXP_DEVSTA_CED);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);

    id = inject(nic, "{'kind': 'aer-uncorrectable'}");
    g_assert_cmphex(aer_register(nic, PCI_ERR_UNCOR_STATUS), ==,
                    PCI_ERR_UNC_DLP);
    g_assert_cmphex(qpci_config_readw(nic->pci, exp + PCI_EXP_DEVSTA) &
                    PCI_EXP_DEVSTA_FED, !=, 0);
    g_assert_cmpint(fault_delivered(nic, id), ==, 1);
    stop_clean(nic);
}

/* Below a root port, whose slot tells of it */

#define BUS1    BIT(8)

static uint16_t slot_status(QPCIDevice *port)
{
    return qpci_config_readw(port, qpci_find_capability(port, PCI_CAP_ID_EXP,
                                                        0) + PCI_EXP_SLTSTA);
}

static void set_slot_control(QPCIDevice *port, uint16_t value)
{
    qpci_config_writew(port, qpci_find_capability(port, PCI_CAP_ID_EXP, 0) +
                             PCI_EXP_SLTCTL, value);
}

static void test_surprise_removal(void)
{
    QTestState *qts = qtest_init("-M q35 -m 64 -nodefaults -global "
                                 "ICH9-LPC.acpi-pci-hotplug-with-bridge-support"
                                 "=off "
                                 "-device pcie-root-port,id=rp,addr=4.0,"
                                 "chassis=1,slot=1 "
                                 "-device ferronic,id=nic0,bus=rp");
    Nic nic = { .qts = qts, .bus = qpci_new_pc(qts, NULL), .link = -1 };
    QPCIDevice *port = qpci_device_find(nic.bus, QPCI_DEVFN(4, 0));
    QPCIDevice device = { .bus = nic.bus, .devfn = BUS1 };
    int64_t id;

    qpci_config_writeb(port, PCI_SECONDARY_BUS, 1);
    qpci_config_writeb(port, PCI_SUBORDINATE_BUS, 1);
    set_slot_control(port, PCI_EXP_SLTCTL_PWR_IND_ON);
    g_assert_cmphex(qpci_config_readw(&device, PCI_DEVICE_ID), ==,
                    FERRONIC_PCI_DEVICE_ID);
    g_assert_cmphex(slot_status(port) & PCI_EXP_SLTSTA_PDS, !=, 0);

    id = inject(&nic, "{'kind': 'surprise-removal'}");
    g_assert_cmphex(qpci_config_readw(&device, PCI_DEVICE_ID), ==, 0xffff);
    g_assert_cmphex(slot_status(port) & (PCI_EXP_SLTSTA_PDS |
                                         PCI_EXP_SLTSTA_PDC), ==,
                    PCI_EXP_SLTSTA_PDC);
    g_assert_cmpint(fault_delivered(&nic, id), ==, 1);

    /* The guest turns the slot off; then QEMU can let go of the device. */
    set_slot_control(port, PCI_EXP_SLTCTL_PWR_OFF |
                           PCI_EXP_SLTCTL_PWR_IND_OFF);
    qtest_qmp_assert_success(qts, "{'execute': 'device_del', 'arguments': {"
                                  "'id': 'nic0'}}");
    qtest_qmp_eventwait(qts, "DEVICE_DELETED");
    qtest_qmp_assert_success(qts, "{'execute': 'device_add', 'arguments': {"
                                  "'driver': 'ferronic', 'id': 'nic0',"
                                  "'bus': 'rp'}}");
    set_slot_control(port, PCI_EXP_SLTCTL_PWR_IND_ON);
    g_assert_cmphex(slot_status(port) & PCI_EXP_SLTSTA_PDS, !=, 0);
    g_assert_cmphex(qpci_config_readw(&device, PCI_DEVICE_ID), ==,
                    FERRONIC_PCI_DEVICE_ID);
    g_free(port);
    qtest_quit(qts);
    qpci_free_pc(nic.bus);
}

/* Faults as such */

static void test_refused(void)
{
    static const struct {
        const char *fault;
        const char *expected;
    } wrong[] = {
        { "{'kind': 'irq-spurious', 'vector': 9}", "from 0 to 8" },
        { "{'kind': 'irq-lost', 'vector': 9}", "from 0 to 8" },
        { "{'kind': 'irq-late', 'delay-ns': 0}", "from 1 to 60000000000" },
        { "{'kind': 'irq-wrong-vector', 'to': 9}", "from 0 to 8" },
        { "{'kind': 'irq-storm', 'vector': 0, 'rate-hz': 0, 'count': 1}",
          "rate-hz" },
        { "{'kind': 'completion-lost', 'queue': 'copy'}", "queue" },
        { "{'kind': 'rx-length-zero', 'queue': 'tx0'}", "receive queue" },
        { "{'kind': 'rx-length-too-long', 'excess': 16384}", "excess" },
        { "{'kind': 'dma-short-write', 'missing': 0}", "missing" },
        { "{'kind': 'link-flap', 'down-ns': 1, 'count': 1}", "down-ns" },
        { "{'kind': 'dead', 'times': 2}", "trigger that counts" },
        { "{'kind': 'all-ones', 'times': 0}", "times" },
        { "{'kind': 'dead', 'trigger': {'when': 'opportunity', 'nth': 1}}",
          "cannot be opportunity" },
        { "{'kind': 'dead', 'trigger': {'when': 'register-read', 'nth': 0}}",
          "nth" },
        { "{'kind': 'dead', 'trigger': {'when': 'random', 'ppm': 1000001}}",
          "ppm" },
        { "{'kind': 'dead', 'trigger': {'when': 'never'}}", "when" },
        { "{'kind': 'explosion'}", "kind" },
        { "{'kind': 'irq-late'}", "delay-ns" },
    };
    Nic *nic = nic_start();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_fault_refused(nic, wrong[i].fault, wrong[i].expected);
    }
    assert_refused(nic, "{'execute': 'ferronic-cancel-fault', 'arguments': {"
                        "'path': '" NIC0_PATH "', 'id': 1}}", "no fault 1");
    stop_clean(nic);
}

static void test_many(void)
{
    Nic *nic = nic_start();
    int64_t first, id;
    int i;

    first = inject(nic, "{'kind': 'irq-spurious', 'vector': 0}");
    id = inject(nic, "{'kind': 'all-ones', 'trigger': {'when': 'after',"
                     " 'ns': 1000000}}");
    for (i = 0; i < 1000; i++) {
        inject(nic, "{'kind': 'irq-spurious', 'vector': 0}");
    }
    assert_fault_state(nic, id, "waiting");
    nic_command(nic, "ferronic-cancel-fault", "{}");
    assert_fault_state(nic, id, "cancelled");
    for (i = 0; i < 256; i++) {
        inject(nic, "{'kind': 'all-ones', 'trigger': {'when': 'after',"
                    " 'ns': 1000000}}");
    }
    assert_fault_refused(nic, "{'kind': 'dead'}", "256 faults are under way");
    g_assert_cmpint(first, ==, 1);
    stop_clean(nic);
}

static void test_log(void)
{
    char *file;
    Nic *nic = nic_start_logged(&file);
    QList *lines;
    QDict *line;
    const QListEntry *entry;
    int64_t delivered = 0;
    int i;

    inject(nic, "{'kind': 'irq-storm', 'vector': 0, 'rate-hz': 1000000,"
                " 'count': 100}");
    inject(nic, "{'kind': 'all-ones', 'times': 4000}");
    msix_start(nic);
    for (i = 0; i < 5000; i++) {
        reg_read(nic, FERRONIC_SCRATCH);
    }
    step(nic, 1000000);
    nic_stop(nic);
    lines = log_take(file);
    QLIST_FOREACH_ENTRY(lines, entry) {
        line = qobject_to(QDict, qlist_entry_obj(entry));
        g_assert_cmpstr(qdict_get_str(line, "type"), ==, "fault");
        if (qdict_get_int(line, "fault") == 2) {
            g_assert_cmpstr(qdict_get_str(line, "kind"), ==, "all-ones");
            delivered += qdict_get_int(line, "count");
        }
    }
    g_assert_cmpint(delivered, ==, 4000);
    g_assert_cmpint(qlist_size(lines), <, 1110);
    qobject_unref(lines);
}

/* In the middle of what was withheld, and of a random sequence. */
static void test_migration(void)
{
    Nic *nic = start_loopback();
    int64_t late, random, nth, line;

    late = inject(nic, "{'kind': 'completion-late', 'queue': 'rx0',"
                       " 'delay-ns': 1000000}");
    random = inject(nic, "{'kind': 'irq-lost', 'times': 1000, 'seed': 3,"
                         " 'trigger': {'when': 'random', 'ppm': 500000}}");
    nth = inject(nic, "{'kind': 'all-ones', 'trigger': {"
                      " 'when': 'opportunity', 'nth': 3}}");
    tx_send(nic, 60, station, 1, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, 0);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);

    nic = nic_migrate(nic, "");
    assert_fault_state(nic, late, "done");
    assert_fault_state(nic, random, "waiting");
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, UINT32_MAX);
    g_assert_cmpint(fault_delivered(nic, nth), ==, 1);
    g_assert_cmphex(rx_status(nic, 0, 0), ==, 0);
    step(nic, 1000000);
    assert_received(nic, 0, 60, station, 1);

    line = inject(nic, "{'kind': 'dead', 'trigger': {'when': 'after',"
                       " 'ns': 1000}}");
    g_assert_cmpint(line, ==, 4);
    nic = nic_migrate(nic, "");
    step(nic, 1000);
    g_assert_cmphex(reg_read(nic, FERRONIC_ID), ==, UINT32_MAX);
    nic_stop(nic);
}

void ferronic_add_fault_tests(void)
{
    qtest_add_func("/ferronic/fault/interrupt-without-a-cause", test_spurious);
    qtest_add_func("/ferronic/fault/interrupt-lost", test_lost_interrupt);
    qtest_add_func("/ferronic/fault/interrupt-late", test_late_interrupt);
    qtest_add_func("/ferronic/fault/interrupt-on-a-wrong-vector",
                   test_wrong_vector);
    qtest_add_func("/ferronic/fault/interrupt-storm-from-a-trigger",
                   test_storm);
    qtest_add_func("/ferronic/fault/interrupt-line-stuck", test_stuck_line);
    qtest_add_func("/ferronic/fault/completion-lost", test_lost_completion);
    qtest_add_func("/ferronic/fault/completion-late", test_late_completion);
    qtest_add_func("/ferronic/fault/completion-late-not-after-the-stop",
                   test_late_completion_of_a_stopped_queue);
    qtest_add_func("/ferronic/fault/completion-duplicated",
                   test_duplicated_completion);
    qtest_add_func("/ferronic/fault/completion-reordered",
                   test_reordered_completion);
    qtest_add_func("/ferronic/fault/memory-access-fails", test_dma_error);
    qtest_add_func("/ferronic/fault/memory-bit-flips", test_bit_flip);
    qtest_add_func("/ferronic/fault/memory-write-short", test_short_write);
    qtest_add_func("/ferronic/fault/receive-length-too-long",
                   test_length_too_long);
    qtest_add_func("/ferronic/fault/receive-length-zero", test_length_zero);
    qtest_add_func("/ferronic/fault/receive-bad-checksum", test_bad_checksum);
    qtest_add_func("/ferronic/fault/link-flap-from-a-trigger", test_flap);
    qtest_add_func("/ferronic/fault/registers-read-all-ones", test_all_ones);
    qtest_add_func("/ferronic/fault/device-dead", test_dead);
    qtest_add_func("/ferronic/fault/reset-never-ready", test_reset_stuck);
    qtest_add_func("/ferronic/fault/advanced-error-reporting", test_aer);
    qtest_add_func("/ferronic/fault/surprise-removal", test_surprise_removal);
    qtest_add_func("/ferronic/fault/bad-arguments-are-refused", test_refused);
    qtest_add_func("/ferronic/fault/many", test_many);
    qtest_add_func("/ferronic/fault/each-delivery-is-logged", test_log);
    qtest_add_func("/ferronic/fault/survives-migration", test_migration);
}
