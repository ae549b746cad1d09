/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/zram.h"

#include <errno.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

START_TEST(six_to_nine_columns_are_understood) {
        static const struct {
                const char *name, *text;
                int expect;
                uint64_t huge;
        } rows[] = {
                { "6", " 100 50 60 0 70 8\n", 0, 0 },
                { "7", " 100 50 60 0 70 8 9\n", 0, 0 },
                { "8, since 4.19",
                        "     100       50       60        0       70        8        9       10\n",
                        0, 10 },
                { "9, since 5.15", " 100 50 60 0 70 8 9 10 11\n", 0, 10 },
                { "12, some day", " 100 50 60 0 70 8 9 10 11 12 13 14\n", 0, 10 },
                { "CRLF", "100 50 60 0 70 8\r\n", 0, 0 },
                { "no newline", "100 50 60 0 70 8", 0, 0 },
                { "5", " 100 50 60 0 70\n", -EBADMSG, 0 },
                { "empty", "", -EBADMSG, 0 },
                { "blank", "\n", -EBADMSG, 0 },
                { "a word", " 100 50 x 0 70 8\n", -EBADMSG, 0 },
                { "negative", " 100 50 -1 0 70 8\n", -EBADMSG, 0 },
                { "too large", " 100 50 99999999999999999999 0 70 8\n", -EBADMSG, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ZramStat s = { .orig_bytes = 4242 };
                int r = zram_parse(rows[i].text, &s);

                ck_assert_msg(r == rows[i].expect, "%s: got %d", rows[i].name, r);
                if (r < 0) {
                        ck_assert_uint_eq(s.orig_bytes, 4242);
                        continue;
                }
                ck_assert_uint_eq(s.orig_bytes, 100);
                ck_assert_uint_eq(s.compressed_bytes, 50);
                ck_assert_uint_eq(s.used_bytes, 60);
                ck_assert_uint_eq(s.limit_bytes, 0);
                ck_assert_uint_eq(s.used_max_bytes, 70);
                ck_assert_uint_eq(s.same_pages, 8);
                ck_assert_uint_eq(s.huge_pages, rows[i].huge);
        }
}
END_TEST

START_TEST(a_device_is_read_until_it_is_removed) {
        ZramStat s = { 0 };
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "devices/zram1/mm_stat", "1 2 3 4 5 6 7 8 9\n");
        fixture_link(&f, "block/zram1", "../devices/zram1"); /* as in /sys */
        fd = zram_open_at(f.fd, 1);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(zram_read_fd(fd, &s), ZRAM_OK);
        ck_assert_uint_eq(s.used_bytes, 3);

        fixture_file(&f, "devices/zram1/mm_stat", "0 0 0 0 0 0 0 0 0\n"); /* reset */
        ck_assert_int_eq(zram_read_fd(fd, &s), ZRAM_OK);
        ck_assert_uint_eq(s.used_bytes, 0);
        close_fd(fd);

        fixture_remove(&f, "devices/zram1/mm_stat");
        ck_assert_int_eq(zram_open_at(f.fd, 1), -ENOENT);
        ck_assert_int_eq(zram_open_at(f.fd, 2), -ENOENT);
        ck_assert_int_eq(zram_read_fd(FD_NONE, &s), -EBADF);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("zram", six_to_nine_columns_are_understood, a_device_is_read_until_it_is_removed)
