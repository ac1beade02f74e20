/*
 * Ferronic NIC: the copy engine, which moves bytes between memory and the
 * device's own
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "ferronic_core.h"
#include "trace.h"

static void copy_error(FerronicCore *core, uint64_t value, const char *detail)
{
    ferronic_config_error(core, FERRONIC_RULE_DMA_ENGINE, FERRONIC_NO_QUEUE,
                          value, detail);
}

static int64_t copy_duration(const FerronicCore *core)
{
    return (int64_t)core->dma_latency_ns *
           DIV_ROUND_UP(core->copy.length, FERRONIC_DMA_BLOCK);
}

static void copy_start(FerronicCore *core)
{
    FerronicCopy *copy = &core->copy;

    if (copy->length == 0 ||
        copy->length + copy->offset > FERRONIC_DMA_MEMORY_SIZE) {
        copy_error(core, copy->length, "copy outside the device's memory");
        return;
    }
    if (!core->bus_master) {
        ferronic_contract_violation(core, FERRONIC_RULE_BUS_MASTER,
                                    FERRONIC_NO_QUEUE, 0,
                                    "copy with bus mastering off");
    }
    trace_ferronic_copy_start(core->id, copy->addr, copy->length,
                              copy->to_memory);
    ferronic_reached(core, FERRONIC_DEVICE_STATE_COPYING);
    copy->active = true;
    copy->error = false;
    copy->stopping = false;
    timer_mod(copy->timer, ferronic_now() + copy_duration(core));
}

static void copy_stop(FerronicCore *core)
{
    FerronicCopy *copy = &core->copy;
    int64_t end = ferronic_now() + core->stop_delay_ns;

    ferronic_reached(core, FERRONIC_DEVICE_STATE_COPY_STOPPED);
    copy->stopping = true;
    timer_mod(copy->timer, MIN(end, timer_expire_time_ns(copy->timer)));
}

static void write_ctrl(FerronicCore *core, uint32_t value)
{
    FerronicCopy *copy = &core->copy;

    if (copy->active) {
        if (value & FERRONIC_DMA_CTRL_START) {
            copy_error(core, value, "started while active");
        } else if (value & FERRONIC_DMA_CTRL_STOP && !copy->stopping) {
            copy_stop(core);
        }
        return;
    }
    copy->to_memory = value & FERRONIC_DMA_CTRL_TO_MEMORY;
    if (value & FERRONIC_DMA_CTRL_START) {
        copy_start(core);
    }
}

void ferronic_copy_write(FerronicCore *core, unsigned reg, uint32_t value)
{
    FerronicCopy *copy = &core->copy;

    if (reg == FERRONIC_DMA_CTRL) {
        write_ctrl(core, value);
        return;
    }
    if (copy->active) {
        copy_error(core, reg, "register written while a copy is active");
        return;
    }
    switch (reg) {
    case FERRONIC_DMA_ADDR_LO:
        copy->addr = deposit64(copy->addr, 0, 32, value);
        break;
    case FERRONIC_DMA_ADDR_HI:
        copy->addr = deposit64(copy->addr, 32, 32, value);
        break;
    case FERRONIC_DMA_LENGTH:
        copy->length = value & FERRONIC_DMA_LENGTH_BITS;
        break;
    case FERRONIC_DMA_OFFSET:
        copy->offset = value & FERRONIC_DMA_OFFSET_BITS;
        break;
    }
}

static FerronicDma copy_bytes(FerronicCore *core)
{
    FerronicCopy *copy = &core->copy;
    uint8_t *memory = copy->memory + copy->offset;

    if (copy->to_memory) {
        return ferronic_dma_write(core, FERRONIC_NO_QUEUE, copy->addr, memory,
                                  copy->length);
    }
    return ferronic_dma_read(core, FERRONIC_NO_QUEUE, copy->addr, memory,
                             copy->length);
}

static void copy_end(FerronicCore *core)
{
    FerronicCopy *copy = &core->copy;
    FerronicDma result = FERRONIC_DMA_OK;
    uint32_t cause = FERRONIC_MGMT_CAUSE_DMA_DONE;

    if (!copy->stopping) {
        result = copy_bytes(core);
    }
    /* A reset has ended it in the middle. */
    if (!copy->active) {
        return;
    }
    if (result == FERRONIC_DMA_FAILED) {
        core->totals.dma_errors++;
        ferronic_contract_violation(core, FERRONIC_RULE_DMA_FAILED,
                                    FERRONIC_NO_QUEUE, copy->addr,
                                    "copy failed");
        cause |= FERRONIC_MGMT_CAUSE_DMA_ERROR;
    }
    copy->error = copy->stopping || result != FERRONIC_DMA_OK;
    copy->active = false;
    trace_ferronic_copy_end(core->id, copy->error);
    ferronic_irq_management(core, cause);
}

void ferronic_copy_timer(void *opaque)
{
    FerronicCore *core = opaque;
    bool was_engaged = ferronic_core_enter(core);

    copy_end(core);
    ferronic_core_leave(core, was_engaged);
}

void ferronic_copy_reset(FerronicCore *core)
{
    FerronicCopy *copy = &core->copy;

    timer_del(copy->timer);
    copy->addr = 0;
    copy->length = 0;
    copy->offset = 0;
    copy->to_memory = false;
    copy->active = false;
    copy->stopping = false;
    copy->error = false;
    memset(copy->memory, 0, sizeof(copy->memory));
}
