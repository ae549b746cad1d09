/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/instance.h"

#include "base/macro.h"
#include "core/match.h"

static uint64_t size_of(const Sample *s, WatchKind watch, uint32_t index) {
        if (watch == WATCH_USER)
                return s->users[index].anon + s->users[index].swap;
        if (watch_is_group(watch))
                return s->groups[index].current + s->groups[index].swap;
        return s->procs[index].rss + s->procs[index].swap;
}

/* Larger first; among equals the one that comes first in the sample. */
static bool goes_before(const Sample *s, WatchKind watch, uint32_t a, uint32_t b) {
        uint64_t size_a = size_of(s, watch, a), size_b = size_of(s, watch, b);

        return size_a != size_b ? size_a > size_b : a < b;
}

static void sift_down(Instances *l, const Sample *s, WatchKind watch, size_t at) {
        for (;;) {
                size_t child = 2 * at + 1;
                uint32_t swapped;

                if (child >= l->n)
                        return;
                if (child + 1 < l->n && goes_before(s, watch, l->index[child], l->index[child + 1]))
                        child++;
                if (!goes_before(s, watch, l->index[at], l->index[child]))
                        return;
                swapped = l->index[at];
                l->index[at] = l->index[child];
                l->index[child] = swapped;
                at = child;
        }
}

/* A heap with the smallest on top, so that keeping the largest of many costs little. */
static void keep(Instances *l, const Sample *s, WatchKind watch, uint32_t index) {
        size_t at;

        if (l->n == l->cap) {
                l->dropped++;
                if (l->n == 0 || !goes_before(s, watch, index, l->index[0]))
                        return;
                l->index[0] = index;
                sift_down(l, s, watch, 0);
                return;
        }

        for (at = l->n++; at > 0; at = (at - 1) / 2) {
                size_t above = (at - 1) / 2;

                if (!goes_before(s, watch, l->index[above], index))
                        break;
                l->index[at] = l->index[above];
        }
        l->index[at] = index;
}

static void sort_largest(Instances *l, const Sample *s, WatchKind watch) {
        size_t n = l->n;

        while (l->n > 1) {
                uint32_t smallest = l->index[0];

                l->index[0] = l->index[--l->n];
                sift_down(l, s, watch, 0);
                l->index[l->n] = smallest;
        }
        l->n = n;
}

/* A user as a process that has only its uid: the other keys hold for none. */
static bool user_matches(const MatchList *list, const UserSample *user, usec_t boottime_usec) {
        ProcFacts facts = { .uid = user->uid, .gid = user->uid };
        ProcSample proc = { .facts = &facts, .rss = user->anon, .swap = user->swap };

        return list->n == 0 || match_list(list, &proc, boottime_usec);
}

static bool process_matches(const MatchList *list, const ProcSample *p, usec_t boottime_usec) {
        if (p->facts->kthread || (p->state == 'Z' && !p->zombie_leader) || p->state == 'X')
                return false;
        return list->n == 0 || match_list(list, p, boottime_usec);
}

bool instance_is_group(const Policy *policy, const GroupSample *group) {
        const GroupFacts *f = group->facts;

        if (!group->populated || (policy->watch == WATCH_UNIT && !f->is_unit))
                return false;
        if (!match_list_group(&policy->watch_match, f))
                return false;
        return !f->is_slice || match_list_names_slice(&policy->watch_match, f);
}

static bool is_instance(const Policy *p, const Sample *s, uint32_t index) {
        if (watch_is_group(p->watch))
                return instance_is_group(p, &s->groups[index]);
        if (p->watch == WATCH_USER)
                return user_matches(&p->watch_match, &s->users[index], s->raw.boottime_usec);
        return process_matches(&p->watch_match, &s->procs[index], s->raw.boottime_usec);
}

void instances_find(const Policy *policy, const Sample *s, size_t cap, Instances *ret) {
        size_t n = watch_is_group(policy->watch) ? s->n_groups
                : policy->watch == WATCH_USER    ? s->n_users
                                                 : s->n_procs;

        ret->n = ret->dropped = 0;
        ret->cap = MIN(cap, (size_t) INSTANCES_MAX);
        for (uint32_t i = 0; i < n; i++)
                if (is_instance(policy, s, i))
                        keep(ret, s, policy->watch, i);
        sort_largest(ret, s, policy->watch);
}
