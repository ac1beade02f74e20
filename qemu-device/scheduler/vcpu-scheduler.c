/*
 * Which vCPU runs, and for how many instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/plugin.h"
#include "qemu/qemu-plugin.h"
#include "qemu/seqlock.h"
#include "qemu/timer.h"
#include "exec/cpu-common.h"
#include "exec/cpu-interrupt.h"
#include "system/cpu-timers.h"
#include "system/cpu-timers-internal.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "system/system.h"
#include "system/vcpu-scheduler.h"
#include "trace.h"
#include "vcpu-scheduler-internal.h"

static VcpuScheduler *scheduler;

bool vcpu_scheduler_present(void)
{
    return scheduler != NULL;
}

void vcpu_scheduler_install(VcpuScheduler *s)
{
    scheduler = s;
}

uint64_t vcpu_scheduler_position(VcpuScheduler *s)
{
    return icount_get_raw() - s->origin;
}

/* Stops all vCPUs at this very instruction. */
static void stop_here(void *opaque)
{
    current_cpu = current_cpu ?: first_cpu;
    vm_stop(RUN_STATE_PAUSED);
}

void vcpu_scheduler_set_stop_timer(VcpuScheduler *s)
{
    if (!s->stop_timer) {
        s->stop_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stop_here, NULL);
    }
    if (s->stop_at_ns) {
        timer_mod(s->stop_timer, s->origin_ns + s->stop_at_ns);
    } else {
        timer_del(s->stop_timer);
    }
}

static void start(VcpuScheduler *s)
{
    s->started = true;
    s->origin = icount_get_raw();
    s->origin_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->current = NOBODY;
    s->left = 0;
    s->preempt = false;
    s->gave_way = false;
    s->others_wait = false;
    s->switches = 0;
    s->schedule = 0xcbf29ce484222325;
    memset(s->visible_from, 0, sizeof(s->visible_from));
    vcpu_scheduler_set_stop_timer(s);
    vcpu_scheduler_start_policy(s);
}

static bool can_run(CPUState *cpu)
{
    return !cpu->halted || cpu_has_work(cpu);
}

/* In the order of their turns, beginning with the one after @cpu. */
static CPUState *after(CPUState *cpu)
{
    return CPU_NEXT(cpu) ?: first_cpu;
}

static CPUState *current(VcpuScheduler *s)
{
    return s->current == NOBODY ? NULL : qemu_get_cpu(s->current);
}

/* Collects who can run, the one whose turn it was last. */
static uint32_t collect(VcpuScheduler *s, CPUState **ready)
{
    CPUState *last = current(s) ?: first_cpu;
    CPUState *cpu = after(last);
    uint32_t n = 0;

    do {
        if (can_run(cpu)) {
            ready[n++] = cpu;
        }
        cpu = after(cpu);
    } while (cpu != after(last));

    return n;
}

/*
 * Turns that the policy 'list' does not give by itself: who did not give way has lost
 * its turn, or not the one has it that is @next.
 */
static void record_turn(VcpuScheduler *s, CPUState *cpu, CPUState *next)
{
    CPUState *last = current(s);
    CPUState *expected = last && !s->gave_way ? last : next;

    if (s->record && cpu != expected) {
        fprintf(s->record, "%" PRIu64 " %d %016" PRIx64 "\n",
                vcpu_scheduler_position(s), cpu->cpu_index,
                last ? (uint64_t)last->cc->get_pc(last) : 0);
    }
}

static void note_turn(VcpuScheduler *s, CPUState *cpu)
{
    uint64_t now = vcpu_scheduler_position(s);
    uint64_t what[] = { now, cpu->cpu_index };
    size_t i, byte;

    trace_vcpu_scheduler_turn(cpu->cpu_index, now,
                              qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) -
                              s->origin_ns);
    if (cpu->cpu_index == s->current) {
        return;
    }
    s->switches++;
    /* FNV-1a */
    for (i = 0; i < ARRAY_SIZE(what); i++) {
        for (byte = 0; byte < 8; byte++) {
            s->schedule ^= (what[i] >> (8 * byte)) & 0xff;
            s->schedule *= 0x100000001b3;
        }
    }
}

static CPUState *begin_turn(VcpuScheduler *s)
{
    CPUState *ready[MAX_CPUS];
    CPUState *cpu;
    uint32_t n;

    n = collect(s, ready);
    if (!n) {
        return NULL;
    }
    vcpu_scheduler_end_turn(s);
    cpu = vcpu_scheduler_pick(s, ready, n);
    record_turn(s, cpu, ready[0]);
    note_turn(s, cpu);
    s->current = cpu->cpu_index;
    s->left = vcpu_scheduler_turn_length(s);
    s->preempt = false;
    s->gave_way = false;
    return cpu;
}

static bool stopped(void)
{
    CPUState *cpu;

    CPU_FOREACH(cpu) {
        if (cpu->stop || cpu->stopped) {
            return true;
        }
    }
    return !runstate_is_running();
}

CPUState *vcpu_scheduler_next(void)
{
    VcpuScheduler *s = scheduler;

    /* One that has been stopped does not lose its turn. */
    if (stopped()) {
        return NULL;
    }
    if (!s->started) {
        start(s);
    }
    if (vcpu_scheduler_position(s) >= s->stop_at) {
        s->stop_at = UINT64_MAX;
        stop_here(NULL);
        return NULL;
    }
    if (s->left > 0 && !s->preempt) {
        return current(s);
    }
    return begin_turn(s);
}

bool vcpu_scheduler_skip_idle(void)
{
    return !stopped() && icount_skip_idle();
}

int64_t vcpu_scheduler_budget(void)
{
    VcpuScheduler *s = scheduler;
    int64_t budget = vcpu_scheduler_up_to(vcpu_scheduler_position(s),
                                          s->stop_at, s->left);

    if (s->irq_delay_max) {
        budget = vcpu_scheduler_up_to(icount_get_raw(),
                                      s->visible_from[s->current], budget);
    }
    return budget;
}

void vcpu_scheduler_ran(int64_t executed, bool halted)
{
    VcpuScheduler *s = scheduler;

    s->left = s->yields ? 0 : s->left - executed;
    s->gave_way = s->yields || halted;
    s->yields = false;
    /* A turn that ends so was not used up: see vcpu_scheduler_end_turn(). */
    s->preempt |= halted;
}

void vcpu_scheduler_yield(void)
{
    scheduler->yields = true;
}

void vcpu_scheduler_raised(CPUState *cpu, int mask, int old_mask)
{
    VcpuScheduler *s = scheduler;

    /* What other threads do to a machine is not part of its run. */
    if (!qemu_in_vcpu_thread() || !(mask & ~old_mask)) {
        return;
    }
    if (s->irq_delay_max && (mask & ~old_mask & CPU_INTERRUPT_HARD)) {
        /* HLT ends with an interrupt, not some instructions before it. */
        s->visible_from[cpu->cpu_index] = cpu->halted ? 0 :
            icount_get_raw() + vcpu_scheduler_irq_delay(s, cpu);
    }
    if (s->started && vcpu_scheduler_gives_way(s, cpu)) {
        s->preempt = true;
        cpu_exit(current_cpu);
    }
}

int vcpu_scheduler_visible(CPUState *cpu, int request)
{
    VcpuScheduler *s = scheduler;
    int64_t wait;

    if (!s->irq_delay_max || !(request & CPU_INTERRUPT_HARD)) {
        return request;
    }
    wait = s->visible_from[cpu->cpu_index] - icount_get_raw();
    if (wait <= 0) {
        return request;
    }
    /* Must not run past it: vcpu_scheduler_budget() sees to that next time. */
    if (cpu->neg.icount_decr.u16.low + cpu->icount_extra > wait) {
        qatomic_set(&cpu->exit_request, 1);
    }
    return request & ~CPU_INTERRUPT_HARD;
}

#ifdef CONFIG_PLUGIN
/* icount_get_raw() may be called at the end of a translation block only. */
bool qemu_plugin_vcpu_scheduler_clock(unsigned int *vcpu, uint64_t *position,
                                      int64_t *ns)
{
    VcpuScheduler *s = scheduler;
    CPUState *cpu = current_cpu;
    int64_t executed;

    if (!s || !s->started || !cpu) {
        return false;
    }
    executed = timers_state.qemu_icount;
    if (cpu->running) {
        executed += cpu->icount_budget -
                    (cpu->neg.icount_decr.u16.low + cpu->icount_extra);
    }
    *vcpu = cpu->cpu_index;
    *position = executed - s->origin;
    *ns = icount_to_ns(executed) + timers_state.qemu_icount_bias -
          s->origin_ns;
    return true;
}
#endif
