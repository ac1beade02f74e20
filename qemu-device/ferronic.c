/*
 * Ferronic, a PCI Express NIC for testing drivers
 *
 * Datasheet: docs/datasheet.md of the Ferrolab repository. This file is the
 * glue to QEMU: object, PCI, properties, netdev, migration. What the device
 * does is in ferronic_core.c, faults are in ferronic_faults.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qemu/range.h"
#include "qemu/units.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/system.h"
#include "ferronic.h"

/* Longer delays are a mistake in a unit, not a device. */
#define FERRONIC_DELAY_MAX_NS   (10 * NANOSECONDS_PER_SECOND)

static uint64_t ferronic_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    FerronicState *s = opaque;

    return ferronic_core_read(&s->core, addr);
}

static void ferronic_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    FerronicState *s = opaque;

    ferronic_core_write(&s->core, addr, value);
}

static const MemoryRegionOps ferronic_mmio_ops = {
    .read = ferronic_mmio_read,
    .write = ferronic_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {
        .min_access_size = 4,
        .max_access_size = 4,
    },
    .impl = {
        .min_access_size = 4,
        .max_access_size = 4,
    },
};

static bool ferronic_nc_can_receive(NetClientState *nc)
{
    return ferronic_core_can_receive(qemu_get_nic_opaque(nc));
}

static ssize_t ferronic_nc_receive(NetClientState *nc, const uint8_t *buf,
                                   size_t size)
{
    return ferronic_core_receive(qemu_get_nic_opaque(nc), buf, size);
}

static void ferronic_nc_link_changed(NetClientState *nc)
{
    ferronic_core_backend_link(qemu_get_nic_opaque(nc), !nc->link_down);
}

static NetClientInfo ferronic_net_info = {
    .type = NET_CLIENT_DRIVER_NIC,
    .size = sizeof(NICState),
    .can_receive = ferronic_nc_can_receive,
    .receive = ferronic_nc_receive,
    .link_status_changed = ferronic_nc_link_changed,
};

static void ferronic_write_config(PCIDevice *pci_dev, uint32_t addr,
                                  uint32_t value, int len)
{
    FerronicState *s = FERRONIC(pci_dev);

    pci_default_write_config(pci_dev, addr, value, len);
    pcie_cap_flr_write_config(pci_dev, addr, value, len);
    ferronic_core_pci_changed(&s->core);
}

static bool ferronic_check_delays(const FerronicCore *core, Error **errp)
{
    if (core->reset_delay_ns > FERRONIC_DELAY_MAX_NS ||
        core->tx_latency_ns > FERRONIC_DELAY_MAX_NS ||
        core->stop_delay_ns > FERRONIC_DELAY_MAX_NS) {
        error_setg(errp, "reset-delay-ns, tx-latency-ns and stop-delay-ns "
                   "must not be more than %lld", FERRONIC_DELAY_MAX_NS);
        return false;
    }
    return true;
}

static bool ferronic_init_pci(FerronicState *s, Error **errp)
{
    PCIDevice *pci_dev = PCI_DEVICE(s);
    unsigned vector;
    int ret;

    memory_region_init_io(&s->registers, OBJECT(s), &ferronic_mmio_ops, s,
                          "ferronic-registers", FERRONIC_BAR_REGS_SIZE);
    pci_register_bar(pci_dev, FERRONIC_BAR_REGS, PCI_BASE_ADDRESS_SPACE_MEMORY,
                     &s->registers);
    if (msix_init_exclusive_bar(pci_dev, FERRONIC_VECTORS, FERRONIC_BAR_MSIX,
                                errp) < 0) {
        return false;
    }
    for (vector = 0; vector < FERRONIC_VECTORS; vector++) {
        msix_vector_use(pci_dev, vector);
    }
    ret = pcie_endpoint_cap_init(pci_dev, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot add the PCI Express capability");
        msix_uninit_exclusive_bar(pci_dev);
        return false;
    }
    pcie_cap_flr_init(pci_dev);
    return true;
}

static void ferronic_init_nic(FerronicState *s)
{
    DeviceState *dev = DEVICE(s);
    FerronicCore *core = &s->core;

    qemu_macaddr_default_if_unset(&s->conf.macaddr);
    s->nic = qemu_new_nic(&ferronic_net_info, &s->conf, TYPE_FERRONIC, dev->id,
                          &dev->mem_reentrancy_guard, core);
    qemu_format_nic_info_str(qemu_get_queue(s->nic), s->conf.macaddr.a);
    core->owner = PCI_DEVICE(s);
    core->nic = s->nic;
    core->id = dev->id ?: TYPE_FERRONIC;
    core->permanent_mac = s->conf.macaddr;
    core->backend_up = !qemu_get_queue(s->nic)->link_down;
}

static void ferronic_realize(PCIDevice *pci_dev, Error **errp)
{
    FerronicState *s = FERRONIC(pci_dev);

    if (!ferronic_check_delays(&s->core, errp) ||
        !ferronic_init_pci(s, errp)) {
        return;
    }
    ferronic_init_nic(s);
    ferronic_core_realize(&s->core);
    ferronic_faults_realize(&s->faults, &s->core);
}

static void ferronic_exit(PCIDevice *pci_dev)
{
    FerronicState *s = FERRONIC(pci_dev);

    ferronic_faults_unrealize(&s->faults);
    ferronic_core_unrealize(&s->core);
    qemu_del_nic(s->nic);
    pcie_cap_exit(pci_dev);
    msix_unuse_all_vectors(pci_dev);
    msix_uninit_exclusive_bar(pci_dev);
}

static void ferronic_reset_hold(Object *obj, ResetType type)
{
    FerronicState *s = FERRONIC(obj);

    ferronic_core_reset(&s->core);
}

/* The backend of the loading QEMU starts with its link up. */
static int ferronic_post_load(void *opaque, int version_id)
{
    FerronicState *s = opaque;

    qemu_get_queue(s->nic)->link_down = !s->core.backend_up;
    return 0;
}

static const VMStateDescription ferronic_vmstate = {
    .name = TYPE_FERRONIC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ferronic_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, FerronicState),
        VMSTATE_MSIX(parent_obj, FerronicState),
        VMSTATE_STRUCT(core, FerronicState, 1, ferronic_core_vmstate,
                       FerronicCore),
        VMSTATE_STRUCT(faults, FerronicState, 1, ferronic_faults_vmstate,
                       FerronicFaults),
        VMSTATE_END_OF_LIST()
    }
};

static const Property ferronic_properties[] = {
    DEFINE_NIC_PROPERTIES(FerronicState, conf),
    DEFINE_PROP_UINT64("reset-delay-ns", FerronicState, core.reset_delay_ns,
                       FERRONIC_RESET_DELAY_NS),
    DEFINE_PROP_UINT64("tx-latency-ns", FerronicState, core.tx_latency_ns,
                       1000),
    DEFINE_PROP_UINT64("stop-delay-ns", FerronicState, core.stop_delay_ns,
                       5000),
};

static void ferronic_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = ferronic_realize;
    pc->exit = ferronic_exit;
    pc->config_write = ferronic_write_config;
    pc->vendor_id = FERRONIC_PCI_VENDOR_ID;
    pc->device_id = FERRONIC_PCI_DEVICE_ID;
    pc->revision = FERRONIC_PCI_REVISION;
    pc->class_id = FERRONIC_PCI_CLASS;
    rc->phases.hold = ferronic_reset_hold;
    dc->desc = "Ferronic NIC, for testing drivers";
    dc->vmsd = &ferronic_vmstate;
    device_class_set_props(dc, ferronic_properties);
    object_class_property_set_description(klass, "reset-delay-ns",
        "Virtual time from a reset to STATUS.READY");
    object_class_property_set_description(klass, "tx-latency-ns",
        "Virtual time from a doorbell to the transmission");
    object_class_property_set_description(klass, "stop-delay-ns",
        "Virtual time that a disabled queue remains active");
    set_bit(DEVICE_CATEGORY_NETWORK, dc->categories);
}

static void ferronic_instance_init(Object *obj)
{
    FerronicState *s = FERRONIC(obj);

    device_add_bootindex_property(obj, &s->conf.bootindex, "bootindex",
                                  "/ethernet-phy@0", DEVICE(obj));
}

static const TypeInfo ferronic_types[] = {
    {
        .name = TYPE_FERRONIC,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(FerronicState),
        .instance_init = ferronic_instance_init,
        .class_init = ferronic_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(ferronic_types)
