/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/steering.h"

#include <inttypes.h>
#include <string.h>

bool steering_is_paused(const Steering *s, usec_t now_usec) {
        return now_usec < s->paused_until_usec;
}

void steering_pause(Steering *s, usec_t until_usec, uint32_t by_uid) {
        s->paused_until_usec = until_usec;
        s->paused_by_uid = by_uid;
}

bool steering_resume(Steering *s, usec_t now_usec) {
        bool paused = steering_is_paused(s, now_usec);

        s->paused_until_usec = 0;
        return paused;
}

static bool is_same(const Ward *a, const Ward *b) {
        if (a->kind != b->kind)
                return false;
        return a->kind == WARD_PROCESS ? a->pid == b->pid : strcmp(a->name, b->name) == 0;
}

static Ward *find_same(Steering *s, const Ward *ward) {
        for (size_t i = 0; i < s->n_wards; i++)
                if (is_same(&s->wards[i], ward))
                        return &s->wards[i];
        return NULL;
}

static void remove_at(Steering *s, size_t i) {
        s->n_wards--;
        memmove(s->wards + i, s->wards + i + 1, (s->n_wards - i) * sizeof(s->wards[0]));
        s->wards[s->n_wards] = (Ward){ 0 };
}

bool steering_protect(Steering *s, const Ward *ward) {
        Ward *at = find_same(s, ward);
        bool renewed = at && at->start_ticks == ward->start_ticks;
        uint64_t id = renewed ? at->id : s->last_id + 1;

        if (!at && s->n_wards == STEERING_WARDS_MAX)
                return false;
        if (!at)
                at = &s->wards[s->n_wards++];
        *at = *ward;
        at->id = id;
        s->last_id = id > s->last_id ? id : s->last_id;
        return true;
}

bool steering_unprotect(Steering *s, const Ward *ward) {
        Ward *at = find_same(s, ward);

        if (!at)
                return false;
        remove_at(s, (size_t) (at - s->wards));
        return true;
}

static bool is_over(const Ward *w, usec_t now_usec) {
        return w->until_usec <= now_usec; /* (1) */
}

size_t steering_forget(Steering *s, usec_t now_usec) {
        size_t n = 0;

        if (!steering_is_paused(s, now_usec))
                s->paused_until_usec = 0;
        for (size_t i = 0; i < s->n_wards;) {
                if (!is_over(&s->wards[i], now_usec)) {
                        i++;
                        continue;
                }
                remove_at(s, i);
                n++;
        }
        return n;
}

/* True for the cgroup of that path and what lies below it. */
static bool holds_path(const char *path, const char *cgroup) {
        return cgroup && group_holds(&(GroupFacts){ .path = path }, cgroup);
}

/* (2) */
static bool covers(const Ward *w, const ProcFacts *p) {
        switch (w->kind) {
        case WARD_PROCESS:
                return p->pid == w->pid && p->start_ticks == w->start_ticks;
        case WARD_UNIT:
                return p->unit && strcmp(p->unit, w->name) == 0;
        case WARD_CGROUP:
                return holds_path(w->name, p->cgroup);
        case _WARD_MAX:
                break;
        }
        return false;
}

static bool covers_group(const Ward *w, const GroupFacts *g) {
        if (w->kind == WARD_UNIT)
                return g->unit && strcmp(g->unit, w->name) == 0;
        /* Taking what is around it would take it as well. */
        return w->kind == WARD_CGROUP && (holds_path(w->name, g->path) || group_holds(g, w->name));
}

const Ward *steering_find(const Steering *s, const ProcFacts *proc, usec_t now_usec) {
        for (size_t i = 0; i < s->n_wards; i++)
                if (!is_over(&s->wards[i], now_usec) && covers(&s->wards[i], proc))
                        return &s->wards[i];
        return NULL;
}

const Ward *steering_find_group(const Steering *s, const GroupFacts *group, usec_t now_usec) {
        for (size_t i = 0; i < s->n_wards; i++)
                if (!is_over(&s->wards[i], now_usec) && covers_group(&s->wards[i], group))
                        return &s->wards[i];
        return NULL;
}

const Ward *steering_find_inside(
        const Steering *s, const Sample *sample, const GroupSample *group, usec_t now_usec) {
        const Ward *w = s->n_wards > 0 ? steering_find_group(s, group->facts, now_usec) : NULL;

        for (size_t i = 0; !w && s->n_wards > 0 && i < sample->n_procs; i++)
                if (sample_holds(sample, group, i))
                        w = steering_find(s, sample->procs[i].facts, now_usec);
        return w;
}

size_t ward_count(const Ward *w, const Sample *sample) {
        size_t n = 0;

        for (size_t i = 0; i < sample->n_procs; i++)
                n += covers(w, sample->procs[i].facts);
        return n;
}

const char *ward_kind_name(WardKind kind) {
        static const char *const names[] = {
                [WARD_PROCESS] = "process",
                [WARD_UNIT] = "unit",
                [WARD_CGROUP] = "cgroup",
        };

        return kind >= 0 && kind < _WARD_MAX ? names[kind] : "unknown";
}

void ward_print(const Ward *w, TextBuf *out) {
        if (w->kind == WARD_PROCESS)
                textbuf_addf(out, "pid %" PRId32, w->pid);
        else {
                textbuf_addf(out, "%s ", ward_kind_name(w->kind));
                textbuf_add_escaped(out, w->name, strlen(w->name));
        }
}
