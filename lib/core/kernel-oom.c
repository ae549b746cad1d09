/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kernel-oom.h"

#include <string.h>

#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"
#include "core/incident.h"
#include "core/instance.h"
#include "core/reason.h"

#define FAR UINT64_C(10000)

/* Counters of cgroups and of the system are read at different moments: for so long a kill is waited
 * for in the other one. */
#define OTHER_COUNTER_USEC (500 * USEC_PER_MSEC)

/* A condition, looked at for how much was missing. */
typedef struct Missing {
        const Sample *s;
        const Condition *c;
        Instance instance;
} Missing;

/* How far an atom is from holding, in permyriad of its threshold. */
static uint64_t atom_missing(const Missing *m, const Atom *a, bool negated) {
        Reading r = evaluate_metric(m->s, a->metric, &m->instance);
        int64_t threshold = a->percent ? condition_amount(&r, a->threshold) : a->threshold, apart;
        uint64_t size;

        if (!r.known)
                return FAR;
        if (condition_compare(&r, a->op, a->threshold, a->percent) != negated)
                return 0;
        if (threshold <= 0 || __builtin_sub_overflow(r.value, threshold, &apart))
                return FAR;
        size = apart < 0 ? 0 - (uint64_t) apart : (uint64_t) apart;
        return MIN(permyriad_of(size, (uint64_t) threshold), FAR);
}

/* Of several that must all hold the sum, of alternatives the nearest. */
static uint64_t node_missing(const Missing *m, uint16_t at, bool negated) {
        const CondNode *node = &m->c->nodes[at];
        bool all = (node->kind == COND_ALL) != negated;
        uint64_t result = all ? 0 : UINT64_MAX;

        if (node->kind == COND_ATOM)
                return atom_missing(m, &node->atom, negated);
        if (node->kind == COND_NOT)
                return node_missing(m, node->first_child, !negated);

        for (uint16_t child = node->first_child; child != COND_NONE;
                child = m->c->nodes[child].next_sibling) {
                uint64_t missing = node_missing(m, child, negated);

                result = all ? add_sat_u64(result, missing) : MIN(result, missing);
        }
        return result;
}

/* The atoms of the branch that was nearest. */
static void print_nearest(const Missing *m, uint16_t at, bool negated, TextBuf *out) {
        const CondNode *node = &m->c->nodes[at];
        bool below = node->kind == COND_NOT ? !negated : negated;
        bool all = node->kind == COND_NOT || (node->kind == COND_ALL) != negated;
        uint64_t least = all ? 0 : node_missing(m, at, negated);

        if (node->kind == COND_ATOM) {
                AtomReading a = { .atom = &node->atom,
                        .reading = evaluate_metric(m->s, node->atom.metric, &m->instance) };

                textbuf_add(out, negated ? ", not " : ", ");
                reason_print_atom(&a, true, out);
                textbuf_add(out,
                        atom_missing(m, &node->atom, negated) == 0 ? " (held)" : " (did not hold)");
                return;
        }
        for (uint16_t child = node->first_child; child != COND_NONE;
                child = m->c->nodes[child].next_sibling)
                if (all || node_missing(m, child, below) == least) {
                        print_nearest(m, child, below, out);
                        if (!all)
                                return;
                }
}

/* True when the policy could have saved this cgroup from its limit; without one, the machine. */
static bool is_meant(const Policy *p, const GroupSample *g) {
        GroupSample alive;

        if (!g)
                return p->watch == WATCH_SYSTEM;
        if (!watch_is_group(p->watch))
                return false;
        alive = *g; /* who was killed may have been the last */
        alive.populated = true;
        return instance_is_group(p, &alive);
}

/* The policy that was nearest to acting. */
static const Policy *nearest_policy(const Judge *j, const GroupSample *g) {
        const Policy *best = NULL;
        uint64_t best_missing = 0;

        for (uint16_t i = 0; i < j->config->n_policies; i++) {
                const Policy *p = &j->config->policies[i];
                Incident probe = { .policy = i };
                Missing m = { j->s, &p->when, { .group = g } };
                uint64_t missing;

                if (p->when.n_nodes == 0 || !is_meant(p, g) || !incident_can_harm(j, &probe))
                        continue;
                missing = node_missing(&m, 0, false);
                if (!best || missing < best_missing) {
                        best = p;
                        best_missing = missing;
                }
        }
        return best;
}

/* The open incident that should have prevented it: about the machine, or about this cgroup or one
 * around it. */
static Incident *open_incident(const Judge *j, const GroupSample *g) {
        Incident *found = NULL;

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                Incident *incident = &j->book->incidents[i];
                const GroupSample *about = NULL;

                if (!incident->used || incident->phase != INCIDENT_OPEN ||
                        !incident_can_harm(j, incident) || (found && found->id < incident->id))
                        continue;
                if (watch_is_group(incident->key.watch))
                        about = sample_find_group(
                                j->s, incident->key.slot, incident->key.generation);
                if (g ? about && group_holds(about->facts, g->facts->path)
                      : !watch_is_group(incident->key.watch))
                        found = incident;
        }
        return found;
}

/* True when it was a limit that was met, its own or one around it, not the end of the machine's
 * memory: who is over a limit counts an `oom`. */
static bool met_a_limit(const Sample *s, const GroupSample *g) {
        if (g->facts->limit_bytes == UINT64_MAX)
                return false;
        for (size_t i = 0; i < s->n_groups; i++)
                if (s->groups[i].recent[GROUP_EVENT_OOM] > 0 &&
                        group_holds(s->groups[i].facts, g->facts->path))
                        return true;
        return false;
}

/* Why the policy that should have come first did not. */
static void print_why_not(const Missing *m, const Policy *near, TextBuf *out) {
        print_nearest(m, 0, false, out);
        if (near->for_usec == 0 || node_missing(m, 0, false) > 0)
                return;
        textbuf_add(out, "; it has to hold for ");
        textbuf_add_usec(out, near->for_usec);
        textbuf_add(out, " and did not yet");
}

static void print_limit(const Judge *j, const GroupSample *limited, TextBuf *out) {
        if (!limited)
                return;
        textbuf_add(out, "a limit of ");
        textbuf_add_bytes(out, evaluate_group_limit(j->s, limited));
        textbuf_add(out, " was met; ");
}

/* Against what was to prevent it. near: the policy that was nearest to acting, NULL: there is none.
 */
static void print_reason(Judge *j, const GroupSample *limited, const Incident *open,
        const Policy *near, TextBuf *out) {
        bool paused = steering_is_paused(&j->book->steering, j->now_usec);

        if (paused)
                textbuf_addf(out, "avert was paused and took no step%s", open ? "" : "; ");
        else if (open)
                textbuf_add(
                        out, "while this incident was open: it came too late or took too little");
        if (open)
                return;
        if (!near) {
                textbuf_addf(out, "no policy with a destructive step watches the %s",
                        limited ? "cgroup" : "system");
                return;
        }
        textbuf_add(out, "this policy should have come first");
        print_why_not(&(Missing){ j->s, &near->when, { .group = limited } }, near, out);
}

/* "; the cgroup held 500 MiB 400 ms before this was seen, 300 MiB 1 s before" */
static void print_before(const Judge *j, const GroupSample *g, TextBuf *out) {
        for (size_t i = 0; i < GROUP_LOOKS && g->before[i].at_usec > 0; i++) {
                textbuf_add(out, i == 0 ? "; the cgroup held " : ", ");
                textbuf_add_bytes(out, g->before[i].bytes);
                textbuf_add(out, " ");
                textbuf_add_usec(out, usec_since(j->now_usec, g->before[i].at_usec));
                textbuf_add(out, i == 0 ? " before this was seen" : " before");
        }
}

static void tell(Judge *j, uint64_t n, const GroupSample *g) {
        const GroupSample *limited = g && met_a_limit(j->s, g) ? g : NULL;
        const Incident *open = open_incident(j, limited);
        Event *e = judge_add_event(j, EVENT_KERNEL_OOM, open);
        const Policy *near = nearest_policy(j, limited);
        TextBuf out;

        if (!e)
                return;
        e->count = n;
        if (!open && near)
                text_copy(e->policy, sizeof(e->policy), near->name);
        textbuf_init(&out, e->text, sizeof(e->text));
        print_limit(j, limited, &out);
        print_reason(j, limited, open, near, &out);
        if (!g)
                return;
        judge_describe_group(j->s, g, &e->group);
        print_before(j, g, &out);
}

/* What is known now says why; in a moment the memory that came back will hide it. */
static void prepare(Judge *j) {
        size_t before = j->plan->n_events;

        j->book->oom_pending_usec = j->now_usec;
        tell(j, 0, NULL);
        if (j->plan->n_events == before) {
                j->book->oom_event = (Event){ .kind = EVENT_KERNEL_OOM, .level = NOTIFY_CRITICAL };
                return;
        }
        j->book->oom_event = j->plan->events[before];
        memset(&j->plan->events[before], 0, sizeof(Event));
        j->plan->n_events = before;
}

static void tell_prepared(Judge *j) {
        Event *e = judge_add_event(j, EVENT_KERNEL_OOM, NULL);

        if (e) {
                *e = j->book->oom_event;
                e->count = j->book->oom_pending;
        }
        j->book->oom_pending = 0;
}

static bool is_news(const Sample *s, const GroupSample *g) {
        return g->oom_usec == s->raw.at_usec && g->oom_kills > 0;
}

/* Where there is no memory.events.local, those above count what is below them as well. */
static bool is_counted_below(const Sample *s, const GroupSample *g) {
        for (size_t i = 0; i < s->n_groups; i++)
                if (&s->groups[i] != g && is_news(s, &s->groups[i]) &&
                        s->groups[i].oom_kills >= g->oom_kills &&
                        strcmp(s->groups[i].facts->path, g->facts->path) != 0 &&
                        group_holds(g->facts, s->groups[i].facts->path))
                        return true;
        return false;
}

static void tell_of_groups(Judge *j) {
        for (size_t i = 0; i < j->s->n_groups; i++) {
                const GroupSample *g = &j->s->groups[i];
                uint64_t known;

                if (!is_news(j->s, g) || is_counted_below(j->s, g))
                        continue;
                known = MIN(g->oom_kills, j->book->oom_pending);
                j->book->oom_pending -= known;
                j->book->oom_ahead += g->oom_kills - known;
                j->book->kernel_oom_total += g->oom_kills - known;
                tell(j, g->oom_kills, g);
        }
}

/* What vmstat counts is all of it. What a cgroup told already is not told again. */
static void take_system(Judge *j) {
        IncidentBook *book = j->book;
        uint64_t kills = j->s->raw.oom_kills, more, told;

        more = book->oom_kills_known ? sub_sat_u64(kills, book->oom_kills) : 0;
        if (!book->oom_kills_known)
                book->oom_ahead = 0;
        book->oom_kills_known = true;
        book->oom_kills = kills;

        told = MIN(more, book->oom_ahead);
        book->oom_ahead -= told;
        if (more == told)
                return;
        if (book->oom_pending == 0)
                prepare(j);
        book->oom_pending += more - told;
        book->kernel_oom_total += more - told;
}

void kernel_oom_notice(Judge *j) {
        const SystemRaw *raw = &j->s->raw;
        IncidentBook *book = j->book;

        if ((raw->have & source_bit(SOURCE_VMSTAT)) && !(raw->suspect & source_bit(SOURCE_VMSTAT)))
                take_system(j);
        tell_of_groups(j);

        if (book->oom_pending == 0 ||
                (j->s->n_groups > 0 &&
                        usec_since(j->now_usec, book->oom_pending_usec) < OTHER_COUNTER_USEC))
                return;
        tell_prepared(j);
}
