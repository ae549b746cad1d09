/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-watch.h"

#include <string.h>

#include "base/macro.h"
#include "config/config-match.h"
#include "config/pattern-check.h"

/* Processes are found by any key; users only by who they are. */
static int parse_match(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        Policy *policy = &((PolicyDraft *) object)->policy;
        SpecChain chain = { 0 };
        int r;

        policy->watch = (WatchKind) spec->offset;
        r = config_match_parse(l, value, spec->name, &chain);
        if (r < 0)
                return r;
        if (policy->watch == WATCH_USER)
                for (const SpecLink *link = chain.first; link; link = link->next)
                        if (link->spec->key_mask & ~(UINT32_C(1) << MATCH_UID)) {
                                loader_error(l, value, "a user is matched by user or uid alone");
                                break;
                        }
        return spec_chain_freeze(l, &chain, &policy->watch_match);
}

static int check_cgroups(Loader *l, const YamlNode *value) {
        int r;

        if (value->kind == YAML_KIND_SCALAR)
                return pattern_check_watch(l, value);
        for (const YamlNode *item = value->first; item; item = item->next)
                if (item->kind == YAML_KIND_SCALAR) {
                        r = pattern_check_watch(l, item);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* A mapping of one key that holds patterns is a match: it is parsed, numbered and printed as one.
 */
static int parse_globs(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;
        SpecChain chain = { 0 };
        int r;

        draft->policy.watch = (WatchKind) spec->offset;
        r = config_match_parse(l, draft->watch, spec->name, &chain);
        if (r < 0)
                return r;
        if (draft->policy.watch == WATCH_CGROUP) {
                r = check_cgroups(l, value);
                if (r < 0)
                        return r;
        }
        return spec_chain_freeze(l, &chain, &draft->policy.watch_match);
}

/* What a match knows and watch does not, because it would mislead. */
static bool refuse_match_key(Loader *l, const YamlNode *key) {
        static const struct {
                const char *key, *reason;
        } rows[] = {
                { "user_unit",
                        "a unit of a user is not watched by its name, which anyone can give: watch "
                        "its cgroup (as in cgroup: \"/user.slice/**/NAME\")" },
                { "slice", "a slice is watched by its path (as in cgroup: \"/**/NAME.slice\")" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (key->kind == YAML_KIND_SCALAR && strcmp(key->text, rows[i].key) == 0) {
                        loader_error(l, key, "%s", rows[i].reason);
                        return true;
                }
        return false;
}

/* `offset` holds the WatchKind. */
static const KeySpec watch_keys[] = {
        { .name = "process", .parse = parse_match, .offset = WATCH_PROCESS },
        { .name = "user", .parse = parse_match, .offset = WATCH_USER },
        { .name = "cgroup", .parse = parse_globs, .offset = WATCH_CGROUP },
        { .name = "unit", .parse = parse_globs, .offset = WATCH_UNIT },
};

const KeyTable watch_table = { "watch", watch_keys, ELEMENTS(watch_keys) };

int config_watch_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        PolicyDraft *draft = object;
        int kind;

        draft->watch = value;
        if (value->kind == YAML_KIND_MAP) {
                if (value->n != 1) {
                        loader_error(l, value,
                                "a policy watches one thing: system, process:, user:, cgroup: or "
                                "unit:");
                        return 0;
                }
                if (refuse_match_key(l, value->first->key))
                        return 0;
                return config_keys_apply(l, &watch_table, value, draft);
        }
        if (value->kind == YAML_KIND_LIST) {
                (void) node_is(l, value, YAML_KIND_SCALAR, spec->name);
                return 0;
        }
        kind = node_enum(l, value, &watch_words);
        if (kind >= 0 && watch_is_group((WatchKind) kind))
                loader_error(l, value, "which %s? (as in watch: { %s: %s })", value->text,
                        value->text, kind == WATCH_UNIT ? "\"*.service\"" : "\"/system.slice/*\"");
        else if (kind >= 0)
                draft->policy.watch =
                        (WatchKind) kind; /* process and user without a match: every one */
        return 0;
}
