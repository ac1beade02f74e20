// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: recovery: from queues that hang, of a device that was lost, and
 * around resets and errors that the PCI core tells of.
 */
#include <linux/rtnetlink.h>

#include "ferronic.h"

/* The device may not be there, or not work: nothing is expected of it. */
void ferronic_lose(struct ferronic_nic *nic)
{
	if (test_and_set_bit(FERRONIC_LOST, &nic->state))
		return;
	netif_device_detach(nic->netdev);
}

/* In any context. */
void ferronic_request_reset(struct ferronic_nic *nic)
{
	schedule_work(&nic->reset);
}

/* Resets the device, and starts what has to run. */
static int ferronic_restart(struct ferronic_nic *nic)
{
	int err;

	err = ferronic_hw_reset(nic);
	if (err)
		return err;

	ferronic_enable_mgmt(nic);
	return netif_running(nic->netdev) ? ferronic_up(nic) : 0;
}

static void ferronic_recover(struct ferronic_nic *nic)
{
	if (!test_bit(FERRONIC_LOST, &nic->state))
		netdev_warn(nic->netdev, "resetting\n");

	spin_lock_irq(&nic->mgmt_lock);
	nic->data->resets++;
	spin_unlock_irq(&nic->mgmt_lock);

	ferronic_down(nic);
	if (ferronic_restart(nic)) {
		if (!test_bit(FERRONIC_LOST, &nic->state))
			netdev_err(nic->netdev, "staying down\n");
		ferronic_lose(nic);
	} else if (test_and_clear_bit(FERRONIC_LOST, &nic->state)) {
		netdev_info(nic->netdev, "device answers again\n");
		netif_device_attach(nic->netdev);
	}
}

static void ferronic_reset(struct work_struct *work)
{
	struct ferronic_nic *nic = container_of(work, struct ferronic_nic,
						reset);

	rtnl_lock();
	if (nic->netdev->reg_state == NETREG_REGISTERED &&
	    !test_bit(FERRONIC_QUIESCED, &nic->state))
		ferronic_recover(nic);
	rtnl_unlock();
}

void ferronic_reset_init(struct ferronic_nic *nic)
{
	INIT_WORK(&nic->reset, ferronic_reset);
}

/* From here to ferronic_revive() the driver leaves the device alone. */
void ferronic_quiesce(struct ferronic_nic *nic)
{
	rtnl_lock();
	if (!test_and_set_bit(FERRONIC_QUIESCED, &nic->state)) {
		netif_device_detach(nic->netdev);
		ferronic_down(nic);
		ferronic_service_stop(nic);

		mutex_lock(&nic->copy_lock);
		ferronic_hw_set_ready(nic, false);
		mutex_unlock(&nic->copy_lock);
	}
	rtnl_unlock();
}

int ferronic_revive(struct ferronic_nic *nic)
{
	int err = 0;

	rtnl_lock();
	if (test_bit(FERRONIC_QUIESCED, &nic->state)) {
		err = ferronic_restart(nic);
		if (err) {
			ferronic_lose(nic);
		} else {
			clear_bit(FERRONIC_LOST, &nic->state);
			netif_device_attach(nic->netdev);
		}
		clear_bit(FERRONIC_QUIESCED, &nic->state);
		ferronic_service_start(nic);
	}
	rtnl_unlock();
	return err;
}

static struct ferronic_nic *ferronic_of(struct pci_dev *pdev)
{
	return netdev_priv(pci_get_drvdata(pdev));
}

/* Around a function-level reset that somebody else asks for. */
static void ferronic_reset_prepare(struct pci_dev *pdev)
{
	ferronic_quiesce(ferronic_of(pdev));
}

static void ferronic_reset_done(struct pci_dev *pdev)
{
	ferronic_revive(ferronic_of(pdev));
}

static pci_ers_result_t ferronic_error_detected(struct pci_dev *pdev,
						pci_channel_state_t state)
{
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;

	ferronic_quiesce(ferronic_of(pdev));
	return state == pci_channel_io_perm_failure ?
	       PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t ferronic_slot_reset(struct pci_dev *pdev)
{
	struct ferronic_nic *nic = ferronic_of(pdev);

	pci_restore_state(pdev);
	if (ferronic_read(nic, FERRONIC_ID) == FERRONIC_ALL_ONES)
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_RECOVERED;
}

static void ferronic_error_resume(struct pci_dev *pdev)
{
	ferronic_revive(ferronic_of(pdev));
}

const struct pci_error_handlers ferronic_error_handlers = {
	.error_detected	= ferronic_error_detected,
	.slot_reset	= ferronic_slot_reset,
	.resume		= ferronic_error_resume,
	.reset_prepare	= ferronic_reset_prepare,
	.reset_done	= ferronic_reset_done,
};
