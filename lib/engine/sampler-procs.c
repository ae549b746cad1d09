/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Processes as the sentinel reads them. */

#include <errno.h>

#include "base/macro.h"
#include "base/number.h"
#include "engine/sampler-private.h"
#include "kernel/pidfd.h"
#include "kernel/proc-oom.h"
#include "kernel/proc-statm.h"
#include "kernel/proc-status.h"
#include "kernel/proc.h"

/* oom_score serves for processes that show nothing else, and for those who rank by it: now and
 * then. */
#define SCORE_TURNS 8

/* Samples without memory and without an end, until a process counts as one whose leader has ended.
 */
#define SILENT_TIMES 2

/* Since 5.9: score = (1000 + permille of memory + adj) * 2 / 3; before: permille + adj. A living
 * process with memory is above the new scale's zero, and far below it on the old one. */
static uint64_t bytes_of_score(uint32_t score, int adj, const SystemRaw *raw) {
        int64_t scaled = (int64_t) score * 3 / 2 - 1000;
        int64_t permille = (scaled >= adj ? scaled : (int64_t) score) - adj;
        uint64_t total = add_sat_u64(raw->mem_total, raw->swap_total);

        return mul_div_u64(total, (uint64_t) MIN(MAX(permille, (int64_t) 0), (int64_t) 1000), 1000);
}

static const char hidden_why[] = "others' processes are hidden (hidepid): CAP_SYS_PTRACE is needed";

static void clear_amounts(ProcSample *p) {
        p->rss = p->anon = p->file = p->shmem = p->swap = p->page_tables = p->stack = 0;
}

/* No memory to be seen. Ended, ending, or a leader that left its threads behind with all of it: the
 * pidfd tells the first, patience the others apart. */
static void judge_silent(Sampler *s, const RosterSlot *slot, const SystemRaw *raw, ProcSample *p) {
        SilentProcess *silent = &s->silent[p->slot];
        uint64_t bytes;
        int score;

        if (silent->generation != p->generation)
                *silent = (SilentProcess){ .generation = p->generation };
        silent->times++;

        if (slot->pidfd >= 0 && pidfd_has_ended(slot->pidfd) != 0) {
                clear_amounts(p);
                p->state = 'Z';
                p->zombie_leader = false;
                p->exiting = true;
                return;
        }
        if (silent->times < SILENT_TIMES && !p->zombie_leader) {
                p->exiting = true; /* its last known amounts are on their way */
                return;
        }

        p->zombie_leader = true;
        p->exiting = p->core_dumping;
        p->state = 'Z';
        if (slot->score_fd < 0 || proc_oom_read_fd(slot->score_fd, &score) != PROC_OK)
                return; /* as large as it was last seen */
        p->oom_score = (uint32_t) MAX(score, 0);
        bytes = bytes_of_score(p->oom_score, p->facts->oom_score_adj, raw);
        if (bytes > p->anon + p->swap)
                p->anon = bytes - p->swap;
}

static int read_status(Sampler *s, const RosterSlot *slot, const SystemRaw *raw, ProcSample *p) {
        ProcStatus status;
        int r = proc_status_read_fd(slot->status_fd, &status);

        if (r != PROC_OK)
                return r;
        p->state = status.state;
        p->threads = (uint32_t) MIN(status.threads, (uint64_t) UINT32_MAX);
        p->core_dumping = status.core_dumping;
        p->exiting = p->exiting || status.core_dumping || status.state == 'X';
        p->has_status = true;
        if ((status.have & PROC_STATUS_RSS) == 0) {
                judge_silent(s, slot, raw, p);
                return PROC_OK;
        }

        s->silent[p->slot].times = 0;
        p->zombie_leader = false;
        p->rss = status.rss_bytes;
        p->anon = status.anon_bytes;
        p->file = status.file_bytes;
        p->shmem = status.shmem_bytes;
        p->swap = status.swap_bytes;
        p->page_tables = status.page_tables_bytes;
        p->stack = status.stack_bytes;
        return PROC_OK;
}

static int read_statm(Sampler *s, const RosterSlot *slot, const SystemRaw *raw, ProcSample *p) {
        ProcStatm statm;
        int r = proc_statm_read_fd(slot->statm_fd, &statm);

        if (r != PROC_OK)
                return r;
        p->has_status = false;
        if (statm.size_pages == 0) {
                judge_silent(s, slot, raw, p);
                return PROC_OK;
        }

        s->silent[p->slot].times = 0;
        p->zombie_leader = false;
        p->rss = mul_div_u64(statm.resident_pages, s->page_size, 1);
        p->anon = mul_div_u64(statm.anon_pages, s->page_size, 1);
        p->file = sub_sat_u64(mul_div_u64(statm.shared_pages, s->page_size, 1), p->shmem);
        return PROC_OK;
}

static void read_score(const RosterSlot *slot, ProcSample *p) {
        int score;

        if (slot->score_fd >= 0 && proc_oom_read_fd(slot->score_fd, &score) == PROC_OK)
                p->oom_score = (uint32_t) MAX(score, 0);
}

/* Returns false when the process is gone. A file that a recorded tree lacks leaves the census
 * values. */
static bool read_kept(Sampler *s, RosterSlot *slot, bool detailed, const SystemRaw *raw,
        usec_t now_usec, ProcSample *p) {
        int r = PROC_NONE;

        if (detailed && slot->status_fd >= 0)
                r = read_status(s, slot, raw, p);
        else if (slot->statm_fd >= 0)
                r = read_statm(s, slot, raw, p);
        if (r == PROC_GONE)
                return false;
        if (r != PROC_OK)
                return true;

        p->at_usec = now_usec;
        if (detailed && (p->slot + s->turn) % SCORE_TURNS == 0)
                read_score(slot, p);
        atomic_store_explicit(
                &slot->read_bytes, add_sat_u64(p->anon, p->swap), memory_order_relaxed);
        atomic_store_explicit(&slot->read_at_usec, now_usec, memory_order_release);
        return true;
}

/* Refills the array; the scout may have changed what the census left even of a listing that is the
 * same, and will publish another when it has. */
static void fill_procs(Sampler *s, Roster *roster, const RosterListing *listing, bool with_reads,
        usec_t now_usec, const SystemRaw *raw) {
        size_t n = 0;

        s->turn++;
        for (size_t i = 0; i < listing->n && n < s->processes_max; i++) {
                ProcSample *p = &s->procs[n];

                roster_read(roster, listing->slots[i], p);
                if (i < listing->n_kept) {
                        RosterSlot *slot = roster_slot(roster, listing->slots[i]);

                        p->kept = true;
                        if (with_reads &&
                                !read_kept(s, slot, i < listing->n_detailed, raw, now_usec, p))
                                continue;
                }
                n++;
        }
        s->n_procs = n;
        s->procs_version++;
        s->listing_version = listing->version;
}

void sampler_read_processes(Sampler *s, Roster *roster, const RosterListing *listing,
        bool with_reads, usec_t now_usec, Sample *ret) {
        if (with_reads || listing->version != s->listing_version)
                fill_procs(s, roster, listing, with_reads, now_usec, &ret->raw);

        ret->procs = s->procs;
        ret->n_procs = s->n_procs;
        ret->procs_version = s->procs_version;
        ret->procs_fresh = with_reads;
        if (with_reads)
                ret->procs_at_usec = now_usec;
        ret->raw.have |= source_bit(SOURCE_PROCESSES);
        sampler_note(s, SOURCE_PROCESSES, s->hidden ? -EPERM : 0, s->hidden ? hidden_why : NULL);
}
