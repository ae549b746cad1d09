/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-range.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

/* What a range of the kind is made of. A bare number means itself where that is useful. */
static const struct {
        const char *key;
        unsigned quantity;
        int64_t min, max;
        bool exact;
        const char *example;
} kinds[] = {
        [RANGE_UID] = { "uid", 1u << QUANTITY_COUNT, 0, UINT32_MAX - 1, true,
                "1000, alice or 1000..60000" },
        [RANGE_GID] = { "gid", 1u << QUANTITY_COUNT, 0, UINT32_MAX - 1, true,
                "1000, staff or 1000..60000" },
        [RANGE_AGE] = { "age", 1u << QUANTITY_USEC, 0, INT64_MAX, false, "\"> 5min\" or 1s..1min" },
        [RANGE_SIZE] = { "size", 1u << QUANTITY_BYTES, 0, INT64_MAX, false,
                "\"> 200M\" or 100M..1G" },
        [RANGE_OOM_SCORE_ADJ] = { "oom_score_adj", 1u << QUANTITY_COUNT, -1000, 1000, true,
                "-1000, \"> 0\" or 100..300" },
};

/* One bound out of a value: a node that shares the place of the whole. */
static bool parse_bound(Loader *l, const YamlNode *value, const char *text, size_t len,
        RangeKind kind, int64_t *ret) {
        char copy[64] = "";
        YamlNode part = *value;
        Quantity q;

        if (len >= sizeof(copy)) {
                loader_error(l, value, "\"%s\" is too long for a number", value->text);
                return false;
        }
        memcpy(copy, text, len);
        part.text = copy;
        part.len = len;
        if (!node_quantity(l, &part, kinds[kind].quantity, kinds[kind].min, kinds[kind].max,
                    kinds[kind].key, kinds[kind].example, &q))
                return false;
        *ret = q.value;
        return true;
}

static bool apply_op(CompareOp op, int64_t bound, Range *range) {
        switch (op) {
        case COMPARE_LT:
                range->max = bound - 1; /* no bound is INT64_MIN */
                break;
        case COMPARE_LE:
                range->max = bound;
                break;
        case COMPARE_GT:
                if (bound == INT64_MAX)
                        return false;
                range->min = bound + 1;
                break;
        case COMPARE_GE:
                range->min = bound;
                break;
        case _COMPARE_MAX:
        default:
                return false;
        }
        return range->min <= range->max;
}

static bool is_number(const char *text) {
        return *text == '-' || *text == '.' || (*text >= '0' && *text <= '9');
}

/* A name of the user database: blocks as long as the name service does. Names that it does not know
 * are errors: a protection that silently protects nobody is worse than a policy that must be
 * corrected. */
static bool look_up(Loader *l, const YamlNode *value, RangeKind kind, int64_t *ret) {
        const char *what = kind == RANGE_UID ? "user" : "group";
        bool found = false;

        errno = 0;
        if (kind == RANGE_UID) {
                const struct passwd *pw = getpwnam(value->text);

                if (pw) {
                        *ret = pw->pw_uid;
                        found = true;
                }
        } else {
                const struct group *gr = getgrnam(value->text);

                if (gr) {
                        *ret = gr->gr_gid;
                        found = true;
                }
        }
        if (!found)
                loader_error(l, value, "there is no %s \"%s\" here (its number would do)", what,
                        value->text);
        return found;
}

/* OP VALUE */
static bool parse_comparison(
        Loader *l, const YamlNode *value, CompareOp op, size_t skip, RangeKind kind, Range *range) {
        const char *text = value->text + skip;
        int64_t bound;

        text += strspn(text, " ");
        if (!parse_bound(l, value, text, strlen(text), kind, &bound))
                return false;
        if (apply_op(op, bound, range))
                return true;
        loader_error(l, value, "\"%s\" can never be true", value->text);
        return false;
}

/* VALUE..VALUE */
static bool parse_span(
        Loader *l, const YamlNode *value, const char *dots, RangeKind kind, Range *range) {
        const char *low = value->text, *high = dots + 2;

        if (!parse_bound(l, value, low, (size_t) (dots - low), kind, &range->min) ||
                !parse_bound(l, value, high, strlen(high), kind, &range->max))
                return false;
        if (range->min <= range->max)
                return true;
        loader_error(l, value, "\"%s\" ends before it begins", value->text);
        return false;
}

/* A number, or the name of a user or group. */
static bool parse_exact(Loader *l, const YamlNode *value, RangeKind kind, Range *range) {
        const char *minus = strchr(value->text + 1, '-');
        int64_t id;
        bool ok;

        if (!is_number(value->text))
                ok = kind == RANGE_OOM_SCORE_ADJ
                        ? parse_bound(l, value, value->text, value->len, kind, &id)
                        : look_up(l, value, kind, &id);
        else if (minus && is_number(minus + 1)) {
                loader_error(l, value, "a range is written with two dots (did you mean %.*s..%s?)",
                        (int) (minus - value->text), value->text, minus + 1);
                ok = false;
        } else
                ok = parse_bound(l, value, value->text, value->len, kind, &id);

        if (ok)
                *range = (Range){ id, id };
        return ok;
}

bool config_range_parse(Loader *l, const YamlNode *value, RangeKind kind, Range *ret) {
        Range range = { kinds[kind].min, kinds[kind].max };
        const char *dots;
        CompareOp op;
        size_t n;
        bool ok;

        if (!node_is_word(l, value, kinds[kind].key))
                return false;

        n = compare_scan(value->text, &op);
        dots = strstr(value->text, "..");
        if (n > 0)
                ok = parse_comparison(l, value, op, n, kind, &range);
        else if (dots && is_number(value->text))
                ok = parse_span(l, value, dots, kind, &range);
        else if (kinds[kind].exact)
                ok = parse_exact(l, value, kind, &range);
        else {
                loader_error(l, value, "\"%s\" needs a comparison (it looks like %s)",
                        kinds[kind].key, kinds[kind].example);
                ok = false;
        }

        if (ok)
                *ret = range;
        return ok;
}
