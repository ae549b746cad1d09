/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/explain-ranking.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "core/choice.h"
#include "core/class-budget.h"
#include "core/explain-groups.h"
#include "core/explain.h"
#include "core/remembered.h"

#define ROWS_MAX 10
#define REFUSED_MAX 10

typedef struct Ranking {
        const Config *config;
        const Policy *policy;
        const Sample *s;
        const Verdict *v;
        DecideVeto veto;
        DecideScratch *scratch;
} Ranking;

static void print_bytes_column(uint64_t bytes, TextBuf *out) {
        char text[32];
        TextBuf column;

        textbuf_init(&column, text, sizeof(text));
        textbuf_add_bytes(&column, bytes);
        textbuf_addf(out, " %10s", text);
}

static void print_score_column(int64_t score, TextBuf *out) {
        char text[32];
        TextBuf column;

        textbuf_init(&column, text, sizeof(text));
        if (score < 0)
                textbuf_add(&column, "-");
        textbuf_add_bytes(&column, score < 0 ? 0 - (uint64_t) score : (uint64_t) score);
        textbuf_addf(out, " %10s", text);
}

static void print_comm_column(const ProcFacts *f, TextBuf *out) {
        size_t before = out->len, width;

        textbuf_add_escaped(out, f->comm, strnlen(f->comm, sizeof(f->comm)));
        width = out->len - before;
        textbuf_addf(out, "%*s", width < 15 ? (int) (15 - width) : 0, "");
}

static void print_note(const Ranking *r, const Candidate *c, TextBuf *out) {
        const ProcSample *p = &r->s->procs[c->proc];

        if (c->refusal == REFUSAL_PROTECTED && c->spec)
                textbuf_addf(out, " by %s (%s:%" PRIu32 ")", c->spec->text ? c->spec->text : "",
                        c->spec->file ? c->spec->file : "", c->spec->line);
        else if (c->refusal == REFUSAL_REMEMBERED) {
                const Remembered *what = remembered_find(&r->veto, p);

                if (what) {
                        textbuf_addf(out, ": %s, for ", what->why);
                        textbuf_add_usec(out, what->until_usec - r->s->raw.at_usec);
                }
        } else if (c->refusal == REFUSAL_WARD) {
                const Steering *steering = &r->veto.book->steering;

                explain_ward(steering_find(steering, p->facts, r->s->raw.at_usec),
                        r->s->raw.at_usec, out);
        } else if (c->preference != 0)
                textbuf_addf(out, "  %s %s", c->preference > 0 ? "preferred: x4" : "avoided: x1/4",
                        c->spec && c->spec->text ? c->spec->text : "");
        if (c->refusal == REFUSAL_NONE && c->owner_avoids)
                textbuf_add(out, "  its owner avoids it: x1/4");
        if (c->adj_ignored)
                textbuf_add(out, "  inherited oom_score_adj -1000 ignored");
        if (c->refusal == REFUSAL_NONE && c->history_missing)
                textbuf_add(out, "  young history");
}

static void print_row(const Ranking *r, const Candidate *c, TextBuf *out) {
        const ProcSample *p = &r->s->procs[c->proc];

        textbuf_addf(out, "  %7" PRId32 " ", p->facts->pid);
        print_comm_column(p->facts, out);
        print_bytes_column(p->rss + p->swap, out);
        print_bytes_column(p->gained, out);
        print_bytes_column(p->freeable, out);
        print_score_column(c->score, out);
        print_score_column(c->group_score, out);
        if (c->refusal != REFUSAL_NONE)
                textbuf_addf(out, "  %s", refusal_name(c->refusal));
        print_note(r, c, out);
        textbuf_add(out, "\n");
}

static void print_header(const char *title, TextBuf *out) {
        textbuf_addf(out, "  %s\n  %7s %-15s %10s %10s %10s %10s %10s\n", title, "pid", "comm",
                "size", "gained", "freeable", "score", "group");
}

/* What would be done first to a process or a whole cgroup that is chosen; NULL where nothing would:
 * the policy only tells and runs something, limits everything that it watches, or has steps for
 * cgroups alone. */
static const char *step_words(const Policy *p, bool is_group) {
        static const char *const words[_STEP_MAX] = {
                [STEP_RECLAIM] = "reclaimed from first",
                [STEP_THROTTLE] = "throttled first",
                [STEP_FREEZE] = "frozen first",
                [STEP_SIGNAL] = "its signal first",
                [STEP_RESTART] = "its unit restarted",
                [STEP_STOP] = "its unit stopped",
                [STEP_TERMINATE] = "SIGTERM first",
                [STEP_KILL] = "SIGKILL",
        };

        for (size_t i = 0; i < p->n_steps; i++) {
                StepKind kind = p->steps[i].kind;
                bool of_group =
                        step_is_reversible(kind) || kind == STEP_RESTART || kind == STEP_STOP;

                if (words[kind] && (is_group || !of_group))
                        return words[kind];
        }
        return NULL;
}

static void print_who(const Ranking *r, const Choice *choice, TextBuf *out) {
        const Target *target = &choice->target;

        if (target->group >= 0) {
                explain_group_name(&r->s->groups[target->group], out);
                textbuf_addf(out, " (%" PRIu32 " known process%s)",
                        choice->group ? choice->group->n_processes : 0,
                        choice->group && choice->group->n_processes == 1 ? "" : "es");
                return;
        }
        textbuf_add_escaped(out, r->s->procs[target->members[0]].facts->comm,
                strlen(r->s->procs[target->members[0]].facts->comm));
        textbuf_addf(out, " (pid %" PRId32 ")", r->s->procs[target->members[0]].facts->pid);
        if (target->n_members > 1)
                textbuf_addf(out, " and %zu more", target->n_members - 1);
        if (choice->too_many) {
                textbuf_add(out, ", the one that gained most of ");
                explain_group_name(&r->s->groups[choice->group->group], out);
                textbuf_addf(out, ", which holds more than %" PRIu32 " processes",
                        r->policy->targets.max_victims);
        }
}

static void print_choice(const Ranking *r, TextBuf *out) {
        DecideVeto veto = r->veto;
        RankVeto ask = decide_ask(&veto);
        const Choosing choosing = { r->config, r->policy, r->v, r->s, &ask, r->scratch, NULL };
        const char *words;
        Choice choice;

        choice_make(&choosing, &choice);
        choice_list_works(&choosing);
        if (target_is_nobody(&choice.target)) {
                textbuf_add(out, "  nobody would be taken: no candidate frees ");
                textbuf_add_bytes(out, rank_at_least(r->policy, r->s));
                textbuf_add(out, "\n");
                return;
        }

        words = step_words(r->policy, choice.target.group >= 0);
        textbuf_add(out, "  would take ");
        print_who(r, &choice, out);
        textbuf_addf(out, ", %s, to free ", words ? words : "but has no step for a process");
        textbuf_add_bytes(out, choice.target.promised);
        if (class_budget_is_spent(r->veto.book, r->policy, r->v->policy, choice.target.class_hash,
                    choice.target.kind, r->s->raw.at_usec))
                textbuf_add(out, "; but the budget of its class is spent");
        textbuf_add(out, "\n");
}

static void print_table(const Ranking *r, TextBuf *out) {
        const DecideScratch *scratch = r->scratch;
        size_t eligible = 0, refused = 0;

        for (size_t i = 0; i < scratch->n_best && scratch->best[i].refusal == REFUSAL_NONE; i++) {
                if (eligible++ == 0)
                        print_header("candidates", out);
                if (eligible <= ROWS_MAX)
                        print_row(r, &scratch->best[i], out);
        }
        print_choice(r, out);
        explain_groups(r->s, &r->veto, scratch, out);
        for (size_t i = eligible; i < scratch->n_best && refused < REFUSED_MAX; i++) {
                if (refused++ == 0)
                        print_header("not to be taken, largest first", out);
                print_row(r, &scratch->best[i], out);
        }
}

/* Place of one process: how many go before it, or why it is out of reach. */
static void print_place(const Ranking *r, int32_t pid, TextBuf *out) {
        const DecideScratch *scratch = r->scratch;

        for (size_t i = 0; i < scratch->n_best; i++)
                if (r->s->procs[scratch->best[i].proc].facts->pid == pid &&
                        scratch->best[i].refusal == REFUSAL_NONE) {
                        textbuf_addf(out, "  pid %" PRId32 " is number %zu of the candidates\n",
                                pid, i + 1);
                        print_header("", out);
                        print_row(r, &scratch->best[i], out);
                        return;
                }

        for (size_t i = 0; i < MIN(r->s->n_procs, scratch->size); i++) {
                if (r->s->procs[i].facts->pid != pid)
                        continue;
                if (scratch->candidates[i].refusal == REFUSAL_NONE)
                        textbuf_addf(out, "  pid %" PRId32 " is a candidate, behind %zu others\n",
                                pid, scratch->n_best);
                else
                        textbuf_addf(out, "  pid %" PRId32 " would not be taken: %s\n", pid,
                                refusal_name(scratch->candidates[i].refusal));
                print_header("", out);
                print_row(r, &scratch->candidates[i], out);
                return;
        }
        textbuf_addf(out, "  pid %" PRId32 " is not known\n", pid);
}

void explain_ranking(const Config *config, const Sample *s, const Verdict *v,
        const IncidentBook *book, DecideScratch *scratch, int32_t pid, TextBuf *out) {
        DecideVeto veto = { book, s->raw.at_usec, decide_asks(v->policy) };
        Ranking r = { config, &config->policies[v->policy], s, v, veto, scratch };
        RankVeto ask = decide_ask(&veto);

        if (!step_words(r.policy, true))
                return;
        if (s->n_procs == 0) {
                textbuf_add(out, "  no process was read yet\n");
                return;
        }

        scratch->n_best = rank(config, r.policy, v, s, &ask, scratch->candidates, scratch->size,
                scratch->best, ELEMENTS(scratch->best));
        if (pid > 0)
                print_place(&r, pid, out);
        else
                print_table(&r, out);
}
