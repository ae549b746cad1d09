/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe/describe.h"

/* Of each list: the largest by what they hold, and the largest by what they gained. */
enum { CONSUMERS_MAX = 64 };

/* What competes as one: a unit, a container, or the session of a user. Sums over its processes. */
typedef struct Party {
        uint64_t hash;
        const ProcFacts *facts; /* of its largest process */
        uint64_t largest;       /* bytes of that one */
        uint64_t freeable, gained;
        uint32_t n_processes;
        bool gained_known; /* of one process at least */
} Party;

static int by_hash(const void *a, const void *b) {
        const ProcSample *const *p = a, *const *q = b;
        uint64_t x = (*p)->facts->group_hash, y = (*q)->facts->group_hash;

        return x < y ? -1 : x > y;
}

static int descending(uint64_t a, uint64_t b) {
        return a > b ? -1 : a < b;
}

static int by_freeable(const void *a, const void *b) {
        const ProcSample *const *p = a, *const *q = b;

        return descending((*p)->freeable, (*q)->freeable);
}

static int by_gained(const void *a, const void *b) {
        const ProcSample *const *p = a, *const *q = b;

        return descending((*p)->gained, (*q)->gained);
}

static int party_by_freeable(const void *a, const void *b) {
        return descending(((const Party *) a)->freeable, ((const Party *) b)->freeable);
}

static int party_by_gained(const void *a, const void *b) {
        return descending(((const Party *) a)->gained, ((const Party *) b)->gained);
}

static const char *unit_of(const ProcFacts *f) {
        return *f->user_unit ? f->user_unit : f->unit;
}

/* Where a user's manager has its unit: the name alone may be that of a unit of another user's. Null
 * for a unit of the system manager. */
static void put_cgroup(const ProcFacts *f, Json *map) {
        size_t len = strlen(f->user_unit);

        for (const char *at = f->cgroup; len > 0 && (at = strstr(at, f->user_unit)); at++) {
                char path[sizeof(((Ward *) NULL)->name)]; /* longer ones cannot be protected */

                if (at == f->cgroup || at[-1] != '/' || (at[len] != '/' && at[len] != '\0'))
                        continue;
                if ((size_t) (at - f->cgroup) + len >= sizeof(path))
                        break;
                snprintf(path, sizeof(path), "%.*s", (int) ((size_t) (at - f->cgroup) + len),
                        f->cgroup);
                json_put_text(map, "user_unit_cgroup", path);
                return;
        }
        json_put_null(map, "user_unit_cgroup");
}

static void put_known(Json *map, const char *key, bool known, int64_t value) {
        if (known)
                json_put_signed(map, key, value);
        else
                json_put_null(map, key);
}

static void add_process(const ProcSample *p, Json *list) {
        const ProcFacts *f = p->facts;
        Json *one = json_add_map(list);

        json_put_signed(one, "pid", f->pid);
        json_put_number(one, "start_ticks", f->start_ticks);
        json_put_text(one, "comm", f->comm);
        json_put_number(one, "uid", f->uid);
        json_put_text(one, "unit", unit_of(f));
        json_put_number(one, "freeable_bytes", p->freeable);
        put_known(one, "gained_bytes", p->gained_known, (int64_t) p->gained);
        put_known(one, "growth_bytes_per_sec", p->growth_known, p->growth);
}

/* The cgroup that is the party itself, or NULL: a unit whose cgroup is not known. */
static const GroupSample *group_of(const Sample *s, const ProcFacts *f) {
        for (size_t i = 0; i < s->n_groups; i++) {
                const GroupFacts *g = s->groups[i].facts;

                if (*f->user_unit ? g->is_user_unit && group_holds(g, f->cgroup) &&
                                        strcmp(g->user_unit, f->user_unit) == 0
                                  : g->is_unit && *f->unit && strcmp(g->unit, f->unit) == 0)
                        return &s->groups[i];
        }
        return NULL;
}

/* What stalls on memory in it, of the last 10 s: known where a policy names it only. */
static void put_pressure(const Sample *s, const GroupSample *g, Json *map) {
        Reading r = { .known = false };

        if (g)
                r = evaluate_metric(s, metric_cgroup_psi(PSI_MEMORY, PSI_SOME, PSI_10S),
                        &(Instance){ .group = g });
        put_known(map, "pressure_permyriad", r.known, r.value);
}

static void add_party(const Sample *s, const Party *p, Json *list) {
        const GroupSample *g = group_of(s, p->facts);
        Json *one = json_add_map(list);

        json_put_text(one, "unit", unit_of(p->facts));
        put_cgroup(p->facts, one);
        json_put_text(one, "container", p->facts->container);
        json_put_number(one, "uid", p->facts->uid);
        json_put_signed(one, "session", p->facts->session);
        json_put_signed(one, "largest_pid", p->facts->pid);
        json_put_text(one, "largest_comm", p->facts->comm);
        json_put_number(one, "n_processes", p->n_processes);
        json_put_number(one, "freeable_bytes", p->freeable);
        put_known(one, "gained_bytes", p->gained_known, (int64_t) p->gained);
        put_pressure(s, g, one);
}

/* Sums up; returns how many parties there are. rows: sorted by hash; parties: room for n. */
static size_t sum_up(const ProcSample *const *rows, size_t n, Party *parties) {
        size_t n_parties = 0;

        for (size_t i = 0; i < n; i++) {
                const ProcSample *p = rows[i];
                Party *party;

                if (i == 0 || p->facts->group_hash != parties[n_parties - 1].hash)
                        parties[n_parties++] =
                                (Party){ .hash = p->facts->group_hash, .facts = p->facts };
                party = &parties[n_parties - 1];
                party->freeable += p->freeable;
                party->n_processes++;
                if (p->gained_known) {
                        party->gained += p->gained;
                        party->gained_known = true;
                }
                if (p->freeable > party->largest) {
                        party->largest = p->freeable;
                        party->facts = p->facts;
                }
        }
        return n_parties;
}

static void add_processes(const ProcSample **rows, size_t n, Json *list) {
        size_t n_largest = MIN(n, (size_t) CONSUMERS_MAX);

        qsort(rows, n, sizeof(rows[0]), by_freeable);
        for (size_t i = 0; i < n_largest; i++)
                add_process(rows[i], list);
        qsort(rows + n_largest, n - n_largest, sizeof(rows[0]), by_gained);
        for (size_t i = n_largest; i < n && i < n_largest + CONSUMERS_MAX; i++)
                if (rows[i]->gained > 0)
                        add_process(rows[i], list);
}

static void add_parties(const Sample *s, Party *parties, size_t n, Json *list) {
        size_t n_largest = MIN(n, (size_t) CONSUMERS_MAX);

        qsort(parties, n, sizeof(parties[0]), party_by_freeable);
        for (size_t i = 0; i < n_largest; i++)
                add_party(s, &parties[i], list);
        qsort(parties + n_largest, n - n_largest, sizeof(parties[0]), party_by_gained);
        for (size_t i = n_largest; i < n && i < n_largest + CONSUMERS_MAX; i++)
                if (parties[i].gained > 0)
                        add_party(s, &parties[i], list);
}

/* All that can be seen: a kernel thread has no memory of its own. Returns how many. */
static size_t collect(const View *view, const ProcSample **rows) {
        size_t n = 0;

        for (size_t i = 0; i < view->sample.n_procs; i++)
                if (view->procs[i].freeable > 0 && !view->procs[i].facts->kthread)
                        rows[n++] = &view->procs[i];
        return n;
}

char *describe_consumers(const View *view) {
        _cleanup_free_ const ProcSample **rows = calloc(view->sample.n_procs + 1, sizeof(*rows));
        _cleanup_free_ Party *parties = calloc(view->sample.n_procs + 1, sizeof(*parties));
        _cleanup_(json_freep) Json *root = json_new_map();
        size_t n, n_parties;

        if (!rows || !parties)
                return NULL;

        n = collect(view, rows);
        qsort(rows, n, sizeof(rows[0]), by_hash);
        n_parties = sum_up(rows, n, parties);

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        json_put_number(root, "processes_known", n);
        add_processes(rows, n, json_put_list(root, "processes"));
        json_put_number(root, "units_known", n_parties);
        add_parties(&view->sample, parties, n_parties, json_put_list(root, "units"));
        return json_print(root);
}
