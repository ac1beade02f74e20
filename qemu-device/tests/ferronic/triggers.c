/*
 * QTest of the ferronic NIC: what makes a fault happen, and plans
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "inject.h"

static Nic *start_loopback(void)
{
    Nic *nic = nic_start();

    msix_start(nic);
    rx_start(nic);
    tx_start(nic);
    reg_write(nic, FERRONIC_CTRL, FERRONIC_CTRL_LOOPBACK);
    return nic;
}

static bool reads_ones(Nic *nic)
{
    return reg_read(nic, FERRONIC_SCRATCH) == UINT32_MAX;
}

static void test_opportunity(void)
{
    Nic *nic = nic_start();
    int64_t id = inject(nic, "{'kind': 'all-ones', 'times': 2, 'trigger': {"
                             " 'when': 'opportunity', 'nth': 3}}");
    int i;

    for (i = 1; i <= 12; i++) {
        g_assert_cmpint(reads_ones(nic), ==, i == 3 || i == 6);
    }
    g_assert_cmpint(fault_delivered(nic, id), ==, 2);
    assert_fault_state(nic, id, "done");
    nic_stop(nic);
}

static void test_times(void)
{
    Nic *nic = nic_start();
    int64_t id;
    int i;

    id = inject(nic, "{'kind': 'all-ones', 'times': 3, 'trigger': {"
                     " 'when': 'after', 'ns': 1000}}");
    assert_fault_state(nic, id, "waiting");
    g_assert_false(reads_ones(nic));
    step(nic, 1000);
    assert_fault_state(nic, id, "armed");
    for (i = 0; i < 5; i++) {
        g_assert_cmpint(reads_ones(nic), ==, i < 3);
    }
    assert_fault_state(nic, id, "done");
    nic_stop(nic);
}

static void test_descriptor(void)
{
    Nic *nic = start_loopback();
    int64_t any, receive;
    int i;

    any = inject(nic, "{'kind': 'irq-spurious', 'vector': 8, 'times': 100,"
                      " 'trigger': {'when': 'descriptor', 'nth': 2}}");
    receive = inject(nic, "{'kind': 'irq-spurious', 'vector': 7,"
                          " 'trigger': {'when': 'descriptor', 'nth': 3,"
                          " 'queue': 'rx0'}}");
    for (i = 1; i <= 4; i++) {
        tx_send(nic, 60, station, i, 0);
        g_assert_cmpint(fault_delivered(nic, any), ==, i);
        g_assert_cmpint(took_message(nic, 7), ==, i == 3);
    }
    g_assert_cmpint(fault_delivered(nic, receive), ==, 1);
    nic_stop(nic);
}

static void test_interrupt(void)
{
    Nic *nic = start_loopback();
    int i;

    /* The interrupt that is counted is the one that is lost. */
    inject(nic, "{'kind': 'irq-lost', 'trigger': {'when': 'interrupt',"
                " 'nth': 2, 'vector': 1}}");
    for (i = 1; i <= 4; i++) {
        reg_write(nic, FERRONIC_INT_ENABLE_SET, RX_BIT | TX_BIT);
        tx_send(nic, 60, station, i, TX_INTERRUPT);
        g_assert_cmpint(took_message(nic, VECTOR_RX(0)), ==, i != 2);
        g_assert_true(took_message(nic, VECTOR_TX(0)));
    }
    nic_stop(nic);
}

static void test_register_write(void)
{
    Nic *nic = nic_start();
    int i;

    /* 28: SCRATCH. The device dies before the write has an effect. */
    inject(nic, "{'kind': 'dead', 'trigger': {'when': 'register-write',"
                " 'nth': 3, 'register': 28}}");
    for (i = 1; i <= 3; i++) {
        reg_write(nic, FERRONIC_RX_FILTER, 1);
        reg_write(nic, FERRONIC_SCRATCH, i);
        g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==,
                        i < 3 ? i : UINT32_MAX);
    }
    nic_stop(nic);
}

static void test_register_read(void)
{
    Nic *nic = nic_start();

    inject(nic, "{'kind': 'dead', 'trigger': {'when': 'register-read',"
                " 'nth': 2, 'register': 28}}");
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, 0);
    g_assert_cmphex(reg_read(nic, FERRONIC_SCRATCH), ==, UINT32_MAX);
    g_assert_cmphex(reg_read(nic, FERRONIC_RX_FILTER), ==, UINT32_MAX);
    nic_stop(nic);
}

/* Which of 64 reads are ones. */
static uint64_t random_reads(const char *fault, const char *options)
{
    Nic *nic = nic_start_with(options);
    uint64_t reads = 0;
    int i;

    inject(nic, fault);
    for (i = 0; i < 64; i++) {
        reads |= (uint64_t)reads_ones(nic) << i;
    }
    nic_stop(nic);
    return reads;
}

#define RANDOM_ONES(more) "{'kind': 'all-ones', 'times': 1000, " more \
                          "'trigger': {'when': 'random', 'ppm': 500000}}"

static void test_random(void)
{
    uint64_t first = random_reads(RANDOM_ONES("'seed': 1, "), "");

    g_assert_cmpint(ctpop64(first), >, 16);
    g_assert_cmpint(ctpop64(first), <, 48);
    g_assert_cmphex(random_reads(RANDOM_ONES("'seed': 1, "), ""), ==, first);
    g_assert_cmphex(random_reads(RANDOM_ONES("'seed': 2, "), ""), !=, first);

    first = random_reads(RANDOM_ONES(""), ",fault-seed=7");
    g_assert_cmphex(random_reads(RANDOM_ONES(""), ",fault-seed=7"), ==, first);
    g_assert_cmphex(random_reads(RANDOM_ONES(""), ",fault-seed=8"), !=, first);
}

/* Random numbers of one fault do not depend on what others there are. */
static void test_random_alone(void)
{
    Nic *nic = nic_start();
    uint64_t alone = random_reads(RANDOM_ONES("'seed': 1, "), "");
    uint64_t reads = 0;
    int i;

    inject(nic, "{'kind': 'irq-spurious', 'vector': 0, 'times': 1000,"
                " 'seed': 1, 'trigger': {'when': 'random', 'ppm': 500000,"
                " 'per': 'register-read'}}");
    inject(nic, RANDOM_ONES("'seed': 1, "));
    for (i = 0; i < 64; i++) {
        reads |= (uint64_t)reads_ones(nic) << i;
    }
    g_assert_cmphex(reads, ==, alone);
    g_assert_cmpint(fault_ineffective(nic, 1), ==, ctpop64(alone));
    nic_stop(nic);
}

/* Plans */

static char *write_plan(const char *text)
{
    char *file;
    int fd = g_file_open_tmp("ferronic-plan-XXXXXX", &file, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    return file;
}

static char *plan_option(const char *file)
{
    return g_strdup_printf(",fault-plan=%s", file);
}

static void test_plan(void)
{
    g_autofree char *file = write_plan(
        "{ 'version': 1, 'faults': ["
        "  { 'kind': 'all-ones', 'trigger': { 'when': 'register-read',"
        "    'nth': 4 } },"
        "  { 'kind': 'link-flap', 'down-ns': 1000000, 'count': 1,"
        "    'trigger': { 'when': 'at', 'ns': 5000000 } } ] }");
    g_autofree char *option = plan_option(file);
    Nic *nic = nic_start_with(option);

    unlink(file);
    assert_fault_state(nic, 1, "waiting");
    /* The first read was that of STATUS. */
    g_assert_false(reads_ones(nic));
    g_assert_false(reads_ones(nic));
    g_assert_true(reads_ones(nic));
    step(nic, 4000000);
    assert_link(nic, false);
    step(nic, 1000000);
    assert_link(nic, true);
    g_assert_cmpint(inject(nic, "{'kind': 'dead'}"), ==, 3);
    nic_stop(nic);
}

static void assert_plan_refused(QTestState *qts, const char *text,
                                const char *expected)
{
    g_autofree char *file = write_plan(text);
    QDict *response = qtest_qmp(qts,
        "{'execute': 'device_add', 'arguments': {'driver': 'ferronic',"
        " 'bus': 'rp', 'id': 'nic1', 'fault-plan': %s}}", file);
    QDict *error = qdict_get_qdict(response, "error");

    unlink(file);
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(qdict_get_str(error, "desc"), expected));
    qobject_unref(response);
}

static void test_bad_plan(void)
{
    QTestState *qts = qtest_init("-M q35 -m 64 -nodefaults "
                                 "-device pcie-root-port,id=rp,chassis=1");
    GString *many = g_string_new("{ 'version': 1, 'faults': [");
    int i;

    assert_plan_refused(qts, "", "fault-plan");
    assert_plan_refused(qts, "{", "fault-plan");
    assert_plan_refused(qts, "[]", "fault-plan");
    assert_plan_refused(qts, "{ 'version': 1 }", "faults");
    assert_plan_refused(qts, "{ 'version': 2, 'faults': [] }", "version");
    assert_plan_refused(qts, "{ 'version': 1, 'faults': [], 'seed': 1 }",
                        "seed");
    assert_plan_refused(qts, "{ 'version': 1, 'faults': ["
                             " { 'kind': 'dead' },"
                             " { 'kind': 'irq-spurious', 'vector': 99 } ] }",
                        "fault 2: vector is 99");
    for (i = 0; i < 257; i++) {
        g_string_append_printf(many, "%s{ 'kind': 'dead' }", i ? "," : "");
    }
    g_string_append(many, "] }");
    assert_plan_refused(qts, many->str, "more than 256");
    g_string_free(many, true);

    /* And the device can still be made. */
    qtest_qmp_assert_success(qts, "{'execute': 'device_add', 'arguments': {"
                                  "'driver': 'ferronic', 'bus': 'rp',"
                                  "'id': 'nic1'}}");
    qtest_quit(qts);
}

/* A saved machine without a plan is a template for machines with plans. */
static void test_plan_of_a_fork(void)
{
    g_autofree char *file = write_plan(
        "{ 'version': 1, 'faults': ["
        "  { 'kind': 'all-ones', 'trigger': { 'when': 'at',"
        "    'ns': 52000000 } } ] }");
    g_autofree char *option = plan_option(file);
    Nic *nic = nic_start();

    step(nic, 50000000);
    g_assert_cmpint(nic->now, ==, 51000000);
    nic = nic_migrate(nic, option);
    assert_fault_state(nic, 1, "waiting");
    step(nic, 999999);
    g_assert_false(reads_ones(nic));
    step(nic, 1);
    g_assert_true(reads_ones(nic));

    /* One with a plan goes on with it: it does not begin again. */
    nic = nic_migrate(nic, option);
    assert_fault_state(nic, 1, "done");
    step(nic, 2000000);
    g_assert_false(reads_ones(nic));
    unlink(file);
    nic_stop(nic);
}

void ferronic_add_trigger_tests(void)
{
    qtest_add_func("/ferronic/trigger/each-nth-opportunity", test_opportunity);
    qtest_add_func("/ferronic/trigger/so-many-in-a-row", test_times);
    qtest_add_func("/ferronic/trigger/each-nth-descriptor", test_descriptor);
    qtest_add_func("/ferronic/trigger/nth-interrupt", test_interrupt);
    qtest_add_func("/ferronic/trigger/nth-register-write",
                   test_register_write);
    qtest_add_func("/ferronic/trigger/nth-register-read", test_register_read);
    qtest_add_func("/ferronic/trigger/chance-from-a-seed", test_random);
    qtest_add_func("/ferronic/trigger/chance-of-its-own", test_random_alone);
    qtest_add_func("/ferronic/plan/begins-with-the-device", test_plan);
    qtest_add_func("/ferronic/plan/a-bad-one-is-refused", test_bad_plan);
    qtest_add_func("/ferronic/plan/begins-in-the-fork-of-a-template",
                   test_plan_of_a_fork);
}
