/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JSON for avertctl: reading what the daemon says, writing what a recording showed. Hides json-c.
 * Reading is lenient (a missing member is "", false or unknown), since a daemon of another version
 * may answer; making ends the program when there is no memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/ctl.h"
#include "describe/json-tree.h"

/* 0 or -EINVAL; the caller owns *ret. */
int json_parse(const char *text, Json **ret);
Json *json_unref(Json *json);

static inline void json_unrefp(Json **json) {
        json_unref(*json);
}

/* Members of an object; NULL is an object without members. Borrowed. */
const Json *json_get(const Json *json, const char *key);
const char *json_text(const Json *json, const char *key);
bool json_flag(const Json *json, const char *key);

/* False when there is none, or null: *ret is untouched then. */
bool json_number(const Json *json, const char *key, int64_t *ret);

/* The same with 0 for unknown, and never negative: counters. */
uint64_t json_count(const Json *json, const char *key);

/* Items of a list; NULL is an empty one. */
size_t json_length(const Json *json);
const Json *json_at(const Json *json, size_t i);

/* Both of what is to be changed; NULL where there is none. */
Json *json_member(Json *object, const char *key);
Json *json_item(Json *list, size_t i);

/* A number in a list; false when there is none, or null: *ret is untouched then. */
bool json_number_at(const Json *json, size_t i, int64_t *ret);

/* The text of a scalar, "" for all else. */
const char *json_value(const Json *json);

Json *json_new_object(void);
Json *json_new_list(void);
void json_set(Json *object, const char *key, Json *value); /* takes value over; NULL is null */
void json_set_text(Json *object, const char *key, const char *text); /* invalid UTF-8 is replaced */
void json_set_number(Json *object, const char *key, int64_t value);
void json_set_count(Json *object, const char *key, uint64_t value);
void json_set_flag(Json *object, const char *key, bool value);
void json_append(Json *list, Json *value); /* takes value over */

/* One document and a newline. */
void json_write(const Json *json, JsonMode mode, FILE *out);
