/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/selftest-policy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "config/config-load.h"

int selftest_mark(char ret[SELFTEST_MARK_SIZE]) {
        uint64_t number;

        if (getrandom(&number, sizeof(number), 0) != (ssize_t) sizeof(number))
                return -errno;
        snprintf(ret, SELFTEST_MARK_SIZE, "%016" PRIx64, number);
        return 0;
}

bool selftest_print_policy(
        const char *exe, uid_t uid, const char *mark, uint64_t bytes, TextBuf *out) {
        if (exe[0] != '/' || strpbrk(exe, "*?[]\\\"'\n") || strlen(exe) > 200)
                return false;

        textbuf_addf(out,
                "# of avertctl selftest, while it runs\n"
                "version: 1\n"
                "policies:\n"
                "  - name: " SELFTEST_POLICY "\n"
                "    watch: { process: { exe: \"%s\", cmdline: \"* %s\", uid: %u } }\n"
                "    when: proc.anon > %" PRIu64 "M\n"
                "    targets: { at_least: 16M }\n"
                "    steps: [ notify: warning, terminate: { grace: 5s } ]\n",
                exe, mark, (unsigned) uid, bytes / 2 / (1024 * 1024));
        return !out->truncated;
}

static int open_locked(const char *path, int *ret) {
        _cleanup_close_ int fd =
                open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);

        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

int selftest_policy_place(const char *text, SelftestPolicy *ret) {
        SelftestPolicy p = { .fd = FD_NONE };
        size_t len = strlen(text);
        int r;

        if (mkdir("/" CONFIG_DIR_RUNTIME, 0755) < 0 && errno != EEXIST)
                return -errno;
        snprintf(p.path, sizeof(p.path), "/" CONFIG_DIR_RUNTIME "/99-" SELFTEST_POLICY ".yaml");
        r = open_locked(p.path, &p.fd);
        if (r < 0)
                return r;
        if (ftruncate(p.fd, 0) < 0 || write(p.fd, text, len) != (ssize_t) len) {
                r = errno != 0 ? -errno : -ENOSPC;
                selftest_policy_remove(&p);
                return r;
        }
        *ret = p;
        return 0;
}

void selftest_policy_remove(SelftestPolicy *p) {
        if (p->fd == FD_NONE)
                return;
        (void) unlink(p->path);
        p->fd = close_fd(p->fd);
}
