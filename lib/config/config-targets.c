/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-targets.h"

#include <errno.h>
#include <string.h>

#include "config/config-load.h"
#include "config/config-match.h"

#define WEIGHT_MILLI_MAX 1000000
#define GROWTH_HORIZON (10 * USEC_PER_SEC)
#define AUTO_VICTIMS 100 /* what looks like one program; more is somebody's whole work */

static int parse_match(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        MatchList *list = (MatchList *) (void *) ((char *) object + spec->offset);
        SpecChain chain = { 0 };
        int r;

        r = config_match_parse(l, value, spec->name, &chain);
        if (r < 0)
                return r;
        return spec_chain_freeze(l, &chain, list);
}

/* A number with up to three decimals, in thousandths. */
static bool parse_milli(const char *text, int32_t *ret) {
        int32_t value = 0, unit = 1000;
        bool any = false;

        for (; *text >= '0' && *text <= '9'; text++, any = true) {
                if (value > WEIGHT_MILLI_MAX / 1000)
                        return false;
                value = value * 10 + (*text - '0');
        }
        value *= 1000;
        if (any && *text == '.' && text[1])
                for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
                        unit /= 10;
                        value += (*text - '0') * unit;
                }
        if (!any || *text || value > WEIGHT_MILLI_MAX)
                return false;

        *ret = value;
        return true;
}

static int parse_weight(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Targets *targets = object;

        if (!node_is_word(l, value, spec->name))
                return 0;
        if (!parse_milli(value->text, &targets->weight_milli[spec->offset]))
                loader_error(l, value,
                        "a weight is a number from 0 to 1000 with at most three decimals, "
                        "not \"%s\"",
                        value->text);
        return 0;
}

/* growth counts by the time it is looked ahead. */
static int parse_growth(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Targets *targets = object;
        Quantity q;

        if (!node_quantity(l, value, 1u << QUANTITY_USEC, spec->min, spec->max, spec->name,
                    "20s: the time to look ahead", &q))
                return 0;
        targets->growth_horizon_usec = (usec_t) q.value;
        targets->weight_milli[RANK_GROWTH] = q.value > 0 ? 1000 : 0;
        return 0;
}

static const KeySpec rank_keys[] = {
        { .name = "gained", .parse = parse_weight, .offset = RANK_GAINED },
        { .name = "freeable", .parse = parse_weight, .offset = RANK_FREEABLE },
        { .name = "growth", .parse = parse_growth, .max = (int64_t) USEC_PER_HOUR },
        { .name = "swap", .parse = parse_weight, .offset = RANK_SWAP },
        { .name = "oom_score", .parse = parse_weight, .offset = RANK_OOM_SCORE },
        { .name = "youngest", .parse = parse_weight, .offset = RANK_YOUNGEST },
        { .name = "oldest", .parse = parse_weight, .offset = RANK_OLDEST },
};

const KeyTable rank_table = { "rank", rank_keys, ELEMENTS(rank_keys) };

static void add_term(Loader *l, const YamlNode *word, Targets *targets) {
        int term = node_enum(l, word, &rank_words);

        if (term >= 0)
                targets->weight_milli[term] = 1000;
        if (term == RANK_GROWTH)
                targets->growth_horizon_usec = GROWTH_HORIZON;
}

/* A word, a list of words, or weights. What is not named counts nothing. */
static int parse_rank(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Targets *targets = object;
        size_t before = loader_findings(l);
        bool any = false;
        int r;

        (void) spec;
        memset(targets->weight_milli, 0, sizeof(targets->weight_milli));
        if (value->kind == YAML_KIND_MAP) {
                r = config_keys_apply(l, &rank_table, value, targets);
                if (r < 0)
                        return r;
        } else if (value->kind == YAML_KIND_LIST)
                for (const YamlNode *item = value->first; item; item = item->next)
                        add_term(l, item, targets);
        else
                add_term(l, value, targets);

        for (size_t i = 0; i < _RANK_MAX; i++)
                any = any || targets->weight_milli[i] > 0;
        if (!any && loader_findings(l) == before)
                loader_error(l, value, "\"rank\" gives nothing any weight");
        return 0;
}

static int parse_at_least(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Targets *targets = object;
        Quantity q;

        if (!node_quantity(l, value, (1u << QUANTITY_BYTES) | (1u << QUANTITY_PERMYRIAD), 0,
                    INT64_MAX, spec->name, "1% or 64M", &q))
                return 0;
        if (q.kind == QUANTITY_PERMYRIAD && q.value > 10000) {
                loader_error(l, value, "nothing frees more than 100%%");
                return 0;
        }
        targets->at_least_percent = q.kind == QUANTITY_PERMYRIAD;
        targets->at_least = (uint64_t) q.value;
        return 0;
}

static int parse_max_victims(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        if (value->kind == YAML_KIND_SCALAR && strcmp(value->text, "none") == 0)
                return 0; /* which it is */
        return key_parse_u32(l, spec, value, object);
}

static const KeySpec targets_keys[] = {
        { .name = "kind",
                .parse = key_parse_enum,
                .offset = offsetof(Targets, kind),
                .words = &target_words },
        { .name = "match", .parse = parse_match, .offset = offsetof(Targets, match) },
        { .name = "prefer", .parse = parse_match, .offset = offsetof(Targets, prefer) },
        { .name = "avoid", .parse = parse_match, .offset = offsetof(Targets, avoid) },
        { .name = "rank", .parse = parse_rank },
        { .name = "at_least", .parse = parse_at_least },
        { .name = "max_victims",
                .parse = parse_max_victims,
                .offset = offsetof(Targets, max_victims),
                .min = 1,
                .max = 65536 },
};

/* Who watches a process, a user or a cgroup says himself from which size on it is too large; a
 * share of the machine, which asks whether it would help all of it, says nothing there. */
#define NAMED_AT_LEAST (UINT64_C(16) << 20)

const KeyTable targets_table = { "targets", targets_keys, ELEMENTS(targets_keys) };

void config_targets_default(Targets *targets) {
        *targets = (Targets){
                .kind = TARGET_AUTO,
                .weight_milli = { [RANK_GAINED] = 1000, [RANK_FREEABLE] = 100 },
                .at_least_percent = true,
                .at_least = 100,
        };
}

int config_targets_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;

        (void) spec;
        draft->targets = value;
        return config_keys_apply(l, &targets_table, value, &draft->policy.targets);
}

/* What was watched and found guilty. */
static TargetKind instance_kind(WatchKind watch) {
        switch (watch) {
        case WATCH_CGROUP:
                return TARGET_CGROUP;
        case WATCH_UNIT:
                return TARGET_UNIT;
        case WATCH_USER:
                return TARGET_USER;
        case WATCH_SYSTEM:
        case WATCH_PROCESS:
        case _WATCH_MAX:
        default:
                return TARGET_AUTO;
        }
}

void config_targets_finish(PolicyDraft *draft) {
        Targets *targets = &draft->policy.targets;

        if (!config_keys_value(draft->targets, "kind"))
                targets->kind = instance_kind(draft->policy.watch);
        if (!config_keys_value(draft->targets, "max_victims") && targets->kind == TARGET_AUTO)
                targets->max_victims = AUTO_VICTIMS;
        if (!config_keys_value(draft->targets, "at_least") && draft->policy.watch != WATCH_SYSTEM) {
                targets->at_least_percent = false;
                targets->at_least = NAMED_AT_LEAST;
        }
}

/* The unit of the system manager around a unit of a user is all that the user's manager runs. */
static int warn_about_user_units(Loader *l, const Targets *targets, const YamlNode *match) {
        for (size_t i = 0; i < targets->match.n; i++) {
                if (!(targets->match.specs[i].key_mask & UINT32_C(1) << MATCH_USER_UNIT))
                        continue;
                return loader_warn(l, match,
                        "what user_unit matches lies in user@UID.service, which is the unit that "
                        "kind: unit would take: all that the user runs there (did you mean kind: "
                        "cgroup?)");
        }
        return 0;
}

int config_targets_check(Loader *l, const PolicyDraft *draft) {
        const YamlNode *kind = config_keys_value(draft->targets, "kind"),
                       *max_victims = config_keys_value(draft->targets, "max_victims");
        const Targets *targets = &draft->policy.targets;
        WatchKind watch = draft->policy.watch;

        if (targets->kind == TARGET_USER && watch != WATCH_SYSTEM && watch != WATCH_USER)
                loader_error(l, kind,
                        "kind user needs watch: user or system: that a %s is large is no reason "
                        "to end all that its user runs",
                        watch_kind_name(watch));
        if (targets->kind == TARGET_PROCESS && max_victims)
                loader_error(l, max_victims,
                        "kind process ends one process: \"max_victims\" would never matter");
        if (targets->kind == TARGET_UNIT)
                return warn_about_user_units(
                        l, targets, config_keys_value(draft->targets, "match"));
        return 0;
}
