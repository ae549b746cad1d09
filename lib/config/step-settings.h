/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What each step of the ladder can be told, and what holds where it is told nothing. Internal to
 * the loader. */

#include "config/config-keys.h"

extern const KeyTable notify_table, hint_table, capture_table, run_table, reclaim_table,
        throttle_table, freeze_table, limit_table, signal_table, restart_table, stop_table,
        terminate_table, kill_table;

/* The step with every default but those that depend on other settings. */
void step_settings_default(StepKind kind, Step *ret);

/* Parses the settings of a step: its mapping, or the single value that stands for its first key;
 * `item` is the step itself, for what is missing. `settings` may be NULL: there are none. Then
 * fills in what depends on other settings. 0 or -ENOMEM; findings go to the loader. */
int step_settings_parse(Loader *l, const YamlNode *item, const YamlNode *settings, Step *step);
