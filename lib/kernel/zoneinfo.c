/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/zoneinfo.h"

#include <errno.h>
#include <stdbool.h>

#include "base/lines.h"
#include "base/number.h"

/* The file is a list of zones, each with its values indented below a heading "Node 0, zone Normal";
 * some of a node's come first in its first zone, and further down the words min, low and high
 * return with a colon. */
typedef struct Scan {
        Zoneinfo sum;
        uint64_t high, managed, protection; /* of the current zone */
        bool has_watermarks;
} Scan;

static void end_zone(Scan *s) {
        uint64_t reserve = add_sat_u64(s->high, s->protection);

        if (s->managed > 0)
                s->sum.zones++;
        s->sum.reserve_pages = add_sat_u64(s->sum.reserve_pages, MIN(reserve, s->managed));
        s->high = s->managed = s->protection = 0;
}

static uint64_t take_number(Slice *rest) {
        uint64_t n = 0;
        Slice word;

        if (slice_next_word(rest, &word))
                (void) number_scan_u64(word.at, word.len, &n); /* 0 when it is none */
        return n;
}

static void take_protection(Scan *s, Slice rest) {
        for (size_t i = 0; i < rest.len;) {
                uint64_t n = 0;
                int used = number_scan_u64(rest.at + i, rest.len - i, &n);

                s->protection = MAX(s->protection, n);
                i += used > 0 ? (size_t) used : 1;
        }
}

static void take_line(Scan *s, Slice line) {
        Slice rest = line, word;

        if (!slice_next_word(&rest, &word))
                return;

        if (slice_equals(word, SLICE("Node")))
                end_zone(s);
        else if (slice_equals(word, SLICE("pages"))) {
                if (slice_next_word(&rest, &word) && slice_equals(word, SLICE("free")))
                        s->sum.free_pages = add_sat_u64(s->sum.free_pages, take_number(&rest));
        } else if (slice_equals(word, SLICE("min"))) {
                s->sum.min_pages = add_sat_u64(s->sum.min_pages, take_number(&rest));
                s->has_watermarks = true;
        } else if (slice_equals(word, SLICE("low")))
                s->sum.low_pages = add_sat_u64(s->sum.low_pages, take_number(&rest));
        else if (slice_equals(word, SLICE("high"))) {
                s->high = take_number(&rest);
                s->sum.high_pages = add_sat_u64(s->sum.high_pages, s->high);
        } else if (slice_equals(word, SLICE("managed"))) {
                s->managed = take_number(&rest);
                s->sum.managed_pages = add_sat_u64(s->sum.managed_pages, s->managed);
        } else if (slice_equals(word, SLICE("protection:")))
                take_protection(s, rest);
}

static int finish(Scan *s, Zoneinfo *ret) {
        end_zone(s);
        if (!s->has_watermarks)
                return -EBADMSG;

        *ret = s->sum;
        return 0;
}

int zoneinfo_parse(const char *text, Zoneinfo *ret) {
        Slice rest = slice_of(text), line;
        Scan s = { 0 };

        while (slice_next_line(&rest, &line))
                take_line(&s, line);
        return finish(&s, ret);
}

int zoneinfo_read_fd(int fd, Zoneinfo *ret) {
        Scan s = { 0 };
        char buf[2048];
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0)
                take_line(&s, line);
        return r < 0 ? r : finish(&s, ret);
}
