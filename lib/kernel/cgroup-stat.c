/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-stat.h"

#include <errno.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/macro.h"
#include "base/number.h"
#include "kernel/cgroup.h"
#include "kernel/keyvalue.h"

enum {
        HAVE_ANON = 1 << 0,
        HAVE_FILE = 1 << 1,
        HAVE_KERNEL = 1 << 2,
        HAVE_REFAULT_FILE = 1 << 3,
};

/* The file, and what stands in for what it does not have. */
typedef struct Parsed {
        CgroupStat stat;
        uint64_t stack, page_tables, percpu, slab;
        uint64_t refault_unsplit;
} Parsed;

static const KeySpec specs[] = {
        KEY_COUNT("anon", Parsed, stat.anon, HAVE_ANON),
        KEY_COUNT("file", Parsed, stat.file, HAVE_FILE),
        KEY_COUNT("kernel", Parsed, stat.kernel, HAVE_KERNEL),
        KEY_COUNT("kernel_stack", Parsed, stack, 1 << 4),
        KEY_COUNT("pagetables", Parsed, page_tables, 1 << 5),
        KEY_COUNT("percpu", Parsed, percpu, 1 << 6),
        KEY_COUNT("shmem", Parsed, stat.shmem, 1 << 7),
        KEY_COUNT("file_dirty", Parsed, stat.file_dirty, 1 << 8),
        KEY_COUNT("file_writeback", Parsed, stat.file_writeback, 1 << 9),
        KEY_COUNT("inactive_file", Parsed, stat.inactive_file, 1 << 10),
        KEY_COUNT("active_file", Parsed, stat.active_file, 1 << 11),
        KEY_COUNT("slab_reclaimable", Parsed, stat.slab_reclaimable, 1 << 12),
        KEY_COUNT("slab", Parsed, slab, 1 << 13),
        KEY_COUNT("workingset_refault_anon", Parsed, stat.refault_anon, 1 << 14),
        KEY_COUNT("workingset_refault_file", Parsed, stat.refault_file, HAVE_REFAULT_FILE),
        KEY_COUNT("workingset_refault", Parsed, refault_unsplit, 1 << 15),
};

int cgroup_stat_parse(const char *text, CgroupStat *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        Slice rest = slice_of(text), line;
        Parsed p = { 0 };

        while (slice_next_line(&rest, &line))
                keyvalue_take(&keys, line, &p);
        if ((keys.have & (HAVE_ANON | HAVE_FILE)) != (HAVE_ANON | HAVE_FILE))
                return -EBADMSG;

        if ((keys.have & HAVE_KERNEL) == 0)
                p.stat.kernel = add_sat_u64(
                        add_sat_u64(p.stack, p.page_tables), add_sat_u64(p.percpu, p.slab));
        if ((keys.have & HAVE_REFAULT_FILE) == 0)
                p.stat.refault_file = p.refault_unsplit;
        *ret = p.stat;
        return CGROUP_OK;
}

int cgroup_stat_read_fd(int fd, CgroupStat *ret) {
        char buf[8192]; /* 1.7 KiB on 6.1, a little more since; the kernel's own bound is a page */
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? cgroup_outcome((int) n) : cgroup_stat_parse(buf, ret);
}

int cgroup_stat_read_at(int dirfd, CgroupStat *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r = cgroup_file_open_at(dirfd, "memory.stat", &fd);

        return r != CGROUP_OK ? r : cgroup_stat_read_fd(fd, ret);
}
