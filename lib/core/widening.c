/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/widening.h"

#include "base/macro.h"
#include "core/class-budget.h"
#include "core/pick.h"

static void tell_budget(Judge *j, Incident *i, const Choice *choice, const char *what) {
        Event *e;

        if (i->told_budget)
                return;
        i->told_budget = true;

        e = judge_add_event(j, EVENT_BUDGET_SPENT, i);
        if (!e)
                return;
        if (choice->winner)
                judge_describe(j->s, choice->winner, &e->target);
        if (choice->target.group >= 0)
                judge_describe_group(j->s, &j->s->groups[choice->target.group], &e->group);
        e->target.refusal = REFUSAL_BUDGET;
        e->count = judge_policy(j, i)->budget_count;
        text_copy(e->text, sizeof(e->text), what);
}

/* Stopping a unit has a budget of its own, beside that of ending what is in it. */
static uint64_t class_of(const Target *target) {
        return target->stops ? ~target->class_hash : target->class_hash;
}

static bool is_spent(const Judge *j, const Incident *i, const Target *target) {
        return class_budget_is_spent(j->book, judge_policy(j, i), i->policy, class_of(target),
                target->kind, j->now_usec);
}

void widening_count(Judge *j, const Incident *i, const Target *target) {
        class_budget_count(j->book, judge_policy(j, i), i->policy, class_of(target), target->kind,
                j->now_usec);
}

/* At last by who starts it. */
static bool stop_unit(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        Choice unit = *choice;

        if (!pick_unit(j, i, v, &unit))
                return false;
        unit.target.stops = true;
        if (is_spent(j, i, &unit.target))
                return false;
        tell_budget(j, i, choice,
                "it comes back again and again: now its unit is stopped through the service "
                "manager");
        *choice = unit;
        return true;
}

/* What comes back again and again costs who starts it: first its parent, then its unit. */
static bool widen(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        static const struct {
                TargetKind kind;
                const char *words;
        } wider[] = {
                { TARGET_TREE,
                        "it comes back again and again: now its parent with all it started" },
                { TARGET_UNIT,
                        "it comes back again and again: now the unit with all that is in it" },
        };
        Target target;

        for (size_t k = choice->target.kind == TARGET_PROCESS ? 0 : 1;
                choice->target.n_groups == 0 && k < ELEMENTS(wider); k++) {
                if (!pick_wider(j, i, v, choice, wider[k].kind, &target) || is_spent(j, i, &target))
                        continue;
                tell_budget(j, i, choice, wider[k].words);
                i->widened = wider[k].kind;
                choice->target = target;
                return true;
        }
        return false;
}

bool widening_fit(Judge *j, Incident *i, const Verdict *v, Choice *choice) {
        const Policy *p = judge_policy(j, i);

        if (!is_spent(j, i, &choice->target))
                return true;
        if (p->on_budget == ON_BUDGET_WIDEN && widen(j, i, v, choice))
                return true;
        if (i->critical && p->watch == WATCH_SYSTEM) {
                tell_budget(j, i, choice, "going on, for there is no time left");
                return true;
        }
        if (p->on_budget == ON_BUDGET_WIDEN && stop_unit(j, i, v, choice))
                return true;
        tell_budget(
                j, i, choice, "it comes back again and again: nothing more is done about it here");
        return false;
}
