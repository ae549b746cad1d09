/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mappings against tables of keys: each section of the policy language is one table, each key one
 * row with the function that parses its value. Internal to the loader, except config_keys_list().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config-draft.h"
#include "config/config-names.h"
#include "config/quantity.h"

typedef struct KeySpec KeySpec;

/* Parses `value` into the object of the section. 0 or -ENOMEM; findings go to l->errors. */
typedef int (*KeyParse)(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);

struct KeySpec {
        const char *name;
        KeyParse parse; /* NULL: in the language, not in this build */
        size_t offset;  /* of the field, for the parsers of plain fields */
        bool required;
        int64_t min, max;       /* of numbers and durations, inclusive */
        const WordTable *words; /* of words */
};

typedef struct KeyTable {
        const char *section; /* "policies[]": for messages and the man page */
        const KeySpec *keys;
        size_t n;
} KeyTable;

/* The key tables of all sections, for the lint that compares them with the man page and for
 * completion. */
const KeyTable *const *config_keys_list(size_t *ret_n);

/* Parses a mapping: unknown, planned and missing keys are reported, the others parsed in the order
 * written. */
int config_keys_apply(Loader *l, const KeyTable *table, const YamlNode *map, void *object);

/* The row of a name, or NULL. */
const KeySpec *config_keys_find(const KeyTable *table, const char *name);

/* The value of a key in a mapping, or NULL; NULL also if `map` is none. */
const YamlNode *config_keys_value(const YamlNode *map, const char *name);

/* Reports a name that is not in the table: unknown with a suggestion, or not in this build. */
void config_keys_reject(Loader *l, const KeyTable *table, const YamlNode *key);

/* True when the node is of the kind; otherwise reports that `what` must be such a thing. A broken
 * node is false without a word. */
bool node_is(Loader *l, const YamlNode *node, YamlKind kind, const char *what);

/* The same for a scalar that is not empty. */
bool node_is_word(Loader *l, const YamlNode *node, const char *what);

/* Parses a quantity of one of the kinds (1 << QuantityKind) and between min and max; a bare 0 is of
 * any kind. Reports and returns false otherwise. `what` names the thing, `example` shows how it
 * looks. */
bool node_quantity(Loader *l, const YamlNode *node, unsigned kinds, int64_t min, int64_t max,
        const char *what, const char *example, Quantity *ret);

/* The index of the word in the table, or -1 after reporting. */
int node_enum(Loader *l, const YamlNode *node, const WordTable *words);

/* Parsers of plain fields: usec_t, uint64_t bytes, uint32_t, an enumeration (stored as its own
 * int). */
int key_parse_duration(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);
int key_parse_size(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);
int key_parse_u32(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);
int key_parse_enum(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);
