/*
 * QTest of the ferronic NIC: receive side scaling and receive checksums
 *
 * The hash vectors are those of Microsoft's "Verifying the RSS Hash
 * Calculation".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "nic.h"

#define HASH_TYPE(status) \
    (((status) & FERRONIC_RX_DESC_STATUS_HASH_TYPE) >> \
     FERRONIC_RX_DESC_STATUS_HASH_TYPE_SHIFT)
#define CSUM_BITS (FERRONIC_RX_DESC_STATUS_L3_CHECKED | \
                   FERRONIC_RX_DESC_STATUS_L3_BAD | \
                   FERRONIC_RX_DESC_STATUS_L4_CHECKED | \
                   FERRONIC_RX_DESC_STATUS_L4_BAD)
#define L3_CHECKED  FERRONIC_RX_DESC_STATUS_L3_CHECKED
#define L3_BAD      FERRONIC_RX_DESC_STATUS_L3_BAD
#define L4_CHECKED  FERRONIC_RX_DESC_STATUS_L4_CHECKED
#define L4_BAD      FERRONIC_RX_DESC_STATUS_L4_BAD

static const uint8_t key[FERRONIC_RSS_KEY_SIZE] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2,
    0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4,
    0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

typedef struct Flow {
    bool ip6;
    uint8_t from[16], to[16];
    uint16_t from_port, to_port;
    uint32_t hash_addresses, hash_ports;
} Flow;

static const Flow flows[] = {
    { false, { 66, 9, 149, 187 }, { 161, 142, 100, 80 }, 2794, 1766,
      0x323e8fc2, 0x51ccc178 },
    { false, { 199, 92, 111, 2 }, { 65, 69, 140, 83 }, 14230, 4739,
      0xd718262a, 0xc626b0ea },
    { false, { 24, 19, 198, 95 }, { 12, 22, 207, 184 }, 12898, 38024,
      0xd2d0a5de, 0x5c2b394a },
    { true,
      { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x1f, 0xff,
        0, 0, 0, 0, 0, 0, 0, 7 },
      { 0x3f, 0xfe, 0x25, 0x01, 0x02, 0x00, 0x00, 0x03,
        0, 0, 0, 0, 0, 0, 0, 1 },
      2794, 1766, 0x2cc18cd5, 0x40207d3d },
};

static uint16_t sum16(const uint8_t *data, size_t size, uint32_t sum)
{
    size_t i;

    for (i = 0; i < size; i++) {
        sum += i % 2 ? data[i] : data[i] << 8;
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum;
}

/* Makes a packet with good checksums. Returns its size. */
static size_t make_packet(uint8_t *frame, const Flow *flow, uint8_t protocol,
                          size_t payload)
{
    size_t l4_header = protocol == 6 ? 20 : 8;
    size_t csum = protocol == 6 ? 16 : 6;
    size_t addresses = flow->ip6 ? 16 : 4;
    uint8_t *ip = frame + 14;
    uint8_t *l4 = ip + (flow->ip6 ? 40 : 20);
    uint8_t *from = ip + (flow->ip6 ? 8 : 12);
    size_t l4_size = l4_header + payload;
    size_t size = l4 + l4_size - frame;

    memset(frame, 0, size);
    memcpy(frame, station, 6);
    memcpy(frame + 6, other, 6);
    stw_be_p(frame + 12, flow->ip6 ? 0x86dd : 0x0800);
    memcpy(from, flow->from, addresses);
    memcpy(from + addresses, flow->to, addresses);
    if (flow->ip6) {
        ip[0] = 0x60;
        stw_be_p(ip + 4, l4_size);
        ip[6] = protocol;
        ip[7] = 64;
    } else {
        ip[0] = 0x45;
        stw_be_p(ip + 2, 20 + l4_size);
        ip[8] = 64;
        ip[9] = protocol;
        stw_be_p(ip + 10, sum16(ip, 20, 0));
    }
    stw_be_p(l4, flow->from_port);
    stw_be_p(l4 + 2, flow->to_port);
    if (protocol == 6) {
        l4[12] = 0x50;
    } else {
        stw_be_p(l4 + 4, l4_size);
    }
    memset(l4 + l4_header, 0xa5, payload);
    stw_be_p(l4 + csum, sum16(l4, l4_size, protocol + l4_size +
                              (uint16_t)~sum16(from, 2 * addresses, 0)));
    return size;
}

static void rss_start(Nic *nic)
{
    unsigned i;

    for (i = 0; i < FERRONIC_RSS_KEY_SIZE / 4; i++) {
        reg_write(nic, FERRONIC_RSS_KEY(i), ldl_le_p(key + 4 * i));
    }
    for (i = 0; i < FERRONIC_RSS_ENTRIES / 4; i++) {
        reg_write(nic, FERRONIC_RSS_TABLE(i), 0x03020100);
    }
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        rx_start_queue(nic, i);
    }
}

/* Receives one packet in queue q, as its number n there. */
static uint32_t receive(Nic *nic, const uint8_t *frame, size_t size,
                        unsigned q, uint32_t n)
{
    uint32_t before = reg_read(nic, FERRONIC_RX_FRAMES);

    link_send_bytes(nic, frame, size);
    wait_for_reg(nic, FERRONIC_RX_FRAMES, ~0u, before + 1);
    g_assert_cmphex(rx_status(nic, q, n) & (RX_DONE | RX_EOP), ==,
                    RX_DONE | RX_EOP);
    return rx_status(nic, q, n);
}

static void check_flows(uint32_t ctrl, uint8_t protocol, unsigned type)
{
    Nic *nic = nic_start_linked();
    unsigned used[FERRONIC_QUEUES] = { };
    uint8_t frame[256];
    unsigned i;

    rss_start(nic);
    reg_write(nic, FERRONIC_RSS_CTRL, ctrl | FERRONIC_RSS_CTRL_ENABLE);
    for (i = 0; i < ARRAY_SIZE(flows); i++) {
        size_t size = make_packet(frame, &flows[i], protocol, 40);
        uint32_t hash = type == 2 ? flows[i].hash_ports
                                  : flows[i].hash_addresses;
        unsigned q = type ? hash % FERRONIC_QUEUES : 0;
        uint32_t status = receive(nic, frame, size, q, used[q]);

        g_assert_cmpint(HASH_TYPE(status), ==, type);
        g_assert_cmphex(rx_hash(nic, q, used[q]), ==, type ? hash : 0);
        used[q]++;
    }
    nic_stop(nic);
}

static void test_ports(void)
{
    check_flows(FERRONIC_RSS_CTRL_IPV4_TCP | FERRONIC_RSS_CTRL_IPV6_TCP |
                FERRONIC_RSS_CTRL_IPV4 | FERRONIC_RSS_CTRL_IPV6, 6, 2);
    check_flows(FERRONIC_RSS_CTRL_IPV4_UDP | FERRONIC_RSS_CTRL_IPV6_UDP, 17,
                2);
}

static void test_addresses(void)
{
    check_flows(FERRONIC_RSS_CTRL_IPV4_TCP | FERRONIC_RSS_CTRL_IPV6_TCP |
                FERRONIC_RSS_CTRL_IPV4 | FERRONIC_RSS_CTRL_IPV6, 17, 1);
}

static void test_nothing_to_hash(void)
{
    check_flows(FERRONIC_RSS_CTRL_IPV4_UDP | FERRONIC_RSS_CTRL_IPV6_UDP, 6, 0);
}

static void test_bad_queue_in_table(void)
{
    Nic *nic = nic_start();

    reg_write(nic, FERRONIC_RSS_TABLE(31), 0x03030303);
    reg_write(nic, FERRONIC_RSS_TABLE(31), 0x00040000);
    g_assert_cmphex(reg_read(nic, FERRONIC_RSS_TABLE(31)), ==, 0x03030303);
    take_violations(nic, 1);
    nic_stop(nic);
}

/* Checksums */

static void check_csum(Nic *nic, const uint8_t *frame, size_t size,
                       uint32_t expected)
{
    static uint32_t n;
    uint32_t status;

    if (reg_read(nic, FERRONIC_RX_FRAMES) == 0) {
        n = 0;
    }
    status = receive(nic, frame, size, 0, n);
    g_assert_cmphex(status & CSUM_BITS, ==, expected);
    rx_fill_desc(nic, 0, n, rx_buffer(nic, 0, n));
    reg_write(nic, FERRONIC_RX_TAIL(0), n);
    n = (n + 1) % RING_SIZE;
}

static void test_checksums(void)
{
    static const uint8_t protocols[] = { 6, 17 };
    Nic *nic = nic_start_linked();
    uint8_t frame[512];
    unsigned i, p;

    rx_start(nic);
    for (i = 0; i < ARRAY_SIZE(flows); i++) {
        uint32_t good = flows[i].ip6 ? L4_CHECKED : L3_CHECKED | L4_CHECKED;

        for (p = 0; p < ARRAY_SIZE(protocols); p++) {
            size_t size = make_packet(frame, &flows[i], protocols[p],
                                      100 + p + i);

            check_csum(nic, frame, size, good);
            frame[size - 1] ^= 1;
            check_csum(nic, frame, size, good | L4_BAD);
            if (!flows[i].ip6) {
                frame[14 + 8]--;        /* TTL */
                check_csum(nic, frame, size, L3_CHECKED | L3_BAD);
            }
        }
    }
    nic_stop(nic);
}

static void test_unchecked(void)
{
    Nic *nic = nic_start_linked();
    uint8_t frame[512];
    size_t size;

    rx_start(nic);
    /* UDP over IPv4 need not have a checksum. */
    size = make_packet(frame, &flows[0], 17, 50);
    stw_be_p(frame + 14 + 20 + 6, 0);
    check_csum(nic, frame, size, L3_CHECKED);
    /* A fragment has only a part of what was summed. */
    size = make_packet(frame, &flows[0], 6, 50);
    stw_be_p(frame + 14 + 6, 0x2000);
    stw_be_p(frame + 14 + 10, 0);
    stw_be_p(frame + 14 + 10, sum16(frame + 14, 20, 0));
    check_csum(nic, frame, size, L3_CHECKED);
    /* Lengths that say more than there is. */
    size = make_packet(frame, &flows[0], 6, 50);
    stw_be_p(frame + 14 + 2, 1000);
    check_csum(nic, frame, size, 0);
    size = make_packet(frame, &flows[3], 6, 50);
    stw_be_p(frame + 14 + 4, 1000);
    check_csum(nic, frame, size, 0);
    /* A header longer than the packet. */
    size = make_packet(frame, &flows[0], 6, 50);
    frame[14] = 0x4f;
    stw_be_p(frame + 14 + 2, 40);
    check_csum(nic, frame, size, 0);
    make_frame(frame, 60, station, 1);
    check_csum(nic, frame, 60, 0);
    nic_stop(nic);
}

void ferronic_add_rss_tests(void)
{
    qtest_add_func("/ferronic/rss/ports", test_ports);
    qtest_add_func("/ferronic/rss/addresses", test_addresses);
    qtest_add_func("/ferronic/rss/nothing-to-hash", test_nothing_to_hash);
    qtest_add_func("/ferronic/rss/bad-queue-in-table", test_bad_queue_in_table);
    qtest_add_func("/ferronic/rx/checksums", test_checksums);
    qtest_add_func("/ferronic/rx/packets-without-checksum", test_unchecked);
}
