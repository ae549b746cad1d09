/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/candidates.h"

#include <string.h>

#include "base/macro.h"
#include "core/match.h"
#include "core/session.h"

/* Longer chains come from chosen hash values only; what lies beyond stays a group of its own. */
#define CHAIN_MAX 256

static bool ends_with(const char *text, const char *tail) {
        size_t len = text ? strlen(text) : 0, tail_len = strlen(tail);

        return len >= tail_len && strcmp(text + len - tail_len, tail) == 0;
}

/* -1000 is honoured for root and in services, whose unit or owner asked for it. In a scope of
 * another uid it came down from a login daemon. */
static bool adj_is_honoured(const ProcFacts *f) {
        if (f->oom_score_adj > -1000)
                return false;
        if (f->uid == 0)
                return true;
        if (f->adj_inherited)
                return false;
        return !ends_with(f->unit, ".scope") && !ends_with(f->user_unit, ".scope");
}

Refusal candidate_refuse_always(const Config *config, const RankVeto *veto, const ProcSample *p,
        usec_t boottime, const MatchSpec **ret_spec) {
        const ProcFacts *f = p->facts;

        if (f->kthread)
                return REFUSAL_KTHREAD;
        if (f->pid == 1)
                return REFUSAL_INIT;
        if (f->self)
                return REFUSAL_SELF;
        *ret_spec = match_list(&config->protect, p, boottime);
        if (*ret_spec)
                return REFUSAL_PROTECTED;
        if (veto && veto->steering && steering_find(veto->steering, f, veto->now_usec))
                return REFUSAL_WARD;
        return adj_is_honoured(f) ? REFUSAL_ADJ : REFUSAL_NONE;
}

static bool is_instance(const Verdict *v, const Sample *s, const ProcSample *p) {
        if (v && v->key.watch == WATCH_PROCESS)
                return v->key.slot == p->slot && v->key.generation == p->generation;
        if (v && watch_is_group(v->key.watch))
                return v->group >= 0 && p->facts->cgroup &&
                        group_holds(s->groups[v->group].facts, p->facts->cgroup);
        return !v || v->key.watch != WATCH_USER || v->key.uid == p->facts->uid;
}

static bool is_matched(const Policy *policy, const ProcSample *p, usec_t boottime) {
        return policy->targets.match.n == 0 || match_list(&policy->targets.match, p, boottime);
}

static bool names(const MatchList *list, const ProcSample *p, usec_t boottime) {
        const uint32_t naming = UINT32_C(1) << MATCH_COMM | UINT32_C(1) << MATCH_EXE |
                UINT32_C(1) << MATCH_CMDLINE | UINT32_C(1) << MATCH_UNIT |
                UINT32_C(1) << MATCH_USER_UNIT;

        for (size_t i = 0; i < list->n; i++)
                if ((list->specs[i].key_mask & naming) && match_spec(&list->specs[i], p, boottime))
                        return true;
        return false;
}

/* A glob that means one unit and no other. */
static bool watches_its_unit(const Policy *policy, const ProcFacts *f) {
        const MatchList *list = &policy->watch_match;

        for (size_t i = 0; policy->watch == WATCH_UNIT && f->unit && i < list->n; i++)
                for (size_t k = 0; k < list->specs[i].patterns[MATCH_UNIT].n; k++)
                        if (strcmp(list->specs[i].patterns[MATCH_UNIT].patterns[k], f->unit) == 0)
                                return true;
        return false;
}

static bool is_named(const Policy *policy, const ProcSample *p, usec_t boottime) {
        return names(&policy->targets.match, p, boottime) ||
                names(&policy->targets.prefer, p, boottime) ||
                (policy->watch == WATCH_PROCESS && names(&policy->watch_match, p, boottime)) ||
                watches_its_unit(policy, p->facts);
}

/* Links entry i to the first entry of the same key; *bucket and *next are chains through the table.
 */
static uint32_t find_group(Candidate *table, size_t n, uint32_t i) {
        uint32_t *bucket = &table[table[i].group_hash % n].link.bucket;
        uint32_t at = *bucket;

        for (int steps = 0; at != CANDIDATE_NONE && steps < CHAIN_MAX; steps++) {
                if (table[at].group_hash == table[i].group_hash)
                        return at;
                at = table[at].link.next;
        }
        table[i].link.next = *bucket;
        *bucket = i;
        return i;
}

static uint32_t find_mm(Candidate *table, const Sample *s, size_t n, uint32_t i) {
        uint32_t group = s->procs[i].facts->mm_group;
        uint32_t *bucket = &table[group % n].link.mm_bucket;
        uint32_t at = *bucket;

        for (int steps = 0; at != CANDIDATE_NONE && steps < CHAIN_MAX; steps++) {
                if (s->procs[at].facts->mm_group == group)
                        return at;
                at = table[at].link.mm_next;
        }
        table[i].link.mm_next = *bucket;
        *bucket = i;
        return i;
}

static uint32_t find_pid(const Candidate *table, const Sample *s, size_t n, int32_t pid) {
        uint32_t at = table[(uint32_t) pid % n].link.pid_bucket;

        for (int steps = 0; at != CANDIDATE_NONE && steps < CHAIN_MAX; steps++) {
                if (s->procs[at].facts->pid == pid)
                        return at;
                at = table[at].link.pid_next;
        }
        return CANDIDATE_NONE;
}

static void link_all(Candidate *table, const Sample *s, size_t n) {
        for (uint32_t i = 0; i < n; i++) {
                uint32_t *bucket = &table[(uint32_t) s->procs[i].facts->pid % n].link.pid_bucket;

                table[i].link.pid_next = *bucket;
                *bucket = i;
                table[i].link.leader = find_group(table, n, i);
                if (s->procs[i].facts->mm_group != 0)
                        table[i].link.mm_leader = find_mm(table, s, n, i);
        }
        for (uint32_t i = 0; i < n; i++) {
                uint32_t parent = find_pid(table, s, n, s->procs[i].facts->ppid);

                if (parent != CANDIDATE_NONE && parent != i &&
                        table[parent].link.leader == table[i].link.leader)
                        table[i].link.parent = parent;
        }
}

static void start(Candidate *table, const Sample *s, size_t n) {
        for (uint32_t i = 0; i < n; i++)
                table[i] = (Candidate){
                        .proc = i,
                        .group_hash = s->procs[i].facts->group_hash,
                        .link = {
                                .bucket = CANDIDATE_NONE,
                                .next = CANDIDATE_NONE,
                                .leader = i,
                                .mm_bucket = CANDIDATE_NONE,
                                .mm_next = CANDIDATE_NONE,
                                .mm_leader = i,
                                .pid_bucket = CANDIDATE_NONE,
                                .pid_next = CANDIDATE_NONE,
                                .parent = CANDIDATE_NONE,
                        },
                };
}

static bool is_dead(const ProcSample *p) {
        return p->state == 'X' || (p->state == 'Z' && !p->zombie_leader);
}

/* A shell is spared unless most of what its group gained is its own: then it is the offender. */
static bool is_surroundings(
        const Policy *policy, const ProcSample *p, uint64_t group_gained, usec_t boottime) {
        SessionRole role = session_role(p->facts);

        if (role == SESSION_NONE || is_named(policy, p, boottime))
                return false;
        return role == SESSION_FIXTURE || p->gained == 0 || p->gained < group_gained - p->gained;
}

static void judge(const Config *config, const Policy *policy, const Verdict *v, const Sample *s,
        const RankVeto *veto, Candidate *table, uint32_t i) {
        const ProcSample *p = &s->procs[i];
        usec_t boottime = s->raw.boottime_usec;
        Candidate *c = &table[i];
        Refusal always = candidate_refuse_always(config, veto, p, boottime, &c->spec);

        if (always == REFUSAL_NONE && (c->link.flags & CANDIDATE_OMITTED))
                always = REFUSAL_OMIT;
        if (always == REFUSAL_NONE &&
                is_surroundings(policy, p, table[c->link.leader].link.subtree, boottime))
                always = REFUSAL_SESSION;
        if (always != REFUSAL_NONE)
                c->link.flags |= CANDIDATE_FORBIDDEN;

        c->adj_ignored = p->facts->oom_score_adj <= -1000 && always != REFUSAL_ADJ;
        if (always == REFUSAL_KTHREAD)
                c->refusal = always;
        else if (is_dead(p))
                c->refusal = REFUSAL_DEAD;
        else if (!is_instance(v, s, p) || !is_matched(policy, p, boottime))
                c->refusal = REFUSAL_NOT_MATCHED;
        else if (always != REFUSAL_NONE)
                c->refusal = always;
        else if (p->exiting || p->core_dumping)
                c->refusal = REFUSAL_EXITING;
        else if (veto && veto->ask)
                c->refusal = veto->ask(veto->ctx, p);

        if (v && v->key.watch == WATCH_PROCESS && c->refusal == REFUSAL_NOT_MATCHED &&
                always == REFUSAL_NONE && !p->exiting && !is_instance(v, s, p) &&
                is_matched(policy, p, boottime))
                c->link.flags |= CANDIDATE_BESIDE;
}

/* What the owners of the few cgroups that say something want, for all who live there. */
static void mark_intent(Candidate *table, const Sample *s, size_t n) {
        for (size_t g = 0; g < s->n_groups; g++) {
                const GroupFacts *f = s->groups[g].facts;

                for (size_t i = 0; (f->omit || f->avoid) && i < n; i++)
                        if (sample_holds(s, &s->groups[g], i))
                                table[i].link.flags |=
                                        f->omit ? CANDIDATE_OMITTED : CANDIDATE_OWNER_AVOIDS;
        }
}

/* Those who share an address space go together or not at all. */
static void spread_forbidden(Candidate *table, const Sample *s, size_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (s->procs[i].facts->mm_group != 0 &&
                        (table[i].link.flags & CANDIDATE_FORBIDDEN) && !is_dead(&s->procs[i]))
                        table[table[i].link.mm_leader].link.flags |= CANDIDATE_COUNTED;

        for (uint32_t i = 0; i < n; i++)
                if ((table[table[i].link.mm_leader].link.flags & CANDIDATE_COUNTED) &&
                        s->procs[i].facts->mm_group != 0 && table[i].refusal == REFUSAL_NONE)
                        table[i].refusal = REFUSAL_SHARES_MM;

        for (uint32_t i = 0; i < n; i++)
                table[i].link.flags &= ~(uint32_t) CANDIDATE_COUNTED;
}

size_t candidates_collect(const Config *config, const Policy *policy, const Verdict *v,
        const Sample *s, const RankVeto *veto, Candidate *table, size_t size) {
        size_t n = MIN(s->n_procs, size);

        if (n == 0)
                return 0;

        start(table, s, n);
        link_all(table, s, n);
        mark_intent(table, s, n);
        for (uint32_t i = 0; i < n; i++) /* what each group gained, whoever may be touched */
                if (table[i].link.mm_leader == i)
                        table[table[i].link.leader].link.subtree += s->procs[i].gained;
        for (uint32_t i = 0; i < n; i++)
                judge(config, policy, v, s, veto, table, i);
        spread_forbidden(table, s, n);
        return n;
}

bool candidate_is_touchable(const Candidate *c) {
        return c->refusal == REFUSAL_NONE || c->refusal == REFUSAL_TOO_SMALL ||
                c->refusal == REFUSAL_UNREACHABLE;
}

bool candidate_takes_group(const Policy *policy, const Candidate *c) {
        switch (policy->targets.kind) {
        case TARGET_TREE:
                return true;
        case TARGET_AUTO:
                /* Someone who was preferred by name and is worth it is taken alone. */
                return c->preference <= 0 && c->group_largest < c->group_gained - c->group_largest;
        case TARGET_PROCESS:
        case TARGET_CGROUP:
        case TARGET_UNIT:
        case TARGET_USER:
        case _TARGET_MAX:
                break;
        }
        return false;
}
