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

#define TYPE_FERRONIC "ferronic"
OBJECT_DECLARE_SIMPLE_TYPE(FerronicState, FERRONIC)

struct FerronicState {
    PCIDevice parent_obj;
    MemoryRegion registers;
    NICState *nic;
    NICConf conf;
    FerronicCore core;
    FerronicFaults faults;
};

#endif /* HW_NET_FERRONIC_H */
