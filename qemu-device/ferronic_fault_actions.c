/*
 * Ferronic NIC: faults that happen at once
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_aer.h"
#include "hw/pci/pcie_regs.h"
#include "ferronic_faults.h"

static void spurious(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    unsigned vector = slot->spec->u.irq_spurious.vector;

    if (ferronic_irq_message(faults->core, vector) == FERRONIC_MESSAGE_SENT) {
        ferronic_fault_delivered(faults, slot, 1, ",\"vector\":%u", vector);
    } else {
        ferronic_fault_ineffective(faults, slot, 1,
                                   "masked, or MSI-X or bus mastering off");
    }
}

/* INTx */

static void intx_stuck(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    if (faults->core->intx_stuck) {
        ferronic_fault_ineffective(faults, slot, 1, "the line is stuck");
        return;
    }
    slot->ends = ferronic_now() + slot->spec->u.intx_stuck.duration_ns;
    faults->core->intx_stuck = true;
    ferronic_irq_update(faults->core);
    ferronic_fault_delivered(faults, slot, 1, ",\"durationNs\":%" PRIu64,
                             slot->spec->u.intx_stuck.duration_ns);
}

void ferronic_fault_end(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    slot->ends = FERRONIC_NEVER;
    faults->core->intx_stuck = false;
    ferronic_irq_update(faults->core);
}

/* Advanced Error Reporting */

static uint32_t correctable_status(const FerronicFaultAerCorrectable *spec)
{
    static const uint32_t status[] = {
        [FERRONIC_AER_CORRECTABLE_RECEIVER] = PCI_ERR_COR_RCVR,
        [FERRONIC_AER_CORRECTABLE_BAD_TLP] = PCI_ERR_COR_BAD_TLP,
        [FERRONIC_AER_CORRECTABLE_BAD_DLLP] = PCI_ERR_COR_BAD_DLLP,
        [FERRONIC_AER_CORRECTABLE_REPLAY_ROLLOVER] = PCI_ERR_COR_REP_ROLL,
        [FERRONIC_AER_CORRECTABLE_REPLAY_TIMEOUT] = PCI_ERR_COR_REP_TIMER,
    };

    return status[spec->has_error ? spec->error
                                  : FERRONIC_AER_CORRECTABLE_RECEIVER];
}

static uint32_t uncorrectable_status(const FerronicFaultAerUncorrectable *spec)
{
    static const uint32_t status[] = {
        [FERRONIC_AER_UNCORRECTABLE_DATA_LINK_PROTOCOL] = PCI_ERR_UNC_DLP,
        [FERRONIC_AER_UNCORRECTABLE_POISONED_TLP] = PCI_ERR_UNC_POISON_TLP,
        [FERRONIC_AER_UNCORRECTABLE_FLOW_CONTROL_PROTOCOL] = PCI_ERR_UNC_FCP,
        [FERRONIC_AER_UNCORRECTABLE_COMPLETION_TIMEOUT] = PCI_ERR_UNC_COMP_TIME,
        [FERRONIC_AER_UNCORRECTABLE_COMPLETER_ABORT] = PCI_ERR_UNC_COMP_ABORT,
        [FERRONIC_AER_UNCORRECTABLE_UNEXPECTED_COMPLETION] =
            PCI_ERR_UNC_UNX_COMP,
        [FERRONIC_AER_UNCORRECTABLE_RECEIVER_OVERFLOW] = PCI_ERR_UNC_RX_OVER,
        [FERRONIC_AER_UNCORRECTABLE_MALFORMED_TLP] = PCI_ERR_UNC_MALF_TLP,
    };

    return status[spec->has_error ?
                  spec->error : FERRONIC_AER_UNCORRECTABLE_DATA_LINK_PROTOCOL];
}

static void aer(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    PCIDevice *owner = faults->core->owner;
    bool correctable = slot->spec->kind == FERRONIC_FAULT_KIND_AER_CORRECTABLE;
    PCIEAERErr error = {
        .status = correctable ?
                  correctable_status(&slot->spec->u.aer_correctable) :
                  uncorrectable_status(&slot->spec->u.aer_uncorrectable),
        .source_id = pci_requester_id(owner),
        .flags = correctable ? PCIE_AER_ERR_IS_CORRECTABLE : 0,
    };

    if (faults->core->gone || pcie_aer_inject_error(owner, &error) < 0) {
        ferronic_fault_ineffective(faults, slot, 1, "the device has gone");
        return;
    }
    ferronic_fault_delivered(faults, slot, 1, ",\"status\":\"0x%x\"",
                             error.status);
}

/* Removal */

static bool is_hotplug_slot(const PCIDevice *port)
{
    const uint8_t *exp_cap;

    if (!port || !pci_is_express_downstream_port(port)) {
        return false;
    }
    exp_cap = port->config + port->exp.exp_cap;
    return pci_get_word(exp_cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_SLOT &&
           pci_get_long(exp_cap + PCI_EXP_SLTCAP) & PCI_EXP_SLTCAP_HPC;
}

/*
 * Lets the port above say that its slot is empty and its link down. QEMU's
 * slots report by their attention button, plugging in likewise.
 */
static void empty_slot(PCIDevice *port)
{
    uint8_t *exp_cap = port->config + port->exp.exp_cap;

    pci_word_test_and_clear_mask(exp_cap + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDS);
    pci_word_test_and_clear_mask(exp_cap + PCI_EXP_LNKSTA,
                                 PCI_EXP_LNKSTA_DLLLA);
    pci_word_test_and_set_mask(exp_cap + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDC);
    pcie_cap_slot_push_attention_button(port);
}

static void removal(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    FerronicCore *core = faults->core;
    PCIDevice *port = pci_bridge_get_device(pci_get_bus(core->owner));
    bool dead = slot->spec->kind == FERRONIC_FAULT_KIND_DEAD;

    if (core->gone) {
        ferronic_fault_ineffective(faults, slot, 1, "the device has gone");
        return;
    }
    ferronic_core_remove(core);
    if (dead) {
        ferronic_fault_delivered(faults, slot, 1, "%s", "");
        return;
    }
    if (is_hotplug_slot(port)) {
        empty_slot(port);
    }
    ferronic_fault_delivered(faults, slot, 1, ",\"slot\":%s",
                             is_hotplug_slot(port) ? "true" : "false");
}

static void act_once(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    const FerronicFault *spec = slot->spec;

    switch (spec->kind) {
    case FERRONIC_FAULT_KIND_IRQ_STORM:
        if (!ferronic_storm_start(faults, slot->id, &spec->u.irq_storm)) {
            ferronic_fault_ineffective(faults, slot, 1,
                                       "a storm is in progress");
        }
        break;
    case FERRONIC_FAULT_KIND_IRQ_SPURIOUS:
        spurious(faults, slot);
        break;
    case FERRONIC_FAULT_KIND_INTX_STUCK:
        intx_stuck(faults, slot);
        break;
    case FERRONIC_FAULT_KIND_LINK_FLAP:
        if (!ferronic_flap_start(faults, slot->id, &spec->u.link_flap)) {
            ferronic_fault_ineffective(faults, slot, 1,
                                       "flaps are in progress");
        }
        break;
    case FERRONIC_FAULT_KIND_AER_CORRECTABLE:
    case FERRONIC_FAULT_KIND_AER_UNCORRECTABLE:
        aer(faults, slot);
        break;
    case FERRONIC_FAULT_KIND_DEAD:
    case FERRONIC_FAULT_KIND_SURPRISE_REMOVAL:
        removal(faults, slot);
        break;
    default:
        g_assert_not_reached();
    }
}

void ferronic_fault_act(FerronicFaults *faults, FerronicFaultSlot *slot)
{
    while (slot->actions) {
        slot->actions--;
        act_once(faults, slot);
    }
}
