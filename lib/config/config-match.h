/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `match`, `prefer`, `avoid`, `protect` and what is watched: mappings of patterns and ranges.
 * Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable match_table;

/* Parses a mapping or a list of mappings and appends each to the chain. 0 or -ENOMEM. */
int config_match_parse(Loader *l, const YamlNode *value, const char *what, SpecChain *chain);

/* The node as YAML in one line that parses to the same tree; bounded by the node's own text. NULL
 * without memory. */
const char *config_match_text(Loader *l, const YamlNode *node);

/* True when nothing but names that the process's owner chooses decides the match. */
bool match_spec_rests_on_names(const MatchSpec *spec);
