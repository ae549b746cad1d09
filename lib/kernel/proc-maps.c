/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-maps.h"

#include <errno.h>
#include <limits.h>

#include "base/fdio.h"
#include "base/lines.h"
#include "base/macro.h"
#include "kernel/proc.h"

enum { BEFORE_PATH_MAX = 128 };

static int digit_of(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes a hexadecimal number and the character behind it. */
static bool take_hex(Slice *rest, char behind, uint64_t *ret) {
        uint64_t value = 0;
        size_t n = 0;

        for (; n < rest->len && digit_of(rest->at[n]) >= 0; n++) {
                if (value >> 60 != 0)
                        return false;
                value = value << 4 | (uint64_t) digit_of(rest->at[n]);
        }
        if (n == 0 || n >= rest->len || rest->at[n] != behind)
                return false;
        *rest = (Slice){ rest->at + n + 1, rest->len - n - 1 };
        *ret = value;
        return true;
}

static Slice without_spaces(Slice s) {
        while (s.len > 0 && s.at[0] == ' ')
                s = (Slice){ s.at + 1, s.len - 1 };
        return s;
}

int proc_maps_parse_line(Slice line, ProcMapping *ret) {
        Slice rest = line, mode, word;
        uint64_t from, to, offset;

        if (!take_hex(&rest, '-', &from) || !take_hex(&rest, ' ', &to) || to <= from ||
                !slice_next_word(&rest, &mode) || mode.len != 4)
                return -EBADMSG;
        rest = without_spaces(rest);
        if (!take_hex(&rest, ' ', &offset) || !slice_next_word(&rest, &word) || /* device */
                !slice_next_word(&rest, &word))                                 /* inode */
                return -EBADMSG;
        rest = without_spaces(rest);
        if (mode.at[0] != 'r' || mode.at[1] == 'w' || rest.len == 0 || rest.at[0] != '/')
                return 0;
        *ret = (ProcMapping){ .path = rest, .offset = offset, .bytes = to - from };
        return 1;
}

int proc_maps_read_at(int pid_fd, bool (*take)(void *ctx, const ProcMapping *mapping), void *ctx) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "maps");
        char buf[PATH_MAX + BEFORE_PATH_MAX];
        ProcMapping mapping;
        bool any = false;
        Lines lines;
        Slice line;
        int r;

        if (fd < 0)
                return proc_outcome(fd);

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0) {
                any = true;
                if (proc_maps_parse_line(line, &mapping) > 0 && !take(ctx, &mapping))
                        break;
        }
        if (r < 0)
                return proc_outcome(r);
        return any ? PROC_OK : PROC_GONE; /* what is ending, and a kernel thread, show nothing */
}
