// SPDX-License-Identifier: GPL-2.0
/* One processor spins with its interrupts on, and tells RCU that it holds nothing up. */
#include "hang.h"

static void hang(void)
{
	preempt_disable();
	for (;;) {
		rcu_momentary_eqs();
		cpu_relax();
	}
}
