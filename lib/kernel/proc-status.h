/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* /proc/PID/status: whose process it is and what its memory is made of. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bits of ProcStatus.have. */
#define PROC_STATUS_STATE (UINT32_C(1) << 0)
#define PROC_STATUS_TGID (UINT32_C(1) << 1)
#define PROC_STATUS_PPID (UINT32_C(1) << 2)
#define PROC_STATUS_UID (UINT32_C(1) << 3)
#define PROC_STATUS_GID (UINT32_C(1) << 4)
#define PROC_STATUS_NSPID (UINT32_C(1) << 5)
#define PROC_STATUS_KTHREAD (UINT32_C(1) << 6) /* since 6.10 */
#define PROC_STATUS_HWM (UINT32_C(1) << 7)
#define PROC_STATUS_RSS (UINT32_C(1) << 8)
#define PROC_STATUS_ANON (UINT32_C(1) << 9)
#define PROC_STATUS_FILE (UINT32_C(1) << 10)
#define PROC_STATUS_SHMEM (UINT32_C(1) << 11)
#define PROC_STATUS_LOCKED (UINT32_C(1) << 12)
#define PROC_STATUS_STACK (UINT32_C(1) << 13)
#define PROC_STATUS_PAGE_TABLES (UINT32_C(1) << 14)
#define PROC_STATUS_SWAP (UINT32_C(1) << 15)
#define PROC_STATUS_HUGETLB (UINT32_C(1) << 16)
#define PROC_STATUS_CORE_DUMPING (UINT32_C(1) << 17)
#define PROC_STATUS_THREADS (UINT32_C(1) << 18)
#define PROC_STATUS_CAP_EFF (UINT32_C(1) << 19)

typedef struct ProcStatus {
        uint32_t have; /* a field without its bit is 0: kernel threads and zombies have no memory
                          lines */
        char state;
        pid_t tgid;
        pid_t ppid;
        uid_t uid; /* real */
        uid_t euid;
        uid_t suid;      /* saved; (uid_t) -1 where the text ends before it */
        gid_t gid;       /* real */
        bool is_ns_init; /* first process of its pid namespace: ignores a SIGTERM it has no handler
                          * for, and its end is the end of the namespace */
        unsigned ns_depth; /* number of nested pid namespaces, seen from /proc's: 1 is this one */
        bool is_kthread;
        bool core_dumping;
        uint64_t threads;
        uint64_t cap_eff; /* bit mask */
        uint64_t hwm_bytes, rss_bytes;
        uint64_t anon_bytes, file_bytes, shmem_bytes;
        uint64_t locked_bytes;
        uint64_t stack_bytes; /* size of the main thread's stack mapping, not what is resident of it
                               */
        uint64_t page_tables_bytes;
        uint64_t swap_bytes; /* anonymous only */
        uint64_t hugetlb_bytes;
} ProcStatus;

/* Parses the text. -EBADMSG without State or Uid. */
int proc_status_parse(const char *text, ProcStatus *ret);

/* Reads a kept fd, or pid_fd/status; allocates nothing, 2 KiB of stack. PROC_OK, PROC_GONE,
 * PROC_DENIED or negative errno. */
int proc_status_read_fd(int fd, ProcStatus *ret);
int proc_status_read_at(int pid_fd, ProcStatus *ret);
