/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event.h"

#include "tests/core-world.h"

/* The event that all rows begin from: everything is filled, the kind decides what is said. */
static Event full_event(EventKind kind) {
        Event e = { .kind = kind,
                .level = NOTIFY_WARNING,
                .incident = 7,
                .policy = "host",
                .signo = 15,
                .has_step = true,
                .step = STEP_TERMINATE,
                .target = { .pid = 4312,
                        .comm = "chrome",
                        .unit = "app-chrome.scope",
                        .anon = GIB(6) },
                .n_members = 1,
                .promised = GIB(6),
                .freed = GIB(5),
                .took_usec = MSEC(340),
                .count = 2,
                .reason = "mem.available 3.1% < 6%" };

        return e;
}

static void change_nothing(Event *e) {
        (void) e;
}

static void dry(Event *e) {
        e->dry = true;
}

static void critical_kill(Event *e) {
        e->critical = true;
        e->signo = 9;
}

static void tree(Event *e) {
        e->n_members = 38;
}

static void signal_step(Event *e) {
        e->step = STEP_SIGNAL;
        e->signo = 10;
}

static void refused(Event *e) {
        e->error = 1;
        e->freed = 0;
        text_copy(e->text, sizeof(e->text), "it may not be signalled");
}

static void nobody(Event *e) {
        e->target = (EventProcess){ 0 };
        text_copy(e->text, sizeof(e->text), "user 1000");
}

static void levels(Event *e) {
        e->mem_total = GIB(16);
        e->mem_available = GIB(4);
        e->swap_free = GIB(1);
}

static void with_text(Event *e) {
        text_copy(e->text, sizeof(e->text), "some words");
}

static void nasty(Event *e) {
        memcpy(e->target.comm, "a\n) S 1 (\x1b[2Jxx", 16);
        text_copy(e->target.unit, sizeof(e->target.unit), "x\ry.service");
}

static void without_policy(Event *e) {
        e->policy[0] = e->reason[0] = '\0';
        with_text(e);
}

static void top_three(Event *e) {
        e->n_candidates = 4;
        for (int i = 0; i < 4; i++)
                e->candidates[i] = (EventProcess){ .pid = 10 + i, .comm = "p", .anon = MIB(100) };
        e->candidates[1].refusal = REFUSAL_PROTECTED;
}

/* ---- steps of cgroups, leases, errands */

static void of_unit(Event *e, StepKind step) {
        e->step = step;
        e->signo = 0;
        e->target = (EventProcess){ 0 };
        e->promised = 0;
        e->group = (EventGroup){ .path = "/system.slice/build.service",
                .unit = "build.service",
                .n_processes = 3,
                .current = GIB(2) };
}

static void leased(Event *e, LeaseFile file, uint64_t value) {
        e->has_file = true;
        e->file = file;
        e->value = value;
}

static void throttle(Event *e) {
        of_unit(e, STEP_THROTTLE);
        leased(e, LEASE_HIGH, MIB(900));
        e->lease_usec = SEC(30);
}

static void throttle_dry(Event *e) {
        throttle(e);
        e->dry = true;
}

static void throttle_over(Event *e) {
        throttle(e);
        text_copy(e->text, sizeof(e->text), "the trouble is over");
}

static void freeze(Event *e) {
        of_unit(e, STEP_FREEZE);
        leased(e, LEASE_FREEZE, 1);
        e->lease_usec = SEC(5);
}

static void limit(Event *e) {
        of_unit(e, STEP_LIMIT);
        leased(e, LEASE_MAX, GIB(2));
}

static void reclaim(Event *e) {
        of_unit(e, STEP_RECLAIM);
}

static void reclaim_nothing(Event *e) {
        reclaim(e);
        e->freed = 0;
        e->error = 11;
        text_copy(e->text, sizeof(e->text), "nothing came back");
}

static void restart(Event *e) {
        of_unit(e, STEP_RESTART);
}

static void capture(Event *e) {
        e->step = STEP_CAPTURE;
        e->signo = 0;
        e->freed = 0;
}

static void command(Event *e) {
        of_unit(e, STEP_RUN);
        e->group = (EventGroup){ 0 };
        text_copy(e->text, sizeof(e->text), "/usr/local/bin/x");
}

static void command_late(Event *e) {
        command(e);
        e->freed = 0;
        text_copy(e->text, sizeof(e->text), "it was not done in time");
}

static void capture_refused(Event *e) {
        capture(e);
        e->error = 28;
        text_copy(e->text, sizeof(e->text), "it could not be done");
}

static void hint(Event *e) {
        e->hint = HINT_MEDIUM;
}

static const struct {
        EventKind kind;
        void (*change)(Event *e);
        const char *text;
} rows[] = {
        { EVENT_STEP_TAKEN, throttle,
                "throttling build.service (3 processes, 2.0 GiB), memory.high 900 MiB for 30 s at "
                "most: mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, throttle_dry,
                "would throttle build.service (3 processes, 2.0 GiB), memory.high 900 MiB for 30 s "
                "at most: mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, freeze,
                "freezing build.service (3 processes, 2.0 GiB) for 5 s at most: mem.available 3.1% "
                "< 6% [host]" },
        { EVENT_STEP_TAKEN, limit,
                "limiting build.service (3 processes, 2.0 GiB), memory.max 2.0 GiB: mem.available "
                "3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, reclaim,
                "reclaiming from build.service (3 processes, 2.0 GiB): mem.available 3.1% < 6% "
                "[host]" },
        { EVENT_STEP_TAKEN, restart,
                "restarting build.service (3 processes, 2.0 GiB): mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, capture,
                "capturing evidence of chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available "
                "3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, command,
                "running a command for nobody in particular: mem.available 3.1% < 6% [host]; "
                "/usr/local/bin/x" },
        { EVENT_STEP_DONE, throttle,
                "throttled build.service (3 processes, 2.0 GiB): mem.available 3.1% < 6% [host]; "
                "in 340 ms" },
        { EVENT_STEP_DONE, reclaim,
                "reclaimed from build.service (3 processes, 2.0 GiB): mem.available 3.1% < 6% "
                "[host]; freed 5.0 GiB in 340 ms" },
        { EVENT_STEP_DONE, restart,
                "restarted build.service (3 processes, 2.0 GiB): mem.available 3.1% < 6% [host]; "
                "freed 5.0 GiB in 340 ms" },
        { EVENT_STEP_FAILED, reclaim_nothing,
                "reclaiming from build.service (3 processes, 2.0 GiB) did not help (error 11); "
                "nothing came back [host]" },
        { EVENT_STEP_FAILED, command_late,
                "the command came to nothing; it was not done in time [host]" },
        { EVENT_STEP_FAILED, capture_refused,
                "no evidence was kept (error 28); it could not be done [host]" },
        { EVENT_STEP_SKIPPED, throttle_over,
                "left out throttle of build.service: the trouble is over [host]" },
        { EVENT_LEASE_RETURNED, throttle_over,
                "gave back memory.high of build.service after 340 ms: the trouble is over [host]" },
        { EVENT_LEASE_RENEWED, limit,
                "memory.max of build.service had been set back, as by systemctl daemon-reload: set "
                "again [host]" },
        { EVENT_LEASE_FOREIGN, throttle,
                "memory.high of build.service was written by somebody else meanwhile: theirs stays "
                "[host]" },
        { EVENT_LEASE_DROPPED, limit,
                "memory.max of build.service needs no return: the cgroup is gone [host]" },
        { EVENT_LIVELOCK, throttle,
                "memory.high of build.service only hurts: met again and again, and nothing comes "
                "of it [host]" },
        { EVENT_HINT, hint,
                "asking programs to give memory back: medium: mem.available 3.1% < 6% [host]" },
        { EVENT_HINT, change_nothing, "programs need not give memory back any more [host]" },
        { EVENT_CAPTURED, capture, "captured evidence in 340 ms [host]" },
        { EVENT_COMMAND_ANSWERED, with_text,
                "the command answered in 340 ms, freed 5.0 GiB as it says; some words [host]" },
        { EVENT_STARTED, without_policy, "started: some words" },
        { EVENT_STOPPING, without_policy, "stopping: some words" },
        { EVENT_RELOADED, without_policy, "policies reloaded: some words" },
        { EVENT_RELOAD_REFUSED, without_policy, "policies refused: some words" },
        { EVENT_SOURCE_DEGRADED, without_policy, "source degraded: some words" },
        { EVENT_SOURCE_RESTORED, without_policy, "source is back: some words" },
        { EVENT_PAUSED, without_policy, "paused: some words" },
        { EVENT_RESUMED, without_policy, "acting again after a pause: some words" },
        { EVENT_PROTECTED, without_policy, "protected on request: some words" },
        { EVENT_UNPROTECTED, without_policy, "no longer protected on request: some words" },
        { EVENT_RIVAL, without_policy, "another daemon of this kind is active: some words" },
        { EVENT_LOST, without_policy, "2 records were lost; some words" },
        { EVENT_INCIDENT_OPENED, nobody,
                "incident 7 begins, user 1000: mem.available 3.1% < 6% [host]" },
        { EVENT_INCIDENT_OPENED, change_nothing,
                "incident 7 begins, chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available "
                "3.1% < 6% [host]" },
        { EVENT_INCIDENT_REOPENED, nobody,
                "incident 7 again (2 times), user 1000: mem.available 3.1% < 6% [host]" },
        { EVENT_INCIDENT_CLOSED, levels,
                "incident 7 is over after 340 ms, 2 steps, freed 5.0 GiB [host]; mem.available 4.0 "
                "GiB, swap.free 1.0 GiB" },
        { EVENT_STEP_TAKEN, change_nothing,
                "sending SIGTERM to chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available "
                "3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, dry,
                "would send SIGTERM to chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available "
                "3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, critical_kill,
                "sending SIGKILL to chrome (pid 4312, 6.0 GiB, app-chrome.scope), at once: "
                "mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, signal_step,
                "sending SIGUSR1 to chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available "
                "3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, tree,
                "sending SIGTERM to chrome and 37 more (pid 4312, 6.0 GiB, app-chrome.scope): "
                "mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_TAKEN, nasty,
                "sending SIGTERM to a\\x0a) S 1 (\\x1b[2Jxx (pid 4312, 6.0 GiB, x\\x0dy.service): "
                "mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_ESCALATED, critical_kill,
                "sending SIGKILL to chrome (pid 4312, 6.0 GiB, app-chrome.scope), still there "
                "after 340 ms, no time left: "
                "mem.available 3.1% < 6% [host]" },
        { EVENT_STEP_DONE, change_nothing,
                "terminated chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available 3.1% < 6% "
                "[host]; "
                "freed 5.0 GiB in 340 ms" },
        { EVENT_STEP_DONE, critical_kill,
                "killed chrome (pid 4312, 6.0 GiB, app-chrome.scope): mem.available 3.1% < 6% "
                "[host]; "
                "freed 5.0 GiB in 340 ms" },
        { EVENT_STEP_FAILED, refused,
                "SIGTERM to chrome (pid 4312, 6.0 GiB, app-chrome.scope) did not help (error 1); "
                "it may not be signalled [host]" },
        { EVENT_NO_USEFUL_VICTIM, with_text,
                "memory is short and nobody's end would help: mem.available 3.1% < 6% [host]; some "
                "words" },
        { EVENT_BUDGET_SPENT, with_text,
                "budget of 2 steps spent for chrome (pid 4312, 6.0 GiB, app-chrome.scope); some "
                "words [host]" },
        { EVENT_KERNEL_OOM, with_text,
                "the kernel's OOM killer killed 2 processes before avert acted (incident 7): some "
                "words [host]" },
        { EVENT_NOTIFY, change_nothing, "warning: mem.available 3.1% < 6% [host]" },
        { EVENT_NOTIFY, top_three,
                "warning: mem.available 3.1% < 6% [host]; most gained: p (pid 10, 100 MiB), p (pid "
                "12, 100 MiB)" },
};

START_TEST(sentence_table) {
        Event e = full_event(rows[_i].kind);
        char text[1024];
        TextBuf out;

        rows[_i].change(&e);
        textbuf_init(&out, text, sizeof(text));
        event_print(&e, &out);
        ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

START_TEST(every_kind_has_a_name_and_a_sentence) {
        for (int kind = 0; kind < _EVENT_MAX; kind++) {
                Event e = full_event((EventKind) kind);
                char text[1024];
                TextBuf out;

                textbuf_init(&out, text, sizeof(text));
                event_print(&e, &out);
                ck_assert_msg(out.len > 0 && strcmp(text, "unknown event") != 0, "kind %d", kind);
                ck_assert_str_ne(event_name((EventKind) kind), "unknown");
                for (int other = 0; other < kind; other++)
                        ck_assert_str_ne(
                                event_name((EventKind) kind), event_name((EventKind) other));
        }
        ck_assert_str_eq(event_name(EVENT_INCIDENT_OPENED), "incident-opened");
        ck_assert_str_eq(event_name((EventKind) 99), "unknown");
}
END_TEST

START_TEST(a_small_buffer_cuts_and_does_not_overflow) {
        for (size_t size = 1; size < 60; size++) {
                Event e = full_event(EVENT_STEP_TAKEN);
                char text[64];
                TextBuf out;

                memset(text, 'X', sizeof(text));
                textbuf_init(&out, text, size);
                event_print(&e, &out);
                ck_assert(out.truncated);
                ck_assert_uint_lt(strlen(text), size);
                ck_assert_int_eq(text[size], 'X');
        }
}
END_TEST

int main(void) {
        Suite *s = suite_create("event");
        TCase *tc = tcase_create("event");

        tcase_add_loop_test(tc, sentence_table, 0, (int) (sizeof(rows) / sizeof(rows[0])));
        tcase_add_test(tc, every_kind_has_a_name_and_a_sentence);
        tcase_add_test(tc, a_small_buffer_cuts_and_does_not_overflow);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
