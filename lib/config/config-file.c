/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-file.h"

#include <errno.h>
#include <string.h>

#include "config/config-match.h"
#include "config/config-policy.h"
#include "config/step-settings.h"
#include "config/config-targets.h"
#include "config/config-watch.h"

#define VERSION "1"

/* Remembers where a tick or limit was set, so that a check across files can point at it. */
static int parse_tick(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        TickDraft *tick = object;

        tick->origins[spec->offset / sizeof(usec_t)] = value;
        return key_parse_duration(l, spec, value, &tick->values);
}

static int parse_limit(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        LimitsDraft *limits = object;

        limits->origins[spec->offset / sizeof(uint32_t)] = value;
        return key_parse_u32(l, spec, value, &limits->values);
}

#define TICK(key, field, low, high)                                                                \
        {                                                                                          \
                .name = (key), .parse = parse_tick, .offset = offsetof(TickConfig, field),         \
                .min = (low), .max = (high)                                                        \
        }
#define LIMIT(key, low, high)                                                                      \
        {                                                                                          \
                .name = #key, .parse = parse_limit, .offset = offsetof(LimitsConfig, key),         \
                .min = (low), .max = (high)                                                        \
        }

/* A pressure file answers at most 20 times a second; an hour between two looks is no watching. */
static const KeySpec tick_keys[] = {
        TICK("min", min_usec, 50 * (int64_t) USEC_PER_MSEC, (int64_t) USEC_PER_MIN),
        TICK("max", max_usec, 100 * (int64_t) USEC_PER_MSEC, (int64_t) USEC_PER_MIN),
        TICK("process", process_usec, 100 * (int64_t) USEC_PER_MSEC, (int64_t) USEC_PER_MIN),
        TICK("census", census_usec, (int64_t) USEC_PER_SEC, (int64_t) USEC_PER_HOUR),
};

/* The upper bounds keep the pools, which are locked in memory, below what a machine would miss. */
static const KeySpec limits_keys[] = {
        LIMIT(processes, 64, 262144),
        LIMIT(kept, 16, 4096),
        LIMIT(detailed, 8, 1024),
        LIMIT(instances, 16, INSTANCES_MAX),
        LIMIT(incidents, 4, 1024),
        LIMIT(policies, 1, 1024),
        LIMIT(cgroups, 64, 65536),
        LIMIT(kept_cgroups, 8, 1024),
};

const KeyTable tick_table = { "tick", tick_keys, ELEMENTS(tick_keys) };
const KeyTable limits_table = { "limits", limits_keys, ELEMENTS(limits_keys) };

static int parse_version(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        (void) object;
        if (node_is_word(l, value, spec->name) && strcmp(value->text, VERSION) != 0)
                loader_error(l, value,
                        "version \"%s\" of the policy language is not in this build (it "
                        "has %s)",
                        value->text, VERSION);
        return 0;
}

static int parse_tick_section(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        (void) spec;
        (void) object;
        return config_keys_apply(l, &tick_table, value, &l->tick);
}

static int parse_limits_section(
        Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        (void) spec;
        (void) object;
        return config_keys_apply(l, &limits_table, value, &l->limits);
}

/* Protection adds up over files. */
static int parse_protect(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        SpecChain chain = { 0 };
        int r;

        (void) object;
        r = config_match_parse(l, value, spec->name, &chain);
        if (r < 0)
                return r;

        for (const SpecLink *link = chain.first; link; link = link->next) {
                r = spec_chain_add(l, &l->protect, link->spec, link->node);
                if (r < 0)
                        return r;
                if (!match_spec_rests_on_names(link->spec))
                        continue;
                r = loader_warn(l, link->node,
                        "this protection rests on names that any process may give itself: %s (add "
                        "unit, "
                        "exe or uid)",
                        link->spec->text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_policies(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        int r;

        (void) object;
        if (!node_is(l, value, YAML_KIND_LIST, spec->name))
                return 0;
        for (const YamlNode *item = value->first; item; item = item->next) {
                r = config_policy_parse(l, item);
                if (r < 0)
                        return r;
        }
        return 0;
}

static const KeySpec file_keys[] = {
        { .name = "version", .parse = parse_version, .required = true },
        { .name = "tick", .parse = parse_tick_section },
        { .name = "limits", .parse = parse_limits_section },
        { .name = "protect", .parse = parse_protect },
        { .name = "policies", .parse = parse_policies },
};

const KeyTable file_table = { "policy file", file_keys, ELEMENTS(file_keys) };

const KeyTable *const *config_keys_list(size_t *ret_n) {
        static const KeyTable *const tables[] = { &file_table, &tick_table, &limits_table,
                &policy_table, &watch_table, &targets_table, &rank_table, &match_table,
                &notify_table, &hint_table, &capture_table, &run_table, &reclaim_table,
                &throttle_table, &freeze_table, &limit_table, &signal_table, &restart_table,
                &stop_table, &terminate_table, &kill_table };

        *ret_n = ELEMENTS(tables);
        return tables;
}

void config_file_defaults(Loader *l) {
        l->tick.values = (TickConfig){
                .min_usec = 50 * USEC_PER_MSEC,
                .max_usec = 5 * USEC_PER_SEC,
                .process_usec = 1 * USEC_PER_SEC,
                .census_usec = 30 * USEC_PER_SEC,
        };
        l->limits.values = (LimitsConfig){
                .processes = 8192,
                .kept = 256,
                .detailed = 64,
                .instances = 512,
                .incidents = 32,
                .policies = 64,
                .cgroups = 8192,
                .kept_cgroups = 64,
        };
}

int config_file_parse(Loader *l, const SourceText *source, bool *ret_empty) {
        size_t before = loader_findings(l);
        const YamlNode *root = NULL;
        int r;

        *ret_empty = false;
        r = yaml_tree_parse(l->scratch, source, l->errors, &root);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        l->tree_broken = loader_findings(l) != before;
        if (!root) {
                *ret_empty = true;
                return 0;
        }
        return config_keys_apply(l, &file_table, root, l);
}
