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
} Story;

static inline Story *story_new(uint64_t capacity) {
        Story *st = calloc(1, sizeof(*st));

        ck_assert_ptr_nonnull(st);
        st->w = world_new();
        st->capacity = capacity;
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
                process_set(p, (uint64_t) MAX((int64_t) p->anon + step, INT64_C(0)));
                held += p->anon;
        }
        w->s.raw.mem_available = held > st->capacity ? 0 : st->capacity - held;
        story_charge(st);
        world_tick(w, later);
        st->lines += w->plan.n_events;
        for (size_t a = 0; !w->dry && a < w->plan.n_actions; a++) {
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
