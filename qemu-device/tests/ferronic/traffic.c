/*
 * QTest of the ferronic NIC: the traffic generator and the sink
 *
 * The test forwards the frames as a router does.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "inject.h"

#define CHECKED (FERRONIC_RX_DESC_STATUS_L3_CHECKED | \
                 FERRONIC_RX_DESC_STATUS_L4_CHECKED)
#define BAD     (FERRONIC_RX_DESC_STATUS_L3_BAD | \
                 FERRONIC_RX_DESC_STATUS_L4_BAD)

#define IP      14
#define UDP     34
#define PAYLOAD 42

typedef struct Router {
    Nic *nic;
    uint32_t next;              /* RX descriptor */
    unsigned frames;
} Router;

static Router start(void)
{
    Router router = { .nic = nic_start_with(",batch-ns=0") };

    reg_write(router.nic, FERRONIC_MAX_FRAME, BUFFER_SIZE);
    rx_start(router.nic);
    tx_start(router.nic);
    return router;
}

static void generate(Router *router, const char *arguments)
{
    nic_command(router->nic, "ferronic-traffic-start", arguments);
}

static int64_t counter(Router *router, const char *name)
{
    QDict *info = nic_query(router->nic, "query-ferronic-traffic");
    int64_t value = qdict_get_int(info, name);

    qobject_unref(info);
    return value;
}

static void stop(Router *router)
{
    g_assert_cmpint(violations(router->nic), ==, 0);
    nic_stop(router->nic);
}

/* The next received frame. Returns its size, or 0. */
static size_t take(Router *router, uint8_t *frame)
{
    Nic *nic = router->nic;
    uint32_t status;
    size_t size;
    int tries = 100;

    while (!((status = rx_status(nic, 0, router->next)) & RX_DONE)) {
        if (!tries--) {
            return 0;
        }
        step(nic, 10000);
    }
    size = RX_LENGTH(status);
    qtest_memread(nic->qts, rx_buffer(nic, 0, router->next), frame, size);
    g_assert_cmphex(status & (CHECKED | FERRONIC_RX_DESC_STATUS_L3_BAD), ==,
                    CHECKED);
    rx_fill_desc(nic, 0, router->next, rx_buffer(nic, 0, router->next));
    reg_write(nic, FERRONIC_RX_TAIL(0), router->next);
    router->next = (router->next + 1) % RING_SIZE;
    router->frames++;
    return size;
}

static uint16_t add_ones(uint16_t a, uint16_t b)
{
    uint32_t sum = a + b;

    return (sum & 0xffff) + (sum >> 16);
}

/* Decrements the TTL and repairs the checksum (RFC 1624). */
static void forward(uint8_t *frame)
{
    uint16_t before = lduw_be_p(frame + 22), after;

    memcpy(frame, other, 6);
    memcpy(frame + 6, station, 6);
    frame[22]--;
    after = lduw_be_p(frame + 22);
    stw_be_p(frame + 24, ~add_ones(add_ones(~lduw_be_p(frame + 24), ~before),
                                   after));
}

static void send_frame(Router *router, const uint8_t *frame, size_t size)
{
    Nic *nic = router->nic;
    uint64_t buffer = tx_buffer(nic, 0, nic->tx_tail[0]);

    qtest_memwrite(nic->qts, buffer, frame, size);
    tx_queue_desc(nic, buffer, size, TX_EOP);
    tx_doorbell(nic);
    step(nic, 10000);
}

/* Forwards all there is. */
static void route(Router *router)
{
    uint8_t frame[BUFFER_SIZE];
    size_t size;

    while ((size = take(router, frame))) {
        forward(frame);
        send_frame(router, frame, size);
    }
}

static void assert_clean(Router *router)
{
    static const char *const wrong[] = {
        "missing", "duplicated", "reordered", "stale", "truncated",
        "bad-checksum", "corrupt", "tainted",
    };
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_assert_cmpint(counter(router, wrong[i]), ==, 0);
    }
}

static void test_forwarded(void)
{
    Router router = start();

    generate(&router, "{'rate': 100000, 'sizes': 'imix', 'flows': 5,"
                      " 'count': 100, 'seed': 7}");
    route(&router);
    g_assert_cmpint(router.frames, ==, 100);
    g_assert_cmpint(counter(&router, "sent"), ==, 100);
    g_assert_cmpint(counter(&router, "received"), ==, 100);
    g_assert_cmpint(counter(&router, "received-bytes"), ==,
                    counter(&router, "sent-bytes"));
    assert_clean(&router);
    stop(&router);
}

static void test_rate(void)
{
    Router router = start();
    QDict *info;
    int i;

    generate(&router, "{'rate': 1000}");
    for (i = 1; i <= 5; i++) {
        g_assert_cmpint(counter(&router, "sent"), ==, i);
        if (i < 5) {
            step(router.nic, 1000000);
        }
    }
    nic_command(router.nic, "ferronic-traffic-stop", "{}");
    step(router.nic, 10000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 5);
    info = nic_query(router.nic, "query-ferronic-traffic");
    g_assert_false(qdict_get_bool(info, "running"));
    g_assert_cmpint(qdict_get_int(info, "start-time"), ==,
                    FERRONIC_RESET_DELAY_NS);
    qobject_unref(info);
    stop(&router);
}

/* A hundred thousand frames a second of virtual time, measured. */
static void test_rate_is_kept(void)
{
    Router router = start();
    int64_t before, ns;

    generate(&router, "{'rate': 50000, 'count': 500}");
    before = router.nic->now;
    while (counter(&router, "sent") < 500) {
        uint8_t frame[BUFFER_SIZE];

        while (rx_status(router.nic, 0, router.next) & RX_DONE) {
            take(&router, frame);
        }
        step(router.nic, 20000);
    }
    ns = router.nic->now - before;
    g_assert_cmpint(ns, >, 9900000);
    g_assert_cmpint(ns, <, 10100000);
    stop(&router);
}

/* What is sent waits for the driver, and nothing is lost. */
static void test_waits_for_room(void)
{
    Router router = start();

    generate(&router, "{'size-min': 1500, 'count': 300}");
    step(router.nic, 1000000);
    g_assert_cmpint(counter(&router, "sent"), >, 50);
    g_assert_cmpint(counter(&router, "sent"), <, 120);
    route(&router);
    g_assert_cmpint(router.frames, ==, 300);
    g_assert_cmpint(reg_read(router.nic, FERRONIC_RX_MISSED), ==, 0);
    assert_clean(&router);
    stop(&router);
}

static void test_waits_for_listener(void)
{
    Nic *nic = nic_start();
    Router router = { .nic = nic };

    generate(&router, "{'count': 5, 'rate': 1000}");
    step(nic, 10000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 0);
    rx_start(nic);
    set_link(nic, false);
    step(nic, 10000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 0);
    set_link(nic, true);
    step(nic, 10000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 5);
    g_assert_cmpint(reg_read(nic, FERRONIC_RX_FRAMES), ==, 5);
    stop(&router);
}

static void test_sizes(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE];
    unsigned counts[3] = { 0 };
    size_t size, least = BUFFER_SIZE, most = 0;

    generate(&router, "{'sizes': 'range', 'size-min': 100, 'size-max': 110,"
                      " 'count': 200}");
    while ((size = take(&router, frame))) {
        least = MIN(least, size);
        most = MAX(most, size);
        g_assert_cmpint(lduw_be_p(frame + 16), ==, size - IP);
    }
    g_assert_cmpint(least, ==, 100);
    g_assert_cmpint(most, ==, 110);

    generate(&router, "{'sizes': 'imix', 'count': 240}");
    while ((size = take(&router, frame))) {
        g_assert_true(size == 60 || size == 590 || size == 1514);
        counts[size == 60 ? 0 : size == 590 ? 1 : 2]++;
    }
    g_assert_cmpint(counts[0], >, counts[1]);
    g_assert_cmpint(counts[1], >, counts[2]);
    g_assert_cmpint(counts[2], >, 0);
    stop(&router);
}

static void test_flows(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE];
    unsigned seen = 0;
    size_t size;

    generate(&router, "{'flows': 4, 'count': 16}");
    while ((size = take(&router, frame))) {
        unsigned flow = router.frames - 1;

        g_assert_cmpmem(frame, 6, station, 6);
        g_assert_cmphex((uint32_t)ldl_be_p(frame + 26), ==, 0xc6120002);
        g_assert_cmphex((uint32_t)ldl_be_p(frame + 30), ==,
                        0xc6120100 + flow % 4);
        g_assert_cmpint(lduw_be_p(frame + 34), ==, 49152 + flow % 4);
        seen |= BIT(flow % 4);
    }
    g_assert_cmphex(seen, ==, 0xf);
    stop(&router);
}

static void test_same_seed(void)
{
    uint8_t first[BUFFER_SIZE], second[BUFFER_SIZE], third[BUFFER_SIZE];
    Router router = start();
    size_t size;

    generate(&router, "{'size-min': 500, 'count': 1, 'seed': 5}");
    size = take(&router, first);
    stop(&router);
    router = start();
    generate(&router, "{'size-min': 500, 'count': 1, 'seed': 5}");
    g_assert_cmpint(take(&router, second), ==, size);
    g_assert_cmpmem(first, size, second, size);
    stop(&router);
    router = start();
    generate(&router, "{'size-min': 500, 'count': 1, 'seed': 6}");
    g_assert_cmpint(take(&router, third), ==, size);
    g_assert_cmpint(memcmp(first, third, size), !=, 0);
    stop(&router);
}

/* What the sink finds */

static void test_lost_and_repeated(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE], kept[BUFFER_SIZE];
    size_t size;

    generate(&router, "{'count': 10, 'size-min': 200}");
    while ((size = take(&router, frame))) {
        forward(frame);
        if (router.frames == 3) {
            continue;
        }
        send_frame(&router, frame, size);
        if (router.frames == 5) {
            send_frame(&router, frame, size);
            memcpy(kept, frame, size);
        }
    }
    send_frame(&router, kept, 200);
    g_assert_cmpint(counter(&router, "received"), ==, 9);
    g_assert_cmpint(counter(&router, "missing"), ==, 1);
    g_assert_cmpint(counter(&router, "duplicated"), ==, 2);
    g_assert_cmpint(counter(&router, "reordered"), ==, 0);
    stop(&router);
}

static void test_reordered(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE], kept[BUFFER_SIZE];
    size_t size;

    /* Between flows there is no order. */
    generate(&router, "{'count': 4, 'flows': 2, 'size-min': 200}");
    while ((size = take(&router, frame))) {
        forward(frame);
        if (router.frames == 1) {
            memcpy(kept, frame, size);
        } else {
            send_frame(&router, frame, size);
        }
        if (router.frames == 2) {
            send_frame(&router, kept, size);
        }
    }
    assert_clean(&router);

    router.frames = 0;
    generate(&router, "{'count': 4, 'size-min': 200}");
    while ((size = take(&router, frame))) {
        forward(frame);
        if (router.frames == 1) {
            memcpy(kept, frame, size);
        } else {
            send_frame(&router, frame, size);
        }
    }
    g_assert_cmpint(counter(&router, "missing"), ==, 1);
    send_frame(&router, kept, 200);
    g_assert_cmpint(counter(&router, "missing"), ==, 0);
    g_assert_cmpint(counter(&router, "reordered"), ==, 1);
    stop(&router);
}

static void test_stale(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE], kept[BUFFER_SIZE];
    size_t size;

    generate(&router, "{'count': 1030}");
    while ((size = take(&router, frame))) {
        forward(frame);
        if (router.frames == 1) {
            memcpy(kept, frame, size);
        }
        if (router.frames == 1 || router.frames == 1030) {
            send_frame(&router, frame, size);
        }
    }
    send_frame(&router, kept, 60);
    g_assert_cmpint(counter(&router, "received"), ==, 2);
    g_assert_cmpint(counter(&router, "missing"), ==, 1028);
    g_assert_cmpint(counter(&router, "stale"), ==, 1);
    g_assert_cmpint(counter(&router, "duplicated"), ==, 0);
    stop(&router);
}

/* Changes two bytes so that the sum stays what it was. */
static void swap_words(uint8_t *frame, size_t at)
{
    uint16_t word = lduw_be_p(frame + at);

    stw_be_p(frame + at, lduw_be_p(frame + at + 2));
    stw_be_p(frame + at + 2, word);
}

static void test_damaged(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE];
    size_t size;

    generate(&router, "{'count': 6, 'size-min': 200}");
    while ((size = take(&router, frame))) {
        forward(frame);
        switch (router.frames) {
        case 1:
            frame[100] ^= 1;
            break;
        case 2:
            swap_words(frame, 100);
            break;
        case 3:
            size = 150;
            break;
        case 4:
            frame[25] ^= 1;
            break;
        case 5:
            /* Its number is another one's. */
            swap_words(frame, PAYLOAD + 12);
            break;
        }
        send_frame(&router, frame, size);
    }
    g_assert_cmpint(counter(&router, "bad-checksum"), ==, 2);
    g_assert_cmpint(counter(&router, "corrupt"), ==, 2);
    g_assert_cmpint(counter(&router, "truncated"), ==, 1);
    g_assert_cmpint(counter(&router, "received"), ==, 1);
    g_assert_cmpint(counter(&router, "missing"), ==, 5);
    stop(&router);
}

static void test_bad_on_purpose(void)
{
    Router router = start();
    unsigned i;

    generate(&router, "{'count': 6, 'bad-checksum-every': 3}");
    step(router.nic, 100000);
    for (i = 0; i < 6; i++) {
        g_assert_cmphex(rx_status(router.nic, 0, i) & BAD, ==,
                        i % 3 == 2 ? FERRONIC_RX_DESC_STATUS_L4_BAD : 0);
    }
    route(&router);
    g_assert_cmpint(counter(&router, "sent-bad"), ==, 2);
    g_assert_cmpint(counter(&router, "bad-checksum"), ==, 2);
    g_assert_cmpint(counter(&router, "received"), ==, 4);
    stop(&router);
}

static void test_tainted(void)
{
    Router router = start();

    inject(router.nic, "{'kind': 'dma-bit-flip', 'part': 'data',"
                       " 'direction': 'read'}");
    generate(&router, "{'count': 3, 'size-min': 1000}");
    route(&router);
    g_assert_cmpint(counter(&router, "tainted"), ==, 1);
    g_assert_cmpint(counter(&router, "received"), ==, 2);
    stop(&router);
}

/* Other frames go to the link as ever. */
static void test_foreign(void)
{
    Nic *nic = nic_start_linked();
    Router router = { .nic = nic };
    uint8_t frame[BUFFER_SIZE], expected[60];

    rx_start(nic);
    tx_start(nic);
    generate(&router, "{'count': 1}");
    tx_send(nic, 60, other, 1, 0);
    make_frame(expected, 60, other, 1);
    g_assert_cmpint(link_recv(nic, frame, sizeof(frame)), ==, 60);
    g_assert_cmpmem(frame, 60, expected, 60);
    g_assert_cmpint(counter(&router, "foreign"), ==, 1);
    route(&router);
    g_assert_cmpint(counter(&router, "received"), ==, 1);
    stop(&router);
}

static void test_again(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE];
    size_t size;

    generate(&router, "{'count': 2}");
    size = take(&router, frame);
    forward(frame);
    generate(&router, "{'count': 1}");
    /* A frame of the first start is nobody's now. */
    send_frame(&router, frame, size);
    g_assert_cmpint(counter(&router, "sent"), ==, 1);
    g_assert_cmpint(counter(&router, "received"), ==, 0);
    route(&router);
    g_assert_cmpint(counter(&router, "received"), ==, 1);
    assert_clean(&router);
    stop(&router);
}

static void test_properties(void)
{
    Nic *nic = nic_start_with(",traffic=on,traffic-rate=1000,traffic-flows=3,"
                              "traffic-sizes=range,traffic-size-min=64,"
                              "traffic-size-max=70,traffic-count=4,"
                              "traffic-seed=9");
    Router router = { .nic = nic };

    step(nic, 5000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 0);
    rx_start(nic);
    tx_start(nic);
    step(nic, 5000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 4);
    route(&router);
    g_assert_cmpint(counter(&router, "received"), ==, 4);
    assert_clean(&router);
    stop(&router);
}

static void test_refused(void)
{
    static const char *const wrong[][2] = {
        { "'rate': 0", "rate" },
        { "'rate': 100000001", "rate" },
        { "'size-min': 59", "size-min" },
        { "'size-min': 9217", "size-min" },
        { "'size-min': 100, 'size-max': 99", "size-max" },
        { "'flows': 0", "flows" },
        { "'flows': 257", "flows" },
        { "'count': 0", "count" },
        { "'sizes': 'huge'", "sizes" },
    };
    Nic *nic = nic_start();
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(wrong); i++) {
        g_autofree char *command = g_strdup_printf(
            "{'execute': 'ferronic-traffic-start', 'arguments': {"
            "'path': '" NIC0_PATH "', %s}}", wrong[i][0]);

        assert_refused(nic, command, wrong[i][1]);
    }
    nic_stop(nic);
}

static void test_migration(void)
{
    Router router = start();
    uint8_t frame[BUFFER_SIZE];
    size_t size;

    generate(&router, "{'count': 40, 'flows': 3, 'rate': 10000}");
    while (router.frames < 10 && (size = take(&router, frame))) {
        forward(frame);
        if (router.frames != 4) {
            send_frame(&router, frame, size);
        }
    }
    router.nic = nic_migrate(router.nic, "");
    route(&router);
    g_assert_cmpint(counter(&router, "sent"), ==, 40);
    g_assert_cmpint(counter(&router, "received"), ==, 39);
    g_assert_cmpint(counter(&router, "missing"), ==, 1);
    g_assert_cmpint(counter(&router, "duplicated"), ==, 0);
    g_assert_cmpint(counter(&router, "reordered"), ==, 0);
    stop(&router);
}

static void test_fork(void)
{
    Router router = start();

    router.nic = nic_migrate(router.nic, ",traffic=on,traffic-count=2,"
                                         "traffic-rate=1000");
    step(router.nic, 5000000);
    g_assert_cmpint(counter(&router, "sent"), ==, 2);
    route(&router);
    assert_clean(&router);
    stop(&router);
}

void ferronic_add_traffic_tests(void)
{
    qtest_add_func("/ferronic/traffic/forwarded-frames-are-good",
                   test_forwarded);
    qtest_add_func("/ferronic/traffic/one-frame-a-period", test_rate);
    qtest_add_func("/ferronic/traffic/rate-is-kept", test_rate_is_kept);
    qtest_add_func("/ferronic/traffic/waits-for-room", test_waits_for_room);
    qtest_add_func("/ferronic/traffic/waits-for-a-listener",
                   test_waits_for_listener);
    qtest_add_func("/ferronic/traffic/sizes", test_sizes);
    qtest_add_func("/ferronic/traffic/flows", test_flows);
    qtest_add_func("/ferronic/traffic/same-seed-same-frames", test_same_seed);
    qtest_add_func("/ferronic/traffic/bad-on-purpose", test_bad_on_purpose);
    qtest_add_func("/ferronic/traffic/properties", test_properties);
    qtest_add_func("/ferronic/traffic/bad-arguments-are-refused",
                   test_refused);
    qtest_add_func("/ferronic/sink/finds-lost-and-repeated-frames",
                   test_lost_and_repeated);
    qtest_add_func("/ferronic/sink/finds-frames-out-of-order", test_reordered);
    qtest_add_func("/ferronic/sink/does-not-guess-about-old-frames",
                   test_stale);
    qtest_add_func("/ferronic/sink/finds-damaged-frames", test_damaged);
    qtest_add_func("/ferronic/sink/tells-of-the-devices-own-doing",
                   test_tainted);
    qtest_add_func("/ferronic/sink/lets-other-frames-pass", test_foreign);
    qtest_add_func("/ferronic/sink/forgets-when-started-again", test_again);
    qtest_add_func("/ferronic/traffic/survives-migration", test_migration);
    qtest_add_func("/ferronic/traffic/begins-in-the-fork-of-a-template",
                   test_fork);
}
