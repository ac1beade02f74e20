/*
 * Ferronic NIC: checks that the driver keeps the rules of the datasheet
 *
 * The checks themselves stand where the rules can be broken. Here is what
 * becomes of a violation: it is counted, traced, kept, logged, and reported by
 * an event, not too often. Nothing of that is seen by the guest but the count.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qapi/qapi-commands-ferronic.h"
#include "qapi/qapi-events-ferronic.h"
#include "qapi/util.h"
#include "migration/vmstate.h"
#include "ferronic.h"
#include "ferronic_qmp.h"
#include "trace.h"

#define EVENT_PERIOD_NS     FERRONIC_LOG_PERIOD_NS

static const struct {
    const char *name;
    const char *text;
} rules[FERRONIC_RULE_COUNT + 1] = {
#define X(name, number, text) [number] = { #name, text },
    FERRONIC_RULES(X)
#undef X
};

const char *ferronic_rule_name(FerronicRule rule)
{
    return rules[rule].name;
}

const char *ferronic_rule_text(FerronicRule rule)
{
    return rules[rule].text;
}

/* QMP */

static FerronicViolation *breach_info(const FerronicBreach *breach)
{
    FerronicViolation *info = g_new0(FerronicViolation, 1);

    info->number = breach->number;
    info->time = breach->time;
    info->rule = breach->rule;
    info->name = g_strdup(rules[breach->rule].name);
    info->has_queue = breach->queue >= 0;
    info->queue = info->has_queue ? breach->queue : 0;
    info->value = breach->value;
    info->detail = g_strdup((const char *)breach->detail);
    info->under_fault = breach->under_fault;
    return info;
}

static FerronicRuleCountList *rules_info(const FerronicContract *contract)
{
    FerronicRuleCountList *list = NULL;
    FerronicRuleCountList **tail = &list;
    unsigned rule;

    for (rule = 1; rule <= FERRONIC_RULE_COUNT; rule++) {
        const FerronicRuleState *state = &contract->rules[rule];
        FerronicRuleCount *info;

        if (!state->count) {
            continue;
        }
        info = g_new0(FerronicRuleCount, 1);
        info->rule = rule;
        info->name = g_strdup(rules[rule].name);
        info->text = g_strdup(rules[rule].text);
        info->count = state->count;
        info->under_fault = state->under_fault;
        QAPI_LIST_APPEND(tail, info);
    }
    return list;
}

static FerronicViolationList *recent_info(const FerronicContract *contract)
{
    FerronicViolationList *list = NULL;
    FerronicViolationList **tail = &list;
    uint64_t n = contract->total - MIN(contract->total, FERRONIC_RECENT);

    for (; n < contract->total; n++) {
        QAPI_LIST_APPEND(tail,
                         breach_info(&contract->recent[n % FERRONIC_RECENT]));
    }
    return list;
}

FerronicViolations *qmp_query_ferronic_violations(const char *path,
                                                  Error **errp)
{
    FerronicState *s = ferronic_find_device(path, errp);
    FerronicViolations *info;

    if (!s) {
        return NULL;
    }
    info = g_new0(FerronicViolations, 1);
    info->total = s->core.contract.total;
    info->rules = rules_info(&s->core.contract);
    info->recent = recent_info(&s->core.contract);
    return info;
}

/* Event */

static void send_event(FerronicContract *contract, FerronicRuleState *rule,
                       int64_t now)
{
    g_autofree char *path =
        object_get_canonical_path(OBJECT(contract->core->owner));
    g_autoptr(FerronicViolation) violation = breach_info(&rule->last);

    rule->silent = false;
    rule->quiet_until = now + EVENT_PERIOD_NS;
    qapi_event_send_ferronic_violation(path, violation, rule->count);
}

/* Log */

/* @now: it tells of what happens at this moment. */
static void write_line(FerronicContract *contract,
                       const FerronicBreach *breach, uint64_t count, bool now)
{
    g_autoptr(GString) line = NULL;

    if (!ferronic_log_is_open(&contract->log)) {
        return;
    }
    line = ferronic_log_begin(breach->time, contract->core->id, "violation");
    g_string_append_printf(line, ",\"number\":%" PRIu64 ",\"rule\":%u,"
                           "\"name\":\"%s\"", breach->number, breach->rule,
                           rules[breach->rule].name);
    if (breach->queue >= 0) {
        g_string_append_printf(line, ",\"queue\":\"%s\"",
                               FerronicEngine_str(breach->queue));
    }
    /* Readers of JSON have no integers of 64 bits. */
    g_string_append_printf(line, ",\"value\":\"0x%" PRIx64 "\","
                           "\"detail\":\"%s\",\"underFault\":%s,"
                           "\"count\":%" PRIu64, breach->value,
                           (const char *)breach->detail,
                           breach->under_fault ? "true" : "false", count);
    if (now) {
        ferronic_log_place(line);
    }
    ferronic_log_write(&contract->log, line);
}

static void flush_log(FerronicContract *contract)
{
    unsigned rule;

    for (rule = 1; rule <= FERRONIC_RULE_COUNT; rule++) {
        uint64_t count = ferronic_log_take(&contract->rules[rule].log);

        if (count) {
            write_line(contract, &contract->rules[rule].last, count,
                       false);
        }
    }
}

/* What had to wait */

static void contract_tick(void *opaque)
{
    FerronicContract *contract = opaque;
    int64_t now = ferronic_now();
    unsigned rule;

    for (rule = 1; rule <= FERRONIC_RULE_COUNT; rule++) {
        if (contract->rules[rule].silent) {
            send_event(contract, &contract->rules[rule], now);
        }
    }
    flush_log(contract);
}

static void report(FerronicContract *contract, FerronicRuleState *rule)
{
    int64_t now = rule->last.time;
    bool waits = false;

    if (now >= rule->quiet_until) {
        send_event(contract, rule, now);
    } else {
        rule->silent = true;
        waits = true;
    }
    if (ferronic_log_single(&rule->log)) {
        write_line(contract, &rule->last, 1, true);
    } else {
        waits = true;
    }
    if (waits && !timer_pending(contract->timer)) {
        timer_mod(contract->timer, now + EVENT_PERIOD_NS);
    }
}

void ferronic_contract_violation(FerronicCore *core, FerronicRule rule,
                                 int queue, uint64_t value, const char *detail)
{
    FerronicContract *contract = &core->contract;
    FerronicRuleState *state = &contract->rules[rule];
    FerronicBreach *last = &state->last;

    if (rule == FERRONIC_RULE_DMA_FAILED &&
        ferronic_faults_made_dma_fail(core, queue)) {
        return;
    }
    ferronic_reached(core, FERRONIC_DEVICE_STATE_CONTRACT_BROKEN);
    core->violations++;
    contract->total++;
    state->count++;
    last->number = contract->total;
    last->time = ferronic_now();
    last->rule = rule;
    last->queue = queue;
    last->value = value;
    last->under_fault = ferronic_faults_may_mislead(core);
    state->under_fault += last->under_fault;
    pstrcpy((char *)last->detail, sizeof(last->detail), detail);
    contract->recent[(contract->total - 1) % FERRONIC_RECENT] = *last;
    trace_ferronic_violation(core->id, rule, rules[rule].name, queue, value,
                             detail);
    qemu_log_mask(LOG_GUEST_ERROR,
                  "ferronic %s: rule %u %s, queue %d, 0x%" PRIx64 ": %s\n",
                  core->id, rule, rules[rule].name, queue, value, detail);
    report(contract, state);
}

/* Life cycle */

/* The last chance before QEMU ends, or is killed. */
static void contract_run_state(void *opaque, bool running, RunState state)
{
    if (!running) {
        flush_log(opaque);
    }
}

void ferronic_contract_realize(FerronicCore *core)
{
    FerronicContract *contract = &core->contract;

    contract->core = core;
    contract->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, contract_tick,
                                   contract);
    contract->run_state = qemu_add_vm_change_state_handler(contract_run_state,
                                                           contract);
}

void ferronic_contract_unrealize(FerronicCore *core)
{
    FerronicContract *contract = &core->contract;

    flush_log(contract);
    qemu_del_vm_change_state_handler(contract->run_state);
    timer_free(contract->timer);
    qemu_chr_fe_deinit(&contract->log.chr, false);
}

/* Migration */

/* The log that a state is saved with ends here: its lines are not ours. */
static int contract_pre_save(void *opaque)
{
    flush_log(opaque);
    return 0;
}

static bool breach_is_sane(const FerronicBreach *breach)
{
    return breach->rule >= 1 && breach->rule <= FERRONIC_RULE_COUNT &&
           breach->queue >= FERRONIC_NO_QUEUE &&
           breach->queue < 2 * FERRONIC_QUEUES &&
           memchr(breach->detail, 0, sizeof(breach->detail));
}

static int contract_post_load(void *opaque, int version_id)
{
    FerronicContract *contract = opaque;
    unsigned i;

    for (i = 1; i <= FERRONIC_RULE_COUNT; i++) {
        if (contract->rules[i].count &&
            !breach_is_sane(&contract->rules[i].last)) {
            return -EINVAL;
        }
    }
    for (i = 0; i < MIN(contract->total, FERRONIC_RECENT); i++) {
        if (!breach_is_sane(&contract->recent[i])) {
            return -EINVAL;
        }
    }
    return 0;
}

static const VMStateDescription breach_vmstate = {
    .name = "ferronic/breach",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(number, FerronicBreach),
        VMSTATE_INT64(time, FerronicBreach),
        VMSTATE_UINT8(rule, FerronicBreach),
        VMSTATE_INT8(queue, FerronicBreach),
        VMSTATE_BOOL(under_fault, FerronicBreach),
        VMSTATE_UINT64(value, FerronicBreach),
        VMSTATE_BUFFER(detail, FerronicBreach),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription rule_vmstate = {
    .name = "ferronic/rule",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(count, FerronicRuleState),
        VMSTATE_UINT64(under_fault, FerronicRuleState),
        VMSTATE_STRUCT(last, FerronicRuleState, 1, breach_vmstate,
                       FerronicBreach),
        VMSTATE_UINT64(log.lines, FerronicRuleState),
        VMSTATE_INT64(quiet_until, FerronicRuleState),
        VMSTATE_BOOL(silent, FerronicRuleState),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription ferronic_contract_vmstate = {
    .name = "ferronic/contract",
    .version_id = 2,
    .minimum_version_id = 2,
    .pre_save = contract_pre_save,
    .post_load = contract_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(total, FerronicContract),
        VMSTATE_STRUCT_ARRAY(rules, FerronicContract, FERRONIC_RULE_COUNT + 1,
                             1, rule_vmstate, FerronicRuleState),
        VMSTATE_STRUCT_ARRAY(recent, FerronicContract, FERRONIC_RECENT, 1,
                             breach_vmstate, FerronicBreach),
        VMSTATE_TIMER_PTR(timer, FerronicContract),
        VMSTATE_END_OF_LIST()
    }
};
