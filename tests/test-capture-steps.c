/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/capture-steps.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/errand-desk.h"

#define PATIENCE_USEC (HARNESS_PATIENCE_MSEC * USEC_PER_MSEC)

static Fixture fixture;
static Starter *starter;
static CaptureSteps steps;
static Inquiries inquiries;
static View *view;
static bool view_asked, views_refused;

static int request_view(void *ctx _unused_, bool with_processes _unused_) {
        view_asked = !views_refused;
        return views_refused ? -EBUSY : 0;
}

static View *get_view(void *ctx _unused_) {
        return view;
}

static void release_view(void *ctx _unused_) {
}

static void add_process(const char *pid, unsigned ticks) {
        char name[64], text[256];

        (void) snprintf(name, sizeof(name), "proc/%s/stat", pid);
        (void) snprintf(text, sizeof(text),
                "%s (hog) S 1 1 1 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 %u 1000 10 0\n", pid,
                ticks);
        fixture_file(&fixture, name, text);
        (void) snprintf(name, sizeof(name), "proc/%s/status", pid);
        fixture_file(&fixture, name, "Name:\thog\nVmRSS:\t40 kB\n");
        (void) snprintf(name, sizeof(name), "proc/%s/smaps_rollup", pid);
        fixture_file(&fixture, name, "Rss: 40 kB\n");
        (void) snprintf(name, sizeof(name), "proc/%s/cmdline", pid);
        fixture_file(&fixture, name, "hog --password=secret\n");
}

static void set_up(void) {
        static char root[320];

        fixture_init(&fixture);
        add_process("4711", 500);
        fixture_file(&fixture, "sys/fs/cgroup/cgroup.controllers", "memory\n");
        fixture_file(&fixture, "sys/fs/cgroup/a.slice/x.service/memory.current", "123456\n");
        fixture_file(&fixture, "sys/fs/cgroup/a.slice/x.service/memory.stat", "anon 99\n");
        (void) snprintf(root, sizeof(root), "%s", fixture.path);

        desk_init(STEP_CAPTURE);
        desk_policy.steps[0].quota_bytes = 1 << 20;
        desk_errand = (Errand){ .n_processes = 1,
                .pids = { 4711 },
                .start_ticks = { 500 },
                .cgroup = "/a.slice/x.service" };
        desk_errand.event = (Event){ .policy = "here", .mem_total = 815 };
        (void) signal(SIGPIPE, SIG_IGN);
        ck_assert_int_eq(starter_new(&starter), 0);
        inquiries_init(&inquiries, (ViewSource){ request_view, get_view, release_view, NULL });
        capture_steps_init(&steps,
                &(CaptureOptions){ .starter = starter,
                        .errands = &desk,
                        .inquiries = &inquiries,
                        .state_directory = root,
                        .root = root });
        view = calloc(1, sizeof(*view));
        ck_assert_ptr_nonnull(view);
        view_asked = views_refused = false;
}

static void tear_down(void) {
        inquiries_done(&inquiries);
        errands_done(&desk);
        starter = starter_free(starter);
        capture_steps_done(&steps);
        free(view);
        fixture_done(&fixture);
}

static void wait_desk(unsigned n) {
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        while (desk_answers < n) {
                struct pollfd p = { .fd = starter_fd(starter), .events = POLLIN };

                ck_assert_msg(clock_monotonic_usec() < until, "no answer");
                (void) poll(&p, 1, 100);
                starter_dispatch(starter);
        }
}

/* The text of the only capture, once it has its name. */
static const char *read_capture(void) {
        static char text[200000];
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        while (clock_monotonic_usec() < until) {
                _cleanup_close_ int fd = fdio_open_dir_at(fixture.fd, "captures");
                DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));
                const struct dirent *e;
                ssize_t n = -1;

                while (dir && n < 0 && (e = readdir(dir)))
                        if (strlen(e->d_name) > 5 &&
                                strcmp(e->d_name + strlen(e->d_name) - 5, ".json") == 0)
                                n = fdio_read_at(fd, e->d_name, text, sizeof(text));
                if (dir)
                        (void) closedir(dir);
                if (n > 0)
                        return text;
                (void) poll(NULL, 0, 2);
        }
        ck_abort_msg("no capture");
        return NULL;
}

static void has(const char *text, const char *part) {
        ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static void capture(void) {
        static uint64_t id = 20;
        unsigned n = desk_answers;

        desk_give(++id, clock_monotonic_usec() + PATIENCE_USEC);
        if (view_asked)
                inquiries_dispatch(&inquiries, clock_monotonic_usec());
        wait_desk(n + 1);
        ck_assert_uint_eq(desk_answer.action, id);
}

START_TEST(evidence_is_kept_whole) {
        const char *text;

        view->trail.n = view->trail.next = 2;
        view->trail.entries[0].at_usec = clock_monotonic_usec() - 2 * TRAIL_SPAN_USEC; /* too old */
        view->trail.entries[1].at_usec = clock_monotonic_usec();
        view->trail.entries[1].values[0] = 424242;
        view->trail.entries[1].values[1] = TRAIL_UNKNOWN;
        capture();
        ck_assert_int_eq(desk_answer.kind, OUTCOME_DONE);
        text = read_capture();
        has(text, "\"partial\":false");
        has(text, "\"missing\":[]");
        has(text, "\"mem_total_bytes\":815");
        has(text, "\"values\":[[424242,null,0,0,0,0,0,0,0]]");
        has(text, "\"metrics\":[\"mem.available\",");
        has(text, "\"pid\":4711");
        has(text, "\"status\":\"Name:\\thog\\nVmRSS:\\t40 kB\\n\"");
        has(text, "\"smaps_rollup\":\"Rss: 40 kB\\n\"");
        has(text, "\"memory.current\":\"123456\\n\"");
        has(text, "\"inode\":\"");
        ck_assert_ptr_null(strstr(text, "secret"));
}
END_TEST

START_TEST(without_a_view_it_is_partial_and_says_so) {
        views_refused = true;
        capture();
        ck_assert_int_eq(desk_answer.kind, OUTCOME_DONE);
        has(read_capture(), "\"partial\":true");
        has(read_capture(), "\"missing\":[\"samples\"]");
}
END_TEST

START_TEST(targets_that_are_not_there_any_more_are_named) {
        static const struct {
                const char *name, *remove;
                unsigned ticks;
                const char *part;
        } cases[] = {
                { "process gone", "4711", 500, "process 4711: gone" },
                { "replaced", NULL, 501, "process 4711: another process has its number" },
        };
        const char *text;

        desk_errand.start_ticks[0] = cases[_i].ticks;
        if (cases[_i].remove) {
                fixture_remove(&fixture, "proc/4711/stat");
                fixture_remove(&fixture, "proc/4711/status");
                fixture_remove(&fixture, "proc/4711/smaps_rollup");
                fixture_remove(&fixture, "proc/4711/cmdline");
                fixture_remove(&fixture, "proc/4711");
        }
        capture();
        ck_assert_int_eq(desk_answer.kind, OUTCOME_DONE);
        text = read_capture();
        has(text, "\"partial\":true");
        has(text, cases[_i].part);
        has(text, "\"memory.current\":\"123456\\n\""); /* the rest is there */
        ck_assert_ptr_null(strstr(text, "VmRSS"));
}
END_TEST

START_TEST(cgroup_that_is_gone_is_named) {
        (void) text_copy(desk_errand.cgroup, sizeof(desk_errand.cgroup), "/a.slice/other");
        capture();
        has(read_capture(), "cgroup: gone");
        has(read_capture(), "VmRSS");
}
END_TEST

START_TEST(time_that_is_over_makes_it_partial_and_late_and_writing_goes_on) {
        desk_give(90, clock_monotonic_usec() + 50 * USEC_PER_MSEC);
        while (desk_answers == 0) { /* the view does not come in time */
                errands_dispatch(&desk, clock_monotonic_usec());
                (void) poll(NULL, 0, 2);
        }
        ck_assert_int_eq(desk_answer.kind, OUTCOME_LATE);
        inquiries_dispatch(&inquiries, clock_monotonic_usec());
        has(read_capture(), "\"partial\":true");
        has(read_capture(), "it was not read in time");
        for (int i = 0; i < HARNESS_PATIENCE_MSEC / 2 && steps.entries[0].errand; i++) {
                starter_dispatch(starter);
                (void) poll(NULL, 0, 2);
        }
        ck_assert_ptr_null(steps.entries[0].errand);
        ck_assert_uint_eq(desk_answers, 1);
}
END_TEST

START_TEST(what_cannot_be_kept_is_refused) {
        char blocked[320];

        (void) snprintf(blocked, sizeof(blocked), "%s/blocked/file", fixture.path);
        desk_policy.steps[0].quota_bytes = 100; /* more than that is in every capture */
        capture();
        ck_assert_int_eq(desk_answer.kind, OUTCOME_REFUSED);
        ck_assert_int_eq(desk_answer.error, EFBIG);

        fixture_file(&fixture, "blocked/file", "");
        ck_assert(text_copy(steps.directory, sizeof(steps.directory), blocked));
        capture();
        ck_assert_int_eq(desk_answer.kind, OUTCOME_REFUSED);
        ck_assert_int_eq(desk_answer.error, ENOTDIR);
}
END_TEST

START_TEST(entries_that_nobody_answers_for_are_forgotten) {
        usec_t deadline = clock_monotonic_usec() + PATIENCE_USEC;

        for (uint64_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                ck_assert_int_eq(kill(starter_pid(starter), 0), 0);
                desk_give(200 + i, deadline);
        }
        capture_steps_care(&steps, deadline);
        ck_assert_ptr_nonnull(steps.entries[0].errand);
        capture_steps_care(&steps, deadline + 2 * USEC_PER_MIN);
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                ck_assert_ptr_null(steps.entries[i].errand);
        inquiries_dispatch(&inquiries, clock_monotonic_usec()); /* their views come all the same */
        ck_assert_uint_eq(desk_answers, 0);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { evidence_is_kept_whole,
                without_a_view_it_is_partial_and_says_so, cgroup_that_is_gone_is_named,
                time_that_is_over_makes_it_partial_and_late_and_writing_goes_on,
                what_cannot_be_kept_is_refused, entries_that_nobody_answers_for_are_forgotten };
        Suite *s = suite_create("capture-steps");
        TCase *tc = tcase_create("capture-steps");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_loop_test(tc, targets_that_are_not_there_any_more_are_named, 0, 2);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
