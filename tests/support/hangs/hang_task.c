// SPDX-License-Identifier: GPL-2.0
/* The task sleeps, and nobody wakes it. */
#include "hang.h"

static void hang(void)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}
