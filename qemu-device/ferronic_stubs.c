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
