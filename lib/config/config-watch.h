/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* `watch`: what a policy is about. Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable watch_table;

/* Parses the value of `watch` into the PolicyDraft `object`. 0 or -ENOMEM. */
int config_watch_parse(Loader *l, const KeySpec *spec, const YamlNode *value, void *object);
