/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/arcstats.h"

#include <errno.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

#define HEAD                                                                                       \
        "9 1 0x01 147 39984 3542135453 83628371230\n"                                              \
        "name                            type data\n"                                              \
        "hits                            4    30\n"

START_TEST(what_can_be_shrunk_is_size_less_c_min) {
        static const struct {
                const char *name, *text;
                int expect;
                uint64_t size, min, reclaimable;
        } rows[] = {
                { "OpenZFS 2.2", HEAD "c 4 900\nc_min 4 100\nc_max 4 1000\nsize 4 700\n", 0, 700,
                        100, 600 },
                { "with arc_meta_min", HEAD "c_min 4 100\nsize 4 700\narc_meta_min 4 16777216\n", 0,
                        700, 100, 600 },
                { "size below c_min", HEAD "c_min 4 700\nsize 4 100\n", 0, 100, 700, 0 },
                { "c_min one above size", HEAD "c_min 4 101\nsize 4 100\n", 0, 100, 101, 0 },
                { "equal", HEAD "c_min 4 100\nsize 4 100\n", 0, 100, 100, 0 },
                { "largest", HEAD "c_min 4 0\nsize 4 18446744073709551615\n", 0, UINT64_MAX, 0,
                        UINT64_MAX },
                { "longer names do not count",
                        HEAD "c_min 4 5\nsize 4 9\nhdr_size 4 77\nc_min_x 4 77\n", 0, 9, 5, 4 },
                { "no c_min", HEAD "size 4 700\n", -EBADMSG, 0, 0, 0 },
                { "no size", HEAD "c_min 4 700\n", -EBADMSG, 0, 0, 0 },
                { "empty", "", -EBADMSG, 0, 0, 0 },
                { "cut", HEAD "c_min 4 100\nsize 4", -EBADMSG, 0, 0, 0 },
                { "no number", HEAD "c_min 4 100\nsize 4 7x\n", -EBADMSG, 0, 0, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                ArcStats s = { .size_bytes = 4242 };
                int r = arcstats_parse(rows[i].text, &s);

                ck_assert_msg(r == rows[i].expect, "%s: got %d", rows[i].name, r);
                if (r < 0) {
                        ck_assert_uint_eq(s.size_bytes, 4242);
                        continue;
                }
                ck_assert_msg(s.size_bytes == rows[i].size && s.min_bytes == rows[i].min, "%s",
                        rows[i].name);
                ck_assert_msg(s.reclaimable_bytes == rows[i].reclaimable, "%s: %llu", rows[i].name,
                        (unsigned long long) s.reclaimable_bytes);
        }
}
END_TEST

START_TEST(without_zfs_the_cache_is_absent_and_with_it_it_is_read) {
        ArcStats s = { .size_bytes = 4242 };
        int fd = 4242;
        Fixture f;

        fixture_init(&f);
        ck_assert_int_eq(arcstats_open_at(f.fd, &fd), ARC_ABSENT);
        ck_assert_int_eq(fd, 4242);

        fixture_file(&f, ARC_PATH, HEAD "c_min 4 1\nsize 4 3\n");
        ck_assert_int_eq(arcstats_open_at(f.fd, &fd), ARC_OK);
        ck_assert_int_eq(arcstats_read_fd(fd, &s), ARC_OK);
        ck_assert_uint_eq(s.reclaimable_bytes, 2);

        fixture_file(&f, ARC_PATH, ""); /* the module is being unloaded */
        ck_assert_int_eq(arcstats_read_fd(fd, &s), -EBADMSG);
        ck_assert_uint_eq(s.reclaimable_bytes, 2);
        close_fd(fd);
        fixture_remove(&f, ARC_PATH);
        ck_assert_int_eq(arcstats_open_at(f.fd, &fd), ARC_ABSENT);
        ck_assert_int_eq(arcstats_read_fd(FD_NONE, &s), -EBADF);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("arcstats", what_can_be_shrunk_is_size_less_c_min,
        without_zfs_the_cache_is_absent_and_with_it_it_is_read)
