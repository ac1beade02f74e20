/*
 * Ferronic NIC: faults: what was withheld, and comes later
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "ferronic_faults.h"
#include "trace.h"

bool ferronic_delay(FerronicFaults *faults, const FerronicDelayed *delayed)
{
    if (faults->delayed_count == FERRONIC_DELAYED_MAX) {
        return false;
    }
    faults->delayed[faults->delayed_count++] = *delayed;
    ferronic_faults_update(faults);
    return true;
}

/* Keeps the order of the others, so that what is due at once comes in turn. */
static void forget(FerronicFaults *faults, unsigned n)
{
    faults->delayed_count--;
    memmove(&faults->delayed[n], &faults->delayed[n + 1],
            (faults->delayed_count - n) * sizeof(faults->delayed[0]));
}

void ferronic_delay_release(FerronicFaults *faults, unsigned queue)
{
    bool changed = false;
    unsigned n;

    for (n = 0; n < faults->delayed_count; n++) {
        FerronicDelayed *delayed = &faults->delayed[n];

        if (!delayed->interrupt && delayed->which == queue &&
            delayed->due == FERRONIC_NEVER) {
            delayed->due = ferronic_now();
            changed = true;
        }
    }
    if (changed) {
        ferronic_faults_update(faults);
    }
}

void ferronic_delay_release_fault(FerronicFaults *faults, uint32_t id)
{
    unsigned n;

    for (n = 0; n < faults->delayed_count; n++) {
        if (faults->delayed[n].id == id) {
            faults->delayed[n].due = ferronic_now();
        }
    }
}

void ferronic_delay_drop_queue(FerronicFaults *faults, unsigned queue)
{
    unsigned n = 0;

    while (n < faults->delayed_count) {
        if (!faults->delayed[n].interrupt &&
            faults->delayed[n].which == queue) {
            forget(faults, n);
        } else {
            n++;
        }
    }
}

int64_t ferronic_delay_next(const FerronicFaults *faults)
{
    int64_t next = FERRONIC_NEVER;
    unsigned n;

    for (n = 0; n < faults->delayed_count; n++) {
        next = MIN(next, faults->delayed[n].due);
    }
    return next;
}

static void write_rx(FerronicCore *core, const FerronicDelayed *delayed)
{
    FerronicRx *rx = &core->rx[delayed->which];

    switch (ferronic_rx_store(rx, delayed->index, delayed->hash,
                              delayed->status)) {
    case FERRONIC_DMA_OK:
        ferronic_irq_raise(core, rx->queue.vector);
        break;
    case FERRONIC_DMA_FAILED:
        ferronic_queue_fail(&rx->queue,
                            ferronic_queue_desc(&rx->queue, delayed->index));
        break;
    case FERRONIC_DMA_GONE:
        break;
    }
}

static void write_tx(FerronicCore *core, const FerronicDelayed *delayed)
{
    FerronicTx *tx = &core->tx[delayed->which - FERRONIC_QUEUES];

    switch (ferronic_tx_store(tx, delayed->index, delayed->status)) {
    case FERRONIC_DMA_OK:
        ferronic_irq_raise(core, tx->queue.vector);
        break;
    case FERRONIC_DMA_FAILED:
        ferronic_queue_fail(&tx->queue, tx->writeback);
        break;
    case FERRONIC_DMA_GONE:
        break;
    }
}

static void perform(FerronicFaults *faults, const FerronicDelayed *delayed)
{
    FerronicCore *core = faults->core;

    trace_ferronic_fault_late(core->id, delayed->id, delayed->interrupt,
                              delayed->which, delayed->index);
    if (core->gone || core->asleep) {
        return;
    }
    if (delayed->interrupt) {
        ferronic_irq_message(core, delayed->which);
    } else if (!core->bus_master) {
        return;
    } else if (delayed->which < FERRONIC_QUEUES) {
        write_rx(core, delayed);
    } else {
        write_tx(core, delayed);
    }
    ferronic_irq_update(core);
}

/* The earliest that is due; of several, the one that waits longest. */
static int first_due(const FerronicFaults *faults, int64_t now)
{
    int64_t next = ferronic_delay_next(faults);
    unsigned n = 0;

    if (next > now) {
        return -1;
    }
    while (faults->delayed[n].due != next) {
        n++;
    }
    return n;
}

void ferronic_delay_run(FerronicFaults *faults, int64_t now)
{
    /* Not more than there are now: a message can lead to another fault. */
    unsigned budget = faults->delayed_count;

    while (budget--) {
        int n = first_due(faults, now);
        FerronicDelayed delayed;

        if (n < 0) {
            return;
        }
        delayed = faults->delayed[n];
        forget(faults, n);
        perform(faults, &delayed);
    }
}

const VMStateDescription ferronic_delayed_vmstate = {
    .name = "ferronic/delayed",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_INT64(due, FerronicDelayed),
        VMSTATE_UINT32(id, FerronicDelayed),
        VMSTATE_BOOL(interrupt, FerronicDelayed),
        VMSTATE_UINT8(which, FerronicDelayed),
        VMSTATE_UINT32(index, FerronicDelayed),
        VMSTATE_UINT32(hash, FerronicDelayed),
        VMSTATE_UINT32(status, FerronicDelayed),
        VMSTATE_END_OF_LIST()
    }
};
