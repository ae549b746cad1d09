/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* "Key: 123 kB" and "key 123": the form of half of /proc, filled into a struct by a table of keys.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef struct KeySpec {
        Slice key;
        size_t offset; /* of the uint64_t in the struct */
        uint64_t bits; /* what to set in KeyScan.have */
        bool is_kib;   /* the value is followed by "kB", and stored in bytes */
} KeySpec;

#define KEY_COUNT(name, type, field, have)                                                         \
        { { (name), sizeof(name) - 1 }, offsetof(type, field), (have), false }
#define KEY_KIB(name, type, field, have)                                                           \
        { { (name), sizeof(name) - 1 }, offsetof(type, field), (have), true }

typedef struct KeyScan {
        const KeySpec *specs;
        size_t n;
        size_t next;         /* where to look first: files keep their order */
        uint64_t have;       /* bits of what was stored */
        uint64_t overflowed; /* bits of what did not fit and was stored as UINT64_MAX */
} KeyScan;

/* Splits a line at its first ':' or blank. False when there is no key or nothing behind it. */
bool keyvalue_split(Slice line, Slice *ret_key, Slice *ret_value);

/* Parses a value: a number and, when is_kib, the unit "kB", without which the line was cut off.
 * Returns 0; -ERANGE with *ret = UINT64_MAX; -EBADMSG with *ret untouched. */
int keyvalue_number(Slice value, bool is_kib, uint64_t *ret);

/* Looks one line up and stores its value into the struct at base. What is unknown, malformed or
 * already there is passed over. */
void keyvalue_take(KeyScan *scan, Slice line, void *base);
