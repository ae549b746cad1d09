/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/zoneinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

/* Two zones with pages and one without, with the words that return further down. */
static const char text[] = "Node 0, zone      DMA\n"
                           "  per-node stats\n"
                           "      nr_inactive_anon 5000\n"
                           "      nr_free 77\n"
                           "  pages free     2816\n"
                           "        boost    0\n"
                           "        min      11\n"
                           "        low      14\n"
                           "        high     17\n"
                           "        spanned  4095\n"
                           "        present  3999\n"
                           "        managed  3840\n"
                           "        cma      0\n"
                           "        protection: (0, 300, 500, 500, 500)\n"
                           "      nr_free_pages 2816\n"
                           "  pagesets\n"
                           "    cpu: 0\n"
                           "              count:    3\n"
                           "              high:     378\n"
                           "              batch:    63\n"
                           "              high_min: 1\n"
                           "  node_unreclaimable:  0\n"
                           "Node 0, zone   Normal\n"
                           "  pages free     10000\n"
                           "        min      100\n"
                           "        low      125\n"
                           "        high     150\n"
                           "        managed  50000\n"
                           "        protection: (0, 0, 0, 0, 0)\n"
                           "Node 0, zone  Movable\n"
                           "  pages free     0\n"
                           "        min      32\n"
                           "        low      32\n"
                           "        high     32\n"
                           "        managed  0\n"
                           "        protection: (0, 0, 0, 0, 0)\n";

static void check(const Zoneinfo *z) {
        ck_assert_uint_eq(z->zones, 2);
        ck_assert_uint_eq(z->free_pages, 12816);
        ck_assert_uint_eq(z->managed_pages, 53840);
        ck_assert_uint_eq(z->min_pages, 111);
        ck_assert_uint_eq(z->low_pages, 139);
        ck_assert_uint_eq(z->high_pages, 167);
        ck_assert_uint_eq(z->reserve_pages, 17 + 500 + 150);
}

START_TEST(watermarks_of_zones_with_pages_are_added) {
        Zoneinfo z;

        ck_assert_int_eq(zoneinfo_parse(text, &z), 0);
        check(&z);
}
END_TEST

START_TEST(a_zone_reserves_no_more_than_it_has) {
        Zoneinfo z;

        ck_assert_int_eq(
                zoneinfo_parse(
                        "Node 0, zone DMA\n pages free 5\n min 1\n low 2\n high 3\n managed 10\n"
                        " protection: (0, 18446744073709551615)\n",
                        &z),
                0);
        ck_assert_uint_eq(z.reserve_pages, 10);
}
END_TEST

START_TEST(text_without_watermarks_is_refused) {
        static const char *const texts[] = {
                "",
                "\n",
                "hello\n",
                "Node 0, zone DMA\n",
                "Node 0, zone DMA\n  pages free 1\n  managed 5\n",
                "Node 0, zone DMA\n  min 1\n  low 1\n  high 1\n  managed 0\n",
                "Node 0, zone DMA\n  min 1\n  low 1\n  high 1\n",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                Zoneinfo z = { .zones = 4242 };

                ck_assert_msg(zoneinfo_parse(texts[i], &z) == -EBADMSG, "row %zu", i);
                ck_assert_uint_eq(z.zones, 4242);
        }
}
END_TEST

START_TEST(numbers_that_are_none_count_as_zero) {
        Zoneinfo z;

        ck_assert_int_eq(
                zoneinfo_parse(
                        "Node 0, zone DMA\n pages free many\n min\n low 2\n high x\n managed 10\n",
                        &z),
                0);
        ck_assert_uint_eq(z.free_pages, 0);
        ck_assert_uint_eq(z.min_pages, 0);
        ck_assert_uint_eq(z.low_pages, 2);
        ck_assert_uint_eq(z.high_pages, 0);
}
END_TEST

START_TEST(a_kept_descriptor_gives_the_same_as_the_text) {
        Zoneinfo z;
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "zoneinfo", text);
        fd = fdio_open_at(f.fd, "zoneinfo");
        ck_assert_int_eq(zoneinfo_read_fd(fd, &z), 0);
        check(&z);
        fixture_file(&f, "zoneinfo", ""); /* emptied under the descriptor */
        ck_assert_int_eq(zoneinfo_read_fd(fd, &z), -EBADMSG);
        check(&z);
        ck_assert_int_eq(zoneinfo_read_fd(FD_NONE, &z), -EBADF);
        check(&z);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(this_machine_keeps_its_watermarks_in_order) {
        int fd = fdio_open_at(AT_FDCWD, "/proc/zoneinfo");
        Zoneinfo z;

        ck_assert_int_eq(zoneinfo_read_fd(fd, &z), 0);
        ck_assert_uint_gt(z.min_pages, 0);
        ck_assert_uint_le(z.min_pages, z.low_pages);
        ck_assert_uint_le(z.low_pages, z.high_pages);
        ck_assert_uint_le(z.high_pages, z.reserve_pages);
        ck_assert_uint_lt(z.reserve_pages, z.managed_pages);
        close_fd(fd);
}
END_TEST

HARNESS_MAIN("zoneinfo", watermarks_of_zones_with_pages_are_added,
        a_zone_reserves_no_more_than_it_has, text_without_watermarks_is_refused,
        numbers_that_are_none_count_as_zero, a_kept_descriptor_gives_the_same_as_the_text,
        this_machine_keeps_its_watermarks_in_order)
