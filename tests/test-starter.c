/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/starter.h"

#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/cgroup-fixture.h"
#include "tests/starter-orders.h"

static Starter *starter;
static Fixture fixture;
static CommandOrder order_form;
static usec_t time_given;
static int place_fd; /* of a cgroup for commands */

static void set_up(void) {
        fixture_init(&fixture);
        (void) signal(SIGPIPE, SIG_IGN);
        ck_assert_int_eq(starter_new(&starter), 0);
        begin_answers(starter, JOB_COMMAND);
        order_form = (CommandOrder){ .uid = geteuid(), .gid = getegid(), .output_bytes = 16 << 10 };
        time_given = PATIENCE_USEC;
        place_fd = FD_NONE;
}

static void tear_down(void) {
        starter = starter_free(starter);
        fixture_done(&fixture);
}

/* A script of the fixture's, with its path in ret. */
static void write_script(const char *name, const char *text, char *ret, size_t size) {
        fixture_file(&fixture, name, text);
        ck_assert_int_eq(fchmodat(fixture.fd, name, 0755, 0), 0);
        (void) snprintf(ret, size, "%s/%s", fixture.path, name);
}

/* Sends the order for a program with one more argument (NULL: none) and the input. */
static void send_order(const char *program, const char *argument, const char *input) {
        static uint64_t id = 100;
        char strings[1024];
        StarterOrder o = { .job = JOB_COMMAND,
                .id = ++id,
                .deadline_usec = clock_monotonic_usec() + time_given,
                .command = order_form };
        int n;

        n = snprintf(strings, sizeof(strings), "%s%c%s%cPATH=/usr/bin:/bin%cAVERT_POLICY=here",
                program, 0, argument ? argument : "", 0, 0);
        if (!argument)
                n = snprintf(strings, sizeof(strings), "%s%cPATH=/usr/bin:/bin%cAVERT_POLICY=here",
                        program, 0, 0);
        o.command.n_args = argument ? 2 : 1;
        o.command.n_environment = 2;
        o.command.strings_len = (uint32_t) n + 1;
        ck_assert_int_eq(starter_send(starter, &o,
                                 (struct iovec[]){ { strings, (size_t) n + 1 },
                                         { (void *) (uintptr_t) input, strlen(input) } },
                                 2, place_fd),
                0);
}

static const StarterAnswer *run(const char *program, const char *argument, const char *input) {
        unsigned n = n_answers;

        send_order(program, argument, input);
        wait_answers(starter, n + 1);
        return &last_answer;
}

static const StarterAnswer *run_script(const char *text) {
        char path[512];

        write_script("script", text, path, sizeof(path));
        return run(path, NULL, "");
}

/* One that never ends by itself. Where the machine is busy its time may be over before it has begun
 * what the test is about: then it gets twice as much. */
static const StarterAnswer *run_late(const char *program, bool (*has_begun)(void)) {
        const StarterAnswer *a;

        time_given = 300 * USEC_PER_MSEC;
        for (;;) {
                a = run(program, NULL, "");
                ck_assert_int_eq(a->result, STARTER_LATE);
                ck_assert(a->clean);
                if (has_begun())
                        return a;
                time_given *= 2;
                ck_assert_msg(time_given < PATIENCE_USEC, "it never begins");
        }
}

/* A number that a script wrote to the fixture. */
static pid_t pid_in(const char *name) {
        char text[32];

        return fdio_read_at(fixture.fd, name, text, sizeof(text)) > 0 ? (pid_t) atoi(text) : 0;
}

static bool is_alive(pid_t pid) {
        char name[64], text[512];
        const char *state;

        (void) snprintf(name, sizeof(name), "/proc/%d/stat", pid);
        if (pid <= 0 || fdio_read_at(AT_FDCWD, name, text, sizeof(text)) <= 0)
                return false;
        state = strrchr(text, ')');
        return state && state[2] != 'Z';
}

START_TEST(command_gets_what_it_is_told_and_is_heard) {
        const StarterAnswer *a = run("/bin/sh", "-c", "");

        ck_assert_int_ne(a->status, 0); /* sh -c wants a script */

        a = run_script("#!/bin/sh\nread x; echo \"in $x $AVERT_POLICY\"; echo bad >&2; exit 3\n");
        ck_assert_int_eq(a->result, STARTER_OVER);
        ck_assert_int_eq(WEXITSTATUS(a->status), 3);
        ck_assert_ptr_nonnull(strstr(a->text, "in  here\n"));
        ck_assert_ptr_nonnull(strstr(a->text, "bad\n"));
        ck_assert_str_eq(a->last_line, "in  here");
        ck_assert(a->clean);
        ck_assert_uint_eq(a->dropped, 0);
}
END_TEST

START_TEST(input_of_any_size_arrives_whole_or_not_at_all) {
        static char input[100001];
        const StarterAnswer *a;

        memset(input, 'j', sizeof(input) - 1);
        a = run("/usr/bin/wc", "-c", input);
        ck_assert_str_eq(a->last_line, "100000");

        a = run("/bin/true", NULL, input); /* reads nothing */
        ck_assert_int_eq(a->result, STARTER_OVER);
        ck_assert_int_eq(a->status, 0);

        a = run_script("#!/bin/sh\nexec <&-; echo closed\n");
        ck_assert_str_eq(a->last_line, "closed");
}
END_TEST

START_TEST(what_cannot_be_started_is_said_so) {
        const StarterAnswer *a = run("/nonexistent/program", NULL, "");
        char path[512];

        ck_assert_int_eq(a->result, STARTER_FAILED);
        ck_assert_int_eq(a->error, ENOENT);
        ck_assert_str_eq(a->where, "exec");

        fixture_file(&fixture, "text", "no program\n");
        (void) snprintf(path, sizeof(path), "%s/text", fixture.path);
        a = run(path, NULL, "");
        ck_assert_int_eq(a->result, STARTER_FAILED);
        ck_assert_int_eq(a->error, EACCES);

        write_script("odd", "neither a script nor a binary\n", path, sizeof(path));
        a = run(path, NULL, "");
        ck_assert_int_eq(a->result, STARTER_FAILED);
        ck_assert_int_eq(a->error, ENOEXEC);
}
END_TEST

START_TEST(hanging_command_is_ended_at_its_deadline) {
        usec_t began = clock_monotonic_usec();
        const StarterAnswer *a;

        time_given = 300 * USEC_PER_MSEC;
        a = run_script("#!/bin/sh\ntrap '' TERM INT HUP; while :; do sleep 100; done\n");
        ck_assert_int_eq(a->result, STARTER_LATE);
        ck_assert(a->clean);
        ck_assert_uint_ge(clock_monotonic_usec() - began, time_given);
        ck_assert_uint_gt(a->took_usec, 0);
}
END_TEST

static bool has_said_something(void) {
        return last_answer.text_len > 0;
}

START_TEST(flood_of_output_is_cut_and_stops_nobody) {
        const StarterAnswer *a;

        order_form.output_bytes = 1000;
        a = run_script("#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x; echo; echo freed 5\n");
        ck_assert_int_eq(a->result, STARTER_OVER);
        ck_assert_uint_eq(a->text_len, 1000);
        ck_assert_uint_eq(a->dropped, 3000000 + 1 + 8 - 1000);
        ck_assert_str_eq(a->last_line, "freed 5");

        a = run_late("/usr/bin/yes", has_said_something);
        ck_assert_uint_eq(a->text_len, 1000);
}
END_TEST

/* A child that leaves session, group and parent, holds the pipes and ignores what can be ignored.
 */
#define DAEMON                                                                                     \
        "setsid sh -c 'trap \"\" TERM HUP; (echo $$ >%s/%s; exec sleep 1000) & sleep 1000' &\n"    \
        "while [ ! -s %s/%s ]; do sleep 0.01; done\n"

static bool has_grandchild(void) {
        return pid_in("late") > 0;
}

START_TEST(grandchildren_end_with_the_command) {
        char text[2048], path[512];
        const StarterAnswer *a;

        (void) snprintf(text, sizeof(text), "#!/bin/sh\n" DAEMON "echo $$ >%s/self\n", fixture.path,
                "one", fixture.path, "one", fixture.path);
        a = run_script(text);
        ck_assert_int_eq(a->result, STARTER_OVER);
        ck_assert_int_eq(a->status, 0);
        ck_assert(a->clean);
        ck_assert_int_gt(pid_in("one"), 0);
        ck_assert(!is_alive(pid_in("one")));
        ck_assert(!is_alive(pid_in("self")));

        (void) snprintf(text, sizeof(text), "#!/bin/sh\n" DAEMON "sleep 1000\n", fixture.path,
                "late", fixture.path, "late");
        write_script("script", text, path, sizeof(path));
        (void) run_late(path, has_grandchild);
        ck_assert(!is_alive(pid_in("late")));
}
END_TEST

START_TEST(command_lives_in_its_cgroup_and_leaves_it_empty) {
        char path[512], text[2048];
        const StarterAnswer *a;
        CgroupFixture f;

        if (!cgroup_fixture_init(&f))
                return;
        place_fd = cgroup_fixture_make(&f, f.fd, "run");
        (void) snprintf(text, sizeof(text),
                "#!/bin/sh\n" DAEMON "grep ^0:: /proc/self/cgroup\nexec sleep 1000\n", fixture.path,
                "late", fixture.path, "late");
        write_script("script", text, path, sizeof(path));
        a = run_late(path, has_said_something);
        (void) snprintf(text, sizeof(text), "%s/run", f.name);
        ck_assert_msg(strstr(a->last_line, text) != NULL, "in %s", a->last_line);
        ck_assert(!is_alive(pid_in("late")));

        place_fd = close_fd(place_fd);
        ck_assert_int_eq(unlinkat(f.fd, "run", AT_REMOVEDIR), 0); /* nobody is in it */
        cgroup_fixture_done(&f);
}
END_TEST

START_TEST(nothing_of_the_daemons_privileges_is_inherited) {
        static const char *const lines[] = { "CapInh:\t0000000000000000",
                "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "SigBlk:\t0000000000000000",
                "SigIgn:\t0000000000000000" };
        const StarterAnswer *a = run("/bin/cat", "/proc/self/status", "");

        for (size_t i = 0; i < ELEMENTS(lines); i++)
                ck_assert_msg(strstr(a->text, lines[i]) != NULL, "%s: %s", lines[i], a->text);

        a = run("/bin/cat", "/proc/self/oom_score_adj", "");
        ck_assert_str_eq(a->text, "0\n");
        a = run("/bin/ls", "/proc/self/fd", ""); /* three streams, and the directory itself */
        ck_assert_str_eq(a->text, "0\n1\n2\n3\n");
        a = run("/usr/bin/env", NULL, "");
        ck_assert_str_eq(a->text, "PATH=/usr/bin:/bin\nAVERT_POLICY=here\n");
        a = run("/bin/pwd", NULL, "");
        ck_assert_str_eq(a->text, "/\n");
        a = run_script("#!/bin/sh\ncut -d' ' -f1,6 /proc/self/stat; echo $$\n");
        ck_assert_ptr_nonnull(strchr(a->text, ' '));
        ck_assert_int_eq(atoi(strchr(a->text, ' ')), atoi(a->last_line)); /* session of its own */
}
END_TEST

START_TEST(command_runs_as_its_user_in_one_group) {
        const StarterAnswer *a;

        order_form.uid = 65534;
        order_form.gid = 65534;
        a = run("/usr/bin/id", NULL, "");
        if (geteuid() == 0) {
                ck_assert_int_eq(a->result, STARTER_OVER);
                ck_assert_ptr_nonnull(strstr(a->text, "uid=65534"));
                ck_assert_ptr_nonnull(strstr(a->text, "groups=65534"));
                ck_assert_ptr_null(strstr(a->text, ",")); /* one group */
        } else {
                ck_assert_int_eq(a->result, STARTER_FAILED);
                ck_assert_int_eq(a->error, EPERM);
                ck_assert_str_eq(a->where, "user");
        }
}
END_TEST

/* Waits for it: a guard that has just been forked may not have its starter yet. */
static pid_t child_of(pid_t pid) {
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;
        char name[64], text[256];

        (void) snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
        while (fdio_read_at(AT_FDCWD, name, text, sizeof(text)) <= 0) {
                ck_assert(clock_monotonic_usec() < until);
                (void) poll(NULL, 0, 1);
        }
        return (pid_t) atoi(text);
}

START_TEST(starter_that_dies_is_replaced) {
        pid_t first = child_of(starter_pid(starter));
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        ck_assert_int_gt(first, 0);
        ck_assert_int_eq(kill(first, SIGKILL), 0);
        while (starter_renewals(starter) == 0) {
                struct pollfd p = { .fd = starter_fd(starter), .events = POLLIN };

                ck_assert(clock_monotonic_usec() < until);
                (void) poll(&p, 1, 100);
                starter_dispatch(starter);
        }
        ck_assert_int_eq(run("/bin/true", NULL, "")->result, STARTER_OVER);
        ck_assert_int_ne(child_of(starter_pid(starter)), first);
}
END_TEST

START_TEST(command_under_way_survives_its_starter_and_is_heard) {
        char path[512], text[1024];
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        (void) snprintf(text, sizeof(text),
                "#!/bin/sh\n: >%s/begun\nwhile [ ! -e %s/go ]; do sleep 0.01; done\necho skip\n",
                fixture.path, fixture.path);
        write_script("waits", text, path, sizeof(path));
        send_order(path, NULL, "");
        while (faccessat(fixture.fd, "begun", F_OK, 0) < 0 && clock_monotonic_usec() < until)
                (void) poll(NULL, 0, 1);
        ck_assert_int_eq(kill(child_of(starter_pid(starter)), SIGKILL), 0);
        fixture_file(&fixture, "go", "");
        wait_answers(starter, 1);
        ck_assert_str_eq(last_answer.last_line, "skip");
}
END_TEST

START_TEST(lost_guard_is_noticed_and_nothing_hangs) {
        StarterOrder o = { .job = JOB_COMMAND };
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        ck_assert_int_eq(kill(starter_pid(starter), SIGKILL), 0);
        while (!starter_is_lost(starter) && clock_monotonic_usec() < until) {
                starter_dispatch(starter);
                (void) poll(NULL, 0, 1);
        }
        ck_assert(starter_is_lost(starter));
        ck_assert_int_eq(starter_send(starter, &o, NULL, 0, FD_NONE), -EPIPE);
        ck_assert_int_lt(starter_fd(starter), 0);
}
END_TEST

START_TEST(all_of_it_ends_with_the_daemon) {
        char text[1024], path[512];
        pid_t guard = starter_pid(starter), first = child_of(guard), self;
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        (void) snprintf(
                text, sizeof(text), "#!/bin/sh\necho $$ >%s/self\nsleep 1000\n", fixture.path);
        write_script("stays", text, path, sizeof(path));
        send_order(path, NULL, "");
        while ((self = pid_in("self")) == 0 && clock_monotonic_usec() < until)
                (void) poll(NULL, 0, 1);
        ck_assert_int_gt(self, 0);
        starter = starter_free(starter);
        ck_assert(!is_alive(guard));
        while ((is_alive(first) || is_alive(self)) && clock_monotonic_usec() < until)
                (void) poll(NULL, 0, 1);
        ck_assert(!is_alive(first));
        ck_assert(!is_alive(self));
}
END_TEST

START_TEST(orders_that_are_not_whole_are_refused) {
        static char load[STARTER_LOAD_MAX + 1];
        StarterOrder o = { .job = JOB_COMMAND, .id = 5 };

        ck_assert_int_eq(
                starter_send(starter, &o, &(struct iovec){ load, sizeof(load) }, 1, FD_NONE),
                -E2BIG);
        o.command = (CommandOrder){ .n_args = 2, .strings_len = 4 };
        o.deadline_usec = clock_monotonic_usec() + PATIENCE_USEC;
        ck_assert_int_eq(starter_send(starter, &o, &(struct iovec){ (void *) (uintptr_t) "abc", 4 },
                                 1, FD_NONE),
                0);
        wait_answers(starter, 1);
        ck_assert_int_eq(last_answer.result, STARTER_FAILED);
        ck_assert_int_eq(last_answer.error, EINVAL);
        ck_assert_uint_eq(last_answer.id, 5);
}
END_TEST

START_TEST(more_jobs_than_there_are_places_are_refused_at_once) {
        unsigned n = 0;

        time_given = PATIENCE_USEC;
        for (int i = 0; i < 9; i++)
                send_order("/bin/sleep", "1000", "");
        wait_answers(starter, 1);
        n = n_answers;
        ck_assert_uint_eq(n, 1);
        ck_assert_int_eq(last_answer.result, STARTER_FAILED);
        ck_assert_int_eq(last_answer.error, EAGAIN);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { command_gets_what_it_is_told_and_is_heard,
                input_of_any_size_arrives_whole_or_not_at_all, what_cannot_be_started_is_said_so,
                hanging_command_is_ended_at_its_deadline, flood_of_output_is_cut_and_stops_nobody,
                grandchildren_end_with_the_command, command_lives_in_its_cgroup_and_leaves_it_empty,
                nothing_of_the_daemons_privileges_is_inherited,
                command_runs_as_its_user_in_one_group, starter_that_dies_is_replaced,
                command_under_way_survives_its_starter_and_is_heard,
                lost_guard_is_noticed_and_nothing_hangs, all_of_it_ends_with_the_daemon,
                orders_that_are_not_whole_are_refused,
                more_jobs_than_there_are_places_are_refused_at_once };
        Suite *s = suite_create("starter");
        TCase *tc = tcase_create("starter");

        for (size_t i = 0; i < ELEMENTS(tests); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
