/*
 * A port through which a simulated guest gets its work and says how it ended
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * BAR 0, 32-bit registers:
 *
 *   0x0 LENGTH      RO  bytes of input in BAR 2
 *   0x4 CHECKPOINT  WO  the machine stops with this instruction, to be saved,
 *                       if "checkpoint" is on
 *   0x8 EXIT        WO  QEMU ends with this instruction, and with this status
 *
 * BAR 2, read only: the input, which is not part of a saved machine. What is
 * restored with another file finds another input.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qom/object.h"
#include "system/cpus.h"
#include "system/runstate.h"

#define TYPE_SIM_PORT "sim-port"
OBJECT_DECLARE_SIMPLE_TYPE(SimPort, SIM_PORT)

#define SIM_PORT_VENDOR 0x1234
#define SIM_PORT_DEVICE 0xfe02

#define INPUT_SIZE (32 * MiB)

enum {
    REG_LENGTH = 0x0,
    REG_CHECKPOINT = 0x4,
    REG_EXIT = 0x8,
};

struct SimPort {
    PCIDevice parent_obj;

    MemoryRegion registers;
    MemoryRegion input;
    char *input_file;
    bool checkpoint;
    uint32_t length;
};

static uint64_t sim_port_read(void *opaque, hwaddr addr, unsigned int size)
{
    SimPort *s = opaque;

    return addr == REG_LENGTH ? s->length : 0;
}

static void sim_port_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned int size)
{
    SimPort *s = opaque;

    switch (addr) {
    case REG_CHECKPOINT:
        if (s->checkpoint) {
            vm_stop(RUN_STATE_PAUSED);
        }
        break;
    case REG_EXIT:
        qemu_system_shutdown_request_with_code(
            SHUTDOWN_CAUSE_GUEST_SHUTDOWN, value & 0xff);
        cpu_stop_current();
        break;
    default:
        break;
    }
}

static const MemoryRegionOps sim_port_ops = {
    .read = sim_port_read,
    .write = sim_port_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

static bool sim_port_read_input(SimPort *s, Error **errp)
{
    g_autofree char *content = NULL;
    g_autoptr(GError) error = NULL;
    size_t length;

    if (!g_file_get_contents(s->input_file, &content, &length, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    if (length > INPUT_SIZE) {
        error_setg(errp, "%s has more than the %u MiB that there is room for",
                   s->input_file, (unsigned int)(INPUT_SIZE / MiB));
        return false;
    }
    memcpy(memory_region_get_ram_ptr(&s->input), content, length);
    s->length = length;
    return true;
}

static void sim_port_realize(PCIDevice *pci, Error **errp)
{
    SimPort *s = SIM_PORT(pci);

    memory_region_init_io(&s->registers, OBJECT(s), &sim_port_ops, s,
                          "sim-port-registers", 0x1000);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->registers);

    if (!memory_region_init_ram_nomigrate(&s->input, OBJECT(s),
                                          "sim-port-input", INPUT_SIZE,
                                          errp)) {
        return;
    }
    memory_region_set_readonly(&s->input, true);
    pci_register_bar(pci, 2, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->input);
    if (s->input_file) {
        sim_port_read_input(s, errp);
    }
}

static const VMStateDescription vmstate_sim_port = {
    .name = TYPE_SIM_PORT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, SimPort),
        VMSTATE_END_OF_LIST()
    }
};

static const Property sim_port_properties[] = {
    DEFINE_PROP_STRING("input", SimPort, input_file),
    DEFINE_PROP_BOOL("checkpoint", SimPort, checkpoint, false),
};

static void sim_port_class_init(ObjectClass *class, void *data)
{
    DeviceClass *device = DEVICE_CLASS(class);
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);

    device->desc = "Input and end of a simulated guest";
    device->vmsd = &vmstate_sim_port;
    device->hotpluggable = false;
    device_class_set_props(device, sim_port_properties);
    set_bit(DEVICE_CATEGORY_MISC, device->categories);
    pci->realize = sim_port_realize;
    pci->vendor_id = SIM_PORT_VENDOR;
    pci->device_id = SIM_PORT_DEVICE;
    pci->class_id = PCI_CLASS_SYSTEM_OTHER;
}

static const TypeInfo sim_port_info = {
    .name = TYPE_SIM_PORT,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(SimPort),
    .class_init = sim_port_class_init,
    .interfaces = (InterfaceInfo[]) {
        { INTERFACE_CONVENTIONAL_PCI_DEVICE },
        { }
    },
};

static void sim_port_register_types(void)
{
    type_register_static(&sim_port_info);
}

type_init(sim_port_register_types);
