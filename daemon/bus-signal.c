/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-state.h"

#include <string.h>

#include "config/config-load.h"
#include "core/event.h"

/* The places where a signal's signature stands beside its arguments; bus-vtable.c says the same to
 * those who introspect. */

static int emit(sd_bus *connection, const char *member, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list ap;
        int r;

        r = sd_bus_message_new_signal(connection, &m, BUS_OBJECT, BUS_INTERFACE, member);
        if (r < 0)
                return r;
        va_start(ap, types);
        r = sd_bus_message_appendv(m, types, ap);
        va_end(ap);
        return r < 0 ? r : sd_bus_send(connection, m, NULL);
}

void bus_signal_event(sd_bus *connection, const Event *e, const char *json) {
        char text[2048];
        TextBuf b;

        (void) emit(connection, "Event", "s", json);
        if (e->incident == 0)
                return;

        textbuf_init(&b, text, sizeof(text));
        event_print(e, &b);
        switch ((int) e->kind) {
        case EVENT_INCIDENT_OPENED:
        case EVENT_INCIDENT_REOPENED:
                (void) emit(connection, "IncidentOpened", "tss", e->incident, e->policy, text);
                return;
        case EVENT_STEP_TAKEN:
        case EVENT_STEP_ESCALATED:
                (void) emit(connection, "StepTaken", "tsss", e->incident, e->policy,
                        e->has_step ? step_kind_name(e->step) : "", text);
                return;
        case EVENT_INCIDENT_CLOSED:
                (void) emit(connection, "IncidentClosed", "tst", e->incident, e->policy, e->freed);
                return;
        default:
                return;
        }
}

static bool is_same_steering(const Steering *a, const Steering *b) {
        if (a->n_wards != b->n_wards || a->paused_until_usec != b->paused_until_usec)
                return false;
        for (size_t i = 0; i < a->n_wards; i++)
                if (a->wards[i].id != b->wards[i].id)
                        return false;
        return true;
}

void bus_signal_change(sd_bus *connection, const BusSummary *was, const BusSummary *is) {
        if (strcmp(was->level, is->level) != 0) {
                (void) emit(connection, "LevelChanged", "ss", was->level, is->level);
                (void) sd_bus_emit_properties_changed(
                        connection, BUS_OBJECT, BUS_INTERFACE, "Level", NULL);
        }
        if (!is_same_steering(&was->steering, &is->steering))
                (void) sd_bus_emit_properties_changed(connection, BUS_OBJECT, BUS_INTERFACE,
                        "Paused", "PausedUntilMonotonicUsec", "Protected", NULL);
}
