/*
 * Ferronic NIC: random numbers that a run with the same seed repeats
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_RANDOM_H
#define HW_NET_FERRONIC_RANDOM_H

/* SplitMix64: any state is a good one, near ones give unlike sequences. */
static inline uint64_t ferronic_random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static inline uint64_t ferronic_random_next(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ULL;
    return ferronic_random_mix(*state);
}

/* From 0 to limit - 1, for limits far below 2^64. */
static inline uint64_t ferronic_random_below(uint64_t *state, uint64_t limit)
{
    return ferronic_random_next(state) % limit;
}

#endif /* HW_NET_FERRONIC_RANDOM_H */
