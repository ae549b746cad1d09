/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The closed vocabularies of the policy language: words, and what a misspelt one may have meant.
 * The *_name() functions are declared in config-load.h. */

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

typedef struct WordTable {
        const char *what;         /* "step": for messages */
        const char *const *words; /* by the value of the enumeration; NULL where there is none */
        size_t n;
} WordTable;

extern const WordTable watch_words;
extern const WordTable target_words;
extern const WordTable step_words;
extern const WordTable notify_words;
extern const WordTable hint_words;
extern const WordTable on_budget_words;
extern const WordTable rank_words;

/* The index of a word, or -1. */
int words_find(const WordTable *table, const char *word);

/* The word nearest to a misspelt one, or NULL when none is near. */
const char *words_suggest(const WordTable *table, const char *word);

/* The same over names that are no table: the better of `best` (may be NULL) and `name`. *nearest
 * starts at WORDS_FAR. */
#define WORDS_FAR 3u
const char *words_nearer(const char *word, const char *best, const char *name, unsigned *nearest);

/* The number of a signal that a signal step may send ("SIGUSR1" or "USR1"), or -1. *ret_reason
 * (static) tells why one that exists is not for a signal step; NULL if there is none of that name.
 */
int signal_step_find(const char *name, const char **ret_reason);

/* True when the default action of the signal writes a core file. */
bool signal_dumps_core(int signo);

/* The comparison that text begins with: its length, 0 if there is none. "=", "==" and "!=" are
 * none. */
size_t compare_scan(const char *text, CompareOp *ret);
