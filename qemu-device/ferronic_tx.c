/*
 * Ferronic NIC: transmit
 *
 * A doorbell only arms a timer. The timer reads a run of descriptors; after the
 * time that they take it reads their frames, sends them, writes the head back,
 * and goes on with the next run. With a latency of 0 all that is one step.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "net/hub.h"
#include "system/runstate.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "ferronic_offload.h"
#include "trace.h"

#define TX_BUDGET_DESCS     512     /* done before others get a turn */
#define TX_BUDGET_BYTES     (256 * 1024)
#define FRAME_PADDED        60      /* shortest on the link, without FCS */

#define DESC_FIELD(word, name) \
    (((word) & FERRONIC_TX_DESC_##name) >> FERRONIC_TX_DESC_##name##_SHIFT)

/* What became of a frame. */
typedef enum Result {
    SENT,           /* or refused: the descriptors are done */
    BLOCKED,        /* its receiver has no room; it is tried again later */
    ABORTED,        /* the queue has stopped, or the device has changed */
} Result;

/* A frame at the head of the ring. */
typedef struct TxFrame {
    const FerronicTxDesc *descs;
    uint32_t count;
    uint32_t command;       /* of the first descriptor */
    uint32_t layout;
    size_t size;
} TxFrame;

static uint32_t desc_command(const FerronicTxDesc *desc)
{
    return le32_to_cpu(desc->command);
}

static uint32_t desc_length(const FerronicTxDesc *desc)
{
    return DESC_FIELD(le32_to_cpu(desc->layout), LAYOUT_LENGTH);
}

static bool is_last(const FerronicTxDesc *desc)
{
    return desc_command(desc) & FERRONIC_TX_DESC_COMMAND_EOP;
}

/* The wire */

/*
 * Whether anybody listens. A hub with no other port never takes a frame, and
 * never says so.
 */
static bool has_partner(const FerronicCore *core)
{
    NetClientState *peer = qemu_get_queue(core->nic)->peer;
    NetClientState *nc;
    int hub, other;

    if (!peer) {
        return false;
    }
    if (net_hub_id_for_client(peer, &hub) < 0) {
        return true;
    }
    QTAILQ_FOREACH(nc, &net_clients, next) {
        if (nc != peer && nc->info->type == NET_CLIENT_DRIVER_HUBPORT &&
            net_hub_id_for_client(nc, &other) == 0 && other == hub) {
            return true;
        }
    }
    return false;
}

/*
 * Whether the link partner has a frame that the net layer reports as sent. A
 * hub says so even when the VM stops and its ports throw away what they hold.
 */
static bool wire_has_taken(NetClientState *nc, ssize_t size)
{
    bool by_hub = nc->peer && nc->peer->info->type ==
                  NET_CLIENT_DRIVER_HUBPORT;

    return size > 0 && (runstate_is_running() || !by_hub);
}

static void count_sent(FerronicCore *core)
{
    core->tx_frames++;
    core->totals.tx_frames++;
}

/* The receiver took the frame that waited, or the net layer threw it away. */
static void wire_sent(NetClientState *nc, ssize_t size)
{
    FerronicCore *core = qemu_get_nic_opaque(nc);
    FerronicTx *tx = &core->tx[core->wire_queue];

    if (!core->wire_busy) {
        return;
    }
    core->wire_busy = false;
    trace_ferronic_tx_resume(core->id, tx->queue.name);
    /* A frame thrown away (the VM stops, the link is cut) is sent again. */
    if (tx->queue.active && wire_has_taken(nc, size)) {
        tx->segments++;
        count_sent(core);
    }
    ferronic_tx_kick_all(core);
}

static Result wire_send(FerronicTx *tx, const uint8_t *frame, size_t size)
{
    FerronicCore *core = tx->queue.core;
    NetClientState *nc = qemu_get_queue(core->nic);
    uint32_t generation = core->generation;
    ssize_t sent;

    core->wire_busy = true;
    core->wire_queue = tx->queue.pair;
    sent = qemu_send_packet_async(nc, frame, size, wire_sent);
    if (sent) {
        core->wire_busy = false;
    }
    if (core->generation != generation) {
        /* The queue may have stopped before the frame began to wait. */
        if (!core->wire_busy && !core->unrealized) {
            qemu_purge_queued_packets(nc);
        }
        return ABORTED;
    }
    if (sent == 0) {
        trace_ferronic_tx_wait(core->id, tx->queue.name, "link partner");
        return BLOCKED;
    }
    return SENT;
}

static Result loop_back(FerronicTx *tx, const uint8_t *frame, size_t size)
{
    FerronicCore *core = tx->queue.core;

    if (!ferronic_rx_offer(core, frame, size)) {
        trace_ferronic_tx_wait(core->id, tx->queue.name, "own receiver");
        return BLOCKED;
    }
    return SENT;
}

/* Sends one frame as it is on the wire. */
static Result send_segment(FerronicTx *tx, const uint8_t *frame, size_t size,
                           bool partner)
{
    FerronicCore *core = tx->queue.core;
    uint32_t index = tx->queue.head;
    Result result = SENT;

    if (core->sink && core->sink(core->traffic_opaque, frame, size)) {
        result = SENT;
    } else if (core->loopback) {
        result = loop_back(tx, frame, size);
    } else if (partner) {
        result = wire_send(tx, frame, size);
    }
    if (result == SENT) {
        trace_ferronic_tx_frame(core->id, tx->queue.name, index, size);
        tx->segments++;
        count_sent(core);
    }
    return result;
}

/* Rules for a frame */

static bool refuse(FerronicTx *tx, FerronicRule rule, uint64_t value,
                   const char *detail)
{
    ferronic_contract_violation(tx->queue.core, rule, tx->queue.id, value,
                                detail);
    return false;
}

static bool fields_are_valid(FerronicTx *tx, const TxFrame *frame)
{
    const uint32_t flags = FERRONIC_TX_DESC_COMMAND_EOP |
                           FERRONIC_TX_DESC_COMMAND_INTERRUPT;
    uint32_t i;

    if (frame->command & ~FERRONIC_TX_DESC_COMMAND_BITS) {
        return refuse(tx, FERRONIC_RULE_DESC_RESERVED, tx->queue.head,
                      "reserved bits of COMMAND");
    }
    for (i = 1; i < frame->count; i++) {
        if (desc_command(&frame->descs[i]) & ~flags ||
            le32_to_cpu(frame->descs[i].layout) &
            ~FERRONIC_TX_DESC_LAYOUT_LENGTH) {
            return refuse(tx, FERRONIC_RULE_DESC_RESERVED,
                          ferronic_queue_next(&tx->queue, tx->queue.head, i),
                          "fields of the first descriptor in a later one");
        }
    }
    return true;
}

/* Adds up the size of the frame. */
static bool length_is_valid(FerronicTx *tx, TxFrame *frame)
{
    bool tso = frame->command & FERRONIC_TX_DESC_COMMAND_TSO;
    uint32_t i;

    if (frame->count > FERRONIC_TX_FRAME_DESCS) {
        return refuse(tx, FERRONIC_RULE_TX_LENGTH, frame->count,
                      "too many descriptors");
    }
    frame->size = 0;
    for (i = 0; i < frame->count; i++) {
        uint32_t length = desc_length(&frame->descs[i]);

        if (length == 0) {
            return refuse(tx, FERRONIC_RULE_TX_LENGTH,
                          ferronic_queue_next(&tx->queue, tx->queue.head, i),
                          "descriptor of no bytes");
        }
        frame->size += length;
    }
    if (frame->size < FERRONIC_FRAME_MIN ||
        frame->size > (tso ? FERRONIC_TSO_MAX : FERRONIC_FRAME_MAX)) {
        return refuse(tx, FERRONIC_RULE_TX_LENGTH, frame->size,
                      "frame too short or too long");
    }
    return true;
}

static bool offloads_are_valid(FerronicTx *tx, const TxFrame *frame)
{
    bool tso = frame->command & FERRONIC_TX_DESC_COMMAND_TSO;
    size_t header = DESC_FIELD(frame->command, COMMAND_HEADER);
    size_t mss = DESC_FIELD(frame->command, COMMAND_MSS);
    size_t end = DESC_FIELD(frame->layout, LAYOUT_CSUM_START) +
                 DESC_FIELD(frame->layout, LAYOUT_CSUM_OFFSET) + 2;

    if (tso && (!(frame->command & FERRONIC_TX_DESC_COMMAND_CSUM) ||
                mss < FERRONIC_MSS_MIN || header >= frame->size ||
                header + mss > FERRONIC_FRAME_MAX)) {
        return refuse(tx, FERRONIC_RULE_TX_TSO, frame->command,
                      "TSO without CSUM, or bad MSS or HEADER");
    }
    if (tso && DIV_ROUND_UP(frame->size - header, mss) >
        FERRONIC_TSO_SEGMENTS) {
        return refuse(tx, FERRONIC_RULE_TX_LENGTH, mss, "too many segments");
    }
    if (frame->command & FERRONIC_TX_DESC_COMMAND_CSUM &&
        end > (tso ? header : frame->size)) {
        return refuse(tx, FERRONIC_RULE_TX_CSUM, frame->layout,
                      "checksum outside the frame");
    }
    return true;
}

static bool frame_is_valid(FerronicTx *tx, TxFrame *frame)
{
    return fields_are_valid(tx, frame) && length_is_valid(tx, frame) &&
           offloads_are_valid(tx, frame);
}

/* One frame */

static Result count_error(FerronicTx *tx, const char *why)
{
    FerronicCore *core = tx->queue.core;

    trace_ferronic_tx_error(core->id, tx->queue.name, tx->queue.head, why);
    tx->errors++;
    core->tx_errors++;
    core->totals.tx_errors++;
    return SENT;
}

/* Reads a frame into core->tx_frame. */
static FerronicDma gather(FerronicTx *tx, const TxFrame *frame,
                          uint64_t *failed)
{
    FerronicCore *core = tx->queue.core;
    uint8_t *to = core->tx_frame;
    FerronicDma result;
    uint32_t i;

    for (i = 0; i < frame->count; i++) {
        uint32_t length = desc_length(&frame->descs[i]);

        *failed = le64_to_cpu(frame->descs[i].addr);
        result = ferronic_dma_read(core, tx->queue.id, *failed, to, length);
        if (result != FERRONIC_DMA_OK) {
            return result;
        }
        to += length;
    }
    return FERRONIC_DMA_OK;
}

static Result send_plain(FerronicTx *tx, const TxFrame *frame, bool partner)
{
    uint8_t *data = tx->queue.core->tx_frame;
    size_t size = frame->size;

    /* Its receiver took it while the queue waited. */
    if (tx->segments) {
        return SENT;
    }
    if (frame->command & FERRONIC_TX_DESC_COMMAND_CSUM) {
        ferronic_checksum_fill(data, size,
                               DESC_FIELD(frame->layout, LAYOUT_CSUM_START),
                               DESC_FIELD(frame->layout, LAYOUT_CSUM_OFFSET));
    }
    if (size < FRAME_PADDED) {
        memset(data + size, 0, FRAME_PADDED - size);
        size = FRAME_PADDED;
    }
    return send_segment(tx, data, size, partner);
}

static Result send_tso(FerronicTx *tx, const TxFrame *frame, bool partner)
{
    FerronicCore *core = tx->queue.core;
    FerronicTso tso;
    const char *wrong;
    Result result = SENT;

    wrong = ferronic_tso_prepare(&tso, core->tx_frame, frame->size,
                                 DESC_FIELD(frame->command, COMMAND_HEADER),
                                 DESC_FIELD(frame->command, COMMAND_MSS),
                                 DESC_FIELD(frame->layout, LAYOUT_CSUM_START),
                                 DESC_FIELD(frame->layout, LAYOUT_CSUM_OFFSET));
    if (wrong) {
        refuse(tx, FERRONIC_RULE_TX_TSO, tx->queue.head, wrong);
        return count_error(tx, wrong);
    }
    while (result == SENT && tx->segments < ferronic_tso_segments(&tso)) {
        size_t size = ferronic_tso_segment(&tso, tx->segments,
                                           core->tx_segment);

        result = send_segment(tx, core->tx_segment, size, partner);
    }
    return result;
}

static Result send_frame(FerronicTx *tx, TxFrame *frame, bool partner)
{
    FerronicCore *core = tx->queue.core;
    uint64_t failed;

    if (!frame_is_valid(tx, frame)) {
        return count_error(tx, "refused");
    }
    if (!ferronic_core_link_up(core)) {
        return count_error(tx, "link down");
    }
    switch (gather(tx, frame, &failed)) {
    case FERRONIC_DMA_OK:
        break;
    case FERRONIC_DMA_FAILED:
        count_error(tx, "access failed");
        ferronic_queue_fail(&tx->queue, failed);
        return ABORTED;
    case FERRONIC_DMA_GONE:
        return ABORTED;
    }
    return frame->command & FERRONIC_TX_DESC_COMMAND_TSO ?
           send_tso(tx, frame, partner) : send_plain(tx, frame, partner);
}

/* Runs of descriptors */

static void consume(FerronicTx *tx, const TxFrame *frame)
{
    uint32_t i;

    for (i = 0; i < frame->count; i++) {
        if (desc_command(&frame->descs[i]) &
            FERRONIC_TX_DESC_COMMAND_INTERRUPT) {
            tx->interrupt = true;
        }
    }
    tx->queue.head = ferronic_queue_next(&tx->queue, tx->queue.head,
                                         frame->count);
    tx->segments = 0;
}

/* Sends the frames that were fetched. Returns how the last one ended. */
static Result send_fetched(FerronicTx *tx, size_t *bytes)
{
    bool partner = has_partner(tx->queue.core);
    uint32_t end = tx->fetched;
    uint32_t i, next;

    tx->fetched = 0;
    for (i = 0; i < end; i = next) {
        TxFrame frame = {
            .descs = &tx->fetch[i],
            .command = desc_command(&tx->fetch[i]),
            .layout = le32_to_cpu(tx->fetch[i].layout),
        };
        Result result = SENT;

        for (next = i + 1; !is_last(&tx->fetch[next - 1]) && next < end;) {
            next++;
        }
        frame.count = next - i;
        if (tx->discarding) {
            tx->discarding = !is_last(&tx->fetch[next - 1]);
        } else {
            result = send_frame(tx, &frame, partner);
        }
        if (result != SENT) {
            return result;
        }
        consume(tx, &frame);
        *bytes += frame.size;
    }
    return SENT;
}

/* Cuts what was read at the end of a frame. Returns whether anything is left. */
static bool trim(FerronicTx *tx, uint32_t count)
{
    uint32_t whole = count;
    bool all = count == ferronic_queue_owned(&tx->queue);

    while (whole && !is_last(&tx->fetch[whole - 1])) {
        whole--;
    }
    if (whole < count && all && !tx->unfinished) {
        tx->unfinished = true;
        refuse(tx, FERRONIC_RULE_TX_NO_EOP, tx->queue.tail,
               "no EOP at the tail");
    }
    if (whole == 0 && (tx->discarding || count > FERRONIC_TX_FRAME_DESCS)) {
        /* Too long for a frame, whatever follows. */
        if (!tx->discarding) {
            tx->discarding = true;
            refuse(tx, FERRONIC_RULE_TX_LENGTH, count, "too many descriptors");
            count_error(tx, "too many descriptors");
        }
        whole = count;
    }
    tx->fetched = whole;
    return whole != 0;
}

static bool can_run(const FerronicTx *tx)
{
    const FerronicCore *core = tx->queue.core;

    return tx->queue.active && tx->queue.head != tx->queue.tail &&
           core->bus_master && !core->wire_busy && !core->asleep;
}

/* A queue that drains begins nothing that it could not end. */
static bool may_begin(const FerronicTx *tx, int64_t duration)
{
    return tx->queue.enabled ||
           ferronic_now() + duration <
           timer_expire_time_ns(tx->queue.drain_timer);
}

/* Reads descriptors from the head on. Returns whether there is work. */
static bool fetch(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;
    uint32_t count = MIN(ferronic_queue_owned(&tx->queue), FERRONIC_TX_FETCH);
    uint64_t addr = ferronic_queue_desc(&tx->queue, tx->queue.head);

    if (!may_begin(tx, (int64_t)count * core->dma_latency_ns)) {
        return false;
    }
    switch (ferronic_queue_fetch(&tx->queue, tx->fetch, count)) {
    case FERRONIC_DMA_OK:
        return trim(tx, count);
    case FERRONIC_DMA_FAILED:
        ferronic_queue_fail(&tx->queue, addr);
        return false;
    default:
        return false;
    }
}

/* Whether the driver has left alone what is in transfer. */
static bool check_unchanged(FerronicTx *tx)
{
    FerronicTxDesc now[FERRONIC_TX_FETCH];
    uint64_t addr = ferronic_queue_desc(&tx->queue, tx->queue.head);
    uint32_t i;

    switch (ferronic_queue_fetch(&tx->queue, now, tx->fetched)) {
    case FERRONIC_DMA_OK:
        break;
    case FERRONIC_DMA_FAILED:
        ferronic_queue_fail(&tx->queue, addr);
        return false;
    case FERRONIC_DMA_GONE:
        return false;
    }
    for (i = 0; i < tx->fetched; i++) {
        if (memcmp(&now[i], &tx->fetch[i], sizeof(now[i]))) {
            refuse(tx, FERRONIC_RULE_DESC_CHANGED,
                   ferronic_queue_next(&tx->queue, tx->queue.head, i),
                   "descriptor changed during the transfer");
        }
    }
    return true;
}

FerronicDma ferronic_tx_store(FerronicTx *tx, uint32_t head, uint32_t errors)
{
    uint64_t words = cpu_to_le64(deposit64(head, 32, 32, errors));

    return ferronic_dma_write(tx->queue.core, tx->queue.id, tx->writeback,
                              &words, sizeof(words));
}

static FerronicDma complete(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;
    uint32_t head = tx->queue.head;
    uint32_t errors = tx->errors;

    tx->reported_head = head;
    tx->reported_errors = errors;
    if (ferronic_fault_hook(core, tx_completion) &&
        !core->faults->tx_completion(core->faults_opaque, tx, &head,
                                     &errors)) {
        return FERRONIC_DMA_OK;
    }
    return ferronic_tx_store(tx, head, errors);
}

/* Tells the driver what is done. */
static void report(FerronicTx *tx)
{
    if (tx->reported_head != tx->queue.head ||
        tx->reported_errors != tx->errors) {
        switch (complete(tx)) {
        case FERRONIC_DMA_OK:
            break;
        case FERRONIC_DMA_FAILED:
            ferronic_queue_fail(&tx->queue, tx->writeback);
            return;
        case FERRONIC_DMA_GONE:
            return;
        }
    }
    if (tx->interrupt) {
        tx->interrupt = false;
        ferronic_irq_raise(tx->queue.core, tx->queue.vector);
    }
}

static void run(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;
    bool begun = tx->fetched;
    uint32_t descs = 0;
    size_t bytes = 0;
    Result result = SENT;

    while (result == SENT && can_run(tx)) {
        if (begun) {
            if (core->dma_latency_ns && !check_unchanged(tx)) {
                return;
            }
            descs += tx->fetched;
            result = send_fetched(tx, &bytes);
            begun = false;
            continue;
        }
        if (descs >= TX_BUDGET_DESCS || bytes >= TX_BUDGET_BYTES) {
            timer_mod(tx->timer, ferronic_now());
            break;
        }
        if (!fetch(tx)) {
            break;
        }
        if (core->dma_latency_ns) {
            timer_mod(tx->timer, ferronic_now() +
                      (int64_t)tx->fetched * core->dma_latency_ns);
            break;
        }
        begun = true;
    }
    if (result != ABORTED && tx->queue.active) {
        report(tx);
    }
}

void ferronic_tx_timer(void *opaque)
{
    FerronicTx *tx = opaque;
    FerronicCore *core = tx->queue.core;
    bool was_engaged = ferronic_core_enter(core);

    run(tx);
    if (!core->unrealized) {
        ferronic_irq_update(core);
    }
    ferronic_core_leave(core, was_engaged);
}

void ferronic_tx_kick(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;

    if (can_run(tx) && !timer_pending(tx->timer)) {
        timer_mod(tx->timer, ferronic_now() + core->tx_latency_ns);
    }
}

void ferronic_tx_kick_all(FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        ferronic_tx_kick(&core->tx[i]);
    }
}

void ferronic_tx_started(FerronicTx *tx)
{
    tx->reported_head = 0;
    tx->errors = 0;
    tx->reported_errors = 0;
    tx->segments = 0;
    tx->discarding = false;
    tx->unfinished = false;
    tx->interrupt = false;
    tx->fetched = 0;
}

void ferronic_tx_stopped(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;

    timer_del(tx->timer);
    tx->fetched = 0;
    tx->segments = 0;
    if (core->wire_busy && core->wire_queue == tx->queue.pair) {
        core->wire_busy = false;
        qemu_purge_queued_packets(qemu_get_queue(core->nic));
        ferronic_tx_kick_all(core);
    }
}
