/*
 * Ferronic NIC: checks that the driver keeps the rules of the datasheet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_CONTRACT_H
#define HW_NET_FERRONIC_CONTRACT_H

#include "system/runstate.h"
#include "ferronic_log.h"
#include "ferronic_regs.gen.h"

struct FerronicCore;

/* For a rule that was not broken at a queue. */
#define FERRONIC_NO_QUEUE       (-1)

#define FERRONIC_RECENT         64
#define FERRONIC_DETAIL_SIZE    64

typedef struct FerronicBreach {
    uint64_t number;            /* from 1, over all rules */
    int64_t time;
    uint8_t rule;
    int8_t queue;
    bool under_fault;
    uint64_t value;
    uint8_t detail[FERRONIC_DETAIL_SIZE];
} FerronicBreach;

/* What is known of one rule. */
typedef struct FerronicRuleState {
    uint64_t count;
    uint64_t under_fault;
    FerronicBreach last;
    FerronicLogSource log;
    int64_t quiet_until;        /* no event before */
    bool silent;                /* broken since the last event */
} FerronicRuleState;

typedef struct FerronicContract {
    struct FerronicCore *core;
    uint64_t total;
    FerronicRuleState rules[FERRONIC_RULE_COUNT + 1];
    FerronicBreach recent[FERRONIC_RECENT];     /* a ring, by number */
    FerronicLog log;
    QEMUTimer *timer;           /* for events and lines that had to wait */
    VMChangeStateEntry *run_state;
} FerronicContract;

extern const VMStateDescription ferronic_contract_vmstate;

void ferronic_contract_realize(struct FerronicCore *core);
void ferronic_contract_unrealize(struct FerronicCore *core);

/*
 * The driver has broken a rule. @queue is FerronicQueue.id or
 * FERRONIC_NO_QUEUE; @value is what was written, or the descriptor's index or
 * address; @detail is a constant text. Has no effect on the device.
 */
void ferronic_contract_violation(struct FerronicCore *core, FerronicRule rule,
                                 int queue, uint64_t value,
                                 const char *detail);

const char *ferronic_rule_name(FerronicRule rule);
const char *ferronic_rule_text(FerronicRule rule);

#endif /* HW_NET_FERRONIC_CONTRACT_H */
