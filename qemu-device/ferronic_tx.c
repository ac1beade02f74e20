/*
 * Ferronic NIC: transmit
 *
 * The device works all the time, the model now and then: it does what the
 * device has done since it last looked at the clock. It looks when a timer
 * comes, which the doorbell arms, and when a doorbell finds that a batch is due.
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

#define TX_BATCH            128     /* descriptors that are worth a look */
#define TX_BATCH_MIN        8       /* when the driver gives no more at once */
#define TX_BUDGET_DESCS     512     /* done before others get a turn */
#define TX_BUDGET_BYTES     (256 * 1024)
#define TX_SLOW_NS          1000    /* transfers are events of their own */
#define TX_BUSY_DESCS       8       /* so many, none rarer than this: */
#define TX_BUSY_NS          20000
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

/* The end of the frame that begins at a place of what was fetched. */
static uint32_t frame_end(const FerronicTx *tx, uint32_t begin)
{
    uint32_t end = begin + 1;

    while (end < tx->fetched && !is_last(&tx->fetch[end - 1])) {
        end++;
    }
    return end;
}

/* Sends the frames that were fetched and are due. */
static Result send_due(FerronicTx *tx, uint32_t due, size_t *bytes)
{
    FerronicCore *core = tx->queue.core;
    bool partner = has_partner(core);
    uint32_t used = 0, next;
    Result result = SENT;

    for (; used < tx->fetched; used = next) {
        TxFrame frame = {
            .descs = &tx->fetch[used],
            .command = desc_command(&tx->fetch[used]),
            .layout = le32_to_cpu(tx->fetch[used].layout),
        };

        next = frame_end(tx, used);
        if (next > due) {
            break;
        }
        frame.count = next - used;
        if (tx->discarding) {
            tx->discarding = !is_last(&tx->fetch[next - 1]);
        } else {
            result = send_frame(tx, &frame, partner);
        }
        if (result == ABORTED) {
            return result;
        }
        if (result == BLOCKED) {
            break;
        }
        consume(tx, &frame);
        *bytes += frame.size;
    }
    tx->fetched -= used;
    memmove(tx->fetch, tx->fetch + used, tx->fetched * sizeof(tx->fetch[0]));
    tx->engine_ns += (int64_t)used * core->dma_latency_ns;
    return result;
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
           core->bus_master && !core->wire_busy && !tx->blocked;
}

static void tell_of_descriptors(FerronicTx *tx, uint32_t count)
{
    FerronicCore *core = tx->queue.core;

    if (count && ferronic_fault_hook(core, descriptors)) {
        core->faults->descriptors(core->faults_opaque, &tx->queue, count);
    }
}

/*
 * Reads descriptors from the head on, and checks that the driver has left alone
 * those that were read before. Returns whether there is work.
 */
static bool fetch(FerronicTx *tx)
{
    FerronicTxDesc read[FERRONIC_TX_FETCH];
    uint32_t count = MIN(ferronic_queue_owned(&tx->queue), FERRONIC_TX_FETCH);
    uint32_t generation = tx->queue.core->generation;
    uint32_t known = tx->fetched;
    uint32_t i;

    switch (ferronic_queue_fetch(&tx->queue, read, count)) {
    case FERRONIC_DMA_OK:
        break;
    case FERRONIC_DMA_FAILED:
        ferronic_queue_fail(&tx->queue, ferronic_queue_desc(&tx->queue,
                                                            tx->queue.head));
        return false;
    case FERRONIC_DMA_GONE:
        return false;
    }
    for (i = 0; i < known; i++) {
        if (memcmp(&read[i], &tx->fetch[i], sizeof(read[i]))) {
            refuse(tx, FERRONIC_RULE_DESC_CHANGED,
                   ferronic_queue_next(&tx->queue, tx->queue.head, i),
                   "descriptor changed during the transfer");
        }
    }
    /* What counts is what is there now. */
    memcpy(tx->fetch, read, count * sizeof(read[0]));
    if (!trim(tx, count)) {
        return false;
    }
    /* Fewer than before, if the driver took an EOP away. */
    tell_of_descriptors(tx, tx->fetched - MIN(known, tx->fetched));
    return tx->queue.core->generation == generation;
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

/*
 * The engine's clock lags behind the virtual clock while there is work; a
 * descriptor is done when its time has passed. How many are.
 */
static uint32_t descs_due(const FerronicTx *tx, int64_t now)
{
    uint32_t latency = tx->queue.core->dma_latency_ns;

    if (now < tx->engine_ns) {
        return 0;
    }
    return latency ? MIN((now - tx->engine_ns) / latency, FERRONIC_TX_FETCH)
                   : FERRONIC_TX_FETCH;
}

/*
 * When to come back. Slow transfers begin and end in time, each frame for
 * itself; fast ones, when there are many, are caught up with later.
 */
static void arm(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;
    uint32_t owned = ferronic_queue_owned(&tx->queue);
    int64_t latency = core->dma_latency_ns;
    int64_t at = tx->engine_ns;

    if (latency < TX_SLOW_NS) {
        at += latency * MIN(owned, TX_BATCH) +
              (tx->busy && owned < TX_BATCH ? core->batch_ns : 0);
    } else if (tx->fetched) {
        at += latency * frame_end(tx, 0);
    }
    timer_mod(tx->timer, at);
}

/* Does what is due by now. Returns false when the device has changed. */
static bool catch_up(FerronicTx *tx, int64_t now)
{
    uint32_t descs = 0;
    size_t bytes = 0;

    while (can_run(tx)) {
        Result result;
        uint32_t before;

        if (descs >= TX_BUDGET_DESCS || bytes >= TX_BUDGET_BYTES) {
            timer_mod(tx->timer, now);
            break;
        }
        if (!fetch(tx)) {
            break;
        }
        before = tx->fetched;
        result = send_due(tx, descs_due(tx, now), &bytes);
        if (result == ABORTED) {
            return false;
        }
        descs += before - tx->fetched;
        tx->timer_descs += before - tx->fetched;
        tx->blocked = result == BLOCKED && !tx->queue.core->wire_busy;
        if (tx->fetched && result == SENT) {
            arm(tx);
            break;
        }
    }
    if (tx->queue.active) {
        report(tx);
    }
    return true;
}

void ferronic_tx_catch_up(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;

    catch_up(tx, ferronic_now());
    if (!core->unrealized) {
        ferronic_irq_update(core);
    }
}

/*
 * A timer that comes for a few descriptors each time costs more than they do.
 * While the queue is busy it comes seldom, and does not stop: doorbells find
 * what is due. If none did, the driver gives less at once than was waited for.
 */
static void judge_load(FerronicTx *tx, uint32_t owned, int64_t now)
{
    uint32_t most = MIN(TX_BATCH, tx->queue.size / 4);
    bool fast;

    if (tx->busy && owned && !tx->looks) {
        tx->enough = MAX(owned / 2, TX_BATCH_MIN);
    } else if (tx->looks) {
        tx->enough = MIN(tx->enough + tx->enough / 4, most);
    }
    tx->looks = 0;
    fast = now - tx->timer_ns < tx->timer_descs * (int64_t)TX_BUSY_NS;
    if ((fast && tx->timer_descs >= TX_BUSY_DESCS) ||
        now - tx->timer_ns >= TX_BUSY_DESCS * TX_BUSY_NS) {
        tx->busy = fast && tx->queue.core->batch_ns > TX_BUSY_NS;
        tx->timer_descs = 0;
        tx->timer_ns = now;
    }
}

void ferronic_tx_timer(void *opaque)
{
    FerronicTx *tx = opaque;
    FerronicCore *core = tx->queue.core;
    bool was_engaged = ferronic_core_enter(core);
    uint32_t owned = ferronic_queue_owned(&tx->queue);
    int64_t now = ferronic_now();

    ferronic_tx_catch_up(tx);
    if (!core->unrealized && tx->queue.active) {
        judge_load(tx, owned, now);
        if (tx->busy && !timer_pending(tx->timer)) {
            timer_mod(tx->timer, now + core->batch_ns);
        }
    }
    ferronic_core_leave(core, was_engaged);
}

void ferronic_tx_kick(FerronicTx *tx)
{
    FerronicCore *core = tx->queue.core;

    tx->blocked = false;
    if (can_run(tx) && !timer_pending(tx->timer)) {
        tx->engine_ns = MAX(tx->engine_ns,
                            ferronic_now() + (int64_t)core->tx_latency_ns);
        arm(tx);
    }
}

/*
 * Under load the doorbell is where time is looked at, not the timer: what has
 * been done since the last look is a batch by now.
 */
void ferronic_tx_doorbell(FerronicTx *tx, bool was_idle)
{
    FerronicCore *core = tx->queue.core;

    tx->unfinished = false;
    if (tx->blocked) {
        return;
    }
    if (was_idle) {
        tx->engine_ns = ferronic_now() + core->tx_latency_ns;
    }
    ferronic_tx_kick(tx);
    if (core->dma_latency_ns < TX_SLOW_NS && can_run(tx) &&
        ferronic_queue_owned(&tx->queue) >= tx->enough &&
        descs_due(tx, ferronic_now()) >= tx->enough) {
        tx->looks++;
        ferronic_tx_catch_up(tx);
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
    tx->blocked = false;
    tx->busy = false;
    tx->enough = TX_BATCH_MIN;
    tx->looks = 0;
    tx->timer_descs = 0;
    tx->timer_ns = 0;
    tx->fetched = 0;
    tx->engine_ns = 0;
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
