/*
 * Ferronic NIC: faults: interrupt storms
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "migration/vmstate.h"
#include "ferronic_faults.h"
#include "trace.h"

#define STORM_BURST         64          /* messages sent in one timer tick */

static unsigned storm_vector(const FerronicStorm *storm)
{
    return storm - storm->faults->storms.vector;
}

/* When the next message is due; computed from the start, so it cannot drift. */
static int64_t storm_next_ns(const FerronicStorm *storm)
{
    return storm->start_ns +
           muldiv64(storm->sent, NANOSECONDS_PER_SECOND, storm->rate_hz);
}

/* Returns whether the message was sent. */
static bool storm_send(FerronicStorm *storm)
{
    storm->sent++;
    storm->remaining--;
    return ferronic_irq_message(storm->faults->core, storm_vector(storm)) ==
           FERRONIC_MESSAGE_SENT;
}

static void storm_count(FerronicStorm *storm, uint32_t delivered,
                        uint32_t masked)
{
    FerronicFaults *faults = storm->faults;
    FerronicFaultSlot *slot = ferronic_fault_find(faults, storm->id);

    faults->storms.delivered += delivered;
    faults->storms.masked += masked;
    if (slot && delivered) {
        ferronic_fault_delivered(faults, slot, delivered, ",\"vector\":%u",
                                 storm_vector(storm));
    }
    if (slot && masked) {
        ferronic_fault_ineffective(faults, slot, masked,
                                   "masked, or MSI-X or bus mastering off");
    }
}

/* Sends what is due, up to a bound. Returns how many messages that were. */
static uint32_t storm_burst(FerronicStorm *storm, int64_t now)
{
    uint32_t delivered = 0, masked = 0;

    while (storm->remaining && delivered + masked < STORM_BURST &&
           storm_next_ns(storm) <= now) {
        if (storm_send(storm)) {
            delivered++;
        } else {
            masked++;
        }
    }
    storm_count(storm, delivered, masked);
    return delivered + masked;
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
    int64_t now = ferronic_now();
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

bool ferronic_storm_start(FerronicFaults *faults, uint32_t id,
                          const FerronicFaultIrqStorm *spec)
{
    FerronicStorm *storm = &faults->storms.vector[spec->vector];

    if (storm->remaining) {
        return false;
    }
    trace_ferronic_storm_start(faults->core->id, spec->vector, spec->rate_hz,
                               spec->count);
    faults->storms.started++;
    faults->storms.requested += spec->count;
    storm->id = id;
    storm->rate_hz = spec->rate_hz;
    storm->remaining = spec->count;
    storm->sent = 0;
    storm->start_ns = ferronic_now();
    timer_mod(storm->timer, storm->start_ns);
    return true;
}

void ferronic_storm_end(FerronicFaults *faults, uint32_t id)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        FerronicStorm *storm = &faults->storms.vector[vector];

        if (storm->remaining && storm->id == id) {
            storm->remaining = 0;
            timer_del(storm->timer);
        }
    }
}

bool ferronic_storms_active(const FerronicStorms *storms)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        if (storms->vector[vector].remaining) {
            return true;
        }
    }
    return false;
}

bool ferronic_storm_belongs(const FerronicFaults *faults, uint32_t id)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        const FerronicStorm *storm = &faults->storms.vector[vector];

        if (storm->remaining && storm->id == id) {
            return true;
        }
    }
    return false;
}

void ferronic_storms_realize(FerronicFaults *faults)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        FerronicStorm *storm = &faults->storms.vector[vector];

        storm->faults = faults;
        storm->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, storm_tick, storm);
    }
}

void ferronic_storms_unrealize(FerronicFaults *faults)
{
    unsigned vector;

    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        timer_free(faults->storms.vector[vector].timer);
    }
}

/* Migration */

static int storm_post_load(void *opaque, int version_id)
{
    FerronicStorm *storm = opaque;

    return storm->remaining && !storm->rate_hz ? -EINVAL : 0;
}

static const VMStateDescription storm_vmstate = {
    .name = "ferronic/storm",
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = storm_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, FerronicStorm),
        VMSTATE_UINT32(id, FerronicStorm),
        VMSTATE_UINT32(rate_hz, FerronicStorm),
        VMSTATE_UINT32(remaining, FerronicStorm),
        VMSTATE_UINT64(sent, FerronicStorm),
        VMSTATE_INT64(start_ns, FerronicStorm),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription ferronic_storms_vmstate = {
    .name = "ferronic/storms",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(vector, FerronicStorms, FERRONIC_VECTORS, 1,
                             storm_vmstate, FerronicStorm),
        VMSTATE_UINT64(started, FerronicStorms),
        VMSTATE_UINT64(requested, FerronicStorms),
        VMSTATE_UINT64(delivered, FerronicStorms),
        VMSTATE_UINT64(masked, FerronicStorms),
        VMSTATE_END_OF_LIST()
    }
};
