/*
 * Ferronic NIC: the log of violations and faults
 *
 * A guest can break rules as fast as it can write registers. The log stays
 * small all the same, and loses nothing: the first entries of a source are
 * lines of their own, later ones are added up in one line a period, and the
 * counts of all lines make the number of events.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qom/object.h"
#include "hw/core/cpu.h"
#include "ferronic_log.h"

bool ferronic_log_single(FerronicLogSource *source)
{
    if (source->lines < FERRONIC_LOG_SINGLE) {
        source->lines++;
        return true;
    }
    source->unwritten++;
    return false;
}

uint64_t ferronic_log_take(FerronicLogSource *source)
{
    uint64_t count = source->unwritten;

    source->unwritten = 0;
    return count;
}

bool ferronic_log_is_open(FerronicLog *log)
{
    return qemu_chr_fe_backend_connected(&log->chr);
}

GString *ferronic_log_begin(int64_t time, const char *device, const char *type)
{
    GString *line = g_string_new(NULL);

    /* Ids of devices have no characters that JSON would want escaped. */
    g_string_printf(line, "{\"time\":%" PRId64 ",\"device\":\"%s\","
                    "\"type\":\"%s\"", time, device, type);
    return line;
}

void ferronic_log_place(GString *line)
{
    Object *scheduler = object_resolve_path_type("", "vcpu-scheduler", NULL);

    if (!scheduler) {
        return;
    }
    g_string_append_printf(line, ",\"position\":%" PRIu64 ",\"virtualNs\":%"
                           PRId64,
                           object_property_get_uint(scheduler, "position",
                                                    &error_abort),
                           object_property_get_int(scheduler, "virtual-ns",
                                                   &error_abort));
    if (current_cpu && current_cpu->running) {
        g_string_append_printf(line, ",\"vcpu\":%d", current_cpu->cpu_index);
    }
}

void ferronic_log_write(FerronicLog *log, GString *line)
{
    g_string_append(line, "}\n");
    qemu_chr_fe_write_all(&log->chr, (const uint8_t *)line->str, line->len);
}
