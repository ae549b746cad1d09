/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `targets`: whom a policy may act on and how candidates compare. Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable targets_table, rank_table;

/* What holds for a policy without `targets`. */
void config_targets_default(Targets *targets);

/* Parses the mapping into the draft's policy. 0 or -ENOMEM. */
int config_targets_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *draft);
