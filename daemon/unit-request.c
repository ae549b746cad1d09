/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-request.h"

#include <errno.h>
#include <inttypes.h>

#include "base/number.h"

static const char *const verb_names[_UNIT_VERB_MAX] = {
        [UNIT_STOP] = "stop",
        [UNIT_RESTART] = "restart",
};

/* A name, or the beginning of names where it does not end in a kind of unit. Storage, because the
 * root file system may lie on it; polkit and the bus, because logging in does. */
static const char *const vital[] = {
        "avert",
        "dbus",
        "dm-event.service",
        "emergency.service",
        "init.scope",
        "initrd-",
        "iscsid.service",
        "lvm2-",
        "mdmon",
        "multipathd.service",
        "open-iscsi.service",
        "polkit",
        "rescue.service",
        "systemd-",
};

const char *unit_verb_name(UnitVerb verb) {
        return verb_names[verb];
}

static bool ends_with(Slice s, Slice end) {
        return s.len > end.len && slice_equals((Slice){ s.at + s.len - end.len, end.len }, end);
}

static bool is_unit_char(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                (c != '\0' && strchr(":-_.\\@", c));
}

static bool is_valid(Slice name) {
        const char *at;
        size_t dot;

        if (name.len == 0 || name.len >= UNIT_NAME_SIZE)
                return false;
        for (size_t i = 0; i < name.len; i++)
                if (!is_unit_char(name.at[i]))
                        return false;
        if (!ends_with(name, SLICE(".service")) && !ends_with(name, SLICE(".scope")))
                return false;

        /* "@" neither first nor last before the kind: foo@.service is a template */
        for (dot = name.len - 1; name.at[dot] != '.'; dot--)
                ;
        at = memchr(name.at, '@', name.len);
        return !at || (at != name.at && at + 1 < name.at + dot);
}

bool unit_name_is_valid(const char *name) {
        return is_valid(slice_of(name));
}

bool unit_is_vital(const char *name) {
        Slice s = slice_of(name);

        for (size_t i = 0; i < ELEMENTS(vital); i++) {
                Slice v = slice_of(vital[i]);
                bool whole = ends_with(v, SLICE(".service")) || ends_with(v, SLICE(".scope"));

                if (whole ? slice_equals(s, v) : slice_starts_with(s, v))
                        return true;
        }
        return false;
}

static bool parse_verb(Slice word, UnitVerb *ret) {
        for (unsigned i = 0; i < _UNIT_VERB_MAX; i++)
                if (slice_equals(word, slice_of(verb_names[i]))) {
                        *ret = (UnitVerb) i;
                        return true;
                }
        return false;
}

/* Digits and nothing else; false beyond max as well. */
static bool parse_number(Slice word, uint64_t max, uint64_t *ret) {
        uint64_t n = 0;
        int r;

        r = number_scan_u64(word.at, word.len, &n);
        if (r < 0 || (size_t) r != word.len || n > max)
                return false;
        *ret = n;
        return true;
}

int unit_request_parse(const char *text, size_t len, UnitRequest *ret) {
        Slice rest = { text, len }, verb, unit, time;
        UnitRequest q = {};
        uint64_t msec;

        if (len >= UNIT_LINE_MAX || !slice_next_word(&rest, &verb) ||
                !slice_next_word(&rest, &unit) || !slice_next_word(&rest, &time) || rest.len > 0)
                return -EINVAL;
        if (!parse_verb(verb, &q.verb) || !is_valid(unit))
                return -EINVAL;
        if (!parse_number(time, UNIT_TIMEOUT_MAX_USEC / USEC_PER_MSEC, &msec) || msec == 0)
                return -EINVAL;
        memcpy(q.unit, unit.at, unit.len);
        q.timeout_usec = msec * USEC_PER_MSEC;

        if (unit_is_vital(q.unit))
                return -EPERM;
        if (q.verb == UNIT_RESTART && ends_with(unit, SLICE(".scope")))
                return -EOPNOTSUPP;
        *ret = q;
        return 0;
}

void unit_request_print(const UnitRequest *request, TextBuf *ret) {
        usec_t usec = MIN(request->timeout_usec, UNIT_TIMEOUT_MAX_USEC);
        usec_t msec = MAX((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC, (usec_t) 1);

        textbuf_addf(ret, "%s %s %" PRIu64 "\n", unit_verb_name(request->verb), request->unit,
                (uint64_t) msec);
}

int unit_answer_parse(const char *text, size_t len, int *ret) {
        Slice rest = { text, len }, word, number;
        uint64_t error;

        if (len >= UNIT_LINE_MAX || !slice_next_word(&rest, &word))
                return -EINVAL;
        if (slice_equals(word, SLICE("refused"))) {
                if (!slice_next_word(&rest, &number) || !parse_number(number, 4095, &error) ||
                        error == 0)
                        return -EINVAL;
                *ret = -(int) error;
                return 0;
        }

        if (rest.len > 0)
                return -EINVAL;
        if (slice_equals(word, SLICE("done")))
                *ret = UNIT_DONE;
        else if (slice_equals(word, SLICE("late")))
                *ret = UNIT_LATE;
        else
                return -EINVAL;
        return 0;
}

void unit_answer_print(int answer, const char *words, TextBuf *ret) {
        if (answer == UNIT_DONE)
                textbuf_add(ret, "done\n");
        else if (answer > 0)
                textbuf_add(ret, "late\n");
        else if (words && *words)
                textbuf_addf(ret, "refused %d %.256s\n", -answer, words);
        else
                textbuf_addf(ret, "refused %d\n", -answer);
}
