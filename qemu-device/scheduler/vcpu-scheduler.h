/*
 * Which vCPU runs, and for how many instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * With -icount and one thread for all vCPUs, an object of this type decides
 * which of them runs next and for how long: a function of the seed and of what
 * the guest has executed. Threads of QEMU that kick a vCPU have no say: it leaves
 * its translation block, and then goes on with its turn.
 */

#ifndef SYSTEM_VCPU_SCHEDULER_H
#define SYSTEM_VCPU_SCHEDULER_H

#include "hw/core/cpu.h"

/* Whether there is such an object. It cannot go again. */
bool vcpu_scheduler_present(void);

/*
 * The vCPU whose turn it is; NULL when none can run. Begins a turn if the last
 * one is over. Called with the BQL held.
 */
CPUState *vcpu_scheduler_next(void);

/*
 * Lets virtual time pass up to the next timer when no vCPU can run. False if
 * there is none, or the machine is stopped.
 */
bool vcpu_scheduler_skip_idle(void);

/* The most instructions it may execute now. */
int64_t vcpu_scheduler_budget(void);

/* It has executed that many, and has halted or not. */
void vcpu_scheduler_ran(int64_t executed, bool halted);

/* It waits for another one, in a loop: its turn is over. */
void vcpu_scheduler_yield(void);

/* An interrupt was raised: cpu->interrupt_request was old_mask before. */
void vcpu_scheduler_raised(CPUState *cpu, int mask, int old_mask);

/* Those of the interrupts requested of @cpu that it may see already. */
int vcpu_scheduler_visible(CPUState *cpu, int request);

#endif
