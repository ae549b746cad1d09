/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-track.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"

/* How long memory.stat stands for what is charged: while that changes by no more than an eighth,
 * and in any case. */
#define STAT_LASTS_USEC (12 * USEC_PER_SEC)
#define STAT_HOLDS_USEC (3 * USEC_PER_SEC)
#define STAT_SHARE 8
#define STAT_SLACK (UINT64_C(4) << 20)

#define REFAULT_SPACING_USEC (900 * USEC_PER_MSEC)
/* Steps shorter than this are noise, longer ones are no answer to "how soon". */
#define STEP_LEAST_USEC (150 * USEC_PER_MSEC)
#define STEP_MOST_USEC (12 * USEC_PER_SEC)

/* Looks that are closer than this take each other's place, but for the newest. */
#define LOOK_SPACING_USEC (500 * USEC_PER_MSEC)

#define REFAULT_WINDOW_USEC (3 * USEC_PER_SEC)

/* Counters older than this tell nothing about now. */
#define STALE_AFTER_USEC (15 * USEC_PER_SEC)
#define GROWTH_STALE_USEC (12 * USEC_PER_SEC)

static void begin(GroupTrack *t, const GroupSample *g) {
        usec_t from = g->stat_at_usec == USEC_UNSET ? g->at_usec : MIN(g->at_usec, g->stat_at_usec);

        memset(t, 0, sizeof(*t));
        usage_track_begin(&t->usage, g->generation, from, g->facts->born_watched);
        usage_minima_begin(&t->shmem, from, g->facts->born_watched);
        t->stat_usec = t->oom_usec = USEC_UNSET;
}

/* ---- events */

static void forget_events(GroupTrack *t) {
        memset(t->recent, 0, sizeof(t->recent));
}

/* Empties the seconds between the newest reading and the one that comes. */
static void roll_seconds(GroupTrack *t, usec_t at_usec) {
        usec_t last = t->events_usec / USEC_PER_SEC, now = at_usec / USEC_PER_SEC;
        usec_t passed = MIN(now - last, (usec_t) GROUP_EVENT_SECONDS);

        for (usec_t i = 0; i < passed; i++)
                memset(t->recent[(now - i) % GROUP_EVENT_SECONDS], 0, sizeof(t->recent[0]));
}

static bool ran_backwards(const GroupTrack *t, const GroupSample *g) {
        for (int e = 0; e < _GROUP_EVENT_MAX; e++)
                if (g->events[e] < t->events[e])
                        return true;
        return false;
}

static void add_events(GroupTrack *t, const GroupSample *g, usec_t now_usec) {
        uint16_t *second = t->recent[g->at_usec / USEC_PER_SEC % GROUP_EVENT_SECONDS];
        bool first = !t->has_events;

        if (!g->has_events || (!first && g->at_usec <= t->events_usec))
                return;

        if (first)
                t->events_usec = g->at_usec;
        roll_seconds(t, g->at_usec);
        if (!first && ran_backwards(t, g))
                forget_events(t);                    /* (2) */
        else if (!first || g->facts->born_watched) { /* (1) */
                for (int e = 0; e < _GROUP_EVENT_MAX; e++)
                        second[e] = (uint16_t) MIN(
                                second[e] + (g->events[e] - t->events[e]), (uint64_t) UINT16_MAX);
                if (g->events[GROUP_EVENT_OOM_KILL] > t->events[GROUP_EVENT_OOM_KILL]) {
                        t->oom_kills =
                                g->events[GROUP_EVENT_OOM_KILL] - t->events[GROUP_EVENT_OOM_KILL];
                        t->oom_usec = now_usec;
                }
        }
        memcpy(t->events, g->events, sizeof(t->events));
        t->events_before_usec = t->events_usec;
        t->events_usec = g->at_usec;
        t->has_events = true;
}

static void read_events(const GroupTrack *t, GroupSample *g) {
        for (int e = 0; e < _GROUP_EVENT_MAX; e++) {
                g->recent[e] = 0;
                for (int i = 0; i < GROUP_EVENT_SECONDS; i++)
                        g->recent[e] += t->recent[i][e];
        }
        g->recent_usec = MIN(t->events_before_usec,
                usec_since(t->events_usec, GROUP_EVENT_SECONDS * USEC_PER_SEC));
        g->oom_kills = t->oom_kills;
        g->oom_usec = t->oom_usec;
}

/* ---- what was charged */

static void add_look(GroupTrack *t, const GroupSample *g) {
        GroupLook *l = t->looks;

        if (!g->has_memory || g->at_usec <= l[0].at_usec)
                return;
        if (l[0].at_usec >= usec_add(l[1].at_usec, LOOK_SPACING_USEC))
                memmove(&l[1], &l[0], (GROUP_LOOKS - 1) * sizeof(*l));
        l[0] = (GroupLook){ g->at_usec, g->current };
}

/* When a kill comes to light, what it freed is not charged any more. */
static void read_looks(const GroupTrack *t, GroupSample *g, usec_t now_usec) {
        memset(g->before, 0, sizeof(g->before));
        if (t->oom_usec == now_usec)
                memcpy(g->before, t->looks, sizeof(g->before));
}

/* ---- memory.stat */

static const GroupRefaults *refaults_at(const GroupTrack *t, uint8_t age) {
        return &t->refaults[(t->refaults_head + GROUP_REFAULT_POINTS - 1 - age) %
                GROUP_REFAULT_POINTS];
}

static void add_refaults(GroupTrack *t, const GroupSample *g) {
        GroupRefaults point = { g->stat_at_usec, { g->refault_anon, g->refault_file } };

        if (t->n_refaults > 0) {
                const GroupRefaults *last = refaults_at(t, 0);

                if (g->stat_at_usec < usec_add(last->at_usec, REFAULT_SPACING_USEC))
                        return;
                if (point.counts[0] < last->counts[0] || point.counts[1] < last->counts[1])
                        t->n_refaults = 0; /* (2) */
        }
        t->refaults[t->refaults_head] = point;
        t->refaults_head = (uint8_t) ((t->refaults_head + 1) % GROUP_REFAULT_POINTS);
        t->n_refaults = (uint8_t) MIN(t->n_refaults + 1, GROUP_REFAULT_POINTS);
}

static void read_refaults(const GroupTrack *t, GroupSample *g, usec_t now_usec) {
        const GroupRefaults *end, *from = NULL;

        g->refaults[0] = g->refaults[1] = (Reading){ 0 };
        if (t->n_refaults < 2)
                return;

        end = refaults_at(t, 0);
        if (usec_since(now_usec, end->at_usec) > STALE_AFTER_USEC)
                return;
        for (uint8_t age = 1; age < t->n_refaults; age++) {
                from = refaults_at(t, age);
                if (end->at_usec - from->at_usec >= REFAULT_WINDOW_USEC)
                        break;
        }
        for (int i = 0; i < 2; i++) {
                uint64_t rate = mul_div_u64(end->counts[i] - from->counts[i], USEC_PER_SEC,
                        end->at_usec - from->at_usec);

                g->refaults[i] = (Reading){ .known = true,
                        .value = (int64_t) MIN(rate, (uint64_t) INT64_MAX),
                        .since_usec = from->at_usec };
        }
}

static void add_step(GroupTrack *t, const GroupSample *g) {
        if (t->n_steps > 0) {
                usec_t apart = usec_since(g->stat_at_usec, t->steps[0].at_usec);

                if (apart < STEP_LEAST_USEC)
                        return;
                if (apart > STEP_MOST_USEC)
                        t->n_steps = 0;
        }
        memmove(&t->steps[1], &t->steps[0], GROUP_STEPS * sizeof(t->steps[0]));
        t->steps[0] = (GroupStep){ g->stat_at_usec, g->unreclaimable };
        t->n_steps = (uint8_t) MIN(t->n_steps + 1, GROUP_STEPS + 1);
}

/* (4) */
static uint64_t pace_of(const GroupTrack *t, int step) {
        return mul_div_u64(sub_sat_u64(t->steps[step].bytes, t->steps[step + 1].bytes),
                USEC_PER_SEC, t->steps[step].at_usec - t->steps[step + 1].at_usec);
}

static void read_pace(const GroupTrack *t, GroupSample *g, usec_t now_usec) {
        uint64_t slower = UINT64_MAX;

        if (t->n_steps < 2 || usec_since(now_usec, t->steps[0].at_usec) > STEP_MOST_USEC)
                return;
        g->last_pace = pace_of(t, 0);
        if (t->n_steps <= GROUP_STEPS)
                return;
        for (int i = 0; i < GROUP_STEPS; i++)
                slower = MIN(slower, pace_of(t, i));
        g->pace = slower;
        g->pace_usec = t->steps[GROUP_STEPS].at_usec;
}

/* (3) */
static bool stat_holds(const GroupTrack *t, const GroupSample *g) {
        usec_t apart = MAX(
                usec_since(g->at_usec, g->stat_at_usec), usec_since(g->stat_at_usec, g->at_usec));
        uint64_t moved = MAX(
                sub_sat_u64(g->current, t->stat_current), sub_sat_u64(t->stat_current, g->current));

        return apart <= STAT_HOLDS_USEC ||
                (apart <= STAT_LASTS_USEC && moved <= t->stat_current / STAT_SHARE + STAT_SLACK);
}

static void add_stat(GroupTrack *t, const GroupSample *g) {
        if (t->stat_usec != USEC_UNSET && g->stat_at_usec <= t->stat_usec)
                return;
        t->stat_usec = g->stat_at_usec;
        t->stat_current = g->current;
        usage_track_add_minimum(&t->usage, g->stat_at_usec, g->anon + g->swap);
        usage_track_add_point(&t->usage, g->stat_at_usec, g->unreclaimable);
        usage_minima_add(&t->shmem, g->stat_at_usec, g->shmem);
        add_step(t, g);
        add_refaults(t, g);
}

static void read_usage(const GroupTrack *t, GroupSample *g, usec_t now_usec, bool grace) {
        uint64_t baseline;

        if (usage_track_baseline(&t->usage, &baseline)) {
                g->gained = sub_sat_u64(g->anon + g->swap, baseline);
                g->gained_known = usage_track_is_ripe(&t->usage, g->stat_at_usec);
        }
        g->shmem_gained = usage_minima_gained(&t->shmem, g->shmem);
        g->growth_known = t->usage.growth_known && !grace &&
                usec_since(now_usec, g->stat_at_usec) < GROWTH_STALE_USEC;
        if (g->growth_known)
                g->growth = (int64_t) t->usage.growth_kib * 1024;
}

void group_track_advance(GroupTrack *t, GroupSample *g, usec_t now_usec, bool grace) {
        if (t->usage.generation_plus_one != g->generation + 1)
                begin(t, g);

        add_events(t, g, now_usec);
        read_events(t, g);
        read_looks(t, g, now_usec);
        add_look(t, g);
        if (!g->has_memory || g->stat_at_usec == USEC_UNSET)
                return;

        add_stat(t, g);
        g->unreclaimable_known = stat_holds(t, g);
        read_usage(t, g, now_usec, grace);
        if (grace)
                return;
        read_pace(t, g, now_usec);
        read_refaults(t, g, now_usec);
}

void group_track_pause(GroupTrack *t) {
        usage_track_forget_growth(&t->usage);
        t->n_refaults = 0;
        t->n_steps = 0;
}
