/*
 * QTest of the ferronic NIC: guests that are out of their mind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void test_ring_in_own_registers(void)
{
    Nic *nic = nic_start();
    uint32_t bar = nic->bar.addr;

    tx_start(nic);
    tx_queue_desc(nic, bar + FERRONIC_ID, 64, TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    rx_enable(nic);
    rx_fill_desc(nic, 0, 0, bar + FERRONIC_CTRL);
    reg_write(nic, FERRONIC_RX_TAIL(0), 1);
    tx_start(nic);
    tx_send(nic, 60, station, 1, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    g_assert_cmphex(reg_read(nic, FERRONIC_CTRL), ==, FERRONIC_CTRL_LOOPBACK);

    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_BASE_LO(0), bar + 0x2000);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    reg_write(nic, FERRONIC_TX_TAIL(0), 5);
    step(nic, SOON_NS);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

#define ECAM            0xb0000000

/* Where the copy engine or a ring can reach our own configuration space. */
static uint64_t own_config(Nic *nic, uint32_t offset)
{
    uint8_t bus0 = 0;

    return ECAM + (bus0 << 20) + (nic->pci->devfn << 12) + offset;
}

/* After its own configuration space was written over. */
static void revive(Nic *nic)
{
    uint8_t pm = qpci_find_capability(nic->pci, PCI_CAP_ID_PM, 0);

    qpci_config_writew(nic->pci, pm + PCI_PM_CTRL, 0);
    nic->bus->mmio_alloc_ptr = 0xE0000000;
    qpci_device_enable(nic->pci);
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
    step(nic, FERRONIC_RESET_DELAY_NS);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
}

static void test_resets_itself(void)
{
    Nic *nic = nic_start();
    QPCIDevice *host = qpci_device_find(nic->bus, QPCI_DEVFN(0, 0));
    uint8_t exp = qpci_find_capability(nic->pci, PCI_CAP_ID_EXP, 0);
    unsigned i;

    /* Opens the window to all configuration spaces, as firmware does. */
    qpci_config_writel(host, 0x60, ECAM | 1);
    qpci_config_writel(host, 0x64, 0);

    /* The write-back clears the command register: bus mastering goes off. */
    tx_start(nic);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(0), own_config(nic, 0));
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmphex(qpci_config_readw(nic->pci, PCI_COMMAND), ==, 0);
    revive(nic);

    /* A frame of ones starts a function-level reset, wherever it falls. */
    qtest_memset(nic->qts, TX_MEMORY, 0xff, 2048);
    for (i = 0; i < 8; i++) {
        int64_t resets = query_counter(nic, "resets");

        reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
        reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_PROMISC);
        rx_enable(nic);
        rx_fill_desc(nic, 0, 0, own_config(nic, exp + PCI_EXP_DEVCTL - i));
        reg_write(nic, FERRONIC_RX_TAIL(0), 7);
        tx_start(nic);
        tx_queue_desc(nic, TX_MEMORY, 60 + i, TX_EOP);
        tx_queue_desc(nic, TX_MEMORY, 60 + i, TX_EOP);
        tx_doorbell(nic);
        step(nic, SOON_NS);
        g_assert_cmpint(query_counter(nic, "resets"), >, resets);
        revive(nic);
    }
    assert_reset_values(nic);
    g_free(host);
    nic_stop(nic);
}

static uint32_t fuzz_value(GRand *rand)
{
    static const uint32_t interesting[] = {
        0, 1, 2, 7, 8, 64, 256, 4096, 16384, RX_RING, TX_RING, WRITEBACK,
        0xffffffff, 0x80000000, NOWHERE, 0xfee00000, 0xb0000000, 0xe0000000,
        0xe0004000,
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
        const TestRegister *reg =
            &test_registers[g_rand_int_range(rand, 0, test_register_count)];
        uint32_t value = fuzz_value(rand);

        if (reg->offset == FERRONIC_CTRL && i % 50) {
            value &= ~FERRONIC_CTRL_RESET;
        }
        reg_write(nic, reg->offset, value);
        step(nic, g_rand_int_range(rand, 0, 100000));
    }
    g_rand_free(rand);

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, 2 * FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
    nic_stop(nic);
}

/* A ring of random words behind registers that are right. */
static void run_random_ring(Nic *nic, GRand *rand)
{
    static const uint64_t places[] = {
        TX_MEMORY, TX_MEMORY + 1, RX_MEMORY, NOWHERE, 64 * 1024 * 1024 - 8, 0,
    };
    uint32_t i;

    rx_start(nic);
    tx_start(nic);
    for (i = 0; i < RING_SIZE; i++) {
        uint64_t place = places[g_rand_int_range(rand, 0, ARRAY_SIZE(places))];
        uint32_t length = g_rand_int_range(rand, 0, 3000);

        tx_queue_words(nic, 0, g_rand_int(rand) % 8 ? place : g_rand_int(rand),
                       (g_rand_int(rand) & 0xffff0000) | length,
                       g_rand_int(rand) & (g_rand_boolean(rand) ? 0x0fffffff
                                                                : 0xf));
    }
    reg_write(nic, FERRONIC_TX_TAIL(0), RING_SIZE - 1);
    step(nic, SOON_NS);
}

static void test_random_descriptors(void)
{
    Nic *nic = nic_start();
    GRand *rand = g_rand_new_with_seed(20261121);
    uint8_t memory[4096];
    int round;
    size_t i;

    for (round = 0; round < 1500; round++) {
        for (i = 0; i < sizeof(memory); i++) {
            memory[i] = g_rand_int(rand);
        }
        memcpy(memory, station, 6);
        stw_be_p(memory + 12, g_rand_boolean(rand) ? 0x0800 : 0x86dd);
        memory[14] = g_rand_boolean(rand) ? 0x45 : 0x60;
        memory[23] = 6;
        qtest_memwrite(nic->qts, TX_MEMORY, memory, sizeof(memory));
        reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
        reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_PROMISC);
        run_random_ring(nic, rand);
        reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
        step(nic, FERRONIC_RESET_DELAY_NS);
    }
    g_rand_free(rand);
    assert_reset_values(nic);
    nic_stop(nic);
}

void ferronic_add_hostile_tests(void)
{
    qtest_add_func("/ferronic/guest/ring-in-own-registers",
                   test_ring_in_own_registers);
    qtest_add_func("/ferronic/guest/resets-itself-by-dma", test_resets_itself);
    qtest_add_func("/ferronic/guest/random-registers", test_random_registers);
    qtest_add_func("/ferronic/guest/random-descriptors",
                   test_random_descriptors);
}
