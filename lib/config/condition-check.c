/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "config/config-check.h"
#include "config/config-load.h"
#include "config/dnf.h"
#include "config/metric.h"

/* Available memory above this is no trouble, whatever a policy calls it. */
#define SCARCE_PERMYRIAD_MAX 5000

static const YamlNode *origin_of(const ConditionDraft *draft, const Atom *atom) {
        for (size_t i = 0; i < draft->condition.n_nodes; i++)
                if (&draft->condition.nodes[i].atom == atom)
                        return draft->origins[i];
        return draft->node;
}

static bool scope_fits(MetricScope scope, WatchKind watch) {
        switch (scope) {
        case METRIC_SCOPE_SYSTEM:
                return true;
        case METRIC_SCOPE_PROCESS:
                return watch == WATCH_PROCESS;
        case METRIC_SCOPE_CGROUP:
                return watch_is_group(watch);
        case METRIC_SCOPE_USER:
        default:
                return watch == WATCH_USER;
        }
}

static const char *scope_watch(MetricScope scope) {
        return scope == METRIC_SCOPE_PROCESS ? "process"
                : scope == METRIC_SCOPE_USER ? "user"
                                             : "cgroup or unit";
}

/* One atom by itself. */
static void check_atom(Loader *l, const YamlNode *origin, const Atom *atom, WatchKind watch) {
        const MetricInfo *metric = metric_info(atom->metric);
        Range range = dnf_atom_range(atom, false), domain = dnf_domain(atom);

        if (!scope_fits(metric->scope, watch))
                loader_error(l, origin, "%s needs watch: %s, this policy has watch: %s", atom->name,
                        scope_watch(metric->scope), watch_kind_name(watch));
        else if (atom->threshold < domain.min)
                loader_error(l, origin, "%s is never below 0", atom->name);
        else if (atom->threshold > domain.max)
                loader_error(l, origin, "%s is never above 100%%", atom->name);
        else if (range.min > range.max)
                loader_error(l, origin, "\"%s\" can never be true", atom->text);
        else if (range.min <= domain.min && range.max >= domain.max)
                loader_error(l, origin, "\"%s\" is always true", atom->text);
}

static void check_atoms(Loader *l, const ConditionDraft *draft, WatchKind watch) {
        for (size_t i = 0; i < draft->condition.n_nodes; i++)
                if (draft->condition.nodes[i].kind == COND_ATOM)
                        check_atom(l, draft->origins[i], &draft->condition.nodes[i].atom, watch);
}

/* Branches that cannot be true, and conditions that cannot be false. */
static void check_satisfiable(
        Loader *l, const ConditionDraft *draft, const Dnf *dnf, const char *what) {
        const Atom *a = NULL, *b = NULL;
        Dnf opposite;

        for (size_t i = 0; i < dnf->n; i++)
                if (dnf_find_conflict(dnf, dnf->branches[i], dnf, dnf->branches[i], &a, &b)) {
                        loader_error(l, origin_of(draft, b),
                                "\"%s\" contradicts \"%s\": this case of \"%s\" can never be true",
                                b->text, a->text, what);
                        return;
                }

        dnf_expand(&draft->condition, true, &opposite);
        for (size_t i = 0; i < opposite.n; i++)
                if (!dnf_find_conflict(&opposite, opposite.branches[i], &opposite,
                            opposite.branches[i], &a, &b))
                        return;
        loader_error(l, draft->node, "\"%s\" is always true", what);
}

/* Does the literal say that an amount is scarce? */
static bool is_scarcity(const Atom *atom, bool negated) {
        bool bounds_above = (atom->op == COMPARE_LT || atom->op == COMPARE_LE) != negated;

        switch (metric_info(atom->metric)->scarce) {
        case METRIC_SCARCE_LOW:
                return bounds_above && !(atom->percent && atom->threshold > SCARCE_PERMYRIAD_MAX);
        case METRIC_SCARCE_HIGH:
                return !bounds_above;
        case METRIC_SCARCE_NEVER:
        default:
                return false;
        }
}

static void add_branch_text(const Dnf *dnf, DnfBranch branch, TextBuf *out) {
        const char *separator = "";

        for (size_t i = 0; i < dnf->n_atoms; i++) {
                if (!(((branch.yes | branch.no) >> i) & 1))
                        continue;
                textbuf_addf(out, "%s%s%s", separator, (branch.no >> i) & 1 ? "not " : "",
                        dnf->atoms[i]->atom.text);
                separator = ", ";
        }
}

/* Two different signals; what never changes is none. */
static bool has_second_signal(const Dnf *dnf, DnfBranch branch) {
        const MetricInfo *first = NULL;

        for (size_t i = 0; i < dnf->n_atoms; i++) {
                const MetricInfo *metric = metric_info(dnf->atoms[i]->atom.metric);

                if (!(((branch.yes | branch.no) >> i) & 1) || metric->is_constant)
                        continue;
                if (first && first != metric)
                        return true;
                first = metric;
        }
        return false;
}

/* What else would show it, by what is watched. */
static const char *scarce_hint(WatchKind watch) {
        if (watch == WATCH_PROCESS)
                return ", or proc.anon, proc.rss, proc.swap or proc.stack_usage > N";
        return watch_is_group(watch) ? ", or cgroup.usage > N or cgroup.exhaustion < T" : "";
}

/* The step of a policy, in words, that memory must be scarce for; NULL: none. Beside what harms
 * these are throttle and freeze: they are undone, but while they hold somebody waits for them, and
 * a throttle makes the very pressure that would be a reason to take it, or the next one. Reclaim
 * takes what is idle first; done bit by bit and in calm it has nothing scarce to wait for. A limit
 * is there to prevent, before anything is scarce. What a command does is its author's matter. */
static const char *needs_scarcity(const Policy *policy) {
        const char *holds_up = NULL;

        if (policy_can_harm(policy))
                return "a step that harms";
        for (size_t i = 0; i < policy->n_steps; i++)
                if (policy->steps[i].kind == STEP_THROTTLE || policy->steps[i].kind == STEP_FREEZE)
                        holds_up = "a step that slows somebody down";
        return holds_up;
}

/* Promise 1: memory numbers decide, in every case. `what` names the step that needs it. */
static void check_promise(Loader *l, const PolicyDraft *draft, const Dnf *dnf,
        const TickConfig *tick, const char *what) {
        bool held = draft->policy.for_usec >= 2 * tick->min_usec;

        for (size_t i = 0; i < dnf->n; i++) {
                DnfBranch branch = dnf->branches[i];
                bool scarce = false;
                char text[160];
                TextBuf b;

                for (size_t k = 0; k < dnf->n_atoms; k++)
                        if (((branch.yes | branch.no) >> k) & 1)
                                scarce = scarce ||
                                        is_scarcity(&dnf->atoms[k]->atom, (branch.no >> k) & 1);
                textbuf_init(&b, text, sizeof(text));
                add_branch_text(dnf, branch, &b);
                if (!scarce) {
                        loader_error(l, draft->when.node,
                                "%s needs scarce memory in every case, and \"%s\" "
                                "shows "
                                "none (add mem.available < N%% or mem.exhaustion < T%s)",
                                what, text, scarce_hint(draft->policy.watch));
                        return;
                }
                if (draft->policy.watch == WATCH_SYSTEM && !held &&
                        !has_second_signal(dnf, branch)) {
                        char ticks[32];

                        textbuf_init(&b, ticks, sizeof(ticks));
                        textbuf_add_usec(&b, 2 * tick->min_usec);
                        loader_error(l, draft->when.node,
                                "%s needs a second metric beside \"%s\", or a "
                                "\"for\" of at "
                                "least two ticks (%s)",
                                what, text, ticks);
                        return;
                }
        }
}

static bool shares_metric(const Dnf *a, DnfBranch in_a, const Dnf *b, DnfBranch in_b,
        const Atom **ret_a, const Atom **ret_b, bool *ret_comparable) {
        bool found = false;

        *ret_comparable = true;
        for (size_t i = 0; i < a->n_atoms; i++)
                for (size_t k = 0; k < b->n_atoms; k++) {
                        const Atom *x = &a->atoms[i]->atom, *y = &b->atoms[k]->atom;

                        if (!(((in_a.yes | in_a.no) >> i) & 1) ||
                                !(((in_b.yes | in_b.no) >> k) & 1) || x->metric != y->metric)
                                continue;
                        found = true;
                        *ret_a = x;
                        *ret_b = y;
                        if (!dnf_is_comparable(x, y))
                                *ret_comparable = false;
                }
        return found;
}

/* While `when` is true, `clear` must not be: the incident would close and open at once. */
static int check_clear(Loader *l, const PolicyDraft *draft, const Dnf *when, const Dnf *clear) {
        const DnfBranch *overlap_when = NULL, *overlap_clear = NULL;
        const Atom *a, *b;
        bool comparable;

        for (size_t i = 0; i < when->n; i++)
                for (size_t k = 0; k < clear->n; k++) {
                        const DnfBranch *w = &when->branches[i], *c = &clear->branches[k];

                        if (dnf_find_conflict(when, *w, clear, *c, &a, &b))
                                continue;
                        if (!shares_metric(when, *w, clear, *c, &a, &b, &comparable)) {
                                overlap_when = w;
                                overlap_clear = c;
                        } else if (comparable) {
                                loader_error(l, origin_of(&draft->clear, b),
                                        "\"clear\" can be true while \"when\" still is: \"%s\" "
                                        "does not "
                                        "exclude \"%s\"",
                                        b->text, a->text);
                                return 0;
                        }
                }

        if (overlap_when) {
                char text[2][160];
                TextBuf out;

                textbuf_init(&out, text[0], sizeof(text[0]));
                add_branch_text(clear, *overlap_clear, &out);
                textbuf_init(&out, text[1], sizeof(text[1]));
                add_branch_text(when, *overlap_when, &out);
                return loader_warn(l, draft->clear.node,
                        "\"clear\" can be true while \"when\" still is: \"%s\" says nothing about "
                        "\"%s\"",
                        text[0], text[1]);
        }
        return 0;
}

int condition_check(Loader *l, const PolicyDraft *draft, const TickConfig *tick) {
        const char *what = needs_scarcity(&draft->policy);
        size_t before = loader_findings(l);
        Dnf when, clear;

        check_atoms(l, &draft->when, draft->policy.watch);
        if (draft->clear.node)
                check_atoms(l, &draft->clear, draft->policy.watch);
        if (loader_findings(l) != before)
                return 0; /* contradictions of impossible thresholds would only say it again */

        dnf_expand(&draft->when.condition, false, &when);
        check_satisfiable(l, &draft->when, &when, "when");
        if (what && loader_findings(l) == before)
                check_promise(l, draft, &when, tick, what);

        if (!draft->clear.node)
                return 0;
        dnf_expand(&draft->clear.condition, false, &clear);
        check_satisfiable(l, &draft->clear, &clear, "clear");
        if (loader_findings(l) != before)
                return 0;
        return check_clear(l, draft, &when, &clear);
}
