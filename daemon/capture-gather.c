/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/capture-gather.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fdio.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/proc-stat.h"
#include "kernel/proc.h"
#include "kernel/sysroot.h"

/* No cmdline and no environ: they may hold secrets, and are nobody's evidence. */
static const char *const quick_files[] = {
        "status",
        "stat",
        "limits",
        "cgroup",
        "oom_score",
        "oom_score_adj",
};

static const char *const cgroup_files[] = {
        "memory.current",
        "memory.swap.current",
        "memory.min",
        "memory.low",
        "memory.high",
        "memory.max",
        "memory.swap.max",
        "memory.oom.group",
        "memory.events",
        "memory.events.local",
        "memory.pressure",
        "memory.stat",
        "cgroup.events",
        "cgroup.stat",
        "pids.current",
};

/* Waits for the memory lock of the process (mmap_lock), for ever if need be. */
static const char *const slow_files[] = { "smaps_rollup" };

typedef struct Gatherer {
        const Errand *errand;
        SysRoot root;
        int fd;
        int dirs[ERRAND_PROCESSES_MAX]; /* FD_NONE: nothing to read there */
        CapturePiece piece;
} Gatherer;

static void send_piece(
        Gatherer *g, int32_t process, const char *name, CaptureState state, int error) {
        CapturePiece *p = &g->piece;

        p->process = process;
        p->state = state;
        p->error = error;
        (void) text_copy(p->name, sizeof(p->name), name);
        if (state != CAPTURE_READ)
                p->len = 0;
        (void) send(g->fd, p, offsetof(CapturePiece, text) + p->len, MSG_NOSIGNAL);
}

static void take_file(Gatherer *g, int32_t process, int dir_fd, const char *name) {
        CapturePiece *p = &g->piece;
        ssize_t n = fdio_read_at(dir_fd, name, p->text, sizeof(p->text));

        if (n == -EOVERFLOW)
                n = (ssize_t) strnlen(p->text, sizeof(p->text) - 1);
        if (n >= 0) {
                p->len = (uint32_t) n;
                send_piece(g, process, name, CAPTURE_READ, 0);
        } else if (n == -ESRCH || n == -ENODEV)
                send_piece(g, process, name, CAPTURE_GONE, 0);
        else
                send_piece(g, process, name, CAPTURE_MISSING, (int) -n);
}

/* Its directory, if it is the process that was judged. */
static int open_process(Gatherer *g, uint32_t i) {
        _cleanup_close_ int dir_fd = FD_NONE;
        ProcStat stat;
        int r;

        r = proc_dir_open(g->root.proc_fd, g->errand->pids[i], &dir_fd);
        if (r == PROC_OK)
                r = proc_stat_read_at(dir_fd, &stat);
        if (r == PROC_OK && stat.starttime_ticks == g->errand->start_ticks[i])
                return TAKE_FD(dir_fd);
        if (r == PROC_OK)
                send_piece(g, (int32_t) i, "", CAPTURE_REPLACED, 0);
        else
                send_piece(g, (int32_t) i, "", r == PROC_GONE ? CAPTURE_GONE : CAPTURE_MISSING,
                        r < 0                    ? -r
                                : r == PROC_GONE ? 0
                                                 : EACCES);
        return FD_NONE;
}

static void gather_processes(Gatherer *g, const char *const *names, size_t n) {
        for (uint32_t i = 0; i < MIN(g->errand->n_processes, (uint32_t) ERRAND_PROCESSES_MAX); i++)
                for (size_t k = 0; g->dirs[i] >= 0 && k < n; k++)
                        take_file(g, (int32_t) i, g->dirs[i], names[k]);
}

static void gather_cgroup(Gatherer *g) {
        const char *path = g->errand->cgroup;
        _cleanup_close_ int dir_fd = FD_NONE;
        struct stat st;

        if (path[0] != '/')
                return; /* there is none, or its path was too long */
        dir_fd = g->root.cgroup_fd < 0
                ? -ENOENT
                : fdio_open_dir_at(g->root.cgroup_fd, path[1] ? path + 1 : ".");
        if (dir_fd < 0) {
                send_piece(g, CAPTURE_CGROUP, "",
                        dir_fd == -ENOENT ? CAPTURE_GONE : CAPTURE_MISSING, -dir_fd);
                return;
        }
        if (fstat(dir_fd, &st) == 0) {
                g->piece.len = (uint32_t) snprintf(
                        g->piece.text, sizeof(g->piece.text), "%ju", (uintmax_t) st.st_ino);
                send_piece(g, CAPTURE_CGROUP, "inode", CAPTURE_READ, 0);
        }
        for (size_t i = 0; i < ELEMENTS(cgroup_files); i++)
                take_file(g, CAPTURE_CGROUP, dir_fd, cgroup_files[i]);
}

void capture_gather(const Errand *errand, const char *root, int fd) {
        static Gatherer g;

        g = (Gatherer){ .errand = errand, .root = SYSROOT_INIT, .fd = fd };
        for (uint32_t i = 0; i < ERRAND_PROCESSES_MAX; i++)
                g.dirs[i] = FD_NONE;
        if (sysroot_open(*root ? root : NULL, &g.root) < 0)
                return;
        for (uint32_t i = 0; i < MIN(errand->n_processes, (uint32_t) ERRAND_PROCESSES_MAX); i++)
                g.dirs[i] = open_process(&g, i);
        gather_processes(&g, quick_files, ELEMENTS(quick_files));
        gather_cgroup(&g);
        gather_processes(&g, slow_files, ELEMENTS(slow_files));

        for (uint32_t i = 0; i < ERRAND_PROCESSES_MAX; i++)
                close_fd(g.dirs[i]);
        sysroot_done(&g.root);
        send_piece(&g, CAPTURE_CGROUP, "", CAPTURE_READ, 0); /* that was all */
}
