/*
 * Ferronic NIC: interrupts
 *
 * A vector fires when it is pending and enabled, and not sooner after its last
 * message than its moderation says. Without MSI-X there is the INTx line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "trace.h"

uint32_t ferronic_irq_pending(const FerronicCore *core)
{
    uint32_t mgmt = core->mgmt_cause ? BIT(FERRONIC_VECTOR_MGMT) : 0;

    return core->int_pending | mgmt;
}

FerronicMessage ferronic_irq_message(FerronicCore *core, unsigned vector)
{
    if (!msix_enabled(core->owner) || !core->bus_master || core->asleep ||
        core->gone) {
        trace_ferronic_irq_wait(core->id, vector);
        return FERRONIC_MESSAGE_BLOCKED;
    }
    if (msix_is_masked(core->owner, vector)) {
        trace_ferronic_irq_held(core->id, vector);
        core->totals.held[vector]++;
        ferronic_reached(core, FERRONIC_DEVICE_STATE_IRQ_HELD);
        msix_notify(core->owner, vector);
        return FERRONIC_MESSAGE_HELD;
    }
    trace_ferronic_irq_fire(core->id, vector, ferronic_now());
    core->totals.delivered[vector]++;
    msix_notify(core->owner, vector);
    return FERRONIC_MESSAGE_SENT;
}

/* Sends a vector's message, unless a fault does something else with it. */
static FerronicMessage send_message(FerronicCore *core, unsigned vector)
{
    if (ferronic_fault_hook(core, interrupt) && msix_enabled(core->owner) &&
        !core->faults->interrupt(core->faults_opaque, &vector)) {
        return FERRONIC_MESSAGE_SENT;
    }
    return ferronic_irq_message(core, vector);
}

/* Whether moderation lets the vector fire now; if not, it will later. */
static bool vector_may_fire(FerronicVector *vector, int64_t now)
{
    if (now >= vector->quiet_until_ns) {
        return true;
    }
    if (!timer_pending(vector->timer)) {
        ferronic_reached(vector->core, FERRONIC_DEVICE_STATE_IRQ_MODERATED);
        timer_mod(vector->timer, vector->quiet_until_ns);
    }
    return false;
}

static void vector_fire(FerronicCore *core, unsigned number)
{
    FerronicVector *vector = &core->vectors[number];
    int64_t now = vector->interval_ns || vector->quiet_until_ns ?
                  ferronic_now() : 0;

    if (!vector_may_fire(vector, now)) {
        return;
    }
    /* Before the message: that may end in our own registers. */
    core->int_enable &= ~BIT(number);
    core->int_pending &= ~BIT(number);
    vector->quiet_until_ns = vector->interval_ns ? now + vector->interval_ns
                                                 : 0;
    if (send_message(core, number) == FERRONIC_MESSAGE_BLOCKED) {
        core->int_enable |= BIT(number);
        if (number != FERRONIC_VECTOR_MGMT) {
            core->int_pending |= BIT(number);
        }
        vector->quiet_until_ns = 0;
    }
}

static void update_line(FerronicCore *core, uint32_t firing)
{
    bool level = !msix_enabled(core->owner) && firing && !core->asleep;

    if (level) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_INTX);
    }
    pci_set_irq(core->owner, (level || core->intx_stuck) && !core->gone);
}

void ferronic_irq_update(FerronicCore *core)
{
    uint32_t firing = ferronic_irq_pending(core) & core->int_enable;

    trace_ferronic_irq_pending(core->id, ferronic_irq_pending(core),
                               core->int_enable);
    update_line(core, firing);
    if (!msix_enabled(core->owner)) {
        return;
    }
    while (firing) {
        unsigned vector = ctz32(firing);

        firing &= firing - 1;
        vector_fire(core, vector);
    }
}

static void vector_timer(void *opaque)
{
    FerronicCore *core = ((FerronicVector *)opaque)->core;
    bool was_engaged = ferronic_core_enter(core);

    ferronic_irq_update(core);
    ferronic_core_leave(core, was_engaged);
}

void ferronic_irq_management(FerronicCore *core, uint32_t cause)
{
    core->mgmt_cause |= cause;
    ferronic_irq_update(core);
}

/* Vectors of the queues that are enabled. */
static uint32_t vectors_in_use(const FerronicCore *core)
{
    uint32_t vectors = BIT(FERRONIC_VECTOR_MGMT);
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        const FerronicQueue *rx = &core->rx[i].queue;
        const FerronicQueue *tx = &core->tx[i].queue;

        /* A queue that failed was enabled as far as the driver knows. */
        if (rx->enabled || rx->failed) {
            vectors |= BIT(rx->vector);
        }
        if (tx->enabled || tx->failed) {
            vectors |= BIT(tx->vector);
        }
    }
    return vectors;
}

void ferronic_irq_enable(FerronicCore *core, uint32_t vectors)
{
    if (vectors & ~vectors_in_use(core)) {
        ferronic_contract_violation(core, FERRONIC_RULE_INT_BEFORE_RINGS,
                                    FERRONIC_NO_QUEUE, vectors,
                                    "vector of no enabled queue");
    }
    core->int_enable |= vectors;
    ferronic_irq_update(core);
}

void ferronic_irq_reset(FerronicCore *core)
{
    unsigned i;

    core->int_enable = FERRONIC_INT_ENABLE_RESET_VALUE;
    core->int_pending = FERRONIC_INT_PENDING_RESET_VALUE;
    core->mgmt_cause = FERRONIC_MGMT_CAUSE_RESET_VALUE;
    for (i = 0; i < FERRONIC_VECTORS; i++) {
        core->vectors[i].interval_ns = FERRONIC_INT_MODERATION_RESET_VALUE;
        core->vectors[i].quiet_until_ns = 0;
        timer_del(core->vectors[i].timer);
    }
    ferronic_irq_update(core);
}

void ferronic_irq_realize(FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_VECTORS; i++) {
        FerronicVector *vector = &core->vectors[i];

        vector->core = core;
        vector->number = i;
        vector->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, vector_timer, vector);
    }
}

void ferronic_irq_unrealize(FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_VECTORS; i++) {
        timer_free(core->vectors[i].timer);
    }
}
