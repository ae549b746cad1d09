/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-keys.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

static const char *kind_name(YamlKind kind) {
        switch (kind) {
        case YAML_KIND_SCALAR:
                return "a single value";
        case YAML_KIND_LIST:
                return "a list";
        case YAML_KIND_MAP:
                return "a mapping";
        case YAML_KIND_BROKEN:
        default:
                return "something broken";
        }
}

static bool is_null(const YamlNode *node) {
        return node->kind == YAML_KIND_SCALAR && !node->quoted &&
                (node->len == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

bool node_is(Loader *l, const YamlNode *node, YamlKind kind, const char *what) {
        if (node->kind == YAML_KIND_BROKEN)
                return false;
        if (node->kind == kind)
                return true;

        if (is_null(node))
                loader_error(l, node, "\"%s\" is empty: it must be %s", what, kind_name(kind));
        else
                loader_error(l, node, "\"%s\" must be %s, not %s", what, kind_name(kind),
                        kind_name(node->kind));
        return false;
}

bool node_is_word(Loader *l, const YamlNode *node, const char *what) {
        if (!node_is(l, node, YAML_KIND_SCALAR, what))
                return false;
        if (node->len == 0 || is_null(node)) {
                loader_error(l, node, "\"%s\" has no value", what);
                return false;
        }
        return true;
}

const KeySpec *config_keys_find(const KeyTable *table, const char *name) {
        for (size_t i = 0; i < table->n; i++)
                if (strcmp(table->keys[i].name, name) == 0)
                        return &table->keys[i];
        return NULL;
}

void config_keys_reject(Loader *l, const KeyTable *table, const YamlNode *key) {
        const KeySpec *spec = config_keys_find(table, key->text);
        unsigned nearest = WORDS_FAR;
        const char *best = NULL;

        if (spec && !spec->parse) {
                loader_error(
                        l, key, "\"%s\" in %s is not in this build", key->text, table->section);
                return;
        }
        for (size_t i = 0; i < table->n; i++)
                best = words_nearer(key->text, best, table->keys[i].name, &nearest);
        if (best)
                loader_error(l, key, "unknown key \"%s\" in %s (did you mean %s?)", key->text,
                        table->section, best);
        else
                loader_error(l, key, "unknown key \"%s\" in %s", key->text, table->section);
}

const YamlNode *config_keys_value(const YamlNode *map, const char *name) {
        if (!map || map->kind != YAML_KIND_MAP)
                return NULL;
        for (const YamlNode *child = map->first; child; child = child->next)
                if (child->key->kind == YAML_KIND_SCALAR && strcmp(child->key->text, name) == 0)
                        return child;
        return NULL;
}

int config_keys_apply(Loader *l, const KeyTable *table, const YamlNode *map, void *object) {
        int r;

        if (!node_is(l, map, YAML_KIND_MAP, table->section))
                return 0;

        for (const YamlNode *child = map->first; child; child = child->next) {
                const KeySpec *spec;

                if (child->key->kind != YAML_KIND_SCALAR)
                        continue; /* has been reported */
                spec = config_keys_find(table, child->key->text);
                if (!spec || !spec->parse) {
                        config_keys_reject(l, table, child->key);
                        continue;
                }
                r = spec->parse(l, spec, child, object);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < table->n; i++)
                if (table->keys[i].required && !config_keys_value(map, table->keys[i].name))
                        loader_error(l, map, "%s needs the key \"%s\"", table->section,
                                table->keys[i].name);
        return 0;
}

static void add_quantity(TextBuf *b, unsigned kinds, int64_t value) {
        for (QuantityKind kind = QUANTITY_COUNT; kind <= QUANTITY_BYTES_PER_SEC; kind++)
                if (kinds & (1u << kind)) {
                        quantity_print((Quantity){ kind, value }, b);
                        return;
                }
}

bool node_quantity(Loader *l, const YamlNode *node, unsigned kinds, int64_t min, int64_t max,
        const char *what, const char *example, Quantity *ret) {
        const char *reason;
        Quantity q;

        if (!node_is_word(l, node, what))
                return false;
        if (quantity_parse(node->text, &q, &reason) < 0) {
                loader_error(l, node, "\"%s\": %s (it looks like %s)", node->text, reason, example);
                return false;
        }
        if (q.kind == QUANTITY_COUNT && q.value == 0)
                for (q.kind = QUANTITY_COUNT; !(kinds & (1u << q.kind)); q.kind++)
                        ; /* a bare 0: of the first kind that is possible */
        if (!(kinds & (1u << q.kind))) {
                loader_error(l, node,
                        q.kind == QUANTITY_COUNT ? "\"%s\" needs a unit (it looks like %s)"
                                                 : "\"%s\" is of the wrong unit (it looks like %s)",
                        node->text, example);
                return false;
        }
        if (q.value < min || q.value > max) {
                char bounds[64];
                TextBuf b;

                textbuf_init(&b, bounds, sizeof(bounds));
                add_quantity(&b, 1u << q.kind, q.value < min ? min : max);
                loader_error(l, node, "\"%s\" must be %s %s", what,
                        q.value < min ? "at least" : "at most", bounds);
                return false;
        }
        *ret = q;
        return true;
}

int node_enum(Loader *l, const YamlNode *node, const WordTable *words) {
        const char *near;
        int i;

        if (!node_is_word(l, node, words->what))
                return -1;

        i = words_find(words, node->text);
        if (i >= 0)
                return i;

        near = words_suggest(words, node->text);
        if (near)
                loader_error(l, node, "unknown %s \"%s\" (did you mean %s?)", words->what,
                        node->text, near);
        else
                loader_error(l, node, "unknown %s \"%s\"", words->what, node->text);
        return -1;
}

int key_parse_duration(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        usec_t *field = (usec_t *) ((char *) object + spec->offset);
        Quantity q;

        if (node_quantity(l, value, 1u << QUANTITY_USEC, spec->min, spec->max, spec->name,
                    "500ms, 3s or 10min", &q))
                *field = (usec_t) q.value;
        return 0;
}

int key_parse_size(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        uint64_t *field = (uint64_t *) ((char *) object + spec->offset);
        Quantity q;

        if (node_quantity(l, value, 1u << QUANTITY_BYTES, spec->min, spec->max, spec->name,
                    "64M or 16K", &q))
                *field = (uint64_t) q.value;
        return 0;
}

int key_parse_u32(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        uint32_t *field = (uint32_t *) ((char *) object + spec->offset);
        Quantity q;

        assert(spec->max <= UINT32_MAX);
        if (node_quantity(
                    l, value, 1u << QUANTITY_COUNT, spec->min, spec->max, spec->name, "128", &q))
                *field = (uint32_t) q.value;
        return 0;
}

int key_parse_enum(Loader *l, const KeySpec *spec, const YamlNode *value, void *object) {
        int *field = (int *) ((char *) object + spec->offset);
        int i = node_enum(l, value, spec->words);

        if (i >= 0)
                *field = i;
        return 0;
}
