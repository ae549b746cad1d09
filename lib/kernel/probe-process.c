/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "kernel/probe-parts.h"
#include "kernel/proc-list.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"

/* "0.00 0.01 0.05 1/123 4567": the threads of the whole machine, whatever we may see of them. */
static uint64_t count_all_tasks(const SysRoot *root) {
        uint64_t n = 0;
        const char *slash;
        char buf[128];

        if (fdio_read_at(root->proc_fd, "loadavg", buf, sizeof(buf)) < 0)
                return 0;
        slash = strchr(buf, '/');
        if (slash)
                (void) number_scan_u64(slash + 1, strlen(slash + 1), &n); /* 0: unknown */
        return n;
}

static int read_stat(const SysRoot *root, pid_t pid, ProcStat *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = proc_dir_open(root->proc_fd, pid, &fd);

        return r == PROC_OK ? proc_stat_read_at(fd, ret) : r;
}

static int count_visible_tasks(const SysRoot *root, uint64_t *ret) {
        _Alignas(8) char buf[4096];
        _cleanup_close_ int fd = proc_list_open(root->proc_fd, ".");
        uint64_t n = 0;
        ProcList list;
        pid_t pid;
        int r;

        if (fd < 0)
                return fd;
        r = proc_list_init(&list, fd, buf, sizeof(buf));
        if (r < 0)
                return r;

        while ((r = proc_list_next(&list, &pid)) > 0) {
                ProcStat stat;

                if (read_stat(root, pid, &stat) == PROC_OK)
                        n += stat.num_threads;
        }
        if (r < 0)
                return r;

        *ret = n;
        return 0;
}

/* The first pid namespace has a fixed number. */
static bool in_first_pid_namespace(const SysRoot *root) {
        char target[32];

        return fdio_readlink_at(root->proc_fd, "self/ns/pid", target, sizeof(target)) > 0 &&
                strcmp(target, "pid:[4026531836]") == 0;
}

void probe_processes(const SysRoot *root, Probe *probe) {
        bool hidden = root->mounts.hides_processes;
        int r;

        /* With nothing in between, what is listed is all there is. */
        if (!hidden && (root->foreign || in_first_pid_namespace(root))) {
                probe_set(probe, PROBE_PROCESSES, PROBE_PRESENT, "%s", "");
                return;
        }

        r = count_visible_tasks(root, &probe->visible_tasks);
        probe->all_tasks = count_all_tasks(root);
        if (r < 0)
                probe_set(probe, PROBE_PROCESSES, PROBE_ABSENT, "/proc cannot be listed: %s",
                        strerror(-r));
        else if (probe->visible_tasks < sub_sat_u64(probe->all_tasks, probe->all_tasks / 10))
                probe_set(probe, PROBE_PROCESSES, PROBE_DEGRADED,
                        "can see %llu of %llu processes (threads counted): %s",
                        (unsigned long long) probe->visible_tasks,
                        (unsigned long long) probe->all_tasks,
                        hidden ? "/proc is mounted with hidepid, and CAP_SYS_PTRACE is missing"
                               : "we are in a pid namespace");
        else
                probe_set(probe, PROBE_PROCESSES, PROBE_PRESENT, "%s", "");
}
