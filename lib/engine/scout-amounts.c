/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much memory a process has, as the scout reads it: without keeping files open. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/number.h"
#include "engine/scout-private.h"
#include "kernel/proc-limits.h"
#include "kernel/proc-oom.h"
#include "kernel/proc-statm.h"
#include "kernel/proc.h"

/* One open instead of two: the directory need not be opened for a single file. */
static int open_below(const Scout *s, int32_t pid, const char *file, int *ret) {
        char name[32];

        (void) snprintf(name, sizeof(name), "%d/%s", pid, file);
        return proc_file_open(s->root->proc_fd, name, ret);
}

static uint64_t page_size(void) {
        long n = sysconf(_SC_PAGESIZE);

        return n > 0 ? (uint64_t) n : 4096;
}

static void set_size(Scout *s, uint32_t slot, const CensusValues *v) {
        ScoutEntry *e = &s->entries[slot];

        e->size = add_sat_u64(v->anon, v->swap);
        e->read_usec = s->now_usec;
        roster_set_census(s->roster, slot, v);
}

/* The leader has ended: status and statm show nothing, its threads have it all. */
static void read_leaderless(Scout *s, uint32_t slot, int pid_fd, CensusValues *v) {
        _cleanup_close_ int own_fd = FD_NONE;
        ProcStatm statm;
        int score;

        if (pid_fd < 0 && proc_dir_open(s->root->proc_fd, s->entries[slot].pid, &own_fd) != PROC_OK)
                return;
        if (pid_fd < 0)
                pid_fd = own_fd;

        v->zombie_leader = true;
        if (proc_statm_read_threads(pid_fd, s->list_buf, SCOUT_LIST_BUFFER, &statm) == PROC_OK) {
                v->rss = mul_div_u64(statm.resident_pages, page_size(), 1);
                v->anon = mul_div_u64(statm.anon_pages, page_size(), 1);
                v->file = mul_div_u64(statm.shared_pages, page_size(), 1);
        }
        if (proc_oom_score_read_at(pid_fd, &score) == PROC_OK && score > 0)
                v->oom_score = (uint32_t) score;
}

static void read_stack_limit(Scout *s, uint32_t slot, int pid_fd, CensusValues *v) {
        ProcLimits limits;

        if (!s->needs_stack_limit || s->entries[slot].kthread)
                return;
        if (proc_limits_read_at(pid_fd, &limits) == PROC_OK)
                v->stack_limit = limits.stack_bytes;
}

int scout_read_amounts(Scout *s, uint32_t slot, int pid_fd, ProcStatus *ret_status) {
        _cleanup_close_ int fd = FD_NONE;
        CensusValues v;
        ProcStatus status;
        bool was_exiting;
        int r;

        r = pid_fd >= 0 ? proc_file_open(pid_fd, "status", &fd)
                        : open_below(s, s->entries[slot].pid, "status", &fd);
        if (r == PROC_OK)
                r = proc_status_read_fd(fd, &status);
        if (r != PROC_OK)
                return r;

        roster_get_census(s->roster, slot, &v);
        was_exiting = v.exiting;
        v = (CensusValues){
                .at_usec = s->now_usec,
                .rss = status.rss_bytes,
                .anon = status.anon_bytes,
                .file = status.file_bytes,
                .shmem = status.shmem_bytes,
                .swap = status.swap_bytes,
                .page_tables = status.page_tables_bytes,
                .stack = status.stack_bytes,
                .stack_limit = v.stack_limit,
                .threads = (uint32_t) MIN(status.threads, (uint64_t) UINT32_MAX),
                .oom_score = v.oom_score,
                .state = status.state,
                .core_dumping = status.core_dumping,
        };
        if (v.state == 'Z' && v.threads > 1)
                read_leaderless(s, slot, pid_fd, &v);
        else /* who is on the way out stays there */
                v.exiting = was_exiting || v.core_dumping || v.state == 'X' || v.state == 'Z';
        if (pid_fd >= 0)
                read_stack_limit(s, slot, pid_fd, &v);
        set_size(s, slot, &v);

        if (ret_status)
                *ret_status = status;
        return PROC_OK;
}

void scout_note_flags(Scout *s, uint32_t slot, uint32_t flags) {
        CensusValues v;

        if ((flags & (PROC_FLAG_EXITING | PROC_FLAG_DUMPCORE)) == 0)
                return;
        roster_get_census(s->roster, slot, &v);
        v.core_dumping = v.core_dumping || (flags & PROC_FLAG_DUMPCORE) != 0;
        v.exiting = v.core_dumping || !v.zombie_leader;
        roster_set_census(s->roster, slot, &v);
}

int scout_read_statm(Scout *s, uint32_t slot) {
        _cleanup_close_ int fd = FD_NONE;
        CensusValues v;
        ProcStatm statm;
        int r;

        r = open_below(s, s->entries[slot].pid, "statm", &fd);
        if (r == PROC_OK)
                r = proc_statm_read_fd(fd, &statm);
        if (r != PROC_OK)
                return r;
        if (statm.size_pages == 0) /* without memory, or only seemingly: status knows */
                return scout_read_amounts(s, slot, FD_NONE, NULL);

        roster_get_census(s->roster, slot, &v);
        v.at_usec = s->now_usec;
        v.rss = mul_div_u64(statm.resident_pages, page_size(), 1);
        v.anon = mul_div_u64(statm.anon_pages, page_size(), 1);
        v.file = sub_sat_u64(mul_div_u64(statm.shared_pages, page_size(), 1), v.shmem);
        set_size(s, slot, &v);
        return PROC_OK;
}

int scout_read_outsider(Scout *s, int32_t pid, uint64_t *ret) {
        _cleanup_close_ int fd = FD_NONE;
        ProcStatm statm;
        int r;

        r = open_below(s, pid, "statm", &fd);
        if (r == PROC_OK)
                r = proc_statm_read_fd(fd, &statm);
        if (r == PROC_OK)
                *ret = mul_div_u64(statm.anon_pages, page_size(), 1);
        return r;
}

void scout_take_readings(Scout *s, uint32_t slot) {
        RosterSlot *rs = roster_slot(s->roster, slot);
        ScoutEntry *e = &s->entries[slot];
        usec_t at = atomic_load_explicit(&rs->read_at_usec, memory_order_acquire);

        if (at == 0 || at <= e->read_usec)
                return;
        e->size = atomic_load_explicit(&rs->read_bytes, memory_order_relaxed);
        e->read_usec = at;
}
