/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/process-fixture.h"

#include "base/fdio.h"
#include "kernel/pidfd.h"
#include "tests/harness.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_fd;
static int leash_fd; /* its other end is the test's: at the end of the file the test has ended */

static void wait_for_ever(void) {
        char byte;

        while (read(leash_fd, &byte, 1) != 0)
                ;
        _exit(0);
}

static void tell_ready(pid_t pid) {
        if (write(ready_fd, &pid, sizeof(pid)) != (ssize_t) sizeof(pid))
                _exit(1);
}

static void *live_on(void *leader) {
        (void) pthread_join(
                *(pthread_t *) leader, NULL); /* the first thread is a zombie now, or about to be */
        tell_ready(getpid());
        wait_for_ever();
        return NULL;
}

static void lose_head(void) {
        static pthread_t leader;
        pthread_t other;

        leader = pthread_self();
        if (pthread_create(&other, NULL, live_on, &leader) != 0)
                _exit(1);
        pthread_exit(NULL);
}

static int run_sharer(void *arg) {
        (void) arg;
        tell_ready(getpid());
        wait_for_ever();
        return 0;
}

static void start_sharer(void) {
        static char stack[64 * 1024] __attribute__((aligned(16)));

        tell_ready(getpid());
        if (clone(run_sharer, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) < 0)
                _exit(1);
}

static _Noreturn void run_victim(VictimKind kind) {
        signal(SIGTERM,
                kind == VICTIM_DEAF ? SIG_IGN
                                    : SIG_DFL); /* Check has a handler, which would end the test */
        switch (kind) {
        case VICTIM_HEADLESS:
                lose_head();
                break;
        case VICTIM_SHARING:
                start_sharer();
                break;
        case VICTIM_OTHER_USER:
                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(1);
                tell_ready(getpid());
                break;
        case VICTIM_PLAIN:
        case VICTIM_DEAF:
                tell_ready(getpid());
                break;
        }
        wait_for_ever();
        _exit(0);
}

static void start(VictimKind kind, Victim *victims, size_t n) {
        int fds[2], leash[2];
        pid_t pid;

        (void) prctl(PR_SET_CHILD_SUBREAPER, 1UL); /* a child's child is ours to reap */
        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        ck_assert_int_eq(pipe2(leash, O_CLOEXEC), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                ready_fd = fds[1];
                leash_fd = leash[0];
                close(leash[1]);
                run_victim(kind);
        }
        close(fds[1]);
        close(leash[0]); /* the other end closes with the test */

        for (size_t i = 0; i < n; i++) {
                victims[i] = (Victim){ .pidfd = FD_NONE };
                ck_assert_msg(
                        read(fds[0], &victims[i].pid, sizeof(pid_t)) == (ssize_t) sizeof(pid_t),
                        "victim %zu did not start", i);
                ck_assert_int_eq(pidfd_new(victims[i].pid, &victims[i].pidfd), PIDFD_OK);
        }
        close(fds[0]);
}

void victim_start(VictimKind kind, Victim *ret) {
        start(kind, ret, 1);
}

void victim_start_pair(Victim ret[2]) {
        start(VICTIM_SHARING, ret, 2);
}

static ProcFacts *make_facts(const Victim *v) {
        ProcFacts *facts = calloc(1, sizeof(*facts));

        ck_assert_ptr_nonnull(facts);
        facts->pid = v->pid;
        snprintf(facts->comm, sizeof(facts->comm), "victim");
        facts->tty = facts->exe = facts->cmdline = facts->cgroup = facts->unit = "";
        facts->user_unit = facts->slice = facts->container = "";
        return facts;
}

void victims_publish(Roster *roster, Victim *victims, size_t n) {
        RosterListing *listing = roster_begin(roster);

        ck_assert_ptr_nonnull(listing);
        for (size_t i = 0; i < n; i++) {
                Victim *v = &victims[i];
                RosterSlot *slot;

                v->slot = roster_claim(roster);
                ck_assert_uint_ne(v->slot, UINT32_MAX);
                slot = roster_slot(roster, v->slot);
                v->generation = slot->generation;
                slot->pidfd = dup(v->pidfd);
                slot->reap_pidfd = dup(v->pidfd);
                ck_assert(roster_set_facts(roster, v->slot, make_facts(v)));
                listing->slots[listing->n++] = v->slot;
        }
        listing->n_kept = listing->n;
        listing->n_seen = listing->n;
        roster_publish(roster, listing);
        ck_assert_ptr_nonnull(roster_acquire(roster, ROSTER_SENTINEL));
}

bool victim_has_ended(const Victim *v, int timeout_ms) {
        struct pollfd p = { .fd = v->pidfd, .events = POLLIN };

        return poll(&p, 1, timeout_ms) == 1;
}

char *victim_memory(size_t bytes) {
        const size_t page = (size_t) sysconf(_SC_PAGESIZE);
        char *memory = malloc(bytes);

        ck_assert_ptr_nonnull(memory);
        for (size_t at = 0; at < bytes; at += page)
                ((volatile char *) memory)[at] = 1;
        return memory;
}

/* Not every one is a child of ours that could be waited for: the pidfd tells of the end of all. */
void victim_done(Victim *v) {
        (void) pidfd_signal(v->pidfd, SIGKILL);
        ck_assert(victim_has_ended(v, HARNESS_PATIENCE_MSEC));
        (void) waitpid(v->pid, NULL, 0);
        v->pidfd = close_fd(v->pidfd);
}
