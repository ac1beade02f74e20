/*
 * QMP commands of the ferronic NIC in builds without the device
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-ferronic.h"

static void not_built(Error **errp)
{
    error_setg(errp, "this QEMU was built without the ferronic device");
}

FerronicInfo *qmp_query_ferronic(const char *path, Error **errp)
{
    not_built(errp);
    return NULL;
}

FerronicViolations *qmp_query_ferronic_violations(const char *path,
                                                  Error **errp)
{
    not_built(errp);
    return NULL;
}

FerronicFaultId *qmp_ferronic_inject_fault(const char *path,
                                           FerronicFault *fault, Error **errp)
{
    not_built(errp);
    return NULL;
}

void qmp_ferronic_cancel_fault(const char *path, bool has_id, uint32_t id,
                               Error **errp)
{
    not_built(errp);
}

FerronicFaultInfoList *qmp_query_ferronic_faults(const char *path,
                                                 Error **errp)
{
    not_built(errp);
    return NULL;
}

void qmp_ferronic_inject_irq_storm(const char *path, uint8_t vector,
                                   uint32_t rate_hz, uint32_t count,
                                   Error **errp)
{
    not_built(errp);
}

void qmp_ferronic_inject_link_flap(const char *path, uint64_t down_ns,
                                   uint32_t count, Error **errp)
{
    not_built(errp);
}

void qmp_ferronic_traffic_start(const char *path, bool has_rate, uint32_t rate,
                                bool has_sizes, FerronicFrameSizes sizes,
                                bool has_size_min, uint32_t size_min,
                                bool has_size_max, uint32_t size_max,
                                bool has_flows, uint32_t flows, bool has_count,
                                uint64_t count, bool has_seed, uint64_t seed,
                                bool has_bad_checksum_every,
                                uint32_t bad_checksum_every, Error **errp)
{
    not_built(errp);
}

void qmp_ferronic_traffic_stop(const char *path, Error **errp)
{
    not_built(errp);
}

FerronicTraffic *qmp_query_ferronic_traffic(const char *path, Error **errp)
{
    not_built(errp);
    return NULL;
}
