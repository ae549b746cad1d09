/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reading JSON that the daemon wrote itself, and changing it in place. Lenient: what is missing or
 * of another type is NULL, 0 or false, also of NULL. */

#include <stddef.h>

#include "describe/json-tree.h"

/* A map, which the caller frees, or NULL: not JSON, nothing but a map on top, or no memory. */
Json *json_read(const char *text);

Json *json_get(Json *map, const char *key);
const char *json_get_text(Json *map, const char *key); /* "": none */
uint64_t json_get_number(Json *map, const char *key);
bool json_get_bool(Json *map, const char *key);
bool json_has(Json *map, const char *key); /* and it is not null */

size_t json_length(Json *list);
Json *json_at(Json *list, size_t i);
void json_remove_at(Json *list, size_t i);

/* Puts a map that was written with json_print() into another one; nothing when it is none. */
void json_put_read(Json *map, const char *key, const char *text, size_t len);
