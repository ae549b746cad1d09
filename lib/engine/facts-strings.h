/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One copy of each text that facts point to: thousands of processes share a few hundred programs,
 * cgroups and units. Counted by reference; belongs to one thread. */

#include <stddef.h>

typedef struct FactStrings FactStrings;

int fact_strings_new(FactStrings **ret);

/* Frees all texts, referenced or not. Returns NULL. */
FactStrings *fact_strings_free(FactStrings *t);

/* The common copy of text[0..len), one reference more; NUL-terminated, cut at a NUL inside. NULL
 * only when there is no memory; "" needs none. */
const char *fact_strings_ref(FactStrings *t, const char *text, size_t len);

/* One reference more to a text that is the table's. Returns it. */
const char *fact_strings_again(FactStrings *t, const char *text);

/* One reference less; NULL and "" are fine. */
void fact_strings_unref(FactStrings *t, const char *text);

/* Texts in the table. */
size_t fact_strings_count(const FactStrings *t);
