/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/slow-reader.h"

#include "base/macro.h"
#include "tests/harness.h"
#include "tests/tree-fixture.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* A worker has as long as it takes, but where one is to be given up. */
#define PATIENCE_USEC (HARNESS_PATIENCE_MSEC * USEC_PER_MSEC)
#define DEADLINE_USEC (300 * USEC_PER_MSEC)

/* Waits for one answer; false when none comes. */
static bool wait_reply(SlowReader *r, SlowReply *ret) {
        for (int i = 0; i < HARNESS_PATIENCE_MSEC; i++) {
                if (slow_reader_next(r, ret))
                        return true;
                (void) poll(NULL, 0, 1);
        }
        return false;
}

static void ask_for(SlowReader *r, int32_t pid, uint64_t start_ticks, SlowReply *ret) {
        static uint64_t cookie;
        const SlowRequest request = { .cookie = ++cookie, .start_ticks = start_ticks, .pid = pid };

        ck_assert(slow_reader_ask(r, &request));
        ck_assert_msg(wait_reply(r, ret), "no answer");
        ck_assert_uint_eq(ret->cookie, cookie);
        ck_assert_int_eq(ret->pid, pid);
}

static void ask(SlowReader *r, int32_t pid, SlowReply *ret) {
        ask_for(r, pid, 0, ret);
}

/* A process of a recording, started at tick 77. */
static void record(const Fixture *f, int pid, const char *uids, const char *text, size_t len) {
        char name[32], status[128];

        tree_process(f, "", &(TreeProcess){ .pid = pid, .comm = "x", .start = 77 });
        (void) snprintf(name, sizeof(name), "proc/%d/cmdline", pid);
        fixture_bytes(f, name, text, len);
        (void) snprintf(name, sizeof(name), "proc/%d/status", pid);
        (void) snprintf(status, sizeof(status), "State:\tS (sleeping)\nUid:\t%s\n", uids);
        fixture_file(f, name, status);
}

static SlowReader *reader_of(const Fixture *f) {
        SlowReader *r;

        ck_assert_int_eq(slow_reader_new(f->path, PATIENCE_USEC, &r), 0);
        return r;
}

/* Where the machine is busy, a worker that is well may be given up as well: asks until one answers.
 */
static void ask_until_answered(SlowReader *r, SlowReply *ret) {
        for (int i = 0; i < 100; i++) {
                ask(r, getpid(), ret);
                if (ret->error != -ETIMEDOUT)
                        break;
        }
        ck_assert_int_eq(ret->error, 0);
}

/* The child of a process that was born last (0: it has none), and whether one is among them. */
static pid_t look_for_child(pid_t pid, pid_t wanted, bool *ret_found) {
        char name[64];
        int child, last = 0;
        FILE *f;

        (void) snprintf(name, sizeof(name), "/proc/%d/task/%d/children", pid, pid);
        *ret_found = false;
        f = fopen(name, "re");
        if (!f)
                return 0;
        while (fscanf(f, "%d", &child) == 1) {
                last = child;
                *ret_found = *ret_found || child == wanted;
        }
        (void) fclose(f);
        return last;
}

static pid_t child_of(pid_t pid) {
        bool found;

        return look_for_child(pid, 0, &found);
}

static bool is_child_of(pid_t pid, pid_t child) {
        bool found;

        (void) look_for_child(pid, child, &found);
        return found;
}

static void read_status_line(pid_t pid, const char *key, char *value, size_t size) {
        char name[64], line[256];
        FILE *f;

        (void) snprintf(name, sizeof(name), "/proc/%d/status", pid);
        f = fopen(name, "re");
        ck_assert_ptr_nonnull(f);
        value[0] = '\0';
        while (fgets(line, sizeof(line), f))
                if (strncmp(line, key, strlen(key)) == 0)
                        (void) snprintf(value, size, "%s", line + strlen(key));
        (void) fclose(f);
}

START_TEST(command_line_of_another_process_is_read) {
        SlowReader *r;
        SlowReply reply;

        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ask(r, getpid(), &reply);
        ck_assert_int_eq(reply.error, 0);
        ck_assert_ptr_nonnull(strstr(reply.text, "test-slow-reader"));
        ck_assert_uint_eq(reply.len, strlen(reply.text));
        ck_assert_uint_eq(slow_reader_pending(r), 0);
        slow_reader_free(r);
}
END_TEST

START_TEST(process_that_is_gone_is_said_so) {
        SlowReader *r;
        SlowReply reply;
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ask(r, pid, &reply);
        ck_assert_int_eq(reply.error, -ESRCH);
        ck_assert_str_eq(reply.text, "");
        slow_reader_free(r);
}
END_TEST

START_TEST(long_command_line_is_cut_and_blanks_stand_for_nuls) {
        static char text[3 * SLOW_TEXT_MAX];
        Fixture f;
        SlowReader *r;
        SlowReply reply;

        fixture_init(&f);
        memset(text, 'x', sizeof(text));
        text[4] = '\0';
        record(&f, 7, "7 7 7 7", text, sizeof(text));
        record(&f, 8, "7 7 7 7", "", 0);
        r = reader_of(&f);
        ask(r, 7, &reply);
        ck_assert_int_eq(reply.error, 0);
        ck_assert_int_eq(strncmp(reply.text, "xxxx xxx", 8), 0);
        ck_assert_uint_ge(reply.len, SLOW_TEXT_MAX / 2);
        ck_assert_uint_lt(reply.len, SLOW_TEXT_MAX);
        ask(r, 8, &reply);
        ck_assert_int_eq(reply.error, 0);
        ck_assert_uint_eq(reply.len, 0);
        slow_reader_free(r);
        fixture_done(&f);
}
END_TEST

START_TEST(number_that_another_process_has_is_nobodys) {
        Fixture f;
        SlowReader *r;
        SlowReply reply;

        fixture_init(&f);
        record(&f, 7, "7 7 7 7", "x", 1);
        r = reader_of(&f);
        ask_for(r, 7, 76, &reply);
        ck_assert_int_eq(reply.error, -ESRCH);
        ck_assert_str_eq(reply.text, "");
        ask_for(r, 7, 77, &reply);
        ck_assert_int_eq(reply.error, 0);
        ck_assert_str_eq(reply.text, "x");
        slow_reader_free(r);
        fixture_done(&f);
}
END_TEST

START_TEST(owner_is_who_has_all_three_uids) {
        static const struct {
                const char *uids;
                uint32_t owner;
        } rows[] = {
                { "7 7 7 7", 7 },
                { "7 7 7 0", 7 }, /* of the file system: of no matter */
                { "7 0 7 7", SLOW_NO_OWNER },
                { "0 7 7 7", SLOW_NO_OWNER },
                { "7 7 0 7", SLOW_NO_OWNER }, /* it may become root again */
                { "7 7", SLOW_NO_OWNER },
                { "0 0 0 0", 0 },
        };
        Fixture f;
        SlowReader *r;
        SlowReply reply;

        fixture_init(&f);
        record(&f, 7, "7 7 7 7", "x", 1);
        r = reader_of(&f);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                record(&f, 7, rows[i].uids, "x", 1);
                ask(r, 7, &reply);
                ck_assert_int_eq(reply.error, 0);
                ck_assert_msg(reply.uid == rows[i].owner, "%s: %u", rows[i].uids, reply.uid);
        }
        ask(r, 8, &reply);
        ck_assert_uint_eq(reply.uid, SLOW_NO_OWNER);
        slow_reader_free(r);
        fixture_done(&f);
}
END_TEST

START_TEST(many_questions_are_all_answered_in_order) {
        SlowReader *r;
        SlowReply reply;
        SlowRequest request = { .pid = getpid() };
        uint64_t asked = 0;

        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        while (slow_reader_ask(r, &(SlowRequest){ .cookie = asked, .pid = request.pid }))
                asked++;
        ck_assert_uint_gt(asked, 16);
        ck_assert_uint_le(asked, SLOW_PENDING_MAX); /* more is refused */
        for (uint64_t i = 0; i < asked; i++) {
                ck_assert(wait_reply(r, &reply));
                ck_assert_uint_eq(reply.cookie, i);
        }
        ck_assert_uint_eq(slow_reader_pending(r), 0);
        ask(r, getpid(), &reply); /* and there is room again */
        slow_reader_free(r);
}
END_TEST

START_TEST(stuck_worker_is_given_up_and_replaced) {
        SlowReader *r;
        SlowReply reply;
        pid_t worker;

        ck_assert_int_eq(slow_reader_new(NULL, DEADLINE_USEC, &r), 0);
        ask_until_answered(r, &reply);
        worker = child_of(slow_reader_pid(r));
        ck_assert_int_gt(worker, 0);
        ck_assert_int_eq(kill(worker, SIGSTOP), 0);
        ask(r, getpid(), &reply);
        ck_assert_int_eq(reply.error, -ETIMEDOUT);

        ask_until_answered(r, &reply);
        for (int i = 0; i < HARNESS_PATIENCE_MSEC && is_child_of(slow_reader_pid(r), worker); i++)
                (void) poll(NULL, 0, 1); /* until the lost one is reaped */
        ck_assert(!is_child_of(slow_reader_pid(r), worker));
        ck_assert(!slow_reader_is_lost(r));
        slow_reader_free(r);
}
END_TEST

START_TEST(worker_that_dies_costs_one_answer_at_most) {
        SlowReader *r;
        SlowReply reply;

        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ask(r, getpid(), &reply);
        ck_assert_int_eq(kill(child_of(slow_reader_pid(r)), SIGKILL), 0);
        ask(r, getpid(), &reply);
        ask(r, getpid(), &reply);
        ck_assert_int_eq(reply.error, 0);
        slow_reader_free(r);
}
END_TEST

START_TEST(lost_supervisor_is_noticed_and_nothing_hangs) {
        SlowReader *r;
        SlowReply reply;
        pid_t supervisor;
        const SlowRequest request = { .pid = 1 };

        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ask(r, getpid(), &reply);
        supervisor = slow_reader_pid(r);
        ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
        for (int i = 0; i < HARNESS_PATIENCE_MSEC && !slow_reader_is_lost(r); i++) {
                (void) slow_reader_next(r, &reply);
                (void) poll(NULL, 0, 1);
        }
        ck_assert(slow_reader_is_lost(r));
        ck_assert(!slow_reader_ask(r, &request));
        ck_assert(!slow_reader_next(r, &reply));
        ck_assert_int_eq(slow_reader_pid(r), 0);
        slow_reader_free(r);
}
END_TEST

START_TEST(both_processes_end_with_their_owner) {
        SlowReader *r;
        SlowReply reply;
        pid_t supervisor, worker;

        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ask(r, getpid(), &reply);
        supervisor = slow_reader_pid(r);
        worker = child_of(supervisor);
        slow_reader_free(r);
        ck_assert_int_eq(kill(supervisor, 0), -1); /* reaped: no zombie is left */
        ck_assert_int_eq(errno, ESRCH);
        for (int i = 0; i < HARNESS_PATIENCE_MSEC; i++) {
                char state[32];
                char name[64];

                (void) snprintf(name, sizeof(name), "/proc/%d", worker);
                if (access(name, F_OK) != 0)
                        return;
                read_status_line(worker, "State:", state, sizeof(state));
                if (strchr(state, 'Z'))
                        return; /* ended; whoever adopted it has to reap it */
                (void) poll(NULL, 0, 1);
        }
        ck_abort_msg("the worker lives on");
}
END_TEST

START_TEST(nothing_of_the_daemons_privileges_is_inherited) {
        SlowReader *r;
        SlowReply reply;
        char value[64], name[64], adj[16];
        sigset_t all, before;
        FILE *f;

        sigfillset(&all);
        ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, &before), 0);
        f = fopen("/proc/self/oom_score_adj", "we");
        ck_assert(f && fputs("300", f) >= 0 && fclose(f) == 0); /* raising is always allowed */
        ck_assert_int_eq(slow_reader_new(NULL, PATIENCE_USEC, &r), 0);
        ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        ask(r, getpid(), &reply);

        read_status_line(slow_reader_pid(r), "SigBlk:", value, sizeof(value));
        ck_assert_int_eq((int) strtoull(value, NULL, 16), 0);
        read_status_line(slow_reader_pid(r), "NoNewPrivs:", value, sizeof(value));
        ck_assert_int_eq(atoi(value), 1);
        read_status_line(slow_reader_pid(r), "CapEff:", value, sizeof(value));
        ck_assert_uint_eq(strtoull(value, NULL, 16) & ~(1ULL << 19 | 1ULL << 2), 0);

        /* Back to 0 where that is allowed; never below. */
        (void) snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", slow_reader_pid(r));
        f = fopen(name, "re");
        ck_assert(f && fgets(adj, sizeof(adj), f));
        (void) fclose(f);
        ck_assert_int_ge(atoi(adj), 0);
        slow_reader_free(r);
}
END_TEST

HARNESS_MAIN("slow-reader", command_line_of_another_process_is_read,
        process_that_is_gone_is_said_so, long_command_line_is_cut_and_blanks_stand_for_nuls,
        number_that_another_process_has_is_nobodys, owner_is_who_has_all_three_uids,
        many_questions_are_all_answered_in_order, stuck_worker_is_given_up_and_replaced,
        worker_that_dies_costs_one_answer_at_most, lost_supervisor_is_noticed_and_nothing_hangs,
        both_processes_end_with_their_owner, nothing_of_the_daemons_privileges_is_inherited)
