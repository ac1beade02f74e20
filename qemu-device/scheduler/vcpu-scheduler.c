/*
 * Which vCPU runs, and for how many instructions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Positions are instructions executed by all vCPUs since the scheduler started:
 * with the machine, or, with "restart", when a saved machine goes on.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qapi/qapi-types-qom.h"
#include "qapi/qapi-visit-qom.h"
#include "qom/object.h"
#include "qom/object_interfaces.h"
#include "exec/cpu-common.h"
#include "exec/cpu-interrupt.h"
#include "migration/vmstate.h"
#include "system/cpu-timers.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "system/system.h"
#include "system/vcpu-scheduler.h"
#include "trace.h"

#define TYPE_VCPU_SCHEDULER "vcpu-scheduler"
OBJECT_DECLARE_SIMPLE_TYPE(VcpuScheduler, VCPU_SCHEDULER)

#define MAX_CPUS 64
#define MAX_CHANGES 64
#define NOBODY (-1)

#define DEFAULT_SLICE_MIN 1
#define DEFAULT_SLICE_MAX 100000
#define DEFAULT_DEPTH 3
#define DEFAULT_HORIZON 100000000

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
    bool stop_ends;
    bool restart;
    char *turns_file;
    char *report_file;

    /* State, saved with the machine */
    bool started;
    uint64_t random;
    int64_t origin;
    int64_t origin_ns;
    int32_t current;
    int64_t left;
    bool preempt;
    bool yields;
    int64_t priority[MAX_CPUS];
    int64_t lowest;
    uint64_t change[MAX_CHANGES];
    uint32_t changes_done;
    int64_t visible_from[MAX_CPUS];
    uint64_t next_turn;
    uint64_t switches;
    uint64_t schedule;

    /* Of the process */
    Turn *turns;
    uint64_t turn_count;
    QEMUTimer *stop_timer;
    Notifier exit;
};

static VcpuScheduler *scheduler;

bool vcpu_scheduler_present(void)
{
    return scheduler != NULL;
}

/* SplitMix64, which has no weak seeds: https://prng.di.unimi.it/splitmix64.c */
static uint64_t draw(VcpuScheduler *s)
{
    uint64_t z = (s->random += 0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* 0 to n - 1. The bias is that of a modulus of 2^64: none that shows. */
static uint64_t draw_below(VcpuScheduler *s, uint64_t n)
{
    return draw(s) % n;
}

/*
 * A number of instructions from slice_min to slice_max, each power of two as
 * likely as the next: races hide in windows of any size.
 */
static int64_t draw_slice(VcpuScheduler *s)
{
    unsigned int low = 31 - clz32(s->slice_min);
    unsigned int high = 31 - clz32(s->slice_max);
    uint64_t base = 1ull << (low + draw_below(s, high - low + 1));

    return MIN(MAX(base + draw_below(s, base), s->slice_min), s->slice_max);
}

static uint64_t position(VcpuScheduler *s)
{
    return icount_get_raw() - s->origin;
}

/* Stops all vCPUs at this very instruction. */
static void stop_here(VcpuScheduler *s)
{
    current_cpu = current_cpu ?: first_cpu;
    if (s->stop_ends) {
        qemu_system_shutdown_request(SHUTDOWN_CAUSE_HOST_QMP_QUIT);
        cpu_stop_current();
    } else {
        vm_stop(RUN_STATE_PAUSED);
    }
}

static void stop_at_time(void *opaque)
{
    stop_here(opaque);
}

static void set_stop_timer(VcpuScheduler *s)
{
    if (!s->stop_timer) {
        s->stop_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stop_at_time, s);
    }
    if (s->stop_at_ns) {
        timer_mod(s->stop_timer, s->origin_ns + s->stop_at_ns);
    } else {
        timer_del(s->stop_timer);
    }
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/*
 * Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs (ASPLOS 2010). A bug of depth d is hit
 * with a probability of at least 1 / (n k^(d-1)), with n vCPUs and k instructions,
 * as far as no vCPU had to be let run by slice_max.
 */
static void start_pct(VcpuScheduler *s)
{
    CPUState *cpu;
    uint32_t i, n = 0;

    CPU_FOREACH(cpu) {
        n++;
    }
    for (i = 0; i < n; i++) {
        uint32_t j = draw_below(s, i + 1);

        s->priority[i] = s->priority[j];
        s->priority[j] = s->depth + i;
    }
    for (i = 0; i + 1 < s->depth; i++) {
        s->change[i] = draw_below(s, s->horizon);
    }
    qsort(s->change, s->depth - 1, sizeof(s->change[0]), compare_positions);
    s->changes_done = 0;
    s->lowest = 0;
}

static void start(VcpuScheduler *s)
{
    s->started = true;
    s->random = s->seed;
    s->origin = icount_get_raw();
    s->origin_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    s->current = NOBODY;
    s->left = 0;
    s->preempt = false;
    s->next_turn = 0;
    s->switches = 0;
    s->schedule = 0xcbf29ce484222325;
    memset(s->visible_from, 0, sizeof(s->visible_from));
    set_stop_timer(s);
    if (s->policy == VCPU_SCHEDULER_POLICY_PCT) {
        start_pct(s);
    }
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

static bool in_window(VcpuScheduler *s, uint64_t now)
{
    return now >= s->from && now < s->until;
}

static CPUState *pick_random(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    uint32_t others = ready[n - 1]->cpu_index == s->current ? n - 1 : n;

    if (!in_window(s, position(s)) || others < 2) {
        return ready[0];
    }
    return ready[draw_below(s, others)];
}

static CPUState *pick_highest(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    CPUState *best = ready[0];
    uint32_t i;

    for (i = 1; i < n; i++) {
        if (s->priority[ready[i]->cpu_index] > s->priority[best->cpu_index]) {
            best = ready[i];
        }
    }
    return best;
}

/* Who is in the list for now; whoever comes next, if that one cannot run. */
static CPUState *pick_listed(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    uint64_t now = position(s);
    uint32_t i;

    /* Those that were missed; of several at one position each has its turn. */
    while (s->next_turn + 1 < s->turn_count &&
           s->turns[s->next_turn].at < now &&
           s->turns[s->next_turn + 1].at <= now) {
        s->next_turn++;
    }
    if (s->next_turn < s->turn_count && s->turns[s->next_turn].at <= now) {
        int wanted = s->turns[s->next_turn++].cpu;

        for (i = 0; i < n; i++) {
            if (ready[i]->cpu_index == wanted) {
                return ready[i];
            }
        }
    }
    return ready[0];
}

static CPUState *pick(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    switch (s->policy) {
    case VCPU_SCHEDULER_POLICY_RANDOM:
        return pick_random(s, ready, n);
    case VCPU_SCHEDULER_POLICY_PCT:
        return pick_highest(s, ready, n);
    case VCPU_SCHEDULER_POLICY_LIST:
        return pick_listed(s, ready, n);
    default:
        return ready[0];
    }
}

/* Instructions from now to @at, if that is ahead. */
static int64_t up_to(uint64_t now, uint64_t at, int64_t otherwise)
{
    return at > now ? MIN(at - now, otherwise) : otherwise;
}

static int64_t turn_length(VcpuScheduler *s)
{
    uint64_t now = position(s);

    switch (s->policy) {
    case VCPU_SCHEDULER_POLICY_RANDOM:
        return in_window(s, now) ? draw_slice(s)
                                 : up_to(now, s->from, s->slice_max);
    case VCPU_SCHEDULER_POLICY_PCT:
        return s->changes_done + 1 < s->depth
               ? up_to(now, s->change[s->changes_done], s->slice_max)
               : s->slice_max;
    case VCPU_SCHEDULER_POLICY_LIST:
        return s->next_turn < s->turn_count
               ? up_to(now, s->turns[s->next_turn].at, s->slice_max)
               : s->slice_max;
    default:
        return s->slice_max;
    }
}

/* A turn is over that was used up: who had it stands back. */
static void end_pct_turn(VcpuScheduler *s)
{
    if (s->current == NOBODY || s->left > 0) {
        return;
    }
    if (s->changes_done + 1 < s->depth &&
        s->change[s->changes_done] <= position(s)) {
        s->changes_done++;
        s->priority[s->current] = s->depth - s->changes_done;
    } else {
        s->priority[s->current] = --s->lowest;
    }
}

static void note_turn(VcpuScheduler *s, CPUState *cpu)
{
    uint64_t now = position(s);
    uint64_t what[] = { now, cpu->cpu_index };
    size_t i, byte;

    trace_vcpu_scheduler_turn(cpu->cpu_index, now,
                              qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
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
    if (s->policy == VCPU_SCHEDULER_POLICY_PCT) {
        end_pct_turn(s);
    }
    cpu = pick(s, ready, n);
    note_turn(s, cpu);
    s->current = cpu->cpu_index;
    s->left = turn_length(s);
    s->preempt = false;
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
    if (position(s) >= s->stop_at) {
        s->stop_at = UINT64_MAX;
        stop_here(s);
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
    int64_t budget = up_to(position(s), s->stop_at, s->left);

    if (s->irq_delay_max) {
        budget = up_to(icount_get_raw(), s->visible_from[s->current], budget);
    }
    return budget;
}

void vcpu_scheduler_ran(int64_t executed, bool halted)
{
    VcpuScheduler *s = scheduler;

    s->left = s->yields ? 0 : s->left - executed;
    s->yields = false;
    /* A turn that ends so was not used up: see end_pct_turn(). */
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
            icount_get_raw() + draw_below(s, s->irq_delay_max + 1ull);
    }
    if (s->policy == VCPU_SCHEDULER_POLICY_PCT && s->started &&
        s->current != NOBODY &&
        s->priority[cpu->cpu_index] > s->priority[s->current]) {
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

/* What the run was, for whoever started it. */
static void write_report(Notifier *notifier, void *data)
{
    VcpuScheduler *s = container_of(notifier, VcpuScheduler, exit);
    FILE *file = fopen(s->report_file, "w");

    if (!file) {
        error_report("vcpu-scheduler: cannot write %s: %s", s->report_file,
                     strerror(errno));
        return;
    }
    fprintf(file, "{\"instructions\":%" PRIu64 ",\"virtualNs\":%" PRId64
            ",\"switches\":%" PRIu64 ",\"schedule\":\"%016" PRIx64 "\"}\n",
            position(s), qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->origin_ns,
            s->switches, s->schedule);
    fclose(file);
}

/* Lines of "position cpu", in the order of their positions. */
static bool read_turns(VcpuScheduler *s, Error **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree Turn *turns = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t n = 0, i;

    if (!g_file_get_contents(s->turns_file, &text, NULL, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    turns = g_new0(Turn, g_strv_length(lines));
    for (i = 0; lines[i]; i++) {
        const char *rest;
        uint64_t cpu;

        if (qemu_strtou64(lines[i], &rest, 10, &turns[n].at) || *rest != ' ' ||
            qemu_strtou64(rest + 1, NULL, 10, &cpu) || cpu >= MAX_CPUS ||
            (n && turns[n].at < turns[n - 1].at)) {
            error_setg(errp, "%s:%" PRIu64 ": a position, not before the last, "
                       "and a vCPU are expected", s->turns_file, i + 1);
            return false;
        }
        turns[n++].cpu = cpu;
    }
    s->turns = g_steal_pointer(&turns);
    s->turn_count = n;
    return true;
}

static int load_done(void *opaque, int version_id)
{
    VcpuScheduler *s = opaque;

    if (s->restart) {
        s->started = false;
    }
    return 0;
}

static const VMStateDescription vmstate_vcpu_scheduler = {
    .name = TYPE_VCPU_SCHEDULER,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = load_done,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(started, VcpuScheduler),
        VMSTATE_UINT64(random, VcpuScheduler),
        VMSTATE_INT64(origin, VcpuScheduler),
        VMSTATE_INT64(origin_ns, VcpuScheduler),
        VMSTATE_INT32(current, VcpuScheduler),
        VMSTATE_INT64(left, VcpuScheduler),
        VMSTATE_BOOL(preempt, VcpuScheduler),
        VMSTATE_INT64_ARRAY(priority, VcpuScheduler, MAX_CPUS),
        VMSTATE_INT64(lowest, VcpuScheduler),
        VMSTATE_UINT64_ARRAY(change, VcpuScheduler, MAX_CHANGES),
        VMSTATE_UINT32(changes_done, VcpuScheduler),
        VMSTATE_INT64_ARRAY(visible_from, VcpuScheduler, MAX_CPUS),
        VMSTATE_UINT64(next_turn, VcpuScheduler),
        VMSTATE_UINT64(switches, VcpuScheduler),
        VMSTATE_UINT64(schedule, VcpuScheduler),
        VMSTATE_END_OF_LIST()
    }
};

static void complete(UserCreatable *uc, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(uc);

    if (scheduler) {
        error_setg(errp, "there can be one vcpu-scheduler only");
        return;
    }
    if (!s->slice_min || s->slice_min > s->slice_max ||
        s->slice_max > INT32_MAX) {
        error_setg(errp, "slice-min must be 1 at least, and slice-max not less, "
                   "nor more than 2^31 - 1");
        return;
    }
    if (!s->depth || s->depth > MAX_CHANGES || !s->horizon) {
        error_setg(errp, "depth must be from 1 to %d, and horizon 1 at least",
                   MAX_CHANGES);
        return;
    }
    if (s->policy == VCPU_SCHEDULER_POLICY_LIST && !s->turns_file) {
        error_setg(errp, "the policy 'list' needs turns");
        return;
    }
    if (s->turns_file && !read_turns(s, errp)) {
        return;
    }
    s->current = NOBODY;
    if (s->report_file) {
        s->exit.notify = write_report;
        qemu_add_exit_notifier(&s->exit);
    }
    vmstate_register(NULL, 0, &vmstate_vcpu_scheduler, s);
    scheduler = s;
}

/* Properties, see VcpuSchedulerProperties in qapi/qom.json. */

static int get_policy(Object *obj, Error **errp)
{
    return VCPU_SCHEDULER(obj)->policy;
}

static void set_policy(Object *obj, int value, Error **errp)
{
    VCPU_SCHEDULER(obj)->policy = value;
}

static bool get_restart(Object *obj, Error **errp)
{
    return VCPU_SCHEDULER(obj)->restart;
}

static void set_restart(Object *obj, bool value, Error **errp)
{
    VCPU_SCHEDULER(obj)->restart = value;
}

static bool get_stop_ends(Object *obj, Error **errp)
{
    return VCPU_SCHEDULER(obj)->stop_ends;
}

static void set_stop_ends(Object *obj, bool value, Error **errp)
{
    VCPU_SCHEDULER(obj)->stop_ends = value;
}

static char *get_turns(Object *obj, Error **errp)
{
    return g_strdup(VCPU_SCHEDULER(obj)->turns_file);
}

static void set_turns(Object *obj, const char *value, Error **errp)
{
    g_free(VCPU_SCHEDULER(obj)->turns_file);
    VCPU_SCHEDULER(obj)->turns_file = g_strdup(value);
}

static char *get_report(Object *obj, Error **errp)
{
    return g_strdup(VCPU_SCHEDULER(obj)->report_file);
}

static void set_report(Object *obj, const char *value, Error **errp)
{
    g_free(VCPU_SCHEDULER(obj)->report_file);
    VCPU_SCHEDULER(obj)->report_file = g_strdup(value);
}

static void get_position(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);
    uint64_t value = s->started ? position(s) : 0;

    visit_type_uint64(v, name, &value, errp);
}

static void get_virtual_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);
    int64_t value = s->started ?
        qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->origin_ns : 0;

    visit_type_int64(v, name, &value, errp);
}

static void get_stop_at_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    visit_type_uint64(v, name, &VCPU_SCHEDULER(obj)->stop_at_ns, errp);
}

/* May be set again when the machine stands still. */
static void set_stop_at_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);

    if (visit_type_uint64(v, name, &s->stop_at_ns, errp) && s->started) {
        set_stop_timer(s);
    }
}

static void initialise(Object *obj)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);

    s->slice_min = DEFAULT_SLICE_MIN;
    s->slice_max = DEFAULT_SLICE_MAX;
    s->depth = DEFAULT_DEPTH;
    s->horizon = DEFAULT_HORIZON;
    s->until = UINT64_MAX;
    s->stop_at = UINT64_MAX;
    object_property_add_uint64_ptr(obj, "seed", &s->seed,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "slice-min", &s->slice_min,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "slice-max", &s->slice_max,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "depth", &s->depth,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "horizon", &s->horizon,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "from", &s->from,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "until", &s->until,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "irq-delay-max", &s->irq_delay_max,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "stop-at", &s->stop_at,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void class_initialise(ObjectClass *class, void *data)
{
    UserCreatableClass *creatable = USER_CREATABLE_CLASS(class);

    creatable->complete = complete;
    object_class_property_add_enum(class, "policy", "VcpuSchedulerPolicy",
                                   &VcpuSchedulerPolicy_lookup,
                                   get_policy, set_policy);
    object_class_property_add_bool(class, "restart", get_restart, set_restart);
    object_class_property_add_bool(class, "stop-ends",
                                   get_stop_ends, set_stop_ends);
    object_class_property_add_str(class, "turns", get_turns, set_turns);
    object_class_property_add_str(class, "report", get_report, set_report);
    object_class_property_add(class, "stop-at-ns", "uint64", get_stop_at_ns,
                              set_stop_at_ns, NULL, NULL);
    object_class_property_add(class, "position", "uint64", get_position, NULL,
                              NULL, NULL);
    object_class_property_add(class, "virtual-ns", "int64", get_virtual_ns,
                              NULL, NULL, NULL);
}

static const TypeInfo vcpu_scheduler_info = {
    .name = TYPE_VCPU_SCHEDULER,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(VcpuScheduler),
    .instance_init = initialise,
    .class_init = class_initialise,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    }
};

static void register_types(void)
{
    type_register_static(&vcpu_scheduler_info);
}

type_init(register_types);
