/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/quantity.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/number.h"

#define DECIMALS_MAX 6

typedef struct Unit {
        const char *name;
        QuantityKind kind;
        int64_t factor;
} Unit;

/* Of each kind the largest first: quantity_print() takes the first that divides the value. */
static const Unit units[] = {
        { "T", QUANTITY_BYTES, INT64_C(1) << 40 },
        { "G", QUANTITY_BYTES, INT64_C(1) << 30 },
        { "M", QUANTITY_BYTES, INT64_C(1) << 20 },
        { "K", QUANTITY_BYTES, INT64_C(1) << 10 },
        { "B", QUANTITY_BYTES, 1 },
        { "h", QUANTITY_USEC, (int64_t) USEC_PER_HOUR },
        { "min", QUANTITY_USEC, (int64_t) USEC_PER_MIN },
        { "s", QUANTITY_USEC, (int64_t) USEC_PER_SEC },
        { "ms", QUANTITY_USEC, (int64_t) USEC_PER_MSEC },
        { "%", QUANTITY_PERMYRIAD, 100 },
        { "", QUANTITY_COUNT, 1 },
};

/* What people write instead, and what to tell them. */
static const struct {
        const char *name;
        const char *reason;
} mistakes[] = {
        { "k", "the unit of kibibytes is K" },
        { "KB", "sizes are written with K, M, G or T, of 1024" },
        { "MB", "sizes are written with K, M, G or T, of 1024" },
        { "GB", "sizes are written with K, M, G or T, of 1024" },
        { "TB", "sizes are written with K, M, G or T, of 1024" },
        { "kB", "sizes are written with K, M, G or T, of 1024" },
        { "Ki", "sizes are written with K, M, G or T, of 1024" },
        { "Mi", "sizes are written with K, M, G or T, of 1024" },
        { "Gi", "sizes are written with K, M, G or T, of 1024" },
        { "KiB", "sizes are written with K, M, G or T, of 1024" },
        { "MiB", "sizes are written with K, M, G or T, of 1024" },
        { "GiB", "sizes are written with K, M, G or T, of 1024" },
        { "TiB", "sizes are written with K, M, G or T, of 1024" },
        { "m", "m is no unit: write min for minutes or M for mebibytes" },
        { "g", "the unit of gibibytes is G" },
        { "sec", "the unit of seconds is s" },
        { "secs", "the unit of seconds is s" },
        { "seconds", "the unit of seconds is s" },
        { "mins", "the unit of minutes is min" },
        { "minutes", "the unit of minutes is min" },
        { "hours", "the unit of hours is h" },
        { "d", "days are written in hours: 24h" },
        { "us", "the smallest unit of time is ms" },
};

/* A decimal number as digits * 10^-decimals. */
typedef struct Decimal {
        int64_t digits;
        int64_t scale;
        bool negative;
} Decimal;

static int scan_decimal(const char **text, Decimal *ret, const char **ret_reason) {
        Decimal d = { .scale = 1 };
        bool any = false, point = false;
        const char *p = *text;
        int decimals = 0;

        if (*p == '-') {
                d.negative = true;
                p++;
        }
        for (;; p++) {
                if (*p == '.' && any && !point) {
                        point = true;
                        continue;
                }
                if (*p < '0' || *p > '9')
                        break;
                any = true;
                if (point && ++decimals > DECIMALS_MAX) {
                        *ret_reason = "too many decimals";
                        return -EINVAL;
                }
                if (__builtin_mul_overflow(d.digits, 10, &d.digits) ||
                        __builtin_add_overflow(d.digits, *p - '0', &d.digits)) {
                        *ret_reason = "too large";
                        return -ERANGE;
                }
                if (point)
                        d.scale *= 10;
        }
        if (!any || (point && decimals == 0)) {
                *ret_reason = "not a number with a unit";
                return -EINVAL;
        }

        *text = p;
        *ret = d;
        return 0;
}

static const Unit *find_unit(const char *text, size_t len) {
        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (strlen(units[i].name) == len && memcmp(units[i].name, text, len) == 0)
                        return &units[i];
        return NULL;
}

static const char *explain_unit(const char *text, size_t len) {
        if (len > 0 && (*text == ' ' || *text == '\t'))
                return "no blank goes between a number and its unit";
        for (size_t i = 0; i < ELEMENTS(mistakes); i++)
                if (strlen(mistakes[i].name) == len && memcmp(mistakes[i].name, text, len) == 0)
                        return mistakes[i].reason;
        return "unknown unit (there are %, B K M G T, ms s min h, /s /min)";
}

/* The number times the unit's factor; exact, except that bytes are rounded down. */
static int scale_decimal(
        const Decimal *d, const Unit *unit, int64_t *ret, const char **ret_reason) {
        __int128 product = (__int128) d->digits * unit->factor;

        if (product % d->scale != 0 && unit->kind != QUANTITY_BYTES) {
                *ret_reason = unit->kind == QUANTITY_PERMYRIAD
                        ? "a percentage has at most two decimals"
                        : unit->kind == QUANTITY_COUNT ? "a whole number is needed"
                                                       : "times end at the microsecond";
                return -EINVAL;
        }
        product /= d->scale;
        if (product > INT64_MAX) {
                *ret_reason = "too large";
                return -ERANGE;
        }
        *ret = d->negative ? -(int64_t) product : (int64_t) product;
        return 0;
}

static int make_rate(Quantity *q, const char *per, const char **ret_reason) {
        int64_t seconds;

        if (strcmp(per, "s") == 0)
                seconds = 1;
        else if (strcmp(per, "min") == 0)
                seconds = 60;
        else {
                *ret_reason = "a rate is written per second or minute: /s or /min";
                return -EINVAL;
        }
        if (q->kind != QUANTITY_BYTES && q->kind != QUANTITY_COUNT) {
                *ret_reason = "only sizes and counts can be rates";
                return -EINVAL;
        }
        if (q->kind == QUANTITY_COUNT && q->value % seconds != 0) {
                *ret_reason = "that is no whole number per second: 60/min is 1/s";
                return -EINVAL;
        }
        q->value /= seconds;
        q->kind = q->kind == QUANTITY_BYTES ? QUANTITY_BYTES_PER_SEC : QUANTITY_COUNT_PER_SEC;
        return 0;
}

int quantity_parse(const char *text, Quantity *ret, const char **ret_reason) {
        const char *per;
        const Unit *unit;
        Decimal d;
        Quantity q;
        size_t len;
        int r;

        r = scan_decimal(&text, &d, ret_reason);
        if (r < 0)
                return r;

        per = strchr(text, '/');
        len = per ? (size_t) (per - text) : strlen(text);
        unit = find_unit(text, len);
        if (!unit) {
                *ret_reason = explain_unit(text, len);
                return -EINVAL;
        }

        q.kind = unit->kind;
        r = scale_decimal(&d, unit, &q.value, ret_reason);
        if (r < 0)
                return r;
        if (per) {
                r = make_rate(&q, per + 1, ret_reason);
                if (r < 0)
                        return r;
        }

        *ret = q;
        return 0;
}

/* The largest unit that divides the value, the smallest if none does. */
static const Unit *best_unit(QuantityKind kind, int64_t value) {
        const Unit *best = NULL;

        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (units[i].kind == kind) {
                        best = &units[i];
                        if (value != 0 && value % best->factor == 0)
                                break;
                }
        return best;
}

void quantity_print(Quantity q, TextBuf *out) {
        bool rate = q.kind == QUANTITY_BYTES_PER_SEC || q.kind == QUANTITY_COUNT_PER_SEC;
        uint64_t value = q.value < 0 ? -(uint64_t) q.value : (uint64_t) q.value, factor, rest;
        const Unit *unit;
        int width;

        if (q.kind == QUANTITY_USEC && q.value == 0) {
                textbuf_add(out, "0s");
                return;
        }
        if (rate)
                q.kind = q.kind == QUANTITY_BYTES_PER_SEC ? QUANTITY_BYTES : QUANTITY_COUNT;
        unit = best_unit(q.kind, q.value);
        factor = (uint64_t) unit->factor;
        rest = value % factor;

        textbuf_addf(out, "%s%" PRIu64, q.value < 0 ? "-" : "", value / factor);
        if (rest != 0) { /* hundredths of a percent or thousandths of a millisecond */
                for (width = factor == 100 ? 2 : 3; rest % 10 == 0; rest /= 10)
                        width--;
                textbuf_addf(out, ".%0*" PRIu64, width, rest);
        }
        textbuf_addf(out, "%s%s", unit->name, rate ? "/s" : "");
}
