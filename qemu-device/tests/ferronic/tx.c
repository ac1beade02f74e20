/*
 * QTest of the ferronic NIC: transmit, loopback, and two devices on one hub
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

static void assert_on_link(Nic *nic, size_t size, const uint8_t *to,
                           uint8_t seed)
{
    uint8_t expected[BUFFER_SIZE], got[BUFFER_SIZE];

    make_frame(expected, size, to, seed);
    g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, size);
    g_assert_cmpmem(got, size, expected, size);
}

static void test_frames(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i;

    tx_start(nic);
    for (i = 0; i < 3; i++) {
        tx_queue_frame(nic, 60 + 600 * i, other, i, i == 1 ? TX_INTERRUPT : 0);
    }
    tx_doorbell(nic);
    step(nic, LATENCY_NS + 3 * DESC_NS - 1);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    step(nic, 1);
    for (i = 0; i < 3; i++) {
        assert_on_link(nic, 60 + 600 * i, other, i);
    }
    g_assert_cmpint(tx_head(nic, 0), ==, 3);
    g_assert_cmpint(tx_errors(nic, 0), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==, TX_BIT);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 3);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD(0)), ==, 3);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_without_latency(void)
{
    Nic *nic = nic_start_with(",dma-latency-ns=0");

    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, LATENCY_NS - 1);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    step(nic, 1);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    nic_stop(nic);
}

static void test_pads(void)
{
    Nic *nic = nic_start_linked();
    uint8_t expected[60] = { }, got[BUFFER_SIZE];

    /* Neither this frame nor what lies behind the next is sent as padding. */
    qtest_memset(nic->qts, tx_buffer(nic, 0, 1), 0xff, BUFFER_SIZE);
    tx_start(nic);
    tx_send(nic, 200, other, 7, 0);
    link_recv(nic, got, sizeof(got));
    tx_send(nic, FERRONIC_FRAME_MIN, other, 1, 0);
    make_frame(expected, FERRONIC_FRAME_MIN, other, 1);
    g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 60);
    g_assert_cmpmem(got, 60, expected, 60);
    nic_stop(nic);
}

static void test_wraps(void)
{
    Nic *nic = nic_start_linked();
    uint32_t i;

    tx_start(nic);
    for (i = 0; i < 5 * RING_SIZE; i++) {
        uint32_t index = tx_send(nic, 60 + i, other, i, 0);

        g_assert_cmpint(tx_head(nic, 0), ==, (index + 1) % RING_SIZE);
        assert_on_link(nic, 60 + i, other, i);
    }
    nic_stop(nic);
}

static void test_gathers(void)
{
    static const uint32_t pieces[] = { 1, 13, 700, 3, 1283 };
    Nic *nic = nic_start_linked();
    uint8_t frame[BUFFER_SIZE];
    uint32_t offset = 0, round, i;

    tx_start(nic);
    make_frame(frame, 2000, other, 9);
    qtest_memwrite(nic->qts, TX_MEMORY, frame, 2000);
    /* The second time the frame goes around the end of the ring. */
    for (round = 0; round < 2; round++) {
        for (offset = 0, i = 0; i < ARRAY_SIZE(pieces); i++) {
            tx_queue_desc(nic, TX_MEMORY + offset, pieces[i],
                          i + 1 == ARRAY_SIZE(pieces) ? TX_EOP : 0);
            offset += pieces[i];
        }
        tx_doorbell(nic);
        step(nic, SOON_NS);
        assert_on_link(nic, 2000, other, 9);
        g_assert_cmpint(tx_head(nic, 0), ==,
                        (round + 1) * ARRAY_SIZE(pieces) % RING_SIZE);
    }
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 2);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_no_eop(void)
{
    Nic *nic = nic_start_linked();

    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_queue_desc(nic, TX_MEMORY, 60, 0);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    assert_on_link(nic, 60, other, 1);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    take_violations(nic, 1);

    /* The rest of it comes. */
    tx_queue_desc(nic, TX_MEMORY + 60, 40, TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 3);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_bad_frames(void)
{
    static const struct {
        uint32_t layout, command;
    } bad[] = {
        { 0, TX_EOP },
        { 13, TX_EOP },
        { 9217, TX_EOP },
        { 60, TX_EOP | 0x10000000 },
        { 60 | 59u << 16, TX_EOP | FERRONIC_TX_DESC_COMMAND_CSUM },
    };
    Nic *nic = nic_start();
    unsigned i;

    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        tx_queue_words(nic, 0, TX_MEMORY, bad[i].layout, bad[i].command);
    }
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, ARRAY_SIZE(bad) + 1);
    g_assert_cmpint(tx_errors(nic, 0), ==, ARRAY_SIZE(bad));
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_ERRORS), ==, ARRAY_SIZE(bad));
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    take_violations(nic, ARRAY_SIZE(bad));
    nic_stop(nic);
}

/* A ring of its own: longer than the usual one. */
static void fill_long_ring(Nic *nic, uint32_t count, uint32_t size,
                           uint32_t last_of)
{
    uint32_t i;

    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    tx_start(nic);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    for (i = 0; i < count; i++) {
        bool last = i % last_of == last_of - 1;

        qtest_writeq(nic->qts, tx_desc(nic, 0, i), tx_buffer(nic, 0, 0));
        qtest_writel(nic->qts, tx_desc(nic, 0, i) + 8, 60);
        qtest_writel(nic->qts, tx_desc(nic, 0, i) + 12, last ? TX_EOP : 0);
    }
    reg_write(nic, FERRONIC_TX_SIZE(0), size);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    reg_write(nic, FERRONIC_TX_TAIL(0), count);
}

static void test_too_many_descriptors(void)
{
    Nic *nic = nic_start();

    fill_long_ring(nic, 33, 1024, 33);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 33);
    take_violations(nic, 1);

    /* Longer than what the device reads at once. */
    fill_long_ring(nic, 600, 1024, 300);
    step(nic, 2 * BATCH_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 600);
    g_assert_cmpint(tx_errors(nic, 0), ==, 2);
    take_violations(nic, 2);

    fill_long_ring(nic, 320, 1024, 32);
    step(nic, 2 * BATCH_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 320);
    g_assert_cmpint(tx_errors(nic, 0), ==, 0);
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_long_burst(void)
{
    enum { COUNT = 4000 };
    Nic *nic = nic_start();

    fill_long_ring(nic, COUNT, 4096, 1);
    step(nic, LATENCY_NS + (COUNT - 1) * DESC_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), <, COUNT);
    step(nic, 2 * BATCH_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, COUNT);
    g_assert_cmpint(tx_head(nic, 0), ==, COUNT);
    nic_stop(nic);
}

/* A frame at a time, faster than a timer for each of them would be good for. */
static void test_load_is_caught_up_with(void)
{
    enum { COUNT = 1000, RING = 1024 };
    Nic *nic = nic_start();
    uint32_t i, most = 0;

    fill_long_ring(nic, COUNT, RING, 1);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, 2 * BATCH_NS);
    qtest_writeq(nic->qts, WRITEBACK, 0);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    for (i = 1; i <= COUNT; i++) {
        reg_write(nic, FERRONIC_TX_TAIL(0), i);
        step(nic, 1000);
        most = MAX(most, (i - tx_head(nic, 0)) % RING);
    }
    g_assert_cmpint(most, >, 4);
    g_assert_cmpint(most, <=, 2 * 128);
    step(nic, 2 * BATCH_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, COUNT);

    /* And when there is little to do again, it does not wait. */
    step(nic, 2 * BATCH_NS);
    qtest_writel(nic->qts, tx_desc(nic, 0, COUNT) + 12, TX_EOP);
    qtest_writel(nic->qts, tx_desc(nic, 0, COUNT) + 8, 60);
    qtest_writeq(nic->qts, tx_desc(nic, 0, COUNT), TX_MEMORY);
    reg_write(nic, FERRONIC_TX_TAIL(0), COUNT + 1);
    step(nic, LATENCY_NS + DESC_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, COUNT + 1);
    nic_stop(nic);
}

static void test_bad_buffer(void)
{
    Nic *nic = nic_start();

    tx_start(nic);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_queue_desc(nic, NOWHERE, 60, TX_EOP);
    tx_queue_frame(nic, 60, other, 1, 0);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(0)), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_DMA_STATUS), ==,
                    1 << FERRONIC_DMA_STATUS_TX_FAILED_SHIFT);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    take_violations(nic, 1);
    nic_stop(nic);
}

static void test_bad_ring(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_TX_BASE_LO(0), NOWHERE);
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(0), WRITEBACK);
    reg_write(nic, FERRONIC_TX_SIZE(0), RING_SIZE);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    reg_write(nic, FERRONIC_TX_TAIL(0), 1);
    step(nic, SOON_NS);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(0)), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

static void test_bad_writeback(void)
{
    Nic *nic = nic_start();

    tx_start(nic);
    reg_write(nic, FERRONIC_TX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(nic, FERRONIC_TX_WRITEBACK_LO(0), NOWHERE);
    reg_write(nic, FERRONIC_TX_CTRL(0), 1);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_TX_CTRL(0)), ==, 0);
    take_cause(nic, FERRONIC_MGMT_CAUSE_DMA_ERROR);
    nic_stop(nic);
}

static void test_bus_master_off_waits(void)
{
    Nic *nic = nic_start();
    uint16_t command = qpci_config_readw(nic->pci, PCI_COMMAND);

    tx_start(nic);
    qpci_config_writew(nic->pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    take_violations(nic, 1);
    tx_send(nic, 60, other, 1, 0);
    step(nic, 1000000);
    g_assert_cmpint(tx_head(nic, 0), ==, 0);
    qpci_config_writew(nic->pci, PCI_COMMAND, command);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_MGMT_CAUSE), ==, 0);
    nic_stop(nic);
}

static void test_all_queues(void)
{
    Nic *nic = nic_start_linked();
    unsigned seen = 0, q;
    uint8_t got[BUFFER_SIZE];

    for (q = 0; q < FERRONIC_QUEUES; q++) {
        uint8_t frame[60];

        tx_start_queue(nic, q);
        make_frame(frame, sizeof(frame), other, q);
        qtest_memwrite(nic->qts, tx_buffer(nic, q, 0), frame, sizeof(frame));
        tx_queue_words(nic, q, tx_buffer(nic, q, 0), 60, TX_EOP | TX_INTERRUPT);
    }
    for (q = 0; q < FERRONIC_QUEUES; q++) {
        tx_doorbell_queue(nic, q);
    }
    step(nic, SOON_NS);
    for (q = 0; q < FERRONIC_QUEUES; q++) {
        g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 60);
        seen |= BIT((uint8_t)(got[14] - 14));
        g_assert_cmpint(tx_head(nic, q), ==, 1);
    }
    g_assert_cmphex(seen, ==, BIT(FERRONIC_QUEUES) - 1);
    g_assert_cmphex(reg_read(nic, FERRONIC_INT_PENDING), ==,
                    (BIT(FERRONIC_QUEUES) - 1) << VECTOR_TX(0));
    nic_stop(nic);
}

/* Loopback */

static void test_loopback(void)
{
    Nic *nic = nic_start_linked();

    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    tx_send(nic, 777, station, 9, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    assert_received(nic, 0, 777, station, 9);

    reg_write(nic, FERRONIC_CTRL, 0);
    tx_send(nic, 100, other, 10, 0);
    assert_on_link(nic, 100, other, 10);
    nic_stop(nic);
}

#define BIG FERRONIC_FRAME_MAX  /* the FIFO holds 14 of these */

static uint32_t send_big(Nic *nic, unsigned count, const uint8_t *to)
{
    g_autofree uint8_t *frame = g_malloc(BIG);

    make_frame(frame, BIG, to, 3);
    qtest_memwrite(nic->qts, TX_MEMORY, frame, BIG);
    while (count--) {
        tx_queue_desc(nic, TX_MEMORY, BIG, TX_EOP);
        tx_doorbell(nic);
        step(nic, SOON_NS);
    }
    return reg_read(nic, FERRONIC_TX_FRAMES);
}

static void test_loopback_waits_for_its_receiver(void)
{
    Nic *nic = nic_start();
    uint32_t sent, i;

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    reg_write(nic, FERRONIC_MAX_FRAME, BIG);
    rx_enable(nic);
    tx_start(nic);
    send_big(nic, 7, station);
    sent = send_big(nic, 7, station);
    g_assert_cmpint(sent, ==, FERRONIC_RX_FIFO_SIZE / BIG);
    sent = send_big(nic, 1, station);
    g_assert_cmpint(sent, ==, FERRONIC_RX_FIFO_SIZE / BIG);

    for (i = 0; i < 3; i++) {
        reg_write(nic, FERRONIC_RX_TAIL(0), (5 * i + 5) % RING_SIZE);
        step(nic, SOON_NS);
        g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, i + 1);
        if (i == 0) {
            /* Five descriptors became free, and with them the FIFO. */
            g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, sent + 1);
        }
        rx_fill_desc(nic, 0, 0, rx_buffer(nic, 0, 0));
    }
    nic_stop(nic);
}

/* Two devices on one hub */

static void test_pair_full_receiver_stops_the_sender(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);
    uint32_t sent;

    rx_enable(peer);
    reg_write(peer, FERRONIC_MAX_FRAME, BIG);
    tx_start(nic);
    send_big(nic, 7, other);
    sent = send_big(nic, 7, other);
    g_assert_cmpint(sent, ==, FERRONIC_RX_FIFO_SIZE / BIG);
    sent = send_big(nic, 2, other);
    g_assert_cmpint(sent, ==, FERRONIC_RX_FIFO_SIZE / BIG);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 0);

    reg_write(peer, FERRONIC_RX_TAIL(0), 5);
    step(nic, SOON_NS);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, sent + 1);
    g_assert_cmpint(tx_head(nic, 0), ==, (sent + 1) % RING_SIZE);
    g_assert_cmphex(rx_status(peer, 0, 4), ==,
                    RX_DONE | RX_EOP | (BIG - 4 * BUFFER_SIZE));
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_off_receiver_drops(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_MISSED), ==, 0);
    rx_start(peer);
    tx_send(nic, 60, other, 2, 0);
    assert_received(peer, 0, 60, other, 2);
    nic_detach(peer);
    nic_stop(nic);
}

/* Fills the peer's FIFO, so that the next frame waits in the net layer. */
static void fill_peer(Nic *nic, Nic *peer)
{
    rx_enable(peer);
    reg_write(peer, FERRONIC_MAX_FRAME, BIG);
    tx_start(nic);
    send_big(nic, 7, other);
    send_big(nic, 7, other);
    send_big(nic, 1, other);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD(0)), ==, 6);
}

static void test_pair_sender_resets_while_waiting(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    fill_peer(nic, peer);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    tx_start(nic);
    reg_write(peer, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    rx_start(peer);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD(0)), ==, 0);
    tx_send(nic, 60, other, 2, 0);
    g_assert_cmpint(reg_read(peer, FERRONIC_RX_FRAMES), ==, 1);
    assert_received(peer, 0, 60, other, 2);
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_receiver_resets_while_sender_waits(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    fill_peer(nic, peer);
    reg_write(peer, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 7);
    nic_detach(peer);
    nic_stop(nic);
}

static void test_pair_stop_of_vm_loses_nothing(void)
{
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);

    fill_peer(nic, peer);
    qtest_qmp_assert_success(nic->qts, "{'execute': 'stop'}");
    qtest_qmp_assert_success(nic->qts, "{'execute': 'cont'}");
    step(nic, SOON_NS);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_HEAD(0)), ==, 6);
    reg_write(peer, FERRONIC_RX_TAIL(0), 5);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 7);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 15);
    nic_detach(peer);
    nic_stop(nic);
}

static void test_lonely_port_loses_frames(void)
{
    Nic *nic = nic_start_raw("-netdev hubport,id=a,hubid=0 " DEVICE_ARGS
                             ",netdev=a");

    step(nic, FERRONIC_RESET_DELAY_NS);
    tx_start(nic);
    tx_send(nic, 60, other, 1, 0);
    g_assert_cmpint(tx_head(nic, 0), ==, 1);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 1);
    nic_stop(nic);
}

void ferronic_add_tx_tests(void)
{
    qtest_add_func("/ferronic/tx/frames", test_frames);
    qtest_add_func("/ferronic/tx/without-latency", test_without_latency);
    qtest_add_func("/ferronic/tx/pads", test_pads);
    qtest_add_func("/ferronic/tx/wraps", test_wraps);
    qtest_add_func("/ferronic/tx/gathers", test_gathers);
    qtest_add_func("/ferronic/tx/no-eop-at-the-tail", test_no_eop);
    qtest_add_func("/ferronic/tx/bad-frames-are-skipped", test_bad_frames);
    qtest_add_func("/ferronic/tx/too-many-descriptors",
                   test_too_many_descriptors);
    qtest_add_func("/ferronic/tx/long-burst", test_long_burst);
    qtest_add_func("/ferronic/tx/load-is-caught-up-with",
                   test_load_is_caught_up_with);
    qtest_add_func("/ferronic/tx/bad-buffer", test_bad_buffer);
    qtest_add_func("/ferronic/tx/bad-ring", test_bad_ring);
    qtest_add_func("/ferronic/tx/bad-write-back", test_bad_writeback);
    qtest_add_func("/ferronic/tx/bus-master-off-waits",
                   test_bus_master_off_waits);
    qtest_add_func("/ferronic/tx/all-queues", test_all_queues);
    qtest_add_func("/ferronic/loopback/frames", test_loopback);
    qtest_add_func("/ferronic/loopback/waits-for-its-receiver",
                   test_loopback_waits_for_its_receiver);
    qtest_add_func("/ferronic/pair/full-receiver-stops-the-sender",
                   test_pair_full_receiver_stops_the_sender);
    qtest_add_func("/ferronic/pair/off-receiver-drops",
                   test_pair_off_receiver_drops);
    qtest_add_func("/ferronic/pair/sender-resets-while-waiting",
                   test_pair_sender_resets_while_waiting);
    qtest_add_func("/ferronic/pair/receiver-resets-while-sender-waits",
                   test_pair_receiver_resets_while_sender_waits);
    qtest_add_func("/ferronic/pair/stop-of-vm-loses-nothing",
                   test_pair_stop_of_vm_loses_nothing);
    qtest_add_func("/ferronic/pair/lonely-port-loses-frames",
                   test_lonely_port_loses_frames);
}
