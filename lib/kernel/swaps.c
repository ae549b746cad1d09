/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/swaps.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/lines.h"
#include "base/number.h"
#include "kernel/escape.h"

/* A whole word as a number of KiB, in bytes, saturating. */
static bool word_kib(Slice word, uint64_t *ret) {
        uint64_t kib = UINT64_MAX;
        int n = number_scan_u64(word.at, word.len, &kib);

        if (n == 0 || (n > 0 && (size_t) n != word.len))
                return false;
        *ret = mul_div_u64(kib, 1024, 1);
        return true;
}

static int word_priority(Slice word) {
        bool negative = word.len > 0 && *word.at == '-';
        uint64_t n = 0;

        (void) number_scan_u64(word.at + negative, word.len - negative, &n); /* for people only */
        n = MIN(n, (uint64_t) INT_MAX);
        return negative ? -(int) n : (int) n;
}

/* "/dev/zram3", "/dev/block/zram3", and "/zram3" where the device's directory cannot be seen from
 * here. */
static int zram_number(const char *name) {
        const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
        uint64_t n;
        size_t len;

        if (strncmp(base, "zram", 4) != 0)
                return SWAP_NOT_ZRAM;
        base += 4;
        len = strlen(base);
        if (len == 0 || number_scan_u64(base, len, &n) != (int) len || n > INT_MAX)
                return SWAP_NOT_ZRAM;
        return (int) n;
}

static bool parse_device(Slice line, SwapDevice *ret) {
        Slice name, type, size, used, priority;
        SwapDevice d = { .zram = SWAP_NOT_ZRAM };

        if (!slice_next_word(&line, &name) || !slice_next_word(&line, &type))
                return false;
        if (slice_equals(type, SLICE("(deleted)")) && !slice_next_word(&line, &type))
                return false; /* a swap file that was unlinked: still in use */
        if (!slice_next_word(&line, &size) || !slice_next_word(&line, &used) ||
                !slice_next_word(&line, &priority))
                return false;
        if (!word_kib(size, &d.size_bytes) || !word_kib(used, &d.used_bytes))
                return false;

        d.used_bytes = MIN(d.used_bytes, d.size_bytes);
        d.priority = word_priority(priority);
        (void) escape_undo(
                name, d.name, sizeof(d.name)); /* cut: a device's name never is that long */
        if (slice_equals(type, SLICE("partition")))
                d.zram = zram_number(d.name);
        *ret = d;
        return true;
}

typedef struct Scan {
        Swaps swaps;
        bool has_heading, has_garbage;
} Scan;

static void take_line(Scan *s, Slice line) {
        SwapDevice d;

        if (slice_starts_with(line, SLICE("Filename")))
                s->has_heading = true;
        else if (parse_device(line, &d)) {
                s->swaps.size_bytes = add_sat_u64(s->swaps.size_bytes, d.size_bytes);
                s->swaps.used_bytes = add_sat_u64(s->swaps.used_bytes, d.used_bytes);
                if (s->swaps.n < SWAPS_MAX)
                        s->swaps.devices[s->swaps.n++] = d;
        } else if (line.len > 0)
                s->has_garbage = true;
}

static int finish(const Scan *s, Swaps *ret) {
        if (s->has_garbage && !s->has_heading && s->swaps.n == 0)
                return -EBADMSG;

        *ret = s->swaps;
        return 0;
}

int swaps_parse(const char *text, Swaps *ret) {
        Slice rest = slice_of(text), line;
        Scan s = { 0 };

        while (slice_next_line(&rest, &line))
                take_line(&s, line);
        return finish(&s, ret);
}

int swaps_read_fd(int fd, Swaps *ret) {
        Scan s = { 0 };
        char buf[1024];
        Lines lines;
        Slice line;
        int r;

        lines_init(&lines, fd, buf, sizeof(buf), false);
        while ((r = lines_next(&lines, &line)) > 0)
                take_line(&s, line);
        return r < 0 ? r : finish(&s, ret);
}
