/*
 * Ferronic NIC: what makes a fault happen
 *
 * A trigger that fires makes a fault that happens at once happen, and arms any
 * other for the next thing of its sort.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "ferronic_faults.h"
#include "ferronic_random.h"

#define MILLION     1000000

static FerronicTriggerKind trigger_kind(const FerronicFault *spec)
{
    return spec->trigger ? spec->trigger->when : FERRONIC_TRIGGER_KIND_NOW;
}

void ferronic_trigger_start(FerronicFaultSlot *slot, uint64_t device_seed,
                            int64_t now)
{
    const FerronicFault *spec = slot->spec;

    slot->random = spec->has_seed ? spec->seed
                                  : ferronic_random_mix(device_seed) + slot->id;
    slot->due = FERRONIC_NEVER;
    switch (trigger_kind(spec)) {
    case FERRONIC_TRIGGER_KIND_NOW:
        slot->due = now;
        break;
    case FERRONIC_TRIGGER_KIND_AT:
        slot->due = spec->trigger->u.at.ns;
        break;
    case FERRONIC_TRIGGER_KIND_AFTER:
        slot->due = now + spec->trigger->u.after.ns;
        break;
    default:
        break;
    }
}

bool ferronic_trigger_counts(const FerronicFault *spec, FerronicEvent *event)
{
    switch (trigger_kind(spec)) {
    case FERRONIC_TRIGGER_KIND_DESCRIPTOR:
        *event = FERRONIC_EVENT_DESCRIPTOR;
        return true;
    case FERRONIC_TRIGGER_KIND_INTERRUPT:
        *event = FERRONIC_EVENT_INTERRUPT;
        return true;
    case FERRONIC_TRIGGER_KIND_REGISTER_WRITE:
        *event = FERRONIC_EVENT_REGISTER_WRITE;
        return true;
    case FERRONIC_TRIGGER_KIND_REGISTER_READ:
        *event = FERRONIC_EVENT_REGISTER_READ;
        return true;
    case FERRONIC_TRIGGER_KIND_RANDOM:
        *event = spec->trigger->u.random.per;
        if (spec->trigger->u.random.has_per) {
            return true;
        }
        *event = FERRONIC_EVENT_DESCRIPTOR;
        return ferronic_fault_is_at_once(spec->kind);
    default:
        return false;
    }
}

/* Whether a trigger that counts these events waits for this one. */
static bool listens(const FerronicTrigger *trigger, uint32_t which)
{
    switch (trigger->when) {
    case FERRONIC_TRIGGER_KIND_DESCRIPTOR:
        return !trigger->u.descriptor.has_queue ||
               trigger->u.descriptor.queue == which;
    case FERRONIC_TRIGGER_KIND_INTERRUPT:
        return !trigger->u.interrupt.has_vector ||
               trigger->u.interrupt.vector == which;
    case FERRONIC_TRIGGER_KIND_REGISTER_WRITE:
        return !trigger->u.register_write.has_q_register ||
               trigger->u.register_write.q_register == which;
    case FERRONIC_TRIGGER_KIND_REGISTER_READ:
        return !trigger->u.register_read.has_q_register ||
               trigger->u.register_read.q_register == which;
    default:
        return true;
    }
}

static uint32_t nth_of(const FerronicTrigger *trigger)
{
    switch (trigger->when) {
    case FERRONIC_TRIGGER_KIND_OPPORTUNITY:
        return trigger->u.opportunity.nth;
    case FERRONIC_TRIGGER_KIND_DESCRIPTOR:
        return trigger->u.descriptor.nth;
    case FERRONIC_TRIGGER_KIND_INTERRUPT:
        return trigger->u.interrupt.nth;
    case FERRONIC_TRIGGER_KIND_REGISTER_WRITE:
        return trigger->u.register_write.nth;
    case FERRONIC_TRIGGER_KIND_REGISTER_READ:
        return trigger->u.register_read.nth;
    default:
        g_assert_not_reached();
    }
}

static bool roll(FerronicFaultSlot *slot)
{
    return ferronic_random_below(&slot->random, MILLION) <
           slot->spec->trigger->u.random.ppm;
}

/* How often a trigger fires when it has counted that many more. */
static uint32_t fires(FerronicFaultSlot *slot, uint64_t *counter,
                      uint32_t count)
{
    const FerronicTrigger *trigger = slot->spec->trigger;
    uint64_t before = *counter;
    uint32_t fired = 0;

    *counter += count;
    if (trigger->when != FERRONIC_TRIGGER_KIND_RANDOM) {
        return *counter / nth_of(trigger) - before / nth_of(trigger);
    }
    while (count--) {
        fired += roll(slot);
    }
    return fired;
}

static void fire(FerronicFaults *faults, FerronicFaultSlot *slot,
                 uint32_t times)
{
    if (!ferronic_fault_is_at_once(slot->spec->kind)) {
        slot->armed += MIN(times, slot->remaining - slot->armed);
        return;
    }
    times = MIN(times, slot->remaining);
    slot->remaining -= times;
    slot->actions += times;
    /* In the midst of its work the device cannot go or lose its link. */
    if (faults->in_register_access) {
        ferronic_fault_act(faults, slot);
    }
}

void ferronic_trigger_event(FerronicFaults *faults, FerronicEvent event,
                            uint32_t which, uint32_t count)
{
    bool changed = false;
    unsigned i;

    if (!(faults->live_events & BIT(event))) {
        return;
    }
    for (i = 0; i < faults->live_end; i++) {
        FerronicFaultSlot *slot = &faults->slots[i];
        FerronicEvent counted;
        uint32_t times;

        if (!ferronic_fault_is_live(slot) ||
            !ferronic_trigger_counts(slot->spec, &counted) ||
            counted != event || !listens(slot->spec->trigger, which)) {
            continue;
        }
        times = fires(slot, &slot->events, count);
        if (times) {
            fire(faults, slot, times);
            changed = true;
        }
    }
    if (changed) {
        ferronic_faults_update(faults);
    }
}

void ferronic_trigger_time(FerronicFaults *faults, int64_t now)
{
    unsigned i;

    for (i = 0; i < FERRONIC_FAULTS_MAX; i++) {
        FerronicFaultSlot *slot = &faults->slots[i];

        if (ferronic_fault_is_live(slot) && slot->due <= now) {
            slot->due = FERRONIC_NEVER;
            fire(faults, slot, slot->remaining);
        }
    }
}

bool ferronic_trigger_opportunity(FerronicFaults *faults,
                                  FerronicFaultSlot *slot)
{
    FerronicTriggerKind when = trigger_kind(slot->spec);
    FerronicEvent event;

    if (when == FERRONIC_TRIGGER_KIND_OPPORTUNITY ||
        (when == FERRONIC_TRIGGER_KIND_RANDOM &&
         !ferronic_trigger_counts(slot->spec, &event))) {
        fire(faults, slot, fires(slot, &slot->opportunities, 1));
    } else {
        slot->opportunities++;
    }
    if (!slot->armed) {
        return false;
    }
    slot->armed--;
    slot->remaining--;
    if (!slot->remaining) {
        ferronic_faults_update(faults);
    }
    return true;
}
