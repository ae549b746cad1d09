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
        YamlNode part = *value;
        Quantity q;
        char *copy;

        copy = arena_copy_text(l->scratch, text, len);
        if (!copy)
                return false; /* the next allocation fails too, and says so */
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

/* A name of the user database. Names that it does not know are errors: a protection that silently
 * protects nobody is worse than a policy that must be corrected. */
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

bool config_range_parse(Loader *l, const YamlNode *value, RangeKind kind, Range *ret) {
        Range range = { kinds[kind].min, kinds[kind].max };
        const char *text, *dots;
        CompareOp op;
        int64_t bound;
        size_t n;

        if (!node_is_word(l, value, kinds[kind].key))
                return false;

        text = value->text;
        n = compare_scan(text, &op);
        dots = strstr(text, "..");
        if (n > 0) {
                text += n;
                text += strspn(text, " ");
                if (!parse_bound(l, value, text, strlen(text), kind, &bound))
                        return false;
                if (!apply_op(op, bound, &range)) {
                        loader_error(l, value, "\"%s\" can never be true", value->text);
                        return false;
                }
        } else if (dots && is_number(text)) {
                if (!parse_bound(l, value, text, (size_t) (dots - text), kind, &range.min) ||
                        !parse_bound(l, value, dots + 2, strlen(dots + 2), kind, &range.max))
                        return false;
                if (range.min > range.max) {
                        loader_error(l, value, "\"%s\" ends before it begins", value->text);
                        return false;
                }
        } else if (kinds[kind].exact) {
                bool name = (kind == RANGE_UID || kind == RANGE_GID) && !is_number(text);

                if (name ? !look_up(l, value, kind, &bound)
                         : !parse_bound(l, value, text, strlen(text), kind, &bound))
                        return false;
                range = (Range){ bound, bound };
        } else {
                loader_error(l, value, "\"%s\" needs a comparison (it looks like %s)",
                        kinds[kind].key, kinds[kind].example);
                return false;
        }

        *ret = range;
        return true;
}
