/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Numbers with units as policies write them: "8%", "512M", "100ms", "20M/s", "3". Pure. */

#include <stdint.h>

#include "base/text.h"

typedef enum QuantityKind {
        QUANTITY_COUNT,         /* no unit */
        QUANTITY_BYTES,         /* B K M G T, of 1024 */
        QUANTITY_PERMYRIAD,     /* %, at most two decimals */
        QUANTITY_USEC,          /* ms s min h */
        QUANTITY_COUNT_PER_SEC, /* /s /min */
        QUANTITY_BYTES_PER_SEC, /* K/s, M/min, … */
} QuantityKind;

typedef struct Quantity {
        QuantityKind kind;
        int64_t value;
} Quantity;

/* Parses a whole text. 0; or -EINVAL / -ERANGE with a sentence without a full stop in *ret_reason
 * (static) and *ret untouched. Decimals are taken where the unit can express them exactly; bytes
 * are rounded down. A minus sign is taken: whether the number may be negative is for the caller to
 * say. */
int quantity_parse(const char *text, Quantity *ret, const char **ret_reason);

/* Writes a quantity so that quantity_parse() gives it back: the largest unit that divides it. */
void quantity_print(Quantity q, TextBuf *out);
