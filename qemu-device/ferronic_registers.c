/*
 * Ferronic NIC: the register file
 *
 * Guest input is checked here, once, when a register is written; the data path
 * trusts what it finds in FerronicCore.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "net/eth.h"
#include "ferronic_core.h"
#include "ferronic_faults.h"
#include "trace.h"

enum {
#define X(name, offset, count, stride, access) REG_##name,
    FERRONIC_REGISTERS(X)
#undef X
    REG_COUNT,
};

enum { RO, RW, WO, RW1C };

typedef struct Register {
    const char *name;
    uint32_t offset;
    uint32_t count;
    uint32_t stride;
    unsigned access;
    uint32_t bits;
} Register;

static const Register registers[REG_COUNT] = {
#define X(name, offset, count, stride, access) \
    [REG_##name] = { #name, offset, count, stride, access, \
                     FERRONIC_##name##_BITS },
    FERRONIC_REGISTERS(X)
#undef X
};

/* Register at each word of the BAR, or REG_COUNT. */
static uint8_t register_at[FERRONIC_BAR_REGS_SIZE / 4];
QEMU_BUILD_BUG_ON(REG_COUNT > UINT8_MAX);

static void __attribute__((constructor)) fill_register_at(void)
{
    unsigned reg, i;

    memset(register_at, REG_COUNT, sizeof(register_at));
    for (reg = 0; reg < REG_COUNT; reg++) {
        const Register *r = &registers[reg];

        for (i = 0; i < r->count; i++) {
            register_at[(r->offset + i * r->stride) / 4] = reg;
        }
    }
}

/* Which element of an array of registers an address is. */
static unsigned register_index(unsigned reg, hwaddr addr)
{
    return (addr - registers[reg].offset) / registers[reg].stride;
}

const char *ferronic_register_name(hwaddr addr)
{
    unsigned reg = register_at[addr / 4 % ARRAY_SIZE(register_at)];

    return reg < REG_COUNT ? registers[reg].name : "?";
}

/* Values */

static uint32_t read_status(const FerronicCore *core)
{
    return (core->ready ? FERRONIC_STATUS_READY : 0) |
           (ferronic_core_link_up(core) ? FERRONIC_STATUS_LINK_UP : 0);
}

static uint32_t read_dma_status(const FerronicCore *core)
{
    uint32_t value = 0;
    unsigned i;

    for (i = 0; i < FERRONIC_QUEUES; i++) {
        const FerronicQueue *rx = &core->rx[i].queue;
        const FerronicQueue *tx = &core->tx[i].queue;

        value |= (uint32_t)rx->active << (FERRONIC_DMA_STATUS_RX_ACTIVE_SHIFT +
                                          i);
        value |= (uint32_t)tx->active << (FERRONIC_DMA_STATUS_TX_ACTIVE_SHIFT +
                                          i);
        value |= (uint32_t)rx->failed << (FERRONIC_DMA_STATUS_RX_FAILED_SHIFT +
                                          i);
        value |= (uint32_t)tx->failed << (FERRONIC_DMA_STATUS_TX_FAILED_SHIFT +
                                          i);
    }
    return value | (core->copy.active ? FERRONIC_DMA_STATUS_ACTIVE : 0) |
           (core->copy.error ? FERRONIC_DMA_STATUS_ERROR : 0);
}

static uint32_t read_rx_register(const FerronicRx *rx, unsigned reg)
{
    switch (reg) {
    case REG_RX_BASE_LO:
        return extract64(rx->queue.base, 0, 32);
    case REG_RX_BASE_HI:
        return extract64(rx->queue.base, 32, 32);
    case REG_RX_SIZE:
        return rx->queue.size;
    case REG_RX_BUFFER:
        return rx->buffer;
    case REG_RX_CTRL:
        return rx->queue.enabled ? FERRONIC_RX_CTRL_ENABLE : 0;
    case REG_RX_VECTOR:
        return rx->queue.vector;
    case REG_RX_HEAD:
        return rx->queue.head;
    case REG_RX_TAIL:
        return rx->queue.tail;
    default:
        g_assert_not_reached();
    }
}

static uint32_t read_tx_register(const FerronicTx *tx, unsigned reg)
{
    switch (reg) {
    case REG_TX_BASE_LO:
        return extract64(tx->queue.base, 0, 32);
    case REG_TX_BASE_HI:
        return extract64(tx->queue.base, 32, 32);
    case REG_TX_SIZE:
        return tx->queue.size;
    case REG_TX_CTRL:
        return tx->queue.enabled ? FERRONIC_TX_CTRL_ENABLE : 0;
    case REG_TX_VECTOR:
        return tx->queue.vector;
    case REG_TX_HEAD:
        return tx->queue.head;
    case REG_TX_WRITEBACK_LO:
        return extract64(tx->writeback, 0, 32);
    case REG_TX_WRITEBACK_HI:
        return extract64(tx->writeback, 32, 32);
    case REG_TX_TAIL:
        return tx->queue.tail;
    default:
        g_assert_not_reached();
    }
}

static uint32_t read_register(const FerronicCore *core, unsigned reg,
                              unsigned index)
{
    switch (reg) {
    case REG_ID:
        return FERRONIC_ID_RESET_VALUE;
    case REG_CTRL:
        return core->loopback ? FERRONIC_CTRL_LOOPBACK : 0;
    case REG_STATUS:
        return read_status(core);
    case REG_MAC_LO:
        return core->mac_lo;
    case REG_MAC_HI:
        return core->mac_hi;
    case REG_RX_FILTER:
        return core->rx_filter;
    case REG_MAX_FRAME:
        return core->max_frame;
    case REG_SCRATCH:
        return core->scratch;
    case REG_DMA_ADDR_LO:
        return extract64(core->copy.addr, 0, 32);
    case REG_DMA_ADDR_HI:
        return extract64(core->copy.addr, 32, 32);
    case REG_DMA_LENGTH:
        return core->copy.length;
    case REG_DMA_OFFSET:
        return core->copy.offset;
    case REG_DMA_CTRL:
        return core->copy.to_memory ? FERRONIC_DMA_CTRL_TO_MEMORY : 0;
    case REG_DMA_STATUS:
        return read_dma_status(core);
    case REG_DMA_LATENCY:
        return core->dma_latency_ns;
    case REG_INT_ENABLE:
        return core->int_enable;
    case REG_INT_ENABLE_SET:
    case REG_INT_ENABLE_CLEAR:
        return 0;
    case REG_INT_PENDING:
        return ferronic_irq_pending(core);
    case REG_MGMT_CAUSE:
        return core->mgmt_cause;
    case REG_INT_MODERATION:
        return core->vectors[index].interval_ns;
    case REG_RX_FRAMES:
        return core->rx_frames;
    case REG_RX_MISSED:
        return core->rx_missed;
    case REG_TX_FRAMES:
        return core->tx_frames;
    case REG_TX_ERRORS:
        return core->tx_errors;
    case REG_VIOLATIONS:
        return core->violations;
    case REG_RSS_CTRL:
        return core->rss.ctrl;
    case REG_RSS_KEY:
        return ldl_le_p(core->rss.key + 4 * index);
    case REG_RSS_TABLE:
        return ldl_le_p(core->rss.table + 4 * index);
    case REG_RX_BASE_LO ... REG_RX_HEAD:
    case REG_RX_TAIL:
        return read_rx_register(&core->rx[index], reg);
    case REG_TX_BASE_LO ... REG_TX_WRITEBACK_HI:
    case REG_TX_TAIL:
        return read_tx_register(&core->tx[index], reg);
    default:
        g_assert_not_reached();
    }
}

static void write_ctrl(FerronicCore *core, uint32_t value)
{
    if (value & FERRONIC_CTRL_RESET) {
        if (ferronic_core_active(core)) {
            ferronic_contract_violation(core, FERRONIC_RULE_RESET_ACTIVE,
                                        FERRONIC_NO_QUEUE,
                                        read_dma_status(core),
                                        "reset with DMA active");
        }
        ferronic_core_reset(core);
        return;
    }
    core->loopback = value & FERRONIC_CTRL_LOOPBACK;
    ferronic_tx_kick_all(core);
}

void ferronic_registers_update_mac(FerronicCore *core)
{
    uint8_t mac[ETH_ALEN];

    stl_le_p(mac, core->mac_lo);
    stw_le_p(mac + 4, core->mac_hi);
    qemu_format_nic_info_str(qemu_get_queue(core->nic), mac);
}

static void write_rss_key(FerronicCore *core, unsigned index, uint32_t value)
{
    stl_le_p(core->rss.key + 4 * index, value);
    core->rss.lookup_valid = false;
}

static void write_rss_table(FerronicCore *core, unsigned index, uint32_t value)
{
    unsigned i;

    for (i = 0; i < 4; i++) {
        if (extract32(value, 8 * i, 8) >= FERRONIC_QUEUES) {
            ferronic_contract_violation(core, FERRONIC_RULE_RSS_QUEUE,
                                        FERRONIC_NO_QUEUE, value,
                                        "no such queue");
            return;
        }
    }
    stl_le_p(core->rss.table + 4 * index, value);
}

static void set_low(uint64_t *addr, uint32_t value)
{
    *addr = deposit64(*addr, 0, 32, value);
}

static void set_high(uint64_t *addr, uint32_t value)
{
    *addr = deposit64(*addr, 32, 32, value);
}

static void write_rx_register(FerronicRx *rx, unsigned reg, uint32_t value)
{
    FerronicQueue *queue = &rx->queue;

    switch (reg) {
    case REG_RX_CTRL:
        ferronic_queue_set_enable(queue, value & FERRONIC_RX_CTRL_ENABLE);
        return;
    case REG_RX_TAIL:
        ferronic_queue_doorbell(queue, value);
        return;
    }
    if (!ferronic_queue_may_configure(queue)) {
        return;
    }
    switch (reg) {
    case REG_RX_BASE_LO:
        set_low(&queue->base, value);
        break;
    case REG_RX_BASE_HI:
        set_high(&queue->base, value);
        break;
    case REG_RX_SIZE:
        queue->size = value & FERRONIC_RX_SIZE_BITS;
        break;
    case REG_RX_BUFFER:
        rx->buffer = value & FERRONIC_RX_BUFFER_BITS;
        break;
    case REG_RX_VECTOR:
        ferronic_queue_set_vector(queue, value);
        break;
    default:
        g_assert_not_reached();
    }
}

static void write_tx_register(FerronicTx *tx, unsigned reg, uint32_t value)
{
    FerronicQueue *queue = &tx->queue;

    switch (reg) {
    case REG_TX_CTRL:
        ferronic_queue_set_enable(queue, value & FERRONIC_TX_CTRL_ENABLE);
        return;
    case REG_TX_TAIL:
        ferronic_queue_doorbell(queue, value);
        return;
    }
    if (!ferronic_queue_may_configure(queue)) {
        return;
    }
    switch (reg) {
    case REG_TX_BASE_LO:
        set_low(&queue->base, value);
        break;
    case REG_TX_BASE_HI:
        set_high(&queue->base, value);
        break;
    case REG_TX_SIZE:
        queue->size = value & FERRONIC_TX_SIZE_BITS;
        break;
    case REG_TX_VECTOR:
        ferronic_queue_set_vector(queue, value);
        break;
    case REG_TX_WRITEBACK_LO:
        set_low(&tx->writeback, value);
        break;
    case REG_TX_WRITEBACK_HI:
        set_high(&tx->writeback, value);
        break;
    default:
        g_assert_not_reached();
    }
}

static void write_register(FerronicCore *core, unsigned reg, unsigned index,
                           uint32_t value)
{
    switch (reg) {
    case REG_CTRL:
        write_ctrl(core, value);
        break;
    case REG_MAC_LO:
        core->mac_lo = value;
        ferronic_registers_update_mac(core);
        break;
    case REG_MAC_HI:
        core->mac_hi = value & FERRONIC_MAC_HI_BITS;
        ferronic_registers_update_mac(core);
        break;
    case REG_RX_FILTER:
        core->rx_filter = value & FERRONIC_RX_FILTER_BITS;
        break;
    case REG_MAX_FRAME:
        core->max_frame = value & FERRONIC_MAX_FRAME_BITS;
        break;
    case REG_SCRATCH:
        core->scratch = value;
        break;
    case REG_DMA_ADDR_LO ... REG_DMA_CTRL:
        ferronic_copy_write(core, registers[reg].offset, value);
        break;
    case REG_DMA_LATENCY:
        core->dma_latency_ns = value & FERRONIC_DMA_LATENCY_BITS;
        break;
    case REG_INT_ENABLE_SET:
        ferronic_irq_enable(core, value & FERRONIC_INT_ENABLE_SET_BITS);
        break;
    case REG_INT_ENABLE_CLEAR:
        core->int_enable &= ~value;
        ferronic_irq_update(core);
        break;
    case REG_INT_PENDING:
        core->int_pending &= ~value;
        ferronic_irq_update(core);
        break;
    case REG_MGMT_CAUSE:
        core->mgmt_cause &= ~value;
        ferronic_irq_update(core);
        break;
    case REG_INT_MODERATION:
        core->vectors[index].interval_ns = value &
                                           FERRONIC_INT_MODERATION_BITS;
        break;
    case REG_RSS_CTRL:
        core->rss.ctrl = value & FERRONIC_RSS_CTRL_BITS;
        break;
    case REG_RSS_KEY:
        write_rss_key(core, index, value);
        break;
    case REG_RSS_TABLE:
        write_rss_table(core, index, value);
        break;
    case REG_RX_BASE_LO ... REG_RX_VECTOR:
    case REG_RX_TAIL:
        write_rx_register(&core->rx[index], reg, value);
        break;
    case REG_TX_BASE_LO ... REG_TX_VECTOR:
    case REG_TX_WRITEBACK_LO ... REG_TX_WRITEBACK_HI:
    case REG_TX_TAIL:
        write_tx_register(&core->tx[index], reg, value);
        break;
    default:
        g_assert_not_reached();
    }
}

/* Access */

static void violation(FerronicCore *core, FerronicRule rule, hwaddr addr,
                      const char *detail)
{
    ferronic_contract_violation(core, rule, FERRONIC_NO_QUEUE, addr, detail);
}

/*
 * Finds the register of an access. Returns REG_COUNT when there is none, or
 * when the way of the access is against the rules.
 */
static unsigned decode(FerronicCore *core, hwaddr addr, unsigned size)
{
    unsigned reg;

    if (core->asleep) {
        violation(core, FERRONIC_RULE_REG_POWER, addr, "access in D3hot");
        return REG_COUNT;
    }
    if (size != 4 || addr % 4) {
        violation(core, FERRONIC_RULE_REG_ACCESS, addr,
                  size != 4 ? "not 4 bytes" : "unaligned");
        return REG_COUNT;
    }
    reg = register_at[addr / 4];
    if (reg == REG_COUNT) {
        violation(core, FERRONIC_RULE_REG_UNKNOWN, addr, "no register here");
    }
    return reg;
}

static uint64_t all_ones(unsigned size)
{
    return MAKE_64BIT_MASK(0, 8 * size);
}

uint64_t ferronic_registers_read(FerronicCore *core, hwaddr addr,
                                 unsigned size)
{
    unsigned reg;
    uint32_t value;

    if (core->gone) {
        return all_ones(size);
    }
    reg = decode(core, addr, size);
    if (core->asleep) {
        return all_ones(size);
    }
    if (reg == REG_COUNT) {
        return 0;
    }
    if (!core->ready && reg != REG_ID && reg != REG_STATUS) {
        violation(core, FERRONIC_RULE_REG_NOT_READY, addr, "read");
    }
    value = read_register(core, reg, register_index(reg, addr));
    if (ferronic_fault_hook(core, reg_read)) {
        core->faults->reg_read(core->faults_opaque, addr, &value);
    }
    trace_ferronic_reg_read(core->id, registers[reg].name,
                            register_index(reg, addr), value);
    return value;
}

void ferronic_registers_write(FerronicCore *core, hwaddr addr, uint64_t data,
                              unsigned size)
{
    uint32_t value = data;
    unsigned reg;

    if (core->gone) {
        return;
    }
    reg = decode(core, addr, size);
    if (reg == REG_COUNT) {
        return;
    }
    trace_ferronic_reg_write(core->id, registers[reg].name,
                             register_index(reg, addr), value);
    if (ferronic_fault_hook(core, reg_write)) {
        core->faults->reg_write(core->faults_opaque, addr, value);
        if (core->gone) {
            return;
        }
    }
    if (!core->ready) {
        violation(core, FERRONIC_RULE_REG_NOT_READY, addr, "write");
        return;
    }
    if (registers[reg].access == RO) {
        violation(core, FERRONIC_RULE_REG_READ_ONLY, addr, "write");
        return;
    }
    /* A doorbell past the ring has a rule of its own. */
    if (value & ~registers[reg].bits && reg != REG_RX_TAIL &&
        reg != REG_TX_TAIL) {
        violation(core, FERRONIC_RULE_REG_RESERVED, addr,
                  registers[reg].name);
    }
    write_register(core, reg, register_index(reg, addr), value);
}

void ferronic_registers_reset(FerronicCore *core)
{
    unsigned i;

    core->loopback = false;
    core->mac_lo = ldl_le_p(core->permanent_mac.a);
    core->mac_hi = lduw_le_p(core->permanent_mac.a + 4);
    core->rx_filter = FERRONIC_RX_FILTER_RESET_VALUE;
    core->max_frame = FERRONIC_MAX_FRAME_RESET_VALUE;
    core->scratch = FERRONIC_SCRATCH_RESET_VALUE;
    core->dma_latency_ns = core->default_dma_latency_ns;
    core->rx_frames = 0;
    core->rx_missed = 0;
    core->tx_frames = 0;
    core->tx_errors = 0;
    core->violations = 0;
    core->rss.ctrl = FERRONIC_RSS_CTRL_RESET_VALUE;
    memset(core->rss.key, 0, sizeof(core->rss.key));
    memset(core->rss.table, 0, sizeof(core->rss.table));
    core->rss.lookup_valid = false;
    for (i = 0; i < FERRONIC_QUEUES; i++) {
        core->rx[i].buffer = FERRONIC_RX_BUFFER_RESET_VALUE;
        core->tx[i].writeback = 0;
    }
    ferronic_registers_update_mac(core);
}
