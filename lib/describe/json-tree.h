/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON as it is built here: maps and lists that grow from a root. Strings are made valid UTF-8
 * (what is not, and marks that steer a terminal, become \xNN). Out of memory leaves holes, never a
 * crash: the functions accept NULL for what could not be made. */

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

typedef struct json_object Json;

Json *json_new_map(void);
Json *json_free(Json *json);

static inline void json_freep(Json **json) {
        json_free(*json);
}

/* Adds to a map. `text` NULL: null. A child belongs to its parent. */
void json_put_text(Json *map, const char *key, const char *text);
void json_put_number(Json *map, const char *key, uint64_t number);
void json_put_signed(Json *map, const char *key, int64_t number);
void json_put_bool(Json *map, const char *key, bool truth);
void json_put_null(Json *map, const char *key);
Json *json_put_map(Json *map, const char *key);
Json *json_put_list(Json *map, const char *key);

/* Adds to a list. */
Json *json_add_map(Json *list);
Json *json_add_list(Json *list);
void json_add_text(Json *list, const char *text);
void json_add_signed(Json *list, int64_t number);
void json_add_null(Json *list);

/* The text on one line; the caller frees it. NULL when out of memory. */
char *json_print(Json *json);
