/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/json-read.h"

#include <string.h>

#include <json-c/json.h>

/* Far deeper than anything that is written. */
#define DEPTH_MAX 16

static Json *parse(const char *text, size_t len) {
        struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
        Json *json;

        if (!tokener)
                return NULL;
        json = json_tokener_parse_ex(tokener, text, (int) len);
        if (json_tokener_get_error(tokener) != json_tokener_success ||
                json_tokener_get_parse_end(tokener) != len ||
                !json_object_is_type(json, json_type_object))
                json = json_free(json);
        json_tokener_free(tokener);
        return json;
}

Json *json_read(const char *text) {
        size_t len = strlen(text);

        while (len > 0 && text[len - 1] == '\n')
                len--;
        return parse(text, len);
}

void json_put_read(Json *map, const char *key, const char *text, size_t len) {
        Json *json = parse(text, len);

        if (json && (!map || json_object_object_add(map, key, json) != 0))
                json_object_put(json);
}

Json *json_get(Json *map, const char *key) {
        Json *value = NULL;

        return json_object_is_type(map, json_type_object) &&
                        json_object_object_get_ex(map, key, &value)
                ? value
                : NULL;
}

const char *json_get_text(Json *map, const char *key) {
        Json *value = json_get(map, key);

        return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

uint64_t json_get_number(Json *map, const char *key) {
        Json *value = json_get(map, key);

        return json_object_is_type(value, json_type_int) ? json_object_get_uint64(value) : 0;
}

bool json_get_bool(Json *map, const char *key) {
        Json *value = json_get(map, key);

        return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool json_has(Json *map, const char *key) {
        return json_get(map, key) != NULL;
}

size_t json_length(Json *list) {
        return json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
}

Json *json_at(Json *list, size_t i) {
        return i < json_length(list) ? json_object_array_get_idx(list, i) : NULL;
}

void json_remove_at(Json *list, size_t i) {
        if (i < json_length(list))
                (void) json_object_array_del_idx(list, i, 1);
}
