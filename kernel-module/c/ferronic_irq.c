// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: interrupts, and the polls that those of queue pairs start. All
 * vectors disable themselves when they fire.
 */
#include <linux/interrupt.h>

#include "ferronic.h"

static int ferronic_poll(struct napi_struct *napi, int budget)
{
	struct ferronic_pair *pair = container_of(napi, struct ferronic_pair,
						  napi);
	int done;

	WRITE_ONCE(pair->polls, pair->polls + 1);
	ferronic_tx_poll(pair, budget);
	/* Netpoll: nothing of receive, and nothing of NAPI's state. */
	if (unlikely(!budget))
		return 0;

	done = ferronic_rx_poll(pair, budget);
	if (done < budget && napi_complete_done(napi, done))
		ferronic_write(pair->nic, FERRONIC_INT_ENABLE_SET,
			       BIT(ferronic_pair_vector(pair)));
	return done;
}

static irqreturn_t ferronic_pair_interrupt(int irq, void *cookie)
{
	struct ferronic_pair *pair = cookie;

	WRITE_ONCE(pair->queue_interrupts, pair->queue_interrupts + 1);
	napi_schedule_irqoff(&pair->napi);
	return IRQ_HANDLED;
}

void ferronic_enable_mgmt(struct ferronic_nic *nic)
{
	ferronic_write(nic, FERRONIC_INT_ENABLE_SET, BIT(FERRONIC_VECTOR_MGMT));
}

/* Clears the causes in the device, and only then lets it interrupt again. */
static u32 ferronic_take_causes(struct ferronic_nic *nic)
{
	u32 causes;

	if (!nic->ready)
		return 0;

	causes = ferronic_read(nic, FERRONIC_MGMT_CAUSE);
	if (!causes || causes == FERRONIC_ALL_ONES)
		return 0;

	ferronic_write(nic, FERRONIC_MGMT_CAUSE, causes);
	ferronic_enable_mgmt(nic);
	return causes;
}

static irqreturn_t ferronic_mgmt_interrupt(int irq, void *cookie)
{
	struct ferronic_nic *nic = cookie;
	struct ferronic_data *data = nic->data;
	u32 causes;

	spin_lock(&nic->mgmt_lock);
	data->mgmt_interrupts++;
	data->mgmt_activity++;
	causes = ferronic_take_causes(nic);
	if (!causes) {
		data->mgmt_spurious++;
		spin_unlock(&nic->mgmt_lock);
		return IRQ_NONE;
	}
	nic->mgmt_causes |= causes & ~FERRONIC_MGMT_CAUSE_DMA_DONE;
	spin_unlock(&nic->mgmt_lock);

	if (causes & FERRONIC_MGMT_CAUSE_DMA_DONE)
		complete(&nic->copy_done);
	if (causes & ~FERRONIC_MGMT_CAUSE_DMA_DONE)
		mod_delayed_work(system_percpu_wq, &nic->service, 0);
	return IRQ_HANDLED;
}

int ferronic_request_mgmt_irq(struct ferronic_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;

	return pci_request_irq(pdev, FERRONIC_VECTOR_MGMT,
			       ferronic_mgmt_interrupt, NULL, nic, "%s:%s-mgmt",
			       KBUILD_MODNAME, pci_name(pdev));
}

void ferronic_free_mgmt_irq(struct ferronic_nic *nic)
{
	pci_free_irq(nic->pdev, FERRONIC_VECTOR_MGMT, nic);
}

/* On return its handler does not run. */
void ferronic_disable_mgmt(struct ferronic_nic *nic)
{
	spin_lock_irq(&nic->mgmt_lock);
	if (nic->ready)
		ferronic_write(nic, FERRONIC_INT_ENABLE_CLEAR,
			       BIT(FERRONIC_VECTOR_MGMT));
	spin_unlock_irq(&nic->mgmt_lock);
	synchronize_irq(pci_irq_vector(nic->pdev, FERRONIC_VECTOR_MGMT));
}

/* A pair is best served by one CPU. Without the memory for it, by any. */
static void ferronic_set_affinity(struct ferronic_pair *pair)
{
	struct ferronic_nic *nic = pair->nic;
	const struct cpumask *mask;

	mask = cpumask_of(cpumask_local_spread(pair->index,
					       dev_to_node(&nic->pdev->dev)));
	irq_set_affinity_and_hint(pci_irq_vector(nic->pdev,
						 ferronic_pair_vector(pair)),
				  mask);
	netif_set_xps_queue(nic->netdev, mask, pair->index);
}

static void ferronic_free_pair_irq(struct ferronic_pair *pair)
{
	struct pci_dev *pdev = pair->nic->pdev;
	unsigned int vector = ferronic_pair_vector(pair);

	irq_update_affinity_hint(pci_irq_vector(pdev, vector), NULL);
	pci_free_irq(pdev, vector, pair);
}

int ferronic_request_pair_irqs(struct ferronic_nic *nic)
{
	struct ferronic_pair *pair;
	unsigned int q;
	int err;

	for (q = 0; q < nic->max_pairs; q++) {
		pair = &nic->pair[q];
		err = pci_request_irq(nic->pdev, ferronic_pair_vector(pair),
				      ferronic_pair_interrupt, NULL, pair,
				      "%s-%u", nic->netdev->name, q);
		if (err)
			goto err_free;
		ferronic_set_affinity(pair);
	}
	return 0;

err_free:
	while (q--)
		ferronic_free_pair_irq(&nic->pair[q]);
	return err;
}

void ferronic_free_pair_irqs(struct ferronic_nic *nic)
{
	unsigned int q = nic->max_pairs;

	while (q--)
		ferronic_free_pair_irq(&nic->pair[q]);
}

void ferronic_pairs_init(struct ferronic_nic *nic)
{
	struct ferronic_pair *pair;
	unsigned int q;

	for (q = 0; q < FERRONIC_QUEUES; q++) {
		pair = &nic->pair[q];
		pair->nic = nic;
		pair->index = q;
		u64_stats_init(&pair->stats.syncp);
	}
	for (q = 0; q < nic->max_pairs; q++) {
		pair = &nic->pair[q];
		netif_napi_add(nic->netdev, &pair->napi, ferronic_poll);
		netif_napi_set_irq(&pair->napi,
				   pci_irq_vector(nic->pdev,
						  ferronic_pair_vector(pair)));
	}
}
