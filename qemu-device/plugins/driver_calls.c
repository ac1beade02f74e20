/*
 * When a driver in the guest calls which of its functions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A TCG plugin that looks for addresses in the code that the guest executes. The
 * guest does not notice.
 *
 *   entries=FILE     addresses, hexadecimal, one a line
 *   calls=FILE       gets a line each time one of them is executed: "call",
 *                    position, virtual time in nanoseconds, vCPU, address. "-":
 *                    into QEMU's log (-d plugin), among the events traced there
 *   since            position from which calls are written
 *   from, until      where the addresses are, hexadecimal: where Linux puts
 *                    modules if nothing else is said
 *
 * Positions are those of the vcpu-scheduler.
 */

#include <errno.h>
#include <inttypes.h>

#include "driver_code.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* An instruction that is looked for. */
typedef struct Entry {
    uint64_t address;
    uint64_t ahead;         /* instructions of its translation block after it */
} Entry;

static DriverCode code = DRIVER_CODE_MODULES;
static uint64_t since;
static GHashTable *entries;
static FILE *calls;
/* Translation happens in the vCPUs' thread, the end of QEMU in another. */
static GMutex lock;

static void entry_executed(unsigned int cpu, void *opaque)
{
    const Entry *entry = opaque;
    g_autofree char *line = NULL;
    uint64_t position;
    int64_t ns;

    if (!qemu_plugin_vcpu_scheduler_clock(&cpu, &position, &ns)) {
        return;
    }
    position -= entry->ahead + 1;
    if (position < since) {
        return;
    }
    line = g_strdup_printf("call %" PRIu64 " %" PRId64 " %u %" PRIx64 "\n",
                           position, ns, cpu, entry->address);
    if (calls == stdout) {
        qemu_plugin_outs(line);
    } else {
        fputs(line, calls);
    }
}

static void watch(struct qemu_plugin_insn *insn, uint64_t ahead)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    Entry *entry;

    if (!g_hash_table_contains(entries, GSIZE_TO_POINTER(address))) {
        return;
    }
    /* As long as its translation, which QEMU does not tell the end of. */
    entry = g_new(Entry, 1);
    entry->address = address;
    entry->ahead = ahead;
    qemu_plugin_register_vcpu_insn_exec_cb(insn, entry_executed,
                                           QEMU_PLUGIN_CB_NO_REGS, entry);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    size_t i;

    if (!driver_code_has(&code, qemu_plugin_tb_vaddr(tb))) {
        return;
    }
    g_mutex_lock(&lock);
    for (i = 0; calls && i < count; i++) {
        watch(qemu_plugin_tb_get_insn(tb, i), count - 1 - i);
    }
    g_mutex_unlock(&lock);
}

static void ended(qemu_plugin_id_t id, void *opaque)
{
    g_mutex_lock(&lock);
    if (calls != stdout) {
        fclose(calls);
    }
    calls = NULL;
    g_mutex_unlock(&lock);
}

static bool read_entries(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        fprintf(stderr, "driver_calls: cannot read %s\n", path);
        return false;
    }
    entries = g_hash_table_new(NULL, NULL);
    lines = g_strsplit(text, "\n", -1);
    for (i = 0; lines[i]; i++) {
        uint64_t address = g_ascii_strtoull(lines[i], NULL, 16);

        if (address) {
            g_hash_table_add(entries, GSIZE_TO_POINTER(address));
        }
    }
    return true;
}

static bool open_calls(const char *path)
{
    calls = strcmp(path, "-") ? fopen(path, "w") : stdout;
    if (!calls) {
        fprintf(stderr, "driver_calls: cannot write %s: %s\n", path,
                strerror(errno));
    }
    return calls != NULL;
}

static bool take(const char *argument)
{
    g_auto(GStrv) pair = driver_code_option("driver_calls", argument);

    if (!pair) {
        return false;
    }
    if (driver_code_take(&code, pair[0], pair[1])) {
        return true;
    }
    if (!strcmp(pair[0], "since")) {
        since = g_ascii_strtoull(pair[1], NULL, 10);
        return true;
    }
    if (!strcmp(pair[0], "entries")) {
        return read_entries(pair[1]);
    }
    if (!strcmp(pair[0], "calls")) {
        return open_calls(pair[1]);
    }
    fprintf(stderr, "driver_calls: no option '%s'\n", pair[0]);
    return false;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info,
                                           int argc, char **argv)
{
    int i;

    for (i = 0; i < argc; i++) {
        if (!take(argv[i])) {
            return -1;
        }
    }
    if (!calls || !entries) {
        fprintf(stderr, "driver_calls: entries and calls are needed\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
