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

/* The largest of those who were refused for being small, else the largest of all. */
static const Candidate *best_of(const DecideScratch *scratch) {
        for (size_t i = 0; i < scratch->n_best; i++)
                if (scratch->best[i].refusal == REFUSAL_TOO_SMALL)
                        return &scratch->best[i];
        return scratch->n_best > 0 ? &scratch->best[0] : NULL;
}

/* Likewise of the cgroups, where they are what competes. */
static const GroupCandidate *best_group_of(const DecideScratch *scratch) {
        for (size_t i = 0; i < scratch->n_best_groups; i++)
                if (scratch->best_groups[i].refusal == REFUSAL_TOO_SMALL)
                        return &scratch->best_groups[i];
        return scratch->n_best_groups > 0 ? &scratch->best_groups[0] : NULL;
}

static void print_best(const Judge *j, const Incident *i, TextBuf *out) {
        const Candidate *best = best_of(j->scratch);
        const GroupCandidate *group = target_is_group(judge_policy(j, i)->targets.kind)
                ? best_group_of(j->scratch)
                : NULL;
        const ProcSample *p;

        if (group) {
                textbuf_add(out, "best found: ");
                explain_group_name(&j->s->groups[group->group], out);
                textbuf_addf(out, " (%s), would free ", refusal_name(group->refusal));
                textbuf_add_bytes(out, group->freeable);
                textbuf_add(out, "; worth it from ");
                textbuf_add_bytes(out, rank_at_least(judge_policy(j, i), j->s));
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
        textbuf_add_bytes(out, rank_at_least(judge_policy(j, i), j->s));
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
