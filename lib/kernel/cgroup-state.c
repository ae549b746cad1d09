/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-state.h"

#include <errno.h>
#include <stdint.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/text.h"
#include "kernel/keyvalue.h"

enum {
        HAVE_POPULATED = 1 << 0,
        HAVE_FROZEN = 1 << 1,
};

typedef struct Parsed {
        uint64_t populated, frozen;
} Parsed;

static const KeySpec specs[] = {
        KEY_COUNT("populated", Parsed, populated, HAVE_POPULATED),
        KEY_COUNT("frozen", Parsed, frozen, HAVE_FROZEN),
};

int cgroup_state_parse(const char *text, CgroupState *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        Slice rest = slice_of(text), line;
        Parsed p = { 0 };

        while (slice_next_line(&rest, &line))
                keyvalue_take(&keys, line, &p);
        if ((keys.have & HAVE_POPULATED) == 0)
                return -EBADMSG;

        *ret = (CgroupState){ .populated = p.populated != 0, .frozen = p.frozen != 0 };
        return CGROUP_OK;
}

int cgroup_state_read_fd(int fd, CgroupState *ret) {
        char buf[128];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? cgroup_outcome((int) n) : cgroup_state_parse(buf, ret);
}

static int state_from_procs(int dirfd, CgroupState *ret) {
        _cleanup_close_ int fd = FD_NONE;
        char byte[2];
        ssize_t n;
        int r;

        r = cgroup_file_open_at(dirfd, "cgroup.procs", &fd);
        if (r != CGROUP_OK)
                return r;
        n = fdio_pread_once(fd, byte, sizeof(byte));
        if (n < 0 && n != -EOVERFLOW)
                return cgroup_outcome((int) n);
        *ret = (CgroupState){ .populated = n != 0 };
        return CGROUP_OK;
}

int cgroup_state_read_at(int dirfd, CgroupState *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = cgroup_file_open_at(dirfd, "cgroup.events", &fd);

        if (r == CGROUP_UNSUPPORTED)
                return state_from_procs(dirfd, ret);
        return r != CGROUP_OK ? r : cgroup_state_read_fd(fd, ret);
}

int cgroup_type_read_at(int dirfd, bool *ret_threaded) {
        _cleanup_close_ int fd = FD_NONE;
        Slice rest, line = { 0 };
        char buf[64];
        ssize_t n;
        int r;

        r = cgroup_file_open_at(dirfd, "cgroup.type", &fd);
        if (r == CGROUP_UNSUPPORTED) {
                *ret_threaded = false;
                return CGROUP_OK;
        }
        if (r != CGROUP_OK)
                return r;
        n = fdio_pread_once(fd, buf, sizeof(buf));
        if (n < 0)
                return cgroup_outcome((int) n);
        rest = slice_of(buf);
        (void) slice_next_line(&rest, &line); /* nothing at all is no type that we know */
        *ret_threaded = slice_equals(line, SLICE("threaded"));
        return CGROUP_OK;
}
