/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-cgroup.h"

#include <errno.h>
#include <string.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "kernel/proc.h"

/* cgroup2's line is the one with hierarchy 0 and no controllers. */
#define PREFIX "0::"
#define SUFFIX " (deleted)"

static int take_path(Slice line, char *path, size_t size, bool *ret_deleted) {
        const size_t suffix = sizeof(SUFFIX) - 1;
        Slice s = { line.at + 3, line.len - 3 };
        bool deleted;

        if (s.len == 0 || *s.at != '/')
                return -EBADMSG;

        deleted = s.len > suffix && memcmp(s.at + s.len - suffix, SUFFIX, suffix) == 0;
        if (deleted)
                s.len -= suffix;
        if (s.len >= size)
                return -ENAMETOOLONG;

        memcpy(path, s.at, s.len);
        path[s.len] = '\0';
        *ret_deleted = deleted;
        return 0;
}

int proc_cgroup_parse(const char *text, char *path, size_t size, bool *ret_deleted) {
        Slice rest = slice_of(text), line;
        bool any = false;

        while (slice_next_line(&rest, &line)) {
                if (slice_starts_with(line, SLICE(PREFIX)))
                        return take_path(line, path, size, ret_deleted);
                any = any || memchr(line.at, ':', line.len);
        }
        return any ? -ENODATA : -EBADMSG;
}

int proc_cgroup_read_fd(int fd, char *path, size_t size, bool *ret_deleted) {
        char buf[PROC_CGROUP_PATH_MAX + 32];
        bool any = false;
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), true);
        while ((r = lines_next(&lines, &line)) > 0) {
                any = true;
                if (slice_starts_with(line, SLICE(PREFIX)))
                        return take_path(line, path, size, ret_deleted);
        }
        if (r < 0)
                return proc_outcome(r);
        return any ? PROC_NONE : PROC_GONE; /* a process that just ended may show an empty file */
}

int proc_cgroup_read_at(int pid_fd, char *path, size_t size, bool *ret_deleted) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "cgroup");

        return fd < 0 ? proc_outcome(fd) : proc_cgroup_read_fd(fd, path, size, ret_deleted);
}
