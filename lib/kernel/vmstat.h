/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The counters of /proc/vmstat that tell of reclaim. All only grow, and all count pages unless said
 * otherwise. Reading the file makes the kernel allocate 2 KiB: not for the thread that must never
 * wait. */

#include <stdint.h>

/* Bits of VmStat.have. */
#define VMSTAT_OOM_KILL (UINT32_C(1) << 0)
#define VMSTAT_REFAULT_ANON (UINT32_C(1) << 1)
#define VMSTAT_REFAULT_FILE (UINT32_C(1) << 2)
#define VMSTAT_RESTORE_ANON (UINT32_C(1) << 3)
#define VMSTAT_RESTORE_FILE (UINT32_C(1) << 4)
#define VMSTAT_SCAN_KSWAPD (UINT32_C(1) << 5)
#define VMSTAT_SCAN_DIRECT (UINT32_C(1) << 6)
#define VMSTAT_SCAN_KHUGEPAGED (UINT32_C(1) << 7)
#define VMSTAT_STEAL_KSWAPD (UINT32_C(1) << 8)
#define VMSTAT_STEAL_DIRECT (UINT32_C(1) << 9)
#define VMSTAT_STEAL_KHUGEPAGED (UINT32_C(1) << 10)
#define VMSTAT_ALLOCSTALL (UINT32_C(1) << 11)
#define VMSTAT_MAJFAULT (UINT32_C(1) << 12)
#define VMSTAT_SWAP_IN (UINT32_C(1) << 13)
#define VMSTAT_SWAP_OUT (UINT32_C(1) << 14)
#define VMSTAT_COMPACT_STALL (UINT32_C(1) << 15)
#define VMSTAT_REFAULT_UNSPLIT                                                                     \
        (UINT32_C(1) << 16) /* before 5.9: refault_file and restore_file count anon too */

typedef struct VmStat {
        uint32_t have;     /* a counter without its bit is 0 */
        uint64_t oom_kill; /* events */
        uint64_t refault_anon;
        uint64_t refault_file;
        uint64_t restore_anon;
        uint64_t restore_file;
        uint64_t scan_kswapd, scan_direct, scan_khugepaged;
        uint64_t steal_kswapd, steal_direct, steal_khugepaged;
        uint64_t allocstall; /* events, all zones together */
        uint64_t majfault;   /* events */
        uint64_t swap_in, swap_out;
        uint64_t compact_stall; /* events */
} VmStat;

/* Parses the text. -EBADMSG when not one known counter is in it. */
int vmstat_parse(const char *text, VmStat *ret);

/* The same from a kept fd of /proc/vmstat. 4 KiB of stack. 0 or negative errno. */
int vmstat_read_fd(int fd, VmStat *ret);
