/*
 * QTest of the ferronic NIC: faults, violations and traffic by QMP
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qobject/qjson.h"
#include "inject.h"

/* The arguments with the path of the device. */
static QDict *with_path(const char *arguments)
{
    QDict *dict = qobject_to(QDict, qobject_from_json(arguments,
                                                      &error_abort));

    qdict_put_str(dict, "path", NIC0_PATH);
    return dict;
}

void nic_command(Nic *nic, const char *command, const char *arguments)
{
    qtest_qmp_assert_success(nic->qts, "{'execute': %s, 'arguments': %p}",
                             command, with_path(arguments));
}

QDict *nic_query(Nic *nic, const char *command)
{
    return qtest_qmp_assert_success_ref(nic->qts,
        "{'execute': %s, 'arguments': %p}", command, with_path("{}"));
}

static QDict *fault_arguments(const char *fault)
{
    g_autofree char *arguments = g_strdup_printf("{'fault': %s}", fault);

    return with_path(arguments);
}

int64_t inject(Nic *nic, const char *fault)
{
    QDict *result = qtest_qmp_assert_success_ref(nic->qts,
        "{'execute': 'ferronic-inject-fault', 'arguments': %p}",
        fault_arguments(fault));
    int64_t id = qdict_get_int(result, "id");

    qobject_unref(result);
    return id;
}

void assert_fault_refused(Nic *nic, const char *fault, const char *expected)
{
    QDict *response = qtest_qmp(nic->qts,
        "{'execute': 'ferronic-inject-fault', 'arguments': %p}",
        fault_arguments(fault));
    QDict *error = qdict_get_qdict(response, "error");

    g_assert_nonnull(error);
    if (!strstr(qdict_get_str(error, "desc"), expected)) {
        g_test_message("%s", qdict_get_str(error, "desc"));
        g_assert_not_reached();
    }
    qobject_unref(response);
}

void cancel(Nic *nic, int64_t id)
{
    g_autofree char *arguments = g_strdup_printf("{'id': %" PRId64 "}", id);

    nic_command(nic, "ferronic-cancel-fault", arguments);
}

QDict *fault_info(Nic *nic, int64_t id)
{
    QDict *response = qtest_qmp(nic->qts,
        "{'execute': 'query-ferronic-faults', 'arguments': %p}",
        with_path("{}"));
    QDict *found = NULL;
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(response, "return"), entry) {
        QDict *info = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(info, "id") == id) {
            found = qobject_ref(info);
        }
    }
    qobject_unref(response);
    g_assert_nonnull(found);
    return found;
}

static int64_t fault_counter(Nic *nic, int64_t id, const char *name)
{
    QDict *info = fault_info(nic, id);
    int64_t value = qdict_get_int(info, name);

    qobject_unref(info);
    return value;
}

int64_t fault_delivered(Nic *nic, int64_t id)
{
    return fault_counter(nic, id, "delivered");
}

int64_t fault_ineffective(Nic *nic, int64_t id)
{
    return fault_counter(nic, id, "ineffective");
}

void assert_fault_state(Nic *nic, int64_t id, const char *state)
{
    QDict *info = fault_info(nic, id);

    g_assert_cmpstr(qdict_get_str(info, "state"), ==, state);
    qobject_unref(info);
}

/* Violations */

static int64_t rule_counter(Nic *nic, unsigned rule, const char *name)
{
    QDict *info = nic_query(nic, "query-ferronic-violations");
    const QListEntry *entry;
    int64_t count = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(info, "rules"), entry) {
        QDict *counted = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(counted, "rule") == rule) {
            count = qdict_get_int(counted, name);
        }
    }
    qobject_unref(info);
    return count;
}

int64_t broken(Nic *nic, unsigned rule)
{
    return rule_counter(nic, rule, "count");
}

int64_t broken_under_fault(Nic *nic, unsigned rule)
{
    return rule_counter(nic, rule, "under-fault");
}

int64_t violations(Nic *nic)
{
    QDict *info = nic_query(nic, "query-ferronic-violations");
    int64_t total = qdict_get_int(info, "total");

    qobject_unref(info);
    return total;
}

/* Log */

Nic *nic_start_logged(char **file)
{
    g_autofree char *args = NULL;
    int fd = g_file_open_tmp("ferronic-log-XXXXXX", file, NULL);
    Nic *nic;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    args = g_strdup_printf("-chardev file,id=log,path=%s " DEVICE_ARGS
                           ",log=log", *file);
    nic = nic_start_raw(args);
    step(nic, FERRONIC_RESET_DELAY_NS);
    return nic;
}

QList *log_take(char *file)
{
    QList *lines = qlist_new();
    g_auto(GStrv) texts = NULL;
    g_autofree char *all = NULL;
    unsigned i;

    g_assert_true(g_file_get_contents(file, &all, NULL, NULL));
    texts = g_strsplit(all, "\n", -1);
    for (i = 0; texts[i + 1]; i++) {
        qlist_append_obj(lines, qobject_from_json(texts[i], &error_abort));
    }
    g_assert_cmpstr(texts[i], ==, "");
    unlink(file);
    g_free(file);
    return lines;
}
