/*
 * Ferronic NIC: faults that are injected by QMP
 *
 * A fault runs on the virtual clock and counts what it delivered. It belongs to
 * the environment: a reset of the device does not end it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-ferronic.h"
#include "migration/vmstate.h"
#include "ferronic.h"
#include "trace.h"

#define STORM_BURST         64          /* messages sent in one timer tick */
#define STORM_RATE_MAX_HZ   1000000
#define STORM_COUNT_MAX     10000000
#define FLAP_DOWN_MIN_NS    1000
#define FLAP_DOWN_MAX_NS    60000000000ULL
#define FLAP_COUNT_MAX      100000

static int64_t virtual_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Interrupt storm */

static unsigned storm_vector(const FerronicStorm *storm)
{
    return storm - storm->faults->storms;
}

/* When the next message is due; computed from the start, so it cannot drift. */
static int64_t storm_next_ns(const FerronicStorm *storm)
{
    return storm->start_ns +
           muldiv64(storm->sent, NANOSECONDS_PER_SECOND, storm->rate_hz);
}

static void storm_send(FerronicStorm *storm)
{
    FerronicFaults *faults = storm->faults;

    if (ferronic_core_message(faults->core, storm_vector(storm)) ==
        FERRONIC_MESSAGE_SENT) {
        faults->storm_delivered++;
    } else {
        faults->storm_masked++;
    }
    storm->sent++;
    storm->remaining--;
}

/* Sends what is due, up to a bound. Returns how many messages that were. */
static uint32_t storm_burst(FerronicStorm *storm, int64_t now)
{
    uint32_t sent = 0;

    while (storm->remaining && sent < STORM_BURST &&
           storm_next_ns(storm) <= now) {
        storm_send(storm);
        sent++;
    }
    return sent;
}

static void storm_arm(FerronicStorm *storm, int64_t now)
{
    int64_t next = storm_next_ns(storm);

    /* Too far behind: the storm lasts longer, its rate does not rise. */
    if (next <= now) {
        storm->start_ns = now + NANOSECONDS_PER_SECOND / storm->rate_hz;
        storm->sent = 0;
        next = storm->start_ns;
    }
    timer_mod(storm->timer, next);
}

static void storm_tick(void *opaque)
{
    FerronicStorm *storm = opaque;
    FerronicCore *core = storm->faults->core;
    int64_t now = virtual_ns();
    bool was_engaged = ferronic_core_enter(core);
    uint32_t sent = storm_burst(storm, now);

    ferronic_core_leave(core, was_engaged);
    trace_ferronic_storm_tick(core->id, storm_vector(storm), sent,
                              storm->remaining);
    if (storm->remaining) {
        storm_arm(storm, now);
    } else {
        trace_ferronic_storm_end(core->id, storm_vector(storm));
    }
}

static void storm_start(FerronicStorm *storm, uint32_t rate_hz, uint32_t count)
{
    FerronicFaults *faults = storm->faults;

    trace_ferronic_storm_start(faults->core->id, storm_vector(storm), rate_hz,
                               count);
    faults->storms_started++;
    faults->storm_requested += count;
    storm->rate_hz = rate_hz;
    storm->remaining = count;
    storm->sent = 0;
    storm->start_ns = virtual_ns();
    timer_mod(storm->timer, storm->start_ns);
}

/* Link flap */

static void flap_down(FerronicFaults *faults)
{
    FerronicFlap *flap = &faults->flap;

    trace_ferronic_flap_down(faults->core->id, flap->remaining);
    flap->effective = ferronic_core_link_up(faults->core);
    flap->down = true;
    ferronic_core_force_link_down(faults->core, true);
}

static void flap_up(FerronicFaults *faults)
{
    FerronicFlap *flap = &faults->flap;

    trace_ferronic_flap_up(faults->core->id);
    flap->down = false;
    flap->remaining--;
    if (flap->effective) {
        faults->flaps_delivered++;
    } else {
        faults->flaps_ineffective++;
    }
    ferronic_core_force_link_down(faults->core, false);
}

static void flap_tick(void *opaque)
{
    FerronicFaults *faults = opaque;
    FerronicFlap *flap = &faults->flap;

    if (flap->down) {
        flap_up(faults);
    } else {
        flap_down(faults);
    }
    if (flap->remaining) {
        timer_mod(flap->timer, virtual_ns() + flap->down_ns);
    }
}

static void flap_start(FerronicFaults *faults, uint64_t down_ns, uint32_t count)
{
    FerronicFlap *flap = &faults->flap;

    trace_ferronic_flap_start(faults->core->id, down_ns, count);
    faults->flaps_requested += count;
    flap->down_ns = down_ns;
    flap->remaining = count;
    timer_mod(flap->timer, virtual_ns());
}

/* QMP commands */

static FerronicState *find_device(const char *path, Error **errp)
{
    bool ambiguous = false;
    Object *obj = object_resolve_path(path, &ambiguous);

    if (!obj) {
        error_setg(errp, ambiguous ? "path '%s' fits more than one object"
                                   : "nothing at path '%s'; it must be the QOM "
                                     "path of a ferronic device, such as "
                                     "/machine/peripheral/nic0", path);
        return NULL;
    }
    if (!object_dynamic_cast(obj, TYPE_FERRONIC)) {
        error_setg(errp, "path '%s' is a %s; it must be a %s", path,
                   object_get_typename(obj), TYPE_FERRONIC);
        return NULL;
    }
    if (!DEVICE(obj)->realized) {
        error_setg(errp, "device at path '%s' is not realized", path);
        return NULL;
    }
    return FERRONIC(obj);
}

static bool check_range(const char *name, uint64_t value, uint64_t min,
                        uint64_t max, Error **errp)
{
    if (value >= min && value <= max) {
        return true;
    }
    error_setg(errp, "%s is %" PRIu64 "; it must be from %" PRIu64
               " to %" PRIu64, name, value, min, max);
    return false;
}

void qmp_ferronic_inject_irq_storm(const char *path, uint8_t vector,
                                   uint32_t rate_hz, uint32_t count,
                                   Error **errp)
{
    FerronicState *s = find_device(path, errp);
    FerronicStorm *storm;

    if (!s ||
        !check_range("vector", vector, 0, FERRONIC_VECTORS - 1, errp) ||
        !check_range("rate-hz", rate_hz, 1, STORM_RATE_MAX_HZ, errp) ||
        !check_range("count", count, 1, STORM_COUNT_MAX, errp)) {
        return;
    }
    storm = &s->faults.storms[vector];
    if (storm->remaining) {
        error_setg(errp, "a storm on vector %u is in progress, %" PRIu32
                   " messages are left", vector, storm->remaining);
        return;
    }
    storm_start(storm, rate_hz, count);
}

void qmp_ferronic_inject_link_flap(const char *path, uint64_t down_ns,
                                   uint32_t count, Error **errp)
{
    FerronicState *s = find_device(path, errp);

    if (!s ||
        !check_range("down-ns", down_ns, FLAP_DOWN_MIN_NS, FLAP_DOWN_MAX_NS,
                     errp) ||
        !check_range("count", count, 1, FLAP_COUNT_MAX, errp)) {
        return;
    }
    if (s->faults.flap.remaining) {
        error_setg(errp, "link flaps are in progress, %" PRIu32 " are left",
                   s->faults.flap.remaining);
        return;
    }
    flap_start(&s->faults, down_ns, count);
}

static FerronicFrames *frames_info(const FerronicTotals *totals)
{
    FerronicFrames *frames = g_new0(FerronicFrames, 1);

    frames->received = totals->rx_frames;
    frames->missed = totals->rx_missed;
    frames->sent = totals->tx_frames;
    frames->send_errors = totals->tx_errors;
    return frames;
}

static FerronicVectorInfoList *vectors_info(const FerronicTotals *totals)
{
    FerronicVectorInfoList *list = NULL;
    FerronicVectorInfoList **tail = &list;
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        FerronicVectorInfo *info = g_new0(FerronicVectorInfo, 1);

        info->vector = vector;
        info->delivered = totals->delivered[vector];
        info->held = totals->held[vector];
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static bool storm_active(const FerronicFaults *faults)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        if (faults->storms[vector].remaining) {
            return true;
        }
    }
    return false;
}

FerronicInfo *qmp_query_ferronic(const char *path, Error **errp)
{
    FerronicState *s = find_device(path, errp);
    const FerronicTotals *totals;
    const FerronicFaults *faults;
    FerronicInfo *info;

    if (!s) {
        return NULL;
    }
    totals = &s->core.totals;
    faults = &s->faults;
    info = g_new0(FerronicInfo, 1);
    info->path = object_get_canonical_path(OBJECT(s));
    info->ready = s->core.ready;
    info->link_up = ferronic_core_link_up(&s->core);
    info->resets = totals->resets;
    info->config_errors = totals->config_errors;
    info->dma_errors = totals->dma_errors;
    info->frames = frames_info(totals);
    info->vectors = vectors_info(totals);
    info->irq_storms = faults->storms_started;
    info->storm_active = storm_active(faults);
    info->storm_interrupts_requested = faults->storm_requested;
    info->storm_interrupts_delivered = faults->storm_delivered;
    info->storm_interrupts_masked = faults->storm_masked;
    info->link_flap_active = faults->flap.remaining != 0;
    info->link_flaps_requested = faults->flaps_requested;
    info->link_flaps_delivered = faults->flaps_delivered;
    info->link_flaps_ineffective = faults->flaps_ineffective;
    return info;
}

/* Life cycle */

void ferronic_faults_realize(FerronicFaults *faults, FerronicCore *core)
{
    unsigned vector;

    faults->core = core;
    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        FerronicStorm *storm = &faults->storms[vector];

        storm->faults = faults;
        storm->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, storm_tick, storm);
    }
    faults->flap.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, flap_tick, faults);
}

void ferronic_faults_unrealize(FerronicFaults *faults)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        timer_free(faults->storms[vector].timer);
    }
    timer_free(faults->flap.timer);
}

/* Migration */

static int storm_post_load(void *opaque, int version_id)
{
    FerronicStorm *storm = opaque;

    return storm->remaining && !storm->rate_hz ? -EINVAL : 0;
}

static const VMStateDescription storm_vmstate = {
    .name = "ferronic/storm",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = storm_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, FerronicStorm),
        VMSTATE_UINT32(rate_hz, FerronicStorm),
        VMSTATE_UINT32(remaining, FerronicStorm),
        VMSTATE_UINT64(sent, FerronicStorm),
        VMSTATE_INT64(start_ns, FerronicStorm),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription flap_vmstate = {
    .name = "ferronic/flap",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, FerronicFlap),
        VMSTATE_UINT64(down_ns, FerronicFlap),
        VMSTATE_UINT32(remaining, FerronicFlap),
        VMSTATE_BOOL(down, FerronicFlap),
        VMSTATE_BOOL(effective, FerronicFlap),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription ferronic_faults_vmstate = {
    .name = "ferronic/faults",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(storms, FerronicFaults, FERRONIC_VECTORS, 1,
                             storm_vmstate, FerronicStorm),
        VMSTATE_STRUCT(flap, FerronicFaults, 1, flap_vmstate, FerronicFlap),
        VMSTATE_UINT64(storms_started, FerronicFaults),
        VMSTATE_UINT64(storm_requested, FerronicFaults),
        VMSTATE_UINT64(storm_delivered, FerronicFaults),
        VMSTATE_UINT64(storm_masked, FerronicFaults),
        VMSTATE_UINT64(flaps_requested, FerronicFaults),
        VMSTATE_UINT64(flaps_delivered, FerronicFaults),
        VMSTATE_UINT64(flaps_ineffective, FerronicFaults),
        VMSTATE_END_OF_LIST()
    }
};
