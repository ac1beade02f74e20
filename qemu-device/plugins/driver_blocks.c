/*
 * Which code of a driver the guest executes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A TCG plugin that watches a range of addresses. The guest does not notice.
 *
 *   blocks=FILE      written at the end: "block START END" for each run of
 *                    instructions that was executed, "edge LAST NEXT" for each
 *                    pair of an instruction that ended one and the one after it
 *   from, until      the range, hexadecimal: where Linux puts modules if nothing
 *                    else is said
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "driver_code.h"

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

static DriverCode code = DRIVER_CODE_MODULES;
static char *blocks_file;
static GHashTable *blocks;
static Block *last[MAX_CPUS];
/* Translation happens in the vCPUs' thread, the end of QEMU in another. */
static GMutex lock;

static void block_executed(unsigned int cpu, void *opaque)
{
    Block *block = opaque;
    Block *previous;
    uint64_t position;
    int64_t ns;

    /* Without a vcpu-scheduler the index of the callback is right. */
    qemu_plugin_vcpu_scheduler_clock(&cpu, &position, &ns);
    previous = last[cpu % MAX_CPUS];
    block->executed = true;
    if (previous) {
        g_hash_table_add(previous->next, GSIZE_TO_POINTER(block->start));
    }
    last[cpu % MAX_CPUS] = block;
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
    size_t count = qemu_plugin_tb_n_insns(tb);

    if (!driver_code_has(&code, qemu_plugin_tb_vaddr(tb)) || !count) {
        return;
    }
    g_mutex_lock(&lock);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed,
                                         QEMU_PLUGIN_CB_NO_REGS,
                                         block_of(tb, count));
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
        fprintf(stderr, "driver_blocks: cannot write %s: %s\n", blocks_file,
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
    write_blocks();
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

static bool take(const char *argument)
{
    g_auto(GStrv) pair = driver_code_option("driver_blocks", argument);

    if (!pair) {
        return false;
    }
    if (driver_code_take(&code, pair[0], pair[1])) {
        return true;
    }
    if (!strcmp(pair[0], "blocks")) {
        blocks_file = g_strdup(pair[1]);
        return true;
    }
    fprintf(stderr, "driver_blocks: no option '%s'\n", pair[0]);
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
    if (!blocks_file) {
        fprintf(stderr, "driver_blocks: blocks is needed\n");
        return -1;
    }
    blocks = g_hash_table_new(block_hash, block_equal);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
