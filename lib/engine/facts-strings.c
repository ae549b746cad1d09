/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/facts-strings.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MIN 256

typedef struct FactString {
        struct FactString *next;
        uint32_t hash;
        uint32_t refs;
        char text[];
} FactString;

struct FactStrings {
        FactString **buckets;
        size_t n_buckets; /* a power of two */
        size_t n;
};

/* FNV-1a */
static uint32_t hash_text(const char *text, size_t len) {
        uint32_t h = UINT32_C(2166136261);

        for (size_t i = 0; i < len; i++)
                h = (h ^ (unsigned char) text[i]) * UINT32_C(16777619);
        return h;
}

static FactString *string_of(const char *text) {
        return (FactString *) (uintptr_t) (text - offsetof(FactString, text));
}

int fact_strings_new(FactStrings **ret) {
        FactStrings *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->n_buckets = BUCKETS_MIN;
        t->buckets = calloc(t->n_buckets, sizeof(FactString *));
        if (!t->buckets) {
                free(t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

FactStrings *fact_strings_free(FactStrings *t) {
        if (!t)
                return NULL;

        for (size_t i = 0; i < t->n_buckets; i++)
                for (FactString *s = t->buckets[i], *next; s; s = next) {
                        next = s->next;
                        free(s);
                }
        free(t->buckets);
        free(t);
        return NULL;
}

/* Without memory for it the chains just get longer. */
static void grow(FactStrings *t) {
        size_t n = t->n_buckets * 2;
        FactString **buckets = calloc(n, sizeof(FactString *));

        if (!buckets)
                return;
        for (size_t i = 0; i < t->n_buckets; i++)
                for (FactString *s = t->buckets[i], *next; s; s = next) {
                        next = s->next;
                        s->next = buckets[s->hash & (n - 1)];
                        buckets[s->hash & (n - 1)] = s;
                }
        free(t->buckets);
        t->buckets = buckets;
        t->n_buckets = n;
}

const char *fact_strings_ref(FactStrings *t, const char *text, size_t len) {
        size_t n = strnlen(text, len);
        uint32_t hash = hash_text(text, n);
        FactString *s;

        if (n == 0)
                return "";

        for (s = t->buckets[hash & (t->n_buckets - 1)]; s; s = s->next)
                if (s->hash == hash && strncmp(s->text, text, n) == 0 && s->text[n] == '\0') {
                        s->refs++;
                        return s->text;
                }

        s = malloc(sizeof(*s) + n + 1);
        if (!s)
                return NULL;
        s->hash = hash;
        s->refs = 1;
        memcpy(s->text, text, n);
        s->text[n] = '\0';

        if (++t->n > t->n_buckets)
                grow(t);
        s->next = t->buckets[hash & (t->n_buckets - 1)];
        t->buckets[hash & (t->n_buckets - 1)] = s;
        return s->text;
}

const char *fact_strings_again(FactStrings *t, const char *text) {
        (void) t;
        if (text[0] != '\0')
                string_of(text)->refs++;
        return text;
}

void fact_strings_unref(FactStrings *t, const char *text) {
        FactString *s;
        FactString **at;

        if (!text || text[0] == '\0')
                return;

        s = string_of(text);
        assert(s->refs > 0);
        if (--s->refs > 0)
                return;

        at = &t->buckets[s->hash & (t->n_buckets - 1)];
        while (*at != s)
                at = &(*at)->next;
        *at = s->next;
        t->n--;
        free(s);
}

size_t fact_strings_count(const FactStrings *t) {
        return t->n;
}
