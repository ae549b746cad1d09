/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-check.h"

#include <string.h>

#include "config/config-targets.h"

static const PolicyDraft *find_earlier(const Loader *l, const PolicyDraft *draft) {
        for (const PolicyDraft *p = l->first_policy; p != draft; p = p->next)
                if (p->name && strcmp(p->policy.name, draft->policy.name) == 0)
                        return p;
        return NULL;
}

static void check_name(Loader *l, const PolicyDraft *draft) {
        const PolicyDraft *earlier;

        if (!draft->name)
                return;
        earlier = find_earlier(l, draft);
        if (earlier)
                loader_error(l, draft->name, "policy \"%s\" was already defined in %s:%u:%u",
                        draft->policy.name, earlier->name->source->name, earlier->name->line,
                        earlier->name->column);
}

/* At the setting that was made by hand, if any. */
static void check_order(Loader *l, const YamlNode *low, const YamlNode *high, bool ordered,
        const char *low_name, const char *high_name) {
        const YamlNode *at = low ? low : high;

        if (!ordered && at)
                loader_error(l, at, "%s is larger than %s", low_name, high_name);
}

static void check_tick(Loader *l) {
        const TickConfig *t = &l->tick.values;
        const YamlNode *const *at = l->tick.origins;

        check_order(l, at[0], at[1], t->min_usec <= t->max_usec, "tick.min", "tick.max");
        check_order(l, at[0], at[2], t->min_usec <= t->process_usec, "tick.min", "tick.process");
        check_order(
                l, at[2], at[3], t->process_usec <= t->census_usec, "tick.process", "tick.census");
}

static void check_limits(Loader *l) {
        const LimitsConfig *m = &l->limits.values;
        const YamlNode *const *at = l->limits.origins;
        const PolicyDraft *draft = l->first_policy;

        check_order(l, at[1], at[0], m->kept <= m->processes, "limits.kept", "limits.processes");
        check_order(l, at[2], at[1], m->detailed <= m->kept, "limits.detailed", "limits.kept");
        check_order(l, at[7], at[6], m->kept_cgroups <= m->cgroups, "limits.kept_cgroups",
                "limits.cgroups");

        if (l->n_policies > m->policies) {
                for (uint32_t i = 0; i < m->policies; i++)
                        draft = draft->next;
                loader_error(l, draft->node, "this is policy number %u, limits.policies is %u",
                        m->policies + 1, m->policies);
        }
        if (l->specs.n + l->protect.n > SPECS_MAX)
                loader_error(l, l->protect.first ? l->protect.first->node : l->specs.first->node,
                        "more than %d matches in all", SPECS_MAX);
}

int config_check(Loader *l) {
        int r;

        check_tick(l);
        check_limits(l);
        for (const PolicyDraft *draft = l->first_policy; draft; draft = draft->next) {
                check_name(l, draft);
                if (draft->broken)
                        continue;
                r = steps_check(l, draft);
                if (r < 0)
                        return r;
                r = config_targets_check(l, draft);
                if (r < 0)
                        return r;
                r = condition_check(l, draft, &l->tick.values);
                if (r < 0)
                        return r;
        }
        return 0;
}
