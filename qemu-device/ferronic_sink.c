/*
 * Ferronic NIC: the sink: checks what became of the generator's frames
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ferronic_traffic.h"
#include "trace.h"

static bool seen(const FerronicFlow *flow, uint32_t number)
{
    uint32_t n = number % FERRONIC_SINK_WINDOW;

    return flow->seen[n / 64] >> n % 64 & 1;
}

static void set_seen(FerronicFlow *flow, uint32_t number, bool value)
{
    uint32_t n = number % FERRONIC_SINK_WINDOW;

    flow->seen[n / 64] &= ~(1ULL << n % 64);
    flow->seen[n / 64] |= (uint64_t)value << n % 64;
}

/* The numbers that were passed over have not come back. */
static void advance(FerronicFlow *flow, uint32_t number)
{
    uint32_t passed = MIN(number - flow->next, FERRONIC_SINK_WINDOW);

    for (; passed; passed--) {
        set_seen(flow, number - passed, false);
    }
    set_seen(flow, number, true);
    flow->next = number + 1;
}

static void receive(FerronicTrafficState *traffic, size_t size)
{
    traffic->counts.received++;
    traffic->counts.received_bytes += size;
}

/* A frame of the present run whose content is right. */
static void take_good(FerronicTrafficState *traffic,
                      const FerronicTestFrame *test)
{
    FerronicFlow *flow = &traffic->flows[test->flow];
    FerronicTrafficCounts *counts = &traffic->counts;

    if (test->sequence >= flow->next) {
        advance(flow, test->sequence);
        receive(traffic, test->size);
    } else if (flow->next - test->sequence > FERRONIC_SINK_WINDOW) {
        counts->stale++;
    } else if (seen(flow, test->sequence)) {
        counts->duplicated++;
    } else {
        set_seen(flow, test->sequence, true);
        counts->reordered++;
        receive(traffic, test->size);
    }
}

static void take(FerronicTrafficState *traffic, FerronicTestVerdict verdict,
                 const FerronicTestFrame *test)
{
    FerronicTrafficCounts *counts = &traffic->counts;

    switch (verdict) {
    case FERRONIC_TEST_TRUNCATED:
        counts->truncated++;
        break;
    case FERRONIC_TEST_BAD_CHECKSUM:
        counts->bad_checksum++;
        break;
    case FERRONIC_TEST_CORRUPT:
        counts->corrupt++;
        break;
    default:
        if (test->flow >= traffic->config.flows ||
            test->sequence >= traffic->flows[test->flow].sent) {
            counts->corrupt++;
        } else {
            take_good(traffic, test);
        }
        break;
    }
}

bool ferronic_sink_take(void *opaque, const uint8_t *frame, size_t size)
{
    FerronicTrafficState *traffic = opaque;
    FerronicTestFrame test = { 0 };
    FerronicTestVerdict verdict;

    verdict = ferronic_test_frame_check(frame, size, traffic->config.seed,
                                        &test);
    if (verdict == FERRONIC_TEST_FOREIGN) {
        traffic->counts.foreign++;
        return false;
    }
    trace_ferronic_sink_frame(traffic->core->id, test.flow, test.sequence,
                              size, verdict);
    /* It was under way when the generator was started again. */
    if (test.run < traffic->run) {
        return true;
    }
    traffic->last_time = ferronic_now();
    take(traffic, verdict, &test);
    return true;
}
