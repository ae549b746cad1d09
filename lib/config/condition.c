/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/condition.h"

#include <errno.h>
#include <string.h>

#include "config/config-load.h"
#include "config/metric.h"

#define EXAMPLE "mem.available < 8%"
#define METRIC_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

typedef struct Builder {
        Loader *l;
        CondNode nodes[CONDITION_NODES_MAX];
        const YamlNode *origins[CONDITION_NODES_MAX];
        size_t n;
        size_t n_atoms;
        bool full;
} Builder;

static unsigned kinds_of(const MetricInfo *m) {
        unsigned kinds = m->may_be_percent ? 1u << QUANTITY_PERMYRIAD : 0;

        switch (m->unit) {
        case METRIC_UNIT_BYTES:
                return kinds | (1u << QUANTITY_BYTES);
        case METRIC_UNIT_BYTES_PER_SEC:
                return kinds | (1u << QUANTITY_BYTES_PER_SEC);
        case METRIC_UNIT_COUNT:
                return kinds | (1u << QUANTITY_COUNT);
        case METRIC_UNIT_COUNT_PER_SEC:
                return kinds | (1u << QUANTITY_COUNT_PER_SEC);
        case METRIC_UNIT_USEC:
                return kinds | (1u << QUANTITY_USEC);
        case METRIC_UNIT_PERMYRIAD:
        default:
                return kinds;
        }
}

static const char *value_example(const MetricInfo *m) {
        switch (m->unit) {
        case METRIC_UNIT_BYTES:
                return m->may_be_percent ? "8% or 512M" : "512M";
        case METRIC_UNIT_BYTES_PER_SEC:
                return "20M/s";
        case METRIC_UNIT_COUNT:
                return "3";
        case METRIC_UNIT_COUNT_PER_SEC:
                return "500/s";
        case METRIC_UNIT_USEC:
                return "500ms or 2s";
        case METRIC_UNIT_PERMYRIAD:
        default:
                return "40%";
        }
}

static void reject_metric(Loader *l, const YamlNode *value, const char *name) {
        const char *near = metric_suggest(name);

        if (metric_is_planned(name))
                loader_error(l, value, "metric \"%s\" is not in this build", name);
        else if (near)
                loader_error(l, value, "unknown metric \"%s\" (did you mean %s?)", name, near);
        else
                loader_error(l, value, "unknown metric \"%s\"", name);
}

static bool parse_threshold(
        Loader *l, const YamlNode *value, size_t skip, const MetricInfo *metric, Atom *atom) {
        const char *text = value->text + skip, *reason;
        unsigned kinds = kinds_of(metric);
        Quantity q;

        if (strpbrk(text, "<>=&|") || strstr(text, " and ") || strstr(text, " or ")) {
                loader_error_within(l, value, skip,
                        "one comparison in each condition: put several into all: [ ] or any: [ ]");
                return false;
        }
        if (quantity_parse(text, &q, &reason) < 0) {
                loader_error_within(l, value, skip, "\"%s\": %s (%s is compared with %s)", text,
                        reason, metric->name, value_example(metric));
                return false;
        }
        if (q.kind == QUANTITY_COUNT && q.value == 0)
                for (; !(kinds & (1u << q.kind)); q.kind++)
                        ;
        if (!(kinds & (1u << q.kind))) {
                loader_error_within(l, value, skip, "\"%s\" %s: %s is compared with %s", text,
                        q.kind == QUANTITY_COUNT ? "needs a unit" : "is of the wrong unit",
                        metric->name, value_example(metric));
                return false;
        }
        atom->threshold = q.value;
        atom->percent = q.kind == QUANTITY_PERMYRIAD && metric->unit != METRIC_UNIT_PERMYRIAD;
        return true;
}

/* "mem.available  <8%" -> "mem.available < 8%". */
static const char *fold(Loader *l, const char *name, CompareOp op, const char *threshold) {
        char data[256];
        TextBuf b;

        textbuf_init(&b, data, sizeof(data));
        textbuf_addf(&b, "%s %s %s", name, compare_op_name(op), threshold);
        return loader_keep_text(l, data);
}

bool condition_parse_atom(Loader *l, const YamlNode *value, Atom *ret, bool *ret_oom) {
        size_t name_len = strspn(value->text, METRIC_CHARS), skip, op_len;
        char name[64] = "";
        const MetricInfo *metric;
        Atom atom = { 0 };

        if (!node_is_word(l, value, "condition"))
                return false;

        skip = name_len + strspn(value->text + name_len, " ");
        op_len = compare_scan(value->text + skip, &atom.op);
        if (name_len == 0 || name_len >= sizeof(name) ||
                (*value->text >= '0' && *value->text <= '9')) {
                loader_error(l, value, "a condition is METRIC OP VALUE, as in %s", EXAMPLE);
                return false;
        }
        memcpy(name, value->text, name_len);
        metric = metric_find(name);
        if (!metric) {
                reject_metric(l, value, name);
                return false;
        }
        if (op_len == 0) {
                loader_error_within(
                        l, value, skip, "compare with <, <=, > or >=, as in %s", EXAMPLE);
                return false;
        }
        skip += op_len;
        skip += strspn(value->text + skip, " ");
        if (!parse_threshold(l, value, skip, metric, &atom))
                return false;

        atom.metric = metric->id;
        atom.unit = metric->unit;
        atom.is_amount = metric->is_amount;
        atom.is_pressure_or_rate = metric->is_pressure_or_rate;
        atom.name = metric->name;
        atom.text = fold(l, name, atom.op, value->text + skip);
        *ret_oom = !atom.text;
        *ret = atom;
        return atom.text;
}

static int add_node(Builder *b, const YamlNode *value, CondKind kind, uint16_t *ret) {
        if (b->full)
                return -EINVAL;
        if (b->n == CONDITION_NODES_MAX ||
                (kind == COND_ATOM && b->n_atoms == CONDITION_ATOMS_MAX)) {
                loader_error(b->l, value, "a condition has at most %d comparisons and %d parts",
                        CONDITION_ATOMS_MAX, CONDITION_NODES_MAX);
                b->full = true;
                return -EINVAL;
        }
        if (kind == COND_ATOM)
                b->n_atoms++;
        b->nodes[b->n] = (CondNode){ kind, COND_NONE, COND_NONE, { 0 } };
        b->origins[b->n] = value;
        *ret = (uint16_t) b->n++;
        return 0;
}

static int add_condition(Builder *b, const YamlNode *value, uint16_t *ret);

static int add_children(Builder *b, const YamlNode *first, size_t n, uint16_t parent) {
        uint16_t *link = &b->nodes[parent].first_child, child;
        int r;

        for (const YamlNode *item = first; n > 0; item = item->next, n--) {
                r = add_condition(b, item, &child);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        continue; /* reported: look for more in its siblings */
                *link = child;
                link = &b->nodes[child].next_sibling;
        }
        return 0;
}

/* all: [ … ], any: [ … ], not: … */
static int add_operator(Builder *b, const YamlNode *map, uint16_t *ret) {
        const YamlNode *value = map->first;
        CondKind kind;
        int r;

        if (map->n != 1) {
                loader_error(
                        b->l, map, "a condition is one of all:, any: and not:, nested as needed");
                return -EINVAL;
        }
        if (value->key->kind != YAML_KIND_SCALAR)
                return -EINVAL;

        if (strcmp(value->key->text, "all") == 0)
                kind = COND_ALL;
        else if (strcmp(value->key->text, "any") == 0)
                kind = COND_ANY;
        else if (strcmp(value->key->text, "not") == 0)
                kind = COND_NOT;
        else {
                loader_error(b->l, value->key,
                        "unknown operator \"%s\" (there are all, any and not)", value->key->text);
                return -EINVAL;
        }

        r = add_node(b, value->key, kind, ret);
        if (r < 0)
                return r;
        if (kind == COND_NOT)
                return add_children(b, value, 1, *ret);
        if (!node_is(b->l, value, YAML_KIND_LIST, value->key->text))
                return -EINVAL;
        if (value->n == 0) {
                loader_error(b->l, value, "\"%s\" has no conditions", value->key->text);
                return -EINVAL;
        }
        return add_children(b, value->first, value->n, *ret);
}

static int add_condition(Builder *b, const YamlNode *value, uint16_t *ret) {
        bool oom = false;
        Atom atom;
        int r;

        switch (value->kind) {
        case YAML_KIND_MAP:
                return add_operator(b, value, ret);
        case YAML_KIND_LIST:
                loader_error(b->l, value, "a list of conditions needs all: or any: before it");
                return -EINVAL;
        case YAML_KIND_SCALAR:
                break;
        case YAML_KIND_BROKEN:
        default:
                return -EINVAL;
        }

        if (!condition_parse_atom(b->l, value, &atom, &oom))
                return oom ? -ENOMEM : -EINVAL;
        r = add_node(b, value, COND_ATOM, ret);
        if (r < 0)
                return r;
        b->nodes[*ret].atom = atom;
        return 0;
}

int condition_parse(Loader *l, const YamlNode *value, ConditionDraft *ret) {
        const YamlNode **origins;
        CondNode *nodes;
        uint16_t root;
        Builder *b;
        int r;

        b = arena_alloc(l->scratch, sizeof(*b));
        if (!b)
                return -ENOMEM;
        b->l = l;
        ret->node = value;
        r = add_condition(b, value, &root);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        nodes = arena_alloc_array(l->arena, b->n, sizeof(*nodes));
        origins = arena_alloc_array(l->scratch, b->n, sizeof(*origins));
        if (!nodes || !origins)
                return -ENOMEM;
        memcpy(nodes, b->nodes, b->n * sizeof(*nodes));
        memcpy(origins, b->origins, b->n * sizeof(*origins));
        ret->condition = (Condition){ nodes, b->n };
        ret->origins = origins;
        return 0;
}
