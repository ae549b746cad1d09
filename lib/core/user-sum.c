/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/user-sum.h"

#include <string.h>

/* True when this address space comes for the first time. */
static bool take_mm(SharedMm *seen, uint32_t group) {
        if (group == 0)
                return true;

        for (uint32_t i = 0, at = group * UINT32_C(2654435761); i < SHARED_MM_MAX; i++, at++) {
                uint32_t *entry = &seen->groups[at % SHARED_MM_MAX];

                if (*entry == group)
                        return false;
                if (*entry == 0) {
                        if (seen->used >= SHARED_MM_MAX / 2)
                                return true;
                        *entry = group;
                        seen->used++;
                        return true;
                }
        }
        return true;
}

/* Index of the first user whose uid is not below. */
static size_t lower_bound(const Sample *s, uint32_t uid) {
        size_t low = 0, high = s->n_users;

        while (low < high) {
                size_t mid = low + (high - low) / 2;

                if (s->users[mid].uid < uid)
                        low = mid + 1;
                else
                        high = mid;
        }
        return low;
}

static UserSample *get(Sample *s, uint32_t uid) {
        size_t at = lower_bound(s, uid);

        if (at < s->n_users && s->users[at].uid == uid)
                return &s->users[at];
        if (s->n_users >= s->users_size)
                return NULL;

        memmove(&s->users[at + 1], &s->users[at], (s->n_users - at) * sizeof(s->users[0]));
        s->users[at] = (UserSample){ .uid = uid };
        s->n_users++;
        return &s->users[at];
}

void user_sum(Sample *s, SharedMm *seen) {
        UserSample *user = NULL;

        memset(seen, 0, sizeof(*seen));
        s->n_users = 0;
        for (size_t i = 0; i < s->n_procs; i++) {
                const ProcSample *p = &s->procs[i];

                if (p->facts->kthread)
                        continue;
                if (!user || user->uid != p->facts->uid)
                        user = get(s, p->facts->uid);
                if (!user)
                        continue;

                user->n_processes++;
                if (!take_mm(seen, p->facts->mm_group))
                        continue;
                user->anon += p->anon;
                user->swap += p->swap;
                user->gained += p->gained;
                user->growth += p->growth_known ? p->growth : 0;
        }
}

const UserSample *user_sum_find(const Sample *s, uint32_t uid) {
        size_t at = lower_bound(s, uid);

        return at < s->n_users && s->users[at].uid == uid ? &s->users[at] : NULL;
}
