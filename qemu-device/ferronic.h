/*
 * Ferronic NIC: the QEMU object
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_H
#define HW_NET_FERRONIC_H

#include "hw/pci/pci_device.h"
#include "net/net.h"
#include "qom/object.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "ferronic_traffic.h"

#define TYPE_FERRONIC "ferronic"
/* Values of the power state in the power management capability. */
#define FERRONIC_D0     0
#define FERRONIC_D3HOT  3

OBJECT_DECLARE_SIMPLE_TYPE(FerronicState, FERRONIC)

struct FerronicState {
    PCIDevice parent_obj;
    MemoryRegion registers;
    NICState *nic;
    NICConf conf;
    uint8_t pm_cap;
    FerronicCore core;
    FerronicFaults faults;
    FerronicTrafficState traffic;
};

#endif /* HW_NET_FERRONIC_H */
