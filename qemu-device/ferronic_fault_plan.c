/*
 * Ferronic NIC: what a fault can be: ranges, JSON, plans
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qapi/error.h"
#include "qapi/qapi-visit-ferronic.h"
#include "qapi/qobject-input-visitor.h"
#include "qapi/qobject-output-visitor.h"
#include "qobject/qjson.h"
#include "qobject/qobject.h"
#include "ferronic_faults.h"
#include "ferronic_qmp.h"

#define STORM_RATE_MAX_HZ   1000000
#define STORM_COUNT_MAX     10000000
#define FLAP_DOWN_MIN_NS    1000
#define FLAP_COUNT_MAX      100000
#define DURATION_MAX_NS     60000000000ULL
#define TIME_MAX_NS         (1ULL << 62)
#define PPM_MAX             1000000
#define PLAN_VERSION        1

#define AT_ONCE \
    (BIT(FERRONIC_FAULT_KIND_IRQ_STORM) | \
     BIT(FERRONIC_FAULT_KIND_IRQ_SPURIOUS) | \
     BIT(FERRONIC_FAULT_KIND_INTX_STUCK) | \
     BIT(FERRONIC_FAULT_KIND_LINK_FLAP) | \
     BIT(FERRONIC_FAULT_KIND_DEAD) | \
     BIT(FERRONIC_FAULT_KIND_AER_CORRECTABLE) | \
     BIT(FERRONIC_FAULT_KIND_AER_UNCORRECTABLE) | \
     BIT(FERRONIC_FAULT_KIND_SURPRISE_REMOVAL))

bool ferronic_fault_is_at_once(FerronicFaultKind kind)
{
    return BIT(kind) & AT_ONCE;
}

/* Ranges */

static bool check_vector(bool has, uint8_t vector, Error **errp)
{
    return !has || ferronic_check_range("vector", vector, 0,
                                        FERRONIC_VECTORS - 1, errp);
}

static bool check_duration(const char *name, uint64_t ns, Error **errp)
{
    return ferronic_check_range(name, ns, 1, DURATION_MAX_NS, errp);
}

static bool check_queue(bool has, FerronicEngine queue, FerronicEngine last,
                        Error **errp)
{
    if (!has || queue <= last) {
        return true;
    }
    error_setg(errp, "queue is %s; it must be a %squeue",
               FerronicEngine_str(queue),
               last == FERRONIC_ENGINE_RX3 ? "receive " : "");
    return false;
}

static bool check_what(const FerronicFault *spec, Error **errp)
{
    switch (spec->kind) {
    case FERRONIC_FAULT_KIND_IRQ_STORM:
        return check_vector(true, spec->u.irq_storm.vector, errp) &&
               ferronic_check_range("rate-hz", spec->u.irq_storm.rate_hz, 1,
                                    STORM_RATE_MAX_HZ, errp) &&
               ferronic_check_range("count", spec->u.irq_storm.count, 1,
                                    STORM_COUNT_MAX, errp);
    case FERRONIC_FAULT_KIND_IRQ_SPURIOUS:
        return check_vector(true, spec->u.irq_spurious.vector, errp);
    case FERRONIC_FAULT_KIND_IRQ_LOST:
        return check_vector(spec->u.irq_lost.has_vector,
                            spec->u.irq_lost.vector, errp);
    case FERRONIC_FAULT_KIND_IRQ_LATE:
        return check_vector(spec->u.irq_late.has_vector,
                            spec->u.irq_late.vector, errp) &&
               check_duration("delay-ns", spec->u.irq_late.delay_ns, errp);
    case FERRONIC_FAULT_KIND_IRQ_WRONG_VECTOR:
        return check_vector(spec->u.irq_wrong_vector.has_vector,
                            spec->u.irq_wrong_vector.vector, errp) &&
               ferronic_check_range("to", spec->u.irq_wrong_vector.to, 0,
                                    FERRONIC_VECTORS - 1, errp);
    case FERRONIC_FAULT_KIND_INTX_STUCK:
        return check_duration("duration-ns", spec->u.intx_stuck.duration_ns,
                              errp);
    case FERRONIC_FAULT_KIND_COMPLETION_LOST:
        return check_queue(spec->u.completion_lost.has_queue,
                           spec->u.completion_lost.queue,
                           FERRONIC_ENGINE_TX3, errp);
    case FERRONIC_FAULT_KIND_COMPLETION_REORDERED:
        return check_queue(spec->u.completion_reordered.has_queue,
                           spec->u.completion_reordered.queue,
                           FERRONIC_ENGINE_TX3, errp);
    case FERRONIC_FAULT_KIND_COMPLETION_LATE:
        return check_queue(spec->u.completion_late.has_queue,
                           spec->u.completion_late.queue,
                           FERRONIC_ENGINE_TX3, errp) &&
               check_duration("delay-ns", spec->u.completion_late.delay_ns,
                              errp);
    case FERRONIC_FAULT_KIND_COMPLETION_DUPLICATED:
        return check_queue(spec->u.completion_duplicated.has_queue,
                           spec->u.completion_duplicated.queue,
                           FERRONIC_ENGINE_TX3, errp) &&
               check_duration("delay-ns",
                              spec->u.completion_duplicated.delay_ns, errp);
    case FERRONIC_FAULT_KIND_DMA_SHORT_WRITE:
        return !spec->u.dma_short_write.has_missing ||
               ferronic_check_range("missing", spec->u.dma_short_write.missing,
                                    1, UINT32_MAX, errp);
    case FERRONIC_FAULT_KIND_RX_LENGTH_TOO_LONG:
        return check_queue(spec->u.rx_length_too_long.has_queue,
                           spec->u.rx_length_too_long.queue,
                           FERRONIC_ENGINE_RX3, errp) &&
               (!spec->u.rx_length_too_long.has_excess ||
                ferronic_check_range("excess",
                                     spec->u.rx_length_too_long.excess, 1,
                                     FERRONIC_RX_BUFFER_MAX - 1, errp));
    case FERRONIC_FAULT_KIND_RX_LENGTH_ZERO:
        return check_queue(spec->u.rx_length_zero.has_queue,
                           spec->u.rx_length_zero.queue, FERRONIC_ENGINE_RX3,
                           errp);
    case FERRONIC_FAULT_KIND_LINK_FLAP:
        return ferronic_check_range("down-ns", spec->u.link_flap.down_ns,
                                    FLAP_DOWN_MIN_NS, DURATION_MAX_NS, errp) &&
               ferronic_check_range("count", spec->u.link_flap.count, 1,
                                    FLAP_COUNT_MAX, errp);
    default:
        return true;
    }
}

static bool check_nth(uint32_t nth, Error **errp)
{
    return ferronic_check_range("nth", nth, 1, UINT32_MAX, errp);
}

static bool check_when(const FerronicTrigger *trigger, Error **errp)
{
    switch (trigger->when) {
    case FERRONIC_TRIGGER_KIND_AT:
        return ferronic_check_range("ns", trigger->u.at.ns, 0, TIME_MAX_NS,
                                    errp);
    case FERRONIC_TRIGGER_KIND_AFTER:
        return ferronic_check_range("ns", trigger->u.after.ns, 0, TIME_MAX_NS,
                                    errp);
    case FERRONIC_TRIGGER_KIND_OPPORTUNITY:
        return check_nth(trigger->u.opportunity.nth, errp);
    case FERRONIC_TRIGGER_KIND_DESCRIPTOR:
        return check_nth(trigger->u.descriptor.nth, errp) &&
               check_queue(trigger->u.descriptor.has_queue,
                           trigger->u.descriptor.queue, FERRONIC_ENGINE_TX3,
                           errp);
    case FERRONIC_TRIGGER_KIND_INTERRUPT:
        return check_nth(trigger->u.interrupt.nth, errp) &&
               check_vector(trigger->u.interrupt.has_vector,
                            trigger->u.interrupt.vector, errp);
    case FERRONIC_TRIGGER_KIND_REGISTER_WRITE:
        return check_nth(trigger->u.register_write.nth, errp);
    case FERRONIC_TRIGGER_KIND_REGISTER_READ:
        return check_nth(trigger->u.register_read.nth, errp);
    case FERRONIC_TRIGGER_KIND_RANDOM:
        return ferronic_check_range("ppm", trigger->u.random.ppm, 1, PPM_MAX,
                                    errp);
    default:
        return true;
    }
}

/* What happens at once cannot happen several times at once. */
static bool check_times(const FerronicFault *spec, Error **errp)
{
    FerronicEvent event;

    if (!spec->has_times || spec->times == 1) {
        return true;
    }
    if (!ferronic_check_range("times", spec->times, 1, UINT32_MAX, errp)) {
        return false;
    }
    if (ferronic_fault_is_at_once(spec->kind) &&
        !ferronic_trigger_counts(spec, &event)) {
        error_setg(errp, "times is %" PRIu32 "; a fault of kind %s happens "
                   "more than once only with a trigger that counts",
                   spec->times, FerronicFaultKind_str(spec->kind));
        return false;
    }
    return true;
}

static bool check_trigger_fits(const FerronicFault *spec, Error **errp)
{
    if (spec->trigger &&
        spec->trigger->when == FERRONIC_TRIGGER_KIND_OPPORTUNITY &&
        ferronic_fault_is_at_once(spec->kind)) {
        error_setg(errp, "a fault of kind %s happens to nothing: its trigger "
                   "cannot be opportunity", FerronicFaultKind_str(spec->kind));
        return false;
    }
    return true;
}

bool ferronic_fault_check(const FerronicFault *spec, Error **errp)
{
    return check_what(spec, errp) &&
           (!spec->trigger || check_when(spec->trigger, errp)) &&
           check_trigger_fits(spec, errp) && check_times(spec, errp);
}

/* JSON */

FerronicFault *ferronic_fault_from_json(const char *json, Error **errp)
{
    QObject *object = qobject_from_json(json, errp);
    FerronicFault *spec = NULL;
    Visitor *v;

    if (!object) {
        return NULL;
    }
    v = qobject_input_visitor_new(object);
    visit_type_FerronicFault(v, NULL, &spec, errp);
    visit_free(v);
    qobject_unref(object);
    return spec;
}

char *ferronic_fault_to_json(const FerronicFault *spec)
{
    FerronicFault *it = (FerronicFault *)spec;  /* visitors take no const */
    QObject *object = NULL;
    Visitor *v = qobject_output_visitor_new(&object);
    GString *json;

    visit_type_FerronicFault(v, NULL, &it, &error_abort);
    visit_complete(v, &object);
    visit_free(v);
    json = qobject_to_json(object);
    qobject_unref(object);
    return g_string_free(json, false);
}

static FerronicFaultPlan *plan_from_json(const char *json, Error **errp)
{
    QObject *object = qobject_from_json(json, errp);
    FerronicFaultPlan *plan = NULL;
    Visitor *v;

    if (!object) {
        return NULL;
    }
    v = qobject_input_visitor_new(object);
    visit_type_FerronicFaultPlan(v, NULL, &plan, errp);
    visit_free(v);
    qobject_unref(object);
    return plan;
}

static bool plan_check(const FerronicFaultPlan *plan, Error **errp)
{
    const FerronicFaultList *entry;
    unsigned number = 1;

    if (!ferronic_check_range("version", plan->version, PLAN_VERSION,
                              PLAN_VERSION, errp)) {
        return false;
    }
    for (entry = plan->faults; entry; entry = entry->next, number++) {
        if (number > FERRONIC_FAULTS_MAX) {
            error_setg(errp, "more than %d faults", FERRONIC_FAULTS_MAX);
            return false;
        }
        if (!ferronic_fault_check(entry->value, errp)) {
            error_prepend(errp, "fault %u: ", number);
            return false;
        }
    }
    return true;
}

/* FNV-1a; never 0. */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (; *text; text++) {
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
    }
    return hash ?: 1;
}

FerronicFaultPlan *ferronic_fault_plan_read(const char *file, uint64_t *hash,
                                            Error **errp)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *json = NULL;
    FerronicFaultPlan *plan;
    gsize size;

    if (!g_file_get_contents(file, &json, &size, &problem)) {
        error_setg(errp, "fault-plan: %s", problem->message);
        return NULL;
    }
    plan = plan_from_json(json, errp);
    if (plan && !plan_check(plan, errp)) {
        qapi_free_FerronicFaultPlan(plan);
        plan = NULL;
    }
    if (!plan) {
        error_prepend(errp, "fault-plan '%s': ", file);
        return NULL;
    }
    *hash = hash_text(json);
    return plan;
}
