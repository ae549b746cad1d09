/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Conditions: `METRIC OP VALUE` nested by all, any and not, from YAML nodes to the array that core
 * walks. Internal to the loader. Whether a condition makes sense is condition-check.h's business.
 */

#include "config/config-keys.h"

/* Parses a condition; the draft is complete if nothing was reported. 0 or -ENOMEM. */
int condition_parse(Loader *l, const YamlNode *value, ConditionDraft *ret);

/* Parses one atom. Returns true; or false after reporting. *ret_oom is set when memory ran out. */
bool condition_parse_atom(Loader *l, const YamlNode *value, Atom *ret, bool *ret_oom);
