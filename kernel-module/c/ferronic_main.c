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

static void ferronic_netdev_init(struct ferronic_nic *nic)
{
	struct net_device *netdev = nic->netdev;

	netdev->netdev_ops = &ferronic_netdev_ops;
	netdev->ethtool_ops = &ferronic_ethtool_ops;
	netdev->watchdog_timeo = FERRONIC_TX_TIMEOUT;
	netdev->features |= NETIF_F_HIGHDMA;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = ETH_DATA_LEN;
	netif_carrier_off(netdev);
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
	netdev = alloc_etherdev(sizeof(*nic));
	if (!netdev)
		goto err_free_data;
	SET_NETDEV_DEV(netdev, &pdev->dev);
	pci_set_drvdata(pdev, netdev);

	nic = netdev_priv(netdev);
	nic->pdev = pdev;
	nic->netdev = netdev;
	nic->data = data;

	err = ferronic_pci_init(nic);
	if (err)
		goto err_free_netdev;

	err = ferronic_device_init(nic);
	if (err)
		goto err_pci_exit;

	err = pci_alloc_irq_vectors(pdev, FERRONIC_VECTORS, FERRONIC_VECTORS,
				    PCI_IRQ_MSIX);
	if (err < 0)
		goto err_pci_exit;

	ferronic_netdev_init(nic);
	ferronic_txrx_init(nic);
	ferronic_service_init(nic);

	err = register_netdev(netdev);
	if (err)
		goto err_free_vectors;

	err = ferronic_service_start(nic);
	if (err)
		goto err_unregister;

	err = ferronic_proc_add(nic);
	if (err)
		goto err_service_stop;

	netdev_info(netdev, "registered, address %pM\n", netdev->dev_addr);
	return 0;

err_service_stop:
	ferronic_service_stop(nic);
err_unregister:
	unregister_netdev(netdev);
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

	ferronic_proc_remove(nic);
	ferronic_service_stop(nic);
	unregister_netdev(netdev);
	pci_free_irq_vectors(pdev);
	ferronic_pci_exit(nic);
	free_netdev(netdev);
	ferronic_data_free(data);
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
};
module_pci_driver(ferronic_driver);

MODULE_DESCRIPTION("Ferronic PCI Express network interface");
MODULE_AUTHOR("The Ferrolab authors");
MODULE_LICENSE("GPL");
