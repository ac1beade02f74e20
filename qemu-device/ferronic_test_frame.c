/*
 * Ferronic NIC: the frames of the traffic generator
 *
 * UDP over IPv4. The payload begins with 16 bytes, in network order: a magic
 * number, the run, the flow, the size of the frame, the sequence number. The
 * rest is a pattern that follows from the seed, the flow and the number.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "net/eth.h"
#include "ferronic_offload.h"
#include "ferronic_random.h"
#include "ferronic_test_frame.h"

/* Offsets in the frame, or in a header. */
#define AT_IP               14
#define AT_IP_LENGTH        (AT_IP + 2)
#define AT_IP_ID            (AT_IP + 4)
#define AT_IP_FRAGMENT      (AT_IP + 6)
#define AT_IP_TTL           (AT_IP + 8)
#define AT_IP_PROTOCOL      (AT_IP + 9)
#define IN_IP_CHECKSUM      10          /* from the header's start */
#define AT_IP_SOURCE        (AT_IP + 12)
#define AT_IP_DESTINATION   (AT_IP + 16)
#define AT_UDP              (AT_IP + 20)
#define AT_UDP_LENGTH       (AT_UDP + 4)
#define IN_UDP_CHECKSUM     6           /* from the header's start */
#define AT_PAYLOAD          (AT_UDP + 8)
#define AT_TEST_MAGIC       AT_PAYLOAD
#define AT_TEST_RUN         (AT_PAYLOAD + 4)
#define AT_TEST_FLOW        (AT_PAYLOAD + 8)
#define AT_TEST_SIZE        (AT_PAYLOAD + 10)
#define AT_TEST_SEQUENCE    (AT_PAYLOAD + 12)
#define AT_PATTERN          (AT_PAYLOAD + 16)

#define MAGIC               0x46455252      /* "FERR" */
#define DONT_FRAGMENT       0x4000
#define TTL                 64
#define PORT_SOURCE         49152           /* and the flow */
#define PORT_DISCARD        9

/* 198.18.0.0/15 is for benchmarks. */
#define PARTNER_IP          0xc6120002      /* 198.18.0.2 */
#define TARGET_IP           0xc6120100      /* 198.18.1.0, and the flow */

static const uint8_t partner[ETH_ALEN] = { 0x02, 0xfe, 0x00, 0x00, 0x00, 0x01 };

static uint64_t pattern_key(const FerronicTestFrame *test, uint64_t seed)
{
    return ferronic_random_mix(seed ^ test->run) ^
           ((uint64_t)test->flow << 32 | test->sequence);
}

static void pattern_block(uint64_t key, size_t block, uint8_t *bytes)
{
    stq_le_p(bytes, ferronic_random_mix(key + block * 0x9e3779b97f4a7c15ULL));
}

static void pattern_fill(const FerronicTestFrame *test, uint64_t seed,
                         uint8_t *bytes, size_t size)
{
    uint64_t key = pattern_key(test, seed);
    size_t block;

    for (block = 0; size; block++) {
        uint8_t next[8];
        size_t part = MIN(size, sizeof(next));

        pattern_block(key, block, next);
        memcpy(bytes, next, part);
        bytes += part;
        size -= part;
    }
}

static bool pattern_is_right(const FerronicTestFrame *test, uint64_t seed,
                             const uint8_t *bytes, size_t size)
{
    uint64_t key = pattern_key(test, seed);
    size_t block;

    for (block = 0; size; block++) {
        uint8_t next[8];
        size_t part = MIN(size, sizeof(next));

        pattern_block(key, block, next);
        if (memcmp(bytes, next, part)) {
            return false;
        }
        bytes += part;
        size -= part;
    }
    return true;
}

/* The sum that the checksum field holds before it is completed. */
static uint16_t pseudo_header(const uint8_t *frame)
{
    uint32_t sum = IP_PROTO_UDP + lduw_be_p(frame + AT_UDP_LENGTH);
    unsigned i;

    for (i = 0; i < 8; i += 2) {
        sum += lduw_be_p(frame + AT_IP_SOURCE + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* Not 0, which would mean that there is none. */
static void spoil_checksum(uint8_t *field)
{
    uint16_t sum = lduw_be_p(field);

    stw_be_p(field, sum == UINT16_MAX ? 1 : sum + 1);
}

void ferronic_test_frame_make(const FerronicTestFrame *test, uint64_t seed,
                              const uint8_t *station, bool bad_checksum,
                              uint8_t *frame)
{
    size_t size = test->size;

    memset(frame, 0, AT_PATTERN);
    memcpy(frame, station, ETH_ALEN);
    memcpy(frame + ETH_ALEN, partner, ETH_ALEN);
    stw_be_p(frame + AT_IP - 2, ETH_P_IP);
    frame[AT_IP] = 0x45;
    stw_be_p(frame + AT_IP_LENGTH, size - AT_IP);
    stw_be_p(frame + AT_IP_ID, test->sequence);
    stw_be_p(frame + AT_IP_FRAGMENT, DONT_FRAGMENT);
    frame[AT_IP_TTL] = TTL;
    frame[AT_IP_PROTOCOL] = IP_PROTO_UDP;
    stl_be_p(frame + AT_IP_SOURCE, PARTNER_IP);
    stl_be_p(frame + AT_IP_DESTINATION, TARGET_IP + test->flow);
    stw_be_p(frame + AT_UDP, PORT_SOURCE + test->flow);
    stw_be_p(frame + AT_UDP + 2, PORT_DISCARD);
    stw_be_p(frame + AT_UDP_LENGTH, size - AT_UDP);
    stl_be_p(frame + AT_TEST_MAGIC, MAGIC);
    stl_be_p(frame + AT_TEST_RUN, test->run);
    stw_be_p(frame + AT_TEST_FLOW, test->flow);
    stw_be_p(frame + AT_TEST_SIZE, test->size);
    stl_be_p(frame + AT_TEST_SEQUENCE, test->sequence);
    pattern_fill(test, seed, frame + AT_PATTERN, size - AT_PATTERN);
    ferronic_checksum_fill(frame, AT_UDP, AT_IP, IN_IP_CHECKSUM);
    stw_be_p(frame + AT_UDP + IN_UDP_CHECKSUM, pseudo_header(frame));
    ferronic_checksum_fill(frame, size, AT_UDP, IN_UDP_CHECKSUM);
    if (bad_checksum) {
        spoil_checksum(frame + AT_UDP + IN_UDP_CHECKSUM);
    }
}

static bool is_of_generator(const uint8_t *frame, size_t size)
{
    return size >= AT_PATTERN && lduw_be_p(frame + AT_IP - 2) == ETH_P_IP &&
           frame[AT_IP] == 0x45 && frame[AT_IP_PROTOCOL] == IP_PROTO_UDP &&
           ldl_be_p(frame + AT_TEST_MAGIC) == MAGIC;
}

FerronicTestVerdict ferronic_test_frame_check(const uint8_t *frame, size_t size,
                                              uint64_t seed,
                                              FerronicTestFrame *test)
{
    FerronicPacket packet;
    uint32_t status;
    size_t end;

    if (!is_of_generator(frame, size)) {
        return FERRONIC_TEST_FOREIGN;
    }
    test->run = ldl_be_p(frame + AT_TEST_RUN);
    test->flow = lduw_be_p(frame + AT_TEST_FLOW);
    test->size = lduw_be_p(frame + AT_TEST_SIZE);
    test->sequence = ldl_be_p(frame + AT_TEST_SEQUENCE);
    end = AT_IP + lduw_be_p(frame + AT_IP_LENGTH);
    if (end > size) {
        return FERRONIC_TEST_TRUNCATED;
    }
    ferronic_packet_parse(&packet, frame, size);
    status = ferronic_packet_check(&packet, frame);
    if (status & (FERRONIC_RX_DESC_STATUS_L3_BAD |
                  FERRONIC_RX_DESC_STATUS_L4_BAD)) {
        return FERRONIC_TEST_BAD_CHECKSUM;
    }
    if (end < test->size) {
        return FERRONIC_TEST_TRUNCATED;
    }
    if (end != test->size || end < FERRONIC_TEST_FRAME_MIN ||
        !(status & FERRONIC_RX_DESC_STATUS_L4_CHECKED) ||
        !pattern_is_right(test, seed, frame + AT_PATTERN, end - AT_PATTERN)) {
        return FERRONIC_TEST_CORRUPT;
    }
    return FERRONIC_TEST_GOOD;
}
