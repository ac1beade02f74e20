/*
 * What the plugins that watch a driver have in common
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef DRIVER_CODE_H
#define DRIVER_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>

#include <qemu-plugin.h>

/* Addresses of the code that is watched. */
typedef struct DriverCode {
    uint64_t from;
    uint64_t until;
} DriverCode;

/* Of Documentation/arch/x86/x86_64/mm.rst, "module mapping space". */
#define DRIVER_CODE_MODULES \
    { .from = 0xffffffffa0000000, .until = 0xffffffffff000000 }

static inline bool driver_code_has(const DriverCode *code, uint64_t address)
{
    return address >= code->from && address < code->until;
}

/*
 * Takes "from=ADDRESS" or "until=ADDRESS", hexadecimal; false when @name is
 * neither.
 */
static inline bool driver_code_take(DriverCode *code, const char *name,
                                    const char *value)
{
    if (!strcmp(name, "from")) {
        code->from = g_ascii_strtoull(value, NULL, 16);
    } else if (!strcmp(name, "until")) {
        code->until = g_ascii_strtoull(value, NULL, 16);
    } else {
        return false;
    }
    return true;
}

/*
 * Splits "NAME=VALUE", to be freed with g_strfreev(); NULL, and a message, when
 * @argument has no value.
 */
static inline char **driver_code_option(const char *plugin,
                                        const char *argument)
{
    char **pair = g_strsplit(argument, "=", 2);

    if (pair[0] && pair[1]) {
        return pair;
    }
    fprintf(stderr, "%s: '%s' has no value\n", plugin, argument);
    g_strfreev(pair);
    return NULL;
}

#endif
