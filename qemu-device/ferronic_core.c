/*
 * Ferronic NIC: behaviour of the device
 *
 * Guest input is checked once, when a register is written; the data path trusts
 * the registers. What it does not trust is that they stay the same across a
 * memory access: that can end in another device, and through it in our own
 * configuration space. FerronicQueue.run tells whether they did.
 *
 * Everything the guest can see happens in an MMIO access, in the net layer or
 * in a timer of the virtual clock, never in a bottom half: a run under icount
 * stays a function of its start.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/pci/msix.h"
#include "migration/vmstate.h"
#include "net/eth.h"
#include "system/runstate.h"
#include "ferronic_core.h"
#include "trace.h"

#define TX_BATCH        32      /* descriptors read in one access */
#define TX_BUDGET       256     /* descriptors done before others get a turn */
#define FRAME_PADDED    60      /* shortest frame on the link, without FCS */

typedef struct FerronicDesc {
    uint64_t addr;
    uint32_t length;
    uint32_t status;
} FerronicDesc;

QEMU_BUILD_BUG_ON(sizeof(FerronicDesc) != FERRONIC_RX_DESC_SIZE);
QEMU_BUILD_BUG_ON(sizeof(FerronicDesc) != FERRONIC_TX_DESC_SIZE);
QEMU_BUILD_BUG_ON(offsetof(FerronicDesc, status) !=
                  FERRONIC_RX_DESC_STATUS_OFFSET);
QEMU_BUILD_BUG_ON(offsetof(FerronicDesc, status) !=
                  FERRONIC_TX_DESC_STATUS_OFFSET);

bool ferronic_core_enter(FerronicCore *core)
{
    MemReentrancyGuard *guard = &DEVICE(core->owner)->mem_reentrancy_guard;
    bool was_engaged = guard->engaged_in_io;

    guard->engaged_in_io = true;
    return was_engaged;
}

void ferronic_core_leave(FerronicCore *core, bool was_engaged)
{
    DEVICE(core->owner)->mem_reentrancy_guard.engaged_in_io = was_engaged;
}

static int64_t virtual_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool bus_master(const FerronicCore *core)
{
    return pci_get_word(core->owner->config + PCI_COMMAND) &
           PCI_COMMAND_MASTER;
}

/* Interrupts */

FerronicMessage ferronic_core_message(FerronicCore *core, unsigned vector)
{
    if (!msix_enabled(core->owner) || !bus_master(core)) {
        trace_ferronic_irq_wait(core->id, vector);
        return FERRONIC_MESSAGE_BLOCKED;
    }
    if (msix_is_masked(core->owner, vector)) {
        trace_ferronic_irq_held(core->id, vector);
        core->totals.held[vector]++;
        msix_notify(core->owner, vector);
        return FERRONIC_MESSAGE_HELD;
    }
    trace_ferronic_irq_fire(core->id, vector);
    core->totals.delivered[vector]++;
    msix_notify(core->owner, vector);
    return FERRONIC_MESSAGE_SENT;
}

static uint32_t irq_pending(const FerronicCore *core)
{
    uint32_t mgmt = core->mgmt_cause ? BIT(FERRONIC_VECTOR_MGMT) : 0;

    return core->int_pending | mgmt;
}

/* Fires what is pending and enabled. */
static void irq_update(FerronicCore *core)
{
    unsigned vector;

    trace_ferronic_irq_pending(core->id, irq_pending(core), core->int_enable);
    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        if (!(irq_pending(core) & core->int_enable & BIT(vector))) {
            continue;
        }
        if (ferronic_core_message(core, vector) == FERRONIC_MESSAGE_BLOCKED) {
            continue;
        }
        core->int_enable &= ~BIT(vector);
        core->int_pending &= ~BIT(vector);
    }
}

static void mgmt_raise(FerronicCore *core, uint32_t cause)
{
    core->mgmt_cause |= cause;
    irq_update(core);
}

static void config_error(FerronicCore *core, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "ferronic %s: %s\n", core->id, what);
    trace_ferronic_config_error(core->id, what);
    core->totals.config_errors++;
    mgmt_raise(core, FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
}

/* Queues */

static uint32_t queue_owned(const FerronicQueue *queue)
{
    return (queue->tail - queue->head) & (queue->size - 1);
}

static uint64_t queue_head_addr(const FerronicQueue *queue)
{
    return queue->base + (uint64_t)queue->head * sizeof(FerronicDesc);
}

static void queue_advance(FerronicQueue *queue)
{
    queue->head = (queue->head + 1) & (queue->size - 1);
}

static bool tx_can_run(const FerronicCore *core)
{
    return core->tx.active && core->tx.head != core->tx.tail &&
           !core->tx_in_flight && bus_master(core);
}

/* Lets the transmit queue go on after the latency, if it can. */
static void tx_kick(FerronicCore *core)
{
    if (tx_can_run(core) && !timer_pending(core->tx_timer)) {
        timer_mod(core->tx_timer, virtual_ns() + core->tx_latency_ns);
    }
}

/* A descriptor may be free now: for the link partner, or for our loopback. */
static void rx_resume(FerronicCore *core)
{
    qemu_flush_queued_packets(qemu_get_queue(core->nic));
    tx_kick(core);
}

static void queue_start(FerronicCore *core, FerronicQueue *queue)
{
    trace_ferronic_queue_start(core->id, queue->name, queue->base,
                               queue->size);
    queue->head = 0;
    queue->tail = 0;
    queue->enabled = true;
    queue->active = true;
    queue->failed = false;
    queue->run++;
}

/* Stops at once: nothing is read or written afterwards. */
static void queue_stop(FerronicCore *core, FerronicQueue *queue)
{
    trace_ferronic_queue_stop(core->id, queue->name);
    queue->enabled = false;
    queue->active = false;
    queue->run++;
    timer_del(queue->drain_timer);
    if (queue == &core->tx) {
        timer_del(core->tx_timer);
        qemu_purge_queued_packets(qemu_get_queue(core->nic));
        core->tx_in_flight = false;
    }
    rx_resume(core);
}

static void queue_fail(FerronicCore *core, FerronicQueue *queue, uint64_t addr)
{
    trace_ferronic_dma_error(core->id, queue->name, addr);
    core->totals.dma_errors++;
    queue_stop(core, queue);
    queue->failed = true;
    mgmt_raise(core, FERRONIC_MGMT_CAUSE_DMA_ERROR);
}

static void queue_drain(FerronicCore *core, FerronicQueue *queue)
{
    trace_ferronic_queue_drain(core->id, queue->name);
    queue->enabled = false;
    if (core->stop_delay_ns == 0) {
        queue_stop(core, queue);
    } else {
        timer_mod(queue->drain_timer, virtual_ns() + core->stop_delay_ns);
    }
}

static void rx_drained(void *opaque)
{
    FerronicCore *core = opaque;
    bool was_engaged = ferronic_core_enter(core);

    queue_stop(core, &core->rx);
    ferronic_core_leave(core, was_engaged);
}

static void tx_drained(void *opaque)
{
    FerronicCore *core = opaque;
    bool was_engaged = ferronic_core_enter(core);

    queue_stop(core, &core->tx);
    ferronic_core_leave(core, was_engaged);
}

static const char *queue_mistake(const FerronicCore *core,
                                 const FerronicQueue *queue)
{
    uint64_t bytes = (uint64_t)queue->size * sizeof(FerronicDesc);

    if (queue->active) {
        return "queue enabled before it has stopped";
    }
    if (!is_power_of_2(queue->size) || queue->size < FERRONIC_RING_SIZE_MIN ||
        queue->size > FERRONIC_RING_SIZE_MAX) {
        return "queue enabled with a bad ring size";
    }
    if (queue->base % FERRONIC_RING_ALIGN || queue->base > UINT64_MAX - bytes) {
        return "queue enabled with a bad ring base";
    }
    if (queue == &core->rx && (core->rx_buffer < FERRONIC_RX_BUFFER_MIN ||
                               core->rx_buffer > FERRONIC_RX_BUFFER_MAX)) {
        return "queue enabled with a bad buffer size";
    }
    return NULL;
}

static void queue_set_enable(FerronicCore *core, FerronicQueue *queue,
                             bool enable)
{
    const char *mistake;

    if (enable == queue->enabled) {
        return;
    }
    if (!enable) {
        queue_drain(core, queue);
        return;
    }
    mistake = queue_mistake(core, queue);
    if (mistake) {
        config_error(core, mistake);
        return;
    }
    queue_start(core, queue);
    rx_resume(core);
}

static bool queue_may_configure(FerronicCore *core, const FerronicQueue *queue)
{
    if (queue->active) {
        config_error(core, "ring changed while its queue runs");
        return false;
    }
    return true;
}

static void queue_set_base_lo(FerronicCore *core, FerronicQueue *queue,
                              uint32_t value)
{
    if (queue_may_configure(core, queue)) {
        queue->base = deposit64(queue->base, 0, 32, value);
    }
}

static void queue_set_base_hi(FerronicCore *core, FerronicQueue *queue,
                              uint32_t value)
{
    if (queue_may_configure(core, queue)) {
        queue->base = deposit64(queue->base, 32, 32, value);
    }
}

static void queue_set_size(FerronicCore *core, FerronicQueue *queue,
                           uint32_t value)
{
    if (queue_may_configure(core, queue)) {
        queue->size = value;
    }
}

/* Returns whether the doorbell gave the device something to do. */
static bool queue_set_tail(FerronicCore *core, FerronicQueue *queue,
                           uint32_t tail)
{
    uint32_t given;

    if (!queue->enabled) {
        qemu_log_mask(LOG_GUEST_ERROR,
                      "ferronic %s: %s doorbell of a disabled queue\n",
                      core->id, queue->name);
        return false;
    }
    if (tail >= queue->size) {
        config_error(core, "doorbell past the ring");
        return false;
    }
    given = (tail - queue->tail) & (queue->size - 1);
    if (queue_owned(queue) + given >= queue->size) {
        config_error(core, "doorbell gives descriptors the device owns");
        return false;
    }
    queue->tail = tail;
    trace_ferronic_doorbell(core->id, queue->name, queue->head, tail);
    return given != 0;
}

/* Receive */

/* A full ring makes the sender wait; a queue that is off drops. */
static const char *rx_wait_reason(const FerronicCore *core)
{
    if (!core->rx.enabled) {
        return NULL;
    }
    if (core->rx.head == core->rx.tail) {
        return "ring full";
    }
    if (!bus_master(core)) {
        return "bus mastering off";
    }
    return NULL;
}

bool ferronic_core_can_receive(FerronicCore *core)
{
    return !rx_wait_reason(core);
}

static bool rx_accepts(const FerronicCore *core, const uint8_t *frame)
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

static void rx_miss(FerronicCore *core, size_t size, const char *why)
{
    trace_ferronic_rx_drop(core->id, size, why);
    core->rx_missed++;
    core->totals.rx_missed++;
}

/* Whether a frame can be received at all; counts what is lost. */
static bool rx_wants(FerronicCore *core, const uint8_t *frame, size_t size)
{
    const char *why = NULL;

    if (!core->ready || !ferronic_core_link_up(core)) {
        why = "not ready or link down";
    } else if (size < FERRONIC_FRAME_MIN) {
        why = "runt";
    } else if (!rx_accepts(core, frame)) {
        why = "for another station";
    } else if (!core->rx.active && !core->rx.failed) {
        why = "queue off";
    }
    if (why) {
        trace_ferronic_rx_drop(core->id, size, why);
        return false;
    }
    if (core->rx.failed) {
        rx_miss(core, size, "queue stopped by an error");
        return false;
    }
    if (size > core->rx_buffer || size > FERRONIC_FRAME_MAX) {
        rx_miss(core, size, "too long");
        return false;
    }
    return true;
}

/* Hands the head descriptor back. Returns false when the queue has stopped. */
static bool rx_write_back(FerronicCore *core, uint32_t length, uint32_t status)
{
    const MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    uint64_t desc = queue_head_addr(&core->rx);
    uint32_t run = core->rx.run;
    MemTxResult result;

    result = stl_le_pci_dma(core->owner, desc + FERRONIC_RX_DESC_LENGTH_OFFSET,
                            length, attrs);
    if (core->rx.run != run) {
        return false;
    }
    /* A vCPU that sees DONE must see all that was written before. */
    smp_wmb();
    result |= stl_le_pci_dma(core->owner, desc + FERRONIC_RX_DESC_STATUS_OFFSET,
                             status, attrs);
    if (core->rx.run != run) {
        return false;
    }
    if (result != MEMTX_OK) {
        queue_fail(core, &core->rx, desc);
        return false;
    }
    queue_advance(&core->rx);
    core->int_pending |= BIT(FERRONIC_VECTOR_RX);
    return true;
}

static void rx_buffer_failed(FerronicCore *core, uint64_t addr)
{
    if (rx_write_back(core, 0, FERRONIC_RX_DESC_STATUS_DONE |
                               FERRONIC_RX_DESC_STATUS_ERROR)) {
        queue_fail(core, &core->rx, addr);
    }
}

static void rx_fill(FerronicCore *core, const uint8_t *frame, size_t size)
{
    uint32_t index = core->rx.head;
    uint32_t run = core->rx.run;
    uint64_t addr;
    MemTxResult result;

    result = ldq_le_pci_dma(core->owner,
                            queue_head_addr(&core->rx) +
                            FERRONIC_RX_DESC_ADDR_OFFSET,
                            &addr, MEMTXATTRS_UNSPECIFIED);
    if (core->rx.run != run) {
        return;
    }
    if (result != MEMTX_OK) {
        rx_miss(core, size, "descriptor not readable");
        queue_fail(core, &core->rx, queue_head_addr(&core->rx));
        return;
    }
    result = pci_dma_write(core->owner, addr, frame, size);
    if (core->rx.run != run) {
        return;
    }
    if (result != MEMTX_OK) {
        rx_miss(core, size, "buffer not writable");
        rx_buffer_failed(core, addr);
        return;
    }
    if (rx_write_back(core, size, FERRONIC_RX_DESC_STATUS_DONE)) {
        trace_ferronic_rx_frame(core->id, index, size);
        core->rx_frames++;
        core->totals.rx_frames++;
    }
}

ssize_t ferronic_core_receive(FerronicCore *core, const uint8_t *frame,
                              size_t size)
{
    const char *wait;

    if (!rx_wants(core, frame, size)) {
        return size;
    }
    wait = rx_wait_reason(core);
    if (wait) {
        trace_ferronic_rx_wait(core->id, wait);
        return 0;
    }
    /* Only a queue that drains can have nothing to give here. */
    if (core->rx.head == core->rx.tail || !bus_master(core)) {
        trace_ferronic_rx_drop(core->id, size, "draining");
        return size;
    }
    rx_fill(core, frame, size);
    irq_update(core);
    return size;
}

/* Transmit */

/* Hands the head descriptor back. Returns false when the queue has stopped. */
static bool tx_write_back(FerronicCore *core, uint32_t command, bool error)
{
    uint64_t addr = queue_head_addr(&core->tx) + FERRONIC_TX_DESC_STATUS_OFFSET;
    uint32_t status = command & FERRONIC_TX_DESC_STATUS_INTERRUPT;
    uint32_t run = core->tx.run;
    MemTxResult result;

    status |= FERRONIC_TX_DESC_STATUS_DONE;
    if (error) {
        status |= FERRONIC_TX_DESC_STATUS_ERROR;
    }
    result = stl_le_pci_dma(core->owner, addr, status, MEMTXATTRS_UNSPECIFIED);
    if (core->tx.run != run) {
        return false;
    }
    if (result != MEMTX_OK) {
        queue_fail(core, &core->tx, addr);
        return false;
    }
    queue_advance(&core->tx);
    if (command & FERRONIC_TX_DESC_STATUS_INTERRUPT) {
        core->int_pending |= BIT(FERRONIC_VECTOR_TX);
    }
    return true;
}

static bool tx_done(FerronicCore *core, uint32_t command)
{
    core->tx_frames++;
    core->totals.tx_frames++;
    return tx_write_back(core, command, false);
}

static bool tx_refuse(FerronicCore *core, uint32_t command, const char *why)
{
    trace_ferronic_tx_error(core->id, core->tx.head, why);
    core->tx_errors++;
    core->totals.tx_errors++;
    return tx_write_back(core, command, true);
}

/*
 * Whether the link partner has a frame that the net layer reports as sent. A
 * hub says so even when the VM stops and its ports throw away what they hold.
 */
static bool tx_was_taken(NetClientState *nc, ssize_t size)
{
    bool by_hub = nc->peer && nc->peer->info->type ==
                  NET_CLIENT_DRIVER_HUBPORT;

    return size > 0 && (runstate_is_running() || !by_hub);
}

/* The receiver took the frame that waited, or the net layer threw it away. */
static void tx_sent(NetClientState *nc, ssize_t size)
{
    FerronicCore *core = qemu_get_nic_opaque(nc);
    bool was_engaged;

    if (!core->tx_in_flight) {
        return;
    }
    core->tx_in_flight = false;
    if (!core->tx.active) {
        return;
    }
    was_engaged = ferronic_core_enter(core);
    trace_ferronic_tx_resume(core->id);
    /* A frame thrown away (the VM stops, the link is cut) is sent again. */
    if (tx_was_taken(nc, size)) {
        tx_done(core, core->tx_in_flight_status);
        irq_update(core);
    }
    tx_kick(core);
    ferronic_core_leave(core, was_engaged);
}

/*
 * Sends core->tx_frame. Returns whether it was sent: if not, it waits in the
 * net layer, which calls tx_sent(), or for our own receiver, which calls
 * rx_resume().
 */
static bool tx_send(FerronicCore *core, uint32_t command, uint32_t size)
{
    NetClientState *nc = qemu_get_queue(core->nic);
    uint32_t run = core->tx.run;
    ssize_t sent;

    if (core->loopback) {
        sent = qemu_receive_packet(nc, core->tx_frame, size);
        if (sent == 0) {
            trace_ferronic_tx_wait(core->id, "own receiver");
        }
        return sent != 0;
    }
    core->tx_in_flight = true;
    core->tx_in_flight_status = command;
    sent = qemu_send_packet_async(nc, core->tx_frame, size, tx_sent);
    if (sent == 0 && core->tx.run == run) {
        trace_ferronic_tx_wait(core->id, "link partner");
        return false;
    }
    core->tx_in_flight = false;
    if (sent == 0) {
        qemu_purge_queued_packets(nc);
    }
    return sent != 0;
}

/* Returns whether the descriptor is done and the queue can go on. */
static bool tx_one(FerronicCore *core, const FerronicDesc *desc)
{
    uint64_t addr = le64_to_cpu(desc->addr);
    uint32_t length = le32_to_cpu(desc->length);
    uint32_t command = le32_to_cpu(desc->status);
    uint32_t index = core->tx.head;
    uint32_t run = core->tx.run;
    MemTxResult result;

    if (length < FERRONIC_FRAME_MIN || length > FERRONIC_FRAME_MAX) {
        return tx_refuse(core, command, "bad length");
    }
    if (!ferronic_core_link_up(core)) {
        return tx_refuse(core, command, "link down");
    }
    result = pci_dma_read(core->owner, addr, core->tx_frame, length);
    if (core->tx.run != run) {
        return false;
    }
    if (result != MEMTX_OK) {
        if (tx_refuse(core, command, "frame not readable")) {
            queue_fail(core, &core->tx, addr);
        }
        return false;
    }
    if (length < FRAME_PADDED) {
        memset(core->tx_frame + length, 0, FRAME_PADDED - length);
        length = FRAME_PADDED;
    }
    if (!tx_send(core, command, length) || core->tx.run != run) {
        return false;
    }
    trace_ferronic_tx_frame(core->id, index, length);
    return tx_done(core, command);
}

/* Reads a run of descriptors in one access. Returns how many. */
static uint32_t tx_fetch(FerronicCore *core, FerronicDesc *batch, uint32_t max)
{
    FerronicQueue *tx = &core->tx;
    uint32_t count = MIN(queue_owned(tx), MIN(max, tx->size - tx->head));
    uint64_t addr = queue_head_addr(tx);
    uint32_t run = tx->run;
    MemTxResult result;

    result = pci_dma_read(core->owner, addr, batch, count * sizeof(*batch));
    if (tx->run != run) {
        return 0;
    }
    if (result != MEMTX_OK) {
        queue_fail(core, tx, addr);
        return 0;
    }
    return count;
}

static void tx_run_batches(FerronicCore *core)
{
    FerronicDesc batch[TX_BATCH];
    uint32_t budget = TX_BUDGET;
    uint32_t count, i;

    while (budget && tx_can_run(core)) {
        count = tx_fetch(core, batch, MIN(budget, TX_BATCH));
        if (count == 0) {
            return;
        }
        for (i = 0; i < count; i++) {
            if (!tx_one(core, &batch[i])) {
                return;
            }
        }
        budget -= count;
    }
    tx_kick(core);
}

static void tx_timer_expired(void *opaque)
{
    FerronicCore *core = opaque;
    bool was_engaged = ferronic_core_enter(core);

    tx_run_batches(core);
    irq_update(core);
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
    /* Nothing latches during a reset: the driver reads LINK_UP after it. */
    if (!core->ready) {
        return;
    }
    was_engaged = ferronic_core_enter(core);
    mgmt_raise(core, FERRONIC_MGMT_CAUSE_LINK_CHANGE);
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

/* Registers */

static const char *register_name(hwaddr addr)
{
    switch (addr) {
#define X(name, access) case FERRONIC_##name: return #name;
    FERRONIC_REGISTERS(X)
#undef X
    default:
        return "?";
    }
}

static uint32_t read_status(const FerronicCore *core)
{
    return (core->ready ? FERRONIC_STATUS_READY : 0) |
           (ferronic_core_link_up(core) ? FERRONIC_STATUS_LINK_UP : 0) |
           (core->rx.active ? FERRONIC_STATUS_RX_ACTIVE : 0) |
           (core->tx.active ? FERRONIC_STATUS_TX_ACTIVE : 0);
}

static uint32_t read_register(const FerronicCore *core, hwaddr addr)
{
    switch (addr) {
    case FERRONIC_ID:
        return FERRONIC_ID_RESET_VALUE;
    case FERRONIC_CTRL:
        return core->loopback ? FERRONIC_CTRL_LOOPBACK : 0;
    case FERRONIC_STATUS:
        return read_status(core);
    case FERRONIC_MAC_LO:
        return core->mac_lo;
    case FERRONIC_MAC_HI:
        return core->mac_hi;
    case FERRONIC_RX_FILTER:
        return core->rx_filter;
    case FERRONIC_INT_ENABLE:
        return core->int_enable;
    case FERRONIC_INT_PENDING:
        return irq_pending(core);
    case FERRONIC_MGMT_CAUSE:
        return core->mgmt_cause;
    case FERRONIC_RX_FRAMES:
        return core->rx_frames;
    case FERRONIC_RX_MISSED:
        return core->rx_missed;
    case FERRONIC_TX_FRAMES:
        return core->tx_frames;
    case FERRONIC_TX_ERRORS:
        return core->tx_errors;
    case FERRONIC_RX_BASE_LO:
        return extract64(core->rx.base, 0, 32);
    case FERRONIC_RX_BASE_HI:
        return extract64(core->rx.base, 32, 32);
    case FERRONIC_RX_SIZE:
        return core->rx.size;
    case FERRONIC_RX_BUFFER:
        return core->rx_buffer;
    case FERRONIC_RX_CTRL:
        return core->rx.enabled ? FERRONIC_RX_CTRL_ENABLE : 0;
    case FERRONIC_RX_TAIL:
        return core->rx.tail;
    case FERRONIC_RX_HEAD:
        return core->rx.head;
    case FERRONIC_TX_BASE_LO:
        return extract64(core->tx.base, 0, 32);
    case FERRONIC_TX_BASE_HI:
        return extract64(core->tx.base, 32, 32);
    case FERRONIC_TX_SIZE:
        return core->tx.size;
    case FERRONIC_TX_CTRL:
        return core->tx.enabled ? FERRONIC_TX_CTRL_ENABLE : 0;
    case FERRONIC_TX_TAIL:
        return core->tx.tail;
    case FERRONIC_TX_HEAD:
        return core->tx.head;
    default:
        return 0;
    }
}

uint32_t ferronic_core_read(FerronicCore *core, hwaddr addr)
{
    uint32_t value = read_register(core, addr);

    trace_ferronic_reg_read(core->id, register_name(addr), value);
    return value;
}

static void write_ctrl(FerronicCore *core, uint32_t value)
{
    if (value & FERRONIC_CTRL_RESET) {
        ferronic_core_reset(core);
        return;
    }
    core->loopback = value & FERRONIC_CTRL_LOOPBACK;
    tx_kick(core);
}

static void update_nic_info(FerronicCore *core)
{
    uint8_t mac[ETH_ALEN];

    stl_le_p(mac, core->mac_lo);
    stw_le_p(mac + 4, core->mac_hi);
    qemu_format_nic_info_str(qemu_get_queue(core->nic), mac);
}

static void write_mac_lo(FerronicCore *core, uint32_t value)
{
    core->mac_lo = value;
    update_nic_info(core);
}

static void write_mac_hi(FerronicCore *core, uint32_t value)
{
    core->mac_hi = value & FERRONIC_MAC_HI_BITS;
    update_nic_info(core);
}

static void write_int_enable_set(FerronicCore *core, uint32_t value)
{
    core->int_enable |= value & FERRONIC_INT_ENABLE_BITS;
    irq_update(core);
}

static void write_rx_buffer(FerronicCore *core, uint32_t value)
{
    if (queue_may_configure(core, &core->rx)) {
        core->rx_buffer = value & FERRONIC_RX_BUFFER_BITS;
    }
}

static void write_register(FerronicCore *core, hwaddr addr, uint32_t value)
{
    switch (addr) {
    case FERRONIC_CTRL:
        write_ctrl(core, value);
        break;
    case FERRONIC_MAC_LO:
        write_mac_lo(core, value);
        break;
    case FERRONIC_MAC_HI:
        write_mac_hi(core, value);
        break;
    case FERRONIC_RX_FILTER:
        core->rx_filter = value & FERRONIC_RX_FILTER_BITS;
        break;
    case FERRONIC_INT_ENABLE_SET:
        write_int_enable_set(core, value);
        break;
    case FERRONIC_INT_ENABLE_CLEAR:
        core->int_enable &= ~value;
        break;
    case FERRONIC_MGMT_CAUSE:
        core->mgmt_cause &= ~value;
        break;
    case FERRONIC_RX_BASE_LO:
        queue_set_base_lo(core, &core->rx, value);
        break;
    case FERRONIC_RX_BASE_HI:
        queue_set_base_hi(core, &core->rx, value);
        break;
    case FERRONIC_RX_SIZE:
        queue_set_size(core, &core->rx, value & FERRONIC_RX_SIZE_BITS);
        break;
    case FERRONIC_RX_BUFFER:
        write_rx_buffer(core, value);
        break;
    case FERRONIC_RX_CTRL:
        queue_set_enable(core, &core->rx, value & FERRONIC_RX_CTRL_ENABLE);
        break;
    case FERRONIC_RX_TAIL:
        if (queue_set_tail(core, &core->rx, value)) {
            rx_resume(core);
        }
        break;
    case FERRONIC_TX_BASE_LO:
        queue_set_base_lo(core, &core->tx, value);
        break;
    case FERRONIC_TX_BASE_HI:
        queue_set_base_hi(core, &core->tx, value);
        break;
    case FERRONIC_TX_SIZE:
        queue_set_size(core, &core->tx, value & FERRONIC_TX_SIZE_BITS);
        break;
    case FERRONIC_TX_CTRL:
        queue_set_enable(core, &core->tx, value & FERRONIC_TX_CTRL_ENABLE);
        break;
    case FERRONIC_TX_TAIL:
        if (queue_set_tail(core, &core->tx, value)) {
            tx_kick(core);
        }
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR,
                      "ferronic %s: write to read-only or missing register "
                      "0x%" HWADDR_PRIx "\n", core->id, addr);
    }
}

void ferronic_core_write(FerronicCore *core, hwaddr addr, uint32_t value)
{
    if (!core->ready) {
        trace_ferronic_reg_write_in_reset(core->id, register_name(addr));
        qemu_log_mask(LOG_GUEST_ERROR,
                      "ferronic %s: %s written before STATUS.READY\n",
                      core->id, register_name(addr));
        return;
    }
    trace_ferronic_reg_write(core->id, register_name(addr), value);
    write_register(core, addr, value);
}

void ferronic_core_pci_changed(FerronicCore *core)
{
    bool was_engaged = ferronic_core_enter(core);

    irq_update(core);
    rx_resume(core);
    ferronic_core_leave(core, was_engaged);
}

/* Reset */

static void become_ready(void *opaque)
{
    FerronicCore *core = opaque;

    trace_ferronic_ready(core->id);
    core->ready = true;
}

static void reset_queue(FerronicCore *core, FerronicQueue *queue)
{
    queue_stop(core, queue);
    queue->base = 0;
    queue->size = 0;
    queue->head = 0;
    queue->tail = 0;
    queue->failed = false;
}

static void reset_registers(FerronicCore *core)
{
    core->loopback = false;
    core->mac_lo = ldl_le_p(core->permanent_mac.a);
    core->mac_hi = lduw_le_p(core->permanent_mac.a + 4);
    core->rx_filter = FERRONIC_RX_FILTER_RESET_VALUE;
    core->rx_buffer = FERRONIC_RX_BUFFER_RESET_VALUE;
    core->int_enable = FERRONIC_INT_ENABLE_RESET_VALUE;
    core->int_pending = 0;
    core->mgmt_cause = FERRONIC_MGMT_CAUSE_RESET_VALUE;
    core->rx_frames = 0;
    core->rx_missed = 0;
    core->tx_frames = 0;
    core->tx_errors = 0;
    update_nic_info(core);
}

void ferronic_core_reset(FerronicCore *core)
{
    trace_ferronic_reset(core->id, core->reset_delay_ns);
    core->totals.resets++;
    core->ready = false;
    reset_queue(core, &core->rx);
    reset_queue(core, &core->tx);
    reset_registers(core);
    if (core->reset_delay_ns == 0) {
        become_ready(core);
    } else {
        timer_mod(core->ready_timer, virtual_ns() + core->reset_delay_ns);
    }
}

void ferronic_core_realize(FerronicCore *core)
{
    core->rx.name = "RX";
    core->tx.name = "TX";
    core->ready_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, become_ready, core);
    core->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tx_timer_expired, core);
    core->rx.drain_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, rx_drained, core);
    core->tx.drain_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tx_drained, core);
}

void ferronic_core_unrealize(FerronicCore *core)
{
    core->rx.active = false;
    core->tx.active = false;
    timer_free(core->ready_timer);
    timer_free(core->tx_timer);
    timer_free(core->rx.drain_timer);
    timer_free(core->tx.drain_timer);
}

/* Migration */

static bool queue_is_sane(const FerronicQueue *queue)
{
    return !queue->active ||
           (is_power_of_2(queue->size) &&
            queue->size >= FERRONIC_RING_SIZE_MIN &&
            queue->size <= FERRONIC_RING_SIZE_MAX &&
            queue->head < queue->size && queue->tail < queue->size);
}

static int core_post_load(void *opaque, int version_id)
{
    FerronicCore *core = opaque;

    if (!queue_is_sane(&core->rx) || !queue_is_sane(&core->tx)) {
        return -EINVAL;
    }
    core->int_enable &= FERRONIC_INT_ENABLE_BITS;
    core->int_pending &= BIT(FERRONIC_VECTOR_RX) | BIT(FERRONIC_VECTOR_TX);
    update_nic_info(core);
    return 0;
}

static const VMStateDescription queue_vmstate = {
    .name = "ferronic/queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(base, FerronicQueue),
        VMSTATE_UINT32(size, FerronicQueue),
        VMSTATE_UINT32(head, FerronicQueue),
        VMSTATE_UINT32(tail, FerronicQueue),
        VMSTATE_BOOL(enabled, FerronicQueue),
        VMSTATE_BOOL(active, FerronicQueue),
        VMSTATE_BOOL(failed, FerronicQueue),
        VMSTATE_TIMER_PTR(drain_timer, FerronicQueue),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription totals_vmstate = {
    .name = "ferronic/totals",
    .version_id = 1,
    .minimum_version_id = 1,
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
        VMSTATE_END_OF_LIST()
    }
};

/*
 * A frame in flight is not saved: stopping the VM empties the net queues, and
 * tx_sent() has then put the frame back and armed the timer.
 */
const VMStateDescription ferronic_core_vmstate = {
    .name = "ferronic/core",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = core_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(ready, FerronicCore),
        VMSTATE_BOOL(loopback, FerronicCore),
        VMSTATE_UINT32(mac_lo, FerronicCore),
        VMSTATE_UINT32(mac_hi, FerronicCore),
        VMSTATE_UINT32(rx_filter, FerronicCore),
        VMSTATE_UINT32(rx_buffer, FerronicCore),
        VMSTATE_UINT32(int_enable, FerronicCore),
        VMSTATE_UINT32(int_pending, FerronicCore),
        VMSTATE_UINT32(mgmt_cause, FerronicCore),
        VMSTATE_UINT32(rx_frames, FerronicCore),
        VMSTATE_UINT32(rx_missed, FerronicCore),
        VMSTATE_UINT32(tx_frames, FerronicCore),
        VMSTATE_UINT32(tx_errors, FerronicCore),
        VMSTATE_STRUCT(rx, FerronicCore, 1, queue_vmstate, FerronicQueue),
        VMSTATE_STRUCT(tx, FerronicCore, 1, queue_vmstate, FerronicQueue),
        VMSTATE_TIMER_PTR(ready_timer, FerronicCore),
        VMSTATE_TIMER_PTR(tx_timer, FerronicCore),
        VMSTATE_BOOL(backend_up, FerronicCore),
        VMSTATE_BOOL(forced_down, FerronicCore),
        VMSTATE_STRUCT(totals, FerronicCore, 1, totals_vmstate,
                       FerronicTotals),
        VMSTATE_END_OF_LIST()
    }
};
