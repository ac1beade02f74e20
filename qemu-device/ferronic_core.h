/*
 * Ferronic NIC: behaviour of the device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_CORE_H
#define HW_NET_FERRONIC_CORE_H

#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qemu/timer.h"
#include "ferronic_regs.gen.h"

/* A descriptor ring; the device owns [head, tail). */
typedef struct FerronicQueue {
    const char *name;
    uint64_t base;
    uint32_t size;
    uint32_t head;
    uint32_t tail;
    bool enabled;           /* CTRL.ENABLE */
    bool active;            /* may access memory; outlives enabled by a drain */
    bool failed;            /* stopped by a failed access */
    uint32_t run;           /* changes whenever the queue starts or stops */
    QEMUTimer *drain_timer;
} FerronicQueue;

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
} FerronicTotals;

/* What became of an MSI-X message. */
typedef enum FerronicMessage {
    FERRONIC_MESSAGE_SENT,
    FERRONIC_MESSAGE_HELD,      /* masked: now a bit in the PBA */
    FERRONIC_MESSAGE_BLOCKED,   /* MSI-X or bus mastering is off */
} FerronicMessage;

typedef struct FerronicCore {
    PCIDevice *owner;
    NICState *nic;
    const char *id;
    MACAddr permanent_mac;
    uint64_t reset_delay_ns;
    uint64_t tx_latency_ns;
    uint64_t stop_delay_ns;

    bool ready;
    bool loopback;
    uint32_t mac_lo;
    uint32_t mac_hi;
    uint32_t rx_filter;
    uint32_t rx_buffer;
    uint32_t int_enable;
    uint32_t int_pending;       /* RX and TX; the management bit is computed */
    uint32_t mgmt_cause;
    uint32_t rx_frames;
    uint32_t rx_missed;
    uint32_t tx_frames;
    uint32_t tx_errors;
    FerronicQueue rx;
    FerronicQueue tx;
    QEMUTimer *ready_timer;
    QEMUTimer *tx_timer;

    bool backend_up;
    bool forced_down;           /* by an injected flap */

    /* The head of the TX ring waits in the net layer for its receiver. */
    bool tx_in_flight;
    uint32_t tx_in_flight_status;
    uint8_t tx_frame[FERRONIC_FRAME_MAX];

    FerronicTotals totals;
} FerronicCore;

extern const VMStateDescription ferronic_core_vmstate;

void ferronic_core_realize(FerronicCore *core);
void ferronic_core_unrealize(FerronicCore *core);
void ferronic_core_reset(FerronicCore *core);
uint32_t ferronic_core_read(FerronicCore *core, hwaddr addr);
void ferronic_core_write(FerronicCore *core, hwaddr addr, uint32_t value);

/* PCI configuration has changed: bus mastering or MSI-X may be on now. */
void ferronic_core_pci_changed(FerronicCore *core);

bool ferronic_core_can_receive(FerronicCore *core);
ssize_t ferronic_core_receive(FerronicCore *core, const uint8_t *frame,
                              size_t size);

bool ferronic_core_link_up(const FerronicCore *core);
void ferronic_core_backend_link(FerronicCore *core, bool up);
void ferronic_core_force_link_down(FerronicCore *core, bool down);

/* Sends a message whatever INT_ENABLE says. */
FerronicMessage ferronic_core_message(FerronicCore *core, unsigned vector);

/*
 * MMIO and the net layer engage the device's re-entrancy guard by themselves,
 * timers do not: without it, a ring or a buffer that lies in our own BAR would
 * write registers in the middle of the transfer. Returns what to hand to
 * ferronic_core_leave().
 */
bool ferronic_core_enter(FerronicCore *core);
void ferronic_core_leave(FerronicCore *core, bool was_engaged);

#endif /* HW_NET_FERRONIC_CORE_H */
