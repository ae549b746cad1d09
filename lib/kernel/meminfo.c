/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/meminfo.h"

#include <errno.h>
#include <string.h>

#include "base/lines.h"
#include "base/number.h"
#include "kernel/keyvalue.h"

/* What is in the file but not in MemInfo: the pool of huge pages of the default size, in pages. */
typedef struct Scan {
        MemInfo info;
        uint64_t huge_total, huge_free, huge_size_bytes;
} Scan;

#define HUGE_TOTAL (UINT64_C(1) << 61)
#define HUGE_FREE (UINT64_C(1) << 62)
#define HUGE_SIZE (UINT64_C(1) << 63)

static const KeySpec specs[] = {
        KEY_KIB("MemTotal", Scan, info.total_bytes, MEMINFO_TOTAL),
        KEY_KIB("MemFree", Scan, info.free_bytes, MEMINFO_FREE),
        KEY_KIB("MemAvailable", Scan, info.available_bytes, MEMINFO_AVAILABLE),
        KEY_KIB("Buffers", Scan, info.buffers_bytes, MEMINFO_BUFFERS),
        KEY_KIB("Cached", Scan, info.cached_bytes, MEMINFO_CACHED),
        KEY_KIB("SwapCached", Scan, info.swap_cached_bytes, MEMINFO_SWAP_CACHED),
        KEY_KIB("Active(anon)", Scan, info.active_anon_bytes, MEMINFO_ACTIVE_ANON),
        KEY_KIB("Inactive(anon)", Scan, info.inactive_anon_bytes, MEMINFO_INACTIVE_ANON),
        KEY_KIB("Active(file)", Scan, info.active_file_bytes, MEMINFO_ACTIVE_FILE),
        KEY_KIB("Inactive(file)", Scan, info.inactive_file_bytes, MEMINFO_INACTIVE_FILE),
        KEY_KIB("Unevictable", Scan, info.unevictable_bytes, MEMINFO_UNEVICTABLE),
        KEY_KIB("Mlocked", Scan, info.mlocked_bytes, MEMINFO_MLOCKED),
        KEY_KIB("SwapTotal", Scan, info.swap_total_bytes, MEMINFO_SWAP_TOTAL),
        KEY_KIB("SwapFree", Scan, info.swap_free_bytes, MEMINFO_SWAP_FREE),
        KEY_KIB("Zswap", Scan, info.zswap_bytes, MEMINFO_ZSWAP),
        KEY_KIB("Zswapped", Scan, info.zswapped_bytes, MEMINFO_ZSWAPPED),
        KEY_KIB("Dirty", Scan, info.dirty_bytes, MEMINFO_DIRTY),
        KEY_KIB("Writeback", Scan, info.writeback_bytes, MEMINFO_WRITEBACK),
        KEY_KIB("AnonPages", Scan, info.anon_bytes, MEMINFO_ANON),
        KEY_KIB("Mapped", Scan, info.mapped_bytes, MEMINFO_MAPPED),
        KEY_KIB("Shmem", Scan, info.shmem_bytes, MEMINFO_SHMEM),
        KEY_KIB("KReclaimable", Scan, info.kreclaimable_bytes, MEMINFO_KRECLAIMABLE),
        KEY_KIB("Slab", Scan, info.slab_bytes, MEMINFO_SLAB),
        KEY_KIB("SReclaimable", Scan, info.slab_reclaimable_bytes, MEMINFO_SLAB_RECLAIMABLE),
        KEY_KIB("SUnreclaim", Scan, info.slab_unreclaimable_bytes, MEMINFO_SLAB_UNRECLAIMABLE),
        KEY_KIB("KernelStack", Scan, info.kernel_stack_bytes, MEMINFO_KERNEL_STACK),
        KEY_KIB("PageTables", Scan, info.page_tables_bytes, MEMINFO_PAGE_TABLES),
        KEY_KIB("SecPageTables", Scan, info.sec_page_tables_bytes, MEMINFO_SEC_PAGE_TABLES),
        KEY_KIB("VmallocUsed", Scan, info.vmalloc_used_bytes, MEMINFO_VMALLOC_USED),
        KEY_KIB("Percpu", Scan, info.percpu_bytes, MEMINFO_PERCPU),
        KEY_COUNT("HugePages_Total", Scan, huge_total, HUGE_TOTAL),
        KEY_COUNT("HugePages_Free", Scan, huge_free, HUGE_FREE),
        KEY_KIB("Hugepagesize", Scan, huge_size_bytes, HUGE_SIZE),
        KEY_KIB("Hugetlb", Scan, info.hugetlb_bytes, MEMINFO_HUGETLB),
};

#define ESSENTIAL                                                                                  \
        (MEMINFO_TOTAL | MEMINFO_FREE | MEMINFO_AVAILABLE | MEMINFO_SWAP_TOTAL | MEMINFO_SWAP_FREE)

/* Not parts of memory: may exceed the total. */
#define ELSEWHERE (MEMINFO_SWAP_TOTAL | MEMINFO_SWAP_FREE | MEMINFO_ZSWAPPED | MEMINFO_VMALLOC_USED)

static void add_hugetlb(Scan *s, uint64_t *have) {
        if (!(*have & HUGE_SIZE))
                return;

        if ((*have & HUGE_TOTAL) && !(*have & MEMINFO_HUGETLB)) {
                s->info.hugetlb_bytes = mul_div_u64(s->huge_total, s->huge_size_bytes, 1);
                *have |= MEMINFO_HUGETLB;
        }
        if (*have & HUGE_FREE) {
                s->info.hugetlb_free_bytes = mul_div_u64(s->huge_free, s->huge_size_bytes, 1);
                *have |= MEMINFO_HUGETLB_FREE;
        }
}

static void clamp(MemInfo *m, uint64_t *value, uint64_t bound, uint64_t bits) {
        if (*value > bound) {
                *value = bound;
                m->suspect |= bits;
        }
}

/* Containers show counters of the host beside totals of their own, and some wrap below zero. Such a
 * value must neither end us nor look like an abundance nobody has. */
static void make_plausible(MemInfo *m) {
        for (size_t i = 0; i < ELEMENTS(specs); i++) {
                uint64_t bits = specs[i].bits, value;

                if (!(m->have & bits) || (bits & ELSEWHERE) || bits == MEMINFO_TOTAL)
                        continue;
                /* MemInfo is the first member of Scan: the offsets are the same. */
                memcpy(&value, (const char *) m + specs[i].offset, sizeof(value));
                clamp(m, &value, m->total_bytes, bits);
                memcpy((char *) m + specs[i].offset, &value, sizeof(value));
        }
        clamp(m, &m->hugetlb_free_bytes, m->hugetlb_bytes, MEMINFO_HUGETLB_FREE);
        clamp(m, &m->swap_free_bytes, m->swap_total_bytes, MEMINFO_SWAP_FREE);
}

static int finish(Scan *s, const KeyScan *keys, MemInfo *ret) {
        uint64_t have = keys->have;

        add_hugetlb(s, &have);
        s->info.have = have & ~(HUGE_TOTAL | HUGE_FREE | HUGE_SIZE);
        if ((s->info.have & ESSENTIAL) != ESSENTIAL || s->info.total_bytes == 0 ||
                (keys->overflowed & (MEMINFO_TOTAL | MEMINFO_SWAP_TOTAL)))
                return -EBADMSG;

        s->info.suspect = keys->overflowed & s->info.have;
        make_plausible(&s->info);
        *ret = s->info;
        return 0;
}

int meminfo_parse(const char *text, MemInfo *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        Slice rest = slice_of(text), line;
        Scan s = { 0 };

        while (slice_next_line(&rest, &line))
                keyvalue_take(&keys, line, &s);
        return finish(&s, &keys, ret);
}

int meminfo_read_fd(int fd, MemInfo *ret) {
        KeyScan keys = { .specs = specs, .n = ELEMENTS(specs) };
        Scan s = { 0 };
        char buf[4096];
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), true);
        while ((r = lines_next(&lines, &line)) > 0)
                keyvalue_take(&keys, line, &s);
        return r < 0 ? r : finish(&s, &keys, ret);
}
