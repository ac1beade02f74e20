/*
 * Whose turn it is, and how long it lasts
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "vcpu-scheduler-internal.h"

/* SplitMix64, which has no weak seeds: https://prng.di.unimi.it/splitmix64.c */
#define GOLDEN_GAMMA 0x9e3779b97f4a7c15

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/* 0 to n - 1. The bias is that of a modulus of 2^64: none that shows. */
static uint64_t draw_below(VcpuScheduler *s, uint64_t n)
{
    s->random += GOLDEN_GAMMA;
    return mix(s->random) % n;
}

/*
 * Of the place alone, not of what was drawn before: the same turns, written down in
 * a list, have the same delays.
 */
uint64_t vcpu_scheduler_irq_delay(VcpuScheduler *s, CPUState *cpu)
{
    uint64_t place = vcpu_scheduler_position(s) * MAX_CPUS + cpu->cpu_index;

    return mix(mix(s->seed + GOLDEN_GAMMA) + place * GOLDEN_GAMMA) %
           (s->irq_delay_max + 1ull);
}

/*
 * A number of instructions from slice_min to slice_max, each power of two as
 * likely as the next: races hide in windows of any size.
 */
static int64_t draw_slice(VcpuScheduler *s)
{
    unsigned int low = 31 - clz32(s->slice_min);
    unsigned int high = 31 - clz32(s->slice_max);
    unsigned int power = low + draw_below(s, high - low + 1);
    uint64_t base = 1ull << power;
    uint64_t length = base + draw_below(s, base);

    return MIN(MAX(length, s->slice_min), s->slice_max);
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

void vcpu_scheduler_start_policy(VcpuScheduler *s)
{
    s->random = s->seed;
    s->next_turn = 0;
    if (s->policy == VCPU_SCHEDULER_POLICY_PCT) {
        start_pct(s);
    }
}

static bool in_window(VcpuScheduler *s, uint64_t now)
{
    return now >= s->from && now < s->until;
}

/* Positions at which it is looked whether a vCPU has waited for long. */
static uint64_t look_every(VcpuScheduler *s)
{
    return MAX(s->slice_max / 2, 1);
}

/*
 * Who runs goes on until it gives way, or others wait for it at two looks one after
 * the other. Looks do not depend on turns: those that a policy took before are the
 * same when they come from a list.
 */
static CPUState *pick_fair(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    CPUState *last = ready[n - 1];

    if (last->cpu_index == s->current && !s->gave_way) {
        bool looks = vcpu_scheduler_position(s) % look_every(s) == 0;
        bool waited = s->others_wait;

        if (looks) {
            s->others_wait = n > 1;
        }
        if (!looks || !waited) {
            return last;
        }
    }
    return ready[0];
}

static CPUState *pick_random(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    uint64_t now = vcpu_scheduler_position(s);
    uint32_t others = ready[n - 1]->cpu_index == s->current ? n - 1 : n;

    if (!in_window(s, now) && now != s->until) {
        return pick_fair(s, ready, n);
    }
    return others < 2 ? ready[0] : ready[draw_below(s, others)];
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

/* Who is in the list for now, if that one can run; as with the policy 'fair' else. */
static CPUState *pick_listed(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    uint64_t now = vcpu_scheduler_position(s);
    uint32_t i;

    while (s->next_turn < s->turn_count && s->turns[s->next_turn].at <= now) {
        int wanted = s->turns[s->next_turn++].cpu;

        for (i = 0; i < n; i++) {
            if (ready[i]->cpu_index == wanted) {
                return ready[i];
            }
        }
    }
    return pick_fair(s, ready, n);
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
        return pick_fair(s, ready, n);
    }
}

CPUState *vcpu_scheduler_pick(VcpuScheduler *s, CPUState **ready, uint32_t n)
{
    CPUState *cpu = pick(s, ready, n);

    if (cpu->cpu_index != s->current || s->gave_way) {
        s->others_wait = false;
    }
    return cpu;
}

/* Up to the next look, or to a position before it. */
static int64_t fair_length(VcpuScheduler *s, uint64_t at)
{
    uint64_t now = vcpu_scheduler_position(s);
    uint64_t every = look_every(s);

    return vcpu_scheduler_up_to(now, at, every - now % every);
}

int64_t vcpu_scheduler_turn_length(VcpuScheduler *s)
{
    uint64_t now = vcpu_scheduler_position(s);
    uint64_t end = 0;

    switch (s->policy) {
    case VCPU_SCHEDULER_POLICY_RANDOM:
        return in_window(s, now) ?
            vcpu_scheduler_up_to(now, s->until, draw_slice(s)) :
            fair_length(s, s->from);
    case VCPU_SCHEDULER_POLICY_PCT:
        if (s->changes_done + 1 < s->depth) {
            end = s->change[s->changes_done];
        }
        return vcpu_scheduler_up_to(now, end, s->slice_max);
    case VCPU_SCHEDULER_POLICY_LIST:
        if (s->next_turn < s->turn_count) {
            end = s->turns[s->next_turn].at;
        }
        return fair_length(s, end);
    default:
        return fair_length(s, 0);
    }
}

/* A turn is over that was used up: who had it stands back. */
void vcpu_scheduler_end_turn(VcpuScheduler *s)
{
    if (s->policy != VCPU_SCHEDULER_POLICY_PCT || s->current == NOBODY ||
        s->left > 0) {
        return;
    }
    if (s->changes_done + 1 < s->depth &&
        s->change[s->changes_done] <= vcpu_scheduler_position(s)) {
        s->changes_done++;
    }
    s->priority[s->current] = --s->lowest;
}

bool vcpu_scheduler_gives_way(VcpuScheduler *s, CPUState *cpu)
{
    return s->policy == VCPU_SCHEDULER_POLICY_PCT && s->current != NOBODY &&
           s->priority[cpu->cpu_index] > s->priority[s->current];
}
