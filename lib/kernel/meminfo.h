/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/meminfo in bytes, made plausible. Knows nothing of what the numbers are good for. */

#include <stdbool.h>
#include <stdint.h>

/* Bits of MemInfo.have and MemInfo.suspect. */
#define MEMINFO_TOTAL (UINT64_C(1) << 0)
#define MEMINFO_FREE (UINT64_C(1) << 1)
#define MEMINFO_AVAILABLE (UINT64_C(1) << 2)
#define MEMINFO_BUFFERS (UINT64_C(1) << 3)
#define MEMINFO_CACHED (UINT64_C(1) << 4)
#define MEMINFO_SWAP_CACHED (UINT64_C(1) << 5)
#define MEMINFO_ACTIVE_FILE (UINT64_C(1) << 6)
#define MEMINFO_INACTIVE_FILE (UINT64_C(1) << 7)
#define MEMINFO_UNEVICTABLE (UINT64_C(1) << 8)
#define MEMINFO_MLOCKED (UINT64_C(1) << 9)
#define MEMINFO_SWAP_TOTAL (UINT64_C(1) << 10)
#define MEMINFO_SWAP_FREE (UINT64_C(1) << 11)
#define MEMINFO_ZSWAP (UINT64_C(1) << 12)
#define MEMINFO_ZSWAPPED (UINT64_C(1) << 13)
#define MEMINFO_DIRTY (UINT64_C(1) << 14)
#define MEMINFO_WRITEBACK (UINT64_C(1) << 15)
#define MEMINFO_ANON (UINT64_C(1) << 16)
#define MEMINFO_MAPPED (UINT64_C(1) << 17)
#define MEMINFO_SHMEM (UINT64_C(1) << 18)
#define MEMINFO_KRECLAIMABLE (UINT64_C(1) << 19)
#define MEMINFO_SLAB (UINT64_C(1) << 20)
#define MEMINFO_SLAB_RECLAIMABLE (UINT64_C(1) << 21)
#define MEMINFO_SLAB_UNRECLAIMABLE (UINT64_C(1) << 22)
#define MEMINFO_KERNEL_STACK (UINT64_C(1) << 23)
#define MEMINFO_PAGE_TABLES (UINT64_C(1) << 24)
#define MEMINFO_PERCPU (UINT64_C(1) << 25)
#define MEMINFO_HUGETLB (UINT64_C(1) << 26)
#define MEMINFO_HUGETLB_FREE (UINT64_C(1) << 27)
#define MEMINFO_ACTIVE_ANON (UINT64_C(1) << 28)
#define MEMINFO_INACTIVE_ANON (UINT64_C(1) << 29)
#define MEMINFO_SEC_PAGE_TABLES (UINT64_C(1) << 30)
#define MEMINFO_VMALLOC_USED (UINT64_C(1) << 31)

typedef struct MemInfo {
        uint64_t have;    /* what the file had; a field without its bit is 0 */
        uint64_t suspect; /* what was impossible and has been clamped */

        uint64_t total_bytes;
        uint64_t free_bytes;
        uint64_t available_bytes; /* may be less than free: the kernel keeps reserves */
        uint64_t buffers_bytes;
        uint64_t cached_bytes; /* page cache, shmem included */
        uint64_t swap_cached_bytes;
        uint64_t active_anon_bytes;
        uint64_t inactive_anon_bytes;
        uint64_t active_file_bytes;
        uint64_t inactive_file_bytes;
        uint64_t unevictable_bytes;
        uint64_t mlocked_bytes;
        uint64_t swap_total_bytes;
        uint64_t swap_free_bytes;
        uint64_t zswap_bytes;    /* RAM that the pool takes */
        uint64_t zswapped_bytes; /* what is in it, before compression */
        uint64_t dirty_bytes;
        uint64_t writeback_bytes;
        uint64_t anon_bytes;
        uint64_t mapped_bytes;
        uint64_t shmem_bytes;
        uint64_t kreclaimable_bytes;
        uint64_t slab_bytes;
        uint64_t slab_reclaimable_bytes;
        uint64_t slab_unreclaimable_bytes;
        uint64_t kernel_stack_bytes;
        uint64_t page_tables_bytes;
        uint64_t sec_page_tables_bytes;
        uint64_t vmalloc_used_bytes;
        uint64_t percpu_bytes;
        uint64_t hugetlb_bytes;      /* all pools; before 4.20 the pool of the default size only */
        uint64_t hugetlb_free_bytes; /* of the pool of the default size */
} MemInfo;

/* Parses the text. Total, free, available, swap total and swap free are essential: -EBADMSG when
 * one is missing, cut off, or the total is 0. A free or available beyond its total (containers,
 * wrapped counters) is clamped to it, other parts of memory beyond the total likewise, and marked
 * in `suspect`. */
int meminfo_parse(const char *text, MemInfo *ret);

/* The same from a kept fd of /proc/meminfo. Allocates nothing, 4 KiB of stack. 0 or negative errno.
 */
int meminfo_read_fd(int fd, MemInfo *ret);
