/*
 * Ferronic NIC: the state that migrates, and what of a stream is refused
 *
 * A stream is as hostile as a guest: what the device relies on is checked once,
 * when it is loaded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "ferronic_core.h"

static const VMStateDescription queue_vmstate = {
    .name = "ferronic/queue",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(base, FerronicQueue),
        VMSTATE_UINT32(size, FerronicQueue),
        VMSTATE_UINT32(head, FerronicQueue),
        VMSTATE_UINT32(tail, FerronicQueue),
        VMSTATE_UINT32(vector, FerronicQueue),
        VMSTATE_BOOL(enabled, FerronicQueue),
        VMSTATE_BOOL(active, FerronicQueue),
        VMSTATE_BOOL(failed, FerronicQueue),
        VMSTATE_TIMER_PTR(drain_timer, FerronicQueue),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription rx_vmstate = {
    .name = "ferronic/rx",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(queue, FerronicRx, 2, queue_vmstate, FerronicQueue),
        VMSTATE_UINT32(buffer, FerronicRx),
        VMSTATE_END_OF_LIST()
    }
};

/* As the guest wrote it, so that both words keep their byte order. */
static const VMStateDescription tx_desc_vmstate = {
    .name = "ferronic/tx-descriptor",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(addr, FerronicTxDesc),
        VMSTATE_UINT32(layout, FerronicTxDesc),
        VMSTATE_UINT32(command, FerronicTxDesc),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription tx_vmstate = {
    .name = "ferronic/tx",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(queue, FerronicTx, 2, queue_vmstate, FerronicQueue),
        VMSTATE_UINT64(writeback, FerronicTx),
        VMSTATE_UINT32(reported_head, FerronicTx),
        VMSTATE_UINT32(errors, FerronicTx),
        VMSTATE_UINT32(reported_errors, FerronicTx),
        VMSTATE_UINT32(segments, FerronicTx),
        VMSTATE_BOOL(discarding, FerronicTx),
        VMSTATE_BOOL(unfinished, FerronicTx),
        VMSTATE_BOOL(interrupt, FerronicTx),
        VMSTATE_BOOL(blocked, FerronicTx),
        VMSTATE_INT64(engine_ns, FerronicTx),
        VMSTATE_BOOL(busy, FerronicTx),
        VMSTATE_UINT32(enough, FerronicTx),
        VMSTATE_UINT32(looks, FerronicTx),
        VMSTATE_UINT32(timer_descs, FerronicTx),
        VMSTATE_INT64(timer_ns, FerronicTx),
        VMSTATE_UINT32(fetched, FerronicTx),
        VMSTATE_STRUCT_ARRAY(fetch, FerronicTx, FERRONIC_TX_FETCH, 2,
                             tx_desc_vmstate, FerronicTxDesc),
        VMSTATE_TIMER_PTR(timer, FerronicTx),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription fifo_frame_vmstate = {
    .name = "ferronic/fifo-frame",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(offset, FerronicFifoFrame),
        VMSTATE_UINT32(size, FerronicFifoFrame),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription fifo_vmstate = {
    .name = "ferronic/fifo",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(frames, FerronicFifo, FERRONIC_FIFO_FRAMES, 2,
                             fifo_frame_vmstate, FerronicFifoFrame),
        VMSTATE_UINT32(first, FerronicFifo),
        VMSTATE_UINT32(count, FerronicFifo),
        VMSTATE_UINT32(end, FerronicFifo),
        VMSTATE_BUFFER(data, FerronicFifo),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription copy_vmstate = {
    .name = "ferronic/copy",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(addr, FerronicCopy),
        VMSTATE_UINT32(length, FerronicCopy),
        VMSTATE_UINT32(offset, FerronicCopy),
        VMSTATE_BOOL(to_memory, FerronicCopy),
        VMSTATE_BOOL(active, FerronicCopy),
        VMSTATE_BOOL(stopping, FerronicCopy),
        VMSTATE_BOOL(error, FerronicCopy),
        VMSTATE_BUFFER(memory, FerronicCopy),
        VMSTATE_TIMER_PTR(timer, FerronicCopy),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription rss_vmstate = {
    .name = "ferronic/rss",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(ctrl, FerronicRss),
        VMSTATE_BUFFER(key, FerronicRss),
        VMSTATE_BUFFER(table, FerronicRss),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vector_vmstate = {
    .name = "ferronic/vector",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(interval_ns, FerronicVector),
        VMSTATE_INT64(quiet_until_ns, FerronicVector),
        VMSTATE_TIMER_PTR(timer, FerronicVector),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription totals_vmstate = {
    .name = "ferronic/totals",
    .version_id = 3,
    .minimum_version_id = 3,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(resets, FerronicTotals),
        VMSTATE_UINT64(config_errors, FerronicTotals),
        VMSTATE_UINT64(dma_errors, FerronicTotals),
        VMSTATE_UINT64(rx_frames, FerronicTotals),
        VMSTATE_UINT64(rx_missed, FerronicTotals),
        VMSTATE_UINT64(tx_frames, FerronicTotals),
        VMSTATE_UINT64(tx_errors, FerronicTotals),
        VMSTATE_UINT64_ARRAY(delivered, FerronicTotals, FERRONIC_VECTORS),
        VMSTATE_UINT64_ARRAY(held, FerronicTotals, FERRONIC_VECTORS),
        VMSTATE_UINT64_ARRAY(states, FerronicTotals,
                             FERRONIC_DEVICE_STATE__MAX),
        VMSTATE_END_OF_LIST()
    }
};

static bool fifo_is_sane(const FerronicFifo *fifo)
{
    unsigned i;

    if (fifo->first >= FERRONIC_FIFO_FRAMES ||
        fifo->count > FERRONIC_FIFO_FRAMES ||
        fifo->end > FERRONIC_RX_FIFO_SIZE) {
        return false;
    }
    for (i = 0; i < FERRONIC_FIFO_FRAMES; i++) {
        const FerronicFifoFrame *frame = &fifo->frames[i];

        if (frame->size > FERRONIC_FRAME_MAX ||
            frame->offset > FERRONIC_RX_FIFO_SIZE - frame->size) {
            return false;
        }
    }
    return true;
}

static bool queues_are_sane(const FerronicCore *core)
{
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        const FerronicRx *rx = &core->rx[i];
        const FerronicTx *tx = &core->tx[i];

        if (!ferronic_queue_is_sane(&rx->queue) ||
            !ferronic_queue_is_sane(&tx->queue) ||
            (rx->queue.active && (rx->buffer < FERRONIC_RX_BUFFER_MIN ||
                                  rx->buffer > FERRONIC_RX_BUFFER_MAX)) ||
            tx->fetched > FERRONIC_TX_FETCH ||
            (tx->fetched && (!tx->queue.active || tx->fetched >
                             ferronic_queue_owned(&tx->queue)))) {
            return false;
        }
    }
    return true;
}

static bool rss_is_sane(const FerronicRss *rss)
{
    unsigned i;

    for (i = 0; i < FERRONIC_RSS_ENTRIES; i++) {
        if (rss->table[i] >= FERRONIC_QUEUES) {
            return false;
        }
    }
    return true;
}

/* Far from where sums with them would overflow. */
static bool times_are_sane(const FerronicCore *core)
{
    const int64_t most = INT64_MAX / 4;
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        if (core->tx[i].engine_ns < 0 || core->tx[i].engine_ns > most ||
            core->tx[i].timer_ns < 0 || core->tx[i].timer_ns > most) {
            return false;
        }
    }
    return core->rx_engine_ns >= 0 && core->rx_engine_ns <= most;
}

static int core_post_load(void *opaque, int version_id)
{
    FerronicCore *core = opaque;

    if (!times_are_sane(core) || !fifo_is_sane(&core->fifo) ||
        !queues_are_sane(core) || !rss_is_sane(&core->rss) ||
        core->copy.length > FERRONIC_DMA_MEMORY_SIZE ||
        core->copy.offset >= FERRONIC_DMA_MEMORY_SIZE ||
        (core->copy.active && core->copy.length + core->copy.offset >
         FERRONIC_DMA_MEMORY_SIZE)) {
        return -EINVAL;
    }
    core->rss.lookup_valid = false;
    core->int_enable &= FERRONIC_INT_ENABLE_BITS;
    core->int_pending &= FERRONIC_INT_PENDING_BITS & ~BIT(FERRONIC_VECTOR_MGMT);
    ferronic_registers_update_mac(core);
    ferronic_tx_kick_all(core);
    return 0;
}

/*
 * A frame that waits in the net layer is not saved: it is still at the head of its
 * ring, and is sent again.
 */
const VMStateDescription ferronic_core_vmstate = {
    .name = "ferronic/core",
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = core_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(ready, FerronicCore),
        VMSTATE_BOOL(bus_master, FerronicCore),
        VMSTATE_BOOL(asleep, FerronicCore),
        VMSTATE_BOOL(gone, FerronicCore),
        VMSTATE_TIMER_PTR(ready_timer, FerronicCore),
        VMSTATE_BOOL(loopback, FerronicCore),
        VMSTATE_UINT32(mac_lo, FerronicCore),
        VMSTATE_UINT32(mac_hi, FerronicCore),
        VMSTATE_UINT32(rx_filter, FerronicCore),
        VMSTATE_UINT32(max_frame, FerronicCore),
        VMSTATE_UINT32(scratch, FerronicCore),
        VMSTATE_UINT32(dma_latency_ns, FerronicCore),
        VMSTATE_UINT32(int_enable, FerronicCore),
        VMSTATE_UINT32(int_pending, FerronicCore),
        VMSTATE_UINT32(mgmt_cause, FerronicCore),
        VMSTATE_UINT32(rx_frames, FerronicCore),
        VMSTATE_UINT32(rx_missed, FerronicCore),
        VMSTATE_UINT32(tx_frames, FerronicCore),
        VMSTATE_UINT32(tx_errors, FerronicCore),
        VMSTATE_UINT32(violations, FerronicCore),
        VMSTATE_STRUCT(rss, FerronicCore, 2, rss_vmstate, FerronicRss),
        VMSTATE_STRUCT(copy, FerronicCore, 2, copy_vmstate, FerronicCopy),
        VMSTATE_STRUCT_ARRAY(vectors, FerronicCore, FERRONIC_VECTORS, 2,
                             vector_vmstate, FerronicVector),
        VMSTATE_BOOL(intx_stuck, FerronicCore),
        VMSTATE_STRUCT_ARRAY(rx, FerronicCore, FERRONIC_QUEUES, 2, rx_vmstate,
                             FerronicRx),
        VMSTATE_STRUCT_ARRAY(tx, FerronicCore, FERRONIC_QUEUES, 2, tx_vmstate,
                             FerronicTx),
        VMSTATE_STRUCT(fifo, FerronicCore, 2, fifo_vmstate, FerronicFifo),
        VMSTATE_INT64(rx_engine_ns, FerronicCore),
        VMSTATE_BOOL(rx_refused, FerronicCore),
        VMSTATE_TIMER_PTR(rx_timer, FerronicCore),
        VMSTATE_BOOL(backend_up, FerronicCore),
        VMSTATE_BOOL(forced_down, FerronicCore),
        VMSTATE_STRUCT(totals, FerronicCore, 3, totals_vmstate,
                       FerronicTotals),
        VMSTATE_STRUCT(contract, FerronicCore, 1, ferronic_contract_vmstate,
                       FerronicContract),
        VMSTATE_END_OF_LIST()
    }
};
