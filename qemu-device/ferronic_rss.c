/*
 * Ferronic NIC: receive side scaling
 *
 * The Toeplitz hash is the XOR of a window of the key for every bit of the
 * input that is set. As it is linear, each byte of the input can be looked up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "ferronic_rss.h"

/* The 32 bits of the key that start at a bit, counted from the left. */
static uint32_t key_window(const FerronicRss *rss, unsigned bit)
{
    unsigned byte = bit / 8;
    uint64_t window = (uint64_t)ldl_be_p(rss->key + byte) << 8;

    /* The last window of the longest input ends with the key. */
    if (byte + 4 < FERRONIC_RSS_KEY_SIZE) {
        window |= rss->key[byte + 4];
    }
    return window >> (8 - bit % 8);
}

QEMU_BUILD_BUG_ON(FERRONIC_RSS_INPUT + 4 > FERRONIC_RSS_KEY_SIZE);

static void make_lookup(FerronicRss *rss)
{
    unsigned byte, value, bit;

    for (byte = 0; byte < FERRONIC_RSS_INPUT; byte++) {
        rss->lookup[byte][0] = 0;
        for (bit = 0; bit < 8; bit++) {
            rss->lookup[byte][BIT(bit)] = key_window(rss, 8 * byte + 7 - bit);
        }
        for (value = 1; value < 256; value++) {
            unsigned low = value & -value;

            rss->lookup[byte][value] = rss->lookup[byte][low] ^
                                       rss->lookup[byte][value ^ low];
        }
    }
    rss->lookup_valid = true;
}

static uint32_t toeplitz(FerronicRss *rss, const uint8_t *input, size_t size)
{
    uint32_t hash = 0;
    size_t i;

    if (!rss->lookup_valid) {
        make_lookup(rss);
    }
    for (i = 0; i < size; i++) {
        hash ^= rss->lookup[i][input[i]];
    }
    return hash;
}

static uint32_t ports_bit(const FerronicPacket *packet)
{
    bool tcp = packet->protocol == 6;

    if (!packet->protocol) {
        return 0;
    }
    if (packet->ip_version == 4) {
        return tcp ? FERRONIC_RSS_CTRL_IPV4_TCP : FERRONIC_RSS_CTRL_IPV4_UDP;
    }
    return tcp ? FERRONIC_RSS_CTRL_IPV6_TCP : FERRONIC_RSS_CTRL_IPV6_UDP;
}

static FerronicHashType hash_type(const FerronicRss *rss,
                                  const FerronicPacket *packet)
{
    uint32_t addresses = packet->ip_version == 4 ? FERRONIC_RSS_CTRL_IPV4
                                                 : FERRONIC_RSS_CTRL_IPV6;

    if (!(rss->ctrl & FERRONIC_RSS_CTRL_ENABLE) || !packet->ip_version) {
        return FERRONIC_HASH_NONE;
    }
    if (rss->ctrl & ports_bit(packet)) {
        return FERRONIC_HASH_PORTS;
    }
    return rss->ctrl & addresses ? FERRONIC_HASH_ADDRESSES
                                 : FERRONIC_HASH_NONE;
}

unsigned ferronic_rss_queue(FerronicRss *rss, const FerronicPacket *packet,
                            const uint8_t *frame, uint32_t *hash,
                            FerronicHashType *type)
{
    size_t addresses = packet->ip_version == 4 ? 8 : 32;
    size_t offset = packet->ip_version == 4 ? 12 : 8;
    uint8_t input[FERRONIC_RSS_INPUT];

    *hash = 0;
    *type = hash_type(rss, packet);
    if (*type == FERRONIC_HASH_NONE) {
        return 0;
    }
    memcpy(input, frame + packet->l3 + offset, addresses);
    if (*type == FERRONIC_HASH_PORTS) {
        memcpy(input + addresses, frame + packet->l4, 4);
        addresses += 4;
    }
    *hash = toeplitz(rss, input, addresses);
    return rss->table[*hash % FERRONIC_RSS_ENTRIES];
}
