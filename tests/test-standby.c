/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/standby.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/options.h"
#include "tests/harness.h"

/* A sanitizer maps terabytes for itself, and locks nothing whatever it is asked. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { ROUNDS = 1000, PAUSE_MSEC = 10, NOBODY = 65534 };

/* KiB of a line of /proc/PID/status; 0 as long as there is none. */
static unsigned long status_kib(pid_t pid, const char *name) {
        unsigned long kib = 0;
        char path[64], line[256];
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/status", (int) pid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, name, strlen(name)) == 0)
                        kib = strtoul(line + strlen(name), NULL, 10);
        if (f)
                fclose(f);
        return kib;
}

static int exit_code(pid_t pid) {
        int status = 0;

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(all_of_the_text_is_locked_until_it_is_told_to_end) {
        unsigned long locked = 0, mapped = 0;
        pid_t pid;

        if (SANITIZED)
                return;
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
                _exit(standby_run());
        for (int i = 0; i < ROUNDS && (locked == 0 || locked < mapped); i++) {
                (void) poll(NULL, 0, PAUSE_MSEC);
                locked = status_kib(pid, "VmLck:");
                mapped = status_kib(pid, "VmExe:") + status_kib(pid, "VmLib:");
        }
        (void) kill(pid, SIGTERM);
        ck_assert_int_eq(exit_code(pid), EXIT_OK);
        ck_assert_uint_gt(mapped, 0);
        ck_assert_uint_ge(locked, mapped);
}
END_TEST

START_TEST(who_may_not_lock_says_so_and_ends) {
        const struct rlimit none = { 0, 0 };
        pid_t pid;

        if (SANITIZED)
                return;
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(NOBODY) < 0))
                        _exit(EXIT_USAGE);
                _exit(standby_run());
        }
        ck_assert_int_eq(exit_code(pid), EXIT_FAILED);
}
END_TEST

HARNESS_MAIN("standby", all_of_the_text_is_locked_until_it_is_told_to_end,
        who_may_not_lock_says_so_and_ends)
