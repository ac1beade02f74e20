// SPDX-License-Identifier: GPL-2.0
/* All processors spin with their interrupts off: nobody is left to say so. */
#include "hang.h"

static void spin(void *unused)
{
	for (;;)
		cpu_relax();
}

static void hang(void)
{
	/* The others spin in the interrupt; nobody waits for them. */
	smp_call_function(spin, NULL, 0);
	local_irq_disable();
	spin(NULL);
}
