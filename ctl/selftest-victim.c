/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/selftest-victim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/sysroot.h"

#define LIFE_SECONDS 120
#define SYSTEMD_RUN "/usr/bin/systemd-run"

/* ---- in the victim
 * --------------------------------------------------------------------------------- */

int selftest_victim_main(void) {
        char byte;
        char *memory;

        (void) alarm(LIFE_SECONDS);
        /* standard input is a pipe of avertctl's: its end is the end of the test */
        if (read(STDIN_FILENO, &byte, 1) <= 0)
                return 0;
        memory = mmap(
                NULL, SELFTEST_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return 1;
        memset(memory, 1, SELFTEST_BYTES);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        return 0;
}

/* ---- where it lives
 * -------------------------------------------------------------------------------- */

static int open_cgroups(SysRoot *ret) {
        *ret = SYSROOT_INIT;
        return sysroot_open(NULL, ret);
}

static bool has_systemd(void) {
        struct stat st;

        return lstat("/run/systemd/system", &st) == 0 && access(SYSTEMD_RUN, X_OK) == 0;
}

/* Moves into a new cgroup of that name; false when there can be none. */
static bool enter_cgroup(const char *name) {
        char path[96];
        SysRoot root;
        int fd = FD_NONE;
        bool entered = false;

        if (open_cgroups(&root) == 0 && root.cgroup_fd >= 0 &&
                mkdirat(root.cgroup_fd, name, 0755) == 0) {
                snprintf(path, sizeof(path), "%s/cgroup.procs", name);
                fd = openat(root.cgroup_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
                entered = fd >= 0 && write(fd, "0", 1) == 1;
                close_fd(fd);
                if (!entered)
                        (void) unlinkat(root.cgroup_fd, name, AT_REMOVEDIR);
        }
        sysroot_done(&root);
        return entered;
}

static void remove_cgroup(const char *name) {
        SysRoot root;

        if (open_cgroups(&root) == 0 && root.cgroup_fd >= 0)
                (void) unlinkat(root.cgroup_fd, name, AT_REMOVEDIR);
        sysroot_done(&root);
}

/* ---- starting and ending it
 * ------------------------------------------------------------------------ */

/* An inherited -1000 means that it is not to be ended; and should memory be short after all, it is
 * the kernel's first choice. */
static void volunteer(void) {
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd >= 0)
                (void) !write(fd, "1000", 4);
        close_fd(fd);
}

/* In the child: never returns. systemd-run --scope becomes the program, so the pid stays. */
static void become_victim(
        const char *exe, const char *mark, int go, int placed, SelftestVictim *v, pid_t parent) {
        char unit[96];

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || dup2(go, STDIN_FILENO) < 0)
                _exit(126);
        volunteer();
        v->place = has_systemd()          ? SELFTEST_IN_SCOPE
                : enter_cgroup(v->cgroup) ? SELFTEST_IN_CGROUP
                                          : SELFTEST_BESIDE_US;
        if (write(placed, &v->place, sizeof(v->place)) != (ssize_t) sizeof(v->place))
                _exit(126);
        if (v->place == SELFTEST_IN_SCOPE) {
                snprintf(unit, sizeof(unit), "--unit=%s", v->cgroup);
                /* the mark is the victim's last argument, as the policy wants it */
                (void) execl(SYSTEMD_RUN, "systemd-run", "--scope", "--quiet", "--collect", unit,
                        "--property=MemoryMax=128M", "--", exe, SELFTEST_VICTIM, mark,
                        (char *) NULL);
                _exit(127);
        }
        (void) execl(exe, exe, SELFTEST_VICTIM, mark, (char *) NULL);
        _exit(127);
}

int selftest_victim_start(const char *exe, const char *mark, SelftestVictim *ret) {
        int go[2], placed[2], r = 0;
        pid_t parent = getpid();
        SelftestVictim v = { .pid = 0 };

        snprintf(v.cgroup, sizeof(v.cgroup), "avert-selftest-%s.scope", mark);
        if (pipe2(go, O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(placed, O_CLOEXEC) < 0) {
                r = -errno;
                close_fd(go[0]);
                close_fd(go[1]);
                return r;
        }

        v.pid = fork();
        if (v.pid == 0)
                become_victim(exe, mark, go[0], placed[1], &v, parent);
        if (v.pid < 0)
                r = -errno;
        close_fd(go[0]);
        close_fd(placed[1]);
        v.go_fd = go[1];
        if (r == 0 && read(placed[0], &v.place, sizeof(v.place)) != (ssize_t) sizeof(v.place)) {
                r = -ECHILD;
                selftest_victim_done(&v);
        } else if (r < 0)
                close_fd(go[1]);
        close_fd(placed[0]);
        if (r == 0)
                *ret = v;
        return r;
}

void selftest_victim_go(SelftestVictim *v) {
        (void) !write(v->go_fd, "+", 1); /* it may be gone already: that is seen */
}

bool selftest_victim_has_ended(SelftestVictim *v, int *ret) {
        if (v->pid <= 0 || waitpid(v->pid, ret, WNOHANG) != v->pid)
                return false;
        v->pid = 0;
        return true;
}

void selftest_victim_done(SelftestVictim *v) {
        if (v->pid > 0) {
                (void) kill(v->pid, SIGKILL);
                while (waitpid(v->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                v->pid = 0;
        }
        v->go_fd = close_fd(v->go_fd);
        if (v->place == SELFTEST_IN_CGROUP)
                remove_cgroup(v->cgroup);
}
