// SPDX-License-Identifier: GPL-2.0
/*
 * Notes when the interrupt handlers and the polls of a network interface are
 * called, by standing in for them: each call costs a few instructions more,
 * the same for every driver, whatever language it is written in.
 *
 *   ip link set eth0 up
 *   insmod irq_probe.ko interface=eth0
 *   cat /proc/irq_probe
 *
 * prints one line a call: "handler VECTOR TIME" or "poll INSTANCE TIME", TIME
 * being the time stamp counter's. For measuring only: the interface must stay
 * up, and nobody else may request its interrupts, until the module is gone.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>
#include <asm/tsc.h>

#define IRQ_PROBE_VECTORS	32
#define IRQ_PROBE_NAPIS		32
#define IRQ_PROBE_CALLS		32768

static char *interface;
module_param(interface, charp, 0444);
MODULE_PARM_DESC(interface, "Name of the network interface, which is up");

struct irq_probe_call {
	u64 time;
	u16 number;
	bool poll;
};

struct irq_probe_vector {
	int irq;
	struct irqaction *action;
	irq_handler_t handler;
};

struct irq_probe_napi {
	struct napi_struct *napi;
	int (*poll)(struct napi_struct *napi, int budget);
};

static struct irq_probe_vector vectors[IRQ_PROBE_VECTORS];
static struct irq_probe_napi napis[IRQ_PROBE_NAPIS];
static unsigned int vector_count, napi_count;

static struct irq_probe_call calls[IRQ_PROBE_CALLS];
static atomic_t call_count;

static void irq_probe_note(unsigned int number, bool poll, u64 time)
{
	unsigned int index = atomic_fetch_inc(&call_count);

	if (index >= IRQ_PROBE_CALLS) {
		atomic_set(&call_count, IRQ_PROBE_CALLS);
		return;
	}
	calls[index].time = time;
	calls[index].number = number;
	calls[index].poll = poll;
}

static irqreturn_t irq_probe_handler(int irq, void *cookie)
{
	u64 now = rdtsc();
	unsigned int i;

	for (i = 0; i < vector_count; i++) {
		if (vectors[i].irq != irq)
			continue;
		irq_probe_note(i, false, now);
		return vectors[i].handler(irq, cookie);
	}
	return IRQ_NONE;
}

static int irq_probe_poll(struct napi_struct *napi, int budget)
{
	u64 now = rdtsc();
	unsigned int i;

	for (i = 0; i < napi_count; i++) {
		if (napis[i].napi != napi)
			continue;
		irq_probe_note(i, true, now);
		return napis[i].poll(napi, budget);
	}
	return 0;
}

static void irq_probe_wrap_vectors(struct pci_dev *pdev)
{
	struct irq_probe_vector *vector;
	struct irq_data *data;
	unsigned int i;
	int irq;

	for (i = 0; i < IRQ_PROBE_VECTORS; i++) {
		irq = pci_irq_vector(pdev, i);
		if (irq < 0)
			break;
		data = irq_get_irq_data(irq);
		vector = &vectors[i];
		vector->irq = irq;
		vector->action = data ? irq_data_to_desc(data)->action : NULL;
		vector_count = i + 1;
		if (!vector->action)
			continue;
		vector->handler = vector->action->handler;
		WRITE_ONCE(vector->action->handler, irq_probe_handler);
	}
}

static void irq_probe_unwrap_vectors(void)
{
	unsigned int i;

	for (i = 0; i < vector_count; i++) {
		if (!vectors[i].action)
			continue;
		WRITE_ONCE(vectors[i].action->handler, vectors[i].handler);
		synchronize_irq(vectors[i].irq);
	}
}

static void irq_probe_wrap_napis(struct net_device *netdev)
{
	struct napi_struct *napi;

	list_for_each_entry(napi, &netdev->napi_list, dev_list) {
		if (napi_count == IRQ_PROBE_NAPIS)
			break;
		napis[napi_count].napi = napi;
		napis[napi_count].poll = napi->poll;
		napi_count++;
		WRITE_ONCE(napi->poll, irq_probe_poll);
	}
}

static void irq_probe_unwrap_napis(void)
{
	unsigned int i;

	for (i = 0; i < napi_count; i++)
		WRITE_ONCE(napis[i].napi->poll, napis[i].poll);
	/* A poll runs with bottom halves off. */
	synchronize_net();
}

static int irq_probe_show(struct seq_file *file, void *unused)
{
	unsigned int i, count = atomic_read(&call_count);

	for (i = 0; i < min(count, IRQ_PROBE_CALLS); i++)
		seq_printf(file, "%s %u %llu\n",
			   calls[i].poll ? "poll" : "handler",
			   calls[i].number, calls[i].time);
	return 0;
}

static int irq_probe_attach(void)
{
	struct net_device *netdev;
	int err = 0;

	rtnl_lock();
	netdev = interface ? __dev_get_by_name(&init_net, interface) : NULL;
	if (!netdev || !netdev->dev.parent || !dev_is_pci(netdev->dev.parent)) {
		err = -ENODEV;
	} else if (!netif_running(netdev)) {
		err = -ENETDOWN;
	} else {
		irq_probe_wrap_napis(netdev);
		irq_probe_wrap_vectors(to_pci_dev(netdev->dev.parent));
	}
	rtnl_unlock();
	return err;
}

static int __init irq_probe_init(void)
{
	int err;

	err = irq_probe_attach();
	if (err)
		return err;

	if (!proc_create_single("irq_probe", 0444, NULL, irq_probe_show)) {
		irq_probe_unwrap_vectors();
		irq_probe_unwrap_napis();
		return -ENOMEM;
	}
	return 0;
}
module_init(irq_probe_init);

static void __exit irq_probe_exit(void)
{
	remove_proc_entry("irq_probe", NULL);
	irq_probe_unwrap_vectors();
	irq_probe_unwrap_napis();
}
module_exit(irq_probe_exit);

MODULE_DESCRIPTION("Notes when interrupt handlers and polls are called");
MODULE_LICENSE("GPL");
