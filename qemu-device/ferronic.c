/*
 * Ferronic, a PCI Express NIC for testing drivers
 *
 * Datasheet: docs/datasheet.md of the Ferrolab repository. This file is the
 * glue to QEMU: object, PCI, properties, netdev, migration. What the device
 * does is in ferronic_core.c and the files beside it.
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
#include "hw/pci/pcie_aer.h"
#include "hw/qdev-properties.h"
#include "hw/qdev-properties-system.h"
#include "migration/vmstate.h"
#include "system/system.h"
#include "ferronic.h"

/* Longer delays are a mistake in a unit, not a device. */
#define FERRONIC_DELAY_MAX_NS   (10 * NANOSECONDS_PER_SECOND)

#define FERRONIC_AER_OFFSET     0x100

static uint64_t ferronic_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    FerronicState *s = opaque;

    return ferronic_registers_read(&s->core, addr, size);
}

static void ferronic_mmio_write(void *opaque, hwaddr addr, uint64_t value,
                                unsigned size)
{
    FerronicState *s = opaque;

    ferronic_registers_write(&s->core, addr, value, size);
}

static const MemoryRegionOps ferronic_mmio_ops = {
    .read = ferronic_mmio_read,
    .write = ferronic_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    /* Everything comes through, so that what is against the rules is seen. */
    .valid = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
    .impl = {
        .min_access_size = 1,
        .max_access_size = 8,
        .unaligned = true,
    },
};

static bool ferronic_nc_can_receive(NetClientState *nc)
{
    FerronicCore *core = qemu_get_nic_opaque(nc);

    if (!core->flow_control || ferronic_rx_has_room(core)) {
        return true;
    }
    core->rx_refused = true;
    return false;
}

static ssize_t ferronic_nc_receive(NetClientState *nc, const uint8_t *buf,
                                   size_t size)
{
    return ferronic_rx_offer(qemu_get_nic_opaque(nc), buf, size) ? size : 0;
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

static unsigned ferronic_power_state(FerronicState *s)
{
    return pci_get_word(PCI_DEVICE(s)->config + s->pm_cap + PCI_PM_CTRL) &
           PCI_PM_CTRL_STATE_MASK;
}

static void ferronic_set_power_state(FerronicState *s, unsigned state)
{
    uint8_t *pmcsr = PCI_DEVICE(s)->config + s->pm_cap + PCI_PM_CTRL;

    pci_set_word_by_mask(pmcsr, PCI_PM_CTRL_STATE_MASK, state);
}

/* D1 and D2 do not exist: the state stays as it was. */
static void ferronic_power_written(FerronicState *s, unsigned before)
{
    unsigned after = ferronic_power_state(s);

    if (after == before) {
        return;
    }
    if (after == FERRONIC_D3HOT) {
        ferronic_core_power_down(&s->core);
    } else if (after == FERRONIC_D0) {
        ferronic_core_power_up(&s->core);
    } else {
        ferronic_set_power_state(s, before);
    }
}

static uint32_t ferronic_read_config(PCIDevice *pci_dev, uint32_t addr,
                                     int len)
{
    FerronicState *s = FERRONIC(pci_dev);

    if (s->core.gone) {
        return MAKE_64BIT_MASK(0, 8 * len);
    }
    return pci_default_read_config(pci_dev, addr, len);
}

static void ferronic_write_config(PCIDevice *pci_dev, uint32_t addr,
                                  uint32_t value, int len)
{
    FerronicState *s = FERRONIC(pci_dev);
    unsigned power = ferronic_power_state(s);

    if (s->core.gone) {
        return;
    }
    pci_default_write_config(pci_dev, addr, value, len);
    pcie_aer_write_config(pci_dev, addr, value, len);
    ferronic_power_written(s, power);
    pcie_cap_flr_write_config(pci_dev, addr, value, len);
    ferronic_core_pci_changed(&s->core);
}

static bool ferronic_check_delays(const FerronicCore *core, Error **errp)
{
    if (core->reset_delay_ns > FERRONIC_DELAY_MAX_NS ||
        core->tx_latency_ns > FERRONIC_DELAY_MAX_NS ||
        core->rx_latency_ns > FERRONIC_DELAY_MAX_NS ||
        core->batch_ns > FERRONIC_DELAY_MAX_NS ||
        core->stop_delay_ns > FERRONIC_DELAY_MAX_NS) {
        error_setg(errp, "reset-delay-ns, tx-latency-ns, rx-latency-ns, "
                   "batch-ns and stop-delay-ns must not be more than %lld",
                   FERRONIC_DELAY_MAX_NS);
        return false;
    }
    if (core->default_dma_latency_ns > FERRONIC_DMA_LATENCY_BITS) {
        error_setg(errp, "dma-latency-ns must not be more than %u",
                   FERRONIC_DMA_LATENCY_BITS);
        return false;
    }
    return true;
}

/*
 * Not pci_pm_init(): that unmaps the BARs in D3hot, and then nobody would see a
 * driver that goes on to access registers.
 */
static bool ferronic_init_power(FerronicState *s, Error **errp)
{
    PCIDevice *pci_dev = PCI_DEVICE(s);
    int cap = pci_add_capability(pci_dev, PCI_CAP_ID_PM, 0, PCI_PM_SIZEOF,
                                 errp);

    if (cap < 0) {
        return false;
    }
    s->pm_cap = cap;
    pci_set_word(pci_dev->config + cap + PCI_PM_PMC, 3);
    pci_set_word(pci_dev->wmask + cap + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
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
    pci_config_set_interrupt_pin(pci_dev->config, 1);
    ret = pcie_endpoint_cap_init(pci_dev, 0);
    if (ret < 0) {
        error_setg_errno(errp, -ret, "cannot add the PCI Express capability");
        goto no_express;
    }
    pcie_cap_flr_init(pci_dev);
    if (!ferronic_init_power(s, errp) ||
        pcie_aer_init(pci_dev, PCI_ERR_VER, FERRONIC_AER_OFFSET,
                      PCI_ERR_SIZEOF, errp) < 0) {
        goto no_aer;
    }
    return true;

no_aer:
    pcie_cap_exit(pci_dev);
no_express:
    msix_unuse_all_vectors(pci_dev);
    msix_uninit_exclusive_bar(pci_dev);
    return false;
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

static void ferronic_exit_core(FerronicState *s)
{
    PCIDevice *pci_dev = PCI_DEVICE(s);

    ferronic_core_unrealize(&s->core);
    ferronic_contract_unrealize(&s->core);
    qemu_del_nic(s->nic);
    pcie_aer_exit(pci_dev);
    pcie_cap_exit(pci_dev);
    msix_unuse_all_vectors(pci_dev);
    msix_uninit_exclusive_bar(pci_dev);
}

static void ferronic_realize(PCIDevice *pci_dev, Error **errp)
{
    FerronicState *s = FERRONIC(pci_dev);

    if (!ferronic_check_delays(&s->core, errp) ||
        !ferronic_init_pci(s, errp)) {
        return;
    }
    ferronic_init_nic(s);
    ferronic_contract_realize(&s->core);
    ferronic_core_realize(&s->core);
    if (!ferronic_faults_realize(&s->faults, &s->core, errp)) {
        ferronic_exit_core(s);
        return;
    }
    if (!ferronic_traffic_realize(&s->traffic, &s->core, &s->faults, errp)) {
        ferronic_faults_unrealize(&s->faults);
        ferronic_exit_core(s);
    }
}

static void ferronic_exit(PCIDevice *pci_dev)
{
    FerronicState *s = FERRONIC(pci_dev);

    ferronic_traffic_unrealize(&s->traffic);
    ferronic_faults_unrealize(&s->faults);
    ferronic_exit_core(s);
}

static void ferronic_reset_hold(Object *obj, ResetType type)
{
    FerronicState *s = FERRONIC(obj);

    if (!s->core.gone) {
        ferronic_set_power_state(s, FERRONIC_D0);
        ferronic_core_reset(&s->core);
    }
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
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = ferronic_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, FerronicState),
        VMSTATE_MSIX(parent_obj, FerronicState),
        VMSTATE_STRUCT(parent_obj.exp.aer_log, FerronicState, 0,
                       vmstate_pcie_aer_log, PCIEAERLog),
        VMSTATE_STRUCT(core, FerronicState, 2, ferronic_core_vmstate,
                       FerronicCore),
        VMSTATE_STRUCT(faults, FerronicState, 2, ferronic_faults_vmstate,
                       FerronicFaults),
        VMSTATE_STRUCT(traffic, FerronicState, 2, ferronic_traffic_vmstate,
                       FerronicTrafficState),
        VMSTATE_END_OF_LIST()
    }
};

static const Property ferronic_properties[] = {
    DEFINE_NIC_PROPERTIES(FerronicState, conf),
    DEFINE_PROP_UINT64("reset-delay-ns", FerronicState, core.reset_delay_ns,
                       FERRONIC_RESET_DELAY_NS),
    DEFINE_PROP_UINT64("tx-latency-ns", FerronicState, core.tx_latency_ns,
                       1000),
    DEFINE_PROP_UINT64("rx-latency-ns", FerronicState, core.rx_latency_ns,
                       1000),
    DEFINE_PROP_UINT64("batch-ns", FerronicState, core.batch_ns, 500000),
    DEFINE_PROP_UINT64("stop-delay-ns", FerronicState, core.stop_delay_ns,
                       5000),
    DEFINE_PROP_UINT32("dma-latency-ns", FerronicState,
                       core.default_dma_latency_ns,
                       FERRONIC_DEFAULT_DMA_LATENCY_NS),
    DEFINE_PROP_BOOL("flow-control", FerronicState, core.flow_control, true),
    DEFINE_PROP_CHR("log", FerronicState, core.contract.log.chr),
    DEFINE_PROP_STRING("fault-plan", FerronicState, faults.plan_file),
    DEFINE_PROP_UINT64("fault-seed", FerronicState, faults.seed, 1),
    DEFINE_PROP_BOOL("traffic", FerronicState, traffic.at_start, false),
    DEFINE_PROP_UINT32("traffic-rate", FerronicState, traffic.property.rate,
                       0),
    DEFINE_PROP_STRING("traffic-sizes", FerronicState, traffic.property_sizes),
    DEFINE_PROP_UINT32("traffic-size-min", FerronicState,
                       traffic.property.size_min, FERRONIC_TEST_FRAME_MIN),
    DEFINE_PROP_UINT32("traffic-size-max", FerronicState,
                       traffic.property.size_max, 0),
    DEFINE_PROP_UINT32("traffic-flows", FerronicState, traffic.property.flows,
                       1),
    DEFINE_PROP_UINT64("traffic-count", FerronicState, traffic.property.count,
                       0),
    DEFINE_PROP_UINT64("traffic-seed", FerronicState, traffic.property.seed, 1),
    DEFINE_PROP_UINT32("traffic-bad-checksum-every", FerronicState,
                       traffic.property.bad_checksum_every, 0),
};

static void ferronic_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = ferronic_realize;
    pc->exit = ferronic_exit;
    pc->config_read = ferronic_read_config;
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
        "Virtual time from a doorbell to the start of the transmission");
    object_class_property_set_description(klass, "rx-latency-ns",
        "Virtual time from the arrival of a frame to its first descriptor");
    object_class_property_set_description(klass, "batch-ns",
        "How late fast transfers may be looked at, so that there are more");
    object_class_property_set_description(klass, "dma-latency-ns",
        "Virtual time of each descriptor: what DMA_LATENCY is after a reset");
    object_class_property_set_description(klass, "flow-control",
        "The link partner waits when there is no room; off: frames are lost");
    object_class_property_set_description(klass, "stop-delay-ns",
        "Virtual time that a disabled queue remains active");
    object_class_property_set_description(klass, "log",
        "Chardev that gets violations and faults, a JSON document a line");
    object_class_property_set_description(klass, "fault-plan",
        "File with faults to begin with: JSON, see FerronicFaultPlan");
    object_class_property_set_description(klass, "fault-seed",
        "Seed of the faults that have none of their own");
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
