/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A world that lives: processes that grow and answer signals in their own way, memory that follows,
 * an actuator that reports. What happens is told by the events. */

#include "tests/core-world.h"

typedef enum Answer {
        ANSWER_OBEYS,         /* ends 20 ms after SIGTERM or SIGKILL */
        ANSWER_KILL_ONLY,     /* ignores SIGTERM */
        ANSWER_STUCK,         /* D state: nothing ends it */
        ANSWER_REFUSED,       /* EPERM */
        ANSWER_STALE,         /* has been replaced meanwhile */
        ANSWER_UNSEEN,        /* ends, but only the next sample tells */
        ANSWER_FREES_NOTHING, /* ends, and its memory is somebody else's */
} Answer;

/* One file of a cgroup that may be leased, as the kernel and the record of leases have it. */
typedef struct StoryFile {
        uint64_t now, old, ours;
        bool leased;
} StoryFile;

typedef struct Story {
        World *w;
        uint64_t capacity; /* available when no process holds anything */
        Answer answer[WORLD_PROCS_MAX];
        int64_t growth[WORLD_PROCS_MAX];       /* bytes per second */
        Answer group_answer[WORLD_GROUPS_MAX]; /* of the cgroup itself: OBEYS, REFUSED, STALE,
                                                  UNSEEN */
        int group_busy;                        /* so many orders about cgroups are not taken on */
        int groups_killed, n_group_steps;
        uint64_t kept_away; /* memory of those who freed nothing */
        int killed, signalled;
        int last_signo;
        size_t lines;
        StoryFile files[WORLD_GROUPS_MAX][_LEASE_FILE_MAX];
        Answer lease_answer; /* OBEYS, REFUSED, or UNSEEN: nobody answers */
        usec_t asleep_usec;  /* who is above memory.high meets it only so often; 0: in each tick */
        Action leases[64];   /* all orders about leases, in their order */
        size_t n_leases;
        Errand errand; /* the latest */
        size_t n_errands;
} Story;

static inline Story *story_new(uint64_t capacity) {
        Story *st = calloc(1, sizeof(*st));

        ck_assert_ptr_nonnull(st);
        st->w = world_new();
        st->capacity = capacity;
        for (size_t g = 0; g < WORLD_GROUPS_MAX; g++)
                for (int f = 0; f < _LEASE_FILE_MAX; f++)
                        st->files[g][f].now = f == LEASE_FREEZE ? 0 : UINT64_MAX;
        return st;
}

static inline void story_free(Story *st) {
        world_free(st->w);
        free(st);
}

static inline ProcSample *story_process(
        Story *st, const char *comm, uint64_t anon, int64_t growth, Answer answer) {
        ProcSample *p = world_process(st->w, comm, anon);

        /* Everybody of a kind of its own, unless a story says otherwise. */
        world_facts(st->w, p)->exe = world_facts(st->w, p)->comm;
        world_rehash(st->w);
        st->answer[p - st->w->procs] = answer;
        st->growth[p - st->w->procs] = growth;
        return p;
}

static inline bool story_lives(const ProcSample *p) {
        return p->state != 'X';
}

static inline void story_end(Story *st, ProcSample *p) {
        if (st->answer[p - st->w->procs] == ANSWER_FREES_NOTHING)
                st->kept_away += p->anon;
        process_set(p, 0);
        p->state = 'X';
        st->killed++;
}

static inline void story_signal(Story *st, const Action *a, size_t m) {
        ProcSample *p = &st->w->procs[a->slots[m]];
        Answer answer = st->answer[a->slots[m]];

        ck_assert_uint_eq(p->slot, a->slots[m]);
        st->signalled++;
        st->last_signo = a->signo;
        if (answer == ANSWER_REFUSED) {
                world_report(st->w, a, m, OUTCOME_REFUSED, 1);
                return;
        }
        if (answer == ANSWER_STALE) {
                world_report(st->w, a, m, OUTCOME_STALE, 0);
                p->generation++;
                process_set(p, MIB(1));
                st->growth[a->slots[m]] = 0;
                return;
        }
        world_report(st->w, a, m, OUTCOME_SENT, 0);
        if (answer == ANSWER_STUCK ||
                (a->signo != 9 && (answer == ANSWER_KILL_ONLY || a->signo != 15)))
                return;
        story_end(st, p);
        if (answer != ANSWER_UNSEEN)
                world_report(st->w, a, m, OUTCOME_GONE, 0);
}

static inline void story_report_group(Story *st, const Action *a, OutcomeKind kind, int error) {
        World *w = st->w;

        ck_assert_uint_lt(w->n_outcomes, WORLD_OUTCOMES_MAX);
        w->outcomes[w->n_outcomes++] = (Outcome){ .kind = kind,
                .action = a->id,
                .slot = a->groups[0].slot,
                .generation = a->groups[0].generation,
                .error = error,
                .at_usec = w->now + MSEC(30),
                .is_group = true };
}

/* Whoever lives in the cgroup, known or not; those that were named have got theirs already. */
static inline void story_signal_group(Story *st, const Action *a) {
        GroupSample *g = &st->w->groups[a->groups[0].slot];
        Answer answer = st->group_answer[a->groups[0].slot];
        bool empty = true;

        if (st->group_busy > 0) {
                st->group_busy--;
                story_report_group(st, a, OUTCOME_BUSY, 11);
                return;
        }
        if (answer == ANSWER_REFUSED || answer == ANSWER_STALE) {
                story_report_group(
                        st, a, answer == ANSWER_REFUSED ? OUTCOME_REFUSED : OUTCOME_STALE, 95);
                return;
        }
        story_report_group(st, a, OUTCOME_SENT, 0);
        for (size_t i = 0; i < st->w->s.n_procs; i++) {
                ProcSample *p = &st->w->procs[i];
                bool obeys = st->answer[i] == ANSWER_OBEYS ||
                        (a->signo == 9 && st->answer[i] != ANSWER_STUCK);

                if (!sample_holds(&st->w->s, g, i))
                        continue;
                if (obeys)
                        story_end(st, p);
                else
                        empty = false;
        }
        if (!empty)
                return;
        g->populated = false;
        group_set(g, 0, 0);
        st->groups_killed++;
        if (answer != ANSWER_UNSEEN)
                story_report_group(st, a, OUTCOME_GONE, 0);
}

static inline void story_answer(
        Story *st, uint64_t action, OutcomeKind kind, int error, uint64_t value) {
        World *w = st->w;

        ck_assert_uint_lt(w->n_outcomes, WORLD_OUTCOMES_MAX);
        w->outcomes[w->n_outcomes++] = (Outcome){ .kind = kind,
                .action = action,
                .error = error,
                .at_usec = w->now + MSEC(10),
                .value = value };
}

static inline void story_reclaim(Story *st, const Action *a) {
        GroupSample *g = &st->w->groups[a->groups[0].slot];
        uint64_t bytes = MIN(a->value, g->file);

        g->file = g->inactive_file = g->file - bytes;
        story_answer(st, a->id, OUTCOME_DONE, 0, bytes);
}

/* What the reaper and the kernel make of an order about a file. */
static inline void story_lease(Story *st, const Action *a) {
        GroupSample *g = &st->w->groups[a->groups[0].slot];
        StoryFile *f = &st->files[a->groups[0].slot][a->file];

        bool only_looks = f->leased && a->kind == ACTION_LEASE && f->now == a->value;

        if (!only_looks) {
                ck_assert_uint_lt(st->n_leases, ELEMENTS(st->leases));
                st->leases[st->n_leases++] = *a;
        }
        if (st->lease_answer == ANSWER_UNSEEN)
                return;
        if (st->lease_answer == ANSWER_REFUSED)
                story_answer(st, a->id, OUTCOME_REFUSED, 1, 0);
        else if (g->generation != a->groups[0].generation) {
                f->leased = false;
                story_answer(st, a->id, OUTCOME_GONE, 0, 0);
        } else if (f->leased && a->kind == ACTION_LEASE && f->now == f->old && f->now != f->ours &&
                (a->file == LEASE_MAX || a->file == LEASE_SWAP_MAX)) {
                f->now = f->ours = a->value;
                story_answer(st, a->id, OUTCOME_RENEWED, 0, f->old);
        } else if (f->leased && f->now != f->ours) {
                f->leased = false;
                story_answer(st, a->id, OUTCOME_FOREIGN, 0, 0);
        } else if (a->kind == ACTION_RETURN) {
                f->now = f->leased ? f->old : f->now;
                f->leased = false;
                story_answer(st, a->id, OUTCOME_DONE, 0, 0);
        } else {
                f->old = f->leased ? f->old : f->now;
                f->now = f->ours = a->value;
                f->leased = true;
                story_answer(st, a->id, OUTCOME_DONE, 0, f->old);
        }
}

/* Above its memory.high a cgroup gives up cache; without any left it waits. */
static inline bool story_is_held(const Story *st, size_t proc) {
        for (size_t g = 0; g < st->w->s.n_groups; g++)
                if (sample_holds(&st->w->s, &st->w->groups[g], proc) &&
                        (st->files[g][LEASE_FREEZE].now == 1 ||
                                st->w->groups[g].current > st->files[g][LEASE_HIGH].now))
                        return true;
        return false;
}

static inline void story_throttle(Story *st) {
        for (size_t i = 0; i < st->w->s.n_groups; i++) {
                GroupSample *g = &st->w->groups[i];
                uint64_t over = sub_sat_u64(g->current, st->files[i][LEASE_HIGH].now);

                g->file = g->inactive_file = sub_sat_u64(g->file, over);
                g->events[GROUP_EVENT_HIGH] +=
                        over > 0 && (st->asleep_usec == 0 || st->w->now % st->asleep_usec == 0);
                group_set(g, g->anon, g->file);
        }
}

/* Cgroups hold what their processes hold. */
static inline void story_charge(Story *st) {
        World *w = st->w;

        for (size_t g = 0; g < w->s.n_groups; g++) {
                uint64_t anon = 0;

                for (size_t i = 0; i < w->s.n_procs; i++)
                        if (sample_holds(&w->s, &w->groups[g], i))
                                anon += w->procs[i].anon;
                group_set(&w->groups[g], anon, w->groups[g].file);
        }
}

static inline void story_tick(Story *st, usec_t later) {
        World *w = st->w;
        uint64_t held = st->kept_away;

        for (size_t i = 0; i < w->s.n_procs; i++) {
                ProcSample *p = &w->procs[i];
                int64_t step = (int64_t) later / 1000 * (st->growth[i] / 1000);

                if (!story_lives(p))
                        continue;
                if (story_is_held(st, i))
                        step = 0;
                process_set(p, (uint64_t) MAX((int64_t) p->anon + step, INT64_C(0)));
                held += p->anon;
        }
        w->s.raw.mem_available = held > st->capacity ? 0 : st->capacity - held;
        story_charge(st);
        story_throttle(st);
        world_tick(w, later);
        st->lines += w->plan.n_events;
        for (size_t e = 0; e < w->plan.n_errands; e++)
                st->errand = w->plan.errands[e];
        st->n_errands += w->plan.n_errands;
        for (size_t a = 0; !w->dry && a < w->plan.n_actions; a++) {
                if (w->plan.actions[a].kind == ACTION_RECLAIM)
                        story_reclaim(st, &w->plan.actions[a]);
                else if (w->plan.actions[a].kind != ACTION_SIGNAL)
                        story_lease(st, &w->plan.actions[a]);
                if (w->plan.actions[a].kind != ACTION_SIGNAL)
                        continue;
                for (size_t m = 0; m < w->plan.actions[a].n_slots; m++)
                        story_signal(st, &w->plan.actions[a], m);
                if (w->plan.actions[a].n_groups > 0 && ++st->n_group_steps > 0)
                        story_signal_group(st, &w->plan.actions[a]);
        }
}

/* Ticks as the plan asks for: 50 ms while it is busy, else `calm`. */
static inline void story_run(Story *st, usec_t length, usec_t calm) {
        usec_t end = st->w->now + length;

        while (st->w->now < end)
                story_tick(st, st->w->plan.busy ? MSEC(50) : calm);
}

/* Runs until an event of that kind comes, at most so long; returns it or NULL. */
static inline const Event *story_until(Story *st, EventKind kind, usec_t most) {
        usec_t end = st->w->now + most;

        while (st->w->now < end) {
                story_tick(st, st->w->plan.busy ? MSEC(50) : MSEC(100));
                if (world_event(st->w, kind))
                        return world_event(st->w, kind);
        }
        return NULL;
}
