/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/no-victim.h"

#include <string.h>

#include "base/macro.h"
#include "core/hidden-gain.h"
#include "core/explain-groups.h"

typedef struct Holder {
        const char *name;
        uint64_t bytes;
} Holder;

void no_victim_print_breakdown(const Sample *s, TextBuf *out) {
        const SystemRaw *raw = &s->raw;
        const Reading *unexplained = &s->system[METRIC_MEM_UNEXPLAINED];
        Holder holders[] = {
                { "slab", raw->slab },
                { "hugetlb pool", raw->hugetlb },
                { "tmpfs and shared memory", raw->shmem },
                { "page tables", raw->page_tables },
                { "kernel stacks", raw->kernel_stack },
                { "per-cpu", raw->percpu },
                { "zram", raw->zram_physical },
                { "mlocked", raw->mlocked },
                { "unexplained (drivers, GPU)",
                        unexplained->known ? (uint64_t) unexplained->value : 0 },
        };

        for (size_t i = 0; i < ELEMENTS(holders) && i < 5; i++) {
                for (size_t k = i + 1; k < ELEMENTS(holders); k++)
                        if (holders[k].bytes > holders[i].bytes) {
                                Holder swapped = holders[i];

                                holders[i] = holders[k];
                                holders[k] = swapped;
                        }
                if (i > 0)
                        textbuf_add(out, ", ");
                textbuf_addf(out, "%s ", holders[i].name);
                textbuf_add_bytes(out, holders[i].bytes);
        }
}

/* Whom it says more about than about others that he was refused: somebody protects him, and his end
 * would help; else he is small. */
static int weight_of(Refusal refusal, uint64_t freeable, uint64_t at_least) {
        return refusal == REFUSAL_WARD && freeable >= at_least ? 2 : refusal == REFUSAL_TOO_SMALL;
}

/* The largest of those, else the largest of all. */
static const Candidate *best_of(const DecideScratch *scratch, const Sample *s, uint64_t at_least) {
        const Candidate *best = NULL;
        int heaviest = -1;

        for (size_t i = 0; i < scratch->n_best; i++) {
                const Candidate *c = &scratch->best[i];
                int weight = weight_of(c->refusal, s->procs[c->proc].freeable, at_least);

                if (weight > heaviest) {
                        heaviest = weight;
                        best = c;
                }
        }
        return best;
}

/* Likewise of the cgroups, where they are what competes. */
static const GroupCandidate *best_group_of(const DecideScratch *scratch, uint64_t at_least) {
        const GroupCandidate *best = NULL;
        int heaviest = -1;

        for (size_t i = 0; i < scratch->n_best_groups; i++) {
                const GroupCandidate *c = &scratch->best_groups[i];
                int weight = weight_of(c->refusal, c->freeable, at_least);

                if (weight > heaviest) {
                        heaviest = weight;
                        best = c;
                }
        }
        return best;
}

static void print_best(const Judge *j, const Incident *i, TextBuf *out) {
        uint64_t at_least = rank_at_least(judge_policy(j, i), j->s);
        const Candidate *best = best_of(j->scratch, j->s, at_least);
        const GroupCandidate *group = target_is_group(judge_policy(j, i)->targets.kind)
                ? best_group_of(j->scratch, at_least)
                : NULL;
        const ProcSample *p;

        if (group) {
                textbuf_add(out, "best found: ");
                explain_group_name(&j->s->groups[group->group], out);
                textbuf_addf(out, " (%s), would free ", refusal_name(group->refusal));
                textbuf_add_bytes(out, group->freeable);
                textbuf_add(out, "; worth it from ");
                textbuf_add_bytes(out, at_least);
                return;
        }
        if (!best) {
                textbuf_add(out, "no process is in reach");
                return;
        }
        p = &j->s->procs[best->proc];
        textbuf_add(out, "best found: ");
        textbuf_add_escaped(out, p->facts->comm, strlen(p->facts->comm));
        textbuf_addf(out, " (pid %d, %s), would free ", p->facts->pid, refusal_name(best->refusal));
        textbuf_add_bytes(out, p->freeable);
        textbuf_add(out, "; worth it from ");
        textbuf_add_bytes(out, at_least);
}

void no_victim_tell(Judge *j, Incident *i) {
        TextBuf out;
        Event *e;

        if (i->told_no_victim)
                return;
        i->told_no_victim = true;

        e = judge_add_event(j, EVENT_NO_USEFUL_VICTIM, i);
        if (!e)
                return;

        textbuf_init(&out, e->text, sizeof(e->text));
        hidden_gain_print(judge_policy(j, i), j->s, &out);
        if (out.len > 0)
                textbuf_add(&out, "; ");
        print_best(j, i, &out);
        textbuf_add(&out, "; memory is in ");
        no_victim_print_breakdown(j->s, &out);
        for (; e->n_candidates < MIN(j->scratch->n_best, (size_t) EVENT_CANDIDATES_MAX);
                e->n_candidates++)
                judge_describe(
                        j->s, &j->scratch->best[e->n_candidates], &e->candidates[e->n_candidates]);
}
