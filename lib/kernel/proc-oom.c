/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-oom.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "kernel/proc.h"

int proc_oom_parse(const char *text, int *ret) {
        char word[16];
        size_t len = strcspn(text, "\r\n");
        int64_t n;

        if (len == 0 || len >= sizeof(word))
                return -EBADMSG;
        memcpy(word, text, len);
        word[len] = '\0';

        if (number_parse_i64(word, &n) < 0 || n < INT_MIN || n > INT_MAX)
                return -EBADMSG;
        *ret = (int) n;
        return 0;
}

int proc_oom_read_fd(int fd, int *ret) {
        char buf[32];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? proc_outcome(n) : proc_oom_parse(buf, ret);
}

static int read_at(int pid_fd, const char *name, int *ret) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, name);

        return fd < 0 ? proc_outcome(fd) : proc_oom_read_fd(fd, ret);
}

int proc_oom_score_read_at(int pid_fd, int *ret) {
        return read_at(pid_fd, "oom_score", ret);
}

int proc_oom_adj_read_at(int pid_fd, int *ret) {
        return read_at(pid_fd, "oom_score_adj", ret);
}
