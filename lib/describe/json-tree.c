/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe/json-tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/utf8.h"

Json *json_new_map(void) {
        return json_object_new_object();
}

Json *json_free(Json *json) {
        json_object_put(json);
        return NULL;
}

/* Both return the value that is now the parent's, or NULL (and free it) when it could not be added.
 */
static Json *put(Json *map, const char *key, Json *value) {
        if (map && json_object_object_add(map, key, value) == 0)
                return value;
        json_object_put(value);
        return NULL;
}

static Json *add(Json *list, Json *value) {
        if (list && value && json_object_array_add(list, value) == 0)
                return value;
        json_object_put(value);
        return NULL;
}

/* json-c writes control characters below 0x20 as \u00NN by itself and passes everything else on. */
static Json *make_text(const char *text) {
        _cleanup_free_ char *clean = NULL;
        size_t len = strlen(text);
        size_t n = 0;

        clean = malloc(4 * len + 1);
        if (!clean)
                return NULL;

        for (size_t i = 0; i < len;) {
                size_t k = utf8_sequence(text + i, len - i);

                if (k > 0 &&
                        ((unsigned char) text[i] < ' ' ? k == 1 : !utf8_is_steering(text + i, k))) {
                        memcpy(clean + n, text + i, k);
                        n += k;
                        i += k;
                        continue;
                }
                for (k = MAX(k, (size_t) 1); k > 0; k--, i++)
                        n += (size_t) sprintf(clean + n, "\\x%02x", (unsigned char) text[i]);
        }

        return json_object_new_string_len(clean, (int) n);
}

void json_put_text(Json *map, const char *key, const char *text) {
        put(map, key, text ? make_text(text) : NULL);
}

void json_put_number(Json *map, const char *key, uint64_t number) {
        put(map, key, json_object_new_uint64(number));
}

void json_put_signed(Json *map, const char *key, int64_t number) {
        put(map, key, json_object_new_int64(number));
}

void json_put_bool(Json *map, const char *key, bool truth) {
        put(map, key, json_object_new_boolean(truth));
}

void json_put_null(Json *map, const char *key) {
        put(map, key, NULL);
}

Json *json_put_map(Json *map, const char *key) {
        return put(map, key, json_object_new_object());
}

Json *json_put_list(Json *map, const char *key) {
        return put(map, key, json_object_new_array());
}

Json *json_add_map(Json *list) {
        return add(list, json_object_new_object());
}

Json *json_add_list(Json *list) {
        return add(list, json_object_new_array());
}

void json_add_signed(Json *list, int64_t number) {
        add(list, json_object_new_int64(number));
}

void json_add_null(Json *list) {
        if (list)
                (void) json_object_array_add(list, NULL);
}

void json_add_text(Json *list, const char *text) {
        add(list, make_text(text));
}

char *json_print(Json *json) {
        const char *text;

        if (!json)
                return NULL;
        text = json_object_to_json_string_ext(
                json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        return text ? strdup(text) : NULL;
}
