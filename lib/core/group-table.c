/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/group-table.h"

#include <string.h>

#include "base/macro.h"
#include "core/candidates.h"
#include "core/corrections.h"
#include "core/session.h"

/* Longer chains come from chosen names only; what lies beyond is found by nobody. */
#define CHAIN_MAX 256

/* Deeper trees are built to be climbed. */
#define DEPTH_MAX 32

static uint32_t hash_path(const char *path, size_t len) {
        uint32_t h = UINT32_C(2166136261);

        for (size_t i = 0; i < len; i++)
                h = (h ^ (unsigned char) path[i]) * UINT32_C(16777619);
        return h ^ h >> 15;
}

static uint32_t find_path(const GroupRanking *r, const char *path, size_t len) {
        uint32_t at = r->table[hash_path(path, len) % r->n].link.bucket;

        for (int steps = 0; at != GROUP_NONE && steps < CHAIN_MAX; steps++) {
                const char *other = r->s->groups[at].facts->path;

                if (strncmp(other, path, len) == 0 && other[len] == '\0')
                        return at;
                at = r->table[at].link.next;
        }
        return GROUP_NONE;
}

/* The entry of the path, or the nearest one above it. */
static uint32_t find_around(const GroupRanking *r, const char *path, size_t len) {
        for (int depth = 0; len > 1 && depth < DEPTH_MAX; depth++) {
                uint32_t at = find_path(r, path, len);

                if (at != GROUP_NONE)
                        return at;
                while (len > 0 && path[len - 1] != '/')
                        len--;
                len = len > 0 ? len - 1 : 0;
        }
        return GROUP_NONE;
}

static uint32_t find_above(const GroupRanking *r, const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? find_around(r, path, (size_t) (slash - path)) : GROUP_NONE;
}

static void start(GroupRanking *r) {
        for (uint32_t i = 0; i < r->n; i++)
                r->table[i] = (GroupCandidate){ .group = i,
                        .refuser = GROUP_NONE,
                        .culprit = GROUP_NONE,
                        .link = {
                                .bucket = GROUP_NONE, .next = GROUP_NONE, .parent = GROUP_NONE } };
}

static void link_all(GroupRanking *r) {
        for (uint32_t i = 0; i < r->n; i++) {
                const char *path = r->s->groups[i].facts->path;
                uint32_t *bucket = &r->table[hash_path(path, strlen(path)) % r->n].link.bucket;

                r->table[i].link.next = *bucket;
                *bucket = i;
        }
        for (uint32_t i = 0; i < r->n; i++)
                r->table[i].link.parent = find_above(r, r->s->groups[i].facts->path);
        for (uint32_t i = 0; i < r->n; i++) {
                uint32_t up = r->table[i].link.parent;

                for (int depth = 0; up != GROUP_NONE && depth < DEPTH_MAX; depth++) {
                        if (r->s->groups[i].populated)
                                r->table[up].link.flags |= GROUP_HAS_CHILDREN;
                        if (r->s->groups[up].facts->oom_group)
                                r->table[i].link.flags |= GROUP_IN_OOM_GROUP;
                        up = r->table[up].link.parent;
                }
        }
}

/* A shell belongs to the surroundings where somebody sits at it; in a service it is the way in
 * which the service was written. */
static bool is_surroundings(const ProcFacts *f) {
        const char *unit = f->unit ? f->unit : "";
        SessionRole role = session_role(f);

        return role == SESSION_FIXTURE || f->tty_leader ||
                (role == SESSION_SHELL && strncmp(unit, "session-", strlen("session-")) == 0);
}

/* Why this member must not be touched, NONE when it may. */
static Refusal refuse_member(const GroupRanking *r, uint32_t proc, const MatchSpec **ret_spec) {
        const ProcSample *p = &r->s->procs[proc];
        Refusal always;

        if (!(r->procs[proc].link.flags & CANDIDATE_FORBIDDEN))
                return REFUSAL_NONE;
        always = candidate_refuse_always(r->config, r->veto, p, r->s->raw.boottime_usec, ret_spec);
        if (always != REFUSAL_NONE)
                return always;
        if (r->procs[proc].link.flags & CANDIDATE_OMITTED)
                return REFUSAL_OMIT;
        return is_surroundings(p->facts) ? REFUSAL_SESSION : REFUSAL_NONE;
}

static void add_amounts(const GroupRanking *r, GroupCandidate *c, uint32_t proc) {
        const ProcSample *p = &r->s->procs[proc];
        const Candidate *candidate = &r->procs[proc];

        c->n_processes++;
        c->link.n_preferred += candidate->preference > 0;
        c->link.n_avoided += candidate->preference < 0;
        c->link.age_sec = MAX(c->link.age_sec,
                usec_since(r->s->raw.boottime_usec, p->facts->born_usec) / USEC_PER_SEC);
        c->link.flags |=
                candidate->refusal != REFUSAL_NOT_MATCHED ? GROUP_HAS_MATCHED : GROUP_HAS_UNMATCHED;
        if (candidate_is_touchable(candidate) && p->kept &&
                (c->culprit == GROUP_NONE || p->gained > r->s->procs[c->culprit].gained)) {
                c->culprit = proc;
                c->largest = p->gained;
        }

        if (candidate->link.mm_leader != proc && p->facts->mm_group != 0)
                return; /* address spaces once */
        c->link.gained += p->gained;
        c->link.freeable += p->freeable;
        c->link.swap += p->swap;
        c->link.growth += p->growth_known && p->growth > 0 ? (uint64_t) p->growth : 0;
        c->link.oom_bytes += corrections_oom_score_bytes(&r->s->raw, p->oom_score, 0);
}

static void add_process(GroupRanking *r, uint32_t proc) {
        const MatchSpec *spec = NULL;
        Refusal refusal = refuse_member(r, proc, &spec);
        uint32_t at = group_rank_leaf(r, proc);

        for (int depth = 0; at != GROUP_NONE && depth < DEPTH_MAX; depth++) {
                GroupCandidate *c = &r->table[at];

                add_amounts(r, c, proc);
                if (refusal != REFUSAL_NONE && c->refusal == REFUSAL_NONE) {
                        c->refusal = refusal;
                        c->refuser = proc;
                        c->spec = spec;
                }
                at = c->link.parent;
        }
}

void group_table_make(GroupRanking *r) {
        r->n = MIN(r->s->n_groups, r->size);
        if (r->n == 0)
                return;

        start(r);
        link_all(r);
        for (uint32_t i = 0; i < r->n_procs; i++)
                if (r->procs[i].refusal != REFUSAL_KTHREAD && r->procs[i].refusal != REFUSAL_DEAD)
                        add_process(r, i);
}

uint32_t group_rank_leaf(const GroupRanking *r, uint32_t proc) {
        const char *path = r->s->procs[proc].facts->cgroup;

        return r->n > 0 && path ? find_around(r, path, strlen(path)) : GROUP_NONE;
}
