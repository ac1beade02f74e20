// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic PCI Express network interface: the PCI driver.
 *
 * The registers are described in qemu-device/ferronic.regs.json, from which
 * ferronic_regs.gen.h is made.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/module.h>

#include "ferronic.h"

static int ferronic_pci_init(struct ferronic_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;
	int err;

	err = pci_enable_device_mem(pdev);
	if (err)
		return err;

	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		goto err_disable;

	err = pci_request_mem_regions(pdev, KBUILD_MODNAME);
	if (err)
		goto err_disable;

	err = -ENOMEM;
	nic->regs = pci_iomap(pdev, FERRONIC_BAR_REGS, FERRONIC_BAR_REGS_SIZE);
	if (!nic->regs)
		goto err_release;

	pci_set_master(pdev);
	pci_save_state(pdev);
	return 0;

err_release:
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return err;
}

static void ferronic_pci_exit(struct ferronic_nic *nic)
{
	struct pci_dev *pdev = nic->pdev;

	pci_clear_master(pdev);
	pci_iounmap(pdev, nic->regs);
	pci_release_mem_regions(pdev);
	pci_disable_device(pdev);
}

static int ferronic_device_init(struct ferronic_nic *nic)
{
	u32 id = ferronic_read(nic, FERRONIC_ID);
	u8 addr[ETH_ALEN];
	int err;

	if (FIELD_GET(FERRONIC_ID_MAGIC, id) != FERRONIC_MAGIC) {
		dev_err(&nic->pdev->dev, "not a Ferronic (ID %#010x)\n", id);
		return -ENODEV;
	}

	err = ferronic_hw_reset(nic);
	if (err)
		return err;

	ferronic_hw_get_mac(nic, addr);
	if (is_valid_ether_addr(addr)) {
		eth_hw_addr_set(nic->netdev, addr);
	} else {
		eth_hw_addr_random(nic->netdev);
		ferronic_hw_set_mac(nic, nic->netdev->dev_addr);
	}
	return 0;
}

/* One vector for management, and one for each pair that there is a CPU for. */
static int ferronic_vectors_init(struct ferronic_nic *nic)
{
	unsigned int pairs = min(FERRONIC_QUEUES, num_online_cpus());
	int vectors;

	vectors = pci_alloc_irq_vectors(nic->pdev, 2, 1 + pairs, PCI_IRQ_MSIX);
	if (vectors < 0)
		return vectors;

	nic->max_pairs = vectors - 1;
	return 0;
}

static void ferronic_config_init(struct ferronic_nic *nic)
{
	nic->config.pairs = nic->max_pairs;
	nic->config.rx_size = FERRONIC_RING_DEFAULT;
	nic->config.tx_size = FERRONIC_RING_DEFAULT;
	nic->config.rx_buffer = ferronic_rx_buffer_for(nic->netdev->mtu);
	nic->moderation_us = FERRONIC_MODERATION_US;

	netdev_rss_key_fill(nic->rss_key, sizeof(nic->rss_key));
	ferronic_rss_default(nic);
}

static int ferronic_netdev_init(struct ferronic_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	netdev->netdev_ops = &ferronic_netdev_ops;
	netdev->ethtool_ops = &ferronic_ethtool_ops;
	netdev->watchdog_timeo = FERRONIC_TX_TIMEOUT;
	netdev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	netdev->hw_features = NETIF_F_SG | NETIF_F_HW_CSUM |
			      NETIF_F_TSO | NETIF_F_TSO_ECN | NETIF_F_TSO6 |
			      NETIF_F_RXCSUM | NETIF_F_RXHASH;
	netdev->features |= netdev->hw_features | NETIF_F_HIGHDMA;
	netdev->vlan_features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = FERRONIC_MTU_MAX;
	netif_set_tso_max_segs(netdev, FERRONIC_TSO_SEGMENTS);
	netif_carrier_off(netdev);
	/* Not before there are rings. */
	netif_tx_stop_all_queues(netdev);
	return netif_set_real_num_queues(netdev, nic->max_pairs,
					 nic->max_pairs);
}

/* The management interrupt and what it serves. */
static int ferronic_mgmt_init(struct ferronic_nic *nic)
{
	int err;

	err = ferronic_request_mgmt_irq(nic);
	if (err)
		return err;

	ferronic_enable_mgmt(nic);
	ferronic_service_start(nic);
	return 0;
}

static void ferronic_mgmt_exit(struct ferronic_nic *nic)
{
	ferronic_service_stop(nic);
	ferronic_free_mgmt_irq(nic);
}

static int ferronic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ferronic_data *data;
	struct net_device *netdev;
	struct ferronic_nic *nic;
	int err;

	data = ferronic_data_alloc();
	if (!data)
		return -ENOMEM;

	err = -ENOMEM;
	netdev = alloc_etherdev_mq(sizeof(*nic), FERRONIC_QUEUES);
	if (!netdev)
		goto err_free_data;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);

	nic = netdev_priv(netdev);
	nic->pdev = pdev;
	nic->netdev = netdev;
	nic->data = data;
	ferronic_service_init(nic);
	ferronic_reset_init(nic);
	ferronic_copy_init(nic);

	err = ferronic_pci_init(nic);
	if (err)
		goto err_free_netdev;

	err = ferronic_device_init(nic);
	if (err)
		goto err_pci_exit;

	err = ferronic_vectors_init(nic);
	if (err)
		goto err_pci_exit;

	ferronic_pairs_init(nic);
	ferronic_config_init(nic);
	err = ferronic_netdev_init(nic);
	if (err)
		goto err_free_vectors;

	err = register_netdev(netdev);
	if (err)
		goto err_free_vectors;

	err = ferronic_mgmt_init(nic);
	if (err)
		goto err_unregister;

	err = ferronic_proc_add(nic);
	if (err)
		goto err_mgmt_exit;

	err = ferronic_chardev_add(nic);
	if (err)
		goto err_proc_remove;

	netdev_info(netdev, "registered, address %pM\n", netdev->dev_addr);
	return 0;

err_proc_remove:
	ferronic_proc_remove(nic);
err_mgmt_exit:
	ferronic_mgmt_exit(nic);
err_unregister:
	unregister_netdev(netdev);
	cancel_work_sync(&nic->reset);
err_free_vectors:
	pci_free_irq_vectors(pdev);
err_pci_exit:
	ferronic_pci_exit(nic);
err_free_netdev:
	free_netdev(netdev);
err_free_data:
	ferronic_data_free(data);
	return err;
}

static void ferronic_remove(struct pci_dev *pdev)
{
	struct net_device *netdev = pci_get_drvdata(pdev);
	struct ferronic_nic *nic = netdev_priv(netdev);
	struct ferronic_data *data = nic->data;

	ferronic_chardev_remove(nic);
	ferronic_proc_remove(nic);
	ferronic_mgmt_exit(nic);
	unregister_netdev(netdev);
	/* Nobody is left who could ask for it. */
	cancel_work_sync(&nic->reset);
	pci_free_irq_vectors(pdev);
	ferronic_pci_exit(nic);
	free_netdev(netdev);
	ferronic_data_free(data);
}

static void ferronic_shutdown(struct pci_dev *pdev)
{
	ferronic_quiesce(netdev_priv(pci_get_drvdata(pdev)));
}

static const struct pci_device_id ferronic_ids[] = {
	{ PCI_DEVICE(FERRONIC_PCI_VENDOR_ID, FERRONIC_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ferronic_ids);

static struct pci_driver ferronic_driver = {
	.name = KBUILD_MODNAME,
	.id_table = ferronic_ids,
	.probe = ferronic_probe,
	.remove = ferronic_remove,
	.shutdown = ferronic_shutdown,
	.driver.pm = pm_sleep_ptr(&ferronic_pm_ops),
	.err_handler = &ferronic_error_handlers,
};
module_pci_driver(ferronic_driver);

MODULE_DESCRIPTION("Ferronic PCI Express network interface");
MODULE_AUTHOR("The Ferrolab authors");
MODULE_LICENSE("GPL");
