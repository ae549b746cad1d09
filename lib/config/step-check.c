/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-check.h"
#include "config/config-keys.h"
#include "config/config-load.h"
#include "config/config-names.h"

/* What may follow itself: two signals are two questions, and reclaim that was not enough may ask
 * for more. Anything else would only be done again. */
static bool may_repeat(StepKind kind) {
        return kind == STEP_SIGNAL || kind == STEP_RECLAIM;
}

/* A step that comes after a harder one is never reached. What stands aside has no place on the
 * ladder. */
static void check_order(Loader *l, const PolicyDraft *draft) {
        const Step *hardest = NULL;

        for (size_t i = 0; i < draft->policy.n_steps; i++) {
                const Step *step = &draft->policy.steps[i];

                if (step_is_aside(step->kind))
                        continue;
                if (hardest &&
                        (step->kind < hardest->kind ||
                                (step->kind == hardest->kind && !may_repeat(step->kind))))
                        loader_error(l, draft->steps[i], "%s after %s: the ladder only goes up",
                                step_kind_name(step->kind), step_kind_name(hardest->kind));
                else
                        hardest = step;
        }
}

static int check_settings(Loader *l, const YamlNode *at, const Step *step) {
        if (step->kind == STEP_TERMINATE && step->timeout_usec <= step->grace_usec)
                loader_error(
                        l, at, "\"timeout\" ends before \"grace\": no SIGKILL would ever be sent");
        if (step->lease_usec > 0 && step->timeout_usec > step->lease_usec)
                loader_error(l, at,
                        "\"timeout\" ends after \"lease\": it would be given back before it counts "
                        "as failed");
        if (step->kind == STEP_SIGNAL && signal_dumps_core(step->signo))
                return loader_warn(l, at,
                        "%s may write a core file as large as the process, just when "
                        "memory is "
                        "short",
                        signal_step_name(step->signo));
        return 0;
}

/* With kind auto a step that the target cannot take is left out when the target is known. */
static void check_kind(Loader *l, const PolicyDraft *draft, const YamlNode *at, StepKind step) {
        TargetKind kind = draft->policy.targets.kind;

        if (step_is_reversible(step) && (kind == TARGET_PROCESS || kind == TARGET_TREE))
                loader_error(l, at,
                        "%s is done to a cgroup, and kind %s takes none (use kind cgroup, unit or "
                        "user; or auto, which leaves the step out where it takes a process)",
                        step_kind_name(step), target_kind_name(kind));
        if (step != STEP_RESTART && step != STEP_STOP)
                return;
        if (kind == TARGET_PROCESS || kind == TARGET_TREE || kind == TARGET_USER)
                loader_error(l, at, "%s is done to a unit, and kind %s takes none (use kind unit)",
                        step_kind_name(step), target_kind_name(kind));
        else if (kind == TARGET_CGROUP && draft->policy.watch != WATCH_UNIT)
                loader_error(l, at,
                        "%s is done to a unit, and the unit around a cgroup may be much more than "
                        "that (use kind unit, or watch: { unit: ... })",
                        step_kind_name(step));
}

/* A limit stands as long as its policy does, on every instance: nobody is chosen, and there is no
 * trouble that another step could follow. */
static void check_limit(Loader *l, const PolicyDraft *draft, const YamlNode *at) {
        static const char *const never[] = { "match", "prefer", "avoid" };
        const Policy *p = &draft->policy;
        const YamlNode *kind = config_keys_value(draft->targets, "kind");

        if (!watch_is_group(p->watch)) {
                loader_error(l, at,
                        "limit needs watch: cgroup or unit: it is set on each one, and stays as "
                        "long as the policy is in force");
                return;
        }
        if (p->targets.kind != (p->watch == WATCH_UNIT ? TARGET_UNIT : TARGET_CGROUP))
                loader_error(l, kind, "limit is set on the %s that is watched: leave \"kind\" out",
                        watch_kind_name(p->watch));
        for (size_t i = 0; i < ELEMENTS(never); i++) {
                const YamlNode *value = config_keys_value(draft->targets, never[i]);

                if (value)
                        loader_error(l, value,
                                "limit is set on every %s that is watched: \"%s\" would never "
                                "matter",
                                watch_kind_name(p->watch), never[i]);
        }
        for (size_t i = 0; i < p->n_steps; i++)
                if (!step_is_aside(p->steps[i].kind) && p->steps[i].kind != STEP_LIMIT)
                        loader_error(l, draft->steps[i],
                                "limit is there before any trouble and stays: %s goes into a "
                                "policy of its own",
                                step_kind_name(p->steps[i].kind));
}

int steps_check(Loader *l, const PolicyDraft *draft) {
        const YamlNode *limit = NULL;
        int r;

        check_order(l, draft);
        for (size_t i = 0; i < draft->policy.n_steps; i++) {
                const Step *step = &draft->policy.steps[i];

                r = check_settings(l, draft->steps[i], step);
                if (r < 0)
                        return r;
                if (step->kind != STEP_LIMIT)
                        check_kind(l, draft, draft->steps[i], step->kind);
                else if (!limit)
                        limit = draft->steps[i];
        }
        if (limit)
                check_limit(l, draft, limit);
        return 0;
}
