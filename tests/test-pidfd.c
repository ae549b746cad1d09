/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/proc.h"
#include "tests/harness.h"

static SysRoot root = SYSROOT_INIT;

static void set_up(void) {
        ck_assert_int_eq(sysroot_open(NULL, &root), 0);
}

static void tear_down(void) {
        sysroot_done(&root);
}

/* A child that waits for a signal. */
static pid_t start(void) {
        pid_t pid = fork();

        if (pid == 0)
                for (;;)
                        pause();
        ck_assert_int_gt(pid, 0);
        return pid;
}

static void reap(pid_t pid) {
        ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* Waits for the end of a process without reaping it. */
static void await_end(int pidfd) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        ck_assert_int_eq(poll(&p, 1, HARNESS_PATIENCE_MSEC), 1);
}

START_TEST(a_process_is_signalled_through_its_descriptor_until_it_is_reaped) {
        pid_t pid = start();
        int fd;

        ck_assert_int_eq(pidfd_new(pid, &fd), PIDFD_OK);
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        ck_assert_int_eq(pidfd_signal(fd, 0), PIDFD_OK);
        ck_assert_int_eq(pidfd_has_ended(fd), 0);

        ck_assert_int_eq(pidfd_signal(fd, SIGKILL), PIDFD_OK);
        await_end(fd);
        ck_assert_int_eq(pidfd_has_ended(fd), 1);
        ck_assert_int_eq(pidfd_signal(fd, SIGKILL), PIDFD_OK); /* a zombie takes it */

        reap(pid);
        ck_assert_int_eq(pidfd_signal(fd, SIGKILL), PIDFD_GONE);
        ck_assert_int_eq(pidfd_has_ended(fd), 1);
        close_fd(fd);
}
END_TEST

START_TEST(what_does_not_exist_is_gone_and_what_is_impossible_is_an_error) {
        pid_t pid = start();
        int fd = 4242;

        kill(pid, SIGKILL);
        reap(pid);
        ck_assert_int_eq(pidfd_new(pid, &fd), PIDFD_GONE);
        ck_assert_int_eq(pidfd_new(0, &fd), -EINVAL);
        ck_assert_int_eq(pidfd_new(-1, &fd), -EINVAL);
        ck_assert_int_eq(fd, 4242);

        ck_assert_int_eq(pidfd_signal(FD_NONE, SIGTERM), -EBADF);
        ck_assert_int_eq(pidfd_release(FD_NONE), -EBADF);
        ck_assert_int_eq(pidfd_has_ended(FD_NONE), 0); /* poll passes over what is negative */
        ck_assert_int_eq(pidfd_new(getpid(), &fd), PIDFD_OK);
        ck_assert_int_eq(pidfd_signal(fd, 4242), -EINVAL);
        close_fd(fd);
        ck_assert_int_eq(pidfd_has_ended(fd), -EBADF); /* closed meanwhile */
}
END_TEST

static void *tell_number(void *arg) {
        int *pipefd = arg;
        pid_t tid = (pid_t) syscall(SYS_gettid);
        char byte;

        if (write(pipefd[1], &tid, sizeof(tid)) != sizeof(tid) || read(pipefd[2], &byte, 1) != 1)
                return arg;
        return NULL;
}

START_TEST(a_number_of_a_thread_is_no_process) {
        int pipefd[4], fd = 4242;
        PidPin pin = { .pid = 4242 };
        pthread_t thread;
        void *failed;
        pid_t tid;

        ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(pipefd + 2, O_CLOEXEC), 0);
        ck_assert_int_eq(pthread_create(&thread, NULL, tell_number, pipefd), 0);
        ck_assert_int_eq(read(pipefd[0], &tid, sizeof(tid)), sizeof(tid));

        ck_assert_int_eq(pidfd_new(tid, &fd), PIDFD_NOT_LEADER);
        ck_assert_int_eq(fd, 4242);
        ck_assert_int_eq(pid_pin_open(&root, tid, PID_ANY_START, &pin), PIDFD_NOT_LEADER);
        ck_assert_int_eq(pin.pid, 4242);

        ck_assert_int_eq(write(pipefd[3], "x", 1), 1);
        ck_assert_int_eq(pthread_join(thread, &failed), 0);
        ck_assert_ptr_null(failed);
        for (size_t i = 0; i < 4; i++)
                close_fd(pipefd[i]);
}
END_TEST

START_TEST(a_leader_that_ended_before_its_threads_has_not_ended) {
        static int pipefd[4]; /* the second one never gets a byte: the thread waits for ever */
        PidPin pin = PID_PIN_INIT;
        pid_t pid, tid;

        ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(pipefd + 2, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                pthread_t thread;

                if (pthread_create(&thread, NULL, tell_number, pipefd) != 0)
                        _exit(1);
                pthread_exit(NULL);
        }
        ck_assert_int_eq(read(pipefd[0], &tid, sizeof(tid)), sizeof(tid));
        do { /* the leader has a few instructions left */
                pid_pin_done(&pin);
                ck_assert_int_eq(pid_pin_open(&root, pid, PID_ANY_START, &pin), PIDFD_OK);
        } while (!proc_stat_is_leaderless(&pin.stat));

        ck_assert_int_eq(pidfd_has_ended(pin.pidfd), 0);
        ck_assert_int_eq(pidfd_signal(pin.pidfd, SIGKILL), PIDFD_OK);
        await_end(pin.pidfd);
        ck_assert_int_eq(pidfd_has_ended(pin.pidfd), 1);
        reap(pid);
        pid_pin_done(&pin);
        for (size_t i = 0; i < 4; i++)
                close_fd(pipefd[i]);
}
END_TEST

START_TEST(memory_is_released_only_of_what_is_dying) {
        pid_t pid = start();
        int fd, r;

        ck_assert_int_eq(pidfd_new(pid, &fd), PIDFD_OK);
        r = pidfd_release(fd);
        if (r == PIDFD_UNSUPPORTED) { /* a kernel before 5.15, or a sandbox around this test */
                kill(pid, SIGKILL);
                reap(pid);
                close_fd(fd);
                return;
        }
        ck_assert_int_eq(r, PIDFD_NOT_DYING);

        ck_assert_int_eq(pidfd_signal(fd, SIGKILL), PIDFD_OK);
        r = pidfd_release(fd);
        ck_assert_msg(r == PIDFD_OK || r == PIDFD_GONE || r == PIDFD_PARTIAL, "got %d", r);
        await_end(fd);
        ck_assert_int_eq(pidfd_release(fd), PIDFD_GONE); /* a zombie has no memory */
        reap(pid);
        ck_assert_int_eq(pidfd_release(fd), PIDFD_GONE);
        close_fd(fd);
}
END_TEST

static int wait_forever(void *arg) {
        for (;;)
                pause();
        return arg != NULL;
}

START_TEST(memory_that_is_shared_with_the_living_is_not_released) {
        int pipefd[2], fd, r;
        pid_t pid, sharer;

        ck_assert_int_eq(pipe2(pipefd, O_CLOEXEC), 0);
        pid = fork();
        if (pid == 0) {
                static _Alignas(16) char stack[64 * 1024];
                pid_t child = clone(wait_forever, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

                if (write(pipefd[1], &child, sizeof(child)) != sizeof(child))
                        _exit(1);
                wait_forever(NULL);
        }
        ck_assert_int_eq(read(pipefd[0], &sharer, sizeof(sharer)), sizeof(sharer));
        ck_assert_int_gt(sharer, 0);
        ck_assert_int_eq(pidfd_new(pid, &fd), PIDFD_OK);
        ck_assert_int_eq(pidfd_signal(fd, SIGKILL), PIDFD_OK);
        r = pidfd_release(fd);
        ck_assert_msg(
                r == PIDFD_NOT_DYING || r == PIDFD_GONE || r == PIDFD_UNSUPPORTED, "got %d", r);
        reap(pid);
        kill(sharer, SIGKILL);
        close_fd(fd);
        close_fd(pipefd[0]);
        close_fd(pipefd[1]);
}
END_TEST

START_TEST(another_users_process_is_denied) {
        int fd, status;
        pid_t pid;

        if (geteuid() != 0)
                return; /* only root has somebody else to try */
        ck_assert_int_eq(pidfd_new(getpid(), &fd), PIDFD_OK);
        pid = fork();
        if (pid == 0) {
                if (setgid(65534) < 0 || setuid(65534) < 0)
                        _exit(100);
                _exit(pidfd_signal(fd, SIGTERM));
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), PIDFD_DENIED);
        close_fd(fd);
}
END_TEST

START_TEST(a_pin_holds_one_process_by_all_its_descriptors) {
        PidPin pin = PID_PIN_INIT, again = PID_PIN_INIT;
        pid_t pid = start();
        ProcStat stat;

        ck_assert_int_eq(pid_pin_open(&root, pid, PID_ANY_START, &pin), PIDFD_OK);
        ck_assert_int_eq(pin.pid, pid);
        ck_assert_int_eq(pin.stat.pid, pid);
        ck_assert_int_eq(pin.stat.ppid, getpid());
        ck_assert_int_eq(pidfd_signal(pin.pidfd, 0), PIDFD_OK);
        ck_assert_int_eq(proc_stat_read_at(pin.dir_fd, &stat), PROC_OK);

        ck_assert_int_eq(pid_pin_open(&root, pid, pin.stat.starttime_ticks, &again), PIDFD_OK);
        pid_pin_done(&again);
        ck_assert_int_eq(again.pidfd, FD_NONE);
        ck_assert_int_eq(again.dir_fd, FD_NONE);

        ck_assert_int_eq(pidfd_signal(pin.pidfd, SIGKILL), PIDFD_OK);
        reap(pid);
        ck_assert_int_eq(proc_stat_read_at(pin.dir_fd, &stat), PROC_GONE);
        ck_assert_int_eq(pid_pin_open(&root, pid, PID_ANY_START, &again), PIDFD_GONE);
        ck_assert_int_eq(again.pidfd, FD_NONE);
        pid_pin_done(&pin);
        pid_pin_done(&pin);
}
END_TEST

START_TEST(a_number_that_was_reused_is_not_the_process_we_saw) {
        int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
        PidPin pin = { .pid = 4242 };
        pid_t pid = start();

        close_fd(before);
        ck_assert_int_eq(pid_pin_open(&root, pid, 1, &pin),
                PIDFD_REPLACED); /* seen with another start time */
        ck_assert_int_eq(pid_pin_open(&root, pid, UINT64_MAX - 1, &pin), PIDFD_REPLACED);
        ck_assert_int_eq(pin.pid, 4242);
        after = open("/dev/null", O_RDONLY | O_CLOEXEC);
        ck_assert_int_eq(after, before); /* nothing was left open */
        close_fd(after);
        kill(pid, SIGKILL);
        reap(pid);
}
END_TEST

START_TEST(a_recorded_process_is_pinned_without_touching_a_real_one) {
        SysRoot foreign = SYSROOT_INIT;
        PidPin pin = PID_PIN_INIT;
        char name[32], text[256];
        Fixture f;

        fixture_init(&f);
        snprintf(name, sizeof(name), "proc/%d/stat", getpid()); /* a number that exists here too */
        snprintf(text, sizeof(text), "%d (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 1 1\n",
                getpid());
        fixture_file(&f, name, text);
        ck_assert_int_eq(sysroot_open(f.path, &foreign), 0);
        ck_assert_int_eq(pid_pin_open(&foreign, getpid(), 77, &pin), PIDFD_OK);
        ck_assert_int_eq(pin.pidfd, FD_NONE);
        ck_assert_uint_eq(pin.stat.starttime_ticks, 77);
        pid_pin_done(&pin);
        ck_assert_int_eq(pid_pin_open(&foreign, getpid(), 78, &pin), PIDFD_REPLACED);

        fixture_file(&f, name, "1 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 1 1\n");
        ck_assert_int_eq(
                pid_pin_open(&foreign, getpid(), 77, &pin), -EBADMSG); /* says it is another one */
        fixture_remove(&f, name);
        ck_assert_int_eq(pid_pin_open(&foreign, getpid(), 77, &pin),
                PIDFD_GONE); /* between directory and stat */
        sysroot_done(&foreign);
        fixture_done(&f);
}
END_TEST

int main(void) {
        Suite *s = suite_create("pidfd");
        TCase *tc = tcase_create("pidfd");

        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_add_test(tc, a_process_is_signalled_through_its_descriptor_until_it_is_reaped);
        tcase_add_test(tc, what_does_not_exist_is_gone_and_what_is_impossible_is_an_error);
        tcase_add_test(tc, a_number_of_a_thread_is_no_process);
        tcase_add_test(tc, a_leader_that_ended_before_its_threads_has_not_ended);
        tcase_add_test(tc, memory_is_released_only_of_what_is_dying);
        tcase_add_test(tc, memory_that_is_shared_with_the_living_is_not_released);
        tcase_add_test(tc, another_users_process_is_denied);
        tcase_add_test(tc, a_pin_holds_one_process_by_all_its_descriptors);
        tcase_add_test(tc, a_number_that_was_reused_is_not_the_process_we_saw);
        tcase_add_test(tc, a_recorded_process_is_pinned_without_touching_a_real_one);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
