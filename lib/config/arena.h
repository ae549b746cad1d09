/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Memory that is given back all at once: a Config and everything in it live in one arena, what only
 * the load needs in another. Bounded: a policy cannot make the daemon large. */

#include <stddef.h>

#include "base/macro.h"

typedef struct Arena Arena;

/* Makes an arena that hands out at most max_bytes in all. 0 or -ENOMEM. */
int arena_new(size_t max_bytes, Arena **ret);

/* Frees it with everything that was taken from it. NULL is fine; returns NULL. */
Arena *arena_free(Arena *arena);

static inline void arena_freep(Arena **arena) {
        arena_free(*arena);
}

/* size zeroed bytes, aligned for any type; NULL when there is no memory or the bound is reached. A
 * size of 0 gives a valid pointer. */
void *arena_alloc(Arena *arena, size_t size);

/* n zeroed items; NULL also when n * size overflows. */
void *arena_alloc_array(Arena *arena, size_t n, size_t size);

/* A NUL-terminated copy of text[0..len). */
char *arena_copy_text(Arena *arena, const char *text, size_t len);

/* Bytes handed out so far. */
size_t arena_used(const Arena *arena);
