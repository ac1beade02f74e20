/*
 * QTest of the ferronic NIC: faults, violations and traffic by QMP
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FERRONIC_TEST_INJECT_H
#define FERRONIC_TEST_INJECT_H

#include "nic.h"
#include "qobject/qlist.h"

/* Any command without a result; arguments are JSON without the path. */
void nic_command(Nic *nic, const char *command, const char *arguments);
/* Any query. */
QDict *nic_query(Nic *nic, const char *command);

/* A fault as JSON. Returns its number. */
int64_t inject(Nic *nic, const char *fault);
void assert_fault_refused(Nic *nic, const char *fault, const char *expected);
void cancel(Nic *nic, int64_t id);
QDict *fault_info(Nic *nic, int64_t id);
int64_t fault_delivered(Nic *nic, int64_t id);
int64_t fault_ineffective(Nic *nic, int64_t id);
void assert_fault_state(Nic *nic, int64_t id, const char *state);

/* How often the rule was broken since the device was created. */
int64_t broken(Nic *nic, unsigned rule);
int64_t broken_under_fault(Nic *nic, unsigned rule);
int64_t violations(Nic *nic);

/* A NIC with a log. */
Nic *nic_start_logged(char **file);
/* The lines of a log; ends the file's life. */
QList *log_take(char *file);

#endif /* FERRONIC_TEST_INJECT_H */
