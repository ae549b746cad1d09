/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/zram.h"

#include <errno.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/fdio.h"
#include "base/number.h"
#include "base/text.h"

enum {
        COLUMNS_MIN = 6, /* same_pages was called zero_pages before 4.11 */
        COLUMN_HUGE = 7,
        COLUMNS_MAX = 8,
};

int zram_parse(const char *text, ZramStat *ret) {
        uint64_t columns[COLUMNS_MAX] = { 0 };
        Slice rest, word;
        size_t n = 0;

        rest = slice_of(text);
        if (!slice_next_line(&rest, &word))
                return -EBADMSG;
        for (rest = word; n < COLUMNS_MAX && slice_next_word(&rest, &word); n++)
                if (number_scan_u64(word.at, word.len, &columns[n]) != (int) word.len)
                        return -EBADMSG;
        if (n < COLUMNS_MIN)
                return -EBADMSG;

        *ret = (ZramStat){
                .orig_bytes = columns[0],
                .compressed_bytes = columns[1],
                .used_bytes = columns[2],
                .limit_bytes = columns[3],
                .used_max_bytes = columns[4],
                .same_pages = columns[5],
                .huge_pages = columns[COLUMN_HUGE],
        };
        return ZRAM_OK;
}

int zram_open_at(int sys_fd, int number) {
        char name[48];

        snprintf(name, sizeof(name), "block/zram%d/mm_stat", number);
        return fdio_open_at(sys_fd, name);
}

int zram_read_fd(int fd, ZramStat *ret) {
        char buf[256];
        ssize_t n;

        n = fdio_pread_once(fd, buf, sizeof(buf));
        if (n == -ENODEV || n == -ENOENT)
                return ZRAM_GONE;
        return n < 0 ? (int) n : zram_parse(buf, ret);
}
