/*
 * Parts of the scheduler of vCPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Positions are instructions executed by all vCPUs since the scheduler started:
 * with the machine, or, with "restart", when a saved machine goes on.
 */

#ifndef SYSTEM_VCPU_SCHEDULER_INTERNAL_H
#define SYSTEM_VCPU_SCHEDULER_INTERNAL_H

#include "qapi/qapi-types-qom.h"
#include "qom/object.h"
#include "hw/core/cpu.h"

#define TYPE_VCPU_SCHEDULER "vcpu-scheduler"
OBJECT_DECLARE_SIMPLE_TYPE(VcpuScheduler, VCPU_SCHEDULER)

#define MAX_CPUS 64
#define MAX_CHANGES 64
#define NOBODY (-1)

typedef struct Turn {
    uint64_t at;
    int cpu;
} Turn;

struct VcpuScheduler {
    Object parent_obj;

    /* Properties */
    VcpuSchedulerPolicy policy;
    uint64_t seed;
    uint32_t slice_min;
    uint32_t slice_max;
    uint32_t depth;
    uint64_t horizon;
    uint64_t from;
    uint64_t until;
    uint32_t irq_delay_max;
    uint64_t stop_at;
    uint64_t stop_at_ns;
    bool restart;
    char *turns_file;
    char *record_file;
    char *report_file;

    /* State, saved with the machine */
    bool started;
    uint64_t random;
    int64_t origin;
    int64_t origin_ns;
    int32_t current;
    int64_t left;
    bool preempt;
    /* It halted, or said that it waits: nobody took its turn from it. */
    bool gave_way;
    /* At the last look, with whoever runs still. */
    bool others_wait;
    int64_t priority[MAX_CPUS];
    int64_t lowest;
    uint64_t change[MAX_CHANGES];
    uint32_t changes_done;
    int64_t visible_from[MAX_CPUS];
    uint64_t next_turn;
    uint64_t switches;
    uint64_t schedule;

    /* Of the process */
    /* From PAUSE to the end of its turn. */
    bool yields;
    Turn *turns;
    uint64_t turn_count;
    FILE *record;
    QEMUTimer *stop_timer;
    Notifier exit;
};

/* Instructions from @now to @at, if that is ahead. */
static inline int64_t vcpu_scheduler_up_to(uint64_t now, uint64_t at,
                                           int64_t otherwise)
{
    return at > now ? MIN(at - now, otherwise) : otherwise;
}

/* vcpu-scheduler.c */

uint64_t vcpu_scheduler_position(VcpuScheduler *s);

/* stop_at_ns has changed. */
void vcpu_scheduler_set_stop_timer(VcpuScheduler *s);

/* The one that there is from now on. */
void vcpu_scheduler_install(VcpuScheduler *s);

/* vcpu-scheduler-policies.c */

/* Instructions after which @cpu sees an interrupt that is raised now. */
uint64_t vcpu_scheduler_irq_delay(VcpuScheduler *s, CPUState *cpu);

/* The policy begins anew. */
void vcpu_scheduler_start_policy(VcpuScheduler *s);

/* The present turn, if there is one, is over. */
void vcpu_scheduler_end_turn(VcpuScheduler *s);

/*
 * Whose turn it is, of @n that can run: in the order of their turns, last the one
 * that had it.
 */
CPUState *vcpu_scheduler_pick(VcpuScheduler *s, CPUState **ready, uint32_t n);

/* Instructions of a turn that begins now. */
int64_t vcpu_scheduler_turn_length(VcpuScheduler *s);

/* The vCPU that runs may have to give way to one that was interrupted. */
bool vcpu_scheduler_gives_way(VcpuScheduler *s, CPUState *cpu);

#endif
