/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-memory.h"

#include <errno.h>

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
        return n < 0 ? cgroup_outcome((int) n) : cgroup_value_parse(buf, ret);
}

int cgroup_value_read_at(int dirfd, const char *name, uint64_t *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = cgroup_file_open_at(dirfd, name, &fd);

        return r != CGROUP_OK ? r : cgroup_value_read_fd(fd, ret);
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
        return n < 0 ? cgroup_outcome((int) n) : cgroup_events_parse(buf, ret);
}

int cgroup_events_read_at(int dirfd, const char *name, CgroupEvents *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = cgroup_file_open_at(dirfd, name, &fd);

        return r != CGROUP_OK ? r : cgroup_events_read_fd(fd, ret);
}
