/*
 * Ferronic NIC: what the device knows of packets: headers and checksums
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "ferronic_offload.h"

#define ETH_HEADER          14
#define ETH_TYPE            12
#define ETHERTYPE_IP4       0x0800
#define ETHERTYPE_IP6       0x86dd

#define IP4_HEADER_MIN      20
#define IP4_LENGTH          2
#define IP4_ID              4
#define IP4_FRAGMENT        6
#define IP4_FRAGMENT_BITS   0x3fff      /* more fragments, and the offset */
#define IP4_PROTOCOL        9
#define IP4_CHECKSUM        10
#define IP4_ADDRESSES       12

#define IP6_HEADER          40
#define IP6_LENGTH          4
#define IP6_NEXT            6
#define IP6_ADDRESSES       8

#define PROTOCOL_TCP        6
#define PROTOCOL_UDP        17

#define TCP_HEADER_MIN      20
#define TCP_SEQUENCE        4
#define TCP_DATA_OFFSET     12
#define TCP_FLAGS           13
#define TCP_CHECKSUM        16
#define TCP_FIN             0x01
#define TCP_PSH             0x08
#define TCP_CWR             0x80

#define UDP_HEADER          8
#define UDP_LENGTH          4
#define UDP_CHECKSUM        6

/* The one's complement sum does not care about byte order: host's it is. */
static uint64_t sum_bytes(uint64_t sum, const uint8_t *data, size_t size)
{
    uint16_t tail = 0;
    uint64_t other = 0;

    /* Two sums, so that neither waits for the other. */
    for (; size >= 16; size -= 16, data += 16) {
        uint64_t first = ldq_he_p(data);
        uint64_t second = ldq_he_p(data + 8);

        sum += (first & UINT32_MAX) + (first >> 32);
        other += (second & UINT32_MAX) + (second >> 32);
    }
    sum += other;
    for (; size >= 4; size -= 4, data += 4) {
        sum += (uint32_t)ldl_he_p(data);
    }
    if (size >= 2) {
        sum += lduw_he_p(data);
        size -= 2;
        data += 2;
    }
    memcpy(&tail, data, size);
    return sum + tail;
}

static uint16_t sum_fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return sum;
}

static uint64_t sum_pseudo_header(const FerronicPacket *packet,
                                  const uint8_t *frame, size_t l4_size)
{
    const uint8_t *ip = frame + packet->l3;
    uint64_t sum = cpu_to_be32(l4_size);

    sum += cpu_to_be16(packet->protocol);
    if (packet->ip_version == 4) {
        return sum_bytes(sum, ip + IP4_ADDRESSES, 8);
    }
    return sum_bytes(sum, ip + IP6_ADDRESSES, 32);
}

/* Headers */

static size_t l4_header_min(unsigned protocol)
{
    return protocol == PROTOCOL_TCP ? TCP_HEADER_MIN : UDP_HEADER;
}

static void parse_l4(FerronicPacket *packet, unsigned protocol, size_t l4,
                     size_t l4_size)
{
    if ((protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) &&
        l4_size >= l4_header_min(protocol)) {
        packet->protocol = protocol;
        packet->l4 = l4;
        packet->l4_size = l4_size;
    }
}

static void parse_ip4(FerronicPacket *packet, const uint8_t *frame, size_t size)
{
    const uint8_t *ip = frame + packet->l3;
    size_t room = size - packet->l3;
    size_t header, length;

    if (room < IP4_HEADER_MIN || ip[0] >> 4 != 4) {
        return;
    }
    header = (ip[0] & 0xf) * 4;
    length = lduw_be_p(ip + IP4_LENGTH);
    if (header < IP4_HEADER_MIN || length < header || length > room) {
        return;
    }
    packet->ip_version = 4;
    packet->l4 = packet->l3 + header;
    if (!(lduw_be_p(ip + IP4_FRAGMENT) & IP4_FRAGMENT_BITS)) {
        parse_l4(packet, ip[IP4_PROTOCOL], packet->l4, length - header);
    }
}

static void parse_ip6(FerronicPacket *packet, const uint8_t *frame, size_t size)
{
    const uint8_t *ip = frame + packet->l3;
    size_t room = size - packet->l3;
    size_t length;

    if (room < IP6_HEADER || ip[0] >> 4 != 6) {
        return;
    }
    length = lduw_be_p(ip + IP6_LENGTH);
    if (length > room - IP6_HEADER) {
        return;
    }
    packet->ip_version = 6;
    packet->l4 = packet->l3 + IP6_HEADER;
    parse_l4(packet, ip[IP6_NEXT], packet->l4, length);
}

void ferronic_packet_parse(FerronicPacket *packet, const uint8_t *frame,
                           size_t size)
{
    memset(packet, 0, sizeof(*packet));
    if (size < ETH_HEADER) {
        return;
    }
    packet->l3 = ETH_HEADER;
    switch (lduw_be_p(frame + ETH_TYPE)) {
    case ETHERTYPE_IP4:
        parse_ip4(packet, frame, size);
        break;
    case ETHERTYPE_IP6:
        parse_ip6(packet, frame, size);
        break;
    }
}

/* Receive checksums */

static bool l4_has_checksum(const FerronicPacket *packet, const uint8_t *frame)
{
    if (packet->protocol == PROTOCOL_UDP) {
        const uint8_t *udp = frame + packet->l4;

        return lduw_be_p(udp + UDP_LENGTH) == packet->l4_size &&
               (packet->ip_version == 6 || lduw_he_p(udp + UDP_CHECKSUM));
    }
    return packet->protocol == PROTOCOL_TCP;
}

uint32_t ferronic_packet_check(const FerronicPacket *packet,
                               const uint8_t *frame)
{
    uint32_t status = 0;
    uint64_t sum;

    if (packet->ip_version == 4) {
        status |= FERRONIC_RX_DESC_STATUS_L3_CHECKED;
        sum = sum_bytes(0, frame + packet->l3, packet->l4 - packet->l3);
        if (sum_fold(sum) != UINT16_MAX) {
            return status | FERRONIC_RX_DESC_STATUS_L3_BAD;
        }
    }
    if (!l4_has_checksum(packet, frame)) {
        return status;
    }
    status |= FERRONIC_RX_DESC_STATUS_L4_CHECKED;
    sum = sum_pseudo_header(packet, frame, packet->l4_size);
    sum = sum_bytes(sum, frame + packet->l4, packet->l4_size);
    if (sum_fold(sum) != UINT16_MAX) {
        status |= FERRONIC_RX_DESC_STATUS_L4_BAD;
    }
    return status;
}

/* Transmit checksum */

void ferronic_checksum_fill(uint8_t *frame, size_t size, size_t start,
                            size_t offset)
{
    uint16_t sum = ~sum_fold(sum_bytes(0, frame + start, size - start));

    stw_he_p(frame + start + offset, sum ?: UINT16_MAX);
}

/* Segmentation */

const char *ferronic_tso_prepare(FerronicTso *tso, const uint8_t *frame,
                                 size_t size, size_t header, size_t mss,
                                 size_t csum_start, size_t csum_offset)
{
    FerronicPacket *packet = &tso->packet;
    const uint8_t *ip = frame + ETH_HEADER;
    size_t tcp_header;

    tso->frame = frame;
    tso->header = header;
    tso->payload = size - header;
    tso->mss = mss;
    /* The IP length need not say how much there is: it may not fit. */
    memset(packet, 0, sizeof(*packet));
    packet->l3 = ETH_HEADER;
    packet->l4 = csum_start;
    packet->protocol = PROTOCOL_TCP;
    if (header >= ETH_HEADER + IP4_HEADER_MIN + TCP_HEADER_MIN &&
        lduw_be_p(frame + ETH_TYPE) == ETHERTYPE_IP4 &&
        ip[0] >> 4 == 4 && ip[IP4_PROTOCOL] == PROTOCOL_TCP &&
        csum_start == ETH_HEADER + (ip[0] & 0xf) * 4 &&
        (ip[0] & 0xf) * 4 >= IP4_HEADER_MIN) {
        packet->ip_version = 4;
    } else if (header >= ETH_HEADER + IP6_HEADER + TCP_HEADER_MIN &&
               lduw_be_p(frame + ETH_TYPE) == ETHERTYPE_IP6 &&
               ip[0] >> 4 == 6 && csum_start >= ETH_HEADER + IP6_HEADER) {
        packet->ip_version = 6;
    } else {
        return "no TCP over IP where CSUM_START says";
    }
    if (csum_offset != TCP_CHECKSUM || header < csum_start + TCP_HEADER_MIN) {
        return "checksum not in a TCP header";
    }
    tcp_header = (frame[csum_start + TCP_DATA_OFFSET] >> 4) * 4;
    if (header != csum_start + tcp_header) {
        return "HEADER is not the end of the TCP header";
    }
    return NULL;
}

size_t ferronic_tso_segments(const FerronicTso *tso)
{
    return MAX(1, DIV_ROUND_UP(tso->payload, tso->mss));
}

static void set_ip4(uint8_t *ip, size_t ip_header, size_t length, size_t n)
{
    stw_be_p(ip + IP4_LENGTH, length);
    stw_be_p(ip + IP4_ID, lduw_be_p(ip + IP4_ID) + n);
    stw_he_p(ip + IP4_CHECKSUM, 0);
    stw_he_p(ip + IP4_CHECKSUM, ~sum_fold(sum_bytes(0, ip, ip_header)));
}

static void set_tcp(uint8_t *tcp, uint32_t advance, bool first, bool last)
{
    stl_be_p(tcp + TCP_SEQUENCE, ldl_be_p(tcp + TCP_SEQUENCE) + advance);
    if (!last) {
        tcp[TCP_FLAGS] &= ~(TCP_FIN | TCP_PSH);
    }
    if (!first) {
        tcp[TCP_FLAGS] &= ~TCP_CWR;
    }
    stw_he_p(tcp + TCP_CHECKSUM, 0);
}

size_t ferronic_tso_segment(const FerronicTso *tso, size_t n, uint8_t *out)
{
    const FerronicPacket *packet = &tso->packet;
    size_t offset = n * tso->mss;
    size_t payload = MIN(tso->mss, tso->payload - offset);
    size_t size = tso->header + payload;
    size_t l4_size = size - packet->l4;
    uint8_t *ip = out + packet->l3;
    uint64_t sum;

    memcpy(out, tso->frame, tso->header);
    memcpy(out + tso->header, tso->frame + tso->header + offset, payload);
    if (packet->ip_version == 4) {
        set_ip4(ip, packet->l4 - packet->l3, size - packet->l3, n);
    } else {
        stw_be_p(ip + IP6_LENGTH, size - packet->l3 - IP6_HEADER);
    }
    set_tcp(out + packet->l4, offset, n == 0,
            n + 1 == ferronic_tso_segments(tso));
    sum = sum_pseudo_header(packet, out, l4_size);
    sum = sum_bytes(sum, out + packet->l4, l4_size);
    sum = (uint16_t)~sum_fold(sum);
    stw_he_p(out + packet->l4 + TCP_CHECKSUM, sum ?: UINT16_MAX);
    return size;
}
