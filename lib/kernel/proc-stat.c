/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-stat.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"
#include "kernel/proc.h"

/* Fields as proc(5) numbers them; the numeric ones begin with ppid. */
enum {
        FIELD_PPID = 4,
        FIELD_PGRP = 5,
        FIELD_SESSION = 6,
        FIELD_TTY = 7,
        FIELD_FLAGS = 9,
        FIELD_MAJFLT = 12,
        FIELD_THREADS = 20,
        FIELD_STARTTIME = 22,
        FIELD_VSIZE = 23,
        FIELD_RSS = 24,
        FIELD_END = 25,
};

/* A signed or unsigned field as 64 bits; what is out of range becomes the largest number. */
static bool scan_field(Slice word, uint64_t *ret) {
        bool negative = word.len > 0 && *word.at == '-';
        uint64_t n = UINT64_MAX;
        int used;

        used = number_scan_u64(word.at + negative, word.len - negative, &n);
        if (used == 0 || (used > 0 && (size_t) used + negative != word.len))
                return false;
        *ret = negative ? 0 - n : n;
        return true;
}

/* Numbers of processes, groups and terminals fit into an int; whatever else stands there is none.
 */
static int to_int(uint64_t n) {
        int64_t i = (int64_t) n;

        return i >= INT_MIN && i <= INT_MAX ? (int) i : 0;
}

static bool parse_head(const char *text, const char *close, ProcStat *s) {
        uint64_t pid;
        size_t len;
        int n;

        n = number_scan_u64(text, strlen(text), &pid);
        if (n <= 0 || pid == 0 || pid > INT_MAX || strncmp(text + n, " (", 2) != 0)
                return false;

        text += n + 2;
        if (close < text)
                return false;
        len = MIN((size_t) (close - text), sizeof(s->comm) - 1);
        memcpy(s->comm, text, len);
        s->pid = (pid_t) pid;
        return true;
}

int proc_stat_parse(const char *text, ProcStat *ret) {
        uint64_t fields[FIELD_END] = { 0 };
        const char *close = strrchr(text, ')'); /* comm may hold any other, and newlines */
        ProcStat s = { 0 };
        Slice rest, word;

        if (!close || !parse_head(text, close, &s))
                return -EBADMSG;

        rest = slice_of(close + 1);
        if (rest.len > 0 && rest.at[rest.len - 1] == '\n')
                rest.len--;
        if (!slice_next_word(&rest, &word) || word.len != 1)
                return -EBADMSG;
        s.state = *word.at;

        for (int i = FIELD_PPID; i < FIELD_END; i++)
                if (!slice_next_word(&rest, &word) || !scan_field(word, &fields[i]))
                        return -EBADMSG;

        s.ppid = to_int(fields[FIELD_PPID]);
        s.pgrp = to_int(fields[FIELD_PGRP]);
        s.session = to_int(fields[FIELD_SESSION]);
        s.tty_nr = to_int(fields[FIELD_TTY]);
        s.flags = (uint32_t) fields[FIELD_FLAGS];
        s.majflt = fields[FIELD_MAJFLT];
        s.num_threads = fields[FIELD_THREADS];
        s.starttime_ticks = fields[FIELD_STARTTIME];
        s.vsize_bytes = fields[FIELD_VSIZE];
        s.rss_pages = fields[FIELD_RSS];
        *ret = s;
        return 0;
}

int proc_stat_read_fd(int fd, ProcStat *ret) {
        char buf[2048];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        return n < 0 ? proc_outcome(n) : proc_stat_parse(buf, ret);
}

int proc_stat_read_at(int pid_fd, ProcStat *ret) {
        _cleanup_close_ int fd = fdio_open_at(pid_fd, "stat");

        return fd < 0 ? proc_outcome(fd) : proc_stat_read_fd(fd, ret);
}
