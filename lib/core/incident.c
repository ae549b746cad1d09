/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/incident.h"

#include <string.h>

#include "base/macro.h"
#include "core/hint-order.h"
#include "core/reason.h"
#include "core/user-sum.h"

/* How long the default clear must have held. */
#define CLEAR_HOLD_USEC USEC_PER_SEC

/* Reopenings that are told one by one; after that only each doubling of their number. */
#define REOPENED_TOLD 3

static void forget(Incident *i) {
        memset(i, 0, sizeof(*i));
}

static Incident *find(IncidentBook *book, uint16_t policy, const InstanceKey *key) {
        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                Incident *incident = &book->incidents[i];

                if (incident->used && incident->policy == policy &&
                        instance_key_equals(&incident->key, key))
                        return incident;
        }
        return NULL;
}

static bool has_incident(const IncidentBook *book, uint16_t policy) {
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                if (book->incidents[i].used && book->incidents[i].policy == policy)
                        return true;
        return false;
}

Incident *incident_by_id(IncidentBook *book, uint64_t id) {
        for (size_t i = 0; id != 0 && i < INCIDENTS_MAX; i++)
                if (book->incidents[i].used && book->incidents[i].id == id)
                        return &book->incidents[i];
        return NULL;
}

/* A free place; else that of the incident that closed first. */
static Incident *allocate(IncidentBook *book) {
        Incident *oldest = NULL;

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                Incident *incident = &book->incidents[i];

                if (!incident->used)
                        return incident;
                if (incident->phase == INCIDENT_COOLING &&
                        (!oldest || incident->closed_usec < oldest->closed_usec))
                        oldest = incident;
        }
        return oldest;
}

bool incident_can_harm(const Judge *j, const Incident *i) {
        return policy_can_harm(judge_policy(j, i));
}

static bool is_held_long_enough(const Judge *j, const Incident *i) {
        return i->true_since_usec != USEC_UNSET &&
                usec_since(j->now_usec, i->true_since_usec) >= judge_policy(j, i)->for_usec;
}

bool incident_is_due(const Judge *j, const Incident *i, const Verdict *v) {
        return v && v->when == TRUTH_TRUE && (i->critical || is_held_long_enough(j, i));
}

/* Standing policies have an incident for each cgroup that they limit, and no part in the bound for
 * trouble: as many as there can be leases. */
static bool has_room(const Judge *j, const Policy *policy) {
        bool standing = policy_is_standing(policy);
        size_t n = 0;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *i = &j->book->incidents[k];

                n += i->used && policy_is_standing(judge_policy(j, i)) == standing &&
                        (standing || i->phase == INCIDENT_OPEN);
        }
        return n < (standing ? LEASES_MAX : MAX(j->config->limits.incidents, UINT32_C(1)));
}

void incident_renew_reason(const Judge *j, Incident *i, const Verdict *v) {
        usec_t held =
                judge_policy(j, i)->for_usec == 0 ? 0 : usec_since(j->now_usec, i->true_since_usec);
        TextBuf out;

        textbuf_init(&out, i->reason, sizeof(i->reason));
        reason_print(v, held, &out);
}

static void describe_instance(const Judge *j, const Incident *i, Event *e) {
        TextBuf out;

        if (i->key.watch == WATCH_PROCESS) {
                const Verdict *v = judge_verdict(j, i);

                if (v && v->proc >= 0)
                        judge_describe(
                                j->s, &(Candidate){ .proc = (uint32_t) v->proc }, &e->target);
        } else if (i->key.watch == WATCH_USER) {
                textbuf_init(&out, e->text, sizeof(e->text));
                textbuf_addf(&out, "user %u", i->key.uid);
                e->target.uid = i->key.uid;
        } else if (watch_is_group(i->key.watch)) {
                const GroupSample *g = sample_find_group(j->s, i->key.slot, i->key.generation);

                if (g)
                        judge_describe_group(j->s, g, &e->group);
        }
}

/* The leases that ended with the trouble are where the ladder goes on; whoever had to be harmed
 * since, it does not go down again. */
static void resume(Incident *i) {
        if (i->resumes && i->first_destructive_reached == UINT32_MAX)
                i->next_step = MIN(i->next_step, i->resume_step);
        i->resumes = false;
}

static void open_incident(Judge *j, Incident *i, const Verdict *v) {
        const Policy *policy = judge_policy(j, i);
        EventKind kind = EVENT_INCIDENT_OPENED;
        Event *e;

        if (!policy_is_standing(policy) && !has_room(j, policy))
                return; /* it goes on holding, and opens when another one ends */

        incident_renew_reason(j, i, v);
        i->told_open = !policy_is_standing(policy);
        if (i->phase == INCIDENT_COOLING) { /* (2) */
                kind = EVENT_INCIDENT_REOPENED;
                i->n_reopened++;
                resume(i);
                i->told_open = i->told_open &&
                        (i->n_reopened <= REOPENED_TOLD ||
                                (i->n_reopened & (i->n_reopened - 1)) == 0);
        } else {
                i->id = ++j->book->next_incident;
                i->opened_usec = j->now_usec;
                i->first_destructive_reached = UINT32_MAX;
        }
        i->phase = INCIDENT_OPEN;
        i->known_usec = j->now_usec;
        i->false_since_usec = USEC_UNSET;
        if (!i->told_open)
                return;

        e = judge_add_event(j, kind, i);
        if (e) {
                e->count = i->n_reopened;
                describe_instance(j, i, e);
        }
}

/* The first step whose lease ends with the incident. */
static void note_resumption(const Judge *j, Incident *i) {
        for (size_t k = 0; k < LEASES_MAX; k++) {
                const Lease *l = &j->book->leases.leases[k];

                if (l->phase == LEASE_NONE || l->incident != i->id || l->wants_return)
                        continue;
                i->resume_step = i->resumes ? MIN(i->resume_step, (uint32_t) l->index) : l->index;
                i->resumes = true;
        }
}

void incident_close(Judge *j, Incident *i, const char *why) {
        note_resumption(j, i);
        i->relief.pending &=
                i->relief.action != 0; /* what a reclaim brought is told all the same */
        i->skips_next = false;
        i->n_skipped = 0;
        i->ask_again_usec = 0;
        i->phase = INCIDENT_COOLING;
        i->closed_usec = j->now_usec;
        i->true_since_usec = USEC_UNSET;
        i->has_target = false;
        i->critical = false;
        i->n_failures = 0;
        i->retry_usec = 0;
        i->ends_told = !i->told_open; /* (3) */
        i->ends_why = why;
        hint_take_back(j, i);
}

void incident_tell_end(Judge *j, Incident *i) {
        Event *e;

        if (!i->used || i->phase != INCIDENT_COOLING || i->ends_told)
                return;
        i->ends_told = true;

        e = judge_add_event(j, EVENT_INCIDENT_CLOSED, i);
        if (!e)
                return;
        e->freed = i->freed_total;
        e->count = i->n_steps_taken;
        e->took_usec = usec_since(j->now_usec, i->opened_usec);
        if (i->ends_why)
                text_copy(e->text, sizeof(e->text), i->ends_why);
}

void incidents_tell_ends(Judge *j) {
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                incident_tell_end(j, &j->book->incidents[i]);
}

static void advance_waiting(Judge *j, Incident *i, const Verdict *v) {
        bool cooling = i->phase == INCIDENT_COOLING;
        bool cooled = cooling &&
                usec_since(j->now_usec, i->closed_usec) > judge_policy(j, i)->cooldown_usec;

        if (v->when != TRUTH_TRUE) {
                i->true_since_usec = USEC_UNSET; /* (1) */
                i->critical = false;
                if (!cooling || cooled)
                        forget(i);
                return;
        }

        if (cooled) {
                Incident fresh = { .used = true,
                        .policy = i->policy,
                        .key = i->key,
                        .phase = INCIDENT_HOLDING,
                        .true_since_usec = i->true_since_usec,
                        .false_since_usec = USEC_UNSET };

                *i = fresh;
        }
        if (i->true_since_usec == USEC_UNSET)
                i->true_since_usec = j->now_usec;
        i->critical = judge_is_critical(j, i, j->largest);
        if (incident_is_due(j, i, v))
                open_incident(j, i, v);
}

static void advance_open(Judge *j, Incident *i, const Verdict *v) {
        if (v->when != TRUTH_UNKNOWN)
                i->known_usec = j->now_usec;
        if (v->when == TRUTH_FALSE)
                i->true_since_usec = USEC_UNSET; /* (1) */
        else if (v->when == TRUTH_TRUE && i->true_since_usec == USEC_UNSET)
                i->true_since_usec = j->now_usec;
        i->critical = v->when == TRUTH_TRUE && judge_is_critical(j, i, j->largest);

        if (v->clear != TRUTH_TRUE) {
                i->false_since_usec = USEC_UNSET;
                return;
        }
        if (i->false_since_usec == USEC_UNSET)
                i->false_since_usec = j->now_usec;
        if (judge_policy(j, i)->clear.n_nodes > 0 ||
                usec_since(j->now_usec, i->false_since_usec) >= CLEAR_HOLD_USEC)
                incident_close(j, i, NULL);
}

static void advance_one(Judge *j, const Verdict *v, bool any, bool *seen) {
        Incident *i = any ? find(j->book, v->policy, &v->key) : NULL;

        if (!i) {
                const Policy *p = &j->config->policies[v->policy];

                if (v->when != TRUTH_TRUE || (policy_is_standing(p) && !has_room(j, p)))
                        return;
                i = allocate(j->book);
                if (!i)
                        return;
                *i = (Incident){ .used = true,
                        .policy = v->policy,
                        .key = v->key,
                        .phase = INCIDENT_HOLDING,
                        .true_since_usec = USEC_UNSET,
                        .false_since_usec = USEC_UNSET };
        }

        seen[i - j->book->incidents] = true;
        if (i->phase == INCIDENT_OPEN)
                advance_open(j, i, v);
        else
                advance_waiting(j, i, v);
}

static bool is_gone(const Judge *j, const Incident *i) {
        if (watch_is_group(i->key.watch)) {
                const GroupSample *g = sample_find_group(j->s, i->key.slot, i->key.generation);

                return j->s->groups_fresh && (!g || !g->populated);
        }
        if (!j->s->procs_fresh || j->s->n_procs == 0)
                return false;
        if (i->key.watch == WATCH_PROCESS) {
                const ProcSample *p = sample_find(j->s, i->key.slot, i->key.generation);

                return !p || p->state == 'X' || (p->state == 'Z' && !p->zombie_leader);
        }
        return i->key.watch == WATCH_USER && !user_sum_find(j->s, i->key.uid);
}

static bool is_fresh(const Judge *j, const Incident *i) {
        return watch_is_group(i->key.watch) ? j->s->groups_fresh : j->s->procs_fresh;
}

static const char *why_gone(const Incident *i) {
        return i->key.watch == WATCH_USER      ? "the user has no processes left"
                : watch_is_group(i->key.watch) ? "the cgroup is gone"
                                               : "the process is gone";
}

/* An instance without a verdict: it is gone; or what was watched changed with a reload, or larger
 * ones took its place. */
static void advance_unseen(Judge *j, Incident *i) {
        bool busy = j->book->flight.active && j->book->flight.incident == i->id;

        if (i->phase == INCIDENT_HOLDING)
                forget(i);
        else if (i->phase == INCIDENT_COOLING) {
                if (usec_since(j->now_usec, i->closed_usec) > judge_policy(j, i)->cooldown_usec)
                        forget(i);
        } else if (!busy && is_gone(j, i))
                incident_close(j, i, why_gone(i));
        else if (!busy && is_fresh(j, i))
                incident_close(j, i, "it is not watched any more");
}

void incident_drop_relief(const Judge *j, Incident *i) {
        i->relief.pending = false;
        i->not_before_usec = MIN(i->not_before_usec, j->book->not_before_usec);
}

void incidents_advance(Judge *j) {
        bool seen[INCIDENTS_MAX] = { false }, any = false;

        for (size_t v = 0; v < j->n_verdicts; v++) {
                /* Hundreds of calm instances of one policy: whether it has any incident is asked
                 * once. */
                if (v == 0 || j->verdicts[v].policy != j->verdicts[v - 1].policy ||
                        j->verdicts[v - 1].when == TRUTH_TRUE)
                        any = has_incident(j->book, j->verdicts[v].policy);
                advance_one(j, &j->verdicts[v], any, seen);
        }
        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                if (j->book->incidents[i].used && !seen[i])
                        advance_unseen(j, &j->book->incidents[i]);
}
