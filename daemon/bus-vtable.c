/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config/metric.h"
#include "daemon/log.h"

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static int on_describe(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_ask(userdata, m, QUESTION_DESCRIBE, "", 0, reterr);
}

static int on_list_policies(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_ask(userdata, m, QUESTION_POLICIES, "", 0, reterr);
}

static int on_list_consumers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_ask(userdata, m, QUESTION_CONSUMERS, "", 0, reterr);
}

static int on_list_incidents(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return bus_ask(userdata, m, QUESTION_INCIDENTS, "", 0, reterr);
}

static int on_explain_any(sd_bus_message *m, Bus *b, QuestionKind kind, sd_bus_error *reterr) {
        const char *policy;
        int32_t pid;
        int r;

        r = sd_bus_message_read(m, "si", &policy, &pid);
        if (r < 0)
                return r;
        if (pid < 0)
                return sd_bus_error_setf(
                        reterr, SD_BUS_ERROR_INVALID_ARGS, "%" PRId32 " is no pid", pid);
        return bus_ask(b, m, kind, policy, pid, reterr);
}

static int on_explain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return on_explain_any(m, userdata, QUESTION_EXPLAIN, reterr);
}

static int on_explain_json(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return on_explain_any(m, userdata, QUESTION_EXPLAIN_JSON, reterr);
}

/* ---- properties
 * ---------------------------------------------------------------------------------- */

static int get_text(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
        const char *property, sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        const Bus *b = userdata;
        const char *text = AVERT_VERSION;

        if (strcmp(property, "Level") == 0)
                text = b->summary.level;
        else if (strcmp(property, "LogLevel") == 0)
                text = log_level_name(log_get_level());
        return sd_bus_message_append(m, "s", text);
}

static int get_flag(sd_bus *bus _unused_, const char *path _unused_, const char *interface _unused_,
        const char *property, sd_bus_message *m, void *userdata, sd_bus_error *reterr _unused_) {
        const Bus *b = userdata;
        bool truth = strcmp(property, "Paused") == 0
                ? steering_is_paused(&b->summary.steering, clock_monotonic_usec())
                : b->options.dry;

        return sd_bus_message_append(m, "b", (int) truth);
}

static int get_number(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property, sd_bus_message *m, void *userdata,
        sd_bus_error *reterr _unused_) {
        const BusSummary *s = &((const Bus *) userdata)->summary;
        const struct {
                const char *name;
                uint64_t number;
        } numbers[] = {
                { "MemAvailableBytes", s->mem_available },
                { "SwapFreeBytes", s->swap_free },
                { "KernelOomKills", s->kernel_oom_kills },
                { "StepsTotal", s->steps_total },
                { "FreedTotalBytes", s->freed_total },
                { "PausedUntilMonotonicUsec", s->steering.paused_until_usec },
        };

        for (size_t i = 0; i < ELEMENTS(numbers); i++)
                if (strcmp(numbers[i].name, property) == 0)
                        return sd_bus_message_append(m, "t", numbers[i].number);
        return -ENOENT;
}

static int get_protected(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property _unused_, sd_bus_message *m,
        void *userdata, sd_bus_error *reterr _unused_) {
        const Steering *s = &((const Bus *) userdata)->summary.steering;
        int r;

        r = sd_bus_message_open_container(m, 'a', "s");
        for (size_t i = 0; r >= 0 && i < s->n_wards; i++) {
                char text[STEERING_TEXT_MAX];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                ward_print(&s->wards[i], &b);
                r = sd_bus_message_append(m, "s", text);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* Under the names that policies have; what is unknown is left out. */
static int get_readings(sd_bus *bus _unused_, const char *path _unused_,
        const char *interface _unused_, const char *property _unused_, sd_bus_message *m,
        void *userdata, sd_bus_error *reterr _unused_) {
        const BusSummary *s = &((const Bus *) userdata)->summary;
        int r;

        r = sd_bus_message_open_container(m, 'a', "{sx}");
        for (int id = 0; r >= 0 && id < _METRIC_SYSTEM_MAX; id++)
                if (s->readings[id].known)
                        r = sd_bus_message_append(
                                m, "{sx}", metric_info((MetricId) id)->name, s->readings[id].value);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- the table
 * ----------------------------------------------------------------------------------- */

#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define TOLD SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* org.avert1(5) says what each means, and a test holds it against this. */
static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), on_describe,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListPolicies", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                on_list_policies, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListConsumers", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                on_list_consumers, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListIncidents", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                on_list_incidents, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", policy, "i", pid),
                SD_BUS_RESULT("s", text), on_explain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ExplainJson", SD_BUS_ARGS("s", policy, "i", pid),
                SD_BUS_RESULT("s", json), on_explain_json, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CommandLine", SD_BUS_ARGS("i", pid, "t", start_ticks),
                SD_BUS_RESULT("s", text), bus_on_command_line, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", message),
                bus_on_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CheckReload", SD_BUS_NO_ARGS, SD_BUS_RESULT("b", ok, "s", message),
                bus_on_check_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReleaseLeases", SD_BUS_ARGS("t", id),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_release_leases,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_ARGS("t", usec, "b", dry_run),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_pause, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_ARGS("b", dry_run),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_resume, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Protect", SD_BUS_ARGS("s", who, "t", usec, "b", dry_run),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_protect, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Unprotect", SD_BUS_ARGS("s", who, "b", dry_run),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_unprotect, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetLogLevel", SD_BUS_ARGS("s", level),
                SD_BUS_RESULT("b", ok, "s", message), bus_on_set_log_level,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_text, 0, CONST),
        SD_BUS_PROPERTY("Level", "s", get_text, 0, TOLD),
        SD_BUS_PROPERTY("LogLevel", "s", get_text, 0, 0),
        SD_BUS_PROPERTY("DryRun", "b", get_flag, 0, CONST),
        SD_BUS_PROPERTY("Paused", "b", get_flag, 0, TOLD),
        SD_BUS_PROPERTY("PausedUntilMonotonicUsec", "t", get_number, 0, TOLD),
        SD_BUS_PROPERTY("Protected", "as", get_protected, 0, TOLD),
        SD_BUS_PROPERTY("Readings", "a{sx}", get_readings, 0, 0),
        SD_BUS_PROPERTY("MemAvailableBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("SwapFreeBytes", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("KernelOomKills", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("StepsTotal", "t", get_number, 0, 0),
        SD_BUS_PROPERTY("FreedTotalBytes", "t", get_number, 0, 0),
        SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", json), 0),
        SD_BUS_SIGNAL_WITH_ARGS("LevelChanged", SD_BUS_ARGS("s", was, "s", is), 0),
        SD_BUS_SIGNAL_WITH_ARGS(
                "IncidentOpened", SD_BUS_ARGS("t", incident, "s", policy, "s", message), 0),
        SD_BUS_SIGNAL_WITH_ARGS(
                "StepTaken", SD_BUS_ARGS("t", incident, "s", policy, "s", step, "s", message), 0),
        SD_BUS_SIGNAL_WITH_ARGS(
                "IncidentClosed", SD_BUS_ARGS("t", incident, "s", policy, "t", freed_bytes), 0),
        SD_BUS_VTABLE_END,
};

int bus_add_object(Bus *b, sd_bus *connection) {
        return sd_bus_add_object_vtable(connection, NULL, BUS_OBJECT, BUS_INTERFACE, vtable, b);
}
