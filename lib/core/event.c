/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/event-step.h"
#include "core/event-words.h"

const char *event_name(EventKind kind) {
        static const char *const names[] = {
                [EVENT_STARTED] = "started",
                [EVENT_STOPPING] = "stopping",
                [EVENT_RELOADED] = "reloaded",
                [EVENT_RELOAD_REFUSED] = "reload-refused",
                [EVENT_SOURCE_DEGRADED] = "source-degraded",
                [EVENT_SOURCE_RESTORED] = "source-restored",
                [EVENT_INCIDENT_OPENED] = "incident-opened",
                [EVENT_INCIDENT_REOPENED] = "incident-reopened",
                [EVENT_INCIDENT_CLOSED] = "incident-closed",
                [EVENT_NOTIFY] = "notify",
                [EVENT_STEP_TAKEN] = "step-taken",
                [EVENT_STEP_ESCALATED] = "step-escalated",
                [EVENT_STEP_DONE] = "step-done",
                [EVENT_STEP_FAILED] = "step-failed",
                [EVENT_STEP_SKIPPED] = "step-skipped",
                [EVENT_LEASE_RETURNED] = "lease-returned",
                [EVENT_LEASE_RENEWED] = "lease-renewed",
                [EVENT_LEASE_FOREIGN] = "lease-foreign",
                [EVENT_LEASE_DROPPED] = "lease-dropped",
                [EVENT_LIVELOCK] = "livelock",
                [EVENT_HINT] = "hint",
                [EVENT_CAPTURED] = "captured",
                [EVENT_COMMAND_ANSWERED] = "command-answered",
                [EVENT_NO_USEFUL_VICTIM] = "no-useful-victim",
                [EVENT_BUDGET_SPENT] = "budget-spent",
                [EVENT_KERNEL_OOM] = "kernel-oom",
                [EVENT_PAUSED] = "paused",
                [EVENT_RESUMED] = "resumed",
                [EVENT_PROTECTED] = "protected",
                [EVENT_UNPROTECTED] = "unprotected",
                [EVENT_RIVAL] = "rival",
                [EVENT_LOST] = "lost",
        };

        return kind >= 0 && kind < _EVENT_MAX ? names[kind] : "unknown";
}

static void print_levels(const Event *e, TextBuf *out) {
        if (e->mem_total == 0)
                return;
        textbuf_add(out, "; mem.available ");
        textbuf_add_bytes(out, e->mem_available);
        textbuf_add(out, ", swap.free ");
        textbuf_add_bytes(out, e->swap_free);
}

static void print_closed(const Event *e, TextBuf *out) {
        textbuf_addf(out, "incident %" PRIu64 " is over after ", e->incident);
        textbuf_add_usec(out, e->took_usec);
        textbuf_addf(out, ", %" PRIu64 " step%s, freed ", e->count, e->count == 1 ? "" : "s");
        textbuf_add_bytes(out, e->freed);
        textbuf_addf(out, " [%s]", e->policy);
        print_levels(e, out);
        event_add_text(e, out);
}

static void print_opened(const Event *e, TextBuf *out) {
        textbuf_addf(out, "incident %" PRIu64 "%s", e->incident,
                e->kind == EVENT_INCIDENT_REOPENED ? " again" : " begins");
        if (e->kind == EVENT_INCIDENT_REOPENED && e->count > 1)
                textbuf_addf(out, " (%" PRIu64 " times)", e->count);
        if (e->group.path[0] != '\0' || e->target.pid > 0) {
                textbuf_add(out, ", ");
                event_add_target(e, out);
        } else if (e->text[0] != '\0')
                textbuf_addf(out, ", %s", e->text);
        event_add_why(e, out);
}

static void print_notify(const Event *e, TextBuf *out) {
        static const char *const levels[] = {
                [NOTIFY_INFO] = "info",
                [NOTIFY_NOTICE] = "notice",
                [NOTIFY_WARNING] = "warning",
                [NOTIFY_CRITICAL] = "critical",
        };
        bool first = true;

        textbuf_add(out, e->level >= 0 && e->level < _NOTIFY_MAX ? levels[e->level] : "notice");
        if (e->group.path[0] != '\0') {
                textbuf_add(out, ", ");
                event_add_target(e, out);
        }
        event_add_why(e, out);
        for (size_t i = 0; i < e->n_candidates && i < 3; i++) {
                const EventProcess *p = &e->candidates[i];

                if (p->refusal != REFUSAL_NONE)
                        continue;
                textbuf_add(out, first ? "; most gained: " : ", ");
                if (p->pid == 0) {
                        event_add_group_name(p->unit, p->cgroup, out);
                        textbuf_add(out, " (");
                } else {
                        textbuf_add_escaped(out, p->comm, strnlen(p->comm, sizeof(p->comm)));
                        textbuf_addf(out, " (pid %" PRId32 ", ", p->pid);
                }
                textbuf_add_bytes(out, p->anon + p->swap);
                textbuf_add(out, ")");
                first = false;
        }
}

static void print_plain(const Event *e, const char *words, TextBuf *out) {
        textbuf_add(out, words);
        if (e->text[0] != '\0')
                textbuf_addf(out, ": %s", e->text);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

static void print_kernel_oom(const Event *e, TextBuf *out) {
        textbuf_addf(out, "the kernel's OOM killer killed %" PRIu64 " process%s", e->count,
                e->count == 1 ? "" : "es");
        if (e->group.path[0] != '\0') {
                textbuf_add(out, " in ");
                event_add_group_name(e->group.unit, e->group.path, out);
        }
        textbuf_add(out, " before avert acted");
        if (e->incident != 0)
                textbuf_addf(out, " (incident %" PRIu64 ")", e->incident);
        print_plain(e, "", out);
        print_levels(e, out);
}

static void print_no_victim(const Event *e, TextBuf *out) {
        textbuf_add(out, "memory is short and nobody's end would help");
        event_add_why(e, out);
        event_add_text(e, out);
}

static void print_budget(const Event *e, TextBuf *out) {
        textbuf_addf(out, "budget of %" PRIu64 " steps spent for ", e->count);
        event_add_target(e, out);
        event_add_text(e, out);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

static void print_lost(const Event *e, TextBuf *out) {
        textbuf_addf(out, "%" PRIu64 " records were lost", e->count);
        event_add_text(e, out);
}

void event_print(const Event *e, TextBuf *out) {
        static const char *const plain[_EVENT_MAX] = {
                [EVENT_STARTED] = "started",
                [EVENT_STOPPING] = "stopping",
                [EVENT_RELOADED] = "policies reloaded",
                [EVENT_RELOAD_REFUSED] = "policies refused",
                [EVENT_SOURCE_DEGRADED] = "source degraded",
                [EVENT_SOURCE_RESTORED] = "source is back",
                [EVENT_PAUSED] = "paused",
                [EVENT_RESUMED] = "acting again after a pause",
                [EVENT_PROTECTED] = "protected on request",
                [EVENT_UNPROTECTED] = "no longer protected on request",
                [EVENT_RIVAL] = "another daemon of this kind is active",
        };
        static void (*const printers[_EVENT_MAX])(const Event *e, TextBuf *out) = {
                [EVENT_INCIDENT_OPENED] = print_opened,
                [EVENT_INCIDENT_REOPENED] = print_opened,
                [EVENT_INCIDENT_CLOSED] = print_closed,
                [EVENT_NOTIFY] = print_notify,
                [EVENT_STEP_TAKEN] = event_print_step,
                [EVENT_STEP_ESCALATED] = event_print_step,
                [EVENT_STEP_DONE] = event_print_step,
                [EVENT_STEP_FAILED] = event_print_step,
                [EVENT_STEP_SKIPPED] = event_print_step,
                [EVENT_LEASE_RETURNED] = event_print_step,
                [EVENT_LEASE_RENEWED] = event_print_step,
                [EVENT_LEASE_FOREIGN] = event_print_step,
                [EVENT_LEASE_DROPPED] = event_print_step,
                [EVENT_LIVELOCK] = event_print_step,
                [EVENT_HINT] = event_print_step,
                [EVENT_CAPTURED] = event_print_step,
                [EVENT_COMMAND_ANSWERED] = event_print_step,
                [EVENT_NO_USEFUL_VICTIM] = print_no_victim,
                [EVENT_BUDGET_SPENT] = print_budget,
                [EVENT_KERNEL_OOM] = print_kernel_oom,
                [EVENT_LOST] = print_lost,
        };
        bool known = e->kind >= 0 && e->kind < _EVENT_MAX;

        if (known && printers[e->kind])
                printers[e->kind](e, out);
        else
                print_plain(e, known && plain[e->kind] ? plain[e->kind] : "unknown event", out);
}
