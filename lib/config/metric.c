/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/metric.h"

#include <assert.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

#define PERMYRIAD_ALL 10000

/* An amount in bytes: not scarce, scarce when low, scarce when high. `top` is the largest
 * percentage that can occur, 0 if there is no bound: swap may be larger than memory. */
#define AMOUNT(i, n, sc, b, s, top, d)                                                             \
        {                                                                                          \
                .id = (i), .name = (n), .unit = METRIC_UNIT_BYTES, .scope = (sc), .base = (b),     \
                .scarce = (s), .is_amount = (s) != METRIC_SCARCE_NEVER,                            \
                .may_be_percent = (b) != METRIC_BASE_NONE, .max_permyriad = (top),                 \
                .description = (d)                                                                 \
        }

#define RATE(i, n, sc, u, d)                                                                       \
        {                                                                                          \
                .id = (i), .name = (n), .unit = (u), .scope = (sc), .is_pressure_or_rate = true,   \
                .description = (d)                                                                 \
        }

#define OTHER(i, n, sc, u, s, d)                                                                   \
        {                                                                                          \
                .id = (i), .name = (n), .unit = (u), .scope = (sc), .scarce = (s),                 \
                .is_amount = (s) != METRIC_SCARCE_NEVER, .description = (d)                        \
        }

#define SYSTEM METRIC_SCOPE_SYSTEM
#define CGROUP METRIC_SCOPE_CGROUP
#define USER METRIC_SCOPE_USER
#define PROCESS METRIC_SCOPE_PROCESS
#define OF_MEM METRIC_BASE_MEM_TOTAL
#define OF_SWAP METRIC_BASE_SWAP_TOTAL
#define OF_LIMIT METRIC_BASE_CGROUP_LIMIT
#define NEVER METRIC_SCARCE_NEVER
#define LOW METRIC_SCARCE_LOW
#define HIGH METRIC_SCARCE_HIGH

#define PSI_INDEX(R, K, W) (((int) (R) *_PSI_KIND_MAX + (int) (K)) * _PSI_WINDOW_MAX + (int) (W))

/* One pressure of the system (p is "") or of a cgroup ("cgroup."). */
#define PSI(first, p, sc, r, R, k, K, w, W, what)                                                  \
        [(first) + PSI_INDEX(R, K, W)] = { .id = (first) + PSI_INDEX(R, K, W),                     \
                .name = p "psi." r "." k "." w,                                                    \
                .unit = METRIC_UNIT_PERMYRIAD,                                                     \
                .scope = (sc),                                                                     \
                .is_pressure_or_rate = true,                                                       \
                .may_be_percent = true,                                                            \
                .max_permyriad = PERMYRIAD_ALL,                                                    \
                .description = what ", " w " window" }

#define PSI_WINDOWS(f, p, sc, r, R, k, K, what)                                                    \
        PSI(f, p, sc, r, R, k, K, "1s", PSI_1S, what),                                             \
                PSI(f, p, sc, r, R, k, K, "3s", PSI_3S, what),                                     \
                PSI(f, p, sc, r, R, k, K, "10s", PSI_10S, what),                                   \
                PSI(f, p, sc, r, R, k, K, "avg10", PSI_AVG10, what),                               \
                PSI(f, p, sc, r, R, k, K, "avg60", PSI_AVG60, what),                               \
                PSI(f, p, sc, r, R, k, K, "avg300", PSI_AVG300, what)

#define PSI_KINDS(f, p, sc, of, r, R)                                                              \
        PSI_WINDOWS(                                                                               \
                f, p, sc, r, R, "some", PSI_SOME, "time in which some task" of " waited for " r),  \
                PSI_WINDOWS(f, p, sc, r, R, "full", PSI_FULL,                                      \
                        "time in which all tasks" of " waited for " r)

#define EVENT(E, n, d)                                                                             \
        [METRIC_CGROUP_EVENTS_FIRST + (int) (E)] = { .id = METRIC_CGROUP_EVENTS_FIRST + (int) (E), \
                .name = "cgroup.events." n,                                                        \
                .unit = METRIC_UNIT_COUNT,                                                         \
                .scope = CGROUP,                                                                   \
                .is_pressure_or_rate = true,                                                       \
                .description = (d) }

static const MetricInfo metrics[_METRIC_MAX] = {
        [METRIC_MEM_TOTAL] = { .id = METRIC_MEM_TOTAL,
                .name = "mem.total",
                .unit = METRIC_UNIT_BYTES,
                .is_constant = true,
                .description = "memory of the machine less the hugetlb pool" },
        [METRIC_MEM_AVAILABLE] = AMOUNT(METRIC_MEM_AVAILABLE, "mem.available", SYSTEM, OF_MEM, LOW,
                PERMYRIAD_ALL, "memory that can still be had without swapping, corrected"),
        [METRIC_MEM_FREE] = AMOUNT(METRIC_MEM_FREE, "mem.free", SYSTEM, OF_MEM, NEVER,
                PERMYRIAD_ALL, "memory that holds nothing at all"),
        [METRIC_MEM_SHMEM] = AMOUNT(METRIC_MEM_SHMEM, "mem.shmem", SYSTEM, OF_MEM, NEVER,
                PERMYRIAD_ALL, "shared memory and tmpfs"),
        [METRIC_MEM_DIRTY] = AMOUNT(METRIC_MEM_DIRTY, "mem.dirty", SYSTEM, OF_MEM, NEVER,
                PERMYRIAD_ALL, "file pages waiting for or under writeback"),
        [METRIC_MEM_SLAB] = AMOUNT(METRIC_MEM_SLAB, "mem.slab", SYSTEM, OF_MEM, NEVER,
                PERMYRIAD_ALL, "the kernel's own objects"),
        [METRIC_MEM_UNEXPLAINED] = AMOUNT(METRIC_MEM_UNEXPLAINED, "mem.unexplained", SYSTEM, OF_MEM,
                NEVER, PERMYRIAD_ALL, "used memory that no counter owns: drivers, mostly"),
        [METRIC_MEM_EXHAUSTION] =
                OTHER(METRIC_MEM_EXHAUSTION, "mem.exhaustion", SYSTEM, METRIC_UNIT_USEC, LOW,
                        "time until memory and swap are used up at the present rate"),
        [METRIC_SWAP_TOTAL] = { .id = METRIC_SWAP_TOTAL,
                .name = "swap.total",
                .unit = METRIC_UNIT_BYTES,
                .is_constant = true,
                .description = "size of all swap, corrected for zram" },
        [METRIC_SWAP_FREE] = AMOUNT(METRIC_SWAP_FREE, "swap.free", SYSTEM, OF_SWAP, NEVER,
                PERMYRIAD_ALL, "swap not in use, corrected for zram; 0 without swap"),
        [METRIC_SWAP_USED] = AMOUNT(METRIC_SWAP_USED, "swap.used", SYSTEM, OF_SWAP, NEVER,
                PERMYRIAD_ALL, "swap in use"),
        [METRIC_ZRAM_PHYSICAL] = AMOUNT(METRIC_ZRAM_PHYSICAL, "zram.physical", SYSTEM, OF_MEM,
                NEVER, PERMYRIAD_ALL, "memory that zram swap takes for what it holds"),
        [METRIC_REFAULT_ANON] = RATE(METRIC_REFAULT_ANON, "refault.anon", SYSTEM,
                METRIC_UNIT_COUNT_PER_SEC, "pages read back from swap soon after they left"),
        [METRIC_REFAULT_FILE] = RATE(METRIC_REFAULT_FILE, "refault.file", SYSTEM,
                METRIC_UNIT_COUNT_PER_SEC, "file pages read back soon after they were dropped"),
        [METRIC_REFAULT_MAPPED] = { .id = METRIC_REFAULT_MAPPED,
                .name = "refault.mapped",
                .unit = METRIC_UNIT_PERMYRIAD,
                .is_pressure_or_rate = true,
                .may_be_percent = true,
                .max_permyriad = PERMYRIAD_ALL,
                .description = "share of them that a page fault waited for: program text, mostly" },
        [METRIC_RECLAIM_SCAN] = RATE(METRIC_RECLAIM_SCAN, "reclaim.scan", SYSTEM,
                METRIC_UNIT_BYTES_PER_SEC, "memory the kernel looks through for something to drop"),
        [METRIC_RECLAIM_STEAL] = RATE(METRIC_RECLAIM_STEAL, "reclaim.steal", SYSTEM,
                METRIC_UNIT_BYTES_PER_SEC, "memory the kernel takes back"),
        [METRIC_RECLAIM_EFFICIENCY] = { .id = METRIC_RECLAIM_EFFICIENCY,
                .name = "reclaim.efficiency",
                .unit = METRIC_UNIT_PERMYRIAD,
                .is_pressure_or_rate = true,
                .may_be_percent = true,
                .max_permyriad = PERMYRIAD_ALL,
                .description = "reclaim.steal of reclaim.scan" },
        [METRIC_FILL_RATE] = RATE(METRIC_FILL_RATE, "fill.rate", SYSTEM, METRIC_UNIT_BYTES_PER_SEC,
                "how fast memory and swap are being used up"),
        [METRIC_OOM_KILLS] = OTHER(METRIC_OOM_KILLS, "oom.kills", SYSTEM, METRIC_UNIT_COUNT, NEVER,
                "kernel OOM kills since avertd began to watch"),

        PSI_KINDS(METRIC_PSI_FIRST, "", SYSTEM, "", "memory", PSI_MEMORY),
        PSI_KINDS(METRIC_PSI_FIRST, "", SYSTEM, "", "io", PSI_IO),
        PSI_KINDS(METRIC_PSI_FIRST, "", SYSTEM, "", "cpu", PSI_CPU),

        [METRIC_CGROUP_CURRENT] = AMOUNT(METRIC_CGROUP_CURRENT, "cgroup.current", CGROUP, OF_LIMIT,
                NEVER, PERMYRIAD_ALL, "memory charged to the cgroup, its page cache included"),
        [METRIC_CGROUP_ANON] = AMOUNT(METRIC_CGROUP_ANON, "cgroup.anon", CGROUP, OF_LIMIT, NEVER,
                PERMYRIAD_ALL, "its anonymous memory"),
        [METRIC_CGROUP_FILE] = AMOUNT(METRIC_CGROUP_FILE, "cgroup.file", CGROUP, OF_LIMIT, NEVER,
                PERMYRIAD_ALL, "its page cache, tmpfs and shared memory included"),
        [METRIC_CGROUP_SHMEM] = AMOUNT(METRIC_CGROUP_SHMEM, "cgroup.shmem", CGROUP, OF_LIMIT, NEVER,
                PERMYRIAD_ALL, "its tmpfs and shared memory"),
        [METRIC_CGROUP_KERNEL] = AMOUNT(METRIC_CGROUP_KERNEL, "cgroup.kernel", CGROUP, OF_LIMIT,
                NEVER, PERMYRIAD_ALL, "kernel memory charged to it"),
        [METRIC_CGROUP_SWAP] = AMOUNT(METRIC_CGROUP_SWAP, "cgroup.swap", CGROUP, OF_LIMIT, NEVER, 0,
                "what of it is swapped out"),
        [METRIC_CGROUP_LIMIT] = { .id = METRIC_CGROUP_LIMIT,
                .name = "cgroup.limit",
                .unit = METRIC_UNIT_BYTES,
                .scope = CGROUP,
                .base = OF_MEM,
                .may_be_percent = true,
                .is_constant = true,
                .max_permyriad = PERMYRIAD_ALL,
                .description = "the tightest memory.max from it upward, MemTotal at most" },
        [METRIC_CGROUP_USAGE] = AMOUNT(METRIC_CGROUP_USAGE, "cgroup.usage", CGROUP, OF_LIMIT, HIGH,
                PERMYRIAD_ALL, "memory charged to it that cannot be reclaimed"),
        [METRIC_CGROUP_GAINED] = AMOUNT(METRIC_CGROUP_GAINED, "cgroup.gained", CGROUP, OF_LIMIT,
                NEVER, 0, "anonymous memory and swap gained over the last hour"),
        [METRIC_CGROUP_GROWTH] = RATE(METRIC_CGROUP_GROWTH, "cgroup.growth", CGROUP,
                METRIC_UNIT_BYTES_PER_SEC, "how fast what cannot be reclaimed grows"),
        [METRIC_CGROUP_EXHAUSTION] = OTHER(METRIC_CGROUP_EXHAUSTION, "cgroup.exhaustion", CGROUP,
                METRIC_UNIT_USEC, LOW, "time until it meets its limit at the present rate"),
        [METRIC_CGROUP_REFAULT_ANON] = RATE(METRIC_CGROUP_REFAULT_ANON, "cgroup.refault.anon",
                CGROUP, METRIC_UNIT_COUNT_PER_SEC, "its pages read back from swap"),
        [METRIC_CGROUP_REFAULT_FILE] = RATE(METRIC_CGROUP_REFAULT_FILE, "cgroup.refault.file",
                CGROUP, METRIC_UNIT_COUNT_PER_SEC, "its file pages read back after they left"),
        EVENT(GROUP_EVENT_LOW, "low", "reclaim below its memory.low in the last 10 s"),
        EVENT(GROUP_EVENT_HIGH, "high", "throttling above a memory.high in the last 10 s"),
        EVENT(GROUP_EVENT_MAX, "max", "reclaim because of a memory.max in the last 10 s"),
        EVENT(GROUP_EVENT_OOM, "oom", "allocations that failed at a limit in the last 10 s"),
        EVENT(GROUP_EVENT_OOM_KILL, "oom_kill", "kernel OOM kills in it in the last 10 s"),
        PSI_KINDS(METRIC_CGROUP_PSI_FIRST, "cgroup.", CGROUP, " of it", "memory", PSI_MEMORY),
        PSI_KINDS(METRIC_CGROUP_PSI_FIRST, "cgroup.", CGROUP, " of it", "io", PSI_IO),
        PSI_KINDS(METRIC_CGROUP_PSI_FIRST, "cgroup.", CGROUP, " of it", "cpu", PSI_CPU),

        [METRIC_USER_ANON] = AMOUNT(METRIC_USER_ANON, "user.anon", USER, OF_MEM, NEVER,
                PERMYRIAD_ALL, "anonymous memory of all processes of the user"),
        [METRIC_USER_SWAP] =
                AMOUNT(METRIC_USER_SWAP, "user.swap", USER, OF_MEM, NEVER, 0, "their swap"),
        [METRIC_USER_GAINED] = AMOUNT(METRIC_USER_GAINED, "user.gained", USER, OF_MEM, NEVER, 0,
                "what they gained over the last hour"),
        [METRIC_USER_GROWTH] = RATE(METRIC_USER_GROWTH, "user.growth", USER,
                METRIC_UNIT_BYTES_PER_SEC, "how fast they grow"),

        [METRIC_PROC_RSS] = AMOUNT(METRIC_PROC_RSS, "proc.rss", PROCESS, OF_MEM, HIGH,
                PERMYRIAD_ALL, "resident memory, shared pages included"),
        [METRIC_PROC_ANON] = AMOUNT(METRIC_PROC_ANON, "proc.anon", PROCESS, OF_MEM, HIGH,
                PERMYRIAD_ALL, "resident anonymous memory"),
        [METRIC_PROC_FILE] = AMOUNT(METRIC_PROC_FILE, "proc.file", PROCESS, OF_MEM, NEVER,
                PERMYRIAD_ALL, "resident file pages"),
        [METRIC_PROC_SHMEM] = AMOUNT(METRIC_PROC_SHMEM, "proc.shmem", PROCESS, OF_MEM, NEVER,
                PERMYRIAD_ALL, "resident shared memory"),
        [METRIC_PROC_SWAP] =
                AMOUNT(METRIC_PROC_SWAP, "proc.swap", PROCESS, OF_MEM, HIGH, 0, "swapped out"),
        [METRIC_PROC_FREEABLE] = AMOUNT(METRIC_PROC_FREEABLE, "proc.freeable", PROCESS, OF_MEM,
                NEVER, 0, "what its end would give back"),
        [METRIC_PROC_STACK] = AMOUNT(METRIC_PROC_STACK, "proc.stack", PROCESS, OF_MEM, NEVER,
                PERMYRIAD_ALL, "stack of the main thread"),
        [METRIC_PROC_STACK_USAGE] = { .id = METRIC_PROC_STACK_USAGE,
                .name = "proc.stack_usage",
                .unit = METRIC_UNIT_PERMYRIAD,
                .scope = PROCESS,
                .scarce = HIGH,
                .is_amount = true,
                .may_be_percent = true,
                .max_permyriad = PERMYRIAD_ALL,
                .description = "stack of the main thread of its RLIMIT_STACK" },
        [METRIC_PROC_GROWTH] = RATE(METRIC_PROC_GROWTH, "proc.growth", PROCESS,
                METRIC_UNIT_BYTES_PER_SEC, "how fast anonymous memory and swap grow"),
        [METRIC_PROC_EXHAUSTION] = OTHER(METRIC_PROC_EXHAUSTION, "proc.exhaustion", PROCESS,
                METRIC_UNIT_USEC, NEVER, "time until it alone has used up memory and swap"),
        [METRIC_PROC_AGE] = OTHER(METRIC_PROC_AGE, "proc.age", PROCESS, METRIC_UNIT_USEC, NEVER,
                "time since it was started"),
        [METRIC_PROC_THREADS] = OTHER(METRIC_PROC_THREADS, "proc.threads", PROCESS,
                METRIC_UNIT_COUNT, NEVER, "number of threads"),
};

const MetricInfo *metric_info(MetricId id) {
        assert((unsigned) id < _METRIC_MAX);
        return &metrics[id];
}

const MetricInfo *metric_find(const char *name) {
        for (size_t i = 0; i < ELEMENTS(metrics); i++)
                if (strcmp(metrics[i].name, name) == 0)
                        return &metrics[i];
        return NULL;
}

bool metric_is_planned(const char *name) {
        static const char *const prefixes[] = { "go." };
        static const char *const names[] = { "proc.pss", "proc.leak", "cgroup.leak" };

        for (size_t i = 0; i < ELEMENTS(prefixes); i++)
                if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

const char *metric_suggest(const char *name) {
        const char *best = NULL;
        unsigned nearest = 4; /* three slips of the finger; a fourth makes it another word */

        for (size_t i = 0; i < ELEMENTS(metrics); i++) {
                unsigned distance = text_distance(name, metrics[i].name, nearest - 1);

                if (distance < nearest) {
                        nearest = distance;
                        best = metrics[i].name;
                        if (nearest == 0)
                                break;
                }
        }
        return best;
}
