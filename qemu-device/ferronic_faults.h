/*
 * Ferronic NIC: faults
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_FAULTS_H
#define HW_NET_FERRONIC_FAULTS_H

#include "qapi/qapi-types-ferronic.h"
#include "ferronic_core.h"

/*
 * What the fault engine hears of, and may change. A hook may be NULL; while
 * FerronicCore.faults is NULL nothing is asked at all. Hooks that return bool
 * say whether the thing happens. What was withheld can be done later, from a
 * timer inside ferronic_core_enter() and ferronic_core_leave(), by
 * ferronic_rx_store(), ferronic_tx_store() and ferronic_irq_message().
 */
struct FerronicFaultHooks {
    /* A descriptor is about to be written back. */
    bool (*rx_completion)(void *opaque, FerronicRx *rx, uint32_t index,
                          uint32_t *hash, uint32_t *status);
    bool (*tx_completion)(void *opaque, FerronicTx *tx, uint32_t *head,
                          uint32_t *errors);
    /* A frame has come in; it may be changed. */
    void (*rx_frame)(void *opaque, uint8_t *frame, size_t size);
    /* Descriptors are about to be worked on. */
    void (*descriptors)(void *opaque, FerronicQueue *queue, uint32_t count);
    /*
     * After a read, before a write. False fails the access; the buffer may be
     * changed and, for a write, the size made smaller.
     */
    bool (*dma)(void *opaque, bool write, int queue, uint64_t addr,
                uint8_t *buf, size_t *size);
    /* A vector fires; another one may be named. */
    bool (*interrupt)(void *opaque, unsigned *vector);
    /* Sees reads before the guest, and all writes. */
    void (*reg_read)(void *opaque, hwaddr addr, uint32_t *value);
    void (*reg_write)(void *opaque, hwaddr addr, uint32_t value);
    /* A reset has ended: false keeps STATUS.READY at 0. */
    bool (*ready)(void *opaque);
    /* A queue has stopped: nothing may be written for it any more. */
    void (*queue_stopped)(void *opaque, FerronicQueue *queue);
};

/* Whether a hook is there: ferronic_fault_hook(core, dma) */
#define ferronic_fault_hook(core, hook) \
    (unlikely((core)->faults) && (core)->faults->hook)

#define FERRONIC_FAULTS_MAX     256     /* under way, or not forgotten */
#define FERRONIC_DELAYED_MAX    256
#define FERRONIC_NEVER          INT64_MAX

typedef struct FerronicFaults FerronicFaults;

/* One fault, from the plan or from a command. */
typedef struct FerronicFaultSlot {
    FerronicFault *spec;        /* NULL: free */
    uint32_t id;
    uint32_t remaining;         /* how often it is still to happen */
    uint32_t armed;             /* how often to the next things of its sort */
    uint32_t actions;           /* how often at once, when the timer comes */
    bool cancelled;
    int64_t due;                /* of a trigger by time */
    uint64_t events;            /* that its trigger has counted */
    uint64_t opportunities;
    uint64_t delivered;
    uint64_t ineffective;
    int64_t last_time;          /* of a delivery; FERRONIC_NEVER if none */
    int64_t ends;               /* of a fault that lasts */
    uint64_t random;
    FerronicLogSource log;
    uint8_t *json;              /* spec, on its way to another QEMU */
    uint32_t json_size;
} FerronicFaultSlot;

/* Messages without a cause, one storm a vector. */
typedef struct FerronicStorm {
    FerronicFaults *faults;
    QEMUTimer *timer;
    uint32_t id;                /* of the fault */
    uint32_t rate_hz;
    uint32_t remaining;
    uint64_t sent;              /* since start_ns */
    int64_t start_ns;
} FerronicStorm;

typedef struct FerronicStorms {
    FerronicStorm vector[FERRONIC_VECTORS];
    uint64_t started;
    uint64_t requested;
    uint64_t delivered;
    uint64_t masked;
} FerronicStorms;

/* The link goes down and up again. */
typedef struct FerronicFlap {
    QEMUTimer *timer;
    uint32_t id;                /* of the fault */
    uint64_t down_ns;
    uint32_t remaining;         /* flaps that have not ended */
    bool down;
    bool was_up;                /* when this flap began */
    uint64_t requested;
    uint64_t delivered;
    uint64_t ineffective;
} FerronicFlap;

/* Something that was withheld, or comes again. */
typedef struct FerronicDelayed {
    int64_t due;                /* FERRONIC_NEVER: after the next completion */
    uint32_t id;                /* of the fault */
    bool interrupt;             /* a message; else a completion */
    uint8_t which;              /* vector, or FerronicQueue.id */
    uint32_t index;             /* RX: of the descriptor; TX: the head */
    uint32_t hash;
    uint32_t status;            /* RX: of the descriptor; TX: errors */
} FerronicDelayed;

typedef struct FerronicKindCount {
    uint64_t injected;
    uint64_t effective;
    uint64_t delivered;
    uint64_t ineffective;
} FerronicKindCount;

struct FerronicFaults {
    FerronicCore *core;

    /* Properties */
    char *plan_file;
    uint64_t seed;

    uint64_t plan;              /* hash of the plan that was begun; 0: none */
    uint32_t next_id;
    FerronicFaultSlot slots[FERRONIC_FAULTS_MAX];
    FerronicKindCount counts[FERRONIC_FAULT_KIND__MAX];
    FerronicStorms storms;
    FerronicFlap flap;
    FerronicDelayed delayed[FERRONIC_DELAYED_MAX];
    uint32_t delayed_count;
    QEMUTimer *timer;
    uint64_t tainted;           /* deliveries that may have changed frames */
    bool misleading;            /* one since READY that can mislead a driver */
    uint32_t failed_queues;     /* whose access was made to fail */
    bool failed_copy;
    bool in_register_access;
    int64_t flush_ns;           /* when the log gets what was added up */
    VMChangeStateEntry *run_state;

    /* Computed */
    uint32_t live_kinds;        /* bits of FerronicFaultKind */
    uint32_t live_events;       /* bits of FerronicEvent */
    uint32_t live_end;          /* no slot from here on is live */
};

QEMU_BUILD_BUG_ON(FERRONIC_FAULT_KIND__MAX > 32);
QEMU_BUILD_BUG_ON(FERRONIC_ENGINE_TX0 != FERRONIC_QUEUES);
QEMU_BUILD_BUG_ON(FERRONIC_ENGINE_COPY != 2 * FERRONIC_QUEUES);

extern const VMStateDescription ferronic_faults_vmstate;

bool ferronic_faults_realize(FerronicFaults *faults, FerronicCore *core,
                             Error **errp);
void ferronic_faults_unrealize(FerronicFaults *faults);

/* Whether a fault since the last reset can make a good driver break rules. */
bool ferronic_faults_may_mislead(const FerronicCore *core);
/* Whether the access that has just stopped a queue was made to fail. */
bool ferronic_faults_made_dma_fail(FerronicCore *core, int queue);

/* ferronic_faults.c: for the other files of the fault engine */

/* Takes a fault over that was checked. Returns its number, or 0. */
uint32_t ferronic_fault_add(FerronicFaults *faults, const FerronicFault *spec,
                            Error **errp);
/* The same; what is due now has happened when this returns. */
uint32_t ferronic_fault_add_now(FerronicFaults *faults,
                                const FerronicFault *spec, Error **errp);
void ferronic_fault_cancel(FerronicFaults *faults, FerronicFaultSlot *slot);
FerronicFaultSlot *ferronic_fault_find(FerronicFaults *faults, uint32_t id);
FerronicFaultState ferronic_fault_state(const FerronicFaults *faults,
                                        const FerronicFaultSlot *slot);
/*
 * What the fault slots ask for: when the timer comes, and which hooks. To be
 * called when any of them has changed.
 */
void ferronic_faults_update(FerronicFaults *faults);
/* A fault had its effect; the rest becomes members of its line in the log. */
void ferronic_fault_delivered(FerronicFaults *faults, FerronicFaultSlot *slot,
                              uint64_t count, const char *members, ...)
    G_GNUC_PRINTF(4, 5);
void ferronic_fault_ineffective(FerronicFaults *faults,
                                FerronicFaultSlot *slot, uint64_t count,
                                const char *why);

/* ferronic_fault_trigger.c */

/* Whether a fault can still happen. */
static inline bool ferronic_fault_is_live(const FerronicFaultSlot *slot)
{
    return slot->spec && slot->remaining && !slot->cancelled;
}

/* When a new fault happens, if a time decides. */
void ferronic_trigger_start(FerronicFaultSlot *slot, uint64_t device_seed,
                            int64_t now);
/*
 * Something was counted that triggers may wait for, at a queue or a vector or
 * the offset of a register.
 */
void ferronic_trigger_event(FerronicFaults *faults, FerronicEvent event,
                            uint32_t which, uint32_t count);
void ferronic_trigger_time(FerronicFaults *faults, int64_t now);
/* Something came by that the fault can happen to: whether it does. */
bool ferronic_trigger_opportunity(FerronicFaults *faults,
                                  FerronicFaultSlot *slot);
/* The event that a trigger counts. Returns false when it counts none. */
bool ferronic_trigger_counts(const FerronicFault *spec, FerronicEvent *event);

/* ferronic_fault_plan.c */

/* Whether a fault can be injected: ranges, and what fits together. */
bool ferronic_fault_check(const FerronicFault *spec, Error **errp);
/* Reads the file of the property fault-plan; NULL: an error. */
FerronicFaultPlan *ferronic_fault_plan_read(const char *file, uint64_t *hash,
                                            Error **errp);
FerronicFault *ferronic_fault_from_json(const char *json, Error **errp);
char *ferronic_fault_to_json(const FerronicFault *spec);
/* Whether a kind happens as soon as its trigger fires. */
bool ferronic_fault_is_at_once(FerronicFaultKind kind);

/* ferronic_fault_actions.c: faults that happen at once */

void ferronic_fault_act(FerronicFaults *faults, FerronicFaultSlot *slot);
/* Ends a fault that lasts. */
void ferronic_fault_end(FerronicFaults *faults, FerronicFaultSlot *slot);

/* ferronic_fault_hooks.c: faults that happen to what the device does */

extern const FerronicFaultHooks ferronic_fault_hooks;

/* ferronic_fault_delay.c */

/* Withholds a copy of it. Returns false when there is no room. */
bool ferronic_delay(FerronicFaults *faults, const FerronicDelayed *delayed);
/* Lets what waits for a completion of a queue come after it. */
void ferronic_delay_release(FerronicFaults *faults, unsigned queue);
void ferronic_delay_release_fault(FerronicFaults *faults, uint32_t id);
void ferronic_delay_drop_queue(FerronicFaults *faults, unsigned queue);
/* Does what is due. */
void ferronic_delay_run(FerronicFaults *faults, int64_t now);
int64_t ferronic_delay_next(const FerronicFaults *faults);
extern const VMStateDescription ferronic_delayed_vmstate;

/* ferronic_fault_storm.c */

bool ferronic_storm_start(FerronicFaults *faults, uint32_t id,
                          const FerronicFaultIrqStorm *spec);
void ferronic_storm_end(FerronicFaults *faults, uint32_t id);
bool ferronic_storms_active(const FerronicStorms *storms);
bool ferronic_storm_belongs(const FerronicFaults *faults, uint32_t id);
void ferronic_storms_realize(FerronicFaults *faults);
void ferronic_storms_unrealize(FerronicFaults *faults);
extern const VMStateDescription ferronic_storms_vmstate;

/* ferronic_fault_flap.c */

bool ferronic_flap_start(FerronicFaults *faults, uint32_t id,
                         const FerronicFaultLinkFlap *spec);
void ferronic_flap_end(FerronicFaults *faults, uint32_t id);
void ferronic_flap_realize(FerronicFaults *faults);
void ferronic_flap_unrealize(FerronicFaults *faults);
extern const VMStateDescription ferronic_flap_vmstate;

#endif /* HW_NET_FERRONIC_FAULTS_H */
