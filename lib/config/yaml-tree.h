/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* YAML text -> a small tree in which every node knows its place. Knows nothing of policies. Takes
 * the plain part of YAML 1.1 only: mappings, lists and scalars of one UTF-8 document. Aliases,
 * anchors, tags, merge keys, duplicate keys and second documents are errors, and so is anything
 * larger or deeper than a person would write. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/arena.h"
#include "config/config-error.h"

#define YAML_TREE_BYTES_MAX ((size_t) 256 * 1024)
#define YAML_TREE_DEPTH_MAX 32
#define YAML_TREE_NODES_MAX 20000

typedef enum YamlKind {
        YAML_KIND_SCALAR,
        YAML_KIND_LIST,
        YAML_KIND_MAP,
        YAML_KIND_BROKEN, /* something that has been reported; not to be complained about again */
} YamlKind;

/* A node. The children of a list and a mapping are linked through `next`; those of a mapping carry
 * their key in `key` (a scalar). Text is NUL-terminated, has no control characters, and no blanks
 * at its ends. */
typedef struct YamlNode YamlNode;
struct YamlNode {
        YamlKind kind;
        bool quoted;     /* a scalar in quotes: never null, never a number by accident */
        uint32_t line;   /* from 1 */
        uint32_t column; /* from 1, in characters */
        const SourceText *source;
        const char *text; /* scalars */
        size_t len;
        const YamlNode *key;
        const YamlNode *first;
        const YamlNode *next;
        size_t n; /* children */
};

/* Builds the tree of `source` (which must outlive it) in the arena. Returns 0 with the root in
 * *ret, which is NULL for a text that holds nothing but blanks and comments. Findings that leave
 * the rest readable (duplicate keys, tags, anchors, aliases, control characters) are added to
 * *errors and the tree is returned all the same, so that the other mistakes of the file can be
 * found in the same run: *errors decides, not the return value. -EINVAL, with a finding added, when
 * the text cannot be read on; -ENOMEM. *ret is untouched on failure. */
int yaml_tree_parse(
        Arena *arena, const SourceText *source, ConfigErrors *errors, const YamlNode **ret);

/* The text of a node as a scalar in double quotes that parses to the same text. */
void yaml_print_quoted(const char *text, TextBuf *out);
