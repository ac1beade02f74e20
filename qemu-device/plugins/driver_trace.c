/*
 * What a driver in the guest executes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A TCG plugin that watches code of the guest in a range of addresses, which is
 * where Linux puts modules if nothing else is said. The guest does not notice.
 *
 *   from, until      the range, hexadecimal
 *   blocks=FILE      written at the end: "block START END" for each run of
 *                    instructions that was executed, "edge LAST NEXT" for each
 *                    pair of an instruction that ended one and the one after it
 *   entries=FILE     addresses, hexadecimal, one a line, and
 *   calls=FILE       a line each time one of them is executed: "call", position,
 *                    virtual time in nanoseconds, vCPU, address. "-": into QEMU's
 *                    log (-d plugin), among the events that are traced there
 *   since, before    positions between which calls are written
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include <qemu-plugin.h>

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

#define MAX_CPUS 64

/* A run of instructions with one way in. */
typedef struct Block {
    uint64_t start;
    uint64_t last;          /* address of its last instruction */
    uint64_t end;
    bool executed;
    GHashTable *next;       /* addresses of what was executed after it */
} Block;

typedef struct Clock {
    unsigned int cpu;
    uint64_t position;
    int64_t ns;
} Clock;

/* An instruction that is looked for. */
typedef struct Entry {
    uint64_t address;
    uint64_t ahead;         /* instructions of its translation block after it */
} Entry;

/* Of Documentation/arch/x86/x86_64/mm.rst, "module mapping space". */
static uint64_t from = 0xffffffffa0000000;
static uint64_t until = 0xffffffffff000000;
static uint64_t since;
static uint64_t before = UINT64_MAX;

static char *blocks_file;
static GHashTable *blocks;
static Block *last[MAX_CPUS];
static GHashTable *entries;
static FILE *calls;
/* Translation happens in the vCPUs' thread, the end of QEMU in another. */
static GMutex lock;

/* Where the machine is. False when nothing but the vCPU is known. */
static bool look(Clock *clock, unsigned int cpu)
{
    clock->cpu = cpu;
    return qemu_plugin_vcpu_scheduler_clock(&clock->cpu, &clock->position,
                                            &clock->ns);
}

static void block_executed(unsigned int cpu, void *opaque)
{
    Block *block = opaque;
    Block *previous;
    Clock now;

    look(&now, cpu);
    previous = last[now.cpu % MAX_CPUS];
    block->executed = true;
    if (previous) {
        g_hash_table_add(previous->next, GSIZE_TO_POINTER(block->start));
    }
    last[now.cpu % MAX_CPUS] = block;
}

static void entry_executed(unsigned int cpu, void *opaque)
{
    const Entry *entry = opaque;
    g_autofree char *line = NULL;
    Clock now;

    if (!look(&now, cpu)) {
        return;
    }
    now.position -= entry->ahead + 1;
    if (now.position < since || now.position >= before) {
        return;
    }
    line = g_strdup_printf("call %" PRIu64 " %" PRId64 " %u %" PRIx64 "\n",
                           now.position, now.ns, now.cpu, entry->address);
    if (calls == stdout) {
        qemu_plugin_outs(line);
    } else {
        fputs(line, calls);
    }
}

static Block *block_of(struct qemu_plugin_tb *tb, size_t count)
{
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, count - 1);
    uint64_t address = qemu_plugin_insn_vaddr(insn);
    Block key = {
        .start = qemu_plugin_tb_vaddr(tb),
        .last = address,
        .end = address + qemu_plugin_insn_size(insn),
    };
    Block *block = g_hash_table_lookup(blocks, &key);

    if (!block) {
        block = g_new0(Block, 1);
        *block = key;
        block->next = g_hash_table_new(NULL, NULL);
        g_hash_table_add(blocks, block);
    }
    return block;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t start = qemu_plugin_tb_vaddr(tb);
    size_t count = qemu_plugin_tb_n_insns(tb);
    size_t i;

    if (start < from || start >= until || !count) {
        return;
    }
    g_mutex_lock(&lock);
    if (blocks) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed,
                                             QEMU_PLUGIN_CB_NO_REGS,
                                             block_of(tb, count));
    }
    for (i = 0; calls && i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        Entry *entry;

        if (!g_hash_table_contains(entries, GSIZE_TO_POINTER(address))) {
            continue;
        }
        /* As long as its translation, which QEMU does not tell the end of. */
        entry = g_new(Entry, 1);
        entry->address = address;
        entry->ahead = count - 1 - i;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, entry_executed,
                                               QEMU_PLUGIN_CB_NO_REGS, entry);
    }
    g_mutex_unlock(&lock);
}

static int compare_addresses(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int compare_blocks(const void *a, const void *b)
{
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;

    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return (x->end > y->end) - (x->end < y->end);
}

static void write_edges(FILE *file, const Block *block)
{
    guint count, i;
    g_autofree gpointer *next =
        g_hash_table_get_keys_as_array(block->next, &count);

    qsort(next, count, sizeof(next[0]), compare_addresses);
    for (i = 0; i < count; i++) {
        fprintf(file, "edge %" PRIx64 " %zx\n", block->last,
                GPOINTER_TO_SIZE(next[i]));
    }
}

/* In the order of addresses: files of equal runs are equal. */
static void write_blocks(void)
{
    FILE *file = fopen(blocks_file, "w");
    guint count, i;
    g_autofree gpointer *all = g_hash_table_get_keys_as_array(blocks, &count);

    if (!file) {
        fprintf(stderr, "driver_trace: cannot write %s: %s\n", blocks_file,
                strerror(errno));
        return;
    }
    qsort(all, count, sizeof(all[0]), compare_blocks);
    for (i = 0; i < count; i++) {
        const Block *block = all[i];

        if (block->executed) {
            fprintf(file, "block %" PRIx64 " %" PRIx64 "\n", block->start,
                    block->end);
            write_edges(file, block);
        }
    }
    fclose(file);
}

static void ended(qemu_plugin_id_t id, void *opaque)
{
    g_mutex_lock(&lock);
    if (blocks) {
        write_blocks();
    }
    if (calls && calls != stdout) {
        fclose(calls);
        calls = NULL;
    }
    g_mutex_unlock(&lock);
}

static guint block_hash(gconstpointer key)
{
    const Block *block = key;

    return g_int64_hash(&block->start) ^ g_int64_hash(&block->end);
}

static gboolean block_equal(gconstpointer a, gconstpointer b)
{
    const Block *x = a, *y = b;

    return x->start == y->start && x->end == y->end;
}

static bool read_entries(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    size_t i;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        fprintf(stderr, "driver_trace: cannot read %s\n", path);
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
        fprintf(stderr, "driver_trace: cannot write %s: %s\n", path,
                strerror(errno));
    }
    return calls != NULL;
}

static bool take(const char *argument)
{
    g_auto(GStrv) pair = g_strsplit(argument, "=", 2);
    const char *name = pair[0], *value = pair[0] ? pair[1] : NULL;

    if (!value) {
        fprintf(stderr, "driver_trace: '%s' has no value\n", argument);
        return false;
    }
    if (!strcmp(name, "from")) {
        from = g_ascii_strtoull(value, NULL, 16);
    } else if (!strcmp(name, "until")) {
        until = g_ascii_strtoull(value, NULL, 16);
    } else if (!strcmp(name, "since")) {
        since = g_ascii_strtoull(value, NULL, 10);
    } else if (!strcmp(name, "before")) {
        before = g_ascii_strtoull(value, NULL, 10);
    } else if (!strcmp(name, "blocks")) {
        blocks_file = g_strdup(value);
        blocks = g_hash_table_new(block_hash, block_equal);
    } else if (!strcmp(name, "entries")) {
        return read_entries(value);
    } else if (!strcmp(name, "calls")) {
        return open_calls(value);
    } else {
        fprintf(stderr, "driver_trace: no option '%s'\n", name);
        return false;
    }
    return true;
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
    if (calls && !entries) {
        fprintf(stderr, "driver_trace: calls need entries\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
