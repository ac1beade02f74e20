// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: sleep. The PCI core saves and restores config space, and puts the
 * device into D3hot, where it loses its state, and back.
 */
#include <linux/pm.h>

#include "ferronic.h"

static int ferronic_suspend(struct device *dev)
{
	ferronic_quiesce(netdev_priv(dev_get_drvdata(dev)));
	return 0;
}

static int ferronic_resume(struct device *dev)
{
	return ferronic_revive(netdev_priv(dev_get_drvdata(dev)));
}

DEFINE_SIMPLE_DEV_PM_OPS(ferronic_pm_ops, ferronic_suspend, ferronic_resume);
