/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/meminfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "tests/harness.h"

#define KIB UINT64_C(1024)

#define HEAD(total, free, available)                                                               \
        "MemTotal:       " total " kB\nMemFree:        " free " kB\nMemAvailable:   " available    \
        " kB\n"
#define SWAP(total, free) "SwapTotal:      " total " kB\nSwapFree:       " free " kB\n"

static const char full_text[] =
        HEAD("4000000", "1000000", "2000000") /* a Debian 12 kernel's, all of it */
        "Buffers:           1001 kB\n"
        "Cached:            1002 kB\n"
        "SwapCached:        1003 kB\n"
        "Active:            9901 kB\n"
        "Inactive:          9902 kB\n"
        "Active(anon):      1004 kB\n"
        "Inactive(anon):    1005 kB\n"
        "Active(file):      1006 kB\n"
        "Inactive(file):    1007 kB\n"
        "Unevictable:       1008 kB\n"
        "Mlocked:           1009 kB\n" SWAP("3000000", "2500000") "Zswap:             1010 kB\n"
                                                                  "Zswapped:          1011 kB\n"
                                                                  "Dirty:             1012 kB\n"
                                                                  "Writeback:         1013 kB\n"
                                                                  "AnonPages:         1014 kB\n"
                                                                  "Mapped:            1015 kB\n"
                                                                  "Shmem:             1016 kB\n"
                                                                  "KReclaimable:      1017 kB\n"
                                                                  "Slab:              1018 kB\n"
                                                                  "SReclaimable:      1019 kB\n"
                                                                  "SUnreclaim:        1020 kB\n"
                                                                  "KernelStack:       1021 kB\n"
                                                                  "PageTables:        1022 kB\n"
                                                                  "SecPageTables:     1023 kB\n"
                                                                  "NFS_Unstable:         0 kB\n"
                                                                  "CommitLimit:    5000000 kB\n"
                                                                  "VmallocTotal:   34359738367 kB\n"
                                                                  "VmallocUsed:       1024 kB\n"
                                                                  "Percpu:            1025 kB\n"
                                                                  "HugePages_Total:      7\n"
                                                                  "HugePages_Free:       3\n"
                                                                  "HugePages_Rsvd:       0\n"
                                                                  "Hugepagesize:      2048 kB\n"
                                                                  "Hugetlb:          16384 kB\n"
                                                                  "DirectMap4k:      90112 kB\n";

START_TEST(every_field_of_a_whole_file_is_found) {
        MemInfo m;

        ck_assert_int_eq(meminfo_parse(full_text, &m), 0);
        ck_assert_uint_eq(m.have, UINT32_MAX);
        ck_assert_uint_eq(m.suspect, 0);
        ck_assert_uint_eq(m.total_bytes, 4000000 * KIB);
        ck_assert_uint_eq(m.free_bytes, 1000000 * KIB);
        ck_assert_uint_eq(m.available_bytes, 2000000 * KIB);
        ck_assert_uint_eq(m.buffers_bytes, 1001 * KIB);
        ck_assert_uint_eq(m.cached_bytes, 1002 * KIB);
        ck_assert_uint_eq(m.swap_cached_bytes, 1003 * KIB);
        ck_assert_uint_eq(m.active_anon_bytes, 1004 * KIB);
        ck_assert_uint_eq(m.inactive_anon_bytes, 1005 * KIB);
        ck_assert_uint_eq(m.active_file_bytes, 1006 * KIB);
        ck_assert_uint_eq(m.inactive_file_bytes, 1007 * KIB);
        ck_assert_uint_eq(m.unevictable_bytes, 1008 * KIB);
        ck_assert_uint_eq(m.mlocked_bytes, 1009 * KIB);
        ck_assert_uint_eq(m.swap_total_bytes, 3000000 * KIB);
        ck_assert_uint_eq(m.swap_free_bytes, 2500000 * KIB);
        ck_assert_uint_eq(m.zswap_bytes, 1010 * KIB);
        ck_assert_uint_eq(m.zswapped_bytes, 1011 * KIB);
        ck_assert_uint_eq(m.dirty_bytes, 1012 * KIB);
        ck_assert_uint_eq(m.writeback_bytes, 1013 * KIB);
        ck_assert_uint_eq(m.anon_bytes, 1014 * KIB);
        ck_assert_uint_eq(m.mapped_bytes, 1015 * KIB);
        ck_assert_uint_eq(m.shmem_bytes, 1016 * KIB);
        ck_assert_uint_eq(m.kreclaimable_bytes, 1017 * KIB);
        ck_assert_uint_eq(m.slab_bytes, 1018 * KIB);
        ck_assert_uint_eq(m.slab_reclaimable_bytes, 1019 * KIB);
        ck_assert_uint_eq(m.slab_unreclaimable_bytes, 1020 * KIB);
        ck_assert_uint_eq(m.kernel_stack_bytes, 1021 * KIB);
        ck_assert_uint_eq(m.page_tables_bytes, 1022 * KIB);
        ck_assert_uint_eq(m.sec_page_tables_bytes, 1023 * KIB);
        ck_assert_uint_eq(m.vmalloc_used_bytes, 1024 * KIB);
        ck_assert_uint_eq(m.percpu_bytes, 1025 * KIB);
        ck_assert_uint_eq(m.hugetlb_bytes, 16384 * KIB); /* all sizes, more than 7 * 2 MiB */
        ck_assert_uint_eq(m.hugetlb_free_bytes, 3 * 2048 * KIB);
}
END_TEST

typedef struct Case {
        const char *name, *text;
        int expect;
        uint64_t suspect;
        uint64_t available_kib, swap_free_kib;
} Case;

static const Case cases[] = {
        { "plain", HEAD("1000", "100", "500") SWAP("200", "50"), 0, 0, 500, 50 },
        { "no swap", HEAD("1000", "100", "500") SWAP("0", "0"), 0, 0, 500, 0 },
        { "available below free: reserves", HEAD("1000", "900", "800") SWAP("0", "0"), 0, 0, 800,
                0 },
        { "leading zeros", HEAD("09974432", "01", "000000700") SWAP("0200", "050"), 0, 0, 700, 50 },
        { "swap free wrapped below zero",
                HEAD("1000", "100", "500") SWAP("200", "18446744073709551360"), 0,
                MEMINFO_SWAP_FREE, 500, 200 },
        { "swap free wrapped, no swap",
                HEAD("1000", "100", "500") SWAP("0", "18446744073709551360"), 0, MEMINFO_SWAP_FREE,
                500, 0 },
        { "swap free larger than the total", HEAD("1000", "100", "500") SWAP("200", "201"), 0,
                MEMINFO_SWAP_FREE, 500, 200 },
        { "available larger than the total", HEAD("1000", "100", "1001") SWAP("0", "0"), 0,
                MEMINFO_AVAILABLE, 1000, 0 },
        { "free larger than the total", HEAD("1000", "2000", "500") SWAP("0", "0"), 0, MEMINFO_FREE,
                500, 0 },
        { "the host's slab in a container",
                HEAD("1000", "100", "500") SWAP("0", "0") "Slab: 5000 kB\n", 0, MEMINFO_SLAB, 500,
                0 },
        { "zswapped may exceed memory",
                HEAD("1000", "100", "500") SWAP("9000", "9") "Zswapped: 5000 kB\n", 0, 0, 500, 9 },
        { "CRLF",
                "MemTotal: 1000 kB\r\nMemFree: 1 kB\r\nMemAvailable: 500 kB\r\nSwapTotal: 2 "
                "kB\r\nSwapFree: 1 kB\r\n",
                0, 0, 500, 1 },
        { "any order", SWAP("200", "50") HEAD("1000", "100", "500"), 0, 0, 500, 50 },
        { "the first of two counts",
                HEAD("1000", "100", "500") SWAP("200", "50") HEAD("7", "7", "7"), 0, 0, 500, 50 },
        { "empty", "", -EBADMSG, 0, 0, 0 },
        { "blank", "\n\n\n", -EBADMSG, 0, 0, 0 },
        { "all zeros", HEAD("0", "0", "0") SWAP("0", "0"), -EBADMSG, 0, 0, 0 },
        { "no available (before 3.14)", "MemTotal: 1000 kB\nMemFree: 1 kB\n" SWAP("0", "0"),
                -EBADMSG, 0, 0, 0 },
        { "no swap total", HEAD("1000", "100", "500") "SwapFree: 0 kB\n", -EBADMSG, 0, 0, 0 },
        { "no swap free", HEAD("1000", "100", "500") "SwapTotal: 0 kB\n", -EBADMSG, 0, 0, 0 },
        { "total wrapped", HEAD("18446744073709551360", "100", "500") SWAP("0", "0"), -EBADMSG, 0,
                0, 0 },
        { "swap total wrapped", HEAD("1000", "100", "500") SWAP("18446744073709551360", "5"),
                -EBADMSG, 0, 0, 0 },
        { "cut in a number", HEAD("1000", "100", "500") "SwapTotal: 0 kB\nSwapFree:  12", -EBADMSG,
                0, 0, 0 },
        { "cut in the unit", HEAD("1000", "100", "500") "SwapTotal: 0 kB\nSwapFree:  12 k",
                -EBADMSG, 0, 0, 0 },
        { "cut behind the unit", HEAD("1000", "100", "500") "SwapTotal: 20 kB\nSwapFree:  12 kB", 0,
                0, 500, 12 },
        { "negative", HEAD("1000", "100", "-500") SWAP("0", "0"), -EBADMSG, 0, 0, 0 },
        { "a word", HEAD("1000", "100", "many") SWAP("0", "0"), -EBADMSG, 0, 0, 0 },
        { "garbage", "\x01\x02\xff: 1 kB\n::::\n", -EBADMSG, 0, 0, 0 },
};

static void check(const Case *c, int r, const MemInfo *m) {
        ck_assert_msg(r == c->expect, "%s: got %d, not %d", c->name, r, c->expect);
        if (r < 0) {
                ck_assert_msg(m->total_bytes == 4242, "%s: output touched", c->name);
                return;
        }
        ck_assert_msg(m->suspect == c->suspect, "%s: suspect %llx", c->name,
                (unsigned long long) m->suspect);
        ck_assert_uint_eq(m->available_bytes, c->available_kib * KIB);
        ck_assert_uint_eq(m->swap_free_bytes, c->swap_free_kib * KIB);
        ck_assert_uint_le(m->free_bytes, m->total_bytes);
        ck_assert_uint_le(m->slab_bytes, m->total_bytes);
}

START_TEST(implausible_files_are_clamped_or_refused) {
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                MemInfo m = { .total_bytes = 4242 };

                check(&cases[i], meminfo_parse(cases[i].text, &m), &m);
        }
}
END_TEST

START_TEST(a_kept_descriptor_gives_the_same_as_the_text) {
        Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                MemInfo m = { .total_bytes = 4242 };
                int fd;

                fixture_file(&f, "meminfo", cases[i].text);
                fd = fdio_open_at(f.fd, "meminfo");
                check(&cases[i], meminfo_read_fd(fd, &m), &m);
                close_fd(fd);
        }
        fixture_done(&f);
}
END_TEST

START_TEST(a_file_of_16_kib_is_read_to_its_end) {
        static char text[17 * 1024];
        size_t n = 0;
        Fixture f;
        MemInfo m;
        int fd;

        for (int i = 0; n < 16 * 1024; i++)
                n += (size_t) sprintf(text + n, "Vendor_%04d:      %d kB\n", i, i);
        strcpy(text + n, HEAD("1000", "100", "500") SWAP("200", "50"));

        fixture_init(&f);
        fixture_file(&f, "meminfo", text);
        fd = fdio_open_at(f.fd, "meminfo");
        ck_assert_int_eq(meminfo_read_fd(fd, &m), 0);
        ck_assert_uint_eq(m.swap_free_bytes, 50 * KIB);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(old_kernels_have_the_default_pool_of_huge_pages_only) {
        MemInfo m;

        ck_assert_int_eq(meminfo_parse(HEAD("90000", "1", "1") SWAP(
                                               "0", "0") "HugePages_Total: 5\nHugePages_Free: 2\n"
                                                         "Hugepagesize: 2048 kB\n",
                                 &m),
                0);
        ck_assert_uint_eq(m.hugetlb_bytes, 5 * 2048 * KIB);
        ck_assert_uint_eq(m.hugetlb_free_bytes, 2 * 2048 * KIB);
        ck_assert(m.have & MEMINFO_HUGETLB);

        ck_assert_int_eq(
                meminfo_parse(HEAD("90000", "1", "1") SWAP("0", "0") "HugePages_Total: 5\n", &m),
                0);
        ck_assert_uint_eq(m.hugetlb_bytes, 0);
        ck_assert(!(m.have & MEMINFO_HUGETLB));
        ck_assert_uint_eq(m.have & ~UINT64_C(0xffffffff), 0); /* no private bits outside */
}
END_TEST

START_TEST(an_impossible_pool_of_huge_pages_is_clamped) {
        MemInfo m;

        ck_assert_int_eq(
                meminfo_parse(HEAD("90000", "1", "1") SWAP("0",
                                      "0") "HugePages_Total: 18446744073709551615\nHugePages_Free: "
                                           "99\nHugepagesize: 2048 kB\n",
                        &m),
                0);
        ck_assert_uint_eq(m.hugetlb_bytes, m.total_bytes);
        ck_assert_uint_le(m.hugetlb_free_bytes, m.hugetlb_bytes);
        ck_assert(m.suspect & MEMINFO_HUGETLB);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_read_is_an_error) {
        MemInfo m = { .total_bytes = 4242 };

        ck_assert_int_eq(meminfo_read_fd(FD_NONE, &m), -EBADF);
        ck_assert_uint_eq(m.total_bytes, 4242);
}
END_TEST

START_TEST(a_file_that_empties_under_the_descriptor_is_refused) {
        MemInfo m = { .total_bytes = 4242 };
        Fixture f;
        int fd;

        fixture_init(&f);
        fixture_file(&f, "meminfo", full_text);
        fd = fdio_open_at(f.fd, "meminfo");
        fixture_file(&f, "meminfo", "");
        ck_assert_int_eq(meminfo_read_fd(fd, &m), -EBADMSG);
        ck_assert_uint_eq(m.total_bytes, 4242);
        close_fd(fd);
        fixture_done(&f);
}
END_TEST

START_TEST(this_machine_has_all_that_is_essential) {
        int fd = fdio_open_at(AT_FDCWD, "/proc/meminfo");
        MemInfo m;

        ck_assert_int_eq(meminfo_read_fd(fd, &m), 0);
        ck_assert_uint_gt(m.total_bytes, 0);
        ck_assert_uint_le(m.available_bytes, m.total_bytes);
        close_fd(fd);
}
END_TEST

HARNESS_MAIN("meminfo", every_field_of_a_whole_file_is_found,
        implausible_files_are_clamped_or_refused, a_kept_descriptor_gives_the_same_as_the_text,
        a_file_of_16_kib_is_read_to_its_end, old_kernels_have_the_default_pool_of_huge_pages_only,
        an_impossible_pool_of_huge_pages_is_clamped, a_descriptor_that_cannot_be_read_is_an_error,
        a_file_that_empties_under_the_descriptor_is_refused, this_machine_has_all_that_is_essential)
