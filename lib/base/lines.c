/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lines.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void lines_init(Lines *l, int fd, char *buf, size_t size, bool one_piece) {
        assert(size > 0);
        *l = (Lines){ .fd = fd, .buf = buf, .size = size, .one_piece = one_piece };
}

/* Moves what is left to the front and reads behind it. Returns 0 or negative errno. */
static int refill(Lines *l) {
        size_t want;
        ssize_t n;

        memmove(l->buf, l->buf + l->start, l->end - l->start);
        l->end -= l->start;
        l->start = 0;
        want = l->size - l->end;

        do
                n = pread(l->fd, l->buf + l->end, want, (off_t) l->offset);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        l->end += (size_t) n;
        l->offset += (uint64_t) n;
        l->at_end = n == 0 || (l->one_piece && (size_t) n < want);
        return 0;
}

static Slice without_cr(const char *at, size_t len) {
        return (Slice){ at, len > 0 && at[len - 1] == '\r' ? len - 1 : len };
}

int lines_next(Lines *l, Slice *ret) {
        for (;;) {
                const char *at = l->buf + l->start;
                size_t have = l->end - l->start;
                const char *newline = have > 0 ? memchr(at, '\n', have) : NULL;
                bool skip = l->skipping;
                int r;

                if (newline || (l->at_end && have > 0) || have == l->size) {
                        size_t len = newline ? (size_t) (newline - at) : have;

                        l->start += len + (newline ? 1 : 0);
                        l->skipping = !newline && !l->at_end;
                        if (skip)
                                continue;
                        *ret = without_cr(at, len);
                        return 1;
                }
                if (l->at_end)
                        return 0;

                r = refill(l);
                if (r < 0)
                        return r;
        }
}
