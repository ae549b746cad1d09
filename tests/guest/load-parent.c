/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/load.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_ARGS_MAX 64

static pid_t fork_or_die(void) {
        pid_t pid = fork();

        if (pid < 0)
                load_die("fork");
        return pid;
}

/* A child's words are a load of this program, or, with a path first, any command. */
static void __attribute__((noreturn)) exec_child(const Load *load) {
        char self[256] = "", *args[CHILD_ARGS_MAX] = { self };
        size_t n = load->child[0][0] == '/' ? 0 : 1;

        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) /* the name stays ours */
                load_die("/proc/self/exe");
        (void) unsetenv("NOTIFY_SOCKET"); /* who became this, or started it, spoke for the unit */
        for (char **word = load->child; *word && n < CHILD_ARGS_MAX - 1; word++)
                args[n++] = *word;
        args[n] = NULL;
        execv(args[0], args);
        load_die(args[0]);
}

/* The judge's sign that the trial begins. */
static void await_go(const Load *load) {
        char path[256];

        snprintf(path, sizeof(path), GUEST_DIR "/%s.go", load->name);
        while (access(path, F_OK) < 0)
                load_sleep_usec(20000);
}

static void __attribute__((noreturn)) keep_child(const Load *load) {
        for (;;) {
                int status;
                pid_t pid;

                if (load->newpid && unshare(CLONE_NEWPID) < 0)
                        load_die("CLONE_NEWPID");
                pid = fork_or_die();
                if (pid == 0)
                        exec_child(load);
                while (waitpid(pid, &status, 0) != pid)
                        ;
                load->page->child_status = (uint64_t) status;
                load->page->child_ends++;
                if (load->respawn_msec == 0)
                        for (;;)
                                pause();
                load_sleep_usec(load->respawn_msec * 1000);
        }
}

void load_run_parent(const Load *load) {
        char *own = load->own_bytes > 0 ? load_reserve(load->own_bytes) : NULL;

        for (uint64_t at = 0; at + LOAD_PAGE <= load->own_bytes; at += LOAD_PAGE)
                load_fill_page(own + at, load->fill);
        for (uint64_t i = 0; i < load->sleepers; i++)
                if (fork_or_die() == 0)
                        for (;;)
                                pause();
        load_tell_ready();
        if (load->wait)
                await_go(load);
        if (load->child)
                keep_child(load);
        for (;;)
                pause();
}

void load_run_program(const Load *load) {
        if (!load->child) {
                errno = EINVAL;
                load_die("no program");
        }
        load_tell_ready();
        exec_child(load);
}

void load_run_swarm(const Load *load) {
        Load each = *load;

        each.rate_bytes /= load->count;
        each.max_bytes /= load->count;
        load_tell_ready();
        (void) unsetenv("NOTIFY_SOCKET"); /* it was told */
        for (uint64_t i = 0; i < load->count; i++)
                if (fork_or_die() == 0)
                        load_run_leak(&each);
        while (waitpid(-1, NULL, 0) > 0)
                ;
        for (;;)
                pause();
}
