/*
 * Ferronic NIC: faults that happen to what the device does
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "net/eth.h"
#include "ferronic_faults.h"
#include "ferronic_offload.h"
#include "ferronic_random.h"

/* LENGTH of a receive descriptor is no longer than this. */
#define LENGTH_MAX          FERRONIC_RX_DESC_STATUS_LENGTH
#define TCP_DATA_OFFSET     12  /* byte with the length of the TCP header */

#define FOR_EACH_LIVE(faults, slot, kinds) \
    for ((slot) = next_live((faults), NULL, (kinds)); (slot); \
         (slot) = next_live((faults), (slot), (kinds)))

/* The next fault of some kinds, in the order of their places. */
static FerronicFaultSlot *next_live(FerronicFaults *faults,
                                    FerronicFaultSlot *slot, uint32_t kinds)
{
    FerronicFaultSlot *end = faults->slots + faults->live_end;

    if (!(faults->live_kinds & kinds)) {
        return NULL;
    }
    for (slot = slot ? slot + 1 : faults->slots; slot < end; slot++) {
        if (ferronic_fault_is_live(slot) && BIT(slot->spec->kind) & kinds) {
            return slot;
        }
    }
    return NULL;
}

/* Interrupts */

#define IRQ_KINDS (BIT(FERRONIC_FAULT_KIND_IRQ_LOST) | \
                   BIT(FERRONIC_FAULT_KIND_IRQ_LATE) | \
                   BIT(FERRONIC_FAULT_KIND_IRQ_WRONG_VECTOR))

static bool fits_vector(bool has, uint8_t wanted, unsigned vector)
{
    return !has || wanted == vector;
}

static bool irq_fits(const FerronicFault *spec, unsigned vector)
{
    switch (spec->kind) {
    case FERRONIC_FAULT_KIND_IRQ_LOST:
        return fits_vector(spec->u.irq_lost.has_vector,
                           spec->u.irq_lost.vector, vector);
    case FERRONIC_FAULT_KIND_IRQ_LATE:
        return fits_vector(spec->u.irq_late.has_vector,
                           spec->u.irq_late.vector, vector);
    default:
        return fits_vector(spec->u.irq_wrong_vector.has_vector,
                           spec->u.irq_wrong_vector.vector, vector);
    }
}

/* Returns whether the message is still to be sent. */
static bool irq_fault(FerronicFaults *faults, FerronicFaultSlot *slot,
                      unsigned *vector)
{
    unsigned was = *vector;
    FerronicDelayed delayed = {
        .interrupt = true,
        .which = was,
        .id = slot->id,
    };

    switch (slot->spec->kind) {
    case FERRONIC_FAULT_KIND_IRQ_LOST:
        ferronic_fault_delivered(faults, slot, 1, ",\"vector\":%u", was);
        return false;
    case FERRONIC_FAULT_KIND_IRQ_LATE:
        delayed.due = ferronic_now() + slot->spec->u.irq_late.delay_ns;
        if (!ferronic_delay(faults, &delayed)) {
            ferronic_fault_ineffective(faults, slot, 1, "too many delayed");
            return true;
        }
        ferronic_fault_delivered(faults, slot, 1, ",\"vector\":%u", was);
        return false;
    default:
        *vector = slot->spec->u.irq_wrong_vector.to;
        ferronic_fault_delivered(faults, slot, 1, ",\"vector\":%u,\"to\":%u",
                                 was, *vector);
        return true;
    }
}

static bool hook_interrupt(void *opaque, unsigned *vector)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;

    ferronic_trigger_event(faults, FERRONIC_EVENT_INTERRUPT, *vector, 1);
    FOR_EACH_LIVE(faults, slot, IRQ_KINDS) {
        if (irq_fits(slot->spec, *vector) &&
            ferronic_trigger_opportunity(faults, slot)) {
            return irq_fault(faults, slot, vector);
        }
    }
    return true;
}

/* Completions */

#define COMPLETION_KINDS (BIT(FERRONIC_FAULT_KIND_COMPLETION_LOST) | \
                          BIT(FERRONIC_FAULT_KIND_COMPLETION_LATE) | \
                          BIT(FERRONIC_FAULT_KIND_COMPLETION_DUPLICATED) | \
                          BIT(FERRONIC_FAULT_KIND_COMPLETION_REORDERED))
#define LENGTH_KINDS (BIT(FERRONIC_FAULT_KIND_RX_LENGTH_TOO_LONG) | \
                      BIT(FERRONIC_FAULT_KIND_RX_LENGTH_ZERO))

static bool fits_engine(bool has, FerronicEngine wanted, unsigned engine)
{
    return !has || wanted == engine;
}

static bool completion_fits(const FerronicFault *spec, unsigned engine)
{
    switch (spec->kind) {
    case FERRONIC_FAULT_KIND_COMPLETION_LOST:
        return fits_engine(spec->u.completion_lost.has_queue,
                           spec->u.completion_lost.queue, engine);
    case FERRONIC_FAULT_KIND_COMPLETION_LATE:
        return fits_engine(spec->u.completion_late.has_queue,
                           spec->u.completion_late.queue, engine);
    case FERRONIC_FAULT_KIND_COMPLETION_DUPLICATED:
        return fits_engine(spec->u.completion_duplicated.has_queue,
                           spec->u.completion_duplicated.queue, engine);
    default:
        return fits_engine(spec->u.completion_reordered.has_queue,
                           spec->u.completion_reordered.queue, engine);
    }
}

/* Returns whether the completion is written now. */
static bool completion_fault(FerronicFaults *faults, FerronicFaultSlot *slot,
                             FerronicDelayed *completion)
{
    bool written = false;
    bool kept = true;

    completion->id = slot->id;
    switch (slot->spec->kind) {
    case FERRONIC_FAULT_KIND_COMPLETION_LOST:
        break;
    case FERRONIC_FAULT_KIND_COMPLETION_LATE:
        completion->due = ferronic_now() +
                          slot->spec->u.completion_late.delay_ns;
        kept = ferronic_delay(faults, completion);
        break;
    case FERRONIC_FAULT_KIND_COMPLETION_DUPLICATED:
        completion->due = ferronic_now() +
                          slot->spec->u.completion_duplicated.delay_ns;
        kept = ferronic_delay(faults, completion);
        written = true;
        break;
    default:
        completion->due = FERRONIC_NEVER;
        kept = ferronic_delay(faults, completion);
        break;
    }
    if (!kept) {
        ferronic_fault_ineffective(faults, slot, 1, "too many delayed");
        return true;
    }
    ferronic_fault_delivered(faults, slot, 1, ",\"queue\":\"%s\",\"index\":%u",
                             FerronicEngine_str(completion->which),
                             completion->index);
    return written;
}

static bool completion_hook(FerronicFaults *faults,
                            FerronicDelayed *completion)
{
    FerronicFaultSlot *slot;

    /* What waits for a completion comes right after this one. */
    ferronic_delay_release(faults, completion->which);
    FOR_EACH_LIVE(faults, slot, COMPLETION_KINDS) {
        if (completion_fits(slot->spec, completion->which) &&
            ferronic_trigger_opportunity(faults, slot)) {
            return completion_fault(faults, slot, completion);
        }
    }
    return true;
}

static void length_fault(FerronicFaults *faults, FerronicFaultSlot *slot,
                         const FerronicRx *rx, uint32_t index,
                         uint32_t *status)
{
    const FerronicFaultRxLength *spec = &slot->spec->u.rx_length_too_long;
    uint32_t length = 0;

    if (slot->spec->kind == FERRONIC_FAULT_KIND_RX_LENGTH_TOO_LONG) {
        length = rx->buffer + (spec->has_excess ? spec->excess : 1);
    }
    length = MIN(length, LENGTH_MAX);
    *status = (*status & ~FERRONIC_RX_DESC_STATUS_LENGTH) | length;
    ferronic_fault_delivered(faults, slot, 1, ",\"queue\":\"%s\",\"index\":%u,"
                             "\"length\":%u", FerronicEngine_str(rx->queue.id),
                             index, length);
}

static bool length_fits(const FerronicFault *spec, unsigned engine)
{
    return spec->kind == FERRONIC_FAULT_KIND_RX_LENGTH_TOO_LONG ?
           fits_engine(spec->u.rx_length_too_long.has_queue,
                       spec->u.rx_length_too_long.queue, engine) :
           fits_engine(spec->u.rx_length_zero.has_queue,
                       spec->u.rx_length_zero.queue, engine);
}

static bool hook_rx_completion(void *opaque, FerronicRx *rx, uint32_t index,
                               uint32_t *hash, uint32_t *status)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;
    FerronicDelayed completion;

    FOR_EACH_LIVE(faults, slot, LENGTH_KINDS) {
        if (length_fits(slot->spec, rx->queue.id) &&
            ferronic_trigger_opportunity(faults, slot)) {
            length_fault(faults, slot, rx, index, status);
            break;
        }
    }
    completion = (FerronicDelayed) {
        .which = rx->queue.id,
        .index = index,
        .hash = *hash,
        .status = *status,
    };
    return completion_hook(faults, &completion);
}

static bool hook_tx_completion(void *opaque, FerronicTx *tx, uint32_t *head,
                               uint32_t *errors)
{
    FerronicDelayed completion = {
        .which = tx->queue.id,
        .index = *head,
        .status = *errors,
    };

    return completion_hook(opaque, &completion);
}

static void hook_queue_stopped(void *opaque, FerronicQueue *queue)
{
    ferronic_delay_drop_queue(opaque, queue->id);
}

static void hook_descriptors(void *opaque, FerronicQueue *queue,
                             uint32_t count)
{
    ferronic_trigger_event(opaque, FERRONIC_EVENT_DESCRIPTOR, queue->id,
                           count);
}

/* Memory accesses */

#define DMA_KINDS (BIT(FERRONIC_FAULT_KIND_DMA_ERROR) | \
                   BIT(FERRONIC_FAULT_KIND_DMA_BIT_FLIP) | \
                   BIT(FERRONIC_FAULT_KIND_DMA_SHORT_WRITE))

typedef struct DmaAccess {
    bool write;
    FerronicEngine engine;
    FerronicDmaPart part;
    uint64_t addr;
    uint8_t *buf;
    size_t *size;
} DmaAccess;

static bool in_ring(const FerronicQueue *queue, uint64_t addr)
{
    return addr - queue->base <
           (uint64_t)queue->size * FERRONIC_RX_DESC_SIZE;
}

static FerronicDmaPart part_of(const FerronicCore *core, int queue, bool write,
                               uint64_t addr)
{
    if (queue < 0) {
        return FERRONIC_DMA_PART_DATA;
    }
    if (queue >= FERRONIC_QUEUES) {
        if (write) {
            return FERRONIC_DMA_PART_COMPLETION;
        }
        return in_ring(&core->tx[queue - FERRONIC_QUEUES].queue, addr) ?
               FERRONIC_DMA_PART_DESCRIPTOR : FERRONIC_DMA_PART_DATA;
    }
    if (!write) {
        return FERRONIC_DMA_PART_DESCRIPTOR;
    }
    return in_ring(&core->rx[queue].queue, addr) ?
           FERRONIC_DMA_PART_COMPLETION : FERRONIC_DMA_PART_DATA;
}

static bool dma_fits(const FerronicFault *spec, const DmaAccess *access)
{
    /* The members that decide are the same in both. */
    const FerronicFaultDma *dma = spec->kind == FERRONIC_FAULT_KIND_DMA_ERROR ?
                                  &spec->u.dma_error : &spec->u.dma_bit_flip;
    const FerronicFaultShortWrite *cut = &spec->u.dma_short_write;

    if (*access->size == 0) {
        return false;
    }
    if (spec->kind == FERRONIC_FAULT_KIND_DMA_SHORT_WRITE) {
        return access->write &&
               fits_engine(cut->has_engine, cut->engine, access->engine) &&
               (!cut->has_part || cut->part == access->part);
    }
    return fits_engine(dma->has_engine, dma->engine, access->engine) &&
           (!dma->has_direction ||
            (dma->direction == FERRONIC_DMA_DIRECTION_WRITE) ==
            access->write) &&
           (!dma->has_part || dma->part == access->part);
}

static void note_failure(FerronicFaults *faults, FerronicEngine engine)
{
    if (engine == FERRONIC_ENGINE_COPY) {
        faults->failed_copy = true;
    } else {
        faults->failed_queues |= BIT(engine);
    }
}

static void flip_bit(FerronicFaultSlot *slot, const DmaAccess *access)
{
    uint64_t bit = ferronic_random_below(&slot->random, 8 * *access->size);

    access->buf[bit / 8] ^= BIT(bit % 8);
}

static void cut_write(FerronicFaultSlot *slot, const DmaAccess *access)
{
    const FerronicFaultShortWrite *spec = &slot->spec->u.dma_short_write;
    size_t size = *access->size;
    size_t missing = spec->has_missing ? spec->missing : size + 1;

    if (missing > size) {
        missing = 1 + ferronic_random_below(&slot->random, size);
    }
    *access->size = size - missing;
}

/* Returns whether the access goes on. */
static bool dma_fault(FerronicFaults *faults, FerronicFaultSlot *slot,
                      const DmaAccess *access)
{
    switch (slot->spec->kind) {
    case FERRONIC_FAULT_KIND_DMA_ERROR:
        note_failure(faults, access->engine);
        break;
    case FERRONIC_FAULT_KIND_DMA_BIT_FLIP:
        flip_bit(slot, access);
        faults->tainted++;
        break;
    default:
        cut_write(slot, access);
        faults->tainted++;
        break;
    }
    ferronic_fault_delivered(faults, slot, 1, ",\"engine\":\"%s\","
                             "\"direction\":\"%s\",\"part\":\"%s\","
                             "\"address\":\"0x%" PRIx64 "\"",
                             FerronicEngine_str(access->engine),
                             access->write ? "write" : "read",
                             FerronicDmaPart_str(access->part), access->addr);
    return slot->spec->kind != FERRONIC_FAULT_KIND_DMA_ERROR;
}

static bool hook_dma(void *opaque, bool write, int queue, uint64_t addr,
                     uint8_t *buf, size_t *size)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;
    DmaAccess access;

    if (!(faults->live_kinds & DMA_KINDS)) {
        return true;
    }
    access = (DmaAccess) {
        .write = write,
        .engine = queue < 0 ? FERRONIC_ENGINE_COPY : queue,
        .part = part_of(faults->core, queue, write, addr),
        .addr = addr,
        .buf = buf,
        .size = size,
    };
    FOR_EACH_LIVE(faults, slot, DMA_KINDS) {
        if (dma_fits(slot->spec, &access) &&
            ferronic_trigger_opportunity(faults, slot)) {
            return dma_fault(faults, slot, &access);
        }
    }
    return true;
}

/* Received frames */

#define FRAME_KINDS BIT(FERRONIC_FAULT_KIND_RX_BAD_CHECKSUM)

/* Finds the payload of a packet whose checksum the device can check. */
static bool checked_payload(const uint8_t *frame, size_t size, size_t *begin,
                            size_t *end)
{
    FerronicPacket packet;

    ferronic_packet_parse(&packet, frame, size);
    if (!(ferronic_packet_check(&packet, frame) &
          FERRONIC_RX_DESC_STATUS_L4_CHECKED)) {
        return false;
    }
    *end = packet.l4 + packet.l4_size;
    *begin = packet.l4 + (packet.protocol == IP_PROTO_TCP ?
                          frame[packet.l4 + TCP_DATA_OFFSET] / 16 * 4 :
                          sizeof(struct udp_header));
    return *begin < *end;
}

static void hook_rx_frame(void *opaque, uint8_t *frame, size_t size)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;

    FOR_EACH_LIVE(faults, slot, FRAME_KINDS) {
        size_t begin, end;
        uint64_t bit;

        if (!checked_payload(frame, size, &begin, &end)) {
            return;
        }
        if (!ferronic_trigger_opportunity(faults, slot)) {
            continue;
        }
        bit = ferronic_random_below(&slot->random, 8 * (end - begin));
        frame[begin + bit / 8] ^= BIT(bit % 8);
        ferronic_fault_delivered(faults, slot, 1, ",\"size\":%zu", size);
        return;
    }
}

/* Registers */

static void hook_reg_read(void *opaque, hwaddr addr, uint32_t *value)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;

    faults->in_register_access = true;
    ferronic_trigger_event(faults, FERRONIC_EVENT_REGISTER_READ, addr, 1);
    faults->in_register_access = false;
    if (faults->core->gone) {
        *value = UINT32_MAX;
    }
    FOR_EACH_LIVE(faults, slot, BIT(FERRONIC_FAULT_KIND_ALL_ONES)) {
        if (ferronic_trigger_opportunity(faults, slot)) {
            *value = UINT32_MAX;
            ferronic_fault_delivered(faults, slot, 1, ",\"register\":\"0x%"
                                     HWADDR_PRIx "\"", addr);
            return;
        }
    }
}

static void hook_reg_write(void *opaque, hwaddr addr, uint32_t value)
{
    FerronicFaults *faults = opaque;

    faults->in_register_access = true;
    ferronic_trigger_event(faults, FERRONIC_EVENT_REGISTER_WRITE, addr, 1);
    faults->in_register_access = false;
}

static bool hook_ready(void *opaque)
{
    FerronicFaults *faults = opaque;
    FerronicFaultSlot *slot;

    FOR_EACH_LIVE(faults, slot, BIT(FERRONIC_FAULT_KIND_RESET_STUCK)) {
        if (ferronic_trigger_opportunity(faults, slot)) {
            ferronic_fault_delivered(faults, slot, 1, "%s", "");
            return false;
        }
    }
    /* The driver begins anew: from here on it knows what it does. */
    faults->misleading = false;
    faults->failed_queues = 0;
    faults->failed_copy = false;
    ferronic_faults_update(faults);
    return true;
}

const FerronicFaultHooks ferronic_fault_hooks = {
    .rx_completion = hook_rx_completion,
    .tx_completion = hook_tx_completion,
    .rx_frame = hook_rx_frame,
    .descriptors = hook_descriptors,
    .dma = hook_dma,
    .interrupt = hook_interrupt,
    .reg_read = hook_reg_read,
    .reg_write = hook_reg_write,
    .ready = hook_ready,
    .queue_stopped = hook_queue_stopped,
};
