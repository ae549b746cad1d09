/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Patterns that are well formed but can match nothing: a path without a slash, a unit without a
 * suffix, a comm longer than the kernel keeps. Internal to the loader. */

#include "config/config-keys.h"

/* True when the pattern can match something under the key; otherwise reports why not. */
bool pattern_check(Loader *l, const YamlNode *value, MatchKey key);

/* Checks a pattern of `watch: cgroup`, beyond what pattern_check() says about it: reports what can
 * never be an instance, warns about what means something else than it seems to. 0 or -ENOMEM. */
int pattern_check_watch(Loader *l, const YamlNode *glob);
