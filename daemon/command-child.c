/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"
#include "kernel/child-process.h"

#define LOCKED_BYTES (64u << 10)
#define OPEN_FILES 1024

static _Noreturn void give_up(int fd, const char *where, int error) {
        CommandTrouble trouble = { .error = error };

        (void) text_copy(trouble.where, sizeof(trouble.where), where);
        (void) !write(fd, &trouble, sizeof(trouble));
        _exit(EXIT_FAILURE);
}

/* The pipes are never 0, 1 or 2: a descriptor that we were to keep would be lost. */
static int above_streams(int fd) {
        return fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

static int take_streams(const CommandSetting *s, int *ret_trouble) {
        int in = above_streams(s->in_fd), out = above_streams(s->out_fd),
            err = above_streams(s->err_fd), trouble = above_streams(s->trouble_fd);

        if (in < 0 || out < 0 || err < 0 || trouble < 0)
                return -errno;
        if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                dup2(err, STDERR_FILENO) < 0)
                return -errno;
        *ret_trouble = child_keep_only(trouble);
        return 0;
}

static void bound(int resource, rlim_t value) {
        struct rlimit limit;

        if (getrlimit((__rlimit_resource_t) resource, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max = MIN(limit.rlim_max, value);
        (void) setrlimit((__rlimit_resource_t) resource, &limit);
}

/* Of its groups only the first: whose others there are is a question to name services, which may
 * need memory, a network or a long time to answer. */
static int take_user(const CommandOrder *o) {
        gid_t gid = o->gid;

        if (geteuid() == o->uid && getegid() == o->gid && getgroups(0, NULL) <= 0)
                return 0;
        if (setgroups(1, &gid) < 0 || setresgid(gid, gid, gid) < 0 ||
                setresuid(o->uid, o->uid, o->uid) < 0)
                return -errno;
        return 0;
}

/* Where the rights suffice, root is nobody special from here on. */
static int drop_rights(void) {
        (void) prctl(PR_SET_SECUREBITS,
                SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                        SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                0, 0, 0);
        return child_limit_capabilities(0);
}

static void split(const char *strings, uint32_t n, const char **ret, const char **ret_rest) {
        for (uint32_t i = 0; i < n; i++) {
                ret[i] = strings;
                strings += strlen(strings) + 1;
        }
        ret[n] = NULL;
        *ret_rest = strings;
}

_Noreturn void command_become(const CommandSetting *s) {
        const char *args[STEP_ARGS_MAX + 1], *environment[COMMAND_ENVIRONMENT_MAX + 1], *rest;
        int trouble = s->trouble_fd, r;

        (void) setsid();
        if (s->cgroup_fd >= 0) {
                r = fdio_write_at(s->cgroup_fd, "cgroup.procs", "0");
                if (r < 0)
                        give_up(trouble, "cgroup", -r);
        }
        r = take_streams(s, &trouble);
        if (r < 0)
                give_up(s->trouble_fd, "streams", -r);

        child_reset_signals();
        child_become_ordinary();
        bound(RLIMIT_CORE, 0);
        bound(RLIMIT_MEMLOCK, LOCKED_BYTES);
        bound(RLIMIT_NOFILE, OPEN_FILES);
        (void) umask(077);
        if (chdir("/") < 0)
                give_up(trouble, "directory", errno);
        r = take_user(s->order);
        if (r < 0)
                give_up(trouble, "user", -r);
        r = drop_rights();
        if (r < 0)
                give_up(trouble, "capabilities", -r);
        child_follow_parent(s->parent); /* cleared by the change of user */

        split(s->strings, s->order->n_args, args, &rest);
        split(rest, s->order->n_environment, environment, &rest);
        (void) execve(args[0], (char **) (uintptr_t) args, (char **) (uintptr_t) environment);
        give_up(trouble, "exec", errno);
}
