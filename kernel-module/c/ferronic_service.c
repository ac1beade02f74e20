// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the management interrupt, the service work behind it, and the
 * device data in which the work keeps its books.
 */
#include <linux/interrupt.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "ferronic.h"

struct ferronic_data *ferronic_data_alloc(void)
{
	struct ferronic_data *data;

	data = kzalloc_obj(*data);
	if (!data)
		return NULL;

	data->history = kzalloc_objs(*data->history, FERRONIC_HISTORY);
	if (!data->history) {
		kfree(data);
		return NULL;
	}

	return data;
}

void ferronic_data_free(struct ferronic_data *data)
{
	kfree(data->history);
	kfree(data);
}

static irqreturn_t ferronic_mgmt_interrupt(int irq, void *cookie)
{
	struct ferronic_nic *nic = cookie;
	u32 causes;

	spin_lock(&nic->mgmt_lock);
	nic->mgmt_interrupts++;
	causes = ferronic_read(nic, FERRONIC_MGMT_CAUSE);
	if (!causes) {
		nic->mgmt_spurious++;
		spin_unlock(&nic->mgmt_lock);
		return IRQ_NONE;
	}

	ferronic_write(nic, FERRONIC_MGMT_CAUSE, causes);
	nic->mgmt_causes |= causes;
	spin_unlock(&nic->mgmt_lock);

	mod_delayed_work(system_percpu_wq, &nic->service, 0);
	ferronic_write(nic, FERRONIC_INT_ENABLE_SET,
		       BIT(FERRONIC_VECTOR_MGMT));
	return IRQ_HANDLED;
}

static void ferronic_set_carrier(struct ferronic_nic *nic, bool up)
{
	if (up)
		netif_carrier_on(nic->netdev);
	else
		netif_carrier_off(nic->netdev);
	netdev_info(nic->netdev, "link %s\n", up ? "up" : "down");
}

static void ferronic_report_errors(struct ferronic_nic *nic, u32 causes)
{
	if (causes & FERRONIC_MGMT_CAUSE_DMA_ERROR && net_ratelimit())
		netdev_err(nic->netdev, "DMA error, a queue has stopped\n");
	if (causes & FERRONIC_MGMT_CAUSE_CONFIG_ERROR && net_ratelimit())
		netdev_err(nic->netdev, "configuration error\n");
}

static void ferronic_service(struct work_struct *work)
{
	struct ferronic_nic *nic = container_of(to_delayed_work(work),
						struct ferronic_nic, service);
	bool up = ferronic_read(nic, FERRONIC_STATUS) & FERRONIC_STATUS_LINK_UP;
	bool changed = up != netif_carrier_ok(nic->netdev);
	struct ferronic_data *data = nic->data;
	struct ferronic_link_change *change;
	u32 causes;

	spin_lock_irq(&nic->mgmt_lock);
	causes = nic->mgmt_causes;
	nic->mgmt_causes = 0;
	data->service_runs++;
	data->link_events += !!(causes & FERRONIC_MGMT_CAUSE_LINK_CHANGE);
	data->dma_errors += !!(causes & FERRONIC_MGMT_CAUSE_DMA_ERROR);
	data->config_errors += !!(causes & FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
	if (changed) {
		change = &data->history[data->link_changes % FERRONIC_HISTORY];
		change->at_ns = ktime_get_boottime_ns();
		change->up = up;
		data->link_changes++;
	}
	spin_unlock_irq(&nic->mgmt_lock);

	if (changed)
		ferronic_set_carrier(nic, up);
	ferronic_report_errors(nic, causes);

	schedule_delayed_work(&nic->service,
			      msecs_to_jiffies(FERRONIC_SERVICE_MS));
}

void ferronic_service_init(struct ferronic_nic *nic)
{
	spin_lock_init(&nic->mgmt_lock);
	INIT_DELAYED_WORK(&nic->service, ferronic_service);
}

int ferronic_service_start(struct ferronic_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;
	int err;

	err = pci_request_irq(pdev, FERRONIC_VECTOR_MGMT,
			      ferronic_mgmt_interrupt, NULL, nic, "%s:%s-mgmt",
			      KBUILD_MODNAME, pci_name(pdev));
	if (err)
		return err;

	ferronic_write(nic, FERRONIC_INT_ENABLE_SET,
		       BIT(FERRONIC_VECTOR_MGMT));
	schedule_delayed_work(&nic->service, 0);
	return 0;
}

void ferronic_service_stop(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_CLEAR,
		       BIT(FERRONIC_VECTOR_MGMT));
	/* The handler schedules the work, so it goes first. */
	pci_free_irq(nic->pdev, FERRONIC_VECTOR_MGMT, nic);
	cancel_delayed_work_sync(&nic->service);
}
