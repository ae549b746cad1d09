/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The match keys that hold numbers: ids by number or name, ages, sizes, oom_score_adj. Internal to
 * the loader. Asks the user database for names. */

#include "config/config-keys.h"

typedef enum RangeKind {
        RANGE_UID,
        RANGE_GID,
        RANGE_AGE,
        RANGE_SIZE,
        RANGE_OOM_SCORE_ADJ,
} RangeKind;

/* Parses "1000", "alice", "1000..60000", "> 5min", "<= -900" as the kind allows. Returns true, or
 * false after reporting; *ret is untouched then. */
bool config_range_parse(Loader *l, const YamlNode *value, RangeKind kind, Range *ret);
