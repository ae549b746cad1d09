/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kernel-oom.h"

#include "base/macro.h"
#include "base/number.h"
#include "core/condition.h"
#include "core/incident.h"
#include "core/reason.h"

#define FAR UINT64_C(10000)

/* A condition, looked at for how much was missing. */
typedef struct Missing {
        const Sample *s;
        const Condition *c;
} Missing;

/* How far an atom is from holding, in permyriad of its threshold. */
static uint64_t atom_missing(const Missing *m, const Atom *a, bool negated) {
        Reading r = evaluate_metric(m->s, a->metric, &(Instance){ 0 });
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
                        .reading = evaluate_metric(m->s, node->atom.metric, &(Instance){ 0 }) };

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

/* The policy of the system that was nearest to acting. */
static const Policy *nearest_policy(const Judge *j) {
        const Policy *best = NULL;
        uint64_t best_missing = 0;

        for (uint16_t i = 0; i < j->config->n_policies; i++) {
                const Policy *p = &j->config->policies[i];
                Incident probe = { .policy = i };
                Missing m = { j->s, &p->when };
                uint64_t missing;

                if (p->watch != WATCH_SYSTEM || p->when.n_nodes == 0 ||
                        !incident_can_harm(j, &probe))
                        continue;
                missing = node_missing(&m, 0, false);
                if (!best || missing < best_missing) {
                        best = p;
                        best_missing = missing;
                }
        }
        return best;
}

static Incident *open_incident(const Judge *j) {
        Incident *found = NULL;

        for (size_t i = 0; i < INCIDENTS_MAX; i++) {
                Incident *incident = &j->book->incidents[i];

                if (incident->used && incident->phase == INCIDENT_OPEN &&
                        incident_can_harm(j, incident) && (!found || incident->id < found->id))
                        found = incident;
        }
        return found;
}

static void tell(Judge *j, uint64_t n) {
        const Incident *open = open_incident(j);
        Event *e = judge_add_event(j, EVENT_KERNEL_OOM, open);
        const Policy *near = nearest_policy(j);
        TextBuf out;

        if (!e)
                return;
        e->count = n;
        textbuf_init(&out, e->text, sizeof(e->text));
        if (open) {
                textbuf_add(
                        &out, "while this incident was open: it came too late or took too little");
                return;
        }
        if (!near) {
                textbuf_add(&out, "no policy with a destructive step watches the system");
                return;
        }
        text_copy(e->policy, sizeof(e->policy), near->name);
        textbuf_add(&out, "this policy should have come first");
        print_nearest(&(Missing){ j->s, &near->when }, 0, false, &out);
}

void kernel_oom_notice(Judge *j) {
        const SystemRaw *raw = &j->s->raw;
        uint64_t kills = raw->oom_kills;

        if (!(raw->have & source_bit(SOURCE_VMSTAT)) || (raw->suspect & source_bit(SOURCE_VMSTAT)))
                return;

        if (j->book->oom_kills_known && kills > j->book->oom_kills) {
                j->book->kernel_oom_total += kills - j->book->oom_kills;
                tell(j, kills - j->book->oom_kills);
        }
        j->book->oom_kills_known = true;
        j->book->oom_kills = kills;
}
