/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout-slow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"
#include "kernel/arcstats.h"
#include "kernel/swaps.h"
#include "kernel/tmpfs.h"
#include "kernel/vmstat.h"
#include "kernel/zoneinfo.h"
#include "kernel/zram.h"

/* How old what tmpfs holds may become: it is one open and one more for each of them. */
#define TMPFS_AGE_USEC USEC_PER_SEC

struct SlowSources {
        const SysRoot *root;
        int vmstat_fd, zoneinfo_fd, arc_fd, swaps_fd; /* owner: scout */
        int zram_fds[SWAPS_MAX]; /* owner: scout; by the order in /proc/swaps, of the device below
                                  */
        int zram_numbers[SWAPS_MAX];
        size_t n_zram;
        Swaps swaps; /* 2.5 KiB that need not be on the stack */
        uint64_t page_size;
        usec_t tmpfs_usec; /* when it was asked last; 0: never */
        int tmpfs_error;
        TmpfsUsage tmpfs;
};

_Static_assert(sizeof(((SlowValues *) NULL)->tmpfs_mount) == TMPFS_PATH_MAX, "a path fits");

int slow_sources_new(const SysRoot *root, SlowSources **ret) {
        SlowSources *s = calloc(1, sizeof(*s));
        long page_size = sysconf(_SC_PAGESIZE);

        if (!s)
                return -ENOMEM;
        s->root = root;
        s->page_size = page_size > 0 ? (uint64_t) page_size : 4096;
        s->vmstat_fd = fdio_open_at(root->proc_fd, "vmstat");
        s->zoneinfo_fd = fdio_open_at(root->proc_fd, "zoneinfo");
        s->swaps_fd = fdio_open_at(root->proc_fd, "swaps");
        s->arc_fd = FD_NONE;
        (void) arcstats_open_at(root->proc_fd, &s->arc_fd); /* absent on most machines */
        *ret = s;
        return 0;
}

static void close_zram(SlowSources *s) {
        for (size_t i = 0; i < s->n_zram; i++)
                s->zram_fds[i] = close_fd(s->zram_fds[i]);
        s->n_zram = 0;
}

SlowSources *slow_sources_free(SlowSources *s) {
        if (!s)
                return NULL;
        close_zram(s);
        close_fd(s->vmstat_fd);
        close_fd(s->zoneinfo_fd);
        close_fd(s->arc_fd);
        close_fd(s->swaps_fd);
        free(s);
        return NULL;
}

static void set_error(SlowValues *v, SourceId id, int error) {
        v->errors[id] = error;
}

static void read_vmstat(SlowSources *s, usec_t now_usec, SlowValues *v) {
        VmStat vm;
        int r = s->vmstat_fd < 0 ? s->vmstat_fd : vmstat_read_fd(s->vmstat_fd, &vm);

        if (r < 0) {
                set_error(v, SOURCE_VMSTAT, r);
                return;
        }
        v->have |= source_bit(SOURCE_VMSTAT);
        v->at_usec = now_usec;
        v->refault_anon = vm.refault_anon;
        v->refault_file = vm.refault_file;
        v->restore_file = vm.restore_file;
        v->major_faults = vm.majfault;
        v->scan = mul_div_u64(add_sat_u64(vm.scan_direct, vm.scan_kswapd), s->page_size, 1);
        v->steal = mul_div_u64(add_sat_u64(vm.steal_direct, vm.steal_kswapd), s->page_size, 1);
        v->oom_kills = vm.oom_kill;
}

static void read_zoneinfo(SlowSources *s, SlowValues *v) {
        Zoneinfo z;
        int r = s->zoneinfo_fd < 0 ? s->zoneinfo_fd : zoneinfo_read_fd(s->zoneinfo_fd, &z);

        if (r < 0) {
                set_error(v, SOURCE_ZONEINFO, r);
                return;
        }
        v->have |= source_bit(SOURCE_ZONEINFO);
        v->watermark_min = mul_div_u64(z.min_pages, s->page_size, 1);
        v->watermark_low = mul_div_u64(z.low_pages, s->page_size, 1);
        v->watermark_high = mul_div_u64(z.high_pages, s->page_size, 1);
}

static void read_arc(SlowSources *s, SlowValues *v) {
        ArcStats a;
        int r;

        if (s->arc_fd < 0)
                return;
        r = arcstats_read_fd(s->arc_fd, &a);
        if (r != ARC_OK) {
                set_error(v, SOURCE_ARC, r);
                return;
        }
        v->have |= source_bit(SOURCE_ARC);
        v->arc_size = a.size_bytes;
        v->arc_min = a.min_bytes;
}

/* Devices come and go with swapon: those that are open are kept while the list is the same. */
static void follow_zram(SlowSources *s) {
        size_t n = 0;
        bool same = true;

        for (size_t i = 0; i < s->swaps.n; i++)
                if (s->swaps.devices[i].zram != SWAP_NOT_ZRAM) {
                        same = same && n < s->n_zram &&
                                s->zram_numbers[n] == s->swaps.devices[i].zram;
                        n++;
                }
        if (same && n == s->n_zram)
                return;

        close_zram(s);
        for (size_t i = 0; i < s->swaps.n; i++)
                if (s->swaps.devices[i].zram != SWAP_NOT_ZRAM) {
                        s->zram_numbers[s->n_zram] = s->swaps.devices[i].zram;
                        s->zram_fds[s->n_zram] = s->root->sys_fd < 0
                                ? -ENOENT
                                : zram_open_at(s->root->sys_fd, s->swaps.devices[i].zram);
                        s->n_zram++;
                }
}

static void read_zram(SlowSources *s, SlowValues *v) {
        ZramStat sum = { 0 };
        bool unlimited = false;
        int r = s->swaps_fd < 0 ? s->swaps_fd : swaps_read_fd(s->swaps_fd, &s->swaps);

        if (r < 0) {
                set_error(v, SOURCE_ZRAM, r);
                return;
        }

        follow_zram(s);
        if (s->n_zram == 0)
                return;
        for (size_t i = 0; i < s->n_zram; i++) {
                ZramStat z;

                r = s->zram_fds[i] < 0 ? s->zram_fds[i] : zram_read_fd(s->zram_fds[i], &z);
                if (r != ZRAM_OK) {
                        set_error(v, SOURCE_ZRAM, r < 0 ? r : -ENODEV);
                        close_zram(s); /* it may have been removed and added again */
                        return;
                }
                sum.orig_bytes = add_sat_u64(sum.orig_bytes, z.orig_bytes);
                sum.used_bytes = add_sat_u64(sum.used_bytes, z.used_bytes);
                sum.limit_bytes = add_sat_u64(sum.limit_bytes, z.limit_bytes);
                unlimited = unlimited || z.limit_bytes == 0;
        }
        v->have |= source_bit(SOURCE_ZRAM);
        v->zram_original = sum.orig_bytes;
        v->zram_physical = sum.used_bytes;
        v->zram_limit = unlimited ? 0 : sum.limit_bytes;
}

/* A recorded tree has no file systems that could be asked. */
static void read_tmpfs(SlowSources *s, usec_t now_usec, SlowValues *v) {
        if (s->root->foreign)
                return;
        if (s->tmpfs_usec == 0 || usec_since(now_usec, s->tmpfs_usec) >= TMPFS_AGE_USEC) {
                _cleanup_close_ int fd = fdio_open_at(s->root->proc_fd, "self/mountinfo");
                int root_fd = s->root->root_fd;

                s->tmpfs_usec = now_usec;
                s->tmpfs_error =
                        fd < 0 ? fd : tmpfs_read_fd(fd, tmpfs_ask_statfs, &root_fd, &s->tmpfs);
        }
        if (s->tmpfs_error < 0) {
                set_error(v, SOURCE_TMPFS, s->tmpfs_error);
                return;
        }
        v->have |= source_bit(SOURCE_TMPFS);
        v->tmpfs_at_usec = s->tmpfs_usec;
        v->tmpfs_used = s->tmpfs.used_bytes;
        v->tmpfs_largest = s->tmpfs.largest_bytes;
        memcpy(v->tmpfs_mount, s->tmpfs.largest, sizeof(v->tmpfs_mount));
}

void slow_sources_read(SlowSources *s, usec_t now_usec, SlowValues *ret) {
        SlowValues v = { 0 };

        read_vmstat(s, now_usec, &v);
        read_zoneinfo(s, &v);
        read_arc(s, &v);
        read_zram(s, &v);
        read_tmpfs(s, now_usec, &v);
        *ret = v;
}
