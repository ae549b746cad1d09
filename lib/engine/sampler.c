/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/number.h"
#include "base/text.h"
#include "engine/reserve.h"
#include "engine/sampler-private.h"
#include "kernel/meminfo.h"
#include "kernel/psi.h"
#include "kernel/swaps.h"

#define SWAPS_AGE_USEC (30 * USEC_PER_SEC)

static const char *const psi_files[_PSI_RESOURCE_MAX] = {
        [PSI_MEMORY] = "pressure/memory",
        [PSI_IO] = "pressure/io",
        [PSI_CPU] = "pressure/cpu",
};

static const char no_psi[] = "the kernel has no PSI, or it is off: boot with psi=1";

static SourceId psi_source(int resource) {
        return (SourceId) ((int) SOURCE_PSI_MEMORY + resource);
}

_Static_assert((int) SOURCE_PSI_IO == (int) SOURCE_PSI_MEMORY + (int) PSI_IO &&
                (int) SOURCE_PSI_CPU == (int) SOURCE_PSI_MEMORY + (int) PSI_CPU,
        "sources are in the order of resources");

void sampler_note(Sampler *s, SourceId id, int r, const char *why) {
        SourceHealth *h = &s->health[id];

        h->reads++;
        h->degraded = r < 0;
        if (r >= 0) {
                h->present = true;
                h->why[0] = '\0';
                return;
        }
        h->failures++;
        h->error = -r;
        if (!why)
                why = r == -EBADMSG ? "cut off, or not what the kernel writes"
                                    : strerrordesc_np(-r);
        (void) text_copy(h->why, sizeof(h->why), why ? why : "unknown error");
}

static void open_files(Sampler *s) {
        s->meminfo_fd = fdio_open_at(s->root->proc_fd, "meminfo");
        s->swaps_fd = fdio_open_at(s->root->proc_fd, "swaps");
        s->swaps_at_usec = USEC_UNSET;
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++) {
                s->psi_fds[i] = fdio_open_at(s->root->proc_fd, psi_files[i]);
                s->psi_at_usec[i] = USEC_UNSET;
                s->psi_known[i] = false;
        }
}

static void close_files(Sampler *s) {
        close_fd(s->meminfo_fd);
        close_fd(s->swaps_fd);
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++)
                close_fd(s->psi_fds[i]);
}

int sampler_new(const SysRoot *root, const LimitsConfig *limits, Sampler **ret) {
        long page_size = sysconf(_SC_PAGESIZE);
        Sampler *s;
        Sample first;

        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->root = root;
        s->page_size = page_size > 0 ? (uint32_t) page_size : 4096;
        s->processes_max = MAX(limits->processes, 1);
        s->groups_max = MAX(limits->cgroups, 1);
        open_files(s);
        s->procs = reserve_new(s->processes_max, sizeof(*s->procs));
        s->silent = reserve_new(s->processes_max, sizeof(*s->silent));
        s->groups = reserve_new(s->groups_max, sizeof(*s->groups));
        s->pressure = reserve_new(s->groups_max, sizeof(*s->pressure));
        if (!s->procs || !s->silent || !s->groups || !s->pressure) {
                sampler_free(s);
                return -ENOMEM;
        }

        /* What the kernel allocates at the first read of a descriptor is there from now on. */
        sampler_read_system(s, NULL, 0, 0, &first);
        s->swaps_at_usec = USEC_UNSET;
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++)
                s->psi_at_usec[i] = USEC_UNSET;
        *ret = s;
        return 0;
}

Sampler *sampler_free(Sampler *s) {
        if (!s)
                return NULL;
        close_files(s);
        (void) reserve_free(s->procs, s->processes_max, sizeof(*s->procs));
        (void) reserve_free(s->silent, s->processes_max, sizeof(*s->silent));
        (void) reserve_free(s->groups, s->groups_max, sizeof(*s->groups));
        (void) reserve_free(s->pressure, s->groups_max, sizeof(*s->pressure));
        free(s);
        return NULL;
}

void sampler_set_root(Sampler *s, const SysRoot *root) {
        close_files(s);
        s->root = root;
        open_files(s);
}

static void note_suspect(Sampler *s, SystemRaw *raw, SourceId id) {
        raw->suspect |= source_bit(id);
        s->health[id].suspects++;
}

static void fill_meminfo(const MemInfo *m, SystemRaw *raw) {
        raw->mem_total = m->total_bytes;
        raw->mem_free = m->free_bytes;
        raw->mem_available = m->available_bytes;
        raw->buffers = m->buffers_bytes;
        raw->cached = m->cached_bytes;
        raw->swap_cached = m->swap_cached_bytes;
        raw->active_file = m->active_file_bytes;
        raw->inactive_file = m->inactive_file_bytes;
        raw->active_anon = m->active_anon_bytes;
        raw->inactive_anon = m->inactive_anon_bytes;
        raw->unevictable = m->unevictable_bytes;
        raw->mlocked = m->mlocked_bytes;
        raw->anon = m->anon_bytes;
        raw->shmem = m->shmem_bytes;
        raw->dirty = m->dirty_bytes;
        raw->writeback = m->writeback_bytes;
        raw->slab = m->slab_bytes;
        raw->slab_reclaimable = m->slab_reclaimable_bytes;
        raw->slab_unreclaimable = m->slab_unreclaimable_bytes;
        raw->kernel_stack = m->kernel_stack_bytes;
        raw->page_tables = m->page_tables_bytes;
        raw->percpu = m->percpu_bytes;
        raw->hugetlb = m->hugetlb_bytes;
        raw->swap_total = m->swap_total_bytes;
        raw->swap_free = m->swap_free_bytes;
        raw->zswap = m->zswap_bytes;
        raw->zswapped = m->zswapped_bytes;
}

static void read_meminfo(Sampler *s, SystemRaw *raw) {
        MemInfo m;
        int r = s->meminfo_fd < 0 ? s->meminfo_fd : meminfo_read_fd(s->meminfo_fd, &m);

        sampler_note(s, SOURCE_MEMINFO, r, NULL);
        if (r < 0)
                return;

        raw->have |= source_bit(SOURCE_MEMINFO);
        fill_meminfo(&m, raw);
        /* Containers and wrapped counters: a SwapFree beyond SwapTotal says nothing against the
         * rest. */
        if (m.suspect & (MEMINFO_TOTAL | MEMINFO_FREE | MEMINFO_AVAILABLE))
                note_suspect(s, raw, SOURCE_MEMINFO);
        if (m.suspect & (MEMINFO_SWAP_TOTAL | MEMINFO_SWAP_FREE))
                note_suspect(s, raw, SOURCE_SWAPS);
}

static int read_swaps_file(Sampler *s) {
        Swaps swaps;
        int r = s->swaps_fd < 0 ? s->swaps_fd : swaps_read_fd(s->swaps_fd, &swaps);

        sampler_note(s, SOURCE_SWAPS, r, NULL);
        if (r < 0)
                return r;

        s->zram_total = s->zram_used = 0;
        for (size_t i = 0; i < swaps.n; i++) {
                if (swaps.devices[i].zram == SWAP_NOT_ZRAM)
                        continue;
                s->zram_total = add_sat_u64(s->zram_total, swaps.devices[i].size_bytes);
                s->zram_used = add_sat_u64(s->zram_used, swaps.devices[i].used_bytes);
        }
        return 0;
}

/* What swaps adds to meminfo is which part of the swap is on zram: while the sums stand still, so
 * does that (but for an exchange of areas that looks the same, hence now and then in any case). */
static void read_swaps(Sampler *s, SystemRaw *raw) {
        if (s->swaps_at_usec == USEC_UNSET || (raw->have & source_bit(SOURCE_MEMINFO)) == 0 ||
                raw->swap_total != s->swap_total || raw->swap_free != s->swap_free ||
                usec_since(raw->at_usec, s->swaps_at_usec) >= SWAPS_AGE_USEC) {
                s->swaps_at_usec = read_swaps_file(s) == 0 ? raw->at_usec : USEC_UNSET;
                s->swap_total = raw->swap_total;
                s->swap_free = raw->swap_free;
        }
        if (s->swaps_at_usec == USEC_UNSET)
                return;
        raw->have |= source_bit(SOURCE_SWAPS);
        raw->zram_swap_total = s->zram_total;
        raw->zram_swap_used = s->zram_used;
}

static void fill_psi_line(const PsiLine *line, PsiKind kind, PsiRaw *raw) {
        raw->total_usec[kind] = line->total_usec;
        raw->avg_permyriad[kind][0] = line->avg10_permyriad;
        raw->avg_permyriad[kind][1] = line->avg60_permyriad;
        raw->avg_permyriad[kind][2] = line->avg300_permyriad;
}

void sampler_fill_psi(const PsiStats *stats, PsiRaw *ret) {
        fill_psi_line(&stats->some, PSI_SOME, ret);
        fill_psi_line(&stats->full, PSI_FULL, ret);
        ret->has_full = stats->has_full;
}

static void read_psi_file(Sampler *s, int i, usec_t now_usec) {
        PsiStats stats;
        int r = s->psi_fds[i] < 0 ? PSI_GONE : psi_read_fd(s->psi_fds[i], &stats);

        s->psi_at_usec[i] = now_usec;
        s->psi_known[i] = r == PSI_OK;
        if (r == PSI_GONE || r == PSI_UNSUPPORTED)
                sampler_note(s, psi_source(i), -EOPNOTSUPP, no_psi);
        else
                sampler_note(s, psi_source(i), r, NULL);
        if (r != PSI_OK)
                return;

        sampler_fill_psi(&stats, &s->psi[i]);
}

static void read_psi(Sampler *s, usec_t now_usec, SystemRaw *raw) {
        for (int i = 0; i < _PSI_RESOURCE_MAX; i++) {
                if (s->psi_at_usec[i] == USEC_UNSET ||
                        usec_since(now_usec, s->psi_at_usec[i]) >= SAMPLER_PSI_DISTANCE_USEC)
                        read_psi_file(s, i, now_usec);
                if (!s->psi_known[i])
                        continue;
                raw->have |= source_bit(psi_source(i));
                raw->psi[i] = s->psi[i];
        }
}

/* What the scout reads is as healthy as it says. ZFS and zram are no loss where they are not. */
static void note_slow(Sampler *s, const Scout *scout, const SystemRaw *raw) {
        static const SourceId ids[] = { SOURCE_VMSTAT, SOURCE_ZRAM, SOURCE_ARC, SOURCE_TMPFS,
                SOURCE_ZONEINFO };

        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                int error = scout_source_error(scout, ids[i]);

                if (raw->have & source_bit(ids[i]))
                        sampler_note(s, ids[i], 0, NULL);
                else if (error != 0)
                        sampler_note(s, ids[i], error, NULL);
                else
                        s->health[ids[i]].degraded = false;
        }
}

void sampler_read_system(
        Sampler *s, const Scout *scout, usec_t now_usec, usec_t boottime_usec, Sample *ret) {
        SystemRaw *raw = &ret->raw;

        *raw = (SystemRaw){
                .at_usec = now_usec, .boottime_usec = boottime_usec, .page_size = s->page_size
        };
        read_meminfo(s, raw);
        read_swaps(s, raw);
        read_psi(s, now_usec, raw);
        if (scout) {
                ScoutStats stats;

                scout_fill_raw(scout, raw);
                note_slow(s, scout, raw);
                scout_stats(scout, &stats);
                s->hidden = stats.hidden;
        }
}

void *sampler_memory(Sampler *s, uint32_t slots, size_t *ret_bytes) {
        *ret_bytes = MIN(slots, s->processes_max) * sizeof(*s->silent);
        return s->silent;
}

void *sampler_group_memory(Sampler *s, uint32_t slots, size_t *ret_bytes) {
        *ret_bytes = MIN(slots, s->groups_max) * sizeof(*s->pressure);
        return s->pressure;
}

const SourceHealth *sampler_health(const Sampler *s, SourceId id) {
        return &s->health[id];
}
