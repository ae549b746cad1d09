/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One policy file: its top level. Internal to the loader. */

#include "config/config-keys.h"

extern const KeyTable file_table, tick_table, limits_table;

/* What holds without any file. */
void config_file_defaults(Loader *l);

/* Adds what the file says to the loader. `source` must live as long as the loader's scratch arena.
 * *ret_empty is set when there is nothing but blanks and comments in it. 0 or -ENOMEM. */
int config_file_parse(Loader *l, const SourceText *source, bool *ret_empty);
