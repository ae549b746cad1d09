/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/rank.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/candidates.h"
#include "core/corrections.h"
#include "core/match.h"

#define AT_LEAST_FLOOR (UINT64_C(16) << 20)
#define PREFERENCE_FACTOR 4
#define WRITTEN_MAX 256

const char *refusal_name(Refusal r) {
        static const char *const names[] = {
                [REFUSAL_NONE] = "candidate",
                [REFUSAL_INIT] = "init",
                [REFUSAL_KTHREAD] = "kernel-thread",
                [REFUSAL_SELF] = "self",
                [REFUSAL_PROTECTED] = "protected",
                [REFUSAL_ADJ] = "oom-score-adj",
                [REFUSAL_SESSION] = "session",
                [REFUSAL_NOT_MATCHED] = "not-matched",
                [REFUSAL_TOO_SMALL] = "too-small",
                [REFUSAL_DEAD] = "dead",
                [REFUSAL_EXITING] = "exiting",
                [REFUSAL_REMEMBERED] = "remembered",
                [REFUSAL_BUDGET] = "budget",
                [REFUSAL_UNREACHABLE] = "unreachable",
                [REFUSAL_SHARES_MM] = "shares-memory",
                [REFUSAL_EMPTY] = "empty",
                [REFUSAL_THREADED] = "threaded",
                [REFUSAL_SLICE] = "slice",
                [REFUSAL_OMIT] = "omit",
                [REFUSAL_WARD] = "protected-on-request",
        };

        return r >= 0 && r < _REFUSAL_MAX ? names[r] : "unknown";
}

uint64_t rank_at_least(const Policy *policy, const Sample *s) {
        const Targets *t = &policy->targets;

        if (!t->at_least_percent)
                return t->at_least;
        return MAX(mul_div_u64(s->raw.mem_total, t->at_least, 10000), AT_LEAST_FLOOR);
}

int64_t rank_weigh(int64_t value, int32_t weight_milli) {
        uint64_t size = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
        uint64_t weight = weight_milli < 0 ? 0 - (uint64_t) weight_milli : (uint64_t) weight_milli;
        uint64_t product = MIN(mul_div_u64(size, weight, 1000), (uint64_t) INT64_MAX / 64);

        return (value < 0) != (weight_milli < 0) ? -(int64_t) product : (int64_t) product;
}

static int64_t term_value(
        const Sample *s, const Policy *policy, const ProcSample *p, RankTerm term) {
        uint64_t value = 0;

        switch (term) {
        case RANK_GAINED:
                value = p->gained;
                break;
        case RANK_FREEABLE:
                value = p->freeable;
                break;
        case RANK_GROWTH:
                if (p->growth_known && p->growth > 0)
                        value = mul_div_u64((uint64_t) p->growth,
                                policy->targets.growth_horizon_usec, USEC_PER_SEC);
                break;
        case RANK_SWAP:
                value = p->swap;
                break;
        case RANK_OOM_SCORE:
                /* In bytes like the others, so that the scale of the kernel's number plays no role.
                 */
                value = corrections_oom_score_bytes(&s->raw, p->oom_score, 0);
                break;
        case RANK_YOUNGEST:
        case RANK_OLDEST:
                value = usec_since(s->raw.boottime_usec, p->facts->born_usec) / USEC_PER_SEC;
                break;
        case _RANK_MAX:
                break;
        }
        value = MIN(value, (uint64_t) INT64_MAX);
        return term == RANK_YOUNGEST ? -(int64_t) value : (int64_t) value;
}

int64_t rank_prefer(int64_t score, int preference) {
        if ((score >= 0 && preference > 0) || (score < 0 && preference < 0))
                return score * PREFERENCE_FACTOR;
        return preference == 0 ? score : score / PREFERENCE_FACTOR;
}

/* Writes the parts and the score before preference. */
static void score_one(const Policy *policy, const Sample *s, Candidate *c) {
        const ProcSample *p = &s->procs[c->proc];
        const MatchSpec *preferred = match_list(&policy->targets.prefer, p, s->raw.boottime_usec);
        const MatchSpec *avoided = match_list(&policy->targets.avoid, p, s->raw.boottime_usec);

        c->score = 0;
        for (int t = 0; t < _RANK_MAX; t++) {
                int32_t weight = policy->targets.weight_milli[t];

                if (weight == 0)
                        continue;
                c->parts[t] = rank_weigh(term_value(s, policy, p, (RankTerm) t), weight);
                c->score += c->parts[t];
        }
        c->owner_avoids = c->link.flags & CANDIDATE_OWNER_AVOIDS;
        if (c->owner_avoids)
                c->score = rank_prefer(c->score, -1);
        c->history_missing = !p->gained_known && policy->targets.weight_milli[RANK_GAINED] != 0;
        if (!preferred != !avoided) {
                c->preference = preferred ? 1 : -1;
                if (c->refusal != REFUSAL_PROTECTED)
                        c->spec = preferred ? preferred : avoided;
        }
}

/* Sums over what may be touched of each group, address spaces once, kept at the group's first
 * entry. */
static void sum_groups(const Sample *s, Candidate *table, size_t n) {
        for (uint32_t i = 0; i < n; i++) {
                Candidate *c = &table[i], *leader = &table[c->link.leader];
                const ProcSample *p = &s->procs[i];
                Candidate *mm = &table[c->link.mm_leader];

                if (!candidate_is_touchable(c))
                        continue;
                leader->link.flags |= c->preference > 0 ? CANDIDATE_PREFERRED
                        : c->preference < 0             ? CANDIDATE_AVOIDED
                                                        : CANDIDATE_PLAIN;
                if (mm->link.flags & CANDIDATE_COUNTED)
                        continue;
                mm->link.flags |= CANDIDATE_COUNTED;

                leader->group_score += c->score;
                leader->group_gained += p->gained;
                leader->group_freeable += p->freeable;
                leader->group_largest = MAX(leader->group_largest, p->gained);
        }
}

static int preference_of_group(const Candidate *leader) {
        const uint32_t mask = CANDIDATE_PLAIN | CANDIDATE_PREFERRED | CANDIDATE_AVOIDED;

        if ((leader->link.flags & mask) == CANDIDATE_PREFERRED)
                return 1;
        return (leader->link.flags & mask) == CANDIDATE_AVOIDED ? -1 : 0;
}

/* The rest of a candidate, once the sums of its group are known. */
static void finish_one(const Policy *policy, const Sample *s, Candidate *table, uint32_t i) {
        const ProcSample *p = &s->procs[i];
        Candidate *c = &table[i];
        const Candidate *leader = &table[c->link.leader];
        uint64_t frees = p->freeable;

        /* The leader is prepared last: others still read its sums. */
        if (leader != c) {
                c->group_score = leader->group_score;
                c->group_gained = leader->group_gained;
                c->group_freeable = leader->group_freeable;
                c->group_largest = leader->group_largest;
        }
        c->group_score = rank_prefer(c->group_score, preference_of_group(leader));
        c->score = rank_prefer(c->score, c->preference);

        if (c->refusal != REFUSAL_NONE)
                return;
        if (!p->kept)
                c->refusal = REFUSAL_UNREACHABLE;
        else if (candidate_takes_group(policy, c))
                frees = MAX(frees, c->group_freeable);
        if (c->refusal == REFUSAL_NONE && frees < rank_at_least(policy, s) &&
                !(policy->watch == WATCH_PROCESS && policy->targets.kind != TARGET_PROCESS))
                c->refusal = REFUSAL_TOO_SMALL;
}

static void finish_all(const Policy *policy, const Sample *s, Candidate *table, size_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (table[i].link.leader != i)
                        finish_one(policy, s, table, i);
        for (uint32_t i = 0; i < n; i++)
                if (table[i].link.leader == i)
                        finish_one(policy, s, table, i);
}

static bool is_younger(const ProcSample *a, const ProcSample *b) {
        if (a->facts->born_usec != b->facts->born_usec)
                return a->facts->born_usec > b->facts->born_usec;
        return a->facts->pid > b->facts->pid;
}

static bool goes_before(const Sample *s, const Candidate *a, const Candidate *b) {
        const ProcSample *p = &s->procs[a->proc], *q = &s->procs[b->proc];

        if ((a->refusal == REFUSAL_NONE) != (b->refusal == REFUSAL_NONE))
                return a->refusal == REFUSAL_NONE;
        if (a->refusal != REFUSAL_NONE) {
                if (p->rss + p->swap != q->rss + q->swap)
                        return p->rss + p->swap > q->rss + q->swap;
                return is_younger(p, q);
        }
        if (a->group_score != b->group_score)
                return a->group_score > b->group_score;
        if (a->score != b->score)
                return a->score > b->score;
        return is_younger(p, q);
}

/* The best of the table, by insertion: the list is short, and most entries fail at its end. */
static size_t select_best(
        const Sample *s, const Candidate *table, size_t n, Candidate *ret, size_t cap) {
        uint32_t best[WRITTEN_MAX];
        size_t count = 0;

        cap = MIN(cap, (size_t) WRITTEN_MAX);
        if (cap == 0)
                return 0;

        for (uint32_t i = 0; i < n; i++) {
                size_t at;

                if (table[i].refusal == REFUSAL_KTHREAD || table[i].refusal == REFUSAL_DEAD)
                        continue;
                if (count == cap && !goes_before(s, &table[i], &table[best[count - 1]]))
                        continue;

                count = MIN(count + 1, cap);
                for (at = count - 1; at > 0 && goes_before(s, &table[i], &table[best[at - 1]]);
                        at--)
                        best[at] = best[at - 1];
                best[at] = i;
        }

        for (size_t i = 0; i < count; i++)
                ret[i] = table[best[i]];
        return count;
}

static bool is_same_list(const MatchList *a, const MatchList *b) {
        return a->n == b->n && (a->n == 0 || a->specs == b->specs);
}

bool rank_is_same(const Policy *a, const Policy *b) {
        const Targets *t = &a->targets, *u = &b->targets;

        if (a == b)
                return true;
        return a->watch == WATCH_SYSTEM && b->watch == WATCH_SYSTEM && t->kind == u->kind &&
                is_same_list(&t->match, &u->match) && is_same_list(&t->prefer, &u->prefer) &&
                is_same_list(&t->avoid, &u->avoid) &&
                memcmp(t->weight_milli, u->weight_milli, sizeof(t->weight_milli)) == 0 &&
                t->growth_horizon_usec == u->growth_horizon_usec &&
                t->at_least_percent == u->at_least_percent && t->at_least == u->at_least;
}

size_t rank(const Config *config, const Policy *policy, const Verdict *v, const Sample *s,
        const RankVeto *veto, Candidate *scratch, size_t scratch_size, Candidate *ret, size_t cap) {
        size_t n = candidates_collect(config, policy, v, s, veto, scratch, scratch_size);

        for (size_t i = 0; i < n; i++)
                if (scratch[i].refusal != REFUSAL_KTHREAD && scratch[i].refusal != REFUSAL_DEAD)
                        score_one(policy, s, &scratch[i]);
        sum_groups(s, scratch, n);
        finish_all(policy, s, scratch, n);
        return select_best(s, scratch, n, ret, cap);
}
