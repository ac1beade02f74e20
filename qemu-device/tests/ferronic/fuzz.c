/*
 * QTest of the ferronic NIC: a guest without sense, at length
 *
 * A fixed corpus of sequences that went wrong once or might, then random ones.
 * These come in episodes, each in a QEMU of its own and from a seed of its own,
 * so that one that kills QEMU can be had again:
 *
 *   FERRONIC_FUZZ_ACCESSES     register accesses (default: 80000)
 *   FERRONIC_FUZZ_DESCRIPTORS  malformed descriptors (default: 20000)
 *   FERRONIC_FUZZ_SEED         of all of it (default: 1)
 *   FERRONIC_FUZZ_EPISODE      only this one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/sockets.h"
#include "qemu/units.h"
#include "inject.h"

#define EPISODE_ACCESSES    40000
#define BATCH_BYTES         3000    /* QEMU reads no more than 4096 at once */
#define EPISODE_DESCRIPTORS 10000
#define FUZZ_RING           256
#define RAM_END             (64 * MiB)
#define ECAM                0xb0000000
#define APIC                0xfee00000
#define BAR                 0xe0000000

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = g_getenv(name);
    uint64_t value;

    if (!text) {
        return otherwise;
    }
    g_assert_cmpint(qemu_strtou64(text, NULL, 0, &value), ==, 0);
    return value;
}

/* The same for the same episode, whatever the others did. */
static GRand *episode_rand(uint64_t episode)
{
    uint64_t seed = setting("FERRONIC_FUZZ_SEED", 1);
    const guint32 words[] = { seed, seed >> 32, episode, episode >> 32 };

    g_test_message("episode %" PRIu64 " of seed %" PRIu64, episode, seed);
    return g_rand_new_with_seed_array(words, ARRAY_SIZE(words));
}

static bool is_wanted(uint64_t episode)
{
    return setting("FERRONIC_FUZZ_EPISODE", episode) == episode;
}

static uint32_t below(GRand *rand, uint32_t limit)
{
    return g_rand_int_range(rand, 0, limit);
}

/* Looks at what must be so after anything a guest does. */
static void assert_alive(Nic *nic)
{
    QDict *info = query(nic);
    QDict *contract = nic_query(nic, "query-ferronic-violations");
    const QListEntry *entry;
    int64_t sum = 0;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(contract, "rules"), entry) {
        sum += qdict_get_int(qobject_to(QDict, qlist_entry_obj(entry)),
                             "count");
    }
    g_assert_cmpint(sum, ==, qdict_get_int(contract, "total"));
    g_assert_cmpint(sum, ==, qdict_get_int(info, "violations"));
    qobject_unref(contract);
    qobject_unref(info);
}

/* Whatever was done to it, a reset by the bus makes a new device of it. */
static void assert_recovers(Nic *nic)
{
    uint8_t exp;

    nic_command(nic, "ferronic-cancel-fault", "{}");
    nic_command(nic, "ferronic-traffic-stop", "{}");
    set_link(nic, true);
    exp = qpci_find_capability(nic->pci, PCI_CAP_ID_EXP, 0);
    qpci_config_writew(nic->pci, exp + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    nic->bus->mmio_alloc_ptr = BAR;
    qpci_device_enable(nic->pci);
    nic->bar = qpci_iomap(nic->pci, FERRONIC_BAR_REGS, NULL);
    step(nic, FERRONIC_RESET_DELAY_NS);
    assert_reset_values(nic);
}

/* Corpus */

typedef enum Verb {
    END,
    WRITE,      /* register, value */
    READ,       /* register */
    WRITE1,     /* likewise, a byte */
    WRITE8,     /* likewise, eight bytes */
    MEM,        /* address, value: eight bytes of memory */
    FILL,       /* address, byte: a page */
    CONFIG,     /* offset, value: two bytes of configuration space */
    WAIT,       /* nanoseconds */
    INJECT,     /* fault */
} Verb;

typedef struct Op {
    Verb verb;
    uint64_t where;
    uint64_t value;
    const char *fault;
} Op;

#define RX(q, name)     FERRONIC_RX_##name(q)
#define TX(q, name)     FERRONIC_TX_##name(q)
#define TX_WORDS(layout, command) ((uint64_t)(command) << 32 | (layout))

#define START_RX(q, base, size, buffer) \
    { WRITE, RX(q, BASE_LO), (uint32_t)(base) }, \
    { WRITE, RX(q, BASE_HI), (uint64_t)(base) >> 32 }, \
    { WRITE, RX(q, SIZE), size }, { WRITE, RX(q, BUFFER), buffer }, \
    { WRITE, RX(q, CTRL), 1 }

#define START_TX(q, base, size, writeback) \
    { WRITE, TX(q, BASE_LO), (uint32_t)(base) }, \
    { WRITE, TX(q, BASE_HI), (uint64_t)(base) >> 32 }, \
    { WRITE, TX(q, WRITEBACK_LO), (uint32_t)(writeback) }, \
    { WRITE, TX(q, WRITEBACK_HI), (uint64_t)(writeback) >> 32 }, \
    { WRITE, TX(q, SIZE), size }, { WRITE, TX(q, CTRL), 1 }

static const Op rings_in_one_place[] = {
    { WRITE, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK },
    { WRITE, FERRONIC_RX_FILTER, 3 },
    START_RX(0, TX_RING, 8, 256), START_TX(0, TX_RING, 8, TX_RING),
    { MEM, TX_RING, TX_RING }, { MEM, TX_RING + 8, TX_WORDS(128, 3) },
    { MEM, TX_RING + 16, TX_RING }, { MEM, TX_RING + 24, TX_WORDS(128, 3) },
    { WRITE, FERRONIC_RX_TAIL(0), 7 }, { WRITE, FERRONIC_TX_TAIL(0), 7 },
    { WAIT, 100000 }, { END },
};

static const Op rings_at_the_end_of_all_addresses[] = {
    START_RX(0, UINT64_MAX - 63, 8, 256),
    START_TX(0, 0xffffffffffffff80, 8, 0xffffffffffffffc0),
    START_RX(1, 0xffffffffffff0000, 4096, 256),
    START_TX(1, 0x7fffffffffffffc0, 4096, 0x8000000000000000),
    { WRITE, FERRONIC_RX_TAIL(0), 7 }, { WRITE, FERRONIC_TX_TAIL(0), 7 },
    { WRITE, FERRONIC_RX_TAIL(1), 4095 }, { WRITE, FERRONIC_TX_TAIL(1), 4095 },
    { WAIT, 1000000 }, { END },
};

static const Op frames_from_nowhere[] = {
    START_TX(0, TX_RING, 8, WRITEBACK),
    { MEM, TX_RING, UINT64_MAX }, { MEM, TX_RING + 8, TX_WORDS(65535, 1) },
    { WRITE, FERRONIC_TX_TAIL(0), 1 }, { WAIT, 100000 },
    { WRITE, TX(0, CTRL), 1 },
    { MEM, TX_RING, RAM_END - 1 }, { MEM, TX_RING + 8, TX_WORDS(9216, 1) },
    { WRITE, FERRONIC_TX_TAIL(0), 1 }, { WAIT, 100000 }, { END },
};

static const Op messages_into_registers[] = {
    /* Our own doorbells, by our own DMA. */
    { WRITE, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK },
    START_RX(0, BAR + 0x4000, 8, 256), START_TX(0, BAR, 8, BAR + 0x2000),
    { WRITE, FERRONIC_RX_TAIL(0), 7 }, { WRITE, FERRONIC_TX_TAIL(0), 7 },
    { WAIT, 100000 },
    { WRITE, FERRONIC_DMA_ADDR_LO, BAR }, { WRITE, FERRONIC_DMA_LENGTH, 4096 },
    { WRITE, FERRONIC_DMA_CTRL, 1 }, { WAIT, 100000 },
    { WRITE, FERRONIC_DMA_CTRL, 5 }, { WAIT, 100000 }, { END },
};

static const Op segments_without_headers[] = {
    START_TX(0, TX_RING, 8, WRITEBACK), { FILL, TX_MEMORY, 0x45 },
    { MEM, TX_RING, TX_MEMORY },
    { MEM, TX_RING + 8, TX_WORDS(2000 | 511u << 16 | 127u << 25,
                                 0xf | 64 << 4 | 1023u << 18) },
    { MEM, TX_RING + 16, TX_MEMORY },
    { MEM, TX_RING + 24, TX_WORDS(65535 | 34 << 16 | 16u << 25,
                                  0xd | 64 << 4 | 54 << 18) },
    { MEM, TX_RING + 32, TX_MEMORY },
    { MEM, TX_RING + 40, TX_WORDS(60, 0xd | 0x3fff << 4 | 59 << 18) },
    { WRITE, FERRONIC_TX_TAIL(0), 3 }, { WAIT, 1000000 }, { END },
};

static const Op stops_and_goes[] = {
    { WRITE, FERRONIC_DMA_LATENCY, 0xfffff },
    START_RX(0, RX_RING, 8, 256), START_TX(0, TX_RING, 8, WRITEBACK),
    { WRITE, FERRONIC_TX_TAIL(0), 5 }, { WRITE, TX(0, CTRL), 0 },
    { WRITE, TX(0, CTRL), 1 }, { WRITE, FERRONIC_TX_TAIL(0), 4 },
    { WAIT, 1 }, { WRITE, RX(0, CTRL), 0 }, { WRITE, FERRONIC_CTRL, 1 },
    { WRITE, FERRONIC_CTRL, 1 }, { WAIT, 999999 }, { WRITE, TX(0, CTRL), 1 },
    { WAIT, 1 }, { CONFIG, PCI_COMMAND, PCI_COMMAND_MEMORY },
    START_TX(0, TX_RING, 8, WRITEBACK), { WRITE, FERRONIC_TX_TAIL(0), 5 },
    { WAIT, 100000 },
    { CONFIG, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER },
    { WAIT, 100000 }, { END },
};

static const Op copies_of_all_sizes[] = {
    { WRITE, FERRONIC_DMA_LENGTH, 8191 }, { WRITE, FERRONIC_DMA_OFFSET, 4095 },
    { WRITE, FERRONIC_DMA_CTRL, 7 }, { WRITE, FERRONIC_DMA_LENGTH, 1 },
    { WRITE, FERRONIC_DMA_CTRL, 5 }, { WRITE, FERRONIC_DMA_CTRL, 1 },
    { WRITE, FERRONIC_DMA_CTRL, 2 }, { WRITE, FERRONIC_CTRL, 1 },
    { WAIT, 2000000 }, { WRITE, FERRONIC_DMA_LATENCY, 0 },
    { WRITE, FERRONIC_DMA_LENGTH, 4096 }, { WRITE, FERRONIC_DMA_CTRL, 1 },
    { WRITE, FERRONIC_DMA_CTRL, 3 }, { WAIT, 1 }, { END },
};

static const Op accesses_of_all_sizes[] = {
    { WRITE1, FERRONIC_CTRL, 1 }, { WRITE8, FERRONIC_RX_BASE_LO(0), -1 },
    { WRITE8, 0x7ffc, -1 }, { WRITE8, 0x7ff9, -1 }, { WRITE1, 0x7fff, 1 },
    { READ, 0x7ffc }, { READ, 1 }, { READ, 0x7ffd },
    { WRITE8, FERRONIC_TX_TAIL(3) - 1, -1 }, { END },
};

static const Op faults_at_bad_moments[] = {
    { INJECT, .fault = "{'kind': 'completion-late', 'delay-ns': 1,"
                       " 'times': 1000}" },
    { INJECT, .fault = "{'kind': 'completion-reordered', 'times': 1000,"
                       " 'trigger': {'when': 'opportunity', 'nth': 2}}" },
    { INJECT, .fault = "{'kind': 'dma-short-write', 'times': 1000,"
                       " 'trigger': {'when': 'random', 'ppm': 500000}}" },
    { INJECT, .fault = "{'kind': 'link-flap', 'down-ns': 1000, 'count': 99,"
                       " 'trigger': {'when': 'descriptor', 'nth': 2}}" },
    { WRITE, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK },
    { WRITE, FERRONIC_RX_FILTER, 3 },
    START_RX(0, RX_RING, 8, 256), START_TX(0, TX_RING, 8, WRITEBACK),
    { MEM, TX_RING, TX_MEMORY }, { MEM, TX_RING + 8, TX_WORDS(1000, 3) },
    { MEM, TX_RING + 16, TX_MEMORY }, { MEM, TX_RING + 24, TX_WORDS(100, 3) },
    { WRITE, FERRONIC_RX_TAIL(0), 7 }, { WRITE, FERRONIC_TX_TAIL(0), 2 },
    { WAIT, 1500 }, { WRITE, RX(0, CTRL), 0 }, { WRITE, TX(0, CTRL), 0 },
    { WAIT, 10000 }, { WRITE, FERRONIC_CTRL, 1 }, { WAIT, 2000000 }, { END },
};

static const Op dies_in_the_middle[] = {
    { INJECT, .fault = "{'kind': 'dead', 'trigger': {'when': 'descriptor',"
                       " 'nth': 3}}" },
    { WRITE, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK },
    { WRITE, FERRONIC_RX_FILTER, 3 },
    START_RX(0, RX_RING, 8, 256), START_TX(0, TX_RING, 8, WRITEBACK),
    { MEM, TX_RING, TX_MEMORY }, { MEM, TX_RING + 8, TX_WORDS(1000, 3) },
    { MEM, TX_RING + 16, TX_MEMORY }, { MEM, TX_RING + 24, TX_WORDS(1000, 3) },
    { WRITE, FERRONIC_RX_TAIL(0), 7 }, { WRITE, FERRONIC_TX_TAIL(0), 2 },
    { WAIT, 100000 }, { READ, FERRONIC_ID }, { WRITE, FERRONIC_CTRL, 1 },
    { WAIT, 2000000 }, { END },
};

/* Once counted as four thousand million new descriptors, each with its chance. */
static const Op a_frame_taken_back[] = {
    { INJECT, .fault = "{'kind': 'irq-lost', 'trigger': {'when': 'random',"
                       " 'ppm': 1, 'per': 'descriptor'}}" },
    { WRITE, FERRONIC_DMA_LATENCY, 100000 },
    START_TX(0, TX_RING, 8, WRITEBACK),
    { MEM, TX_RING, TX_MEMORY }, { MEM, TX_RING + 8, TX_WORDS(100, 1) },
    { MEM, TX_RING + 16, TX_MEMORY }, { MEM, TX_RING + 24, TX_WORDS(100, 1) },
    { MEM, TX_RING + 32, TX_MEMORY }, { MEM, TX_RING + 40, TX_WORDS(100, 1) },
    { WRITE, FERRONIC_TX_TAIL(0), 3 }, { WAIT, 50000 },
    { MEM, TX_RING + 40, TX_WORDS(100, 0) }, { WAIT, 500000 }, { END },
};

static const struct {
    const char *name;
    const Op *ops;
    bool fatal;
} corpus[] = {
    { "rings-in-one-place", rings_in_one_place },
    { "rings-at-the-end-of-all-addresses", rings_at_the_end_of_all_addresses },
    { "frames-from-nowhere", frames_from_nowhere },
    { "messages-into-registers", messages_into_registers },
    { "segments-without-headers", segments_without_headers },
    { "stops-and-goes", stops_and_goes },
    { "copies-of-all-sizes", copies_of_all_sizes },
    { "accesses-of-all-sizes", accesses_of_all_sizes },
    { "faults-at-bad-moments", faults_at_bad_moments },
    { "a-frame-taken-back", a_frame_taken_back },
    { "dies-in-the-middle", dies_in_the_middle, true },
};

static uint64_t register_address(Nic *nic, uint64_t reg)
{
    return nic->bar.addr + reg;
}

static void perform(Nic *nic, const Op *op)
{
    switch (op->verb) {
    case WRITE:
        qtest_writel(nic->qts, register_address(nic, op->where), op->value);
        break;
    case READ:
        qtest_readl(nic->qts, register_address(nic, op->where));
        break;
    case WRITE1:
        qtest_writeb(nic->qts, register_address(nic, op->where), op->value);
        break;
    case WRITE8:
        qtest_writeq(nic->qts, register_address(nic, op->where), op->value);
        break;
    case MEM:
        qtest_writeq(nic->qts, op->where, op->value);
        break;
    case FILL:
        qtest_memset(nic->qts, op->where, op->value, 4096);
        break;
    case CONFIG:
        qpci_config_writew(nic->pci, op->where, op->value);
        break;
    case WAIT:
        step(nic, op->where);
        break;
    case INJECT:
        inject(nic, op->fault);
        break;
    default:
        g_assert_not_reached();
    }
}

static void test_corpus(const void *opaque)
{
    unsigned n = GPOINTER_TO_UINT(opaque);
    Nic *nic = nic_start();
    const Op *op;

    msix_start(nic);
    for (op = corpus[n].ops; op->verb != END; op++) {
        perform(nic, op);
    }
    assert_alive(nic);
    if (!corpus[n].fatal) {
        assert_recovers(nic);
    }
    nic_stop(nic);
}

/* Random accesses */

static uint64_t random_address(Nic *nic, GRand *rand)
{
    static const uint64_t places[] = {
        0, RX_RING, TX_RING, WRITEBACK, RX_MEMORY, TX_MEMORY, MESSAGE,
        RAM_END - 64, RAM_END, NOWHERE, APIC, ECAM, BAR, BAR + 0x4000,
        0xffffffc0, 0x100000000, 0xffffffffffffffc0,
    };

    switch (below(rand, 4)) {
    case 0:
        return (uint64_t)g_rand_int(rand) << 32 | g_rand_int(rand);
    case 1:
        return below(rand, RAM_END);
    default:
        return places[below(rand, ARRAY_SIZE(places))] + below(rand, 3) * 64;
    }
}

static uint32_t random_value(Nic *nic, GRand *rand)
{
    static const uint32_t interesting[] = {
        0, 1, 2, 7, 8, 16, 64, 255, 256, 2048, 4095, 4096, 9216, 16384,
        0x7fffffff, 0x80000000, 0xffffffff,
    };

    switch (below(rand, 4)) {
    case 0:
        return g_rand_int(rand);
    case 1:
        return random_address(nic, rand);
    case 2:
        return below(rand, 16);
    default:
        return interesting[below(rand, ARRAY_SIZE(interesting))];
    }
}

/*
 * Commands on their way to QEMU, which does them in order. libqtest waits for
 * the answer to each, and so would spend its time in switching processes.
 */
typedef struct Batch {
    Nic *nic;
    int link;
    GString *commands;
} Batch;

/* The socket of libqtest, which it shows to nobody, by its name. */
static int qtest_link(void)
{
    g_autofree char *name = g_strdup_printf("%s/qtest-%d.sock",
                                            g_get_tmp_dir(), getpid());
    int link;

    for (link = 0; link < 1024; link++) {
        struct sockaddr_un addr = { 0 };
        socklen_t size = sizeof(addr);

        if (getsockname(link, (struct sockaddr *)&addr, &size) == 0 &&
            addr.sun_family == AF_UNIX && g_str_equal(addr.sun_path, name)) {
            return link;
        }
    }
    g_assert_not_reached();
}

static void take_answers(int link, unsigned count)
{
    bool begins = true;

    while (count) {
        char answers[4096];
        ssize_t size = RETRY_ON_EINTR(read(link, answers, sizeof(answers)));
        ssize_t i;

        g_assert_cmpint(size, >, 0);
        for (i = 0; i < size; i++) {
            if (begins) {
                g_assert_cmpint(answers[i], ==, 'O');
            }
            begins = answers[i] == '\n';
            count -= begins;
        }
    }
}

static void flush(Batch *batch)
{
    const char *commands = batch->commands->str;
    unsigned count = 0;

    for (; *commands; commands++) {
        count += *commands == '\n';
    }
    g_assert_cmpint(qemu_write_full(batch->link, batch->commands->str,
                                    batch->commands->len), ==,
                    batch->commands->len);
    take_answers(batch->link, count);
    g_string_truncate(batch->commands, 0);
}

static void G_GNUC_PRINTF(2, 3) command(Batch *batch, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    g_string_append_vprintf(batch->commands, format, values);
    va_end(values);
    if (batch->commands->len > BATCH_BYTES) {
        flush(batch);
    }
}

/* Mostly to registers; to holes and in odd sizes now and then. */
static void random_access(Batch *batch, GRand *rand)
{
    const TestRegister *reg = &test_registers[below(rand, test_register_count)];
    uint64_t bar = batch->nic->bar.addr;
    uint32_t value = random_value(batch->nic, rand);

    if (below(rand, 32) == 0) {
        static const char *const verbs[] = { "writeb", "writew", "writeq" };
        uint64_t addr = bar + below(rand, FERRONIC_BAR_REGS_SIZE - 8);
        unsigned verb = below(rand, ARRAY_SIZE(verbs) + 1);

        if (verb < ARRAY_SIZE(verbs)) {
            command(batch, "%s 0x%" PRIx64 " 0x%x\n", verbs[verb], addr, value);
        } else {
            command(batch, "readq 0x%" PRIx64 "\n", addr);
        }
        return;
    }
    if (below(rand, 4) == 0) {
        command(batch, "readl 0x%" PRIx64 "\n", bar + reg->offset);
        return;
    }
    /* A device that is always in reset is no test of anything else. */
    if (reg->offset == FERRONIC_CTRL && below(rand, 64)) {
        value &= ~FERRONIC_CTRL_RESET;
    }
    command(batch, "writel 0x%" PRIx64 " 0x%x\n", bar + reg->offset, value);
}

/* Sets a queue up as it should be, so that the deeper code is reached. */
static void start_queue(Nic *nic, GRand *rand)
{
    unsigned queue = below(rand, FERRONIC_QUEUES);
    uint32_t size = 8 << below(rand, 10);

    if (below(rand, 2)) {
        reg_write(nic, RX(queue, BASE_LO), rx_desc(nic, queue, 0));
        reg_write(nic, RX(queue, BASE_HI), 0);
        reg_write(nic, RX(queue, SIZE), size);
        reg_write(nic, RX(queue, BUFFER), 256 << below(rand, 7));
        reg_write(nic, RX(queue, CTRL), 1);
        reg_write(nic, FERRONIC_RX_TAIL(queue), below(rand, size));
    } else {
        reg_write(nic, TX(queue, BASE_LO), tx_desc(nic, queue, 0));
        reg_write(nic, TX(queue, BASE_HI), 0);
        reg_write(nic, TX(queue, WRITEBACK_LO), WRITEBACK + 64 * queue);
        reg_write(nic, TX(queue, WRITEBACK_HI), 0);
        reg_write(nic, TX(queue, SIZE), size);
        reg_write(nic, TX(queue, CTRL), 1);
        reg_write(nic, FERRONIC_TX_TAIL(queue), below(rand, size));
    }
}

static void random_power(Nic *nic, GRand *rand)
{
    uint8_t pm = qpci_find_capability(nic->pci, PCI_CAP_ID_PM, 0);
    uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;

    qpci_config_writew(nic->pci, PCI_COMMAND,
                       command | (below(rand, 2) ? PCI_COMMAND_MASTER : 0));
    if (below(rand, 4) == 0) {
        qpci_config_writew(nic->pci, pm + PCI_PM_CTRL, below(rand, 4));
        step(nic, 1 + below(rand, 1000));
        qpci_config_writew(nic->pci, pm + PCI_PM_CTRL, 0);
    }
    qpci_config_writew(nic->pci, PCI_COMMAND, command | PCI_COMMAND_MASTER);
}

static void random_fault(Nic *nic, GRand *rand)
{
    static const char *const kinds[] = {
        "'irq-spurious', 'vector': 3", "'irq-lost'",
        "'irq-late', 'delay-ns': 5000", "'irq-wrong-vector', 'to': 7",
        "'intx-stuck', 'duration-ns': 50000", "'completion-lost'",
        "'completion-late', 'delay-ns': 20000",
        "'completion-duplicated', 'delay-ns': 20000",
        "'completion-reordered'", "'dma-error'", "'dma-bit-flip'",
        "'dma-short-write'", "'rx-length-too-long', 'excess': 9000",
        "'rx-length-zero'", "'rx-bad-checksum'",
        "'link-flap', 'down-ns': 10000, 'count': 3", "'all-ones'",
        "'reset-stuck'", "'aer-correctable'", "'aer-uncorrectable'",
        "'irq-storm', 'vector': 1, 'rate-hz': 1000000, 'count': 50",
    };
    static const char *const triggers[] = {
        "'random', 'ppm': 100000, 'per': 'descriptor'",
        "'random', 'ppm': 10000, 'per': 'register-write'",
        "'descriptor', 'nth': 5", "'interrupt', 'nth': 2",
        "'register-read', 'nth': 9",
    };
    g_autofree char *fault =
        g_strdup_printf("{'kind': %s, 'times': %u, 'seed': %u,"
                        " 'trigger': {'when': %s}}",
                        kinds[below(rand, ARRAY_SIZE(kinds))],
                        1 + below(rand, 20), g_rand_int(rand) / 2,
                        triggers[below(rand, ARRAY_SIZE(triggers))]);

    inject(nic, fault);
}

static void random_traffic(Nic *nic, GRand *rand)
{
    static const char *const traffic[] = {
        "{'sizes': 'range', 'size-max': 9216, 'flows': 200}",
        "{'rate': 1000000, 'sizes': 'imix', 'flows': 7}",
        "{'rate': 100000, 'bad-checksum-every': 2}",
    };

    reg_write(nic, FERRONIC_RX_FILTER, 3);
    reg_write(nic, FERRONIC_MAX_FRAME, 9216);
    nic_command(nic, "ferronic-traffic-start",
                traffic[below(rand, ARRAY_SIZE(traffic))]);
}

static void fill_memory(Nic *nic, GRand *rand)
{
    uint64_t words[512];
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = below(rand, 2) ? random_address(nic, rand)
                                  : (uint64_t)g_rand_int(rand) << 32 |
                                    below(rand, 3000);
    }
    qtest_memwrite(nic->qts, (below(rand, 2) ? RX_RING : TX_RING) +
                   below(rand, FERRONIC_QUEUES) * 0x10000, words,
                   sizeof(words));
}

/* What is rarer than accesses, and in between. */
static void random_deed(Nic *nic, GRand *rand, bool faulty)
{
    switch (below(rand, 5)) {
    case 0:
        start_queue(nic, rand);
        break;
    case 1:
        fill_memory(nic, rand);
        break;
    case 2:
        random_power(nic, rand);
        break;
    case 3:
        if (faulty && below(rand, 4) == 0) {
            random_fault(nic, rand);
        }
        break;
    default:
        if (below(rand, 8) == 0) {
            random_traffic(nic, rand);
        }
        break;
    }
}

static void access_episode(GRand *rand, uint32_t accesses)
{
    Nic *nic = nic_start();
    Batch batch = {
        .nic = nic, .link = qtest_link(), .commands = g_string_new(NULL),
    };
    bool faulty = below(rand, 2);

    msix_start(nic);
    fill_memory(nic, rand);
    while (accesses--) {
        random_access(&batch, rand);
        switch (below(rand, 256)) {
        case 0 ... 4:
            flush(&batch);
            random_deed(nic, rand, faulty);
            break;
        case 5 ... 36:
            command(&batch, "clock_step %u\n", 1 + below(rand, 20000));
            break;
        }
    }
    flush(&batch);
    g_string_free(batch.commands, true);
    step(nic, 1);
    assert_alive(nic);
    assert_recovers(nic);
    nic_stop(nic);
}

static void test_accesses(void)
{
    uint64_t left = setting("FERRONIC_FUZZ_ACCESSES", 80000);
    uint64_t done = 0, episode;

    for (episode = 0; left; episode++) {
        uint32_t accesses = MIN(left, EPISODE_ACCESSES);

        left -= accesses;
        if (is_wanted(episode)) {
            GRand *rand = episode_rand(episode);

            access_episode(rand, accesses);
            done += accesses;
            g_rand_free(rand);
        }
    }
    g_test_message("%" PRIu64 " register accesses", done);
}

/* Malformed descriptors */

static void random_tx_desc(Nic *nic, GRand *rand, uint8_t *desc)
{
    uint64_t addr = TX_MEMORY + below(rand, 4096);
    uint32_t layout = 60 + below(rand, 1500);
    uint32_t command = FERRONIC_TX_DESC_COMMAND_EOP | below(rand, 2) << 1;

    /*
     * Right, but for one thing; or wrong altogether. An address with nothing
     * behind it stops the queue, so it is rare: the rest is to be seen, too.
     */
    switch (below(rand, 32)) {
    case 0:
        addr = random_address(nic, rand);
        break;
    case 1:
        addr = random_address(nic, rand);
        layout = g_rand_int(rand);
        command = g_rand_int(rand);
        break;
    case 2 ... 6:
        layout = below(rand, 70000) & 0xffff;
        break;
    case 7 ... 11:
        layout |= g_rand_int(rand) & 0xffff0000;
        command |= FERRONIC_TX_DESC_COMMAND_CSUM;
        break;
    case 12 ... 16:
        layout |= 34 << 16 | 16u << 25;
        command |= FERRONIC_TX_DESC_COMMAND_CSUM |
                   FERRONIC_TX_DESC_COMMAND_TSO |
                   (g_rand_int(rand) & 0x0ffffff0);
        break;
    case 17 ... 21:
        command &= ~FERRONIC_TX_DESC_COMMAND_EOP;
        break;
    case 22 ... 26:
        command |= BIT(28 + below(rand, 4));
        break;
    default:
        layout = g_rand_int(rand);
        command = g_rand_int(rand);
        break;
    }
    stq_le_p(desc, addr);
    stl_le_p(desc + 8, layout);
    stl_le_p(desc + 12, command);
}

static void random_rx_desc(Nic *nic, GRand *rand, uint8_t *desc)
{
    memset(desc, 0, FERRONIC_RX_DESC_SIZE);
    stq_le_p(desc, below(rand, 64) ? RX_MEMORY + below(rand, 0x80000)
                                   : random_address(nic, rand));
    if (below(rand, 4) == 0) {
        stl_le_p(desc + 8, g_rand_int(rand));
        stl_le_p(desc + 12, g_rand_int(rand));
    }
}

static void write_ring(Nic *nic, GRand *rand, uint64_t base,
                       void (*make)(Nic *nic, GRand *rand, uint8_t *desc))
{
    uint8_t ring[FUZZ_RING * FERRONIC_TX_DESC_SIZE];
    unsigned i;

    for (i = 0; i < FUZZ_RING; i++) {
        make(nic, rand, ring + i * FERRONIC_TX_DESC_SIZE);
    }
    qtest_memwrite(nic->qts, base, ring, sizeof(ring));
}

/* Headers that are nearly right. */
static void write_frames(Nic *nic, GRand *rand)
{
    uint8_t memory[8192];
    size_t i;

    for (i = 0; i < sizeof(memory); i++) {
        memory[i] = g_rand_int(rand);
    }
    memcpy(memory, station, 6);
    stw_be_p(memory + 12, below(rand, 2) ? 0x0800 : 0x86dd);
    memory[14] = below(rand, 4) ? (below(rand, 2) ? 0x45 : 0x60)
                                : g_rand_int(rand);
    stw_be_p(memory + 16, below(rand, 2000));
    memory[20] = 6;
    memory[23] = below(rand, 2) ? 6 : 17;
    memory[46] = below(rand, 2) ? 5 << 4 : g_rand_int(rand);
    qtest_memwrite(nic->qts, TX_MEMORY, memory, sizeof(memory));
}

/* One round over all queues. */
static void descriptor_round(Nic *nic, GRand *rand)
{
    unsigned i;

    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_RESET);
    step(nic, FERRONIC_RESET_DELAY_NS);
    write_frames(nic, rand);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    reg_write(nic, FERRONIC_RX_FILTER, FERRONIC_RX_FILTER_PROMISC);
    reg_write(nic, FERRONIC_MAX_FRAME, FERRONIC_FRAME_MAX);
    reg_write(nic, FERRONIC_RSS_CTRL, FERRONIC_RSS_CTRL_BITS);
    reg_write(nic, FERRONIC_RSS_KEY(0), g_rand_int(rand));
    for (i = 0; i < FERRONIC_RSS_ENTRIES / 4; i++) {
        reg_write(nic, FERRONIC_RSS_TABLE(i), 0x03020100);
    }
    reg_write(nic, FERRONIC_DMA_LATENCY, below(rand, 2) ? below(rand, 500) : 0);
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        write_ring(nic, rand, rx_desc(nic, i, 0), random_rx_desc);
        write_ring(nic, rand, tx_desc(nic, i, 0), random_tx_desc);
        reg_write(nic, RX(i, BASE_LO), rx_desc(nic, i, 0));
        reg_write(nic, RX(i, SIZE), FUZZ_RING);
        reg_write(nic, RX(i, BUFFER), 256 << below(rand, 7));
        reg_write(nic, RX(i, CTRL), 1);
        reg_write(nic, FERRONIC_RX_TAIL(i), FUZZ_RING - 1);
        reg_write(nic, TX(i, BASE_LO), tx_desc(nic, i, 0));
        reg_write(nic, TX(i, WRITEBACK_LO), WRITEBACK + 64 * i);
        reg_write(nic, TX(i, SIZE), FUZZ_RING);
        reg_write(nic, TX(i, CTRL), 1);
    }
    /* A failed access stops a queue: the rest of its ring comes again. */
    for (i = 0; i < 4 * FERRONIC_QUEUES; i++) {
        unsigned queue = i % FERRONIC_QUEUES;

        reg_write(nic, TX(queue, CTRL), 1);
        reg_write(nic, FERRONIC_TX_TAIL(queue), FUZZ_RING - 1);
        reg_write(nic, RX(queue, CTRL), 1);
        reg_write(nic, FERRONIC_RX_TAIL(queue), FUZZ_RING - 1);
        step(nic, 20000 + below(rand, 200000));
        write_ring(nic, rand, tx_desc(nic, queue, 0), random_tx_desc);
    }
}

/*
 * How many descriptors the device found malformed. Doorbells and registers
 * that broke a rule do not count, nor do addresses with nothing behind them: a
 * descriptor with one of these may be wrong in another way, too.
 */
static uint64_t malformed_so_far(Nic *nic)
{
    static const FerronicRule rules[] = {
        FERRONIC_RULE_DESC_RESERVED, FERRONIC_RULE_TX_LENGTH,
        FERRONIC_RULE_TX_NO_EOP, FERRONIC_RULE_TX_CSUM, FERRONIC_RULE_TX_TSO,
    };
    QDict *contract = nic_query(nic, "query-ferronic-violations");
    const QListEntry *entry;
    uint64_t sum = 0;
    unsigned i;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(contract, "rules"), entry) {
        QDict *rule = qobject_to(QDict, qlist_entry_obj(entry));

        for (i = 0; i < ARRAY_SIZE(rules); i++) {
            if (qdict_get_int(rule, "rule") == rules[i]) {
                sum += qdict_get_int(rule, "count");
            }
        }
    }
    qobject_unref(contract);
    return sum;
}

static uint64_t descriptor_episode(GRand *rand)
{
    Nic *nic = nic_start();
    uint64_t malformed = 0;

    msix_start(nic);
    while (malformed < EPISODE_DESCRIPTORS) {
        descriptor_round(nic, rand);
        malformed = malformed_so_far(nic);
    }
    assert_alive(nic);
    assert_recovers(nic);
    nic_stop(nic);
    return malformed;
}

static void test_descriptors(void)
{
    uint64_t wanted = setting("FERRONIC_FUZZ_DESCRIPTORS", 20000);
    uint64_t done = 0, episode;

    for (episode = 0; done < wanted; episode++) {
        GRand *rand;

        if (!is_wanted(episode)) {
            done += EPISODE_DESCRIPTORS;
            continue;
        }
        rand = episode_rand(episode);
        done += descriptor_episode(rand);
        g_rand_free(rand);
    }
    g_test_message("%" PRIu64 " malformed descriptors", done);
}

void ferronic_add_fuzz_tests(void)
{
    unsigned n;

    for (n = 0; n < ARRAY_SIZE(corpus); n++) {
        g_autofree char *path = g_strdup_printf("/ferronic/corpus/%s",
                                                corpus[n].name);

        qtest_add_data_func(path, GUINT_TO_POINTER(n), test_corpus);
    }
    qtest_add_func("/ferronic/fuzz/register-accesses", test_accesses);
    qtest_add_func("/ferronic/fuzz/malformed-descriptors", test_descriptors);
}
