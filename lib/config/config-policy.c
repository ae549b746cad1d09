/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-policy.h"

#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "config/condition.h"
#include "config/config-step.h"
#include "config/config-targets.h"
#include "config/config-watch.h"

#define DAY ((int64_t) (24 * USEC_PER_HOUR))

static int parse_name(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;

        if (!node_is_word(l, value, spec->name))
                return 0;
        if (value->len >= POLICY_NAME_MAX) {
                loader_error(l, value, "a name has at most %d characters", POLICY_NAME_MAX - 1);
                return 0;
        }
        if (strspn(value->text,
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
                        value->len ||
                strchr("-_.", *value->text)) {
                loader_error(l, value,
                        "a name is made of letters, digits, - _ and . and begins with a "
                        "letter or digit");
                return 0;
        }
        memcpy(draft->policy.name, value->text, value->len + 1);
        draft->name = value;
        return 0;
}

static int parse_when(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        (void) spec;
        return condition_parse(l, value, &((PolicyDraft *) object)->when);
}

static int parse_clear(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        (void) spec;
        return condition_parse(l, value, &((PolicyDraft *) object)->clear);
}

static int parse_hold(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;

        draft->hold = value;
        return key_parse_duration(l, spec, value, &draft->policy);
}

/* "3 per 10min", or "none". */
static int parse_budget(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Policy *policy = &((PolicyDraft *) object)->policy;
        const char *reason, *per;
        char count[16] = "";
        uint64_t n = 0;
        Quantity q;

        if (!node_is_word(l, value, spec->name))
                return 0;
        if (strcmp(value->text, "none") == 0) {
                policy->budget_count = 0;
                return 0;
        }

        per = strstr(value->text, " per ");
        if (per && (size_t) (per - value->text) < sizeof(count))
                memcpy(count, value->text, (size_t) (per - value->text));
        if (!per || number_parse_u64(count, &n) < 0 || n == 0 || n > POLICY_BUDGET_MAX) {
                loader_error(l, value,
                        "a budget looks like 3 per 10min, with 1 to %d kills, or is none",
                        POLICY_BUDGET_MAX);
                return 0;
        }
        per += strlen(" per ");
        if (quantity_parse(per, &q, &reason) < 0 || q.kind != QUANTITY_USEC ||
                q.value < (int64_t) USEC_PER_SEC || q.value > DAY) {
                loader_error_within(l, value, (size_t) (per - value->text),
                        "the time of a budget is 1s to 24h, as in 3 per 10min");
                return 0;
        }
        policy->budget_count = (uint32_t) n;
        policy->budget_window_usec = (usec_t) q.value;
        return 0;
}

static int parse_policy_duration(
        Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        return key_parse_duration(l, spec, value, &((PolicyDraft *) object)->policy);
}

static int parse_policy_enum(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        return key_parse_enum(l, spec, value, &((PolicyDraft *) object)->policy);
}

static const KeySpec policy_keys[] = {
        { .name = "name", .parse = parse_name, .required = true },
        { .name = "watch", .parse = config_watch_parse, .required = true },
        { .name = "when", .parse = parse_when },
        { .name = "for", .parse = parse_hold, .offset = offsetof(Policy, for_usec), .max = DAY },
        { .name = "clear", .parse = parse_clear },
        { .name = "targets", .parse = config_targets_parse },
        { .name = "steps", .parse = config_steps_parse, .required = true },
        { .name = "settle",
                .parse = parse_policy_duration,
                .offset = offsetof(Policy, settle_usec),
                .max = (int64_t) (10 * USEC_PER_MIN) },
        { .name = "cooldown",
                .parse = parse_policy_duration,
                .offset = offsetof(Policy, cooldown_usec),
                .max = DAY },
        { .name = "budget", .parse = parse_budget },
        { .name = "on_budget",
                .parse = parse_policy_enum,
                .offset = offsetof(Policy, on_budget),
                .words = &on_budget_words },
};

const KeyTable policy_table = { "policy", policy_keys, ELEMENTS(policy_keys) };

static void set_defaults(Policy *policy) {
        *policy = (Policy){
                .settle_usec = 300 * USEC_PER_MSEC,
                .cooldown_usec = 15 * USEC_PER_SEC,
                .budget_count = 3,
                .budget_window_usec = 10 * USEC_PER_MIN,
                .on_budget = ON_BUDGET_WIDEN,
        };
        config_targets_default(&policy->targets);
}

/* A limit holds as long as there is something in what is watched; only what acts on trouble must
 * say what trouble is. */
static int parse_absent_when(Loader *l, const YamlNode *map, PolicyDraft *draft) {
        static const char text[] = "cgroup.current > 0";
        YamlNode *node;

        if (!draft->has_limit || !watch_is_group(draft->policy.watch)) {
                loader_error(l, map, "%s needs the key \"when\"", policy_table.section);
                return 0;
        }
        node = arena_alloc(l->scratch, sizeof(*node));
        if (!node)
                return -ENOMEM;
        *node = (YamlNode){
                .kind = YAML_KIND_SCALAR,
                .line = map->line,
                .column = map->column,
                .source = map->source,
                .text = text,
                .len = sizeof(text) - 1,
        };
        return condition_parse(l, node, &draft->when);
}

int config_policy_parse(Loader *l, const YamlNode *map) {
        size_t before = loader_findings(l);
        PolicyDraft *draft;
        int r;

        draft = arena_alloc(l->scratch, sizeof(*draft));
        if (!draft)
                return -ENOMEM;
        set_defaults(&draft->policy);
        draft->node = map;
        draft->policy.line = map->line;
        draft->policy.file = loader_keep_text(l, map->source->name);
        if (!draft->policy.file)
                return -ENOMEM;

        r = config_keys_apply(l, &policy_table, map, draft);
        if (r < 0)
                return r;
        if (map->kind == YAML_KIND_MAP && !config_keys_value(map, "when")) {
                r = parse_absent_when(l, map, draft);
                if (r < 0)
                        return r;
        }

        config_targets_finish(draft);
        draft->policy.when = draft->when.condition;
        draft->policy.clear = draft->clear.condition;
        draft->broken = l->tree_broken || loader_findings(l) != before;
        if (l->last_policy)
                l->last_policy->next = draft;
        else
                l->first_policy = draft;
        l->last_policy = draft;
        l->n_policies++;
        return 0;
}
