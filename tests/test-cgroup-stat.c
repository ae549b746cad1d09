/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-stat.h"

#include <errno.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/cgroup.h"
#include "tests/harness.h"

/* Debian 6.1, shortened where nothing is read. */
static const char stat_61[] =
        "anon 104857600\nfile 52428800\nkernel 1048576\nkernel_stack 98304\npagetables 262144\n"
        "sec_pagetables 0\npercpu 1024\nsock 0\nvmalloc 0\nshmem 4194304\nzswap 0\nzswapped 0\n"
        "file_mapped 8192\nfile_dirty 12288\nfile_writeback 4096\nswapcached 0\nanon_thp 0\n"
        "inactive_anon 104000000\nactive_anon 4096\ninactive_file 30000000\nactive_file 18000000\n"
        "unevictable 0\nslab_reclaimable 500000\nslab_unreclaimable 100000\nslab 600000\n"
        "workingset_refault_anon 7\nworkingset_refault_file 11\nworkingset_activate_anon 1\n"
        "pgscan 5\npgsteal 4\npgfault 1000\npgmajfault 3\n";

START_TEST(each_value_is_found_by_its_name) {
        CgroupStat s;

        ck_assert_int_eq(cgroup_stat_parse(stat_61, &s), CGROUP_OK);
        ck_assert_uint_eq(s.anon, 104857600);
        ck_assert_uint_eq(s.file, 52428800);
        ck_assert_uint_eq(s.kernel, 1048576);
        ck_assert_uint_eq(s.shmem, 4194304);
        ck_assert_uint_eq(s.file_dirty, 12288);
        ck_assert_uint_eq(s.file_writeback, 4096);
        ck_assert_uint_eq(s.inactive_file, 30000000);
        ck_assert_uint_eq(s.active_file, 18000000);
        ck_assert_uint_eq(s.slab_reclaimable, 500000);
        ck_assert_uint_eq(s.refault_anon, 7);
        ck_assert_uint_eq(s.refault_file, 11);
}
END_TEST

START_TEST(an_older_kernel_has_the_sum_and_the_split_less) {
        CgroupStat s;

        ck_assert_int_eq(
                cgroup_stat_parse("anon 1\nfile 2\nkernel_stack 10\npagetables 20\npercpu 30\n"
                                  "slab 40\nworkingset_refault 5\n",
                        &s),
                CGROUP_OK);
        ck_assert_uint_eq(s.kernel, 100);
        ck_assert_uint_eq(s.refault_anon, 0);
        ck_assert_uint_eq(s.refault_file, 5);
}
END_TEST

START_TEST(a_text_that_is_cut_is_no_answer) {
        static const char *const texts[] = { "", "\n", "anon 1\n", "file 1\n", "anon x\nfile 1\n",
                "anon\nfile\n", "anonymous 1\nfilex 2\n" };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                CgroupStat s = { .anon = 42 };

                ck_assert_msg(
                        cgroup_stat_parse(texts[i], &s) == -EBADMSG, "'%s' is taken", texts[i]);
                ck_assert_uint_eq(s.anon, 42);
        }
}
END_TEST

START_TEST(a_file_that_vanishes_midway_is_told_from_one_that_was_never_there) {
        CgroupStat s = { .anon = 42 };
        Fixture f;
        int dir;

        fixture_init(&f);
        fixture_file(&f, "a/cgroup.procs", "");
        dir = fdio_open_dir_at(f.fd, "a");
        ck_assert_int_eq(cgroup_stat_read_at(dir, &s), CGROUP_UNSUPPORTED);
        fixture_file(&f, "a/memory.stat", stat_61);
        ck_assert_int_eq(cgroup_stat_read_at(dir, &s), CGROUP_OK);
        ck_assert_uint_eq(s.anon, 104857600);
        s.anon = 42;
        fixture_file(&f, "a/memory.stat", "");
        ck_assert_int_eq(cgroup_stat_read_at(dir, &s), -EBADMSG);
        fixture_remove(&f, "a/memory.stat");
        fixture_remove(&f, "a/cgroup.procs");
        ck_assert_int_eq(cgroup_stat_read_at(dir, &s), CGROUP_GONE);
        ck_assert_uint_eq(s.anon, 42);
        close_fd(dir);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("cgroup-stat", each_value_is_found_by_its_name,
        an_older_kernel_has_the_sum_and_the_split_less, a_text_that_is_cut_is_no_answer,
        a_file_that_vanishes_midway_is_told_from_one_that_was_never_there)
