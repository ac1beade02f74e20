/*
 * Ferronic NIC: one frame on its way out
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "net/hub.h"
#include "system/runstate.h"
#include "ferronic_core.h"
#include "ferronic_offload.h"
#include "ferronic_tx_frame.h"
#include "trace.h"

#define FRAME_PADDED        60      /* shortest on the link, without FCS */

#define DESC_FIELD(word, name) \
    (((word) & FERRONIC_TX_DESC_##name) >> FERRONIC_TX_DESC_##name##_SHIFT)

static uint32_t desc_length(const FerronicTxDesc *desc)
{
    return DESC_FIELD(le32_to_cpu(desc->layout), LAYOUT_LENGTH);
}

/* The wire */

/*
 * Whether anybody listens. A hub with no other port never takes a frame, and
 * never says so.
 */
bool ferronic_tx_has_partner(const FerronicCore *core)
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

static FerronicTxResult wire_send(FerronicTx *tx, const uint8_t *frame,
                                  size_t size)
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
        return FERRONIC_TX_ABORTED;
    }
    if (sent == 0) {
        trace_ferronic_tx_wait(core->id, tx->queue.name, "link partner");
        return FERRONIC_TX_BLOCKED;
    }
    return FERRONIC_TX_SENT;
}

static FerronicTxResult loop_back(FerronicTx *tx, const uint8_t *frame,
                                  size_t size)
{
    FerronicCore *core = tx->queue.core;

    if (!ferronic_rx_offer(core, frame, size)) {
        trace_ferronic_tx_wait(core->id, tx->queue.name, "own receiver");
        return FERRONIC_TX_BLOCKED;
    }
    return FERRONIC_TX_SENT;
}

/* Sends one frame as it is on the wire. */
static FerronicTxResult send_segment(FerronicTx *tx, const uint8_t *frame,
                                     size_t size, bool partner)
{
    FerronicCore *core = tx->queue.core;
    uint32_t index = tx->queue.head;
    FerronicTxResult result = FERRONIC_TX_SENT;

    if (core->sink && core->sink(core->traffic_opaque, frame, size)) {
        result = FERRONIC_TX_SENT;
    } else if (core->loopback) {
        result = loop_back(tx, frame, size);
    } else if (partner) {
        result = wire_send(tx, frame, size);
    }
    if (result == FERRONIC_TX_SENT) {
        trace_ferronic_tx_frame(core->id, tx->queue.name, index, size);
        tx->segments++;
        count_sent(core);
    }
    return result;
}

/* Rules for a frame */

bool ferronic_tx_refuse(FerronicTx *tx, FerronicRule rule, uint64_t value,
                        const char *detail)
{
    ferronic_contract_violation(tx->queue.core, rule, tx->queue.id, value,
                                detail);
    return false;
}

/* Index in the ring of a descriptor of the frame. */
static uint32_t place(const FerronicTx *tx, uint32_t i)
{
    return ferronic_queue_next(&tx->queue, tx->queue.head, i);
}

static bool fields_are_valid(FerronicTx *tx, const FerronicTxFrame *frame)
{
    const uint32_t flags = FERRONIC_TX_DESC_COMMAND_EOP |
                           FERRONIC_TX_DESC_COMMAND_INTERRUPT;
    uint32_t i;

    if (frame->command & ~FERRONIC_TX_DESC_COMMAND_BITS) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_DESC_RESERVED,
                                  tx->queue.head, "reserved bits of COMMAND");
    }
    for (i = 1; i < frame->count; i++) {
        if (ferronic_tx_command(&frame->descs[i]) & ~flags ||
            le32_to_cpu(frame->descs[i].layout) &
            ~FERRONIC_TX_DESC_LAYOUT_LENGTH) {
            return ferronic_tx_refuse(tx, FERRONIC_RULE_DESC_RESERVED,
                                      place(tx, i),
                                      "fields of the first descriptor in "
                                      "a later one");
        }
    }
    return true;
}

/* Adds up the size of the frame. */
static bool length_is_valid(FerronicTx *tx, FerronicTxFrame *frame)
{
    bool tso = frame->command & FERRONIC_TX_DESC_COMMAND_TSO;
    uint32_t i;

    if (frame->count > FERRONIC_TX_FRAME_DESCS) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_LENGTH, frame->count,
                                  "too many descriptors");
    }
    frame->size = 0;
    for (i = 0; i < frame->count; i++) {
        uint32_t length = desc_length(&frame->descs[i]);

        if (length == 0) {
            return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_LENGTH,
                                      place(tx, i), "descriptor of no bytes");
        }
        frame->size += length;
    }
    if (frame->size < FERRONIC_FRAME_MIN ||
        frame->size > (tso ? FERRONIC_TSO_MAX : FERRONIC_FRAME_MAX)) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_LENGTH, frame->size,
                                  "frame too short or too long");
    }
    return true;
}

static bool offloads_are_valid(FerronicTx *tx, const FerronicTxFrame *frame)
{
    bool tso = frame->command & FERRONIC_TX_DESC_COMMAND_TSO;
    size_t header = DESC_FIELD(frame->command, COMMAND_HEADER);
    size_t mss = DESC_FIELD(frame->command, COMMAND_MSS);
    size_t end = DESC_FIELD(frame->layout, LAYOUT_CSUM_START) +
                 DESC_FIELD(frame->layout, LAYOUT_CSUM_OFFSET) + 2;

    if (tso && (!(frame->command & FERRONIC_TX_DESC_COMMAND_CSUM) ||
                mss < FERRONIC_MSS_MIN || header >= frame->size ||
                header + mss > FERRONIC_FRAME_MAX)) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_TSO, frame->command,
                                  "TSO without CSUM, or bad MSS or HEADER");
    }
    if (tso && DIV_ROUND_UP(frame->size - header, mss) >
        FERRONIC_TSO_SEGMENTS) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_LENGTH, mss,
                                  "too many segments");
    }
    if (frame->command & FERRONIC_TX_DESC_COMMAND_CSUM &&
        end > (tso ? header : frame->size)) {
        return ferronic_tx_refuse(tx, FERRONIC_RULE_TX_CSUM, frame->layout,
                                  "checksum outside the frame");
    }
    return true;
}

static bool frame_is_valid(FerronicTx *tx, FerronicTxFrame *frame)
{
    return fields_are_valid(tx, frame) && length_is_valid(tx, frame) &&
           offloads_are_valid(tx, frame);
}

/* One frame */

FerronicTxResult ferronic_tx_count_error(FerronicTx *tx, const char *why)
{
    FerronicCore *core = tx->queue.core;

    trace_ferronic_tx_error(core->id, tx->queue.name, tx->queue.head, why);
    tx->errors++;
    core->tx_errors++;
    core->totals.tx_errors++;
    ferronic_reached(core, FERRONIC_DEVICE_STATE_TX_REFUSED);
    return FERRONIC_TX_SENT;
}

/* Reads a frame into core->tx_frame. */
static FerronicDma gather(FerronicTx *tx, const FerronicTxFrame *frame,
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

static FerronicTxResult send_plain(FerronicTx *tx,
                                   const FerronicTxFrame *frame, bool partner)
{
    uint8_t *data = tx->queue.core->tx_frame;
    size_t size = frame->size;

    /* Its receiver took it while the queue waited. */
    if (tx->segments) {
        return FERRONIC_TX_SENT;
    }
    if (frame->command & FERRONIC_TX_DESC_COMMAND_CSUM) {
        ferronic_reached(tx->queue.core, FERRONIC_DEVICE_STATE_TX_CHECKSUMMED);
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

static FerronicTxResult send_tso(FerronicTx *tx, const FerronicTxFrame *frame,
                                 bool partner)
{
    FerronicCore *core = tx->queue.core;
    FerronicTso tso;
    const char *wrong;
    FerronicTxResult result = FERRONIC_TX_SENT;

    wrong = ferronic_tso_prepare(&tso, core->tx_frame, frame->size,
                                 DESC_FIELD(frame->command, COMMAND_HEADER),
                                 DESC_FIELD(frame->command, COMMAND_MSS),
                                 DESC_FIELD(frame->layout, LAYOUT_CSUM_START),
                                 DESC_FIELD(frame->layout, LAYOUT_CSUM_OFFSET));
    if (wrong) {
        ferronic_tx_refuse(tx, FERRONIC_RULE_TX_TSO, tx->queue.head, wrong);
        return ferronic_tx_count_error(tx, wrong);
    }
    ferronic_reached(core, FERRONIC_DEVICE_STATE_TX_SEGMENTED);
    while (result == FERRONIC_TX_SENT &&
           tx->segments < ferronic_tso_segments(&tso)) {
        size_t size = ferronic_tso_segment(&tso, tx->segments,
                                           core->tx_segment);

        result = send_segment(tx, core->tx_segment, size, partner);
    }
    return result;
}

FerronicTxResult ferronic_tx_send_frame(FerronicTx *tx, FerronicTxFrame *frame,
                                        bool partner)
{
    FerronicCore *core = tx->queue.core;
    uint64_t failed;

    if (!frame_is_valid(tx, frame)) {
        return ferronic_tx_count_error(tx, "refused");
    }
    if (!ferronic_core_link_up(core)) {
        return ferronic_tx_count_error(tx, "link down");
    }
    if (frame->count > 1) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_TX_SCATTERED);
    }
    switch (gather(tx, frame, &failed)) {
    case FERRONIC_DMA_OK:
        break;
    case FERRONIC_DMA_FAILED:
        ferronic_tx_count_error(tx, "access failed");
        ferronic_queue_fail(&tx->queue, failed);
        return FERRONIC_TX_ABORTED;
    case FERRONIC_DMA_GONE:
        return FERRONIC_TX_ABORTED;
    }
    return frame->command & FERRONIC_TX_DESC_COMMAND_TSO ?
           send_tso(tx, frame, partner) : send_plain(tx, frame, partner);
}

