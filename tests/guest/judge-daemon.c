/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/judge.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
        char unit[64]; /* empty: there is none */
        pid_t pid;
        int statm_fd;
        int cpu_fd;   /* cpu.stat of the unit's cgroup: it outlives a restart */
        int procs_fd; /* cgroup.procs of it */
        uint64_t cpu_before_usec;
        uint64_t cpu_usec;
        uint64_t rss_kib; /* most */
        bool killed;
} daemon_state = { .statm_fd = -1, .cpu_fd = -1, .procs_fd = -1 };

void daemon_open(const char *unit) {
        char command[256], text[300], path[64];

        snprintf(daemon_state.unit, sizeof(daemon_state.unit), "%s", unit);
        snprintf(command, sizeof(command), "systemctl show %s --value -p MainPID", unit);
        judge_ask(command, text, sizeof(text));
        daemon_state.pid = atoi(text);
        if (daemon_state.pid <= 0) {
                fprintf(stderr, "judge: %s does not run\n", unit);
                return;
        }
        snprintf(path, sizeof(path), "/proc/%d/statm", (int) daemon_state.pid);
        daemon_state.statm_fd = open(path, O_RDONLY | O_CLOEXEC);
        daemon_state.cpu_fd =
                judge_open_cgroup_file(daemon_state.pid, "cpu.stat", text, sizeof(text));
        daemon_state.procs_fd =
                judge_open_cgroup_file(daemon_state.pid, "cgroup.procs", text, sizeof(text));
}

void daemon_begin(void) {
        daemon_state.cpu_before_usec = judge_read_number(daemon_state.cpu_fd, "usage_usec ");
        daemon_state.cpu_usec = daemon_state.cpu_before_usec;
}

void daemon_follow(void) {
        uint64_t cpu = judge_read_number(daemon_state.cpu_fd, "usage_usec "), kib = 0;
        char buf[128];
        ssize_t n = pread(daemon_state.statm_fd, buf, sizeof(buf) - 1, 0);

        if (cpu > daemon_state.cpu_usec)
                daemon_state.cpu_usec = cpu;
        if (n > 0) {
                buf[n] = '\0';
                if (strchr(buf, ' '))
                        kib = strtoull(strchr(buf, ' '), NULL, 10) * 4;
        }
        if (kib > daemon_state.rss_kib)
                daemon_state.rss_kib = kib;
}

void daemon_forget_standby(void) {
        if (daemon_state.pid > 0)
                people_forget_second(daemon_state.pid);
}

void daemon_forget(void) {
        char buf[1024];
        ssize_t n = pread(daemon_state.procs_fd, buf, sizeof(buf) - 1, 0);

        if (n <= 0)
                return;
        buf[n] = '\0';
        for (char *at = buf, *end; (end = strchr(at, '\n')); at = end + 1)
                people_forget(atoi(at));
}

void daemon_kill(void) {
        if (daemon_state.pid <= 0)
                return;
        daemon_forget();
        daemon_state.killed = kill(daemon_state.pid, SIGKILL) == 0;
}

void daemon_write(FILE *f) {
        char command[256], text[64];

        snprintf(command, sizeof(command), "systemctl show %s --value -p ActiveState",
                daemon_state.unit);
        judge_ask(command, text, sizeof(text));
        fprintf(f, "\"daemon\": {\"unit\": \"%s\", \"state\": \"%s\"", daemon_state.unit, text);
        fprintf(f, ", \"cpu_usec\": %llu, \"rss_kib\": %llu, \"killed\": %s}",
                (unsigned long long) (daemon_state.cpu_usec - daemon_state.cpu_before_usec),
                (unsigned long long) daemon_state.rss_kib, daemon_state.killed ? "true" : "false");
}
