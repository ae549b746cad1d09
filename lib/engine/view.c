/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/view.h"

#include "base/macro.h"
#include "engine/lock-memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Mapped rather than allocated, so that it goes back to the system with the view, and touched. At
 * least one element, so that no pointer is NULL. */
static void *map_touched(size_t n, size_t size) {
        void *p;

        if (n == 0)
                n = 1;
        if (n > SIZE_MAX / size)
                return NULL;
        p = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
                return NULL;
        memory_touch(p, n * size); /* MAP_POPULATE does nothing where memory is locked on fault */
        return p;
}

static void unmap(void *p, size_t n, size_t size) {
        if (p)
                (void) munmap(p, MAX(n, (size_t) 1) * size);
}

int view_new(const ViewRoom *room, View **ret) {
        View *v = map_touched(1, sizeof(*v));

        if (!v)
                return -ENOMEM;
        v->procs_room = v->scratch.size = room->processes;
        v->groups_room = v->scratch.groups_size = room->groups;
        v->users_room = room->users;
        v->verdicts_room = room->verdicts;

        v->procs = map_touched(room->processes, sizeof(*v->procs));
        v->groups = map_touched(room->groups, sizeof(*v->groups));
        v->users = map_touched(room->users, sizeof(*v->users));
        v->verdicts = map_touched(room->verdicts, sizeof(*v->verdicts));
        v->scratch.candidates = map_touched(room->processes, sizeof(*v->scratch.candidates));
        v->scratch.groups = map_touched(room->groups, sizeof(*v->scratch.groups));
        if (!v->procs || !v->groups || !v->users || !v->verdicts || !v->scratch.candidates ||
                !v->scratch.groups) {
                view_free(v);
                return -ENOMEM;
        }

        *ret = v;
        return 0;
}

View *view_free(View *v) {
        if (!v)
                return NULL;

        unmap(v->procs, v->procs_room, sizeof(*v->procs));
        unmap(v->groups, v->groups_room, sizeof(*v->groups));
        unmap(v->users, v->users_room, sizeof(*v->users));
        unmap(v->verdicts, v->verdicts_room, sizeof(*v->verdicts));
        unmap(v->scratch.groups, v->groups_room, sizeof(*v->scratch.groups));
        unmap(v->scratch.candidates, v->procs_room, sizeof(*v->scratch.candidates));
        unmap(v, 1, sizeof(*v));
        return NULL;
}

void view_fill(View *v, const Pipeline *p, const Sample *s) {
        v->config = p->config;

        v->sample = *s;
        v->sample.procs = v->procs;
        v->sample.n_procs = MIN(s->n_procs, v->procs_room);
        v->procs_cut = s->n_procs - v->sample.n_procs;
        if (v->sample.n_procs > 0)
                memcpy(v->procs, s->procs, v->sample.n_procs * sizeof(*v->procs));
        v->sample.groups = v->groups;
        v->sample.n_groups = MIN(s->n_groups, v->groups_room);
        v->groups_cut = s->n_groups - v->sample.n_groups;
        if (v->sample.n_groups > 0)
                memcpy(v->groups, s->groups, v->sample.n_groups * sizeof(*v->groups));
        v->sample.users = v->users;
        v->sample.users_size = v->users_room;
        v->sample.n_users = MIN(s->n_users, v->users_room);
        if (v->sample.n_users > 0)
                memcpy(v->users, s->users, v->sample.n_users * sizeof(*v->users));

        /* A verdict about a process or cgroup that was cut has nobody to point at. */
        v->n_verdicts = 0;
        v->n_dropped = p->n_dropped;
        for (size_t i = 0; i < p->n_verdicts; i++) {
                const Verdict *from = &p->verdicts[i];

                if (v->n_verdicts == v->verdicts_room ||
                        (from->proc >= 0 && (size_t) from->proc >= v->sample.n_procs) ||
                        (from->group >= 0 && (size_t) from->group >= v->sample.n_groups))
                        v->n_dropped++;
                else
                        v->verdicts[v->n_verdicts++] = *from;
        }

        v->book = *p->book;
        v->next_usec = p->next_usec;
        v->dry = p->dry;
        v->critical = p->plan.critical;
}
