/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-step.h"

#include "config/step-settings.h"

/* Reports or parses one step; *ret_ok tells whether it may be added. */
static int parse_step(Loader *l, const YamlNode *item, Step *ret, bool *ret_ok) {
        const YamlNode *settings = NULL;
        size_t before = loader_findings(l);
        YamlNode word = *item;
        int kind, r;

        *ret_ok = false;
        if (item->kind == YAML_KIND_MAP) {
                if (item->n != 1 || item->first->key->kind != YAML_KIND_SCALAR) {
                        loader_error(l, item,
                                "one step in each item of the list, as in - kill or "
                                "- terminate: { grace: 3s }");
                        return 0;
                }
                settings = item->first;
                word = *settings->key;
        }
        kind = node_enum(l, &word, &step_words);
        if (kind < 0)
                return 0;

        step_settings_default((StepKind) kind, ret);
        r = step_settings_parse(l, item, settings, ret);
        if (r < 0)
                return r;
        *ret_ok = loader_findings(l) == before;
        return 0;
}

int config_steps_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;
        Policy *policy = &draft->policy;
        int r;

        if (!node_is(l, value, YAML_KIND_LIST, spec->name))
                return 0;
        if (value->n == 0)
                loader_error(l, value, "\"steps\" is an empty list: the policy would do nothing");

        for (const YamlNode *item = value->first; item; item = item->next) {
                Step step = { 0 };
                bool ok;

                if (policy->n_steps == POLICY_STEPS_MAX) {
                        loader_error(l, item, "a policy has at most %d steps", POLICY_STEPS_MAX);
                        return 0;
                }
                r = parse_step(l, item, &step, &ok);
                if (r < 0)
                        return r;
                draft->has_limit = draft->has_limit || step.kind == STEP_LIMIT;
                if (!ok)
                        continue;
                draft->steps[policy->n_steps] = item;
                policy->steps[policy->n_steps++] = step;
        }
        return 0;
}
