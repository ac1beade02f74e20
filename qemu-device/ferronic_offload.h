/*
 * Ferronic NIC: what the device knows of packets: headers, checksums, hash
 *
 * Nothing here depends on the device's state; all lengths are of hostile data.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_OFFLOAD_H
#define HW_NET_FERRONIC_OFFLOAD_H

#include "ferronic_regs.gen.h"

/* Headers of a frame, as far as they are whole. */
typedef struct FerronicPacket {
    unsigned ip_version;    /* 4 or 6; 0 for anything else */
    unsigned protocol;      /* TCP or UDP; 0 for anything else, and fragments */
    size_t l3;              /* offset of the IP header */
    size_t l4;              /* offset of the TCP or UDP header */
    size_t l4_size;         /* of header and payload, as the IP header says */
} FerronicPacket;

void ferronic_packet_parse(FerronicPacket *packet, const uint8_t *frame,
                           size_t size);

/* L3 and L4 checksum bits of RX_DESC.STATUS. */
uint32_t ferronic_packet_check(const FerronicPacket *packet,
                               const uint8_t *frame);

/* Stores the checksum of frame[start, size) at start + offset. */
void ferronic_checksum_fill(uint8_t *frame, size_t size, size_t start,
                            size_t offset);

/* A frame to be cut into TCP segments. */
typedef struct FerronicTso {
    const uint8_t *frame;
    size_t header;          /* of all headers */
    size_t payload;
    size_t mss;
    FerronicPacket packet;
} FerronicTso;

/* Returns NULL, or what is wrong with the request. */
const char *ferronic_tso_prepare(FerronicTso *tso, const uint8_t *frame,
                                 size_t size, size_t header, size_t mss,
                                 size_t csum_start, size_t csum_offset);
size_t ferronic_tso_segments(const FerronicTso *tso);
/* Makes segment n. Returns its size. */
size_t ferronic_tso_segment(const FerronicTso *tso, size_t n, uint8_t *out);

#endif /* HW_NET_FERRONIC_OFFLOAD_H */
