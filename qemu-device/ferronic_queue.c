/*
 * Ferronic NIC: what receive and transmit queues have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "trace.h"

static FerronicRx *queue_rx(FerronicQueue *queue)
{
    return &queue->core->rx[queue->pair];
}

static FerronicTx *queue_tx(FerronicQueue *queue)
{
    return &queue->core->tx[queue->pair];
}

void ferronic_config_error(FerronicCore *core, FerronicRule rule, int queue,
                           uint64_t value, const char *detail)
{
    ferronic_contract_violation(core, rule, queue, value, detail);
    core->totals.config_errors++;
    ferronic_reached(core, FERRONIC_DEVICE_STATE_CONFIG_ERROR);
    ferronic_irq_management(core, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
}

static void queue_error(FerronicQueue *queue, FerronicRule rule,
                        uint64_t value, const char *detail)
{
    ferronic_config_error(queue->core, rule, queue->id, value, detail);
}

FerronicDma ferronic_queue_fetch(FerronicQueue *queue, void *descs,
                                 uint32_t count)
{
    uint32_t before_end = MIN(count, queue->size - queue->head);
    size_t bytes = before_end * FERRONIC_RX_DESC_SIZE;
    FerronicDma result;

    result = ferronic_dma_read(queue->core, queue->id,
                               ferronic_queue_desc(queue, queue->head), descs,
                               bytes);
    if (result != FERRONIC_DMA_OK || before_end == count) {
        return result;
    }
    return ferronic_dma_read(queue->core, queue->id, queue->base,
                             (uint8_t *)descs + bytes,
                             (count - before_end) * FERRONIC_RX_DESC_SIZE);
}

/* Life */

static void queue_start(FerronicQueue *queue)
{
    trace_ferronic_queue_start(queue->core->id, queue->name, queue->base,
                               queue->size);
    queue->head = 0;
    queue->tail = 0;
    queue->enabled = true;
    queue->active = true;
    queue->failed = false;
    queue->core->generation++;
    if (queue->tx) {
        ferronic_tx_started(queue_tx(queue));
    }
}

/* At once: nothing is read or written afterwards. */
void ferronic_queue_stop(FerronicQueue *queue)
{
    FerronicCore *core = queue->core;

    if (queue->active) {
        trace_ferronic_queue_stop(core->id, queue->name);
    }
    queue->enabled = false;
    queue->active = false;
    core->generation++;
    timer_del(queue->drain_timer);
    if (ferronic_fault_hook(core, queue_stopped)) {
        core->faults->queue_stopped(core->faults_opaque, queue);
    }
    if (queue->tx) {
        ferronic_tx_stopped(queue_tx(queue));
    } else {
        /* Frames for this queue must not keep others waiting. */
        ferronic_rx_kick(core);
    }
}

void ferronic_queue_fail(FerronicQueue *queue, uint64_t addr)
{
    FerronicCore *core = queue->core;

    trace_ferronic_dma_error(core->id, queue->name, addr);
    core->totals.dma_errors++;
    ferronic_reached(core, FERRONIC_DEVICE_STATE_FAILED);
    ferronic_contract_violation(core, FERRONIC_RULE_DMA_FAILED, queue->id,
                                addr, "access failed");
    ferronic_queue_stop(queue);
    queue->failed = true;
    ferronic_irq_management(core, FERRONIC_MGMT_CAUSE_DMA_ERROR);
}

static void queue_drain(FerronicQueue *queue)
{
    FerronicCore *core = queue->core;
    int64_t end = ferronic_now() + core->stop_delay_ns;

    trace_ferronic_queue_drain(core->id, queue->name);
    queue->enabled = false;
    if (queue->tx && queue_tx(queue)->fetched) {
        FerronicTx *tx = queue_tx(queue);

        /* What has begun is finished. */
        end = MAX(end, tx->engine_ns +
                       (int64_t)tx->fetched * core->dma_latency_ns);
    } else if (core->stop_delay_ns == 0) {
        ferronic_queue_stop(queue);
        return;
    }
    ferronic_reached(core, FERRONIC_DEVICE_STATE_DRAINING);
    timer_mod(queue->drain_timer, end);
}

static void queue_drained(void *opaque)
{
    FerronicQueue *queue = opaque;
    FerronicCore *core = queue->core;
    bool was_engaged = ferronic_core_enter(core);

    if (queue->tx) {
        ferronic_tx_catch_up(queue_tx(queue));
    }
    if (!core->unrealized) {
        ferronic_queue_stop(queue);
    }
    ferronic_core_leave(core, was_engaged);
}

void ferronic_queue_reset(FerronicQueue *queue)
{
    ferronic_queue_stop(queue);
    queue->base = 0;
    queue->size = 0;
    queue->head = 0;
    queue->tail = 0;
    queue->vector = 0;
    queue->failed = false;
}

void ferronic_queue_init(FerronicQueue *queue, FerronicCore *core,
                         unsigned pair, bool tx)
{
    queue->core = core;
    queue->pair = pair;
    queue->tx = tx;
    queue->id = tx ? FERRONIC_QUEUES + pair : pair;
    snprintf(queue->name, sizeof(queue->name), "%s%u", tx ? "TX" : "RX", pair);
    queue->drain_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, queue_drained,
                                      queue);
}

/* Registers */

static bool size_is_valid(uint32_t size)
{
    return is_power_of_2(size) && size >= FERRONIC_RING_SIZE_MIN &&
           size <= FERRONIC_RING_SIZE_MAX;
}

static bool address_is_valid(uint64_t addr, uint64_t bytes)
{
    return addr && addr % FERRONIC_RING_ALIGN == 0 &&
           addr <= UINT64_MAX - bytes;
}

/* Checks what must be right before a queue runs. */
static bool queue_is_valid(FerronicQueue *queue)
{
    uint64_t bytes = (uint64_t)queue->size * FERRONIC_RX_DESC_SIZE;

    if (!size_is_valid(queue->size)) {
        queue_error(queue, FERRONIC_RULE_RING_SIZE, queue->size,
                    "enabled with a bad ring size");
        return false;
    }
    if (!address_is_valid(queue->base, bytes)) {
        queue_error(queue, FERRONIC_RULE_RING_ADDRESS, queue->base,
                    "enabled with a bad ring base");
        return false;
    }
    if (queue->tx && !address_is_valid(queue_tx(queue)->writeback,
                                       FERRONIC_TX_WRITEBACK_SIZE)) {
        queue_error(queue, FERRONIC_RULE_RING_ADDRESS,
                    queue_tx(queue)->writeback,
                    "enabled with a bad write-back address");
        return false;
    }
    if (!queue->tx && (queue_rx(queue)->buffer < FERRONIC_RX_BUFFER_MIN ||
                       queue_rx(queue)->buffer > FERRONIC_RX_BUFFER_MAX)) {
        queue_error(queue, FERRONIC_RULE_RX_BUFFER, queue_rx(queue)->buffer,
                    "enabled with a bad buffer size");
        return false;
    }
    return true;
}

void ferronic_queue_set_enable(FerronicQueue *queue, bool enable)
{
    if (enable == queue->enabled) {
        return;
    }
    if (!enable) {
        queue_drain(queue);
        return;
    }
    if (queue->active) {
        queue_error(queue, FERRONIC_RULE_QUEUE_RESTART, 0,
                    "enabled before it has stopped");
        return;
    }
    if (!queue_is_valid(queue)) {
        return;
    }
    if (!queue->core->bus_master) {
        ferronic_reached(queue->core, FERRONIC_DEVICE_STATE_NO_BUS_MASTER);
        ferronic_contract_violation(queue->core, FERRONIC_RULE_BUS_MASTER,
                                    queue->id, 0,
                                    "enabled with bus mastering off");
    }
    queue_start(queue);
}

bool ferronic_queue_may_configure(FerronicQueue *queue)
{
    if (queue->active) {
        queue_error(queue, FERRONIC_RULE_RING_CHANGED, 0,
                    "register written while the queue is active");
        return false;
    }
    return true;
}

void ferronic_queue_set_vector(FerronicQueue *queue, uint32_t vector)
{
    if (vector >= FERRONIC_VECTORS) {
        queue_error(queue, FERRONIC_RULE_QUEUE_VECTOR, vector,
                    "no such vector");
        return;
    }
    queue->vector = vector;
}

void ferronic_queue_doorbell(FerronicQueue *queue, uint32_t tail)
{
    bool was_idle = queue->head == queue->tail;
    uint32_t given;

    if (!queue->enabled) {
        /* The driver need not know yet that a queue has failed. */
        if (!queue->failed) {
            ferronic_contract_violation(queue->core,
                                        FERRONIC_RULE_DOORBELL_DISABLED,
                                        queue->id, tail, "queue is disabled");
        }
        return;
    }
    if (tail >= queue->size) {
        queue_error(queue, FERRONIC_RULE_DOORBELL_RANGE, tail,
                    "doorbell past the ring");
        return;
    }
    given = (tail - queue->tail) & (queue->size - 1);
    if (ferronic_queue_owned(queue) + given >= queue->size) {
        queue_error(queue, FERRONIC_RULE_DESC_REUSED, tail,
                    "doorbell gives descriptors the device owns");
        return;
    }
    trace_ferronic_doorbell(queue->core->id, queue->name, queue->head, tail);
    if (!given) {
        return;
    }
    queue->tail = tail;
    if (queue->tx) {
        ferronic_tx_doorbell(queue_tx(queue), was_idle);
    } else {
        ferronic_rx_kick(queue->core);
    }
}

/* For a state that was loaded. */
bool ferronic_queue_is_sane(const FerronicQueue *queue)
{
    return queue->vector < FERRONIC_VECTORS &&
           (!queue->enabled || queue->active) &&
           (!queue->active || (size_is_valid(queue->size) &&
                               queue->head < queue->size &&
                               queue->tail < queue->size));
}
