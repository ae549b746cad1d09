/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/history.h"

#include <stdlib.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/corrections.h"
#include "core/fill-trend.h"
#include "core/group-history.h"
#include "core/psi-window.h"
#include "core/usage-track.h"
#include "core/user-sum.h"
#include "core/vmstat-rate.h"

#define ENOMEM_NEGATIVE (-12) /* errno.h belongs to those who do I/O */

#define GRACE_USEC (30 * USEC_PER_SEC)

/* How far two clocks may drift apart between two ticks before somebody must have slept. */
#define CLOCK_GAP_USEC (500 * USEC_PER_MSEC)

#define LATE_TICK_USEC (5 * USEC_PER_SEC)

/* A process born this short before the first sample still counts as one that we saw coming. */
#define BIRTH_SLACK_USEC (100 * USEC_PER_MSEC)

/* Growth of a process that was not read for so long is of the past. */
#define GROWTH_STALE_USEC (12 * USEC_PER_SEC)

struct History {
        bool started;
        usec_t last_at_usec, last_boottime_usec, last_tick_usec;
        usec_t begin_boottime_usec;
        usec_t grace_until_usec;
        PsiWindows psi;
        VmstatRates vmstat;
        FillTrend fill;
        SharedMm shared_mm;
        uint32_t n_tracks;
        UsageTrack *tracks;
        GroupHistory groups;
        UsageMinima tmpfs, shared;
        usec_t tmpfs_at_usec; /* of the reading that shared_bytes was told with */
        uint64_t shared_bytes;
        bool kills_known;
        uint64_t kills_before; /* kernel OOM kills before the first look */
};

int history_new(uint32_t processes_max, uint32_t groups_max, History **ret) {
        History *h = calloc(1, sizeof(*h));

        if (!h)
                return ENOMEM_NEGATIVE;

        /* calloc() of this size maps fresh pages: a slot that is never used costs nothing. */
        h->tracks = calloc(MAX(processes_max, UINT32_C(1)), sizeof(*h->tracks));
        if (!h->tracks || group_history_init(&h->groups, groups_max) < 0) {
                (void) history_free(h);
                return ENOMEM_NEGATIVE;
        }
        h->n_tracks = processes_max;
        psi_windows_init(&h->psi);
        usage_minima_begin(&h->tmpfs, 0, false);
        usage_minima_begin(&h->shared, 0, false);
        *ret = h;
        return 0;
}

History *history_free(History *h) {
        if (h) {
                free(h->tracks);
                group_history_done(&h->groups);
        }
        free(h);
        return NULL;
}

void *history_memory(History *h, uint32_t slots, size_t *ret_bytes) {
        *ret_bytes = MIN(slots, h->n_tracks) * sizeof(*h->tracks);
        return h->tracks;
}

void *history_group_memory(History *h, uint32_t slots, size_t *ret_bytes) {
        *ret_bytes = MIN(slots, h->groups.n_tracks) * sizeof(*h->groups.tracks);
        return h->groups.tracks;
}

void *history_window_memory(History *h, uint32_t groups, size_t *ret_bytes) {
        *ret_bytes = MIN(groups, (uint32_t) GROUP_WINDOWS_MAX) * sizeof(*h->groups.windows);
        return h->groups.windows;
}

static void begin_grace(History *h, usec_t now_usec) {
        h->grace_until_usec = usec_add(now_usec, GRACE_USEC);
        h->vmstat.n = 0;
        psi_windows_init(&h->psi);
        fill_trend_reset(&h->fill);
        for (uint32_t i = 0; i < h->n_tracks; i++)
                if (h->tracks[i].generation_plus_one != 0)
                        usage_track_forget_growth(&h->tracks[i]);
        group_history_pause(&h->groups);
}

static bool has_gap(const History *h, const SystemRaw *raw, usec_t planned_usec) {
        usec_t monotonic = raw->at_usec - h->last_at_usec;
        usec_t boottime = usec_since(raw->boottime_usec, h->last_boottime_usec);
        usec_t apart = boottime > monotonic ? boottime - monotonic : monotonic - boottime;

        if (raw->boottime_usec < h->last_boottime_usec || apart > CLOCK_GAP_USEC)
                return true;
        return planned_usec > 0 && monotonic >= LATE_TICK_USEC && monotonic / 10 > planned_usec;
}

static bool is_present(const SystemRaw *raw, SourceId source) {
        return (raw->have & source_bit(source)) && !(raw->suspect & source_bit(source));
}

static Reading level(const Sample *s, uint64_t value, uint64_t total) {
        return (Reading){
                .known = true,
                .value = (int64_t) MIN(value, (uint64_t) INT64_MAX),
                .total = (int64_t) MIN(total, (uint64_t) INT64_MAX),
                .since_usec = s->raw.at_usec,
        };
}

static void read_memory(Sample *s, const Corrections *c) {
        const SystemRaw *raw = &s->raw;

        if (!is_present(raw, SOURCE_MEMINFO) || raw->mem_total == 0)
                return;

        s->system[METRIC_MEM_TOTAL] = level(s, c->base, c->base);
        s->system[METRIC_MEM_AVAILABLE] = level(s, c->available, c->base);
        s->system[METRIC_MEM_FREE] = level(s, raw->mem_free, c->base);
        s->system[METRIC_MEM_SHMEM] = level(s, raw->shmem, c->base);
        s->system[METRIC_MEM_DIRTY] = level(s, raw->dirty + raw->writeback, c->base);
        s->system[METRIC_MEM_SLAB] = level(s, raw->slab, c->base);
        s->system[METRIC_MEM_UNEXPLAINED] = level(s, c->unexplained, c->base);
        if (raw->zram_swap_total == 0 || is_present(raw, SOURCE_ZRAM))
                s->system[METRIC_ZRAM_PHYSICAL] = level(s, raw->zram_physical, c->base);

        if (raw->suspect & source_bit(SOURCE_SWAPS))
                return;
        s->system[METRIC_SWAP_TOTAL] = level(s, c->swap_total, c->swap_total);
        s->system[METRIC_SWAP_FREE] = level(s, c->swap_reachable, c->swap_total);
        s->system[METRIC_SWAP_USED] = level(s, c->swap_used, c->swap_total);
}

static void read_rates(const History *h, Sample *s) {
        usec_t now = s->raw.at_usec;

        s->system[METRIC_FILL_RATE] = fill_trend_rate(&h->fill);
        s->system[METRIC_MEM_EXHAUSTION] = fill_trend_exhaustion(&h->fill);
        s->system[METRIC_REFAULT_ANON] = vmstat_rates_read(&h->vmstat, VMSTAT_REFAULT_ANON, now);
        s->system[METRIC_REFAULT_FILE] = vmstat_rates_read(&h->vmstat, VMSTAT_REFAULT_FILE, now);
        s->system[METRIC_REFAULT_MAPPED] = vmstat_rates_mapped(&h->vmstat, now);
        s->system[METRIC_RECLAIM_SCAN] = vmstat_rates_read(&h->vmstat, VMSTAT_SCAN, now);
        s->system[METRIC_RECLAIM_STEAL] = vmstat_rates_read(&h->vmstat, VMSTAT_STEAL, now);
        s->system[METRIC_RECLAIM_EFFICIENCY] = vmstat_rates_efficiency(&h->vmstat, now);
}

static Reading read_average(const Sample *s, PsiResource r, PsiKind kind, PsiWindow window) {
        static const usec_t lengths[] = { 10 * USEC_PER_SEC, USEC_PER_MIN, 5 * USEC_PER_MIN };
        Reading reading = level(s, s->raw.psi[r].avg_permyriad[kind][window - PSI_AVG10], 0);

        reading.since_usec = usec_since(s->raw.at_usec, lengths[window - PSI_AVG10]);
        return reading;
}

static void read_pressure(const History *h, Sample *s) {
        for (int r = 0; r < _PSI_RESOURCE_MAX; r++) {
                if (!is_present(&s->raw, (SourceId) (SOURCE_PSI_MEMORY + r)) ||
                        !psi_windows_is_sane(&h->psi, (PsiResource) r))
                        continue;

                for (int k = 0; k < _PSI_KIND_MAX; k++) {
                        if (k == PSI_FULL && !s->raw.psi[r].has_full)
                                continue;
                        for (int w = 0; w < _PSI_WINDOW_MAX; w++)
                                s->system[metric_psi((PsiResource) r, (PsiKind) k, (PsiWindow) w)] =
                                        w < PSI_AVG10 ? psi_windows_read(&h->psi, (PsiResource) r,
                                                                (PsiKind) k, (PsiWindow) w)
                                                      : read_average(s, (PsiResource) r,
                                                                (PsiKind) k, (PsiWindow) w);
                }
        }
}

/* What a process would free. Its leader gone, its files say nothing though its threads hold on to
 * the memory: then the kernel's own score tells. */
static uint64_t usage_of(const Sample *s, const ProcSample *p) {
        if (p->zombie_leader && p->anon + p->swap == 0)
                return corrections_oom_score_bytes(&s->raw, p->oom_score, p->facts->oom_score_adj);
        return p->anon + p->swap;
}

static void derive_process(History *h, Sample *s, ProcSample *p) {
        uint64_t usage = usage_of(s, p), baseline;
        UsageTrack *t;

        p->gained_known = p->growth_known = false;
        p->gained = 0;
        p->growth = 0;
        p->freeable = p->zombie_leader && p->anon + p->swap == 0
                ? usage
                : p->anon + corrections_swap_cost(&s->raw, p->swap) + p->page_tables;
        if (p->facts->kthread || p->slot >= h->n_tracks)
                return;

        t = &h->tracks[p->slot];
        if (t->generation_plus_one != p->generation + 1)
                usage_track_begin(t, p->generation, p->at_usec,
                        p->facts->born_usec + BIRTH_SLACK_USEC >= h->begin_boottime_usec);
        usage_track_add(t, p->at_usec, usage);

        if (usage_track_baseline(t, &baseline))
                p->gained = sub_sat_u64(usage, baseline);
        p->gained_known = usage_track_is_ripe(t, p->at_usec);
        p->growth_known = t->growth_known && !s->grace &&
                usec_since(s->raw.at_usec, p->at_usec) < GROWTH_STALE_USEC;
        if (p->growth_known)
                p->growth = (int64_t) t->growth_kib * 1024;
}

static void derive_processes(History *h, Sample *s) {
        for (size_t i = 0; i < s->n_procs; i++)
                derive_process(h, s, &s->procs[i]);
        user_sum(s, &h->shared_mm);
}

static uint64_t gained_by(UsageMinima *m, usec_t at_usec, uint64_t bytes) {
        usage_minima_add(m, at_usec, bytes);
        return usage_minima_gained(m, bytes);
}

/* Without a word about tmpfs all of it may be either; then it counts as what is not in files. What
 * files hold is told later than shmem: both are of the moment at which it was, else whatever was
 * written since would look like the other kind. */
static void read_shared(History *h, Sample *s) {
        const SystemRaw *raw = &s->raw;
        bool asked = is_present(raw, SOURCE_TMPFS);

        s->tmpfs_gained = s->shmem_gained = 0;
        if (!is_present(raw, SOURCE_MEMINFO))
                return;
        if (asked)
                s->tmpfs_gained = gained_by(&h->tmpfs, raw->at_usec, raw->tmpfs_used);
        if (!asked || raw->tmpfs_at_usec == 0 || raw->tmpfs_at_usec != h->tmpfs_at_usec)
                h->shared_bytes = sub_sat_u64(raw->shmem, asked ? raw->tmpfs_used : 0);
        h->tmpfs_at_usec = raw->tmpfs_at_usec;
        s->shmem_gained = gained_by(&h->shared, raw->at_usec, h->shared_bytes);
}

static void take_in(History *h, const Sample *s, const Corrections *c) {
        const SystemRaw *raw = &s->raw;

        psi_windows_add(
                &h->psi, raw->at_usec, (raw->have & ~raw->suspect) >> SOURCE_PSI_MEMORY, raw->psi);
        if (is_present(raw, SOURCE_MEMINFO) && !(raw->suspect & source_bit(SOURCE_SWAPS)))
                fill_trend_add(&h->fill, raw, c->available + c->swap_free);
}

static void start_or_check_gap(History *h, const SystemRaw *raw, usec_t planned_usec) {
        if (!h->started)
                h->begin_boottime_usec = raw->boottime_usec;
        else if (has_gap(h, raw, planned_usec))
                begin_grace(h, raw->at_usec);
        h->last_tick_usec = h->started ? raw->at_usec - h->last_at_usec : 0;

        h->started = true;
        h->last_at_usec = raw->at_usec;
        h->last_boottime_usec = raw->boottime_usec;
}

/* The kernel counts from its boot. */
static uint64_t count_kills(History *h, uint64_t kills) {
        if (!h->kills_known)
                h->kills_before = kills;
        h->kills_known = true;
        return sub_sat_u64(kills, h->kills_before);
}

void history_advance(History *h, Sample *s, usec_t planned_usec) {
        bool later = !h->started || s->raw.at_usec > h->last_at_usec;
        Corrections c;

        if (later) {
                start_or_check_gap(h, &s->raw, planned_usec);
                vmstat_rates_add(&h->vmstat, &s->raw);
        }
        s->tick_usec = h->last_tick_usec;
        s->grace = s->raw.at_usec < h->grace_until_usec;

        corrections_compute(
                &s->raw, s->grace ? 0 : vmstat_rates_restored(&h->vmstat, s->raw.at_usec), &c);
        if (later)
                take_in(h, s, &c);

        for (size_t i = 0; i < ELEMENTS(s->system); i++)
                s->system[i] = (Reading){ 0 };
        s->corrected_arc = c.arc;
        s->corrected_file = c.file;
        s->corrected_dirty = c.dirty;
        s->swap_free_effective = c.swap_free;
        s->swap_unreachable = c.swap_free - c.swap_reachable;
        read_memory(s, &c);
        if (is_present(&s->raw, SOURCE_VMSTAT))
                s->system[METRIC_OOM_KILLS] = level(s, count_kills(h, s->raw.oom_kills), 0);
        if (!s->grace) {
                read_rates(h, s);
                read_pressure(h, s);
        }
        read_shared(h, s);
        derive_processes(h, s);
        group_history_advance(&h->groups, s);
}

static UsageTrack *find_track(const History *h, uint32_t slot, uint32_t generation) {
        bool found = slot < h->n_tracks && h->tracks[slot].generation_plus_one == generation + 1;

        return found ? &h->tracks[slot] : NULL;
}

static GroupTrack *find_group_track(const History *h, uint32_t slot, uint32_t generation) {
        const GroupHistory *g = &h->groups;
        bool found =
                slot < g->n_tracks && g->tracks[slot].usage.generation_plus_one == generation + 1;

        return found ? &g->tracks[slot] : NULL;
}

bool history_past(const History *h, uint32_t slot, uint32_t generation, UsagePast *ret) {
        const UsageTrack *t = find_track(h, slot, generation);

        if (t)
                usage_track_past(t, ret);
        return t != NULL;
}

bool history_group_past(const History *h, uint32_t slot, uint32_t generation, GroupPast *ret) {
        const GroupTrack *t = find_group_track(h, slot, generation);

        if (!t)
                return false;
        usage_track_past(&t->usage, &ret->usage);
        ret->shmem = t->shmem;
        return true;
}

void history_recall(History *h, uint32_t slot, uint32_t generation, const UsagePast *past) {
        UsageTrack *t = find_track(h, slot, generation);

        if (t)
                usage_track_recall(t, past);
}

void history_recall_group(History *h, uint32_t slot, uint32_t generation, const GroupPast *past) {
        GroupTrack *t = find_group_track(h, slot, generation);

        if (!t)
                return;
        usage_track_recall(&t->usage, &past->usage);
        usage_minima_recall(&t->shmem, &past->shmem);
}
