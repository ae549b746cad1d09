/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/vmstat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

static const char modern[] = "nr_free_pages 1000\n"
                             "workingset_nodes 99\n"
                             "workingset_refault_anon 1\n"
                             "workingset_refault_file 2\n"
                             "workingset_activate_anon 99\n"
                             "workingset_restore_anon 3\n"
                             "workingset_restore_file 4\n"
                             "pswpin 5\n"
                             "pswpout 6\n"
                             "allocstall_dma 1\n"
                             "allocstall_dma32 10\n"
                             "allocstall_normal 100\n"
                             "allocstall_movable 1000\n"
                             "pgmajfault 7\n"
                             "pgsteal_kswapd 8\n"
                             "pgsteal_direct 9\n"
                             "pgsteal_khugepaged 10\n"
                             "pgscan_kswapd 11\n"
                             "pgscan_direct 12\n"
                             "pgscan_khugepaged 13\n"
                             "pgscan_direct_throttle 99\n"
                             "oom_kill 14\n"
                             "compact_stall 15\n";

static void check_modern(const VmStat *v) {
        ck_assert_uint_eq(v->have, 0xffff);
        ck_assert_uint_eq(v->refault_anon, 1);
        ck_assert_uint_eq(v->refault_file, 2);
        ck_assert_uint_eq(v->restore_anon, 3);
        ck_assert_uint_eq(v->restore_file, 4);
        ck_assert_uint_eq(v->swap_in, 5);
        ck_assert_uint_eq(v->swap_out, 6);
        ck_assert_uint_eq(v->allocstall, 1111);
        ck_assert_uint_eq(v->majfault, 7);
        ck_assert_uint_eq(v->steal_kswapd, 8);
        ck_assert_uint_eq(v->steal_direct, 9);
        ck_assert_uint_eq(v->steal_khugepaged, 10);
        ck_assert_uint_eq(v->scan_kswapd, 11);
        ck_assert_uint_eq(v->scan_direct, 12); /* not direct_throttle */
        ck_assert_uint_eq(v->scan_khugepaged, 13);
        ck_assert_uint_eq(v->oom_kill, 14);
        ck_assert_uint_eq(v->compact_stall, 15);
}

START_TEST(every_counter_of_a_modern_kernel_is_found) {
        VmStat v;

        ck_assert_int_eq(vmstat_parse(modern, &v), 0);
        check_modern(&v);
}
END_TEST

START_TEST(a_missing_counter_is_told_from_a_zero) {
        VmStat v;

        ck_assert_int_eq(vmstat_parse("pgmajfault 0\n", &v), 0); /* before 4.13: no oom_kill */
        ck_assert_uint_eq(v.have, VMSTAT_MAJFAULT);
        ck_assert_int_eq(vmstat_parse("oom_kill 0\n", &v), 0);
        ck_assert_uint_eq(v.have, VMSTAT_OOM_KILL);
}
END_TEST

START_TEST(before_5_9_one_counter_stands_for_both_kinds) {
        VmStat v;

        ck_assert_int_eq(vmstat_parse("workingset_refault 5\nworkingset_restore 6\n", &v), 0);
        ck_assert_uint_eq(
                v.have, VMSTAT_REFAULT_FILE | VMSTAT_RESTORE_FILE | VMSTAT_REFAULT_UNSPLIT);
        ck_assert_uint_eq(v.refault_file, 5);
        ck_assert_uint_eq(v.restore_file, 6);
        ck_assert_uint_eq(v.refault_anon, 0);
}
END_TEST

START_TEST(one_stall_counter_of_old_kernels_counts_too) {
        VmStat v;

        ck_assert_int_eq(vmstat_parse("allocstall 5\n", &v), 0);
        ck_assert_uint_eq(v.have, VMSTAT_ALLOCSTALL);
        ck_assert_uint_eq(v.allocstall, 5);
        ck_assert_int_eq(
                vmstat_parse("allocstall_a 18446744073709551615\nallocstall_b 9\n", &v), 0);
        ck_assert_uint_eq(v.allocstall, UINT64_MAX);
}
END_TEST

START_TEST(text_without_a_known_counter_is_refused) {
        static const char *const texts[] = { "", "\n", "nr_free_pages 5\n", "oom_kill\n",
                "oom_kill x\n", "oom_kill -1\n" };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                VmStat v = { .oom_kill = 4242 };

                ck_assert_msg(vmstat_parse(texts[i], &v) == -EBADMSG, "'%s'", texts[i]);
                ck_assert_uint_eq(v.oom_kill, 4242);
        }
}
END_TEST

START_TEST(the_largest_number_is_a_number) {
        VmStat v;

        ck_assert_int_eq(
                vmstat_parse("oom_kill 18446744073709551615\npswpin 99999999999999999999\n", &v),
                0);
        ck_assert_uint_eq(v.oom_kill, UINT64_MAX);
        ck_assert_uint_eq(v.swap_in, UINT64_MAX);
}
END_TEST

START_TEST(a_file_longer_than_the_buffer_is_read_to_its_end) {
        static char text[20 * 1024];
        VmStat v = { 0 };
        size_t n = 0;
        Fixture f;
        int fd;

        for (int i = 0; n < 15 * 1024; i++)
                n += (size_t) sprintf(text + n, "thp_something_%d %d\n", i, i);
        strcpy(text + n, modern);

        fixture_init(&f);
        fixture_file(&f, "vmstat", text);
        fd = fdio_open_at(f.fd, "vmstat");
        ck_assert_int_eq(vmstat_read_fd(fd, &v), 0);
        check_modern(&v);

        fixture_file(&f, "vmstat", ""); /* emptied under the descriptor */
        ck_assert_int_eq(vmstat_read_fd(fd, &v), -EBADMSG);
        check_modern(&v);
        ck_assert_int_eq(vmstat_read_fd(FD_NONE, &v), -EBADF);
        check_modern(&v);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("vmstat", every_counter_of_a_modern_kernel_is_found,
        a_missing_counter_is_told_from_a_zero, before_5_9_one_counter_stands_for_both_kinds,
        one_stall_counter_of_old_kernels_counts_too, text_without_a_known_counter_is_refused,
        the_largest_number_is_a_number, a_file_longer_than_the_buffer_is_read_to_its_end)
