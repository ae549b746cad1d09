/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json-tree.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX 16

/* Json is json-c's own object under a name of ours. json-c takes non-const pointers even to look.
 */
static struct json_object *raw(const Json *json) {
        return (struct json_object *) (uintptr_t) json;
}

static void *must(void *made) {
        if (!made) {
                fputs("avertctl: out of memory\n", stderr);
                exit(CTL_FAILED);
        }
        return made;
}

int json_parse(const char *text, Json **ret) {
        struct json_tokener *tokener = must(json_tokener_new_ex(DEPTH_MAX));
        struct json_object *made;
        enum json_tokener_error error;

        made = json_tokener_parse_ex(tokener, text, (int) strlen(text) + 1);
        error = json_tokener_get_error(tokener);
        json_tokener_free(tokener);
        if (error != json_tokener_success || !made) {
                json_object_put(made);
                return -EINVAL;
        }

        *ret = (Json *) made;
        return 0;
}

Json *json_unref(Json *json) {
        json_object_put(raw(json));
        return NULL;
}

const Json *json_get(const Json *json, const char *key) {
        struct json_object *found = NULL;

        if (json_object_is_type(raw(json), json_type_object))
                (void) json_object_object_get_ex(raw(json), key, &found);
        return (const Json *) found;
}

const char *json_value(const Json *json) {
        if (!json_object_is_type(raw(json), json_type_string))
                return "";
        return json_object_get_string(raw(json));
}

const char *json_text(const Json *json, const char *key) {
        return json_value(json_get(json, key));
}

bool json_flag(const Json *json, const char *key) {
        return json_object_get_boolean(raw(json_get(json, key)));
}

static bool number_of(const Json *json, int64_t *ret) {
        struct json_object *found = raw(json);

        if (!json_object_is_type(found, json_type_int))
                return false;

        *ret = json_object_get_int64(found);
        return true;
}

bool json_number(const Json *json, const char *key, int64_t *ret) {
        return number_of(json_get(json, key), ret);
}

bool json_number_at(const Json *json, size_t i, int64_t *ret) {
        return number_of(json_at(json, i), ret);
}

uint64_t json_count(const Json *json, const char *key) {
        struct json_object *found = raw(json_get(json, key));

        if (!json_object_is_type(found, json_type_int))
                return 0;
        return json_object_get_uint64(found);
}

size_t json_length(const Json *json) {
        if (!json_object_is_type(raw(json), json_type_array))
                return 0;
        return json_object_array_length(raw(json));
}

const Json *json_at(const Json *json, size_t i) {
        return (const Json *) json_object_array_get_idx(raw(json), i);
}

Json *json_member(Json *object, const char *key) {
        return (Json *) raw(json_get(object, key));
}

Json *json_item(Json *list, size_t i) {
        return (Json *) raw(json_at(list, i));
}

Json *json_new_object(void) {
        return must(json_object_new_object());
}

Json *json_new_list(void) {
        return must(json_object_new_array());
}

void json_set(Json *object, const char *key, Json *value) {
        if (json_object_object_add(raw(object), key, raw(value)) < 0)
                (void) must(NULL);
}

void json_set_text(Json *object, const char *key, const char *text) {
        static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
        size_t len = strlen(text), n = 0;
        char *copy = must(malloc(len * 3 + 1));

        for (size_t i = 0; i < len;) {
                size_t sequence = utf8_sequence(text + i, len - i);

                if (sequence > 0)
                        memcpy(copy + n, text + i, sequence);
                else
                        memcpy(copy + n, replacement, 3);
                n += sequence > 0 ? sequence : 3;
                i += sequence > 0 ? sequence : 1;
        }

        json_set(object, key, must(json_object_new_string_len(copy, (int) n)));
        free(copy);
}

void json_set_number(Json *object, const char *key, int64_t value) {
        json_set(object, key, must(json_object_new_int64(value)));
}

void json_set_count(Json *object, const char *key, uint64_t value) {
        json_set(object, key, must(json_object_new_uint64(value)));
}

void json_set_flag(Json *object, const char *key, bool value) {
        json_set(object, key, must(json_object_new_boolean(value)));
}

void json_append(Json *list, Json *value) {
        if (json_object_array_add(raw(list), raw(value)) < 0)
                (void) must(NULL);
}

void json_write(const Json *json, JsonMode mode, FILE *out) {
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

        flags |= mode == JSON_PRETTY ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
                                     : JSON_C_TO_STRING_PLAIN;
        fputs(json_object_to_json_string_ext(raw(json), flags), out);
        fputc('\n', out);
}
