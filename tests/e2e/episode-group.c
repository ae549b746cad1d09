/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/e2e/episode-group.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/cgroup-procs.h"
#include "kernel/sysroot.h"

enum { ROUNDS = 500, PAUSE_MSEC = 10 };

/* Members are signalled one by one: older kernels have no cgroup.kill. */
static bool empty_and_remove(int root_fd, int procs_fd, const char *name) {
        for (int i = 0; i < ROUNDS; i++) {
                CgroupSignalled done;

                if (unlinkat(root_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                        return true;
                (void) cgroup_procs_signal(procs_fd, SIGKILL, &done);
                (void) poll(NULL, 0, PAUSE_MSEC);
        }
        return false;
}

/* Out of reach of what a terminal or a test runner sends to all of us. */
static void run_remover(int root_fd, int procs_fd, const char *name, int leash) {
        char byte;

        (void) setsid();
        (void) signal(SIGTERM, SIG_IGN);
        while (read(leash, &byte, 1) < 0 && errno == EINTR)
                ;
        _exit(empty_and_remove(root_fd, procs_fd, name) ? 0 : 1);
}

static bool give_up(EpisodeGroup *g, const char *why) {
        g->why = why;
        close_fd(g->fd);
        g->fd = FD_NONE;
        return false;
}

static bool start_remover(EpisodeGroup *g, int root_fd) {
        _cleanup_close_ int procs_fd = openat(g->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        int leash[2];

        if (procs_fd < 0 || pipe2(leash, O_CLOEXEC) < 0)
                return false;
        g->remover = fork();
        if (g->remover == 0) {
                close(leash[1]);
                run_remover(root_fd, procs_fd, g->path + 1, leash[0]);
        }
        close(leash[0]);
        g->leash = leash[1];
        if (g->remover > 0)
                return true;
        close(leash[1]);
        return false;
}

bool episode_group_make(EpisodeGroup *g) {
        SysRoot root = SYSROOT_INIT;
        bool made = false;

        *g = (EpisodeGroup){ .fd = FD_NONE, .leash = FD_NONE };
        (void) snprintf(g->path, sizeof(g->path), "/avert-episode-%d", (int) getpid());
        if (sysroot_open(NULL, &root) < 0)
                return give_up(g, "there is no /proc");

        if (root.cgroup_fd < 0)
                (void) give_up(g, "no cgroup2 is mounted");
        else if (mkdirat(root.cgroup_fd, g->path + 1, 0755) < 0)
                (void) give_up(g, "no cgroup can be made here");
        else {
                g->fd = fdio_open_dir_at(root.cgroup_fd, g->path + 1);
                made = g->fd >= 0 && start_remover(g, root.cgroup_fd);
                if (!made) {
                        (void) unlinkat(root.cgroup_fd, g->path + 1, AT_REMOVEDIR);
                        (void) give_up(g, "the cgroup could not be used");
                }
        }
        sysroot_done(&root);
        return made;
}

void episode_group_let_go(EpisodeGroup *g) {
        close_fd(g->leash);
        g->leash = FD_NONE;
}

bool episode_group_join(const EpisodeGroup *g) {
        return fdio_write_at(g->fd, "cgroup.procs", "0") == 0;
}

bool episode_group_remove(EpisodeGroup *g) {
        int status = 1;

        if (g->fd < 0)
                return true;
        close_fd(g->fd);
        g->fd = FD_NONE;
        episode_group_let_go(g);
        return waitpid(g->remover, &status, 0) == g->remover && status == 0;
}
