/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One load of a guest scenario: takes memory in a given way and tells the judge who it is.
 *
 *   guest-load NAME MODE [SETTING...] [-- CHILD...]
 *
 *   leak | memfd | files  [rate=20M] [max=2G] [leave=SIZE]  grows; files: in [dir=/dev/shm]
 *   leak                  [recover=MS]  frees all again, that long after it reached its maximum
 *   leak                  [once]  not when it is started again
 *   swarm                 [count=20] [rate=] [max=]  that many leaks, which share both
 *   hold                  [size=100M] [period=5000]  takes it at once, uses it all once per period
 *   shed                  [size=] [period=] [portion=32M]  the same; gives back at each hint
 *   shared                [count=20] [size=]  that many processes with one mapping
 *   cache                 [size=] [period=] [dir=] [map] [dirty]  reads files, again and again
 *   parent                [own=SIZE] [sleepers=N] [wait] [respawn=MS] [newpid]
 *                         -- NAME MODE... | -- /COMMAND...
 *   program               -- /COMMAND...  becomes that
 *   heartbeat
 *
 * And for all of them: fill=random|half|same; lock; pageout (hold); ignore-term; nasty (a name that
 * is hard to parse); sharer (a second process with the same memory, which only waits); leaderless
 * (the first thread has ended). NAME.page in GUEST_DIR says the rest. */

#include "tests/guest/load.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NASTY_NAME ") S 1 (\n\033[2J"
#define SHARER_STACK (64 * 1024)

static Load load;

void load_die(const char *what) {
        fprintf(stderr, "%s: %s\n", what, strerror(errno));
        exit(1);
}

void load_sleep_usec(uint64_t usec) {
        const struct timespec ts = {
                .tv_sec = (time_t) (usec / 1000000),
                .tv_nsec = (long) (usec % 1000000) * 1000,
        };

        (void) nanosleep(&ts, NULL); /* woken early by a signal: the loops measure what passed */
}

void load_tell_ready(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = getenv("NOTIFY_SOCKET");
        size_t len;
        int fd;

        if (!path)
                return;
        len = strlen(path);
        if (len >= sizeof(address.sun_path)) {
                errno = ENAMETOOLONG;
                load_die("NOTIFY_SOCKET");
        }

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                load_die("socket");
        memcpy(address.sun_path, path, len);
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';
        if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len)) < 0)
                load_die("READY=1");
        close(fd);
}

static void on_term(int signo) {
        static const char text[] = "asked to end (SIGTERM), going on\n";

        (void) signo;
        load.page->asked++;
        (void) !write(
                STDERR_FILENO, text, sizeof(text) - 1); /* only for the reader of the journal */
}

/* /proc is the guest's: in a PID namespace of its own, too, it tells the number that others see. */
static uint64_t own_pid(void) {
        char text[32] = "";

        if (readlink("/proc/self", text, sizeof(text) - 1) < 0)
                load_die("/proc/self");
        return strtoull(text, NULL, 10);
}

static int wait_for_ever(void *arg) {
        (void) arg;
        for (;;)
                pause();
        return 0;
}

static void start_sharer(void) {
        static char stack[SHARER_STACK] __attribute__((aligned(16)));

        if (clone(wait_for_ever, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) < 0)
                load_die("clone");
}

static void run(void) {
        static const struct {
                const char *name;
                void (*run)(const Load *load);
        } modes[] = {
                { "leak", load_run_leak },
                { "memfd", load_run_memfd },
                { "files", load_run_files },
                { "hold", load_run_hold },
                { "shed", load_run_shed },
                { "shared", load_run_shared },
                { "cache", load_run_cache },
                { "swarm", load_run_swarm },
                { "parent", load_run_parent },
                { "program", load_run_program },
                { "heartbeat", load_run_heartbeat },
        };

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
                if (strcmp(load.mode, modes[i].name) == 0)
                        modes[i].run(&load);
        errno = EINVAL;
        load_die(load.mode);
}

static void *run_thread(void *arg) {
        (void) arg;
        run();
        return NULL;
}

int main(int argc, char **argv) {
        pthread_t thread;

        if (argc < 3) {
                fputs("usage: guest-load NAME MODE [SETTING...] [-- CHILD...]\n", stderr);
                return 2;
        }
        load_parse(&load, argc, argv);
        load.page = guest_page_map(load.name);
        if (!load.page)
                load_die(load.name);
        load.page->starts++;
        load.page->pid = own_pid();

        if (load.ignore_term)
                (void) signal(SIGTERM, on_term);
        if (load.nasty)
                (void) prctl(PR_SET_NAME, NASTY_NAME); /* cannot fail: a readable address */
        if (load.sharer)
                start_sharer();
        if (load.leaderless) {
                if (pthread_create(&thread, NULL, run_thread, NULL) != 0)
                        load_die("pthread_create");
                pthread_exit(NULL);
        }
        run();
        return 1;
}
