/*
 * Ferronic NIC: the log of violations and faults
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_NET_FERRONIC_LOG_H
#define HW_NET_FERRONIC_LOG_H

#include "chardev/char-fe.h"

/* So many entries of one source are lines of their own. */
#define FERRONIC_LOG_SINGLE     1000
/* Later ones are added up, and written so often. */
#define FERRONIC_LOG_PERIOD_NS  (100 * SCALE_MS)

/* JSON, one document a line, to the chardev of the property log. */
typedef struct FerronicLog {
    CharBackend chr;
} FerronicLog;

/* How much of what one source has to say is in the log. */
typedef struct FerronicLogSource {
    uint64_t lines;
    uint64_t unwritten;
} FerronicLogSource;

/* Whether the next entry is a line of its own; if not, it was added up. */
bool ferronic_log_single(FerronicLogSource *source);
/* What was added up since the last line of the source. */
uint64_t ferronic_log_take(FerronicLogSource *source);

bool ferronic_log_is_open(FerronicLog *log);
/* @line is a JSON object without its end; that and the line's end follow. */
void ferronic_log_write(FerronicLog *log, GString *line);
/* Begins a line with what all have. */
GString *ferronic_log_begin(int64_t time, const char *device,
                            const char *type);
/*
 * In a machine with a vcpu-scheduler: adds where it is, as that counts, and the
 * vCPU whose access is being answered, if one is.
 */
void ferronic_log_place(GString *line);

#endif /* HW_NET_FERRONIC_LOG_H */
