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
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "ferronic_tx_frame.h"
#include "trace.h"

#define TX_BATCH            128     /* descriptors that are worth a look */
#define TX_BATCH_MIN        8       /* when the driver gives no more at once */
#define TX_BUDGET_DESCS     512     /* done before others get a turn */
#define TX_BUDGET_BYTES     (256 * 1024)
#define TX_SLOW_NS          1000    /* transfers are events of their own */
#define TX_BUSY_DESCS       8       /* so many, none rarer than this: */
#define TX_BUSY_NS          20000

static void consume(FerronicTx *tx, const FerronicTxFrame *frame)
{
    FerronicCore *core = tx->queue.core;
    uint32_t before = tx->queue.head;
    uint32_t i;

    for (i = 0; i < frame->count; i++) {
        if (ferronic_tx_command(&frame->descs[i]) &
            FERRONIC_TX_DESC_COMMAND_INTERRUPT) {
            tx->interrupt = true;
        }
    }
    tx->queue.head = ferronic_queue_next(&tx->queue, tx->queue.head,
                                         frame->count);
    if (tx->queue.head < before) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_TX_WRAPS);
    }
    tx->segments = 0;
}

/* The end of the frame that begins at a place of what was fetched. */
static uint32_t frame_end(const FerronicTx *tx, uint32_t begin)
{
    uint32_t end = begin + 1;

    while (end < tx->fetched && !ferronic_tx_is_last(&tx->fetch[end - 1])) {
        end++;
    }
    return end;
}

/* Sends the frames that were fetched and are due. */
static FerronicTxResult send_due(FerronicTx *tx, uint32_t due, size_t *bytes)
{
    FerronicCore *core = tx->queue.core;
    bool partner = ferronic_tx_has_partner(core);
    uint32_t used = 0, next;
    FerronicTxResult result = FERRONIC_TX_SENT;

    for (; used < tx->fetched; used = next) {
        FerronicTxFrame frame = {
            .descs = &tx->fetch[used],
            .command = ferronic_tx_command(&tx->fetch[used]),
            .layout = le32_to_cpu(tx->fetch[used].layout),
        };

        next = frame_end(tx, used);
        if (next > due) {
            break;
        }
        frame.count = next - used;
        if (tx->discarding) {
            tx->discarding = !ferronic_tx_is_last(&tx->fetch[next - 1]);
        } else {
            result = ferronic_tx_send_frame(tx, &frame, partner);
        }
        if (result == FERRONIC_TX_ABORTED) {
            return result;
        }
        if (result == FERRONIC_TX_BLOCKED) {
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

/* Cuts what was read at the end of a frame. Returns whether any is left. */
static bool trim(FerronicTx *tx, uint32_t count)
{
    uint32_t whole = count;
    bool all = count == ferronic_queue_owned(&tx->queue);

    while (whole && !ferronic_tx_is_last(&tx->fetch[whole - 1])) {
        whole--;
    }
    if (whole < count && all && !tx->unfinished) {
        tx->unfinished = true;
        ferronic_tx_refuse(tx, FERRONIC_RULE_TX_NO_EOP, tx->queue.tail,
                           "no EOP at the tail");
    }
    if (whole == 0 && (tx->discarding || count > FERRONIC_TX_FRAME_DESCS)) {
        /* Too long for a frame, whatever follows. */
        if (!tx->discarding) {
            tx->discarding = true;
            ferronic_tx_refuse(tx, FERRONIC_RULE_TX_LENGTH, count,
                               "too many descriptors");
            ferronic_tx_count_error(tx, "too many descriptors");
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
            ferronic_tx_refuse(tx, FERRONIC_RULE_DESC_CHANGED,
                               ferronic_queue_next(&tx->queue, tx->queue.head,
                                                   i),
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
        FerronicTxResult result;
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
        if (result == FERRONIC_TX_ABORTED) {
            return false;
        }
        descs += before - tx->fetched;
        tx->timer_descs += before - tx->fetched;
        tx->blocked = result == FERRONIC_TX_BLOCKED &&
                      !tx->queue.core->wire_busy;
        if (result == FERRONIC_TX_BLOCKED) {
            ferronic_reached(tx->queue.core, FERRONIC_DEVICE_STATE_TX_WAITS);
        }
        if (tx->fetched && result == FERRONIC_TX_SENT) {
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
    ferronic_reached(core, was_idle ? FERRONIC_DEVICE_STATE_TX_BEGINS
                                    : FERRONIC_DEVICE_STATE_TX_GOES_ON);
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
