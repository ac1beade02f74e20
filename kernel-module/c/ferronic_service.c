// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: the service work behind the management interrupt, the watchdog of
 * the queues, and the device data in which both keep their books.
 */
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

/*
 * The vector has disabled itself, but no handler has run: the message was lost.
 * If something is pending it is sent again.
 */
static void ferronic_check_mgmt_vector(struct ferronic_nic *nic)
{
	u64 interrupts = nic->data->mgmt_interrupts;
	u32 enabled;

	if (nic->ready && interrupts == nic->mgmt_seen) {
		enabled = ferronic_read(nic, FERRONIC_INT_ENABLE);
		if (!(enabled & BIT(FERRONIC_VECTOR_MGMT)))
			ferronic_enable_mgmt(nic);
	}
	nic->mgmt_seen = interrupts;
}

/* Takes the noted causes. */
static u32 ferronic_account(struct ferronic_nic *nic, bool changed, bool up)
{
	struct ferronic_data *data = nic->data;
	struct ferronic_link_change *change;
	u32 causes;

	spin_lock_irq(&nic->mgmt_lock);
	causes = nic->mgmt_causes;
	nic->mgmt_causes = 0;
	data->service_runs++;
	data->mgmt_activity++;
	data->link_events += !!(causes & FERRONIC_MGMT_CAUSE_LINK_CHANGE);
	data->dma_errors += !!(causes & FERRONIC_MGMT_CAUSE_DMA_ERROR);
	data->config_errors += !!(causes & FERRONIC_MGMT_CAUSE_CONFIG_ERROR);
	if (changed) {
		change = &data->history[data->link_changes % FERRONIC_HISTORY];
		change->at_ns = ktime_get_boottime_ns();
		change->up = up;
		data->link_changes++;
	}
	ferronic_check_mgmt_vector(nic);
	spin_unlock_irq(&nic->mgmt_lock);
	return causes;
}

/* A device that is there but does not work is given a reset every second. */
static void ferronic_check_presence(struct ferronic_nic *nic, u32 status)
{
	if (status == FERRONIC_ALL_ONES) {
		if (!test_bit(FERRONIC_LOST, &nic->state))
			netdev_err(nic->netdev, "device does not answer\n");
		ferronic_lose(nic);
	} else if (test_bit(FERRONIC_LOST, &nic->state) &&
		   time_after_eq(jiffies, nic->retry_at)) {
		nic->retry_at = jiffies + HZ;
		ferronic_request_reset(nic);
	}
}

static void ferronic_service(struct work_struct *work)
{
	struct ferronic_nic *nic = container_of(to_delayed_work(work),
						struct ferronic_nic, service);
	u32 status = ferronic_read(nic, FERRONIC_STATUS);
	bool changed, up;
	u32 causes;

	ferronic_check_presence(nic, status);
	up = status & FERRONIC_STATUS_LINK_UP &&
	     !test_bit(FERRONIC_LOST, &nic->state);
	/* LINK_UP means nothing while the device comes out of reset. */
	changed = status & FERRONIC_STATUS_READY &&
		  up != netif_carrier_ok(nic->netdev);

	causes = ferronic_account(nic, changed, up);
	if (changed)
		ferronic_set_carrier(nic, up);
	ferronic_report_errors(nic, causes);
	if (causes & FERRONIC_MGMT_CAUSE_DMA_ERROR)
		ferronic_request_reset(nic);

	schedule_delayed_work(&nic->service,
			      msecs_to_jiffies(FERRONIC_SERVICE_MS));
}

/*
 * A pair that has had something to do since the last tick, and was not polled,
 * has lost its interrupt. One without buffers gets none any more.
 */
static void ferronic_watch_pair(struct ferronic_pair *pair)
{
	unsigned long polls = READ_ONCE(pair->polls);
	bool idle = polls == pair->watched_polls;
	bool waiting = ferronic_rx_waiting(pair->rx) ||
		       ferronic_tx_waiting(pair->tx);

	/* It may also be on its way, on a busy CPU. */
	if (waiting && pair->waiting && idle && napi_schedule(&pair->napi))
		WRITE_ONCE(pair->interrupts_missed,
			   pair->interrupts_missed + 1);
	if (ferronic_rx_starved(pair->rx))
		napi_schedule(&pair->napi);
	pair->waiting = waiting;
	pair->watched_polls = polls;
}

static void ferronic_watchdog(struct timer_list *timer)
{
	struct ferronic_nic *nic = timer_container_of(nic, timer, watchdog);
	unsigned int q;

	for (q = 0; q < nic->config.pairs; q++)
		ferronic_watch_pair(&nic->pair[q]);

	spin_lock_irq(&nic->mgmt_lock);
	nic->data->watchdog_runs++;
	spin_unlock_irq(&nic->mgmt_lock);

	mod_timer(&nic->watchdog,
		  jiffies + msecs_to_jiffies(FERRONIC_WATCHDOG_MS));
}

/* While the queues run. */
void ferronic_watchdog_start(struct ferronic_nic *nic)
{
	mod_timer(&nic->watchdog,
		  jiffies + msecs_to_jiffies(FERRONIC_WATCHDOG_MS));
}

void ferronic_watchdog_stop(struct ferronic_nic *nic)
{
	timer_delete_sync(&nic->watchdog);
}

/* The work is disabled until it is started. */
void ferronic_service_init(struct ferronic_nic *nic)
{
	spin_lock_init(&nic->mgmt_lock);
	timer_setup(&nic->watchdog, ferronic_watchdog, 0);
	INIT_DELAYED_WORK(&nic->service, ferronic_service);
	disable_delayed_work(&nic->service);
}

/* With the device out of reset; or lost, to find it again. */
void ferronic_service_start(struct ferronic_nic *nic)
{
	enable_delayed_work(&nic->service);
	schedule_delayed_work(&nic->service, 0);
}

/* The work first: it may enable the vector. */
void ferronic_service_stop(struct ferronic_nic *nic)
{
	disable_delayed_work_sync(&nic->service);
	ferronic_disable_mgmt(nic);
}
