/*
 * Ferronic NIC: the traffic generator, and its commands
 *
 * The generator runs on the virtual clock. What it sends waits for room as the
 * frames of any link partner do, and it sends nothing while nobody listens.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-ferronic.h"
#include "qapi/util.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "ferronic_qmp.h"
#include "ferronic_random.h"
#include "trace.h"

#define RATE_MAX            100000000
#define TICK_NS             10000       /* frames due in it come together */
#define BURST               64          /* frames sent in one tick */
#define IDLE_NS             SCALE_MS    /* between looks whether one listens */
#define MAX_FRAME_DEFAULT   1514

/* Frames */

static uint32_t draw_size(FerronicTrafficState *traffic)
{
    const FerronicTrafficConfig *config = &traffic->config;
    uint64_t draw;

    switch (config->sizes) {
    case FERRONIC_FRAME_SIZES_RANGE:
        return config->size_min +
               ferronic_random_below(&traffic->random,
                                     config->size_max - config->size_min + 1);
    case FERRONIC_FRAME_SIZES_IMIX:
        draw = ferronic_random_below(&traffic->random, 12);
        return draw < 7 ? 60 : draw < 11 ? 590 : 1514;
    default:
        return config->size_min;
    }
}

static bool is_spoiled(const FerronicTrafficState *traffic)
{
    uint32_t every = traffic->config.bad_checksum_every;

    return every && (traffic->counts.sent + 1) % every == 0;
}

static void send_one(FerronicTrafficState *traffic)
{
    FerronicCore *core = traffic->core;
    FerronicTrafficCounts *counts = &traffic->counts;
    FerronicFlow *flow = &traffic->flows[counts->sent % traffic->config.flows];
    bool spoiled = is_spoiled(traffic);
    FerronicTestFrame test = {
        .run = traffic->run,
        .flow = flow - traffic->flows,
        .sequence = flow->sent++,
        .size = draw_size(traffic),
    };
    uint8_t station[ETH_ALEN];

    stl_le_p(station, core->mac_lo);
    stw_le_p(station + 4, core->mac_hi);
    ferronic_test_frame_make(&test, traffic->config.seed, station, spoiled,
                             traffic->frame);
    if (traffic->start_time == FERRONIC_NEVER) {
        traffic->start_time = ferronic_now();
    }
    counts->sent++;
    counts->sent_bytes += test.size;
    counts->sent_bad += spoiled;
    ferronic_rx_offer(core, traffic->frame, test.size);
}

/* Clock */

static void clock_restart(FerronicTrafficState *traffic, int64_t now)
{
    traffic->clock_ns = now;
    traffic->clock_sent = traffic->counts.sent;
}

/* When the next frame is due; computed from the start, so it cannot drift. */
static int64_t next_ns(const FerronicTrafficState *traffic)
{
    uint64_t sent = traffic->counts.sent - traffic->clock_sent;

    if (!traffic->config.rate) {
        return traffic->clock_ns;
    }
    return traffic->clock_ns +
           muldiv64(sent, NANOSECONDS_PER_SECOND, traffic->config.rate);
}

static bool somebody_listens(const FerronicCore *core)
{
    unsigned i;

    if (!core->ready || core->asleep || core->gone ||
        !ferronic_core_link_up(core)) {
        return false;
    }
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        if (core->rx[i].queue.enabled) {
            return true;
        }
    }
    return false;
}

static bool is_finished(const FerronicTrafficState *traffic)
{
    return traffic->config.count &&
           traffic->counts.sent == traffic->config.count;
}

/*
 * Whether a frame may go; one that would not find room waits, or is lost when
 * there is no flow control and a rate to keep.
 */
static bool has_room(FerronicTrafficState *traffic)
{
    return ferronic_rx_has_room(traffic->core) ||
           (!traffic->core->flow_control && traffic->config.rate);
}

static void send_due(FerronicTrafficState *traffic, int64_t now)
{
    uint32_t budget = traffic->config.rate ? BURST : FERRONIC_FIFO_FRAMES;

    while (budget-- && !is_finished(traffic) && next_ns(traffic) <= now) {
        if (!has_room(traffic)) {
            traffic->waits_for_room = true;
            return;
        }
        send_one(traffic);
    }
}

static void arm(FerronicTrafficState *traffic, int64_t now)
{
    int64_t next = next_ns(traffic);

    /* Too far behind: it lasts longer, the rate does not rise. */
    if (traffic->config.rate && next <= now) {
        clock_restart(traffic, now);
    }
    timer_mod(traffic->timer, MAX(next, now + TICK_NS));
}

static void generator_tick(void *opaque)
{
    FerronicTrafficState *traffic = opaque;
    FerronicCore *core = traffic->core;
    int64_t now = ferronic_now();
    bool was_engaged;

    if (!traffic->running) {
        return;
    }
    if (!somebody_listens(core)) {
        clock_restart(traffic, now);
        timer_mod(traffic->timer, now + IDLE_NS);
        return;
    }
    was_engaged = ferronic_core_enter(core);
    send_due(traffic, now);
    ferronic_core_leave(core, was_engaged);
    if (is_finished(traffic)) {
        traffic->running = false;
        trace_ferronic_traffic_end(core->id, traffic->counts.sent);
    } else if (!traffic->waits_for_room) {
        arm(traffic, now);
    }
}

/* The device has taken frames out of its FIFO. */
static void generator_room(void *opaque)
{
    FerronicTrafficState *traffic = opaque;
    int64_t now = ferronic_now();

    if (traffic->waits_for_room && ferronic_rx_has_room(traffic->core)) {
        traffic->waits_for_room = false;
        clock_restart(traffic, now);
        timer_mod(traffic->timer, now);
    }
}

static void traffic_start(FerronicTrafficState *traffic,
                          const FerronicTrafficConfig *config)
{
    FerronicCore *core = traffic->core;
    int64_t now = ferronic_now();

    trace_ferronic_traffic_start(core->id, config->rate, config->flows,
                                 config->count);
    traffic->config = *config;
    traffic->run++;
    traffic->running = true;
    traffic->waits_for_room = false;
    traffic->random = ferronic_random_mix(config->seed);
    traffic->start_time = FERRONIC_NEVER;
    traffic->last_time = FERRONIC_NEVER;
    memset(traffic->flows, 0, sizeof(traffic->flows));
    memset(&traffic->counts, 0, sizeof(traffic->counts));
    traffic->counts.tainted_before = traffic->faults->tainted;
    clock_restart(traffic, now);
    core->sink = ferronic_sink_take;
    core->rx_room = generator_room;
    timer_mod(traffic->timer, now);
}

/* Commands */

static bool check_config(const FerronicTrafficConfig *config, Error **errp)
{
    return ferronic_check_range("rate", config->rate, 0, RATE_MAX, errp) &&
           ferronic_check_range("size-min", config->size_min,
                                FERRONIC_TEST_FRAME_MIN, FERRONIC_FRAME_MAX,
                                errp) &&
           ferronic_check_range("size-max", config->size_max, config->size_min,
                                FERRONIC_FRAME_MAX, errp) &&
           ferronic_check_range("flows", config->flows, 1,
                                FERRONIC_TEST_FLOWS_MAX, errp);
}

void qmp_ferronic_traffic_start(const char *path, bool has_rate, uint32_t rate,
                                bool has_sizes, FerronicFrameSizes sizes,
                                bool has_size_min, uint32_t size_min,
                                bool has_size_max, uint32_t size_max,
                                bool has_flows, uint32_t flows, bool has_count,
                                uint64_t count, bool has_seed, uint64_t seed,
                                bool has_bad_checksum_every,
                                uint32_t bad_checksum_every, Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    FerronicTrafficConfig config = {
        .rate = has_rate ? rate : 0,
        .sizes = has_sizes ? sizes : FERRONIC_FRAME_SIZES_FIXED,
        .size_min = has_size_min ? size_min : FERRONIC_TEST_FRAME_MIN,
        .flows = has_flows ? flows : 1,
        .count = has_count ? count : 0,
        .seed = has_seed ? seed : 1,
        .bad_checksum_every = has_bad_checksum_every ? bad_checksum_every : 0,
    };

    config.size_max = has_size_max ? size_max
                                   : MAX(config.size_min, MAX_FRAME_DEFAULT);
    if (s && (!has_rate || ferronic_check_range("rate", rate, 1, RATE_MAX,
                                                errp)) &&
        (!has_count || ferronic_check_range("count", count, 1, UINT64_MAX,
                                            errp)) &&
        check_config(&config, errp)) {
        traffic_start(&s->traffic, &config);
    }
}

void qmp_ferronic_traffic_stop(const char *path, Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);

    if (s) {
        s->traffic.running = false;
        s->traffic.waits_for_room = false;
        timer_del(s->traffic.timer);
    }
}

FerronicTraffic *qmp_query_ferronic_traffic(const char *path, Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    const FerronicTrafficCounts *counts;
    FerronicTraffic *info;

    if (!s) {
        return NULL;
    }
    counts = &s->traffic.counts;
    info = g_new0(FerronicTraffic, 1);
    info->running = s->traffic.running;
    info->sent = counts->sent;
    info->sent_bytes = counts->sent_bytes;
    info->sent_bad = counts->sent_bad;
    info->received = counts->received;
    info->received_bytes = counts->received_bytes;
    info->missing = counts->sent - counts->received;
    info->duplicated = counts->duplicated;
    info->reordered = counts->reordered;
    info->stale = counts->stale;
    info->truncated = counts->truncated;
    info->bad_checksum = counts->bad_checksum;
    info->corrupt = counts->corrupt;
    info->tainted = s->faults.tainted - counts->tainted_before;
    info->foreign = counts->foreign;
    info->has_start_time = s->traffic.start_time != FERRONIC_NEVER;
    info->start_time = info->has_start_time ? s->traffic.start_time : 0;
    info->has_last_time = s->traffic.last_time != FERRONIC_NEVER;
    info->last_time = info->has_last_time ? s->traffic.last_time : 0;
    return info;
}

/* Life cycle */

/* Begins as the properties say. */
static bool begin(FerronicTrafficState *traffic, Error **errp)
{
    FerronicTrafficConfig config = traffic->property;
    int sizes = FERRONIC_FRAME_SIZES_FIXED;

    if (!traffic->at_start) {
        return true;
    }
    if (traffic->property_sizes) {
        sizes = qapi_enum_parse(&FerronicFrameSizes_lookup,
                                traffic->property_sizes, -1, errp);
        if (sizes < 0) {
            return false;
        }
    }
    config.sizes = sizes;
    config.size_max = config.size_max ?: MAX(config.size_min,
                                             MAX_FRAME_DEFAULT);
    if (!check_config(&config, errp)) {
        error_prepend(errp, "traffic: ");
        return false;
    }
    traffic_start(traffic, &config);
    return true;
}

bool ferronic_traffic_realize(FerronicTrafficState *traffic,
                              FerronicCore *core, FerronicFaults *faults,
                              Error **errp)
{
    traffic->core = core;
    traffic->faults = faults;
    traffic->start_time = FERRONIC_NEVER;
    traffic->last_time = FERRONIC_NEVER;
    traffic->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, generator_tick, traffic);
    core->traffic_opaque = traffic;
    if (!begin(traffic, errp)) {
        ferronic_traffic_unrealize(traffic);
        return false;
    }
    return true;
}

void ferronic_traffic_unrealize(FerronicTrafficState *traffic)
{
    traffic->running = false;
    traffic->core->sink = NULL;
    traffic->core->rx_room = NULL;
    timer_free(traffic->timer);
}

/* Migration */

static const VMStateDescription config_vmstate = {
    .name = "ferronic/traffic-config",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(rate, FerronicTrafficConfig),
        VMSTATE_UINT32(sizes, FerronicTrafficConfig),
        VMSTATE_UINT32(size_min, FerronicTrafficConfig),
        VMSTATE_UINT32(size_max, FerronicTrafficConfig),
        VMSTATE_UINT32(flows, FerronicTrafficConfig),
        VMSTATE_UINT64(count, FerronicTrafficConfig),
        VMSTATE_UINT64(seed, FerronicTrafficConfig),
        VMSTATE_UINT32(bad_checksum_every, FerronicTrafficConfig),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription flow_vmstate = {
    .name = "ferronic/flow",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(sent, FerronicFlow),
        VMSTATE_UINT32(next, FerronicFlow),
        VMSTATE_UINT64_ARRAY(seen, FerronicFlow, FERRONIC_SINK_WINDOW / 64),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription counts_vmstate = {
    .name = "ferronic/traffic-counts",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(sent, FerronicTrafficCounts),
        VMSTATE_UINT64(sent_bytes, FerronicTrafficCounts),
        VMSTATE_UINT64(sent_bad, FerronicTrafficCounts),
        VMSTATE_UINT64(received, FerronicTrafficCounts),
        VMSTATE_UINT64(received_bytes, FerronicTrafficCounts),
        VMSTATE_UINT64(duplicated, FerronicTrafficCounts),
        VMSTATE_UINT64(reordered, FerronicTrafficCounts),
        VMSTATE_UINT64(stale, FerronicTrafficCounts),
        VMSTATE_UINT64(truncated, FerronicTrafficCounts),
        VMSTATE_UINT64(bad_checksum, FerronicTrafficCounts),
        VMSTATE_UINT64(corrupt, FerronicTrafficCounts),
        VMSTATE_UINT64(tainted_before, FerronicTrafficCounts),
        VMSTATE_UINT64(foreign, FerronicTrafficCounts),
        VMSTATE_END_OF_LIST()
    }
};

/* A state in which no traffic has run is a template: ours begins now. */
static int traffic_post_load(void *opaque, int version_id)
{
    FerronicTrafficState *traffic = opaque;

    if (!traffic->run) {
        timer_del(traffic->timer);
        traffic->core->sink = NULL;
        traffic->core->rx_room = NULL;
        return begin(traffic, NULL) ? 0 : -EINVAL;
    }
    if (!check_config(&traffic->config, NULL) ||
        traffic->config.sizes >= FERRONIC_FRAME_SIZES__MAX) {
        return -EINVAL;
    }
    traffic->core->sink = ferronic_sink_take;
    traffic->core->rx_room = generator_room;
    return 0;
}

const VMStateDescription ferronic_traffic_vmstate = {
    .name = "ferronic/traffic",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = traffic_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(config, FerronicTrafficState, 1, config_vmstate,
                       FerronicTrafficConfig),
        VMSTATE_UINT32(run, FerronicTrafficState),
        VMSTATE_BOOL(running, FerronicTrafficState),
        VMSTATE_BOOL(waits_for_room, FerronicTrafficState),
        VMSTATE_UINT64(random, FerronicTrafficState),
        VMSTATE_INT64(clock_ns, FerronicTrafficState),
        VMSTATE_UINT64(clock_sent, FerronicTrafficState),
        VMSTATE_INT64(start_time, FerronicTrafficState),
        VMSTATE_INT64(last_time, FerronicTrafficState),
        VMSTATE_STRUCT_ARRAY(flows, FerronicTrafficState,
                             FERRONIC_TEST_FLOWS_MAX, 1, flow_vmstate,
                             FerronicFlow),
        VMSTATE_STRUCT(counts, FerronicTrafficState, 1, counts_vmstate,
                       FerronicTrafficCounts),
        VMSTATE_TIMER_PTR(timer, FerronicTrafficState),
        VMSTATE_END_OF_LIST()
    }
};
