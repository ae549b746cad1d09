/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `steps`: the ladder of a policy. Internal to the loader. */

#include "config/config-keys.h"

/* Parses the list into the draft's policy. 0 or -ENOMEM. */
int config_steps_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *draft);
