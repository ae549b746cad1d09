/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event-step.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/event-words.h"

#define SIGNO_KILL 9

typedef struct StepWords {
        const char *name, *would, *doing, *done;
} StepWords;

static const StepWords step_words[_STEP_MAX] = {
        [STEP_NOTIFY] = { "notify", "tell of", "telling of", "told of" },
        [STEP_HINT] = { "hint", "hint", "hinting", "hinted" },
        [STEP_CAPTURE] = { "capture", "capture evidence of", "capturing evidence of", "captured" },
        [STEP_RUN] = { "run", "run a command for", "running a command for", "ran a command for" },
        [STEP_RECLAIM] = { "reclaim", "reclaim from", "reclaiming from", "reclaimed from" },
        [STEP_THROTTLE] = { "throttle", "throttle", "throttling", "throttled" },
        [STEP_FREEZE] = { "freeze", "freeze", "freezing", "froze" },
        [STEP_LIMIT] = { "limit", "limit", "limiting", "limited" },
        [STEP_SIGNAL] = { "signal", "signal", "signalling", "signalled" },
        [STEP_RESTART] = { "restart", "restart", "restarting", "restarted" },
        [STEP_STOP] = { "stop", "stop", "stopping", "stopped" },
        [STEP_TERMINATE] = { "terminate", "terminate", "terminating", "terminated" },
        [STEP_KILL] = { "kill", "kill", "killing", "killed" },
};

static const StepWords *words_of(const Event *e) {
        return &step_words[e->step >= 0 && e->step < _STEP_MAX ? e->step : STEP_NOTIFY];
}

static bool is_signalled(const Event *e) {
        return !e->has_step || e->step == STEP_SIGNAL || e->step == STEP_TERMINATE ||
                e->step == STEP_KILL;
}

static void add_whom(const Event *e, TextBuf *out) {
        if (e->group.path[0] == '\0' && e->target.pid == 0 && !is_signalled(e))
                textbuf_add(out, "nobody in particular");
        else
                event_add_target(e, out);
}

static void add_file(const Event *e, TextBuf *out) {
        textbuf_add(out, lease_file_name(e->file));
        textbuf_add(out, " of ");
        event_add_group_name(e->group.unit, e->group.path, out);
}

static void add_policy(const Event *e, TextBuf *out) {
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

/* ", memory.high 900 MiB for 30 s at most" */
static void add_lease(const Event *e, TextBuf *out) {
        if (!e->has_file)
                return;
        if (e->file != LEASE_FREEZE) {
                textbuf_addf(out, ", %s ", lease_file_name(e->file));
                textbuf_add_bytes(out, e->value);
        }
        if (e->lease_usec == 0)
                return;
        textbuf_add(out, " for ");
        textbuf_add_usec(out, e->lease_usec);
        textbuf_add(out, " at most");
}

static void print_taken_gently(const Event *e, TextBuf *out) {
        textbuf_add(out, e->dry ? "would " : "");
        textbuf_add(out, e->dry ? words_of(e)->would : words_of(e)->doing);
        textbuf_add(out, " ");
        add_whom(e, out);
        add_lease(e, out);
        event_add_why(e, out);
        event_add_text(e, out);
}

static void print_taken(const Event *e, TextBuf *out) {
        if (!is_signalled(e)) {
                print_taken_gently(e, out);
                return;
        }
        textbuf_add(out, e->dry ? "would send " : "sending ");
        event_add_signal(e->signo, out);
        textbuf_add(out, " to ");
        event_add_target(e, out);
        if (e->critical)
                textbuf_add(out, ", at once");
        event_add_why(e, out);
        event_add_text(e, out);
}

static void print_escalated(const Event *e, TextBuf *out) {
        textbuf_add(out, "sending SIGKILL to ");
        event_add_target(e, out);
        textbuf_add(out, ", still there after ");
        textbuf_add_usec(out, e->took_usec);
        if (e->critical)
                textbuf_add(out, ", no time left");
        event_add_why(e, out);
}

static const char *past_of(const Event *e) {
        if (!is_signalled(e) || e->step == STEP_SIGNAL)
                return words_of(e)->done;
        return e->signo == SIGNO_KILL ? "killed" : "terminated";
}

static void print_done(const Event *e, TextBuf *out) {
        textbuf_add(out, past_of(e));
        textbuf_add(out, " ");
        event_add_target(e, out);
        event_add_why(e, out);
        textbuf_add(out, ";");
        if (!step_is_reversible(e->step) || e->step == STEP_RECLAIM) {
                textbuf_add(out, " freed ");
                textbuf_add_bytes(out, e->freed);
        }
        textbuf_add(out, " in ");
        textbuf_add_usec(out, e->took_usec);
        event_add_text(e, out);
}

static void add_what_failed(const Event *e, TextBuf *out) {
        if (e->step == STEP_RUN)
                textbuf_add(out, "the command came to nothing");
        else if (e->step == STEP_CAPTURE)
                textbuf_add(out, "no evidence was kept");
        else if (is_signalled(e)) {
                event_add_signal(e->signo, out);
                textbuf_add(out, " to ");
                event_add_target(e, out);
                textbuf_add(out, " did not help");
        } else {
                textbuf_add(out, words_of(e)->doing);
                textbuf_add(out, " ");
                add_whom(e, out);
                textbuf_add(out, " did not help");
        }
}

static void print_failed(const Event *e, TextBuf *out) {
        add_what_failed(e, out);
        if (e->error != 0)
                textbuf_addf(out, " (error %d)", e->error);
        if (e->freed > 0) {
                textbuf_add(out, ", freed ");
                textbuf_add_bytes(out, e->freed);
        }
        event_add_text(e, out);
        if (e->policy[0] != '\0')
                textbuf_addf(out, " [%s]", e->policy);
}

static void print_skipped(const Event *e, TextBuf *out) {
        textbuf_addf(out, "left out %s", words_of(e)->name);
        if (e->group.path[0] != '\0') {
                textbuf_add(out, " of ");
                event_add_group_name(e->group.unit, e->group.path, out);
        }
        textbuf_addf(out, ": %s", e->text);
        add_policy(e, out);
}

static void print_returned(const Event *e, TextBuf *out) {
        textbuf_add(out, "gave back ");
        add_file(e, out);
        textbuf_add(out, " after ");
        textbuf_add_usec(out, e->took_usec);
        textbuf_addf(out, ": %s", e->text);
        add_policy(e, out);
}

static void print_lease(const Event *e, const char *words, TextBuf *out) {
        add_file(e, out);
        textbuf_add(out, words);
        add_policy(e, out);
}

const char *event_hint_name(HintLevel level) {
        static const char *const names[_HINT_MAX] = {
                [HINT_NONE] = "none",
                [HINT_LOW] = "low",
                [HINT_MEDIUM] = "medium",
                [HINT_CRITICAL] = "critical",
        };

        return level >= 0 && level < _HINT_MAX ? names[level] : "unknown";
}

static void print_hint(const Event *e, TextBuf *out) {
        if (e->hint == HINT_NONE) {
                textbuf_add(out, "programs need not give memory back any more");
                add_policy(e, out);
                return;
        }
        textbuf_addf(out, "%s programs to give memory back: %s", e->dry ? "would ask" : "asking",
                event_hint_name(e->hint));
        event_add_why(e, out);
}

static void print_answered(const Event *e, const char *words, TextBuf *out) {
        textbuf_addf(out, "%s in ", words);
        textbuf_add_usec(out, e->took_usec);
        if (e->freed > 0) {
                textbuf_add(out, ", freed ");
                textbuf_add_bytes(out, e->freed);
                textbuf_add(out, " as it says");
        }
        event_add_text(e, out);
        add_policy(e, out);
}

void event_print_step(const Event *e, TextBuf *out) {
        if (e->kind == EVENT_STEP_TAKEN)
                print_taken(e, out);
        else if (e->kind == EVENT_STEP_ESCALATED)
                print_escalated(e, out);
        else if (e->kind == EVENT_STEP_DONE)
                print_done(e, out);
        else if (e->kind == EVENT_STEP_FAILED)
                print_failed(e, out);
        else if (e->kind == EVENT_STEP_SKIPPED)
                print_skipped(e, out);
        else if (e->kind == EVENT_LEASE_RETURNED)
                print_returned(e, out);
        else if (e->kind == EVENT_LEASE_RENEWED)
                print_lease(e, " had been set back, as by systemctl daemon-reload: set again", out);
        else if (e->kind == EVENT_LEASE_FOREIGN)
                print_lease(e, " was written by somebody else meanwhile: theirs stays", out);
        else if (e->kind == EVENT_LEASE_DROPPED)
                print_lease(e, " needs no return: the cgroup is gone", out);
        else if (e->kind == EVENT_LIVELOCK)
                print_lease(e, " only hurts: met again and again, and nothing comes of it", out);
        else if (e->kind == EVENT_HINT)
                print_hint(e, out);
        else if (e->kind == EVENT_CAPTURED)
                print_answered(e, "captured evidence", out);
        else if (e->kind == EVENT_COMMAND_ANSWERED)
                print_answered(e, "the command answered", out);
}
