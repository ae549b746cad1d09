/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-memory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/number.h"
#include "kernel/keyvalue.h"

int cgroup_value_parse(const char *text, uint64_t *ret) {
        Slice rest = slice_of(text), line;
        uint64_t value;

        if (!slice_next_line(&rest, &line))
                return -EBADMSG;
        if (slice_equals(line, SLICE("max")))
                value = CGROUP_NO_LIMIT;
        else if (line.len == 0 || number_scan_u64(line.at, line.len, &value) != (int) line.len)
                return -EBADMSG;

        *ret = value;
        return CGROUP_OK;
}

int cgroup_value_read_fd(int fd, uint64_t *ret) {
        char buf[64];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        if (n == -ENODEV || n == -ENOENT)
                return CGROUP_GONE;
        return n < 0 ? (int) n : cgroup_value_parse(buf, ret);
}

/* No such file: is the cgroup gone, or does it only lack this file? A directory that is held open
 * outlives its cgroup, but nothing is found in it any more, while every living cgroup has
 * cgroup.procs. */
static int explain_missing(int dirfd, const char *name) {
        const char *slash = strrchr(name, '/');
        char probe[PATH_MAX];
        int n;

        n = snprintf(probe, sizeof(probe), "%.*scgroup.procs", slash ? (int) (slash + 1 - name) : 0,
                name);
        if (n < 0 || (size_t) n >= sizeof(probe))
                return -ENAMETOOLONG;
        return faccessat(dirfd, probe, F_OK, 0) == 0 ? CGROUP_UNSUPPORTED : CGROUP_GONE;
}

int cgroup_value_read_at(int dirfd, const char *name, uint64_t *ret) {
        _cleanup_close_ int fd = fdio_open_at(dirfd, name);

        if (fd == -ENOENT)
                return explain_missing(dirfd, name);
        if (fd == -ENODEV)
                return CGROUP_GONE;
        return fd < 0 ? fd : cgroup_value_read_fd(fd, ret);
}

int cgroup_oom_group_read_at(int dirfd, bool *ret) {
        uint64_t value = 0;
        int r;

        r = cgroup_value_read_at(dirfd, "memory.oom.group", &value);
        if (r == CGROUP_OK)
                *ret = value == 1;
        return r;
}

enum {
        EVENT_MAX = 1 << 2,
};

static const KeySpec event_specs[] = {
        KEY_COUNT("low", CgroupEvents, low, 1 << 0),
        KEY_COUNT("high", CgroupEvents, high, 1 << 1),
        KEY_COUNT("max", CgroupEvents, max, EVENT_MAX),
        KEY_COUNT("oom", CgroupEvents, oom, 1 << 3),
        KEY_COUNT("oom_kill", CgroupEvents, oom_kill, 1 << 4),
        KEY_COUNT("oom_group_kill", CgroupEvents, oom_group_kill, 1 << 5),
};

int cgroup_events_parse(const char *text, CgroupEvents *ret) {
        KeyScan keys = { .specs = event_specs, .n = ELEMENTS(event_specs) };
        Slice rest = slice_of(text), line;
        CgroupEvents events = { 0 };

        while (slice_next_line(&rest, &line))
                keyvalue_take(&keys, line, &events);
        if (!(keys.have & EVENT_MAX))
                return -EBADMSG;

        *ret = events;
        return CGROUP_OK;
}

int cgroup_events_read_fd(int fd, CgroupEvents *ret) {
        char buf[512];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        if (n == -ENODEV || n == -ENOENT)
                return CGROUP_GONE;
        return n < 0 ? (int) n : cgroup_events_parse(buf, ret);
}

/* Reads one file of one level into *tightest. Returns CGROUP_OK, also when the level has no such
 * file. */
static int take_level(int cgroup_fd, const char *file, const char *path, size_t len, bool *seen,
        uint64_t *tightest, size_t *tightest_len) {
        _cleanup_close_ int fd = FD_NONE;
        char name[PATH_MAX];
        uint64_t value = CGROUP_NO_LIMIT;
        int n, r;

        n = snprintf(name, sizeof(name), "%.*s/%s", (int) len, path, file);
        if (n < 0 || (size_t) n >= sizeof(name))
                return -ENAMETOOLONG;

        fd = fdio_open_at(cgroup_fd, name);
        if (fd == -ENOENT)
                return CGROUP_OK;
        r = fd < 0 ? fd : cgroup_value_read_fd(fd, &value);
        if (r != CGROUP_OK)
                return r;

        *seen = true;
        if (value < *tightest) {
                *tightest = value;
                *tightest_len = len + 1; /* with the leading '/' that was skipped */
        }
        return CGROUP_OK;
}

/* Below a cgroup namespace the path of what lies outside begins with "/..", where nothing can be
 * read. */
static bool leaves_tree(const char *path) {
        for (const char *p = path; (p = strstr(p, "..")); p += 2)
                if ((p == path || p[-1] == '/') && (p[2] == '/' || p[2] == '\0'))
                        return true;
        return false;
}

int cgroup_limit_read(int cgroup_fd, const char *path, CgroupLimit *ret) {
        CgroupLimit limit = { .max_bytes = CGROUP_NO_LIMIT, .high_bytes = CGROUP_NO_LIMIT };
        bool seen = false;
        size_t len;

        if (leaves_tree(path))
                return CGROUP_GONE;
        if (*path == '/')
                path++;
        for (len = strlen(path); len > 0;) {
                int r = take_level(cgroup_fd, "memory.max", path, len, &seen, &limit.max_bytes,
                        &limit.max_path_len);

                if (r == CGROUP_OK)
                        r = take_level(cgroup_fd, "memory.high", path, len, &seen,
                                &limit.high_bytes, &limit.high_path_len);
                if (r != CGROUP_OK)
                        return r;

                while (len > 0 && path[--len] != '/')
                        ;
        }
        /* Asked last: levels that vanished during the walk look like levels without the files. */
        if (*path != '\0' && faccessat(cgroup_fd, path, F_OK, 0) < 0)
                return errno == ENOENT ? CGROUP_GONE : -errno;
        if (!seen)
                return CGROUP_UNSUPPORTED;

        *ret = limit;
        return CGROUP_OK;
}
