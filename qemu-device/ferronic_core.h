/*
 * Ferronic NIC: state of the device, and what its parts offer each other
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_CORE_H
#define HW_NET_FERRONIC_CORE_H

#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qapi/qapi-types-ferronic.h"
#include "qemu/timer.h"
#include "ferronic_regs.gen.h"
#include "ferronic_contract.h"

#define FERRONIC_TX_FETCH       128     /* descriptors read in one access */
#define FERRONIC_FIFO_FRAMES    1024
#define FERRONIC_RSS_INPUT      36      /* two IPv6 addresses and two ports */

/* As the guest lays them out; little-endian. */
typedef struct FerronicRxDesc {
    uint64_t addr;
    uint32_t hash;
    uint32_t status;
} FerronicRxDesc;

typedef struct FerronicTxDesc {
    uint64_t addr;
    uint32_t layout;
    uint32_t command;
} FerronicTxDesc;

QEMU_BUILD_BUG_ON(sizeof(FerronicRxDesc) != FERRONIC_RX_DESC_SIZE);
QEMU_BUILD_BUG_ON(sizeof(FerronicTxDesc) != FERRONIC_TX_DESC_SIZE);
QEMU_BUILD_BUG_ON(offsetof(FerronicRxDesc, status) !=
                  FERRONIC_RX_DESC_STATUS_OFFSET);
QEMU_BUILD_BUG_ON(offsetof(FerronicTxDesc, command) !=
                  FERRONIC_TX_DESC_COMMAND_OFFSET);

typedef struct FerronicCore FerronicCore;
typedef struct FerronicFaultHooks FerronicFaultHooks;

/* A descriptor ring; the device owns [head, tail). */
typedef struct FerronicQueue {
    FerronicCore *core;
    char name[8];
    unsigned id;            /* RX: number of the pair; TX: that + QUEUES */
    unsigned pair;
    bool tx;
    uint64_t base;
    uint32_t size;
    uint32_t head;
    uint32_t tail;
    uint32_t vector;
    bool enabled;           /* CTRL.ENABLE */
    bool active;            /* may access memory; outlives enabled by a drain */
    bool failed;            /* stopped by a failed access */
    QEMUTimer *drain_timer;
} FerronicQueue;

typedef struct FerronicRx {
    FerronicQueue queue;
    uint32_t buffer;
} FerronicRx;

typedef struct FerronicTx {
    FerronicQueue queue;
    uint64_t writeback;
    uint32_t reported_head; /* as last written back */
    uint32_t errors;        /* frames not sent since the queue was enabled */
    uint32_t reported_errors;
    uint32_t segments;      /* of the frame at the head, sent already */
    bool discarding;        /* drops descriptors up to the next EOP */
    bool unfinished;        /* the frame at the tail is known to lack EOP */
    bool interrupt;         /* to be raised with the next write-back */
    bool blocked;           /* waits for our own receiver */
    int64_t engine_ns;      /* up to when the queue has worked */
    bool busy;              /* there is so much to do that it may wait */
    uint32_t enough;        /* descriptors that are worth a look by a doorbell */
    uint32_t looks;         /* of doorbells since the timer last came */
    uint32_t timer_descs;   /* done since timer_ns, to tell whether it is busy */
    int64_t timer_ns;
    uint32_t fetched;       /* descriptors that were read, from the head on */
    FerronicTxDesc fetch[FERRONIC_TX_FETCH];
    QEMUTimer *timer;
} FerronicTx;

/* A received frame on its way to memory, at data[offset] of the FIFO. */
typedef struct FerronicFifoFrame {
    uint32_t offset;
    uint32_t size;
} FerronicFifoFrame;

typedef struct FerronicFifo {
    FerronicFifoFrame frames[FERRONIC_FIFO_FRAMES];
    uint32_t first;
    uint32_t count;
    uint32_t end;           /* where the next frame goes, if it fits */
    uint8_t data[FERRONIC_RX_FIFO_SIZE];
} FerronicFifo;

/* Copies between memory and the device's own. */
typedef struct FerronicCopy {
    uint64_t addr;
    uint32_t length;
    uint32_t offset;
    bool to_memory;
    bool active;
    bool stopping;
    bool error;
    uint8_t memory[FERRONIC_DMA_MEMORY_SIZE];
    QEMUTimer *timer;
} FerronicCopy;

typedef struct FerronicRss {
    uint32_t ctrl;
    uint8_t key[FERRONIC_RSS_KEY_SIZE];
    uint8_t table[FERRONIC_RSS_ENTRIES];
    /* What each byte of the input contributes; made from the key on demand. */
    bool lookup_valid;
    uint32_t lookup[FERRONIC_RSS_INPUT][256];
} FerronicRss;

typedef struct FerronicVector {
    FerronicCore *core;
    unsigned number;
    uint32_t interval_ns;   /* INT_MODERATION */
    int64_t quiet_until_ns;
    QEMUTimer *timer;
} FerronicVector;

/* Since the device was created; a reset does not touch these. */
typedef struct FerronicTotals {
    uint64_t resets;
    uint64_t config_errors;
    uint64_t dma_errors;
    uint64_t rx_frames;
    uint64_t rx_missed;
    uint64_t tx_frames;
    uint64_t tx_errors;
    uint64_t delivered[FERRONIC_VECTORS];
    uint64_t held[FERRONIC_VECTORS];
    uint64_t states[FERRONIC_DEVICE_STATE__MAX];
} FerronicTotals;

/* What became of an MSI-X message. */
typedef enum FerronicMessage {
    FERRONIC_MESSAGE_SENT,
    FERRONIC_MESSAGE_HELD,      /* masked: now a bit in the PBA */
    FERRONIC_MESSAGE_BLOCKED,   /* MSI-X or bus mastering is off */
} FerronicMessage;

/* What became of a memory access of the device. */
typedef enum FerronicDma {
    FERRONIC_DMA_OK,
    FERRONIC_DMA_FAILED,
    /*
     * The access ended in something that reset or stopped us: nothing that was
     * known before it is true any more.
     */
    FERRONIC_DMA_GONE,
} FerronicDma;

struct FerronicCore {
    PCIDevice *owner;
    NICState *nic;
    const char *id;
    MACAddr permanent_mac;

    /* Properties */
    uint64_t reset_delay_ns;
    uint64_t tx_latency_ns;
    uint64_t rx_latency_ns;
    uint64_t batch_ns;
    uint64_t stop_delay_ns;
    uint32_t default_dma_latency_ns;
    bool flow_control;

    /* Life */
    bool ready;
    bool bus_master;        /* as in the command register */
    bool asleep;            /* in D3hot */
    bool gone;              /* removed, or dead: reads as ones */
    bool unrealized;
    uint32_t generation;    /* changes whenever a queue starts or stops */
    QEMUTimer *ready_timer;

    /* Registers */
    bool loopback;
    uint32_t mac_lo;
    uint32_t mac_hi;
    uint32_t rx_filter;
    uint32_t max_frame;
    uint32_t scratch;
    uint32_t dma_latency_ns;
    uint32_t int_enable;
    uint32_t int_pending;   /* of queues; the management bit is computed */
    uint32_t mgmt_cause;
    uint32_t rx_frames;
    uint32_t rx_missed;
    uint32_t tx_frames;
    uint32_t tx_errors;
    uint32_t violations;
    FerronicRss rss;
    FerronicCopy copy;
    FerronicVector vectors[FERRONIC_VECTORS];
    bool intx_stuck;        /* the line is high, whatever is pending */

    FerronicRx rx[FERRONIC_QUEUES];
    FerronicTx tx[FERRONIC_QUEUES];

    /* Receive engine */
    FerronicFifo fifo;
    int64_t rx_engine_ns;   /* up to when it has worked */
    bool rx_refused;        /* somebody waits for room in the FIFO */
    QEMUTimer *rx_timer;

    /* Link */
    bool backend_up;
    bool forced_down;       /* by an injected flap */
    bool wire_busy;         /* a frame waits in the net layer for its receiver */
    uint32_t wire_queue;    /* whose frame that is */
    uint8_t tx_frame[FERRONIC_TSO_MAX];
    uint8_t tx_segment[FERRONIC_FRAME_MAX];

    FerronicTotals totals;
    FerronicContract contract;
    const FerronicFaultHooks *faults;   /* NULL when there are none */
    void *faults_opaque;

    /*
     * The sink takes frames instead of the link; returns whether it did. The
     * generator is told when frames can be received again. Both may be NULL.
     */
    bool (*sink)(void *opaque, const uint8_t *frame, size_t size);
    void (*rx_room)(void *opaque);
    void *traffic_opaque;
};

/* The device has come to a state, or a frame has. */
static inline void ferronic_reached(FerronicCore *core,
                                    FerronicDeviceState state)
{
    core->totals.states[state]++;
}

/* ferronic_migration.c: the state that migrates */

extern const VMStateDescription ferronic_core_vmstate;

/* ferronic_core.c: life of the device */

void ferronic_core_realize(FerronicCore *core);
void ferronic_core_unrealize(FerronicCore *core);
void ferronic_core_reset(FerronicCore *core);
/* Whether a queue or the copy engine may access memory. */
bool ferronic_core_active(const FerronicCore *core);
/* PCI configuration has changed: bus mastering, MSI-X or the INTx mask. */
void ferronic_core_pci_changed(FerronicCore *core);
void ferronic_core_power_down(FerronicCore *core);
void ferronic_core_power_up(FerronicCore *core);
/* From now on the device does not answer; it cannot be undone. */
void ferronic_core_remove(FerronicCore *core);

bool ferronic_core_link_up(const FerronicCore *core);
void ferronic_core_backend_link(FerronicCore *core, bool up);
void ferronic_core_force_link_down(FerronicCore *core, bool down);

/*
 * MMIO and the net layer engage the device's re-entrancy guard by themselves,
 * timers do not: without it, a ring or a buffer that lies in our own BAR would
 * write registers in the middle of the transfer. Keeps the device alive, too.
 * Returns what to hand to ferronic_core_leave().
 */
bool ferronic_core_enter(FerronicCore *core);
void ferronic_core_leave(FerronicCore *core, bool was_engaged);

int64_t ferronic_now(void);

/* Device's memory accesses. */
FerronicDma ferronic_dma_read(FerronicCore *core, int queue, uint64_t addr,
                              void *buf, size_t size);
FerronicDma ferronic_dma_write(FerronicCore *core, int queue, uint64_t addr,
                               const void *buf, size_t size);

/* ferronic_registers.c */

uint64_t ferronic_registers_read(FerronicCore *core, hwaddr addr,
                                 unsigned size);
void ferronic_registers_write(FerronicCore *core, hwaddr addr, uint64_t value,
                              unsigned size);
const char *ferronic_register_name(hwaddr addr);
void ferronic_registers_reset(FerronicCore *core);
void ferronic_registers_update_mac(FerronicCore *core);

/* ferronic_queue.c: what receive and transmit queues have in common */

static inline uint32_t ferronic_queue_owned(const FerronicQueue *queue)
{
    return (queue->tail - queue->head) & (queue->size - 1);
}

static inline uint32_t ferronic_queue_next(const FerronicQueue *queue,
                                           uint32_t index, uint32_t steps)
{
    return (index + steps) & (queue->size - 1);
}

/* Receive and transmit descriptors have the same size. */
static inline uint64_t ferronic_queue_desc(const FerronicQueue *queue,
                                           uint32_t index)
{
    return queue->base + (uint64_t)index * FERRONIC_RX_DESC_SIZE;
}

/* Reads count descriptors from the head on, around the end of the ring. */
FerronicDma ferronic_queue_fetch(FerronicQueue *queue, void *descs,
                                 uint32_t count);
/* For registers of a queue: whether they may be written now. */
bool ferronic_queue_may_configure(FerronicQueue *queue);
void ferronic_queue_set_vector(FerronicQueue *queue, uint32_t vector);
void ferronic_queue_set_enable(FerronicQueue *queue, bool enable);
void ferronic_queue_doorbell(FerronicQueue *queue, uint32_t tail);
void ferronic_queue_fail(FerronicQueue *queue, uint64_t addr);
void ferronic_queue_stop(FerronicQueue *queue);
void ferronic_queue_reset(FerronicQueue *queue);
void ferronic_queue_init(FerronicQueue *queue, FerronicCore *core,
                         unsigned pair, bool tx);
bool ferronic_queue_is_sane(const FerronicQueue *queue);
/* A register write was ignored because it broke a rule. */
void ferronic_config_error(FerronicCore *core, FerronicRule rule, int queue,
                           uint64_t value, const char *detail);

/* ferronic_rx.c */

/* Whether there is room for a frame of any size; false makes senders wait. */
bool ferronic_rx_has_room(FerronicCore *core);
/* A frame comes in. Returns false when there is no room for it. */
bool ferronic_rx_offer(FerronicCore *core, const uint8_t *frame, size_t size);
/* Lets the receive engine go on, if it can. */
void ferronic_rx_kick(FerronicCore *core);
/* Writes a descriptor's HASH and STATUS. */
FerronicDma ferronic_rx_store(FerronicRx *rx, uint32_t index, uint32_t hash,
                              uint32_t status);
void ferronic_rx_timer(void *opaque);
void ferronic_rx_reset(FerronicCore *core);

/* ferronic_tx.c */

/* Lets a queue go on, if it can. */
void ferronic_tx_kick(FerronicTx *tx);
/* Descriptors were given, and there were none before if @was_idle. */
void ferronic_tx_doorbell(FerronicTx *tx, bool was_idle);
/* Does what is due. */
void ferronic_tx_catch_up(FerronicTx *tx);
void ferronic_tx_kick_all(FerronicCore *core);
/* Writes the queue's TX_WRITEBACK. */
FerronicDma ferronic_tx_store(FerronicTx *tx, uint32_t head, uint32_t errors);
void ferronic_tx_started(FerronicTx *tx);
void ferronic_tx_stopped(FerronicTx *tx);
void ferronic_tx_timer(void *opaque);

/* ferronic_irq.c */

/* Makes a vector pending; 0 is no vector. ferronic_irq_update() fires it. */
static inline void ferronic_irq_raise(FerronicCore *core, uint32_t vector)
{
    core->int_pending |= BIT(vector) & ~BIT(FERRONIC_VECTOR_MGMT);
    if (!(core->int_enable & BIT(vector))) {
        ferronic_reached(core, FERRONIC_DEVICE_STATE_IRQ_DISABLED);
    }
}

uint32_t ferronic_irq_pending(const FerronicCore *core);
/* Fires what is pending and enabled; drives the INTx line. */
void ferronic_irq_update(FerronicCore *core);
void ferronic_irq_management(FerronicCore *core, uint32_t cause);
void ferronic_irq_enable(FerronicCore *core, uint32_t vectors);
/* Sends a message whatever INT_ENABLE says. */
FerronicMessage ferronic_irq_message(FerronicCore *core, unsigned vector);
void ferronic_irq_reset(FerronicCore *core);
void ferronic_irq_realize(FerronicCore *core);
void ferronic_irq_unrealize(FerronicCore *core);

/* ferronic_copy.c */

void ferronic_copy_write(FerronicCore *core, unsigned reg, uint32_t value);
void ferronic_copy_reset(FerronicCore *core);
void ferronic_copy_timer(void *opaque);

#endif /* HW_NET_FERRONIC_CORE_H */
