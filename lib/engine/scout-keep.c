/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is read by the sentinel each tick: most of them by size, some because they grow. */

#include <errno.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "base/number.h"
#include "engine/scout-private.h"
#include "kernel/proc-oom.h"
#include "kernel/proc-statm.h"
#include "kernel/proc-status.h"
#include "kernel/proc.h"

/* Of the places, those that go by size; the others go by what was gained since the last census. */
#define SHARE_BY_SIZE(n) ((n) - (n) / 4)

/* Who is in stays in until another is clearly larger: opening costs more than being the 257th
 * largest. */
#define STAY_BONUS_BYTES (1024 * 1024)

/* When descriptors run out: how many places are given up at once, and won back at each census. */
#define CAP_STEP 16

static uint64_t size_key(const ScoutEntry *e) {
        return e->kept ? add_sat_u64(e->size, e->size / 8 + STAY_BONUS_BYTES) : e->size;
}

static uint64_t gain_of(const ScoutEntry *e) {
        return sub_sat_u64(e->size, e->census_size);
}

/* Larger first; ties go to the lower slot, so that the order is the same each time. */
static int compare(uint64_t key_a, uint64_t key_b, uint32_t a, uint32_t b) {
        if (key_a != key_b)
                return key_a > key_b ? -1 : 1;
        return a < b ? -1 : a > b;
}

static int by_size(const void *a, const void *b, void *ctx) {
        const ScoutEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        if (entries[i].favoured != entries[j].favoured)
                return entries[i].favoured ? -1 : 1;
        return compare(size_key(&entries[i]), size_key(&entries[j]), i, j);
}

static int by_gain(const void *a, const void *b, void *ctx) {
        const ScoutEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        return compare(gain_of(&entries[i]), gain_of(&entries[j]), i, j);
}

/* Who a policy watches though the system is calm comes first, but leaves half of the places to the
 * others: a policy for everybody must not hide a hog. The order is by size, the watched ones first.
 */
static void bound_favoured(Scout *s, size_t n, size_t places) {
        for (size_t i = places / 2; i < n; i++)
                s->entries[s->order[i]].favoured = false;
}

static size_t choose(Scout *s) {
        size_t n = 0, places, by_size_places, chosen = 0;

        for (uint32_t slot = 0; slot < s->n_slots; slot++) {
                ScoutEntry *e = &s->entries[slot];

                e->chosen = e->chosen_detail = false;
                e->favoured = e->watched;
                if (e->used && !e->untouchable)
                        s->order[n++] = slot;
        }

        places = MIN(n, (size_t) s->kept_cap);
        by_size_places = places < n ? SHARE_BY_SIZE(places) : places;
        qsort_r(s->order, n, sizeof(*s->order), by_size, s->entries);
        bound_favoured(s, n, places);
        qsort_r(s->order, n, sizeof(*s->order), by_size, s->entries);
        qsort_r(s->order + by_size_places, n - by_size_places, sizeof(*s->order), by_gain,
                s->entries);
        for (; chosen < places; chosen++)
                s->entries[s->order[chosen]].chosen = true;

        /* The same once more among the chosen, for the detail. */
        qsort_r(s->order, chosen, sizeof(*s->order), by_size, s->entries);
        places = MIN(chosen, (size_t) s->detailed_max);
        by_size_places = places < chosen ? SHARE_BY_SIZE(places) : places;
        qsort_r(s->order + by_size_places, chosen - by_size_places, sizeof(*s->order), by_gain,
                s->entries);
        for (size_t i = 0; i < places; i++)
                s->entries[s->order[i]].chosen_detail = true;
        qsort_r(s->order, places, sizeof(*s->order), by_size, s->entries);
        return chosen;
}

/* A recorded tree need not have every file. */
static bool is_missing(const Scout *s, int r) {
        return r == PROC_GONE && s->root->foreign;
}

/* The kernel allocates a buffer at the first read of a descriptor: here, not on the sentinel. */
static int prime_statm(int fd) {
        ProcStatm statm;

        return proc_statm_read_fd(fd, &statm);
}

static int prime_status(int fd) {
        ProcStatus status;

        return proc_status_read_fd(fd, &status);
}

static int prime_score(int fd) {
        int score;

        return proc_oom_read_fd(fd, &score);
}

static int open_file(const Scout *s, int dir_fd, const char *name, int (*prime)(int fd), int *ret) {
        _cleanup_close_ int fd = FD_NONE;
        int r;

        r = proc_file_open(dir_fd, name, &fd);
        if (is_missing(s, r))
                return PROC_OK;
        if (r == PROC_OK)
                r = prime(fd);
        if (r != PROC_OK)
                return r;
        *ret = TAKE_FD(fd);
        return PROC_OK;
}

static void pin_donep(PidPin *pin) {
        pid_pin_done(pin);
}

/* The second pidfd is opened after the first was verified; that statm still answers through the
 * verified directory afterwards proves that the number had not been given to another process
 * meanwhile. */
static int open_member(Scout *s, uint32_t slot) {
        _cleanup_(pin_donep) PidPin pin = PID_PIN_INIT;
        _cleanup_close_ int reap_fd = FD_NONE, statm_fd = FD_NONE;
        const ScoutEntry *e = &s->entries[slot];
        RosterSlot *rs = roster_slot(s->roster, slot);
        int r;

        r = pid_pin_open(s->root, e->pid, e->start_ticks, &pin);
        if (r != PIDFD_OK)
                return r < 0 ? r
                             : PROC_GONE; /* or no longer the one we knew: the next listing tells */
        if (s->options.open_pids)
                r = pidfd_new(e->pid, &reap_fd);
        if (r != PIDFD_OK)
                return r < 0 ? r : PROC_GONE;
        r = open_file(s, pin.dir_fd, "statm", prime_statm, &statm_fd);
        if (r != PROC_OK)
                return r;

        rs->statm_fd = TAKE_FD(statm_fd);
        rs->reap_pidfd = TAKE_FD(reap_fd);
        rs->pidfd = s->options.open_pids ? TAKE_FD(pin.pidfd) : FD_NONE;
        return PROC_OK;
}

static int open_detail(Scout *s, uint32_t slot) {
        _cleanup_close_ int dir_fd = FD_NONE, status_fd = FD_NONE, score_fd = FD_NONE;
        const ScoutEntry *e = &s->entries[slot];
        RosterSlot *rs = roster_slot(s->roster, slot);
        ProcStat stat;
        int r;

        r = proc_dir_open(s->root->proc_fd, e->pid, &dir_fd);
        if (r == PROC_OK)
                r = proc_stat_read_at(dir_fd, &stat);
        if (r == PROC_OK && stat.starttime_ticks != e->start_ticks)
                r = PROC_GONE;
        if (r == PROC_OK)
                r = open_file(s, dir_fd, "status", prime_status, &status_fd);
        if (r == PROC_OK)
                r = open_file(s, dir_fd, "oom_score", prime_score, &score_fd);
        if (r != PROC_OK)
                return r;

        rs->status_fd = TAKE_FD(status_fd);
        rs->score_fd = TAKE_FD(score_fd);
        return PROC_OK;
}

static bool ran_out(int r) {
        return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/* Makes room instead of failing at every pass: fewer are kept for a while. */
static void lower_cap(Scout *s) {
        uint32_t n = 0;

        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                n += s->entries[slot].kept;
        s->kept_cap = n > 2 * CAP_STEP ? n - CAP_STEP : CAP_STEP;
        s->stats.short_of_fds = true;
}

static void leave(Scout *s, uint32_t slot) {
        ScoutEntry *e = &s->entries[slot];

        e->kept = e->detailed = false;
        (void) roster_drop_fds(s->roster, slot, false); /* else they stay open until it goes */
}

static bool has_fds(const RosterSlot *rs) {
        return rs->statm_fd >= 0 || rs->pidfd >= 0;
}

/* Returns false when there is nothing left to open with. */
static bool enter(Scout *s, uint32_t slot) {
        ScoutEntry *e = &s->entries[slot];
        const RosterSlot *rs = roster_slot(s->roster, slot);
        int r = PROC_OK;

        roster_keep_fds(s->roster, slot); /* a drop that is under way is called off */
        if (!e->kept && !has_fds(rs))
                r = open_member(s, slot);
        if (r == PROC_OK) {
                e->kept = true;
                if (e->chosen_detail && rs->status_fd < 0)
                        r = open_detail(s, slot);
                e->detailed = e->chosen_detail && r == PROC_OK;
                if (!e->chosen_detail && rs->status_fd >= 0)
                        (void) roster_drop_fds(s->roster, slot, true);
        }
        if (r < 0 || r == PROC_DENIED)
                scout_note_error(s, r < 0 ? r : -EACCES);
        return !ran_out(r);
}

void scout_keep(Scout *s) {
        size_t n;

        if (s->is_census && s->kept_cap < s->kept_max)
                s->kept_cap = MIN(s->kept_cap + CAP_STEP, s->kept_max);
        s->stats.short_of_fds = s->kept_cap < s->kept_max;

        n = choose(s);
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].kept && !s->entries[slot].chosen)
                        leave(s, slot);

        for (size_t i = 0; i < n; i++)
                if (!enter(s, s->order[i])) {
                        lower_cap(s);
                        break; /* who was in is in; the others come when there is room again */
                }
}

static int by_plain_size(const void *a, const void *b, void *ctx) {
        const ScoutEntry *entries = ctx;
        uint32_t i = *(const uint32_t *) a, j = *(const uint32_t *) b;

        return compare(entries[i].size, entries[j].size, i, j);
}

void scout_sort_kept(Scout *s, RosterListing *l) {
        qsort_r(l->slots, l->n_detailed, sizeof(*l->slots), by_plain_size, s->entries);
        qsort_r(l->slots + l->n_detailed, l->n_kept - l->n_detailed, sizeof(*l->slots),
                by_plain_size, s->entries);
}

void scout_keep_nobody(Scout *s) {
        for (uint32_t slot = 0; slot < s->n_slots; slot++)
                if (s->entries[slot].used)
                        leave(s, slot);
}
