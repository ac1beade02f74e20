/*
 * Ferronic NIC: QMP commands for faults
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-ferronic.h"
#include "ferronic_faults.h"
#include "ferronic_qmp.h"

static uint32_t inject(const char *path, const FerronicFault *spec,
                       Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);

    if (!s || !ferronic_fault_check(spec, errp)) {
        return 0;
    }
    return ferronic_fault_add_now(&s->faults, spec, errp);
}

FerronicFaultId *qmp_ferronic_inject_fault(const char *path,
                                           FerronicFault *fault, Error **errp)
{
    uint32_t id = inject(path, fault, errp);
    FerronicFaultId *result;

    if (!id) {
        return NULL;
    }
    result = g_new0(FerronicFaultId, 1);
    result->id = id;
    return result;
}

void qmp_ferronic_cancel_fault(const char *path, bool has_id, uint32_t id,
                               Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    bool found = !has_id;
    unsigned i;

    if (!s) {
        return;
    }
    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        FerronicFaultSlot *slot = &s->faults.slots[i];

        if (slot->spec && (!has_id || slot->id == id)) {
            ferronic_fault_cancel(&s->faults, slot);
            found = true;
        }
    }
    if (!found) {
        error_setg(errp, "there is no fault %" PRIu32, id);
        return;
    }
    ferronic_faults_update(&s->faults);
}

static FerronicFaultInfo *slot_info(const FerronicFaults *faults,
                                    const FerronicFaultSlot *slot)
{
    FerronicFaultInfo *info = g_new0(FerronicFaultInfo, 1);

    info->id = slot->id;
    info->kind = slot->spec->kind;
    info->state = ferronic_fault_state(faults, slot);
    info->opportunities = slot->opportunities;
    info->delivered = slot->delivered;
    info->ineffective = slot->ineffective;
    info->has_last_time = slot->last_time != FERRONIC_NEVER;
    info->last_time = info->has_last_time ? slot->last_time : 0;
    return info;
}

static gint by_id(gconstpointer a, gconstpointer b)
{
    const FerronicFaultSlot *left = *(FerronicFaultSlot *const *)a;
    const FerronicFaultSlot *right = *(FerronicFaultSlot *const *)b;

    return left->id < right->id ? -1 : left->id > right->id;
}

FerronicFaultInfoList *qmp_query_ferronic_faults(const char *path,
                                                 Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    g_autoptr(GPtrArray) slots = g_ptr_array_new();
    FerronicFaultInfoList *list = NULL;
    FerronicFaultInfoList **tail = &list;
    unsigned i;

    if (!s) {
        return NULL;
    }
    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        if (s->faults.slots[i].spec) {
            g_ptr_array_add(slots, &s->faults.slots[i]);
        }
    }
    g_ptr_array_sort(slots, by_id);
    for (i = 0; i < slots->len; i++) {
        QAPI_LIST_APPEND(tail, slot_info(&s->faults, slots->pdata[i]));
    }
    return list;
}

void qmp_ferronic_inject_irq_storm(const char *path, uint8_t vector,
                                   uint32_t rate_hz, uint32_t count,
                                   Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    FerronicFault spec = {
        .kind = FERRONIC_FAULT_KIND_IRQ_STORM,
        .u.irq_storm = { .vector = vector, .rate_hz = rate_hz,
                         .count = count },
    };

    if (!s || !ferronic_fault_check(&spec, errp)) {
        return;
    }
    if (s->faults.storms.vector[vector].remaining) {
        error_setg(errp, "a storm on vector %u is in progress, %" PRIu32
                   " messages are left", vector,
                   s->faults.storms.vector[vector].remaining);
        return;
    }
    inject(path, &spec, errp);
}

void qmp_ferronic_inject_link_flap(const char *path, uint64_t down_ns,
                                   uint32_t count, Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    FerronicFault spec = {
        .kind = FERRONIC_FAULT_KIND_LINK_FLAP,
        .u.link_flap = { .down_ns = down_ns, .count = count },
    };

    if (!s || !ferronic_fault_check(&spec, errp)) {
        return;
    }
    if (s->faults.flap.remaining) {
        error_setg(errp, "link flaps are in progress, %" PRIu32 " are left",
                   s->faults.flap.remaining);
        return;
    }
    inject(path, &spec, errp);
}
