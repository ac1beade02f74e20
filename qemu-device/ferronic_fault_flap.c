/*
 * Ferronic NIC: faults: link flaps
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "ferronic_faults.h"
#include "trace.h"

static void flap_down(FerronicFaults *faults)
{
    FerronicFlap *flap = &faults->flap;

    trace_ferronic_flap_down(faults->core->id, flap->remaining);
    flap->was_up = ferronic_core_link_up(faults->core);
    flap->down = true;
    ferronic_core_force_link_down(faults->core, true);
}

static void flap_up(FerronicFaults *faults)
{
    FerronicFlap *flap = &faults->flap;
    FerronicFaultSlot *slot = ferronic_fault_find(faults, flap->id);

    trace_ferronic_flap_up(faults->core->id);
    flap->down = false;
    flap->remaining--;
    if (flap->was_up) {
        flap->delivered++;
    } else {
        flap->ineffective++;
    }
    if (slot && flap->was_up) {
        ferronic_fault_delivered(faults, slot, 1, ",\"downNs\":%" PRIu64,
                                 flap->down_ns);
    } else if (slot) {
        ferronic_fault_ineffective(faults, slot, 1, "the link was down");
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
        timer_mod(flap->timer, ferronic_now() + flap->down_ns);
    }
}

bool ferronic_flap_start(FerronicFaults *faults, uint32_t id,
                         const FerronicFaultLinkFlap *spec)
{
    FerronicFlap *flap = &faults->flap;

    if (flap->remaining) {
        return false;
    }
    trace_ferronic_flap_start(faults->core->id, spec->down_ns, spec->count);
    flap->requested += spec->count;
    flap->id = id;
    flap->down_ns = spec->down_ns;
    flap->remaining = spec->count;
    timer_mod(flap->timer, ferronic_now());
    return true;
}

void ferronic_flap_end(FerronicFaults *faults, uint32_t id)
{
    FerronicFlap *flap = &faults->flap;

    if (!flap->remaining || flap->id != id) {
        return;
    }
    timer_del(flap->timer);
    if (flap->down) {
        flap_up(faults);
    }
    flap->remaining = 0;
}

void ferronic_flap_realize(FerronicFaults *faults)
{
    faults->flap.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, flap_tick, faults);
}

void ferronic_flap_unrealize(FerronicFaults *faults)
{
    timer_free(faults->flap.timer);
}

const VMStateDescription ferronic_flap_vmstate = {
    .name = "ferronic/flap",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, FerronicFlap),
        VMSTATE_UINT32(id, FerronicFlap),
        VMSTATE_UINT64(down_ns, FerronicFlap),
        VMSTATE_UINT32(remaining, FerronicFlap),
        VMSTATE_BOOL(down, FerronicFlap),
        VMSTATE_BOOL(was_up, FerronicFlap),
        VMSTATE_UINT64(requested, FerronicFlap),
        VMSTATE_UINT64(delivered, FerronicFlap),
        VMSTATE_UINT64(ineffective, FerronicFlap),
        VMSTATE_END_OF_LIST()
    }
};
