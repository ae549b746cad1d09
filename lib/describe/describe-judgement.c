/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "config/config-load.h"
#include "core/choice.h"
#include "core/explain.h"
#include "core/rank.h"
#include "describe/describe.h"

enum { CANDIDATES_MAX = 64, EXPLANATION_SIZE = 256 * 1024 };

static void add_candidate(const Candidate *c, const ProcSample *p, Json *list) {
        Json *one = json_add_map(list);
        Json *parts;

        json_put_signed(one, "pid", p->facts->pid);
        json_put_number(one, "start_ticks", p->facts->start_ticks);
        json_put_text(one, "comm", p->facts->comm);
        json_put_number(one, "uid", p->facts->uid);
        json_put_text(one, "unit", *p->facts->unit ? p->facts->unit : p->facts->user_unit);
        json_put_signed(one, "score", c->score);
        parts = json_put_map(one, "parts");
        for (int term = 0; term < _RANK_MAX; term++)
                if (c->parts[term] != 0)
                        json_put_signed(parts, rank_term_name((RankTerm) term), c->parts[term]);
        if (p->gained_known)
                json_put_number(one, "gained_bytes", p->gained);
        else
                json_put_null(one, "gained_bytes");
        json_put_number(one, "freeable_bytes", p->freeable);
        json_put_text(one, "refusal", c->refusal == REFUSAL_NONE ? NULL : refusal_name(c->refusal));
        json_put_text(one, "spec", c->spec ? c->spec->text : NULL);
        json_put_signed(one, "preference", c->preference);
}

static void add_group_candidate(const GroupCandidate *c, const Sample *s, Json *list) {
        const GroupFacts *f = s->groups[c->group].facts;
        Json *one = json_add_map(list);

        json_put_text(one, "path", f->path);
        json_put_text(one, "unit", f->is_user_unit ? f->user_unit : f->is_unit ? f->unit : "");
        json_put_number(one, "n_processes", c->n_processes);
        json_put_signed(one, "score", c->score);
        if (c->history_missing)
                json_put_null(one, "gained_bytes");
        else
                json_put_number(one, "gained_bytes", c->gained);
        json_put_number(one, "freeable_bytes", c->freeable);
        json_put_text(one, "refusal", c->refusal == REFUSAL_NONE ? NULL : refusal_name(c->refusal));
        if (c->refuser != GROUP_NONE)
                json_put_signed(one, "refusal_pid", s->procs[c->refuser].facts->pid);
        else
                json_put_null(one, "refusal_pid");
        json_put_text(one, "spec", c->spec ? c->spec->text : NULL);
        json_put_signed(one, "preference", c->preference);
}

/* Cgroups compete where a policy takes them whole, or may; see choice_make(). */
static void add_group_candidates(
        View *view, const Policy *policy, const Verdict *v, const RankVeto *ask, Json *parent) {
        const Choosing choosing = { view->config, policy, v, &view->sample, ask, &view->scratch,
                NULL };
        Json *list = json_put_list(parent, "cgroup_candidates");
        Choice choice;

        choice_make(&choosing, &choice);
        choice_list_works(&choosing);
        for (size_t i = 0; i < view->scratch.n_best_groups; i++)
                add_group_candidate(&view->scratch.best_groups[i], &view->sample, list);
}

static void add_candidates(
        View *view, const Policy *policy, const Verdict *v, int32_t pid, Json *parent) {
        DecideVeto veto = { &view->book, view->sample.raw.at_usec, decide_asks(v->policy) };
        RankVeto ask = decide_ask(&veto);
        Json *list = json_put_list(parent, "candidates");
        Candidate best[CANDIDATES_MAX];
        size_t n;

        if (!policy_can_harm(policy))
                return;

        n = rank(view->config, policy, v, &view->sample, &ask, view->scratch.candidates,
                view->scratch.size, best, ELEMENTS(best));
        if (pid == 0) {
                for (size_t i = 0; i < n; i++)
                        add_candidate(&best[i], &view->procs[best[i].proc], list);
                add_group_candidates(view, policy, v, &ask, parent);
                return;
        }

        /* One process: its place may be far behind the best, so look at everybody. */
        for (size_t i = 0; i < view->sample.n_procs && i < view->scratch.size; i++)
                if (view->procs[i].facts->pid == pid)
                        add_candidate(&view->scratch.candidates[i], &view->procs[i], list);
}

char *describe_judgement(View *view, int only_policy, int32_t pid) {
        _cleanup_(json_freep) Json *root = json_new_map();
        Json *policies;

        json_put_number(root, "schema_version", DESCRIBE_SCHEMA_VERSION);
        policies = json_put_list(root, "policies");

        for (size_t i = 0; i < view->n_verdicts; i++) {
                const Verdict *v = &view->verdicts[i];
                const Policy *policy = &view->config->policies[v->policy];
                Json *one;

                if (only_policy >= 0 && v->policy != only_policy)
                        continue;
                one = json_add_map(policies);
                json_put_text(one, "name", policy->name);
                json_put_text(one, "verdict", truth_name(v->when));
                json_put_bool(one, "armed", v->armed);
                if (v->proc >= 0 && (size_t) v->proc < view->sample.n_procs)
                        json_put_signed(one, "instance_pid", view->procs[v->proc].facts->pid);
                else if (v->group >= 0 && (size_t) v->group < view->sample.n_groups)
                        json_put_text(
                                one, "instance_cgroup", view->sample.groups[v->group].facts->path);
                else if (v->key.watch == WATCH_USER)
                        json_put_number(one, "instance_uid", v->key.uid);
                add_candidates(view, policy, v, pid, one);
        }
        return json_print(root);
}

char *describe_explanation(View *view, int only_policy, int32_t pid) {
        char *text = malloc(EXPLANATION_SIZE);
        TextBuf b;

        if (!text)
                return NULL;
        textbuf_init(&b, text, EXPLANATION_SIZE);
        explain_print(view->config, &view->sample, view->verdicts, view->n_verdicts, &view->book,
                &view->scratch, only_policy, pid, &b);
        return text;
}
