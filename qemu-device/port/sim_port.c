/*
 * A port through which a simulated guest asks what to do next
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * BAR 0, 32-bit registers:
 *
 *   0x0 TASK_LENGTH    RO  bytes of the task in BAR 2
 *   0x4 RESULT_LENGTH  WO  bytes of the result that the guest has put into BAR 4
 *   0x8 ASK            WO  the result is written to the file "result", and the
 *                          machine stops with this instruction. Whoever lets it go
 *                          on has set "task" to a file with what to do next
 *   0xc EXIT           WO  QEMU ends with this instruction, and with this status
 *
 * BAR 2, read only: the task. BAR 4: room for a result. Neither is part of a
 * saved machine: one that was saved when it had asked can be given any task.
 *
 * No time passes for the guest while it is asked for, and nothing else tells it
 * what happens outside, so a run is a function of the tasks.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
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

#define TASK_SIZE (32 * MiB)
#define RESULT_SIZE (1 * MiB)

enum {
    REG_TASK_LENGTH = 0x0,
    REG_RESULT_LENGTH = 0x4,
    REG_ASK = 0x8,
    REG_EXIT = 0xc,
};

struct SimPort {
    PCIDevice parent_obj;

    MemoryRegion registers;
    MemoryRegion task;
    MemoryRegion result;
    char *task_file;
    char *result_file;
    uint32_t task_length;
    uint32_t result_length;
};

static uint64_t sim_port_read(void *opaque, hwaddr addr, unsigned int size)
{
    SimPort *s = opaque;

    return addr == REG_TASK_LENGTH ? s->task_length : 0;
}

static void sim_port_write_result(SimPort *s)
{
    g_autoptr(GError) error = NULL;

    if (s->result_file &&
        !g_file_set_contents_full(s->result_file,
                                  memory_region_get_ram_ptr(&s->result),
                                  s->result_length, G_FILE_SET_CONTENTS_NONE,
                                  0644, &error)) {
        error_report("sim-port: %s", error->message);
    }
}

static void sim_port_write(void *opaque, hwaddr addr, uint64_t value,
                           unsigned int size)
{
    SimPort *s = opaque;

    switch (addr) {
    case REG_RESULT_LENGTH:
        s->result_length = MIN(value, RESULT_SIZE);
        break;
    case REG_ASK:
        sim_port_write_result(s);
        vm_stop(RUN_STATE_PAUSED);
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

static bool sim_port_read_task(SimPort *s, Error **errp)
{
    g_autofree char *content = NULL;
    g_autoptr(GError) error = NULL;
    size_t length;

    if (!g_file_get_contents(s->task_file, &content, &length, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    if (length > TASK_SIZE) {
        error_setg(errp, "%s has more than the %u MiB that there is room for",
                   s->task_file, (unsigned int)(TASK_SIZE / MiB));
        return false;
    }
    memcpy(memory_region_get_ram_ptr(&s->task), content, length);
    s->task_length = length;
    return true;
}

static void sim_port_realize(PCIDevice *pci, Error **errp)
{
    SimPort *s = SIM_PORT(pci);

    memory_region_init_io(&s->registers, OBJECT(s), &sim_port_ops, s,
                          "sim-port-registers", 0x1000);
    pci_register_bar(pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->registers);

    if (!memory_region_init_ram_nomigrate(&s->task, OBJECT(s), "sim-port-task",
                                          TASK_SIZE, errp) ||
        !memory_region_init_ram_nomigrate(&s->result, OBJECT(s),
                                          "sim-port-result", RESULT_SIZE,
                                          errp)) {
        return;
    }
    memory_region_set_readonly(&s->task, true);
    pci_register_bar(pci, 2, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->task);
    pci_register_bar(pci, 4, PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->result);
}

static char *sim_port_get_task(Object *obj, Error **errp)
{
    return g_strdup(SIM_PORT(obj)->task_file);
}

static void sim_port_set_task(Object *obj, const char *value, Error **errp)
{
    SimPort *s = SIM_PORT(obj);

    if (!DEVICE(obj)->realized) {
        error_setg(errp, "the task is set when the guest has asked for it");
        return;
    }
    g_free(s->task_file);
    s->task_file = g_strdup(value);
    sim_port_read_task(s, errp);
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
    DEFINE_PROP_STRING("result", SimPort, result_file),
};

static void sim_port_class_init(ObjectClass *class, void *data)
{
    DeviceClass *device = DEVICE_CLASS(class);
    PCIDeviceClass *pci = PCI_DEVICE_CLASS(class);

    device->desc = "Tasks of a simulated guest";
    device->vmsd = &vmstate_sim_port;
    device->hotpluggable = false;
    device_class_set_props(device, sim_port_properties);
    set_bit(DEVICE_CATEGORY_MISC, device->categories);
    object_class_property_add_str(class, "task", sim_port_get_task,
                                  sim_port_set_task);
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
