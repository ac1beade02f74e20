/*
 * QTest of the ferronic NIC: the driver that the tests are
 *
 * It builds rings in guest memory, rings doorbells and moves the virtual clock.
 * MSI-X messages are aimed at plain memory, where they can be seen.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FERRONIC_TEST_NIC_H
#define FERRONIC_TEST_NIC_H

#include "libqtest.h"
#include "libqos/pci-pc.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "hw/net/ferronic/ferronic_regs.gen.h"

#define RING_SIZE       8
#define RX_RING         0x100000        /* each queue's is 0x10000 further */
#define TX_RING         0x180000
#define WRITEBACK       0x1f0000        /* each queue's is 64 bytes further */
#define RX_MEMORY       0x200000        /* each queue's is 0x40000 further */
#define TX_MEMORY       0x300000
#define BUFFER_SIZE     2048
#define MESSAGE         0x400000        /* target of the MSI-X messages */
#define MESSAGE_DATA    0x5a00
#define NOWHERE         0xfd000000      /* no memory there */

#define RX_DONE         FERRONIC_RX_DESC_STATUS_DONE
#define RX_EOP          FERRONIC_RX_DESC_STATUS_EOP
#define RX_ERROR        FERRONIC_RX_DESC_STATUS_ERROR
#define RX_LENGTH(n)    ((n) & FERRONIC_RX_DESC_STATUS_LENGTH)
#define TX_EOP          FERRONIC_TX_DESC_COMMAND_EOP
#define TX_INTERRUPT    FERRONIC_TX_DESC_COMMAND_INTERRUPT

/* Vectors that the tests give to the queues. */
#define VECTOR_RX(q)    (1 + (q))
#define VECTOR_TX(q)    (1 + FERRONIC_QUEUES + (q))
#define MGMT_BIT        BIT(FERRONIC_VECTOR_MGMT)
#define RX_BIT          BIT(VECTOR_RX(0))
#define TX_BIT          BIT(VECTOR_TX(0))

/* The device's defaults, in nanoseconds. */
#define LATENCY_NS      1000            /* of a doorbell or an arrival */
#define DESC_NS         FERRONIC_DEFAULT_DMA_LATENCY_NS
#define STOP_DELAY_NS   5000
#define BATCH_NS        500000
#define SOON_NS         50000           /* enough for anything in these tests */

#define DEVICE_ARGS "-device ferronic,id=nic0,addr=4.0,mac=52:54:00:fe:00:01"
#define NIC0_PATH   "/machine/peripheral/nic0"

extern const uint8_t station[6];
extern const uint8_t other[6];

typedef struct Nic {
    QTestState *qts;
    QPCIBus *bus;
    QPCIDevice *pci;
    QPCIBar bar;
    uint64_t memory;            /* added to all addresses, for a second NIC */
    uint32_t tx_tail[FERRONIC_QUEUES];
    uint32_t violations;        /* seen so far */
    int64_t now;                /* virtual time, ns */
    int link;                   /* our end of the socket backend, or -1 */
} Nic;

/* Life */

Nic *nic_start_raw(const char *args);
/* A NIC without a backend; options are properties, with a leading comma. */
Nic *nic_start_in_reset(const char *options);
Nic *nic_start_with(const char *options);
Nic *nic_start(void);
/* With its link in our hands. */
Nic *nic_start_linked(void);
/* Two NICs on one hub; only the first one is to be stopped. */
Nic *nic_start_pair(Nic **peer);
void nic_detach(Nic *nic);
void nic_stop(Nic *nic);
void nic_attach(Nic *nic, int slot);
/* Saves the machine and loads it into a new QEMU; options are properties there,
 * with a leading comma. */
Nic *nic_migrate(Nic *from, const char *options);

/* Registers and time */

uint32_t reg_read(Nic *nic, uint32_t reg);
void reg_write(Nic *nic, uint32_t reg, uint32_t value);
void step(Nic *nic, int64_t ns);

/* Queues; functions without a number mean queue 0. */

uint64_t rx_desc(Nic *nic, unsigned queue, uint32_t index);
uint64_t tx_desc(Nic *nic, unsigned queue, uint32_t index);
uint64_t rx_buffer(Nic *nic, unsigned queue, uint32_t index);
uint64_t tx_buffer(Nic *nic, unsigned queue, uint32_t index);
uint32_t rx_status(Nic *nic, unsigned queue, uint32_t index);
uint32_t rx_hash(Nic *nic, unsigned queue, uint32_t index);
uint32_t tx_head(Nic *nic, unsigned queue);
uint32_t tx_errors(Nic *nic, unsigned queue);
void rx_fill_desc(Nic *nic, unsigned queue, uint32_t index, uint64_t buffer);
/* Sets up a ring with descriptors filled and none given. */
void rx_enable_queue(Nic *nic, unsigned queue);
void rx_enable(Nic *nic);
/* And gives all of them. */
void rx_start_queue(Nic *nic, unsigned queue);
void rx_start(Nic *nic);
void tx_start_queue(Nic *nic, unsigned queue);
void tx_start(Nic *nic);
/* Fills the next descriptor without a doorbell. Returns its index. */
uint32_t tx_queue_words(Nic *nic, unsigned queue, uint64_t addr,
                        uint32_t layout, uint32_t command);
uint32_t tx_queue_desc(Nic *nic, uint64_t addr, uint32_t length,
                       uint32_t command);
uint32_t tx_queue_frame(Nic *nic, size_t size, const uint8_t *to, uint8_t seed,
                        uint32_t command);
void tx_doorbell_queue(Nic *nic, unsigned queue);
void tx_doorbell(Nic *nic);
/* One frame, and the time that it takes. */
uint32_t tx_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed,
                 uint32_t command);
void make_frame(uint8_t *frame, size_t size, const uint8_t *to, uint8_t seed);
void assert_received(Nic *nic, uint32_t index, size_t size, const uint8_t *to,
                     uint8_t seed);

/* The link, when it is a socket: served in real time. */

void link_send_bytes(Nic *nic, const uint8_t *frame, size_t size);
void link_send(Nic *nic, size_t size, const uint8_t *to, uint8_t seed);
size_t link_recv(Nic *nic, uint8_t *frame, size_t max);
/* Lets both times go on until the register has the value. */
void wait_for_reg(Nic *nic, uint32_t reg, uint32_t mask, uint32_t value);

/* Interrupts */

void msix_start(Nic *nic);
void msix_set_mask(Nic *nic, unsigned vector, bool masked);
/* Whether the vector has sent a message since the last look. */
bool took_message(Nic *nic, unsigned vector);
void take_cause(Nic *nic, uint32_t expected);

/* QMP */

QDict *query(Nic *nic);
int64_t query_counter(Nic *nic, const char *name);
/* How often the device was in a state; -1 if there is no such state. */
int64_t query_state(Nic *nic, const char *state);
int64_t query_delivered(Nic *nic, unsigned vector);
/* How often the driver has broken a rule since the last call. */
void take_violations(Nic *nic, uint32_t expected);
void assert_refused(Nic *nic, const char *command, const char *expected);
void set_link(Nic *nic, bool up);
void assert_link(Nic *nic, bool up);
void inject_storm(Nic *nic, int vector, int rate_hz, int count);
void inject_flap(Nic *nic, int down_ns, int count);

/* All elements of all registers. */

typedef struct TestRegister {
    const char *name;
    uint32_t offset;
    uint32_t reset_value;
} TestRegister;

extern const TestRegister *test_registers;
extern unsigned test_register_count;
void assert_reset_values(Nic *nic);
/* Puts something into every part of the device. */
void dirty_everything(Nic *nic);

/* The tests, by subject */

void ferronic_add_contract_tests(void);
void ferronic_add_copy_tests(void);
void ferronic_add_fault_tests(void);
void ferronic_add_fuzz_tests(void);
void ferronic_add_hostile_tests(void);
void ferronic_add_irq_tests(void);
void ferronic_add_link_tests(void);
void ferronic_add_migration_tests(void);
void ferronic_add_offload_tests(void);
void ferronic_add_power_tests(void);
void ferronic_add_register_tests(void);
void ferronic_add_ring_tests(void);
void ferronic_add_rss_tests(void);
void ferronic_add_rx_tests(void);
void ferronic_add_traffic_tests(void);
void ferronic_add_trigger_tests(void);
void ferronic_add_tx_tests(void);

#endif /* FERRONIC_TEST_NIC_H */
