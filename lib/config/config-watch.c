/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-watch.h"

#include <string.h>

#include "base/glob.h"
#include "base/macro.h"
#include "base/text.h"
#include "config/config-match.h"

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

static bool ends_with(const char *text, const char *suffix) {
        size_t len = strlen(text), n = strlen(suffix);

        return len >= n && strcmp(text + len - n, suffix) == 0;
}

/* systemd puts the slices of users there and nothing else (systemd.special(7)): their sessions and
 * managers are one level further down. */
static bool means_only_slices(const char *glob) {
        const char *dir = "/user.slice/", *last = glob + strlen(dir);

        return strncmp(glob, dir, strlen(dir)) == 0 && !strchr(last, '/') && !strstr(last, "**") &&
                !ends_with(last, ".slice") && !ends_with(last, ".scope") &&
                !ends_with(last, ".service");
}

/* The name of the one unit that the glob ends in, if it takes that of the system and that of a user
 * alike; else NULL. */
static const char *find_anybodys_unit(const char *glob) {
        static const char *const places[] = { "/system.slice/",
                "/user.slice/user-1000.slice/user@1000.service/app.slice/" };
        const char *slash = strrchr(glob, '/'), *name = slash ? slash + 1 : glob;
        char path[512];

        if (name[strcspn(name, "*?[\\")] != '\0' ||
                !(ends_with(name, ".service") || ends_with(name, ".scope")))
                return NULL;
        for (size_t i = 0; i < ELEMENTS(places); i++) {
                TextBuf b;

                textbuf_init(&b, path, sizeof(path));
                textbuf_addf(&b, "%s%s", places[i], name);
                if (!glob_match(glob, path, GLOB_PATH))
                        return NULL;
        }
        return name;
}

/* The instances are cgroups below the root, each pattern a place for them. */
static int check_cgroup(Loader *l, const YamlNode *glob) {
        const char *unit = find_anybodys_unit(glob->text);

        if (strcmp(glob->text, "/") == 0)
                loader_error(l, glob,
                        "the root is the machine as a whole, which is watch: system (every cgroup "
                        "is \"/**\")");
        else if (ends_with(glob->text, "/"))
                loader_error(l, glob,
                        "the path of a cgroup has no / at its end (did you mean %.*s?)",
                        (int) glob->len - 1, glob->text);
        else if (means_only_slices(glob->text))
                return loader_warn(l, glob,
                        "in /user.slice lie the slices of users, and a slice is watched only where "
                        "a pattern names it (as in /user.slice/user-*.slice)");
        else if (unit)
                return loader_warn(l, glob,
                        "any user can start a %s of his own, which this means too (did you mean "
                        "watch: { unit: %s }, which is that of the system?)",
                        unit, unit);
        return 0;
}

/* `value` is one glob or a list of them. */
static int check_globs(Loader *l, const YamlNode *value, WatchKind kind) {
        const YamlNode *glob = value->kind == YAML_KIND_LIST ? value->first : value;
        int r;

        for (; glob; glob = value->kind == YAML_KIND_LIST ? glob->next : NULL) {
                if (kind == WATCH_UNIT || glob->kind != YAML_KIND_SCALAR)
                        continue;
                r = check_cgroup(l, glob);
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
        r = check_globs(l, value, draft->policy.watch);
        if (r < 0)
                return r;
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
