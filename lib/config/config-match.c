/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-match.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "config/config-range.h"
#include "config/pattern-check.h"

/* A mapping while it is parsed. */
typedef struct MatchDraft {
        MatchSpec spec;
        const YamlNode *who; /* the first of `uid` and `user` */
} MatchDraft;

/* One value is a list of one. Returns NULL, after reporting, for a mapping or an empty list. */
static const YamlNode *first_value(
        Loader *l, const YamlNode *value, const char *what, size_t *ret_n) {
        if (value->kind != YAML_KIND_LIST) {
                *ret_n = 1;
                return node_is_word(l, value, what) ? value : NULL;
        }
        if (value->n == 0) {
                loader_error(l, value, "\"%s\" is an empty list, which matches nothing", what);
                return NULL;
        }
        *ret_n = value->n;
        return value->first;
}

static int parse_patterns(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        MatchKey key = (MatchKey) spec->offset;
        MatchDraft *draft = object;
        const char **patterns;
        const YamlNode *item;
        size_t n, used = 0;

        item = first_value(l, value, spec->name, &n);
        if (!item)
                return 0;

        patterns = arena_alloc_array(l->arena, n, sizeof(*patterns));
        if (!patterns)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++, item = item->next) {
                if (!node_is_word(l, item, spec->name) || !pattern_check(l, item, key))
                        continue;
                patterns[used] = loader_keep_text(l, item->text);
                if (!patterns[used++])
                        return -ENOMEM;
        }
        draft->spec.key_mask |= UINT32_C(1) << key;
        draft->spec.patterns[key].patterns = patterns;
        draft->spec.patterns[key].n = used;
        return 0;
}

static RangeKind range_kind(MatchKey key) {
        switch ((int) key) {
        case MATCH_GID:
                return RANGE_GID;
        case MATCH_AGE:
                return RANGE_AGE;
        case MATCH_SIZE:
                return RANGE_SIZE;
        case MATCH_OOM_SCORE_ADJ:
                return RANGE_OOM_SCORE_ADJ;
        default:
                return RANGE_UID;
        }
}

static int parse_ranges(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        MatchKey key = (MatchKey) spec->offset;
        MatchDraft *draft = object;
        const YamlNode *item;
        size_t n, used = 0;
        Range *ranges;

        if (key == MATCH_UID) {
                if (draft->who && strcmp(draft->who->key->text, spec->name) != 0)
                        loader_error(l, value->key, "\"user\" and \"uid\" are the same key");
                draft->who = value;
        }
        item = first_value(l, value, spec->name, &n);
        if (!item)
                return 0;

        ranges = arena_alloc_array(l->arena, n, sizeof(*ranges));
        if (!ranges)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++, item = item->next)
                if (config_range_parse(l, item, range_kind(key), &ranges[used]))
                        used++;
        draft->spec.key_mask |= UINT32_C(1) << key;
        draft->spec.ranges[key - _MATCH_PATTERN_MAX].ranges = ranges;
        draft->spec.ranges[key - _MATCH_PATTERN_MAX].n = used;
        return 0;
}

/* `offset` holds the MatchKey: `uid` and `user` share one. */
static const KeySpec match_keys[] = {
        { .name = "comm", .parse = parse_patterns, .offset = MATCH_COMM },
        { .name = "exe", .parse = parse_patterns, .offset = MATCH_EXE },
        { .name = "cmdline", .parse = parse_patterns, .offset = MATCH_CMDLINE },
        { .name = "cgroup", .parse = parse_patterns, .offset = MATCH_CGROUP },
        { .name = "unit", .parse = parse_patterns, .offset = MATCH_UNIT },
        { .name = "user_unit", .parse = parse_patterns, .offset = MATCH_USER_UNIT },
        { .name = "slice", .parse = parse_patterns, .offset = MATCH_SLICE },
        { .name = "container", .parse = parse_patterns, .offset = MATCH_CONTAINER },
        { .name = "tty", .parse = parse_patterns, .offset = MATCH_TTY },
        { .name = "uid", .parse = parse_ranges, .offset = MATCH_UID },
        { .name = "user", .parse = parse_ranges, .offset = MATCH_UID },
        { .name = "gid", .parse = parse_ranges, .offset = MATCH_GID },
        { .name = "age", .parse = parse_ranges, .offset = MATCH_AGE },
        { .name = "size", .parse = parse_ranges, .offset = MATCH_SIZE },
        { .name = "oom_score_adj", .parse = parse_ranges, .offset = MATCH_OOM_SCORE_ADJ },
        { .name = "runtime" },
};

const KeyTable match_table = { "match", match_keys, ELEMENTS(match_keys) };

/* Characters that need no quotes anywhere in a flow mapping. */
static bool is_plain(const char *text) {
        if (!*text || strchr("-%@.", *text))
                return false;
        return text[strspn(text,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@%+")] ==
                '\0';
}

static void add_scalar(const YamlNode *node, TextBuf *out) {
        if (is_plain(node->text) && !node->quoted)
                textbuf_add(out, node->text);
        else
                yaml_print_quoted(node->text, out);
}

static void add_flow(const YamlNode *node, TextBuf *out) {
        bool map = node->kind == YAML_KIND_MAP;

        if (node->kind == YAML_KIND_SCALAR || node->kind == YAML_KIND_BROKEN) {
                add_scalar(node, out);
                return;
        }
        textbuf_add(out, map ? "{ " : "[ ");
        for (const YamlNode *child = node->first; child; child = child->next) {
                if (map) {
                        add_scalar(child->key, out);
                        textbuf_add(out, ": ");
                }
                add_flow(child, out);
                if (child->next)
                        textbuf_add(out, ", ");
        }
        textbuf_add(out, map ? " }" : " ]");
}

/* An upper bound of what add_flow() writes. */
static size_t flow_size(const YamlNode *node) {
        size_t size = 2 * node->len + 8;

        for (const YamlNode *child = node->first; child; child = child->next)
                size += flow_size(child) + (child->key ? 2 * child->key->len + 8 : 0);
        return size;
}

const char *config_match_text(Loader *l, const YamlNode *node) {
        size_t size = flow_size(node) + 1;
        char *data = arena_alloc(l->scratch, size);
        TextBuf b;

        if (!data)
                return NULL;
        textbuf_init(&b, data, size);
        add_flow(node, &b);
        return loader_keep_text(l, data);
}

static int parse_spec(Loader *l, const YamlNode *map, const char *what, SpecChain *chain) {
        MatchDraft *draft;
        int r;

        if (!node_is(l, map, YAML_KIND_MAP, what))
                return 0;
        if (map->n == 0) {
                loader_error(l, map, "an empty match would mean everything: leave it out");
                return 0;
        }
        draft = arena_alloc(l->scratch, sizeof(*draft));
        if (!draft)
                return -ENOMEM;
        r = config_keys_apply(l, &match_table, map, draft);
        if (r < 0)
                return r;

        draft->spec.line = map->line;
        draft->spec.file = loader_keep_text(l, map->source->name);
        draft->spec.text = config_match_text(l, map);
        if (!draft->spec.file || !draft->spec.text)
                return -ENOMEM;
        return spec_chain_add(l, chain, &draft->spec, map);
}

int config_match_parse(Loader *l, const YamlNode *value, const char *what, SpecChain *chain) {
        int r;

        if (value->kind == YAML_KIND_MAP)
                return parse_spec(l, value, what, chain);
        if (!node_is(l, value, YAML_KIND_LIST, what))
                return 0;
        if (value->n == 0) {
                loader_error(l, value, "\"%s\" is an empty list: leave it out", what);
                return 0;
        }
        for (const YamlNode *item = value->first; item; item = item->next) {
                r = parse_spec(l, item, what, chain);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool match_spec_rests_on_names(const MatchSpec *spec) {
        uint32_t names = (UINT32_C(1) << MATCH_COMM) | (UINT32_C(1) << MATCH_CMDLINE) |
                (UINT32_C(1) << MATCH_USER_UNIT);

        return (spec->key_mask & ~names) == 0;
}
