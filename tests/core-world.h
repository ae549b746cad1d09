/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A machine for tests of the judging: policies, readings and processes from initialiser lists, and
 * a tick that runs the same functions as the daemon. Everything is in a World; nothing is read from
 * the outside. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/decide.h"
#include "core/history.h"
#include "tests/harness.h"

#define KIB(n) ((uint64_t) (n) << 10)
#define MIB(n) ((uint64_t) (n) << 20)
#define GIB(n) ((uint64_t) (n) << 30)
#define MSEC(n) ((usec_t) (n) *USEC_PER_MSEC)
#define SEC(n) ((usec_t) (n) *USEC_PER_SEC)

#define WORLD_PROCS_MAX 64
#define WORLD_GROUPS_MAX 64
#define WORLD_NODES_MAX 128
#define WORLD_POLICIES_MAX 8
#define WORLD_OUTCOMES_MAX 512
#define WORLD_VERDICTS_MAX 128
#define WORLD_TRACE_MAX 4096

typedef struct World {
        Config config;
        Policy policies[WORLD_POLICIES_MAX];
        CondNode nodes[WORLD_NODES_MAX];
        size_t n_nodes;
        History *history;
        IncidentBook book;
        DecideScratch scratch;
        Candidate candidates[WORLD_PROCS_MAX];
        GroupCandidate group_candidates[WORLD_GROUPS_MAX];
        Sample s;
        ProcSample procs[WORLD_PROCS_MAX];
        ProcFacts facts[WORLD_PROCS_MAX];
        UserSample users[WORLD_PROCS_MAX];
        GroupSample groups[WORLD_GROUPS_MAX];
        GroupFacts group_facts[WORLD_GROUPS_MAX];
        Verdict verdicts[WORLD_VERDICTS_MAX];
        size_t n_verdicts;
        Outcome outcomes[WORLD_OUTCOMES_MAX];
        size_t n_outcomes;
        Plan plan;
        bool dry;
        usec_t now;
        int32_t next_pid;
        char trace[WORLD_TRACE_MAX]; /* names of all events so far, each followed by a blank */
        size_t n_events;
} World;

static inline World *world_new(void) {
        World *w = calloc(1, sizeof(*w));

        ck_assert_ptr_nonnull(w);
        ck_assert_int_eq(history_new(WORLD_PROCS_MAX, WORLD_GROUPS_MAX, &w->history), 0);
        incident_book_init(&w->book);
        w->scratch.candidates = w->candidates;
        w->scratch.size = WORLD_PROCS_MAX;
        w->scratch.groups = w->group_candidates;
        w->scratch.groups_size = WORLD_GROUPS_MAX;
        w->config.policies = w->policies;
        w->config.tick = (TickConfig){ MSEC(50), SEC(5), SEC(1), SEC(30) };
        w->config.limits = (LimitsConfig){ 8192, 256, 64, 512, 32, 64, 8192, 64 };
        w->s.procs = w->procs;
        w->s.users = w->users;
        w->s.users_size = WORLD_PROCS_MAX;
        w->s.procs_fresh = true;
        w->s.groups = w->groups;
        w->s.groups_fresh = true;
        w->s.raw = (SystemRaw){
                .have = source_bit(SOURCE_MEMINFO) | source_bit(SOURCE_VMSTAT) |
                        source_bit(SOURCE_SWAPS) | source_bit(SOURCE_PSI_MEMORY) |
                        source_bit(SOURCE_PSI_IO) | source_bit(SOURCE_PSI_CPU) |
                        source_bit(SOURCE_PROCESSES),
                .mem_total = GIB(16),
                .mem_free = GIB(7),
                .mem_available = GIB(8),
                .active_file = GIB(1),
                .inactive_file = GIB(1),
                .fill_ceiling = GIB(1),
        };
        for (int r = 0; r < _PSI_RESOURCE_MAX; r++)
                w->s.raw.psi[r].has_full = true;
        w->now = SEC(1000);
        w->next_pid = 1000;
        return w;
}

static inline void world_free(World *w) {
        history_free(w->history);
        free(w);
}

/* ---- policies
 * ------------------------------------------------------------------------------------- */

static inline Atom atom_share(MetricId metric, const char *name, CompareOp op, int64_t permyriad) {
        return (Atom){ .metric = metric,
                .unit = METRIC_UNIT_BYTES,
                .op = op,
                .percent = true,
                .is_amount = true,
                .threshold = permyriad,
                .name = name,
                .text = name };
}

static inline Atom atom_bytes(MetricId metric, const char *name, CompareOp op, uint64_t bytes) {
        return (Atom){ .metric = metric,
                .unit = METRIC_UNIT_BYTES,
                .op = op,
                .is_amount = true,
                .threshold = (int64_t) bytes,
                .name = name,
                .text = name };
}

static inline Atom atom_pressure(
        PsiResource r, PsiKind k, PsiWindow window, CompareOp op, int64_t permyriad) {
        return (Atom){ .metric = metric_psi(r, k, window),
                .unit = METRIC_UNIT_PERMYRIAD,
                .op = op,
                .is_pressure_or_rate = true,
                .threshold = permyriad,
                .name = "psi",
                .text = "psi" };
}

static inline Atom atom_time(MetricId metric, const char *name, CompareOp op, usec_t usec) {
        return (Atom){ .metric = metric,
                .unit = METRIC_UNIT_USEC,
                .op = op,
                .is_amount = true,
                .threshold = (int64_t) usec,
                .name = name,
                .text = name };
}

static inline Atom available_below(int64_t permyriad) {
        return atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_LT, permyriad);
}

static inline Atom swap_below(int64_t permyriad) {
        Atom a = atom_share(METRIC_SWAP_FREE, "swap.free", COMPARE_LT, permyriad);

        a.is_amount = false;
        return a;
}

/* A node with n atoms below it. */
static inline Condition world_condition(World *w, CondKind kind, const Atom *atoms, size_t n) {
        CondNode *root = &w->nodes[w->n_nodes];

        ck_assert_uint_le(w->n_nodes + n + 1, WORLD_NODES_MAX);
        *root = (CondNode){
                .kind = kind, .first_child = n > 0 ? 1 : COND_NONE, .next_sibling = COND_NONE
        };
        for (size_t i = 0; i < n; i++)
                root[1 + i] = (CondNode){ .kind = COND_ATOM,
                        .first_child = COND_NONE,
                        .next_sibling = i + 1 < n ? (uint16_t) (i + 2) : COND_NONE,
                        .atom = atoms[i] };
        w->n_nodes += n + 1;
        return (Condition){ root, n + 1 };
}

#define CONDITION(w, kind, ...)                                                                    \
        world_condition(w, kind, (const Atom[]){ __VA_ARGS__ },                                    \
                sizeof((const Atom[]){ __VA_ARGS__ }) / sizeof(Atom))

/* A policy with the defaults of the language and one step: terminate with 3 s of grace. */
static inline Policy *world_policy(World *w, const char *name, WatchKind watch, Condition when) {
        Policy *p = &w->policies[w->config.n_policies++];

        ck_assert_uint_le(w->config.n_policies, WORLD_POLICIES_MAX);
        *p = (Policy){
                .file = "test.yaml",
                .line = 1,
                .watch = watch,
                .when = when,
                .settle_usec = MSEC(300),
                .cooldown_usec = SEC(15),
                .steps = { { .kind = STEP_TERMINATE,
                        .grace_usec = SEC(3),
                        .timeout_usec = SEC(5) } },
                .n_steps = 1,
                .targets = { .kind = TARGET_PROCESS,
                        .at_least_percent = true,
                        .at_least = 100,
                        .weight_milli = { [RANK_GAINED] = 1000, [RANK_FREEABLE] = 100 } },
        };
        snprintf(p->name, sizeof(p->name), "%s", name);
        return p;
}

/* ---- processes
 * ------------------------------------------------------------------------------------ */

/* A process that was there before the watching began, of uid 1000, in its own session. */
static inline ProcSample *world_process(World *w, const char *comm, uint64_t anon) {
        size_t i = w->s.n_procs++;
        ProcFacts *f = &w->facts[i];
        ProcSample *p = &w->procs[i];

        ck_assert_uint_lt(i, WORLD_PROCS_MAX);
        *f = (ProcFacts){ .pid = w->next_pid,
                .ppid = 1,
                .session = w->next_pid,
                .pgrp = w->next_pid,
                .born_usec = SEC(10),
                .uid = 1000,
                .gid = 1000,
                .exe_is_host = true,
                .tty = "",
                .exe = "/usr/bin/prog",
                .cmdline = "",
                .cgroup = "/",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "" };
        w->next_pid++;
        snprintf(f->comm, sizeof(f->comm), "%s", comm);
        f->class_hash = facts_class(f);
        f->group_hash = facts_group(f);
        *p = (ProcSample){ .facts = f,
                .slot = (uint32_t) i,
                .generation = 1,
                .kept = true,
                .has_status = true,
                .state = 'S',
                .rss = anon,
                .anon = anon,
                .threads = 1 };
        return p;
}

static inline ProcFacts *world_facts(World *w, const ProcSample *p) {
        return &w->facts[p - w->procs];
}

/* After a change of unit, session, exe, … */
static inline void world_rehash(World *w) {
        for (size_t i = 0; i < w->s.n_procs; i++) {
                w->facts[i].class_hash = facts_class(&w->facts[i]);
                w->facts[i].group_hash = facts_group(&w->facts[i]);
        }
}

static inline void process_set(ProcSample *p, uint64_t anon) {
        p->rss = p->anon = anon;
}

/* It ends: its place stays, with nobody in it. The memory it had comes back. */
static inline void world_end(World *w, ProcSample *p) {
        w->s.raw.mem_available += p->anon;
        process_set(p, 0);
        p->state = 'X';
}

/* ---- cgroups
 * -------------------------------------------------------------------------------------- */

/* A leaf cgroup without a limit that was there before the watching began; all it has is anonymous
 * memory. */
static inline GroupSample *world_group(World *w, const char *path, uint64_t anon) {
        size_t i = w->s.n_groups++;
        GroupFacts *f = &w->group_facts[i];
        GroupSample *g = &w->groups[i];

        ck_assert_uint_lt(i, WORLD_GROUPS_MAX);
        *f = (GroupFacts){ .inode = i + 100,
                .path = path,
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "",
                .limit_bytes = UINT64_MAX,
                .high_bytes = UINT64_MAX };
        f->class_hash = group_class(f);
        *g = (GroupSample){ .facts = f,
                .slot = (uint32_t) i,
                .generation = 1,
                .kept = true,
                .has_memory = true,
                .populated = true,
                .current = anon,
                .has_events = true,
                .anon = anon };
        return g;
}

static inline GroupFacts *world_group_facts(World *w, const GroupSample *g) {
        return &w->group_facts[g - w->groups];
}

/* The cgroup of a unit of the system manager: "/system.slice/NAME". */
static inline GroupSample *world_unit(
        World *w, const char *path, const char *unit, uint64_t anon, uint64_t limit) {
        GroupSample *g = world_group(w, path, anon);
        GroupFacts *f = world_group_facts(w, g);

        f->unit = unit;
        f->is_unit = true;
        f->slice = "system.slice";
        f->limit_bytes = limit;
        f->has_own_limit = limit != UINT64_MAX;
        f->class_hash = group_class(f);
        return g;
}

/* Anonymous memory, and clean page cache beside it. */
static inline void group_set(GroupSample *g, uint64_t anon, uint64_t cache) {
        g->anon = anon;
        g->file = g->inactive_file = cache;
        g->current = anon + cache;
}

/* ---- time
 * ----------------------------------------------------------------------------------------- */

/* One tick `later` after the last: history, evaluate, decide. */
static inline void world_tick(World *w, usec_t later) {
        usec_t at = w->now += later;

        w->s.raw.at_usec = w->s.raw.boottime_usec = w->s.raw.vmstat_at_usec = at;
        w->s.procs_at_usec = at;
        for (size_t i = 0; i < w->s.n_procs; i++)
                w->procs[i].at_usec = at;
        w->s.groups_at_usec = at;
        for (size_t i = 0; i < w->s.n_groups; i++) {
                GroupSample *g = &w->groups[i];

                g->at_usec = g->psi_at_usec = at;
                if (g->stat_at_usec != USEC_UNSET)
                        g->stat_at_usec = at;
        }

        history_advance(w->history, &w->s, 0);
        w->n_verdicts = evaluate(&w->config, &w->s, incident_not_before, &w->book, w->verdicts,
                WORLD_VERDICTS_MAX, NULL);
        decide(&w->config, &w->s, w->verdicts, w->n_verdicts, w->outcomes, w->n_outcomes, w->dry,
                &w->book, &w->scratch, &w->plan);
        w->n_outcomes = 0;
        for (size_t i = 0; i < w->plan.n_events; i++) {
                size_t len = strlen(w->trace);

                snprintf(w->trace + len, sizeof(w->trace) - len, "%s ",
                        event_name(w->plan.events[i].kind));
                w->n_events++;
        }
}

/* Ticks of 100 ms until `length` has passed. */
static inline void world_run(World *w, usec_t length) {
        for (usec_t end = w->now + length; w->now + MSEC(100) <= end;)
                world_tick(w, MSEC(100));
}

/* What the actuator reports before the next tick about the last action's member m. */
static inline void world_report(World *w, const Action *a, size_t m, OutcomeKind kind, int error) {
        ck_assert_uint_lt(w->n_outcomes, WORLD_OUTCOMES_MAX);
        w->outcomes[w->n_outcomes++] = (Outcome){ kind, a->id, a->slots[m], a->generations[m],
                error, w->now + MSEC(20), false, 0 };
}

/* The last event of a kind in this tick's plan, or NULL. */
static inline const Event *world_event(const World *w, EventKind kind) {
        for (size_t i = w->plan.n_events; i-- > 0;)
                if (w->plan.events[i].kind == kind)
                        return &w->plan.events[i];
        return NULL;
}

static inline void assert_trace(World *w, const char *expected) {
        ck_assert_str_eq(w->trace, expected);
        w->trace[0] = '\0';
}
