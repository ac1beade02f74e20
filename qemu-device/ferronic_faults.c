/*
 * Ferronic NIC: faults
 *
 * A fault runs on the virtual clock and counts what it delivered. It belongs to
 * the environment: a reset of the device does not end it. This file keeps the
 * faults; what makes one happen is in ferronic_fault_trigger.c, what happens in
 * ferronic_fault_hooks.c and ferronic_fault_actions.c, what is asked for over QMP
 * in ferronic_fault_commands.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/clone-visitor.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-ferronic.h"
#include "migration/vmstate.h"
#include "ferronic_faults.h"
#include "trace.h"

/* Interrupts that go wrong and links that flap are no excuse for a driver. */
#define HARMLESS \
    (BIT(FERRONIC_FAULT_KIND_IRQ_STORM) | \
     BIT(FERRONIC_FAULT_KIND_IRQ_SPURIOUS) | \
     BIT(FERRONIC_FAULT_KIND_IRQ_LOST) | \
     BIT(FERRONIC_FAULT_KIND_IRQ_LATE) | \
     BIT(FERRONIC_FAULT_KIND_IRQ_WRONG_VECTOR) | \
     BIT(FERRONIC_FAULT_KIND_INTX_STUCK) | \
     BIT(FERRONIC_FAULT_KIND_LINK_FLAP) | \
     BIT(FERRONIC_FAULT_KIND_RX_BAD_CHECKSUM) | \
     BIT(FERRONIC_FAULT_KIND_AER_CORRECTABLE) | \
     BIT(FERRONIC_FAULT_KIND_AER_UNCORRECTABLE))

/* Slots */

FerronicFaultSlot *ferronic_fault_find(FerronicFaults *faults, uint32_t id)
{
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        if (faults->slots[i].spec && faults->slots[i].id == id) {
            return &faults->slots[i];
        }
    }
    return NULL;
}

static bool in_progress(const FerronicFaults *faults,
                        const FerronicFaultSlot *slot)
{
    return slot->actions || slot->ends != FERRONIC_NEVER ||
           ferronic_storm_belongs(faults, slot->id) ||
           (faults->flap.remaining && faults->flap.id == slot->id);
}

FerronicFaultState ferronic_fault_state(const FerronicFaults *faults,
                                        const FerronicFaultSlot *slot)
{
    if (in_progress(faults, slot)) {
        return FERRONIC_FAULT_STATE_ACTIVE;
    }
    if (slot->cancelled) {
        return FERRONIC_FAULT_STATE_CANCELLED;
    }
    if (!slot->remaining) {
        return FERRONIC_FAULT_STATE_DONE;
    }
    return slot->armed ? FERRONIC_FAULT_STATE_ARMED
                       : FERRONIC_FAULT_STATE_WAITING;
}

static void slot_clear(FerronicFaultSlot *slot)
{
    qapi_free_FerronicFault(slot->spec);
    g_free(slot->json);
    memset(slot, 0, sizeof(*slot));
}

/* A free slot, or the oldest one whose fault is over. */
static FerronicFaultSlot *slot_take(FerronicFaults *faults)
{
    FerronicFaultSlot *oldest = NULL;
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        FerronicFaultSlot *slot = &faults->slots[i];

        if (!slot->spec) {
            return slot;
        }
        if (!ferronic_fault_is_live(slot) && !in_progress(faults, slot) &&
            !slot->log.unwritten && (!oldest || slot->id < oldest->id)) {
            oldest = slot;
        }
    }
    if (oldest) {
        slot_clear(oldest);
    }
    return oldest;
}

/* Deliveries */

static void write_line(FerronicFaults *faults, const FerronicFaultSlot *slot,
                       int64_t time, uint64_t count, const char *members)
{
    FerronicLog *log = &faults->core->contract.log;
    g_autoptr(GString) line = NULL;

    if (!ferronic_log_is_open(log)) {
        return;
    }
    line = ferronic_log_begin(time, faults->core->id, "fault");
    g_string_append_printf(line, ",\"fault\":%u,\"kind\":\"%s\","
                           "\"count\":%" PRIu64 "%s", slot->id,
                           FerronicFaultKind_str(slot->spec->kind), count,
                           members);
    ferronic_log_write(log, line);
}

static void flush_log(FerronicFaults *faults)
{
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        FerronicFaultSlot *slot = &faults->slots[i];
        uint64_t count = ferronic_log_take(&slot->log);

        if (count) {
            write_line(faults, slot, slot->last_time, count, "");
        }
    }
}

void ferronic_fault_delivered(FerronicFaults *faults, FerronicFaultSlot *slot,
                              uint64_t count, const char *format, ...)
{
    g_autofree char *members = NULL;
    va_list ap;

    faults->counts[slot->spec->kind].effective += !slot->delivered;
    faults->counts[slot->spec->kind].delivered += count;
    slot->delivered += count;
    slot->last_time = ferronic_now();
    if (!(HARMLESS & BIT(slot->spec->kind)) && !faults->misleading) {
        faults->misleading = true;
        ferronic_faults_update(faults);
    }
    trace_ferronic_fault(faults->core->id, slot->id,
                         FerronicFaultKind_str(slot->spec->kind), count);
    /* A line of several messages is one, however many they are. */
    if (slot->log.lines >= FERRONIC_LOG_SINGLE) {
        slot->log.unwritten += count;
        if (faults->flush_ns == FERRONIC_NEVER) {
            faults->flush_ns = slot->last_time + FERRONIC_LOG_PERIOD_NS;
            ferronic_faults_update(faults);
        }
        return;
    }
    slot->log.lines++;
    va_start(ap, format);
    members = g_strdup_vprintf(format, ap);
    va_end(ap);
    write_line(faults, slot, slot->last_time, count, members);
}

void ferronic_fault_ineffective(FerronicFaults *faults,
                                FerronicFaultSlot *slot, uint64_t count,
                                const char *why)
{
    g_autofree char *members = NULL;

    slot->ineffective += count;
    faults->counts[slot->spec->kind].ineffective += count;
    trace_ferronic_fault_ineffective(faults->core->id, slot->id, why);
    if (slot->log.lines >= FERRONIC_LOG_SINGLE) {
        return;
    }
    slot->log.lines++;
    members = g_strdup_printf(",\"ineffective\":%" PRIu64 ",\"why\":\"%s\"",
                              count, why);
    write_line(faults, slot, ferronic_now(), 0, members);
}

/* What is misled, and by what */

bool ferronic_faults_may_mislead(const FerronicCore *core)
{
    const FerronicFaults *faults = core->faults_opaque;

    return faults && faults->misleading;
}

bool ferronic_faults_made_dma_fail(FerronicCore *core, int queue)
{
    FerronicFaults *faults = core->faults_opaque;
    bool made;

    if (!faults) {
        return false;
    }
    if (queue == FERRONIC_NO_QUEUE) {
        made = faults->failed_copy;
        faults->failed_copy = false;
    } else {
        made = faults->failed_queues & BIT(queue);
        faults->failed_queues &= ~BIT(queue);
    }
    return made;
}

/* The engine's timer and its hooks */

static uint32_t kinds_with_hooks(const FerronicFaultSlot *slot)
{
    return ferronic_fault_is_at_once(slot->spec->kind)
           ? 0 : BIT(slot->spec->kind);
}

static int64_t next_time(const FerronicFaults *faults)
{
    int64_t next = MIN(ferronic_delay_next(faults), faults->flush_ns);
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        const FerronicFaultSlot *slot = &faults->slots[i];

        if (!slot->spec) {
            continue;
        }
        next = MIN(next, slot->actions ? 0 : slot->ends);
        if (ferronic_fault_is_live(slot)) {
            next = MIN(next, slot->due);
        }
    }
    return next;
}

void ferronic_faults_update(FerronicFaults *faults)
{
    FerronicCore *core = faults->core;
    int64_t next = next_time(faults);
    unsigned i;

    faults->live_kinds = 0;
    faults->live_events = 0;
    faults->live_end = 0;
    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        const FerronicFaultSlot *slot = &faults->slots[i];
        FerronicEvent event;

        if (!ferronic_fault_is_live(slot)) {
            continue;
        }
        faults->live_end = i + 1;
        faults->live_kinds |= kinds_with_hooks(slot);
        if (ferronic_trigger_counts(slot->spec, &event)) {
            faults->live_events |= BIT(event);
        }
    }
    core->faults = faults->live_kinds || faults->live_events ||
                   faults->delayed_count || faults->misleading ||
                   faults->failed_queues || faults->failed_copy
                   ? &ferronic_fault_hooks : NULL;
    if (next == FERRONIC_NEVER) {
        timer_del(faults->timer);
    } else {
        timer_mod(faults->timer, MAX(next, ferronic_now()));
    }
}

static void run_slots(FerronicFaults *faults, int64_t now)
{
    unsigned i;

    ferronic_trigger_time(faults, now);
    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        FerronicFaultSlot *slot = &faults->slots[i];

        if (slot->spec && slot->actions) {
            ferronic_fault_act(faults, slot);
        }
        if (slot->spec && slot->ends <= now) {
            ferronic_fault_end(faults, slot);
        }
    }
}

static void faults_tick(void *opaque)
{
    FerronicFaults *faults = opaque;
    FerronicCore *core = faults->core;
    int64_t now = ferronic_now();
    bool was_engaged = ferronic_core_enter(core);

    run_slots(faults, now);
    ferronic_delay_run(faults, now);
    if (faults->flush_ns <= now) {
        faults->flush_ns = FERRONIC_NEVER;
        flush_log(faults);
    }
    if (!core->unrealized) {
        ferronic_faults_update(faults);
    }
    ferronic_core_leave(core, was_engaged);
}

/* Life of a fault */

static void slot_init(FerronicFaultSlot *slot, const FerronicFault *spec,
                      uint32_t id)
{
    slot->spec = QAPI_CLONE(FerronicFault, spec);
    slot->id = id;
    slot->remaining = spec->has_times ? spec->times : 1;
    slot->last_time = FERRONIC_NEVER;
    slot->ends = FERRONIC_NEVER;
}

uint32_t ferronic_fault_add(FerronicFaults *faults, const FerronicFault *spec,
                            Error **errp)
{
    FerronicFaultSlot *slot = slot_take(faults);

    if (!slot) {
        error_setg(errp, "%d faults are under way; cancel some",
                   FERRONIC_FAULTS_MAX);
        return 0;
    }
    slot_init(slot, spec, faults->next_id++);
    ferronic_trigger_start(slot, faults->seed, ferronic_now());
    faults->counts[spec->kind].injected++;
    trace_ferronic_fault_injected(faults->core->id, slot->id,
                                  FerronicFaultKind_str(spec->kind));
    return slot->id;
}

uint32_t ferronic_fault_add_now(FerronicFaults *faults,
                                const FerronicFault *spec, Error **errp)
{
    uint32_t id = ferronic_fault_add(faults, spec, errp);
    bool was_engaged;

    if (!id) {
        return 0;
    }
    was_engaged = ferronic_core_enter(faults->core);
    run_slots(faults, ferronic_now());
    ferronic_faults_update(faults);
    ferronic_core_leave(faults->core, was_engaged);
    return id;
}

void ferronic_fault_cancel(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    slot->cancelled |= slot->remaining || in_progress(faults, slot);
    slot->actions = 0;
    slot->armed = 0;
    ferronic_storm_end(faults, slot->id);
    ferronic_flap_end(faults, slot->id);
    ferronic_delay_release_fault(faults, slot->id);
    if (slot->ends != FERRONIC_NEVER) {
        ferronic_fault_end(faults, slot);
    }
}

/* Life cycle */

/* Begins with the plan of the property, if there is one. */
static bool plan_begin(FerronicFaults *faults, Error **errp)
{
    g_autoptr(FerronicFaultPlan) plan = NULL;
    const FerronicFaultList *entry;

    if (!faults->plan_file) {
        return true;
    }
    plan = ferronic_fault_plan_read(faults->plan_file, &faults->plan, errp);
    if (!plan) {
        return false;
    }
    for (entry = plan->faults; entry; entry = entry->next) {
        if (!ferronic_fault_add(faults, entry->value, errp)) {
            return false;
        }
    }
    ferronic_faults_update(faults);
    return true;
}

/* The last chance before QEMU ends, or is killed. */
static void faults_run_state(void *opaque, bool running, RunState state)
{
    if (!running) {
        flush_log(opaque);
    }
}

static void clear_slots(FerronicFaults *faults)
{
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        slot_clear(&faults->slots[i]);
    }
}

bool ferronic_faults_realize(FerronicFaults *faults, FerronicCore *core,
                             Error **errp)
{
    faults->core = core;
    faults->next_id = 1;
    faults->flush_ns = FERRONIC_NEVER;
    faults->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, faults_tick, faults);
    ferronic_storms_realize(faults);
    ferronic_flap_realize(faults);
    faults->run_state = qemu_add_vm_change_state_handler(faults_run_state,
                                                         faults);
    core->faults_opaque = faults;
    if (!plan_begin(faults, errp)) {
        ferronic_faults_unrealize(faults);
        return false;
    }
    return true;
}

void ferronic_faults_unrealize(FerronicFaults *faults)
{
    faults->core->faults = NULL;
    flush_log(faults);
    qemu_del_vm_change_state_handler(faults->run_state);
    timer_free(faults->timer);
    ferronic_storms_unrealize(faults);
    ferronic_flap_unrealize(faults);
    clear_slots(faults);
}

/* Migration */

static int slot_pre_save(void *opaque)
{
    FerronicFaultSlot *slot = opaque;

    g_free(slot->json);
    slot->json = slot->spec ? (uint8_t *)ferronic_fault_to_json(slot->spec)
                            : NULL;
    slot->json_size = slot->json ? strlen((char *)slot->json) + 1 : 0;
    return 0;
}

static int slot_pre_load(void *opaque)
{
    slot_clear(opaque);
    return 0;
}

static int slot_post_load(void *opaque, int version_id)
{
    FerronicFaultSlot *slot = opaque;

    if (!slot->json_size) {
        return 0;
    }
    if (slot->json[slot->json_size - 1]) {
        return -EINVAL;
    }
    slot->spec = ferronic_fault_from_json((char *)slot->json, NULL);
    if (!slot->spec || !ferronic_fault_check(slot->spec, NULL) ||
        slot->armed > slot->remaining) {
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription slot_vmstate = {
    .name = "ferronic/fault",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = slot_pre_save,
    .pre_load = slot_pre_load,
    .post_load = slot_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(json_size, FerronicFaultSlot),
        VMSTATE_VBUFFER_ALLOC_UINT32(json, FerronicFaultSlot, 1, NULL,
                                     json_size),
        VMSTATE_UINT32(id, FerronicFaultSlot),
        VMSTATE_UINT32(remaining, FerronicFaultSlot),
        VMSTATE_UINT32(armed, FerronicFaultSlot),
        VMSTATE_UINT32(actions, FerronicFaultSlot),
        VMSTATE_BOOL(cancelled, FerronicFaultSlot),
        VMSTATE_INT64(due, FerronicFaultSlot),
        VMSTATE_UINT64(events, FerronicFaultSlot),
        VMSTATE_UINT64(opportunities, FerronicFaultSlot),
        VMSTATE_UINT64(delivered, FerronicFaultSlot),
        VMSTATE_UINT64(ineffective, FerronicFaultSlot),
        VMSTATE_INT64(last_time, FerronicFaultSlot),
        VMSTATE_INT64(ends, FerronicFaultSlot),
        VMSTATE_UINT64(random, FerronicFaultSlot),
        VMSTATE_UINT64(log.lines, FerronicFaultSlot),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription count_vmstate = {
    .name = "ferronic/fault-count",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(injected, FerronicKindCount),
        VMSTATE_UINT64(effective, FerronicKindCount),
        VMSTATE_UINT64(delivered, FerronicKindCount),
        VMSTATE_UINT64(ineffective, FerronicKindCount),
        VMSTATE_END_OF_LIST()
    }
};

static int faults_pre_save(void *opaque)
{
    flush_log(opaque);
    return 0;
}

static bool delayed_are_sane(void *opaque, int version_id)
{
    const FerronicFaults *faults = opaque;
    unsigned n;

    if (faults->delayed_count > FERRONIC_DELAYED_MAX) {
        return false;
    }
    for (n = 0; n < faults->delayed_count; n++) {
        const FerronicDelayed *delayed = &faults->delayed[n];

        if (delayed->which >= (delayed->interrupt ? FERRONIC_VECTORS
                                                  : 2 * FERRONIC_QUEUES) ||
            delayed->index >= FERRONIC_RING_SIZE_MAX) {
            return false;
        }
    }
    return true;
}

/*
 * A state that was saved before any plan began is a template: the plan of this
 * QEMU begins now. A plan that had begun goes on, and ours is not needed.
 */
static int faults_post_load(void *opaque, int version_id)
{
    FerronicFaults *faults = opaque;

    if (!delayed_are_sane(faults, version_id)) {
        return -EINVAL;
    }
    faults->flush_ns = FERRONIC_NEVER;
    if (!faults->plan && !plan_begin(faults, NULL)) {
        return -EINVAL;
    }
    ferronic_faults_update(faults);
    return 0;
}

const VMStateDescription ferronic_faults_vmstate = {
    .name = "ferronic/faults",
    .version_id = 2,
    .minimum_version_id = 2,
    .pre_save = faults_pre_save,
    .post_load = faults_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(plan, FerronicFaults),
        VMSTATE_UINT32(next_id, FerronicFaults),
        VMSTATE_STRUCT_ARRAY(slots, FerronicFaults, FERRONIC_FAULTS_MAX, 1,
                             slot_vmstate, FerronicFaultSlot),
        VMSTATE_STRUCT_ARRAY(counts, FerronicFaults, FERRONIC_FAULT_KIND__MAX,
                             1, count_vmstate, FerronicKindCount),
        VMSTATE_STRUCT(storms, FerronicFaults, 1, ferronic_storms_vmstate,
                       FerronicStorms),
        VMSTATE_STRUCT(flap, FerronicFaults, 2, ferronic_flap_vmstate,
                       FerronicFlap),
        VMSTATE_STRUCT_ARRAY(delayed, FerronicFaults, FERRONIC_DELAYED_MAX, 1,
                             ferronic_delayed_vmstate, FerronicDelayed),
        VMSTATE_UINT32(delayed_count, FerronicFaults),
        VMSTATE_UINT64(tainted, FerronicFaults),
        VMSTATE_BOOL(misleading, FerronicFaults),
        VMSTATE_UINT32(failed_queues, FerronicFaults),
        VMSTATE_BOOL(failed_copy, FerronicFaults),
        VMSTATE_END_OF_LIST()
    }
};
