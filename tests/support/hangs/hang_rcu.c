// SPDX-License-Identifier: GPL-2.0
/* One processor spins with its interrupts off. */
#include "hang.h"

static void hang(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}
