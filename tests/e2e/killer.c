/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a program and kills it with SIGKILL as one of its threads is about to make a system call:
 * killer N THREAD PROGRAM ARGUMENT... counts the calls of all threads of that name, from their
 * first pread(2) on: what they do before is to begin. Says "killed before call N (NUMBER)", or
 * "ended after N calls" when it ended, or was to end, before: at SIGTERM the program is killed and
 * the count is what there was. 77: nothing may be traced here. */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PTRACE = 77 };

typedef struct Trial {
        pid_t pid;
        const char *thread;
        unsigned long n, limit;
} Trial;

static volatile sig_atomic_t over;

static void on_term(int signo) {
        (void) signo;
        over = 1;
}

static bool is_meant(const Trial *t, pid_t tid) {
        char path[64], name[32] = "";
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int) t->pid, (int) tid);
        f = fopen(path, "re");
        if (!f)
                return false;
        if (!fgets(name, sizeof(name), f))
                name[0] = '\0';
        fclose(f);
        name[strcspn(name, "\n")] = '\0';
        return strcmp(name, t->thread) == 0;
}

static void on_call(Trial *t, pid_t tid) {
        struct __ptrace_syscall_info info;

        if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0 ||
                info.op != PTRACE_SYSCALL_INFO_ENTRY || !is_meant(t, tid))
                return;
        if ((t->n == 0 && info.entry.nr != SYS_pread64) || ++t->n != t->limit)
                return;
        (void) kill(t->pid, SIGKILL);
        printf("killed before call %lu (%llu)\n", t->n, (unsigned long long) info.entry.nr);
}

/* The signal to go on with. */
static int on_stop(Trial *t, pid_t tid, int status) {
        int signo = WSTOPSIG(status);

        if (signo == (SIGTRAP | 0x80)) {
                on_call(t, tid);
                return 0;
        }
        /* a new thread begins with a SIGSTOP that nobody sent */
        return status >> 16 != 0 || signo == SIGSTOP || signo == SIGTRAP ? 0 : signo;
}

static int follow(Trial *t) {
        int status;

        for (;;) {
                pid_t tid = waitpid(-1, &status, __WALL);

                if (over)
                        (void) kill(t->pid, SIGKILL);
                if (tid < 0 && errno == EINTR)
                        continue;
                if (tid < 0 || (tid == t->pid && !WIFSTOPPED(status)))
                        break;
                if (WIFSTOPPED(status))
                        (void) ptrace(PTRACE_SYSCALL, tid, 0, on_stop(t, tid, status));
        }
        if (t->limit == 0 || t->n < t->limit)
                printf("ended after %lu calls\n", t->n);
        return 0;
}

static int run_traced(char *const *argv) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
                return NO_PTRACE;
        (void) raise(SIGSTOP);
        (void) execv(argv[0], argv);
        return 1;
}

int main(int argc, char *argv[]) {
        const struct sigaction term = { .sa_handler = on_term };
        Trial t = { 0 };
        int status;

        if (argc < 4)
                return 2;
        t.limit = strtoul(argv[1], NULL, 10);
        t.thread = argv[2];
        t.pid = fork();
        if (t.pid == 0)
                _exit(run_traced(argv + 3));
        if (t.pid < 0 || waitpid(t.pid, &status, 0) != t.pid || !WIFSTOPPED(status))
                return NO_PTRACE;
        if (ptrace(PTRACE_SETOPTIONS, t.pid, 0,
                    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL) < 0) {
                (void) kill(t.pid, SIGKILL);
                return NO_PTRACE;
        }
        (void) sigaction(SIGTERM, &term, NULL);
        (void) ptrace(PTRACE_SYSCALL, t.pid, 0, 0);
        return follow(&t);
}
