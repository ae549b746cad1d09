/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/zoneinfo.h"

#include <errno.h>

#include "base/lines.h"
#include "base/number.h"

/* The file is a list of zones, each with its values indented below a heading "Node 0, zone Normal";
 * some of a node's come first in its first zone, and further down the words min, low and high
 * return with a colon. */
typedef struct Scan {
        Zoneinfo sum;
        Zoneinfo zone; /* the current one; its reserve is the largest of its protections as yet */
} Scan;

static void add(uint64_t *sum, uint64_t n) {
        *sum = add_sat_u64(*sum, n);
}

static void end_zone(Scan *s) {
        uint64_t reserve = add_sat_u64(s->zone.high_pages, s->zone.reserve_pages);

        if (s->zone.managed_pages >
                0) { /* an empty zone shows watermarks too, and nothing waits behind them */
                s->sum.zones++;
                add(&s->sum.free_pages, s->zone.free_pages);
                add(&s->sum.managed_pages, s->zone.managed_pages);
                add(&s->sum.min_pages, s->zone.min_pages);
                add(&s->sum.low_pages, s->zone.low_pages);
                add(&s->sum.high_pages, s->zone.high_pages);
                add(&s->sum.reserve_pages, MIN(reserve, s->zone.managed_pages));
        }
        s->zone = (Zoneinfo){ 0 };
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

                s->zone.reserve_pages = MAX(s->zone.reserve_pages, n);
                i += used > 0 ? (size_t) used : 1;
        }
}

static void take_line(Scan *s, Slice line) {
        const struct {
                Slice key;
                uint64_t *value;
        } rows[] = {
                { SLICE("min"), &s->zone.min_pages },
                { SLICE("low"), &s->zone.low_pages },
                { SLICE("high"), &s->zone.high_pages },
                { SLICE("managed"), &s->zone.managed_pages },
        };
        Slice rest = line, word;

        if (!slice_next_word(&rest, &word))
                return;

        if (slice_equals(word, SLICE("Node")))
                end_zone(s);
        else if (slice_equals(word, SLICE("protection:")))
                take_protection(s, rest);
        else if (slice_equals(word, SLICE("pages"))) {
                if (slice_next_word(&rest, &word) && slice_equals(word, SLICE("free")))
                        s->zone.free_pages = take_number(&rest);
        } else
                for (size_t i = 0; i < ELEMENTS(rows); i++)
                        if (slice_equals(word, rows[i].key))
                                *rows[i].value = take_number(&rest);
}

static int finish(Scan *s, Zoneinfo *ret) {
        end_zone(s);
        if (s->sum.zones == 0 || s->sum.low_pages == 0)
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
