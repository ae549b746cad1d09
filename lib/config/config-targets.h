/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `targets`: whom a policy may act on and how candidates compare. Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable targets_table, rank_table;

/* What holds for a policy without `targets`. */
void config_targets_default(Targets *targets);

/* Parses the mapping into the draft's policy. 0 or -ENOMEM. */
int config_targets_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *draft);

/* Fills in what depends on other keys and was not written: the kind, by what is watched, and
 * max_victims, by the kind. */
void config_targets_finish(PolicyDraft *draft);

/* Reports what is at odds with the rest of a policy that has no other mistake. 0 or -ENOMEM. */
int config_targets_check(Loader *l, const PolicyDraft *draft);
