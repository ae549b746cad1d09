/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"

#define SIGNO_KILL 9
#define SIGNO_TERM 15

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
                [EVENT_NO_USEFUL_VICTIM] = "no-useful-victim",
                [EVENT_BUDGET_SPENT] = "budget-spent",
                [EVENT_KERNEL_OOM] = "kernel-oom",
                [EVENT_RIVAL] = "rival",
                [EVENT_LOST] = "lost",
        };

        return kind >= 0 && kind < _EVENT_MAX ? names[kind] : "unknown";
}

/* What it is called by people: a unit by its name, another cgroup by its path. */
static void print_group_name(const char *unit, const char *path, TextBuf *out) {
        const char *name = unit[0] != '\0' ? unit : path;

        textbuf_add_escaped(out, name, strlen(name));
}

/* "guilty.service (12 processes, 365 MiB)": what it would free, else what it uses. */
static void print_group(const EventGroup *g, uint64_t promised, TextBuf *out) {
        print_group_name(g->unit, g->path, out);
        textbuf_add(out, " (");
        if (g->n_processes > 0)
                textbuf_addf(out, "%" PRIu32 " process%s, ", g->n_processes,
                        g->n_processes == 1 ? "" : "es");
        textbuf_add_bytes(out, promised > 0 ? promised : g->usage > 0 ? g->usage : g->current);
        textbuf_add(out, ")");
}

/* "chrome (pid 4312, 6.1 GiB, app-chrome.scope)", for a tree " and 37 more" after the name. */
static void print_target(const Event *e, TextBuf *out) {
        const EventProcess *p = &e->target;

        if (e->group.path[0] != '\0') {
                print_group(&e->group, e->promised, out);
                return;
        }
        if (p->pid == 0) {
                textbuf_add(out, "a process");
                return;
        }
        textbuf_add_escaped(out, p->comm, strnlen(p->comm, sizeof(p->comm)));
        if (e->n_members > 1)
                textbuf_addf(out, " and %" PRIu32 " more", e->n_members - 1);
        textbuf_addf(out, " (pid %" PRId32 ", ", p->pid);
        textbuf_add_bytes(out, e->promised > 0 ? e->promised : p->anon + p->swap);
        if (p->unit[0] != '\0') {
                textbuf_add(out, ", ");
                textbuf_add_escaped(out, p->unit, strnlen(p->unit, sizeof(p->unit)));
        }
        textbuf_add(out, ")");
}

static void print_signal(int signo, TextBuf *out) {
        const char *name = sigabbrev_np(signo);

        if (name)
                textbuf_addf(out, "SIG%s", name);
        else
                textbuf_addf(out, "signal %d", signo);
}

static void print_why(const Event *e, TextBuf *out) {
        if (e->reason[0] != '\0')
                textbuf_addf(out, ": %s", e->reason);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

static void print_text(const Event *e, TextBuf *out) {
        if (e->text[0] != '\0')
                textbuf_addf(out, "; %s", e->text);
}

static void print_levels(const Event *e, TextBuf *out) {
        if (e->mem_total == 0)
                return;
        textbuf_add(out, "; mem.available ");
        textbuf_add_bytes(out, e->mem_available);
        textbuf_add(out, ", swap.free ");
        textbuf_add_bytes(out, e->swap_free);
}

static void print_taken(const Event *e, TextBuf *out) {
        textbuf_add(out, e->dry ? "would send " : "sending ");
        print_signal(e->signo, out);
        textbuf_add(out, " to ");
        print_target(e, out);
        if (e->critical)
                textbuf_add(out, ", at once");
        print_why(e, out);
        print_text(e, out);
}

static void print_escalated(const Event *e, TextBuf *out) {
        textbuf_add(out, "sending SIGKILL to ");
        print_target(e, out);
        textbuf_add(out, ", still there after ");
        textbuf_add_usec(out, e->took_usec);
        if (e->critical)
                textbuf_add(out, ", no time left");
        print_why(e, out);
}

static const char *past_of(const Event *e) {
        if (e->step == STEP_SIGNAL)
                return "signalled ";
        return e->signo == SIGNO_KILL ? "killed " : "terminated ";
}

static void print_done(const Event *e, TextBuf *out) {
        textbuf_add(out, past_of(e));
        print_target(e, out);
        print_why(e, out);
        textbuf_add(out, "; freed ");
        textbuf_add_bytes(out, e->freed);
        textbuf_add(out, " in ");
        textbuf_add_usec(out, e->took_usec);
        print_text(e, out);
}

static void print_failed(const Event *e, TextBuf *out) {
        print_signal(e->signo, out);
        textbuf_add(out, " to ");
        print_target(e, out);
        textbuf_add(out, " did not help");
        if (e->error != 0)
                textbuf_addf(out, " (error %d)", e->error);
        if (e->freed > 0) {
                textbuf_add(out, ", freed ");
                textbuf_add_bytes(out, e->freed);
        }
        print_text(e, out);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

static void print_closed(const Event *e, TextBuf *out) {
        textbuf_addf(out, "incident %" PRIu64 " is over after ", e->incident);
        textbuf_add_usec(out, e->took_usec);
        textbuf_addf(out, ", %" PRIu64 " step%s, freed ", e->count, e->count == 1 ? "" : "s");
        textbuf_add_bytes(out, e->freed);
        textbuf_addf(out, " [%s]", e->policy);
        print_levels(e, out);
        print_text(e, out);
}

static void print_opened(const Event *e, TextBuf *out) {
        textbuf_addf(out, "incident %" PRIu64 "%s", e->incident,
                e->kind == EVENT_INCIDENT_REOPENED ? " again" : " begins");
        if (e->kind == EVENT_INCIDENT_REOPENED && e->count > 1)
                textbuf_addf(out, " (%" PRIu64 " times)", e->count);
        if (e->group.path[0] != '\0' || e->target.pid > 0) {
                textbuf_add(out, ", ");
                print_target(e, out);
        } else if (e->text[0] != '\0')
                textbuf_addf(out, ", %s", e->text);
        print_why(e, out);
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
                print_target(e, out);
        }
        print_why(e, out);
        for (size_t i = 0; i < e->n_candidates && i < 3; i++) {
                const EventProcess *p = &e->candidates[i];

                if (p->refusal != REFUSAL_NONE)
                        continue;
                textbuf_add(out, first ? "; most gained: " : ", ");
                if (p->pid == 0) {
                        print_group_name(p->unit, p->cgroup, out);
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
                print_group_name(e->group.unit, e->group.path, out);
        }
        textbuf_add(out, " before avert acted");
        if (e->incident != 0)
                textbuf_addf(out, " (incident %" PRIu64 ")", e->incident);
        print_plain(e, "", out);
        print_levels(e, out);
}

static void print_no_victim(const Event *e, TextBuf *out) {
        textbuf_add(out, "memory is short and nobody's end would help");
        print_why(e, out);
        print_text(e, out);
}

static void print_budget(const Event *e, TextBuf *out) {
        textbuf_addf(out, "budget of %" PRIu64 " steps spent for ", e->count);
        print_target(e, out);
        print_text(e, out);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

void event_print(const Event *e, TextBuf *out) {
        switch (e->kind) {
        case EVENT_STARTED:
                print_plain(e, "started", out);
                return;
        case EVENT_STOPPING:
                print_plain(e, "stopping", out);
                return;
        case EVENT_RELOADED:
                print_plain(e, "policies reloaded", out);
                return;
        case EVENT_RELOAD_REFUSED:
                print_plain(e, "policies refused", out);
                return;
        case EVENT_SOURCE_DEGRADED:
                print_plain(e, "source degraded", out);
                return;
        case EVENT_SOURCE_RESTORED:
                print_plain(e, "source is back", out);
                return;
        case EVENT_INCIDENT_OPENED:
        case EVENT_INCIDENT_REOPENED:
                print_opened(e, out);
                return;
        case EVENT_INCIDENT_CLOSED:
                print_closed(e, out);
                return;
        case EVENT_NOTIFY:
                print_notify(e, out);
                return;
        case EVENT_STEP_TAKEN:
                print_taken(e, out);
                return;
        case EVENT_STEP_ESCALATED:
                print_escalated(e, out);
                return;
        case EVENT_STEP_DONE:
                print_done(e, out);
                return;
        case EVENT_STEP_FAILED:
                print_failed(e, out);
                return;
        case EVENT_NO_USEFUL_VICTIM:
                print_no_victim(e, out);
                return;
        case EVENT_BUDGET_SPENT:
                print_budget(e, out);
                return;
        case EVENT_KERNEL_OOM:
                print_kernel_oom(e, out);
                return;
        case EVENT_RIVAL:
                print_plain(e, "another daemon of this kind is active", out);
                return;
        case EVENT_LOST:
                textbuf_addf(out, "%" PRIu64 " records were lost", e->count);
                print_text(e, out);
                return;
        case _EVENT_MAX:
                break;
        }
        textbuf_add(out, "unknown event");
}
