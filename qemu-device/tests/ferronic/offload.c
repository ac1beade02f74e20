/*
 * QTest of the ferronic NIC: transmit checksums and segmentation
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

#define CSUM            FERRONIC_TX_DESC_COMMAND_CSUM
#define TSO             FERRONIC_TX_DESC_COMMAND_TSO
#define MSS(n)          ((n) << FERRONIC_TX_DESC_COMMAND_MSS_SHIFT)
#define HEADER(n)       ((n) << FERRONIC_TX_DESC_COMMAND_HEADER_SHIFT)
#define CSUM_AT(s, o)   ((s) << FERRONIC_TX_DESC_LAYOUT_CSUM_START_SHIFT | \
                         (uint32_t)(o) << \
                         FERRONIC_TX_DESC_LAYOUT_CSUM_OFFSET_SHIFT)

#define SEQUENCE        0xffffff00      /* wraps in the middle of the frame */
#define IP_ID           0xfffe

static uint32_t sum(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < size; i++) {
        sum += i % 2 ? data[i] : data[i] << 8;
    }
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

typedef struct Shape {
    bool ip6;
    size_t ip_header;
    size_t tcp_header;
} Shape;

static size_t header_size(const Shape *shape)
{
    return 14 + shape->ip_header + shape->tcp_header;
}

static uint32_t pseudo_header(const Shape *shape, const uint8_t *frame,
                              size_t l4_size)
{
    const uint8_t *ip = frame + 14;

    return (shape->ip6 ? sum(ip + 8, 32) : sum(ip + 12, 8)) + 6 + l4_size;
}

static uint8_t payload_byte(size_t i)
{
    return i * 7 + i / 256;
}

/* A TCP frame as a stack leaves it to the hardware. */
static void make_tcp(uint8_t *frame, const Shape *shape, size_t payload)
{
    uint8_t *ip = frame + 14;
    uint8_t *tcp = ip + shape->ip_header;
    size_t i;

    memset(frame, 0, header_size(shape));
    memcpy(frame, other, 6);
    memcpy(frame + 6, station, 6);
    stw_be_p(frame + 12, shape->ip6 ? 0x86dd : 0x0800);
    if (shape->ip6) {
        ip[0] = 0x60;
        ip[6] = 6;
        stw_be_p(ip + 4, shape->tcp_header + payload);
        memset(ip + 8, 0x20, 16);
        memset(ip + 24, 0x21, 16);
    } else {
        ip[0] = 0x40 | shape->ip_header / 4;
        stw_be_p(ip + 2, shape->ip_header + shape->tcp_header + payload);
        stw_be_p(ip + 4, IP_ID);
        ip[8] = 64;
        ip[9] = 6;
        stl_be_p(ip + 12, 0x0a000001);
        stl_be_p(ip + 16, 0x0a000002);
        memset(ip + 20, 1, shape->ip_header - 20);
    }
    stl_be_p(tcp + 4, SEQUENCE);
    tcp[12] = shape->tcp_header / 4 << 4;
    tcp[13] = 0x80 | 0x10 | 0x08 | 0x01;        /* CWR, ACK, PSH, FIN */
    memset(tcp + 20, 1, shape->tcp_header - 20);
    stw_be_p(tcp + 16, fold(pseudo_header(shape, frame, shape->tcp_header +
                                                        payload)));
    for (i = 0; i < payload; i++) {
        tcp[shape->tcp_header + i] = payload_byte(i);
    }
}

static void check_tcp_sum(const Shape *shape, const uint8_t *frame, size_t size)
{
    size_t l4 = 14 + shape->ip_header;

    g_assert_cmphex(fold(pseudo_header(shape, frame, size - l4) +
                         sum(frame + l4, size - l4)), ==, 0xffff);
}

static void check_segment(const Shape *shape, const uint8_t *frame, size_t size,
                          size_t offset, size_t payload, unsigned n, bool last)
{
    const uint8_t *ip = frame + 14;
    const uint8_t *tcp = ip + shape->ip_header;
    size_t i;

    g_assert_cmpint(size, ==, header_size(shape) + payload);
    if (shape->ip6) {
        g_assert_cmpint(lduw_be_p(ip + 4), ==, shape->tcp_header + payload);
    } else {
        g_assert_cmpint(lduw_be_p(ip + 2), ==, size - 14);
        g_assert_cmphex(lduw_be_p(ip + 4), ==, (uint16_t)(IP_ID + n));
        g_assert_cmphex(fold(sum(ip, shape->ip_header)), ==, 0xffff);
    }
    g_assert_cmphex((uint32_t)ldl_be_p(tcp + 4), ==,
                    (uint32_t)(SEQUENCE + offset));
    g_assert_cmphex(tcp[13], ==,
                    0x10 | (n == 0 ? 0x80 : 0) | (last ? 0x09 : 0));
    check_tcp_sum(shape, frame, size);
    for (i = 0; i < payload; i++) {
        g_assert_cmphex(tcp[shape->tcp_header + i], ==,
                        payload_byte(offset + i));
    }
}

static void check_segments(Nic *nic, const Shape *shape, size_t payload,
                           size_t mss)
{
    unsigned count = DIV_ROUND_UP(payload, mss);
    uint8_t got[FERRONIC_FRAME_MAX];
    unsigned n;

    for (n = 0; n < count; n++) {
        size_t piece = MIN(mss, payload - n * mss);
        size_t size = link_recv(nic, got, sizeof(got));

        check_segment(shape, got, size, n * mss, piece, n, n + 1 == count);
    }
}

static uint32_t offload_layout(const Shape *shape, size_t length)
{
    return length | CSUM_AT(14 + shape->ip_header, 16);
}

/* Gives a TSO frame in two pieces: headers and a little, and the rest. */
static void tso_queue(Nic *nic, const Shape *shape, size_t payload, size_t mss)
{
    size_t header = header_size(shape);
    size_t size = header + payload;
    g_autofree uint8_t *frame = g_malloc(size);
    size_t first = header + 5;

    make_tcp(frame, shape, payload);
    qtest_memwrite(nic->qts, TX_MEMORY, frame, size);
    tx_queue_words(nic, 0, TX_MEMORY, offload_layout(shape, first),
                   CSUM | TSO | MSS(mss) | HEADER(header));
    tx_queue_words(nic, 0, TX_MEMORY + first, size - first, TX_EOP);
}

static const Shape plain4 = { false, 20, 20 };
static const Shape options4 = { false, 24, 32 };
static const Shape plain6 = { true, 40, 32 };

static void test_tso(void)
{
    static const struct {
        const Shape *shape;
        size_t payload, mss;
    } cases[] = {
        { &plain4, 1000, 1460 },
        { &plain4, 2920, 1460 },
        { &plain4, 2921, 1460 },
        { &options4, 10001, 1448 },
        { &plain6, 65000, 1428 },
        { &plain6, 64 * 1024, 9000 },
        { &plain4, 6400, 64 },
    };
    Nic *nic = nic_start_linked();
    uint32_t frames = 0;
    unsigned i;

    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(cases); i++) {
        tso_queue(nic, cases[i].shape, cases[i].payload, cases[i].mss);
        tx_doorbell(nic);
        step(nic, SOON_NS);
        check_segments(nic, cases[i].shape, cases[i].payload, cases[i].mss);
        frames += DIV_ROUND_UP(cases[i].payload, cases[i].mss);
        g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, frames);
        g_assert_cmpint(tx_head(nic, 0), ==, nic->tx_tail[0]);
    }
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_bad_tso(void)
{
    static const struct {
        uint32_t start, offset, command;
    } bad[] = {
        { 34, 16, TSO | MSS(1460) | HEADER(54) },               /* no CSUM */
        { 34, 16, CSUM | TSO | MSS(63) | HEADER(54) },
        { 34, 16, CSUM | TSO | MSS(0) | HEADER(54) },
        { 34, 16, CSUM | TSO | MSS(9200) | HEADER(54) },
        { 34, 16, CSUM | TSO | MSS(1460) | HEADER(0) },
        { 34, 16, CSUM | TSO | MSS(1460) | HEADER(53) },
        { 34, 16, CSUM | TSO | MSS(1460) | HEADER(58) },
        { 34, 16, CSUM | TSO | MSS(1460) | HEADER(1023) },
        { 34, 6, CSUM | TSO | MSS(1460) | HEADER(54) },
        { 30, 16, CSUM | TSO | MSS(1460) | HEADER(54) },
        { 0, 16, CSUM | TSO | MSS(1460) | HEADER(54) },
        { 511, 127, CSUM | TSO | MSS(1460) | HEADER(54) },
    };
    Nic *nic = nic_start();
    uint8_t frame[1000];
    unsigned i;

    tx_start(nic);
    make_tcp(frame, &plain4, sizeof(frame) - header_size(&plain4));
    qtest_memwrite(nic->qts, TX_MEMORY, frame, sizeof(frame));
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        tx_queue_words(nic, 0, TX_MEMORY,
                       sizeof(frame) | CSUM_AT(bad[i].start, bad[i].offset),
                       bad[i].command | TX_EOP);
        tx_doorbell(nic);
        step(nic, SOON_NS);
        g_assert_cmpint(tx_errors(nic, 0), ==, i + 1);
        take_violations(nic, 1);
    }
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 0);
    nic_stop(nic);
}

static void test_too_many_segments(void)
{
    Nic *nic = nic_start();

    /* TSO_MAX bytes in segments of MSS_MIN are more than TSO_SEGMENTS. */
    tx_start(nic);
    tso_queue(nic, &plain4, FERRONIC_TSO_MAX - header_size(&plain4),
              FERRONIC_MSS_MIN);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_errors(nic, 0), ==, 1);
    take_violations(nic, 1);
    nic_stop(nic);
}

static void test_checksum(void)
{
    static const Shape *const shapes[] = { &plain4, &options4, &plain6 };
    Nic *nic = nic_start_linked();
    uint8_t frame[BUFFER_SIZE], got[BUFFER_SIZE];
    unsigned i, payload;

    tx_start(nic);
    for (i = 0; i < ARRAY_SIZE(shapes); i++) {
        for (payload = 100; payload < 103; payload++) {
            size_t size = header_size(shapes[i]) + payload;

            make_tcp(frame, shapes[i], payload);
            qtest_memwrite(nic->qts, TX_MEMORY, frame, size);
            tx_queue_words(nic, 0, TX_MEMORY, offload_layout(shapes[i], size),
                           CSUM | TX_EOP);
            tx_doorbell(nic);
            step(nic, SOON_NS);
            g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, size);
            check_tcp_sum(shapes[i], got, size);
            /* Nothing else has changed. */
            memcpy(frame + 14 + shapes[i]->ip_header + 16,
                   got + 14 + shapes[i]->ip_header + 16, 2);
            g_assert_cmpmem(got, size, frame, size);
        }
    }
    take_violations(nic, 0);
    nic_stop(nic);
}

static void test_checksum_of_zero(void)
{
    Nic *nic = nic_start_linked();
    uint8_t frame[60] = { }, got[BUFFER_SIZE];

    /* A sum of 0xffff, whose complement means "none" in UDP. */
    memcpy(frame, other, 6);
    frame[20] = 0xff;
    frame[21] = 0xff;
    qtest_memwrite(nic->qts, TX_MEMORY, frame, sizeof(frame));
    tx_start(nic);
    tx_queue_words(nic, 0, TX_MEMORY, 60 | CSUM_AT(20, 10), CSUM | TX_EOP);
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(link_recv(nic, got, sizeof(got)), ==, 60);
    g_assert_cmphex(lduw_be_p(got + 30), ==, 0xffff);
    nic_stop(nic);
}

static void test_tso_goes_on_where_it_waited(void)
{
    enum { PAYLOAD = 60000, MSS = 8948, FRAMES = DIV_ROUND_UP(PAYLOAD, MSS) };
    Nic *peer;
    Nic *nic = nic_start_pair(&peer);
    uint32_t i;

    /* 21 segments for a FIFO that holds 14 or 15 of them. */
    rx_enable(peer);
    reg_write(peer, FERRONIC_MAX_FRAME, FERRONIC_FRAME_MAX);
    reg_write(peer, FERRONIC_RX_CTRL(0), 0);
    step(nic, STOP_DELAY_NS);
    reg_write(peer, FERRONIC_RX_BUFFER(0), 16384);
    reg_write(peer, FERRONIC_RX_CTRL(0), 1);
    tx_start(nic);
    for (i = 0; i < 3; i++) {
        tso_queue(nic, &plain4, PAYLOAD, MSS);
    }
    tx_doorbell(nic);
    step(nic, SOON_NS);
    g_assert_cmpint(tx_head(nic, 0), ==, 4);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), <, 16);

    for (i = 0; i < 3 * FRAMES; i++) {
        uint32_t index = i % RING_SIZE;
        uint64_t buffer = 0x1800000 + index * 16384;
        g_autofree uint8_t *got = g_malloc(MSS + 54);
        unsigned n = i % FRAMES;
        size_t piece = MIN(MSS, PAYLOAD - n * MSS);

        rx_fill_desc(peer, 0, index, buffer);
        reg_write(peer, FERRONIC_RX_TAIL(0), (index + 1) % RING_SIZE);
        step(nic, SOON_NS);
        g_assert_cmpint(RX_LENGTH(rx_status(peer, 0, index)), ==, piece + 54);
        qtest_memread(nic->qts, buffer, got, piece + 54);
        check_segment(&plain4, got, piece + 54, n * MSS, piece, n,
                      n + 1 == FRAMES);
    }
    g_assert_cmpint(tx_head(nic, 0), ==, 6);
    g_assert_cmpint(reg_read(nic, FERRONIC_TX_FRAMES), ==, 3 * FRAMES);
    nic_detach(peer);
    nic_stop(nic);
}

void ferronic_add_offload_tests(void)
{
    qtest_add_func("/ferronic/tx/checksum", test_checksum);
    qtest_add_func("/ferronic/tx/checksum-of-zero", test_checksum_of_zero);
    qtest_add_func("/ferronic/tso/segments", test_tso);
    qtest_add_func("/ferronic/tso/bad-requests", test_bad_tso);
    qtest_add_func("/ferronic/tso/too-many-segments", test_too_many_segments);
    qtest_add_func("/ferronic/tso/goes-on-where-it-waited",
                   test_tso_goes_on_where_it_waited);
}
