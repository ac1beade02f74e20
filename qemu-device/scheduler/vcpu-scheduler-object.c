/*
 * The object of the scheduler of vCPUs: properties, saved state, files
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qapi/qapi-visit-qom.h"
#include "qom/object_interfaces.h"
#include "migration/vmstate.h"
#include "system/system.h"
#include "system/vcpu-scheduler.h"
#include "vcpu-scheduler-internal.h"

#define DEFAULT_SLICE_MIN 1
#define DEFAULT_SLICE_MAX 100000
#define DEFAULT_DEPTH 3
#define DEFAULT_HORIZON 100000000

/* What the run was, for whoever started it. */
static void write_files(Notifier *notifier, void *data)
{
    VcpuScheduler *s = container_of(notifier, VcpuScheduler, exit);
    uint64_t position = 0;
    int64_t ns = 0;
    FILE *file;

    if (s->record && fclose(s->record)) {
        error_report("vcpu-scheduler: cannot write %s: %s", s->record_file,
                     strerror(errno));
    }
    if (!s->report_file) {
        return;
    }
    file = fopen(s->report_file, "w");
    if (!file) {
        error_report("vcpu-scheduler: cannot write %s: %s", s->report_file,
                     strerror(errno));
        return;
    }
    if (s->started) {
        position = vcpu_scheduler_position(s);
        ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->origin_ns;
    }
    fprintf(file, "{\"instructions\":%" PRIu64 ",\"virtualNs\":%" PRId64
            ",\"switches\":%" PRIu64 ",\"schedule\":\"%016" PRIx64 "\"}\n",
            position, ns, s->switches, s->schedule);
    fclose(file);
}

/* Lines of "position cpu", in the order of their positions. More is not read. */
static bool read_turns(VcpuScheduler *s, Error **errp)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree Turn *turns = NULL;
    g_auto(GStrv) lines = NULL;
    uint64_t n = 0, i;

    if (!g_file_get_contents(s->turns_file, &text, NULL, &error)) {
        error_setg(errp, "%s", error->message);
        return false;
    }
    lines = g_strsplit(g_strchomp(text), "\n", -1);
    turns = g_new0(Turn, g_strv_length(lines));
    for (i = 0; lines[i]; i++) {
        const char *rest;
        uint64_t cpu;

        if (qemu_strtou64(lines[i], &rest, 10, &turns[n].at) || *rest != ' ' ||
            qemu_strtou64(rest + 1, &rest, 10, &cpu) || cpu >= MAX_CPUS ||
            (*rest && *rest != ' ') ||
            (n && turns[n].at < turns[n - 1].at)) {
            error_setg(errp, "%s:%" PRIu64 ": a position, not before the last, "
                       "and a vCPU are expected", s->turns_file, i + 1);
            return false;
        }
        turns[n++].cpu = cpu;
    }
    s->turns = g_steal_pointer(&turns);
    s->turn_count = n;
    return true;
}

static int load_done(void *opaque, int version_id)
{
    VcpuScheduler *s = opaque;

    if (s->restart) {
        s->started = false;
        s->switches = 0;
        s->schedule = 0;
    }
    return 0;
}

static const VMStateDescription vmstate_vcpu_scheduler = {
    .name = TYPE_VCPU_SCHEDULER,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = load_done,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(started, VcpuScheduler),
        VMSTATE_UINT64(random, VcpuScheduler),
        VMSTATE_INT64(origin, VcpuScheduler),
        VMSTATE_INT64(origin_ns, VcpuScheduler),
        VMSTATE_INT32(current, VcpuScheduler),
        VMSTATE_INT64(left, VcpuScheduler),
        VMSTATE_BOOL(preempt, VcpuScheduler),
        VMSTATE_BOOL(gave_way, VcpuScheduler),
        VMSTATE_BOOL(others_wait, VcpuScheduler),
        VMSTATE_INT64_ARRAY(priority, VcpuScheduler, MAX_CPUS),
        VMSTATE_INT64(lowest, VcpuScheduler),
        VMSTATE_UINT64_ARRAY(change, VcpuScheduler, MAX_CHANGES),
        VMSTATE_UINT32(changes_done, VcpuScheduler),
        VMSTATE_INT64_ARRAY(visible_from, VcpuScheduler, MAX_CPUS),
        VMSTATE_UINT64(next_turn, VcpuScheduler),
        VMSTATE_UINT64(switches, VcpuScheduler),
        VMSTATE_UINT64(schedule, VcpuScheduler),
        VMSTATE_END_OF_LIST()
    }
};

static void complete(UserCreatable *uc, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(uc);

    if (vcpu_scheduler_present()) {
        error_setg(errp, "there can be one vcpu-scheduler only");
        return;
    }
    if (!s->slice_min || s->slice_min > s->slice_max ||
        s->slice_max > INT32_MAX) {
        error_setg(errp, "slice-min must be 1 at least, and slice-max not less, "
                   "nor more than 2^31 - 1");
        return;
    }
    if (!s->depth || s->depth > MAX_CHANGES || !s->horizon) {
        error_setg(errp, "depth must be from 1 to %d, and horizon 1 at least",
                   MAX_CHANGES);
        return;
    }
    if (s->policy == VCPU_SCHEDULER_POLICY_LIST && !s->turns_file) {
        error_setg(errp, "the policy 'list' needs turns");
        return;
    }
    if (s->turns_file && !read_turns(s, errp)) {
        return;
    }
    if (s->record_file) {
        s->record = fopen(s->record_file, "w");
        if (!s->record) {
            error_setg_file_open(errp, errno, s->record_file);
            return;
        }
    }
    s->current = NOBODY;
    if (s->report_file || s->record) {
        s->exit.notify = write_files;
        qemu_add_exit_notifier(&s->exit);
    }
    vmstate_register(NULL, 0, &vmstate_vcpu_scheduler, s);
    vcpu_scheduler_install(s);
}

/* Properties, see VcpuSchedulerProperties in qapi/qom.json. */

static int get_policy(Object *obj, Error **errp)
{
    return VCPU_SCHEDULER(obj)->policy;
}

static void set_policy(Object *obj, int value, Error **errp)
{
    VCPU_SCHEDULER(obj)->policy = value;
}

static bool get_restart(Object *obj, Error **errp)
{
    return VCPU_SCHEDULER(obj)->restart;
}

static void set_restart(Object *obj, bool value, Error **errp)
{
    VCPU_SCHEDULER(obj)->restart = value;
}

static char *get_turns(Object *obj, Error **errp)
{
    return g_strdup(VCPU_SCHEDULER(obj)->turns_file);
}

static void set_turns(Object *obj, const char *value, Error **errp)
{
    g_free(VCPU_SCHEDULER(obj)->turns_file);
    VCPU_SCHEDULER(obj)->turns_file = g_strdup(value);
}

static char *get_report(Object *obj, Error **errp)
{
    return g_strdup(VCPU_SCHEDULER(obj)->report_file);
}

static void set_report(Object *obj, const char *value, Error **errp)
{
    g_free(VCPU_SCHEDULER(obj)->report_file);
    VCPU_SCHEDULER(obj)->report_file = g_strdup(value);
}

static char *get_record(Object *obj, Error **errp)
{
    return g_strdup(VCPU_SCHEDULER(obj)->record_file);
}

static void set_record(Object *obj, const char *value, Error **errp)
{
    g_free(VCPU_SCHEDULER(obj)->record_file);
    VCPU_SCHEDULER(obj)->record_file = g_strdup(value);
}

static void get_position(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);
    uint64_t value = s->started ? vcpu_scheduler_position(s) : 0;

    visit_type_uint64(v, name, &value, errp);
}

static void get_virtual_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);
    int64_t value = s->started ?
        qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - s->origin_ns : 0;

    visit_type_int64(v, name, &value, errp);
}

static void get_stop_at_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    visit_type_uint64(v, name, &VCPU_SCHEDULER(obj)->stop_at_ns, errp);
}

/* May be set again when the machine stands still. */
static void set_stop_at_ns(Object *obj, Visitor *v, const char *name,
                           void *opaque, Error **errp)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);

    if (visit_type_uint64(v, name, &s->stop_at_ns, errp) && s->started) {
        vcpu_scheduler_set_stop_timer(s);
    }
}

static void initialise(Object *obj)
{
    VcpuScheduler *s = VCPU_SCHEDULER(obj);

    s->slice_min = DEFAULT_SLICE_MIN;
    s->slice_max = DEFAULT_SLICE_MAX;
    s->depth = DEFAULT_DEPTH;
    s->horizon = DEFAULT_HORIZON;
    s->until = UINT64_MAX;
    s->stop_at = UINT64_MAX;
    object_property_add_uint64_ptr(obj, "seed", &s->seed,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "slice-min", &s->slice_min,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "slice-max", &s->slice_max,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "depth", &s->depth,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "horizon", &s->horizon,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "from", &s->from,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "until", &s->until,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint32_ptr(obj, "irq-delay-max", &s->irq_delay_max,
                                   OBJ_PROP_FLAG_READWRITE);
    object_property_add_uint64_ptr(obj, "stop-at", &s->stop_at,
                                   OBJ_PROP_FLAG_READWRITE);
}

static void class_initialise(ObjectClass *class, void *data)
{
    UserCreatableClass *creatable = USER_CREATABLE_CLASS(class);

    creatable->complete = complete;
    object_class_property_add_enum(class, "policy", "VcpuSchedulerPolicy",
                                   &VcpuSchedulerPolicy_lookup,
                                   get_policy, set_policy);
    object_class_property_add_bool(class, "restart", get_restart, set_restart);
    object_class_property_add_str(class, "turns", get_turns, set_turns);
    object_class_property_add_str(class, "record", get_record, set_record);
    object_class_property_add_str(class, "report", get_report, set_report);
    object_class_property_add(class, "stop-at-ns", "uint64", get_stop_at_ns,
                              set_stop_at_ns, NULL, NULL);
    object_class_property_add(class, "position", "uint64", get_position, NULL,
                              NULL, NULL);
    object_class_property_add(class, "virtual-ns", "int64", get_virtual_ns,
                              NULL, NULL, NULL);
}

static const TypeInfo vcpu_scheduler_info = {
    .name = TYPE_VCPU_SCHEDULER,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(VcpuScheduler),
    .instance_init = initialise,
    .class_init = class_initialise,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    }
};

static void register_types(void)
{
    type_register_static(&vcpu_scheduler_info);
}

type_init(register_types);
