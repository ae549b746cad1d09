/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `policies`: one policy. Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable policy_table;

/* Parses one item of the list and appends it to the loader's policies. 0 or -ENOMEM. */
int config_policy_parse(Loader *l, const YamlNode *map);
