/*
 * Ferronic NIC: faults that are injected by QMP
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_FAULTS_H
#define HW_NET_FERRONIC_FAULTS_H

#include "ferronic_core.h"

typedef struct FerronicFaults FerronicFaults;

/* Messages without a cause, one storm a vector. */
typedef struct FerronicStorm {
    FerronicFaults *faults;
    QEMUTimer *timer;
    uint32_t rate_hz;
    uint32_t remaining;
    uint64_t sent;              /* since start_ns */
    int64_t start_ns;
} FerronicStorm;

/* The link goes down and up again. */
typedef struct FerronicFlap {
    QEMUTimer *timer;
    uint64_t down_ns;
    uint32_t remaining;         /* flaps that have not ended */
    bool down;
    bool effective;             /* the link was up when this flap began */
} FerronicFlap;

struct FerronicFaults {
    FerronicCore *core;
    FerronicStorm storms[FERRONIC_VECTORS];
    FerronicFlap flap;
    uint64_t storms_started;
    uint64_t storm_requested;
    uint64_t storm_delivered;
    uint64_t storm_masked;
    uint64_t flaps_requested;
    uint64_t flaps_delivered;
    uint64_t flaps_ineffective;
};

extern const VMStateDescription ferronic_faults_vmstate;

void ferronic_faults_realize(FerronicFaults *faults, FerronicCore *core);
void ferronic_faults_unrealize(FerronicFaults *faults);

#endif /* HW_NET_FERRONIC_FAULTS_H */
