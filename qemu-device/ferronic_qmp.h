/*
 * Ferronic NIC: what its QMP commands have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_QMP_H
#define HW_NET_FERRONIC_QMP_H

#include "ferronic.h"

/* The device at a QOM path. */
FerronicState *ferronic_find_device(const char *path, Error **errp);

bool ferronic_check_range(const char *name, uint64_t value, uint64_t min,
                          uint64_t max, Error **errp);

#endif /* HW_NET_FERRONIC_QMP_H */
