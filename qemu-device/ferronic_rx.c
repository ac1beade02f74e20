/*
 * Ferronic NIC: receive
 *
 * Frames come into a FIFO, whoever sends them; one engine takes them from there
 * to the rings, in order, each in the time that its descriptors take.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "net/eth.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "ferronic_offload.h"
#include "ferronic_rss.h"
#include "trace.h"

#define RX_BATCH            64      /* frames between two looks at the clock */
#define RX_FRAME_DESCS      DIV_ROUND_UP(FERRONIC_FRAME_MAX, \
                                         FERRONIC_RX_BUFFER_MIN)
#define RX_AHEAD            RX_BATCH    /* descriptors read in one access */

/* FIFO: frames lie in one piece, the oldest at frames[first]. */

static FerronicFifoFrame *fifo_at(FerronicFifo *fifo, uint32_t n)
{
    return &fifo->frames[(fifo->first + n) % FERRONIC_FIFO_FRAMES];
}

/* Where a frame would go. Returns false when there is no room. */
static bool fifo_place(FerronicFifo *fifo, size_t size, uint32_t *offset)
{
    uint32_t begin = fifo_at(fifo, 0)->offset;

    if (fifo->count == FERRONIC_FIFO_FRAMES) {
        return false;
    }
    if (fifo->count == 0) {
        *offset = 0;
        return true;
    }
    if (fifo->end > begin) {
        if (FERRONIC_RX_FIFO_SIZE - fifo->end >= size) {
            *offset = fifo->end;
            return true;
        }
        *offset = 0;
        return begin >= size;
    }
    *offset = fifo->end;
    return begin - fifo->end >= size;
}

static uint8_t *fifo_push(FerronicFifo *fifo, const uint8_t *frame, size_t size,
                          uint32_t offset)
{
    FerronicFifoFrame *entry = fifo_at(fifo, fifo->count++);

    entry->offset = offset;
    entry->size = size;
    fifo->end = offset + size;
    return memcpy(fifo->data + offset, frame, size);
}

static void fifo_pop(FerronicFifo *fifo)
{
    fifo->first = (fifo->first + 1) % FERRONIC_FIFO_FRAMES;
    fifo->count--;
}

/* Arrival */

bool ferronic_rx_has_room(FerronicCore *core)
{
    uint32_t offset;

    return fifo_place(&core->fifo, FERRONIC_FRAME_MAX, &offset);
}

static bool accepts(const FerronicCore *core, const uint8_t *frame)
{
    uint8_t mac[ETH_ALEN];

    if (core->rx_filter & FERRONIC_RX_FILTER_PROMISC) {
        return true;
    }
    if (is_multicast_ether_addr(frame)) {
        return is_broadcast_ether_addr(frame) ||
               (core->rx_filter & FERRONIC_RX_FILTER_ALL_MULTI);
    }
    stl_le_p(mac, core->mac_lo);
    stw_le_p(mac + 4, core->mac_hi);
    return memcmp(frame, mac, sizeof(mac)) == 0;
}

static void miss(FerronicCore *core, size_t size, const char *why)
{
    trace_ferronic_rx_drop(core->id, size, why);
    core->rx_missed++;
    core->totals.rx_missed++;
}

static bool any_queue_listens(const FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        if (core->rx[i].queue.active || core->rx[i].queue.failed) {
            return true;
        }
    }
    return false;
}

/* Whether a frame is for this device at all; counts what is lost. */
static bool wants(FerronicCore *core, const uint8_t *frame, size_t size)
{
    const char *why = NULL;

    if (!core->ready || core->asleep || core->gone ||
        !ferronic_core_link_up(core)) {
        why = "not ready or link down";
    } else if (size < FERRONIC_FRAME_MIN) {
        why = "runt";
    } else if (!accepts(core, frame)) {
        why = "for another station";
    } else if (!any_queue_listens(core)) {
        why = "all queues off";
    }
    if (why) {
        trace_ferronic_rx_drop(core->id, size, why);
        return false;
    }
    if (size > MIN(core->max_frame, FERRONIC_FRAME_MAX)) {
        miss(core, size, "too long");
        return false;
    }
    return true;
}

bool ferronic_rx_offer(FerronicCore *core, const uint8_t *frame, size_t size)
{
    FerronicFifo *fifo = &core->fifo;
    uint32_t offset;
    uint8_t *data;

    if (!wants(core, frame, size)) {
        return true;
    }
    if (!fifo_place(fifo, size, &offset)) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_OVERFLOWS);
        if (core->flow_control) {
            trace_ferronic_rx_wait(core->id, "FIFO full");
            core->rx_refused = true;
            return false;
        }
        miss(core, size, "FIFO full");
        return true;
    }
    if (fifo->count == 0) {
        core->rx_engine_ns = ferronic_now() + core->rx_latency_ns;
    }
    data = fifo_push(fifo, frame, size, offset);
    if (ferronic_fault_hook(core, rx_frame)) {
        core->faults->rx_frame(core->faults_opaque, data, size);
    }
    if (fifo->count == 1) {
        ferronic_rx_kick(core);
    }
    return true;
}

/* The FIFO has room again. */
static void tell_senders(FerronicCore *core)
{
    if (core->rx_refused && ferronic_rx_has_room(core)) {
        core->rx_refused = false;
        qemu_flush_queued_packets(qemu_get_queue(core->nic));
        if (core->loopback) {
            ferronic_tx_kick_all(core);
        }
    }
    if (core->rx_room) {
        core->rx_room(core->traffic_opaque);
    }
}

/* Delivery */

typedef enum Delivery {
    DELIVERED,      /* or dropped: the frame has left the FIFO */
    WAITS,          /* for descriptors, or for bus mastering */
    ABORTED,        /* the device is not what it was */
} Delivery;

/*
 * Descriptors of a queue that were read in one access, those from the head on
 * at descs[used]. They live no longer than one run of the engine.
 */
typedef struct RxAhead {
    FerronicRxDesc descs[RX_AHEAD];
    uint32_t used;
    uint32_t count;
} RxAhead;

QEMU_BUILD_BUG_ON(RX_AHEAD < RX_FRAME_DESCS);

/* A frame on its way into a ring. */
typedef struct RxFrame {
    FerronicRx *rx;
    RxAhead *ahead;
    const uint8_t *data;
    size_t size;
    uint32_t descs;         /* how many it needs */
    uint32_t hash;
    uint32_t status;        /* of the last descriptor, without LENGTH */
} RxFrame;

FerronicDma ferronic_rx_store(FerronicRx *rx, uint32_t index, uint32_t hash,
                              uint32_t status)
{
    uint64_t addr = ferronic_queue_desc(&rx->queue, index) +
                    FERRONIC_RX_DESC_HASH_OFFSET;
    uint64_t words = cpu_to_le64(deposit64(hash, 32, 32, status));

    /* One aligned access: who sees DONE sees the rest. */
    QEMU_BUILD_BUG_ON(FERRONIC_RX_DESC_STATUS_OFFSET !=
                      FERRONIC_RX_DESC_HASH_OFFSET + 4);
    return ferronic_dma_write(rx->queue.core, rx->queue.id, addr, &words,
                              sizeof(words));
}

static FerronicDma complete(FerronicRx *rx, uint32_t index, uint32_t hash,
                            uint32_t status)
{
    FerronicCore *core = rx->queue.core;

    if (ferronic_fault_hook(core, rx_completion) &&
        !core->faults->rx_completion(core->faults_opaque, rx, index, &hash,
                                     &status)) {
        return FERRONIC_DMA_OK;
    }
    return ferronic_rx_store(rx, index, hash, status);
}

static void check_given(FerronicRx *rx, const FerronicRxDesc *desc,
                        uint32_t index)
{
    if (desc->hash || desc->status) {
        ferronic_contract_violation(rx->queue.core, FERRONIC_RULE_DESC_RESERVED,
                                    rx->queue.id, index,
                                    "HASH or STATUS of a given descriptor");
    }
}

/* Writes one descriptor's piece of a frame, and the descriptor. */
static FerronicDma fill_one(const RxFrame *frame, const FerronicRxDesc *desc,
                            uint32_t n, uint32_t index, uint64_t *failed)
{
    FerronicRx *rx = frame->rx;
    size_t offset = (size_t)n * rx->buffer;
    size_t size = MIN(rx->buffer, frame->size - offset);
    uint32_t status = size | FERRONIC_RX_DESC_STATUS_DONE;
    FerronicDma result;

    *failed = le64_to_cpu(desc->addr);
    result = ferronic_dma_write(rx->queue.core, rx->queue.id, *failed,
                                frame->data + offset, size);
    if (result == FERRONIC_DMA_FAILED) {
        /* The driver learns which buffer it was; the queue stops after it. */
        ferronic_rx_store(rx, index, 0, FERRONIC_RX_DESC_STATUS_DONE |
                                        FERRONIC_RX_DESC_STATUS_EOP |
                                        FERRONIC_RX_DESC_STATUS_ERROR);
        return result;
    }
    if (result != FERRONIC_DMA_OK) {
        return result;
    }
    if (n + 1 == frame->descs) {
        status |= frame->status | FERRONIC_RX_DESC_STATUS_EOP;
    }
    *failed = ferronic_queue_desc(&rx->queue, index);
    return complete(rx, index, n + 1 == frame->descs ? frame->hash : 0, status);
}

/*
 * Sees that the frame's descriptors are at hand. A fault may be meant for the
 * read of one frame's descriptors: then nothing is read for the next.
 */
static FerronicDma fetch(const RxFrame *frame)
{
    FerronicQueue *queue = &frame->rx->queue;
    RxAhead *ahead = frame->ahead;
    bool faulty = ferronic_fault_hook(queue->core, dma);

    if (!faulty && ahead->count - ahead->used >= frame->descs) {
        return FERRONIC_DMA_OK;
    }
    ahead->used = 0;
    ahead->count = faulty ? frame->descs
                          : MIN(ferronic_queue_owned(queue), RX_AHEAD);
    return ferronic_queue_fetch(queue, ahead->descs, ahead->count);
}

static FerronicDma fill(const RxFrame *frame, uint64_t *failed)
{
    FerronicQueue *queue = &frame->rx->queue;
    RxAhead *ahead = frame->ahead;
    FerronicDma result;
    uint32_t n;

    *failed = ferronic_queue_desc(queue, queue->head);
    if (ferronic_fault_hook(queue->core, descriptors)) {
        uint32_t generation = queue->core->generation;

        queue->core->faults->descriptors(queue->core->faults_opaque, queue,
                                         frame->descs);
        if (queue->core->generation != generation) {
            return FERRONIC_DMA_GONE;
        }
    }
    result = fetch(frame);
    for (n = 0; result == FERRONIC_DMA_OK && n < frame->descs; n++) {
        const FerronicRxDesc *desc = &ahead->descs[ahead->used + n];
        uint32_t index = ferronic_queue_next(queue, queue->head, n);

        check_given(frame->rx, desc, index);
        result = fill_one(frame, desc, n, index, failed);
    }
    ahead->used += frame->descs;
    return result;
}

static void note_delivered(FerronicCore *core, const RxFrame *frame)
{
    const FerronicQueue *queue = &frame->rx->queue;

    if (queue->head + frame->descs >= queue->size) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_WRAPS);
    }
    if (frame->descs > 1) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_SCATTERED);
    }
    if (frame->status & FERRONIC_RX_DESC_STATUS_HASH_TYPE) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_HASHED);
    }
}

static Delivery deliver(FerronicCore *core, const RxFrame *frame)
{
    FerronicQueue *queue = &frame->rx->queue;
    uint32_t generation = core->generation;
    uint64_t failed;
    FerronicDma result;

    result = fill(frame, &failed);
    if (result == FERRONIC_DMA_GONE || core->generation != generation) {
        return ABORTED;
    }
    if (result == FERRONIC_DMA_FAILED) {
        miss(core, frame->size, "access failed");
        fifo_pop(&core->fifo);
        ferronic_queue_fail(queue, failed);
        return ABORTED;
    }
    trace_ferronic_rx_frame(core->id, queue->name, queue->head, frame->size);
    note_delivered(core, frame);
    queue->head = ferronic_queue_next(queue, queue->head, frame->descs);
    core->rx_frames++;
    core->totals.rx_frames++;
    ferronic_irq_raise(core, queue->vector);
    return DELIVERED;
}

/* Finds out where the first frame of the FIFO goes. */
static void classify(FerronicCore *core, RxFrame *frame, RxAhead *ahead)
{
    FerronicFifoFrame *entry = fifo_at(&core->fifo, 0);
    FerronicPacket packet;
    FerronicHashType type;
    unsigned queue;

    frame->data = core->fifo.data + entry->offset;
    frame->size = entry->size;
    ferronic_packet_parse(&packet, frame->data, frame->size);
    queue = ferronic_rss_queue(&core->rss, &packet, frame->data, &frame->hash,
                               &type);
    frame->rx = &core->rx[queue];
    frame->ahead = &ahead[queue];
    /* The buffer size of a queue that is off can be anything. */
    frame->descs = DIV_ROUND_UP(frame->size, MAX(frame->rx->buffer,
                                                 FERRONIC_RX_BUFFER_MIN));
    frame->status = ferronic_packet_check(&packet, frame->data) |
                    type << FERRONIC_RX_DESC_STATUS_HASH_TYPE_SHIFT;
}

/* Why a frame cannot be delivered; it is dropped. */
static const char *reason_to_drop(const RxFrame *frame, bool *counts)
{
    const FerronicQueue *queue = &frame->rx->queue;

    *counts = true;
    if (queue->failed) {
        return "queue stopped by an error";
    }
    if (frame->descs >= queue->size && queue->active) {
        return "longer than the ring";
    }
    *counts = false;
    if (!queue->active) {
        return "queue off";
    }
    if (!queue->enabled && ferronic_queue_owned(queue) < frame->descs) {
        return "draining";
    }
    return NULL;
}

/* Takes the first frame of the FIFO to its ring. */
static Delivery deliver_first(FerronicCore *core, RxFrame *frame)
{
    const char *why;
    bool counts;
    Delivery result;

    why = reason_to_drop(frame, &counts);
    if (why && counts) {
        miss(core, frame->size, why);
    } else if (why) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_OFF);
        trace_ferronic_rx_drop(core->id, frame->size, why);
    } else if (!core->bus_master ||
               ferronic_queue_owned(&frame->rx->queue) < frame->descs) {
        trace_ferronic_rx_wait(core->id, core->bus_master ? "ring full"
                                                         : "bus mastering off");
        ferronic_reached(core, FERRONIC_DEVICE_STATE_RX_WAITS);
        return WAITS;
    } else {
        result = deliver(core, frame);
        if (result != DELIVERED) {
            return result;
        }
    }
    fifo_pop(&core->fifo);
    return DELIVERED;
}

/*
 * Comes back when the frames that are there, up to a batch, are due; the first
 * of them at the earliest.
 */
static void arm(FerronicCore *core, int64_t first_due)
{
    int64_t batch = core->rx_engine_ns + core->dma_latency_ns *
                    (int64_t)MIN(core->fifo.count, RX_BATCH);

    timer_mod(core->rx_timer, MAX(first_due, batch));
}

/*
 * The engine's clock lags behind the virtual clock while there is work; a frame
 * is delivered when the time of its descriptors has passed.
 */
static Delivery run(FerronicCore *core)
{
    int64_t now = ferronic_now();
    uint32_t budget = RX_BATCH;
    RxAhead ahead[FERRONIC_QUEUES];
    RxFrame frame;
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        ahead[i].used = 0;
        ahead[i].count = 0;
    }
    while (core->fifo.count && budget--) {
        Delivery result;
        int64_t done;

        classify(core, &frame, ahead);
        done = core->rx_engine_ns + (int64_t)frame.descs * core->dma_latency_ns;
        if (done > now) {
            arm(core, done);
            return WAITS;
        }
        result = deliver_first(core, &frame);
        if (result != DELIVERED) {
            return result;
        }
        core->rx_engine_ns = done;
    }
    if (core->fifo.count) {
        arm(core, now);
    }
    return DELIVERED;
}

/* A doorbell, bus mastering or a stopped queue may let the first frame go. */
void ferronic_rx_kick(FerronicCore *core)
{
    if (core->fifo.count && !timer_pending(core->rx_timer)) {
        int64_t now = ferronic_now();

        core->rx_engine_ns = MAX(core->rx_engine_ns, now);
        arm(core, now);
    }
}

void ferronic_rx_timer(void *opaque)
{
    FerronicCore *core = opaque;
    bool was_engaged = ferronic_core_enter(core);

    Delivery result = run(core);

    if (!core->unrealized) {
        if (result == ABORTED) {
            ferronic_rx_kick(core);
        }
        tell_senders(core);
        ferronic_irq_update(core);
    }
    ferronic_core_leave(core, was_engaged);
}

void ferronic_rx_reset(FerronicCore *core)
{
    timer_del(core->rx_timer);
    core->fifo.count = 0;
    core->fifo.first = 0;
    core->fifo.end = 0;
    /* They would wait for ever. */
    if (core->rx_refused) {
        core->rx_refused = false;
        qemu_flush_queued_packets(qemu_get_queue(core->nic));
    }
}
