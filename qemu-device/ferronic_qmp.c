/*
 * Ferronic NIC: the QMP command about the device as a whole, and what all of
 * its commands have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-ferronic.h"
#include "qapi/util.h"
#include "ferronic_qmp.h"

FerronicState *ferronic_find_device(const char *path, Error **errp)
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

bool ferronic_check_range(const char *name, uint64_t value, uint64_t min,
                          uint64_t max, Error **errp)
{
    if (value >= min && value <= max) {
        return true;
    }
    error_setg(errp, "%s is %" PRIu64 "; it must be from %" PRIu64
               " to %" PRIu64, name, value, min, max);
    return false;
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

static FerronicFaultCountList *fault_counts(const FerronicFaults *faults)
{
    FerronicFaultCountList *list = NULL;
    FerronicFaultCountList **tail = &list;
    unsigned kind;

    for (kind = 0; kind < FERRONIC_FAULT_KIND__MAX; kind++) {
        FerronicFaultCount *info;

        if (!faults->counts[kind].injected) {
            continue;
        }
        info = g_new0(FerronicFaultCount, 1);
        info->kind = kind;
        info->injected = faults->counts[kind].injected;
        info->effective = faults->counts[kind].effective;
        info->delivered = faults->counts[kind].delivered;
        info->ineffective = faults->counts[kind].ineffective;
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static FerronicStateCountList *state_counts(const FerronicTotals *totals)
{
    FerronicStateCountList *list = NULL;
    FerronicStateCountList **tail = &list;
    unsigned state;

    for (state = 0; state < FERRONIC_DEVICE_STATE__MAX; state++) {
        FerronicStateCount *count = g_new0(FerronicStateCount, 1);

        count->state = state;
        count->times = totals->states[state];
        QAPI_LIST_APPEND(tail, count);
    }
    return list;
}

FerronicInfo *qmp_query_ferronic(const char *path, Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    const FerronicTotals *totals;
    const FerronicStorms *storms;
    FerronicInfo *info;

    if (!s) {
        return NULL;
    }
    totals = &s->core.totals;
    storms = &s->faults.storms;
    info = g_new0(FerronicInfo, 1);
    info->path = object_get_canonical_path(OBJECT(s));
    info->ready = s->core.ready;
    info->link_up = ferronic_core_link_up(&s->core);
    info->resets = totals->resets;
    info->config_errors = totals->config_errors;
    info->dma_errors = totals->dma_errors;
    info->violations = s->core.contract.total;
    info->frames = frames_info(totals);
    info->vectors = vectors_info(totals);
    info->faults = fault_counts(&s->faults);
    info->irq_storms = storms->started;
    info->storm_active = ferronic_storms_active(storms);
    info->storm_interrupts_requested = storms->requested;
    info->storm_interrupts_delivered = storms->delivered;
    info->storm_interrupts_masked = storms->masked;
    info->link_flap_active = s->faults.flap.remaining != 0;
    info->link_flaps_requested = s->faults.flap.requested;
    info->link_flaps_delivered = s->faults.flap.delivered;
    info->link_flaps_ineffective = s->faults.flap.ineffective;
    info->states = state_counts(totals);
    return info;
}
