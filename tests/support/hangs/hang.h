/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drivers that never come back from probe(), each in another way: for the
 * watchdogs that must find them. A file says how, and includes this.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>

static void hang(void);

static int hang_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	hang();
	return -EIO;
}

static const struct pci_device_id hang_ids[] = {
	{ PCI_DEVICE(0x1234, 0xfe01) },
	{}
};
MODULE_DEVICE_TABLE(pci, hang_ids);

static struct pci_driver hang_driver = {
	.name = KBUILD_MODNAME,
	.id_table = hang_ids,
	.probe = hang_probe,
};
module_pci_driver(hang_driver);

MODULE_DESCRIPTION("A driver that hangs, for testing watchdogs");
MODULE_LICENSE("GPL");
