// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: /proc/driver/ferronic/<bdf>/stats.
 */
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>

#include "ferronic.h"

#define FERRONIC_PROC_DIR	"driver/ferronic"
/* For when the other driver for this device has the first. */
#define FERRONIC_PROC_DIR_OWN	"driver/" KBUILD_MODNAME

static DEFINE_MUTEX(ferronic_proc_lock);
static struct proc_dir_entry *ferronic_proc_dir;
static unsigned int ferronic_proc_users;

static void ferronic_show_data(struct seq_file *m, struct ferronic_nic *nic)
{
	struct ferronic_link_change history[FERRONIC_HISTORY];
	u64 changes, runs, i, at;
	u32 ns;

	spin_lock_irq(&nic->mgmt_lock);
	changes = nic->data->link_changes;
	runs = nic->data->service_runs;
	memcpy(history, nic->data->history, sizeof(history));
	spin_unlock_irq(&nic->mgmt_lock);

	seq_printf(m, "Link changes: %llu\n", changes);
	seq_printf(m, "Service runs: %llu\n", runs);
	i = changes > FERRONIC_HISTORY ? changes - FERRONIC_HISTORY : 0;
	for (; i < changes; i++) {
		at = history[i % FERRONIC_HISTORY].at_ns;
		ns = do_div(at, NSEC_PER_SEC);
		seq_printf(m, "History: %s %llu.%09u\n",
			   history[i % FERRONIC_HISTORY].up ? "up" : "down",
			   at, ns);
	}
}

/* Any bytes that the user likes. */
static void ferronic_show_alias(struct seq_file *m, struct net_device *netdev)
{
	const struct dev_ifalias *alias;

	rcu_read_lock();
	alias = rcu_dereference(netdev->ifalias);
	if (alias) {
		seq_puts(m, "Alias: ");
		seq_puts(m, alias->ifalias);
		seq_putc(m, '\n');
	}
	rcu_read_unlock();
}

static int ferronic_show(struct seq_file *m, void *unused)
{
	struct ferronic_nic *nic = m->private;
	struct net_device *netdev = nic->netdev;
	struct rtnl_link_stats64 stats = {};

	netdev->netdev_ops->ndo_get_stats64(netdev, &stats);

	seq_puts(m, "Driver: " KBUILD_MODNAME "\n");
	seq_printf(m, "Interface: %s\n", netdev->name);
	ferronic_show_alias(m, netdev);
	seq_printf(m, "Link: %s\n", netif_carrier_ok(netdev) ? "up" : "down");
	seq_printf(m, "RX packets: %llu\n", stats.rx_packets);
	seq_printf(m, "RX bytes: %llu\n", stats.rx_bytes);
	seq_printf(m, "TX packets: %llu\n", stats.tx_packets);
	seq_printf(m, "TX bytes: %llu\n", stats.tx_bytes);
	seq_printf(m, "Errors: %llu\n", stats.rx_errors + stats.tx_errors);
	seq_printf(m, "Dropped: %llu\n", stats.rx_dropped + stats.tx_dropped);
	seq_printf(m, "Pairs: %u\n", READ_ONCE(nic->config.pairs));
	ferronic_show_data(m, nic);
	return 0;
}

/*
 * proc_mkdir() warns when a name is taken, and the two drivers know nothing of
 * each other, so look first. The RTNL, which both take, keeps the other from
 * doing the same at the same time.
 */
static struct proc_dir_entry *ferronic_proc_mkdir(void)
{
	struct path path;
	int err;

	ASSERT_RTNL();

	err = kern_path("/proc/" FERRONIC_PROC_DIR, LOOKUP_FOLLOW, &path);
	if (err == -ENOENT)
		return proc_mkdir(FERRONIC_PROC_DIR, NULL);
	if (err)
		return NULL;

	path_put(&path);
	return proc_mkdir(FERRONIC_PROC_DIR_OWN, NULL);
}

static struct proc_dir_entry *ferronic_proc_dir_get(void)
{
	guard(mutex)(&ferronic_proc_lock);

	if (!ferronic_proc_dir) {
		rtnl_lock();
		ferronic_proc_dir = ferronic_proc_mkdir();
		rtnl_unlock();
	}
	if (ferronic_proc_dir)
		ferronic_proc_users++;
	return ferronic_proc_dir;
}

static void ferronic_proc_dir_put(void)
{
	guard(mutex)(&ferronic_proc_lock);

	if (--ferronic_proc_users)
		return;
	proc_remove(ferronic_proc_dir);
	ferronic_proc_dir = NULL;
}

static struct proc_dir_entry *ferronic_proc_add_device(struct ferronic_nic *nic,
						       struct proc_dir_entry *dir)
{
	struct proc_dir_entry *own;

	own = proc_mkdir(pci_name(nic->pdev), dir);
	if (!own)
		return NULL;

	if (!proc_create_single_data("stats", 0444, own, ferronic_show, nic)) {
		proc_remove(own);
		return NULL;
	}
	return own;
}

int ferronic_proc_add(struct ferronic_nic *nic)
{
	struct proc_dir_entry *dir = ferronic_proc_dir_get();

	if (!dir)
		return -ENOMEM;

	nic->proc = ferronic_proc_add_device(nic, dir);
	if (!nic->proc) {
		ferronic_proc_dir_put();
		return -ENOMEM;
	}
	return 0;
}

/* Waits for reads in progress; later ones of files still open fail. */
void ferronic_proc_remove(struct ferronic_nic *nic)
{
	proc_remove(nic->proc);
	ferronic_proc_dir_put();
}
