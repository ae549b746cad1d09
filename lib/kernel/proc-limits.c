/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-limits.h"

#include <errno.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/number.h"
#include "kernel/proc.h"

typedef struct Scan {
        ProcLimits limits;
        bool has_stack;
} Scan;

static bool parse_limit(Slice rest, uint64_t *ret) {
        Slice word;

        if (!slice_next_word(&rest, &word))
                return false;
        if (slice_equals(word, SLICE("unlimited"))) {
                *ret = PROC_LIMIT_NONE;
                return true;
        }
        return number_scan_u64(word.at, word.len, ret) == (int) word.len;
}

static void take_line(Scan *s, Slice line) {
        const struct {
                Slice name;
                uint64_t *value;
                bool is_stack;
        } rows[] = {
                { SLICE("Max stack size "), &s->limits.stack_bytes, true },
                { SLICE("Max locked memory "), &s->limits.locked_bytes, false },
                { SLICE("Max address space "), &s->limits.address_space_bytes, false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Slice rest = { line.at + rows[i].name.len, line.len - rows[i].name.len };

                if (slice_starts_with(line, rows[i].name) && parse_limit(rest, rows[i].value))
                        s->has_stack = s->has_stack || rows[i].is_stack;
        }
}

static int finish(const Scan *s, ProcLimits *ret) {
        if (!s->has_stack)
                return -EBADMSG;

        *ret = s->limits;
        return 0;
}

#define SCAN_INIT                                                                                  \
        {                                                                                          \
                .limits = { PROC_LIMIT_NONE, PROC_LIMIT_NONE, PROC_LIMIT_NONE }                    \
        }

int proc_limits_parse(const char *text, ProcLimits *ret) {
        Slice rest = slice_of(text), line;
        Scan s = SCAN_INIT;

        while (slice_next_line(&rest, &line))
                take_line(&s, line);
        return finish(&s, ret);
}

int proc_limits_read_at(int pid_fd, ProcLimits *ret) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "limits");
        Scan s = SCAN_INIT;
        bool any = false;
        char buf[2048];
        Lines lines;
        Slice line;
        int r;

        if (fd < 0)
                return proc_outcome(fd);

        lines_init(&lines, fd, buf, sizeof(buf), true);
        while ((r = lines_next(&lines, &line)) > 0) {
                take_line(&s, line);
                any = true;
        }
        if (r < 0)
                return proc_outcome(r);
        return any ? finish(&s, ret) : PROC_GONE; /* what is ending shows an empty file */
}
