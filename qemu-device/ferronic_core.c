/*
 * Ferronic NIC: life of the device: reset, power, link, memory accesses
 *
 * Everything the guest can see happens in an MMIO access, in the net layer or
 * in a timer of the virtual clock, never in a bottom half: a run under icount
 * stays a function of its start.
 *
 * A memory access of the device can end in another device, and through it in
 * our own configuration space. FerronicCore.generation tells whether it did.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_device.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "trace.h"

int64_t ferronic_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

bool ferronic_core_enter(FerronicCore *core)
{
    MemReentrancyGuard *guard = &DEVICE(core->owner)->mem_reentrancy_guard;
    bool was_engaged = guard->engaged_in_io;

    object_ref(OBJECT(core->owner));
    guard->engaged_in_io = true;
    return was_engaged;
}

void ferronic_core_leave(FerronicCore *core, bool was_engaged)
{
    DEVICE(core->owner)->mem_reentrancy_guard.engaged_in_io = was_engaged;
    object_unref(OBJECT(core->owner));
}

/* Memory */

FerronicDma ferronic_dma_read(FerronicCore *core, int queue, uint64_t addr,
                              void *buf, size_t size)
{
    uint32_t generation = core->generation;
    MemTxResult result = pci_dma_read(core->owner, addr, buf, size);

    if (core->generation != generation) {
        return FERRONIC_DMA_GONE;
    }
    if (ferronic_fault_hook(core, dma)) {
        bool good = core->faults->dma(core->faults_opaque, false, queue, addr,
                                      buf, &size);

        if (core->generation != generation) {
            return FERRONIC_DMA_GONE;
        }
        if (!good) {
            return FERRONIC_DMA_FAILED;
        }
    }
    return result == MEMTX_OK ? FERRONIC_DMA_OK : FERRONIC_DMA_FAILED;
}

static FerronicDma write_memory(FerronicCore *core, uint64_t addr,
                                const void *buf, size_t size)
{
    uint32_t generation = core->generation;
    MemTxResult result = pci_dma_write(core->owner, addr, buf, size);

    if (core->generation != generation) {
        return FERRONIC_DMA_GONE;
    }
    return result == MEMTX_OK ? FERRONIC_DMA_OK : FERRONIC_DMA_FAILED;
}

/* A write that a fault may change needs a copy of its own. */
static FerronicDma write_with_fault(FerronicCore *core, int queue,
                                    uint64_t addr, const void *buf,
                                    size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(buf, size);
    uint32_t generation = core->generation;
    size_t full = size;
    bool good = core->faults->dma(core->faults_opaque, true, queue, addr, copy,
                                  &size);

    if (core->generation != generation) {
        return FERRONIC_DMA_GONE;
    }
    return good ? write_memory(core, addr, copy, MIN(size, full))
                : FERRONIC_DMA_FAILED;
}

FerronicDma ferronic_dma_write(FerronicCore *core, int queue, uint64_t addr,
                               const void *buf, size_t size)
{
    if (ferronic_fault_hook(core, dma)) {
        return write_with_fault(core, queue, addr, buf, size);
    }
    return write_memory(core, addr, buf, size);
}

bool ferronic_core_active(const FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        if (core->rx[i].queue.active || core->tx[i].queue.active) {
            return true;
        }
    }
    return core->copy.active;
}

/* PCI configuration */

static void bus_master_changed(FerronicCore *core, bool on)
{
    if (!on && ferronic_core_active(core)) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_NO_BUS_MASTER);
        ferronic_contract_violation(core, FERRONIC_RULE_BUS_MASTER,
                                    FERRONIC_NO_QUEUE, 0,
                                    "bus mastering turned off with DMA active");
    }
    core->bus_master = on;
    if (on) {
        ferronic_rx_kick(core);
        ferronic_tx_kick_all(core);
    }
}

void ferronic_core_pci_changed(FerronicCore *core)
{
    bool bus_master = pci_get_word(core->owner->config + PCI_COMMAND) &
                      PCI_COMMAND_MASTER;
    bool was_engaged = ferronic_core_enter(core);

    if (bus_master != core->bus_master) {
        bus_master_changed(core, bus_master);
    }
    ferronic_irq_update(core);
    ferronic_core_leave(core, was_engaged);
}

/* Link */

bool ferronic_core_link_up(const FerronicCore *core)
{
    return core->backend_up && !core->forced_down;
}

static void link_set(FerronicCore *core, bool backend_up, bool forced_down)
{
    bool was_up = ferronic_core_link_up(core);
    bool was_engaged;

    core->backend_up = backend_up;
    core->forced_down = forced_down;
    if (ferronic_core_link_up(core) == was_up) {
        return;
    }
    trace_ferronic_link(core->id, !was_up);
    if (was_up) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_LINK_DOWN);
    }
    /* Nothing latches during a reset: the driver reads LINK_UP after it. */
    if (!core->ready || core->asleep || core->gone) {
        return;
    }
    was_engaged = ferronic_core_enter(core);
    ferronic_irq_management(core, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
    ferronic_core_leave(core, was_engaged);
}

void ferronic_core_backend_link(FerronicCore *core, bool up)
{
    link_set(core, up, core->forced_down);
}

void ferronic_core_force_link_down(FerronicCore *core, bool down)
{
    link_set(core, core->backend_up, down);
}

/* Reset and power */

static void become_ready(void *opaque)
{
    FerronicCore *core = opaque;

    if (ferronic_fault_hook(core, ready) &&
        !core->faults->ready(core->faults_opaque)) {
        return;
    }
    trace_ferronic_ready(core->id);
    core->ready = true;
}

/* Stops everything and forgets everything. */
static void clear(FerronicCore *core)
{
    unsigned i;

    core->ready = false;
    timer_del(core->ready_timer);
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        ferronic_queue_reset(&core->rx[i].queue);
        ferronic_queue_reset(&core->tx[i].queue);
    }
    ferronic_copy_reset(core);
    ferronic_registers_reset(core);
    ferronic_irq_reset(core);
    ferronic_rx_reset(core);
}

void ferronic_core_reset(FerronicCore *core)
{
    trace_ferronic_reset(core->id, core->reset_delay_ns);
    core->totals.resets++;
    ferronic_reached(core, FERRONIC_DEVICE_STATE_RESETTING);
    core->asleep = false;
    core->bus_master = pci_get_word(core->owner->config + PCI_COMMAND) &
                       PCI_COMMAND_MASTER;
    clear(core);
    if (core->reset_delay_ns == 0) {
        become_ready(core);
    } else {
        timer_mod(core->ready_timer, ferronic_now() + core->reset_delay_ns);
    }
}

void ferronic_core_power_down(FerronicCore *core)
{
    trace_ferronic_power(core->id, "D3hot");
    if (ferronic_core_active(core)) {
        ferronic_contract_violation(core, FERRONIC_RULE_POWER_ACTIVE,
                                    FERRONIC_NO_QUEUE, 0,
                                    "D3hot with DMA active");
    }
    ferronic_reached(core, FERRONIC_DEVICE_STATE_ASLEEP);
    core->asleep = true;
    clear(core);
}

void ferronic_core_power_up(FerronicCore *core)
{
    trace_ferronic_power(core->id, "D0");
    ferronic_core_reset(core);
}

void ferronic_core_remove(FerronicCore *core)
{
    bool was_engaged = ferronic_core_enter(core);

    trace_ferronic_removed(core->id);
    ferronic_reached(core, FERRONIC_DEVICE_STATE_GONE);
    core->gone = true;
    clear(core);
    ferronic_core_leave(core, was_engaged);
}

/* Life cycle */

void ferronic_core_realize(FerronicCore *core)
{
    unsigned i;

    core->ready_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, become_ready, core);
    core->rx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ferronic_rx_timer, core);
    core->copy.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ferronic_copy_timer,
                                    core);
    ferronic_irq_realize(core);
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        ferronic_queue_init(&core->rx[i].queue, core, i, false);
        ferronic_queue_init(&core->tx[i].queue, core, i, true);
        core->tx[i].timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, ferronic_tx_timer,
                                         &core->tx[i]);
    }
}

void ferronic_core_unrealize(FerronicCore *core)
{
    unsigned i;

    core->gone = true;
    clear(core);
    core->unrealized = true;
    timer_free(core->ready_timer);
    timer_free(core->rx_timer);
    timer_free(core->copy.timer);
    ferronic_irq_unrealize(core);
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        timer_free(core->rx[i].queue.drain_timer);
        timer_free(core->tx[i].queue.drain_timer);
        timer_free(core->tx[i].timer);
    }
}
