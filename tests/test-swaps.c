/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/swaps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
#define KIB UINT64_C(1024)

START_TEST(without_swap_there_is_the_heading_alone) {
        static const char *const texts[] = { "", "\n", HEADING };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                Swaps s = { .n = 42 };

                ck_assert_int_eq(swaps_parse(texts[i], &s), 0);
                ck_assert_uint_eq(s.n, 0);
                ck_assert_uint_eq(s.size_bytes, 0);
                ck_assert_uint_eq(s.used_bytes, 0);
        }
}
END_TEST

START_TEST(devices_are_listed_with_what_they_hold) {
        Swaps s;

        ck_assert_int_eq(
                swaps_parse(HEADING
                        "/dev/dm-1                               partition\t1000\t\t400\t\t-2\n"
                        "/dev/zram0                              partition\t2000\t\t500\t\t100\n"
                        "/var/swap\\040file                       file\t\t3000\t\t0\t\t-3\n",
                        &s),
                0);
        ck_assert_uint_eq(s.n, 3);
        ck_assert_uint_eq(s.size_bytes, 6000 * KIB);
        ck_assert_uint_eq(s.used_bytes, 900 * KIB);
        ck_assert_str_eq(s.devices[0].name, "/dev/dm-1");
        ck_assert_uint_eq(s.devices[0].size_bytes, 1000 * KIB);
        ck_assert_uint_eq(s.devices[0].used_bytes, 400 * KIB);
        ck_assert_int_eq(s.devices[0].priority, -2);
        ck_assert_int_eq(s.devices[0].zram, SWAP_NOT_ZRAM);
        ck_assert_int_eq(s.devices[1].zram, 0);
        ck_assert_int_eq(s.devices[1].priority, 100);
        ck_assert_str_eq(s.devices[2].name, "/var/swap file");
}
END_TEST

START_TEST(only_zram_devices_are_zram) {
        static const struct {
                const char *name, *type;
                int expect;
        } rows[] = {
                { "/dev/zram0", "partition", 0 },
                { "/dev/zram12", "partition", 12 },
                { "/dev/block/zram1", "partition", 1 },
                { "/zram3", "partition", 3 },
                { "/dev/zram", "partition", SWAP_NOT_ZRAM },
                { "/dev/zram0p1", "partition", SWAP_NOT_ZRAM },
                { "/dev/zram99999999999", "partition", SWAP_NOT_ZRAM },
                { "/dev/zzram0", "partition", SWAP_NOT_ZRAM },
                { "/mnt/zram0", "file", SWAP_NOT_ZRAM }, /* a file that is called so */
                { "/dev/sda2", "partition", SWAP_NOT_ZRAM },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[256];
                Swaps s;

                snprintf(text, sizeof(text), HEADING "%s\t%s\t10\t0\t-2\n", rows[i].name,
                        rows[i].type);
                ck_assert_int_eq(swaps_parse(text, &s), 0);
                ck_assert_uint_eq(s.n, 1);
                ck_assert_msg(s.devices[0].zram == rows[i].expect, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(odd_lines_are_taken_or_left_out) {
        static const struct {
                const char *name, *text;
                int expect;
                size_t n;
                uint64_t size_kib, used_kib;
        } rows[] = {
                { "used beyond size", HEADING "/dev/a partition 100 200 -2\n", 0, 1, 100, 100 },
                { "unlinked file", HEADING "/swap\\040(deleted) file 100 20 -2\n", 0, 1, 100, 20 },
                { "unlinked file, blank as such", HEADING "/swap (deleted) file 100 20 -2\n", 0, 1,
                        100, 20 },
                { "CRLF", "Filename Type Size Used Priority\r\n/dev/a partition 100 20 -2\r\n", 0,
                        1, 100, 20 },
                { "cut line", HEADING "/dev/a partition 100 20 -2\n/dev/b partition 10", 0, 1, 100,
                        20 },
                { "cut behind the name of an unlinked file", HEADING "/swap (deleted)\n", 0, 0, 0,
                        0 },
                { "no number", HEADING "/dev/a partition many 20 -2\n", 0, 0, 0, 0 },
                { "no heading", "/dev/a partition 100 20 -2\n", 0, 1, 100, 20 },
                { "something else", "hello world\n", -EBADMSG, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Swaps s = { .n = 42 };
                int r = swaps_parse(rows[i].text, &s);

                ck_assert_msg(r == rows[i].expect, "%s: got %d", rows[i].name, r);
                ck_assert_msg(s.n == (r < 0 ? 42 : rows[i].n), "%s: n %zu", rows[i].name, s.n);
                if (r < 0)
                        continue;
                ck_assert_uint_eq(s.size_bytes, rows[i].size_kib * KIB);
                ck_assert_uint_eq(s.used_bytes, rows[i].used_kib * KIB);
        }
}
END_TEST

START_TEST(impossible_sizes_saturate) {
        Swaps s;

        ck_assert_int_eq(swaps_parse(HEADING
                                 "/dev/a partition 18446744073709551615 18446744073709551360 -2\n"
                                 "/dev/b partition 99999999999999999999 5 99999999999\n",
                                 &s),
                0);
        ck_assert_uint_eq(s.n, 2);
        ck_assert_uint_eq(s.size_bytes, UINT64_MAX);
        ck_assert_uint_le(s.devices[0].used_bytes, s.devices[0].size_bytes);
        ck_assert_int_eq(s.devices[1].priority, INT32_MAX);
}
END_TEST

START_TEST(more_devices_than_fit_still_count) {
        char text[8192];
        size_t n = (size_t) sprintf(text, HEADING);
        Fixture f;
        Swaps s;
        int fd;

        for (int i = 0; i < SWAPS_MAX + 8; i++)
                n += (size_t) sprintf(
                        text + n, "/dev/disk/by-partuuid/%036d partition 10 1 -2\n", i);

        fixture_init(&f);
        fixture_file(&f, "swaps", text); /* longer than the reader's buffer, too */
        fd = fdio_open_at(f.fd, "swaps");
        ck_assert_int_eq(swaps_read_fd(fd, &s), 0);
        ck_assert_uint_eq(s.n, SWAPS_MAX);
        ck_assert_uint_eq(s.size_bytes, (SWAPS_MAX + 8) * 10 * KIB);
        ck_assert_uint_eq(s.used_bytes, (SWAPS_MAX + 8) * KIB);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(swap_comes_and_goes_under_a_kept_descriptor) {
        Fixture f;
        Swaps s;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "swaps", HEADING);
        fd = fdio_open_at(f.fd, "swaps");
        ck_assert_int_eq(swaps_read_fd(fd, &s), 0);
        ck_assert_uint_eq(s.n, 0);
        fixture_file(&f, "swaps", HEADING "/dev/zram0 partition 100 20 5\n");
        ck_assert_int_eq(swaps_read_fd(fd, &s), 0);
        ck_assert_uint_eq(s.n, 1);
        fixture_file(&f, "swaps", HEADING);
        ck_assert_int_eq(swaps_read_fd(fd, &s), 0);
        ck_assert_uint_eq(s.n, 0);
        ck_assert_uint_eq(s.size_bytes, 0);
        ck_assert_int_eq(swaps_read_fd(FD_NONE, &s), -EBADF);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("swaps", without_swap_there_is_the_heading_alone,
        devices_are_listed_with_what_they_hold, only_zram_devices_are_zram,
        odd_lines_are_taken_or_left_out, impossible_sizes_saturate,
        more_devices_than_fit_still_count, swap_comes_and_goes_under_a_kept_descriptor)
