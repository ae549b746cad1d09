/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/arcstats.h"

#include <errno.h>
#include <stdbool.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/number.h"

typedef struct Scan {
        ArcStats stats;
        bool has_size, has_min;
} Scan;

/* "size                            4    1073741824": name, type, value. */
static void take_line(Scan *s, Slice line) {
        Slice name, type, word;
        uint64_t value;

        if (!slice_next_word(&line, &name) || !slice_next_word(&line, &type) ||
                !slice_next_word(&line, &word))
                return;
        if (number_scan_u64(word.at, word.len, &value) != (int) word.len)
                return;

        if (slice_equals(name, SLICE("size"))) {
                s->stats.size_bytes = value;
                s->has_size = true;
        } else if (slice_equals(name, SLICE("c_min"))) {
                s->stats.min_bytes = value;
                s->has_min = true;
        }
}

static int finish(Scan *s, ArcStats *ret) {
        if (!s->has_size || !s->has_min)
                return -EBADMSG;

        s->stats.reclaimable_bytes = sub_sat_u64(s->stats.size_bytes, s->stats.min_bytes);
        *ret = s->stats;
        return ARC_OK;
}

int arcstats_parse(const char *text, ArcStats *ret) {
        Slice rest = slice_of(text), line;
        Scan s = { 0 };

        while (slice_next_line(&rest, &line))
                take_line(&s, line);
        return finish(&s, ret);
}

int arcstats_read_fd(int fd, ArcStats *ret) {
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

int arcstats_open_at(int proc_fd, int *ret) {
        int fd = fdio_open_at(proc_fd, ARC_PATH);

        if (fd == -ENOENT)
                return ARC_ABSENT;
        if (fd < 0)
                return fd;

        *ret = fd;
        return ARC_OK;
}
