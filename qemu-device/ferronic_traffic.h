/*
 * Ferronic NIC: the traffic generator and the sink: a link partner inside the
 * device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_TRAFFIC_H
#define HW_NET_FERRONIC_TRAFFIC_H

#include "qapi/qapi-types-ferronic.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "ferronic_test_frame.h"

/* So many numbers of a flow are remembered to tell duplicates. */
#define FERRONIC_SINK_WINDOW    1024

typedef struct FerronicTrafficConfig {
    uint32_t rate;              /* 0: as fast as the device takes them */
    uint32_t sizes;             /* FerronicFrameSizes */
    uint32_t size_min;
    uint32_t size_max;
    uint32_t flows;
    uint64_t count;             /* 0: no end */
    uint64_t seed;
    uint32_t bad_checksum_every;    /* 0: never */
} FerronicTrafficConfig;

typedef struct FerronicFlow {
    uint32_t sent;              /* next number of the generator */
    uint32_t next;              /* highest number that came back, and 1 */
    uint64_t seen[FERRONIC_SINK_WINDOW / 64];   /* of the numbers before */
} FerronicFlow;

typedef struct FerronicTrafficCounts {
    uint64_t sent;
    uint64_t sent_bytes;
    uint64_t sent_bad;
    uint64_t received;
    uint64_t received_bytes;
    uint64_t duplicated;
    uint64_t reordered;
    uint64_t stale;
    uint64_t truncated;
    uint64_t bad_checksum;
    uint64_t corrupt;
    uint64_t tainted_before;    /* FerronicFaults.tainted at the start */
    uint64_t foreign;
} FerronicTrafficCounts;

typedef struct FerronicTrafficState {
    FerronicCore *core;
    FerronicFaults *faults;

    /* Properties */
    bool at_start;
    char *property_sizes;
    FerronicTrafficConfig property;

    FerronicTrafficConfig config;
    uint32_t run;               /* starts so far */
    bool running;
    bool waits_for_room;
    uint64_t random;
    int64_t clock_ns;           /* when the frame number clock_sent was due */
    uint64_t clock_sent;
    int64_t start_time;         /* of the first frame; FERRONIC_NEVER if none */
    int64_t last_time;          /* of the last frame that came back */
    FerronicFlow flows[FERRONIC_TEST_FLOWS_MAX];
    FerronicTrafficCounts counts;
    QEMUTimer *timer;
    uint8_t frame[FERRONIC_FRAME_MAX];
} FerronicTrafficState;

extern const VMStateDescription ferronic_traffic_vmstate;

bool ferronic_traffic_realize(FerronicTrafficState *traffic,
                              FerronicCore *core, FerronicFaults *faults,
                              Error **errp);
void ferronic_traffic_unrealize(FerronicTrafficState *traffic);

/* ferronic_sink.c */

/* Takes a frame that the guest sent, if it is of the generator. */
bool ferronic_sink_take(void *opaque, const uint8_t *frame, size_t size);

#endif /* HW_NET_FERRONIC_TRAFFIC_H */
