/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/proc-status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "kernel/proc.h"
#include "tests/harness.h"

#define KIB UINT64_C(1024)
#define HEAD                                                                                       \
        "Name:\tbash\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4711\nNgid:\t0\nPid:\t4711\n"     \
        "PPid:\t17\nTracerPid:\t0\nUid:\t1000\t1001\t1002\t1003\nGid:\t100\t101\t102\t103\n"
#define TAIL                                                                                       \
        "NStgid:\t4711\t12\t1\nNSpid:\t4711\t12\t1\nNSpgid:\t4711\nKthread:\t0\nVmPeak:\t 9 kB\n"  \
        "VmSize:\t 9 kB\nVmLck:\t 1 kB\nVmPin:\t 9 kB\nVmHWM:\t 2 kB\nVmRSS:\t 3 kB\n"             \
        "RssAnon:\t 4 kB\nRssFile:\t 5 kB\nRssShmem:\t 6 kB\nVmData:\t 9 kB\nVmStk:\t 7 kB\n"      \
        "VmExe:\t 9 kB\nVmLib:\t 9 kB\nVmPTE:\t 8 kB\nVmSwap:\t 10 kB\nHugetlbPages:\t 11 kB\n"    \
        "CoreDumping:\t1\nTHP_enabled:\t1\nThreads:\t12\nSigQ:\t0/95857\n"                         \
        "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n"        \
        "CapBnd:\t000001ffffffffff\nSeccomp:\t0\nCpus_allowed:\t3\n"

static void check_full(const ProcStatus *s) {
        ck_assert_uint_eq(s->have, 0xfffff);
        ck_assert_int_eq(s->state, 'S');
        ck_assert_int_eq(s->tgid, 4711);
        ck_assert_int_eq(s->ppid, 17);
        ck_assert_uint_eq(s->uid, 1000);
        ck_assert_uint_eq(s->euid, 1001);
        ck_assert_uint_eq(s->suid, 1002);
        ck_assert_uint_eq(s->gid, 100);
        ck_assert_uint_eq(s->ns_depth, 3);
        ck_assert(s->is_ns_init);
        ck_assert(!s->is_kthread);
        ck_assert(s->core_dumping);
        ck_assert_uint_eq(s->threads, 12);
        ck_assert_uint_eq(s->cap_eff, UINT64_C(0x1ffffffffff));
        ck_assert_uint_eq(s->locked_bytes, 1 * KIB);
        ck_assert_uint_eq(s->hwm_bytes, 2 * KIB);
        ck_assert_uint_eq(s->rss_bytes, 3 * KIB);
        ck_assert_uint_eq(s->anon_bytes, 4 * KIB);
        ck_assert_uint_eq(s->file_bytes, 5 * KIB);
        ck_assert_uint_eq(s->shmem_bytes, 6 * KIB);
        ck_assert_uint_eq(s->stack_bytes, 7 * KIB);
        ck_assert_uint_eq(s->page_tables_bytes, 8 * KIB);
        ck_assert_uint_eq(s->swap_bytes, 10 * KIB);
        ck_assert_uint_eq(s->hugetlb_bytes, 11 * KIB);
}

START_TEST(every_field_of_a_whole_file_is_found) {
        ProcStatus s;

        ck_assert_int_eq(proc_status_parse(HEAD TAIL, &s), 0);
        check_full(&s);
}
END_TEST

START_TEST(kernel_threads_and_zombies_have_no_memory_lines) {
        ProcStatus s;

        ck_assert_int_eq(
                proc_status_parse("Name:\tkthreadd\nState:\tS "
                                  "(sleeping)\nTgid:\t2\nPPid:\t0\nUid:\t0\t0\t0\t0\n"
                                  "Gid:\t0\t0\t0\t0\nNSpid:\t2\nKthread:\t1\nThreads:\t1\n",
                        &s),
                0);
        ck_assert(s.is_kthread);
        ck_assert_uint_eq(s.have & (PROC_STATUS_RSS | PROC_STATUS_ANON | PROC_STATUS_SWAP), 0);
        ck_assert_uint_eq(s.anon_bytes, 0);
        ck_assert_uint_eq(s.ns_depth, 1);
        ck_assert(!s.is_ns_init);

        ck_assert_int_eq(
                proc_status_parse("State:\tZ (zombie)\nUid:\t0\t0\t0\t0\nThreads:\t2\n", &s), 0);
        ck_assert_int_eq(s.state, 'Z');
        ck_assert_uint_eq(s.threads, 2);
        ck_assert_uint_eq(s.have, PROC_STATUS_STATE | PROC_STATUS_UID | PROC_STATUS_THREADS);
}
END_TEST

START_TEST(the_first_process_of_a_namespace_is_known_by_its_last_number) {
        static const struct {
                const char *line;
                bool init;
                unsigned depth;
        } rows[] = {
                { "NSpid:\t1", true, 1 },
                { "NSpid:\t4711\t1", true, 2 },
                { "NSpid:\t4711\t17", false, 2 },
                { "NSpid:\t1\t17", false, 2 },
                { "NSpid:\t4711\t17\t1", true, 3 },
                { "NSpid:\t4711\t11", false, 2 },
                { "NSpid:", false, 0 },
                { "NSpid:\tx", false, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[256];
                ProcStatus s;

                snprintf(text, sizeof(text), HEAD "%s\n", rows[i].line);
                ck_assert_int_eq(proc_status_parse(text, &s), 0);
                ck_assert_msg(s.is_ns_init == rows[i].init, "%s", rows[i].line);
                ck_assert_msg(s.ns_depth == rows[i].depth, "%s", rows[i].line);
                ck_assert_msg(((s.have & PROC_STATUS_NSPID) != 0) == (rows[i].depth > 0), "%s",
                        rows[i].line);
        }
}
END_TEST

START_TEST(a_name_cannot_pose_as_another_line) {
        ProcStatus s;

        /* The kernel writes the newline of a name as \n; and what did come through would come
         * first. */
        ck_assert_int_eq(
                proc_status_parse(
                        "Name:\tx\\nUid:\t0\t0\nState:\tR (running)\nUid:\t7\t7\t7\t7\n", &s),
                0);
        ck_assert_uint_eq(s.uid, 7);
}
END_TEST

START_TEST(what_is_no_status_is_refused) {
        static const char *const texts[] = {
                "",
                "\n",
                "Name:\tbash\n",
                "State:\tS (sleeping)\n",
                "Uid:\t0\t0\t0\t0\n",
                "State:\tS\nUid:\t0\n", /* cut between the two numbers */
                "State:\tS\nUid:\t99999999999\t0\n",
                "State:\tS\nUid:\t-1\t0\n",
                "State:\nUid:\t0\t0\n",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                ProcStatus s = { .tgid = 4242 };

                ck_assert_msg(proc_status_parse(texts[i], &s) == -EBADMSG, "'%s'", texts[i]);
                ck_assert_int_eq(s.tgid, 4242);
        }
}
END_TEST

START_TEST(broken_fields_are_missing_not_wrong) {
        ProcStatus s;

        ck_assert_int_eq(proc_status_parse(HEAD
                                 "VmRSS:\t 12\nRssAnon:\t x kB\nVmSwap:\t 99999999999999999999 kB\n"
                                 "CapEff:\t00000000zz\nThreads:\t\n",
                                 &s),
                0);
        ck_assert_uint_eq(s.have &
                        (PROC_STATUS_RSS | PROC_STATUS_ANON | PROC_STATUS_CAP_EFF |
                                PROC_STATUS_THREADS | PROC_STATUS_SWAP),
                0);
        ck_assert_uint_eq(s.rss_bytes, 0);
        ck_assert_uint_eq(s.cap_eff, 0);
        ck_assert_uint_eq(s.swap_bytes, 0);
}
END_TEST

START_TEST(capabilities_are_hexadecimal) {
        static const struct {
                const char *line;
                bool there;
                uint64_t value;
        } rows[] = {
                { "CapEff:\t0000000000000000", true, 0 },
                { "CapEff:\tf0000000000000a9", true, UINT64_C(0xf0000000000000a9) },
                { "CapEff:\t1", true, 1 },
                { "CapEff:\t10000000000000000", false, 0 }, /* 65 bits */
                { "CapEff:\tg000000000000000", false, 0 },
                { "CapEff:\t:", false, 0 },
                { "CapEff:\t/", false, 0 },
                { "CapEff:\t", false, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[256];
                ProcStatus s;

                snprintf(text, sizeof(text), HEAD "%s\n", rows[i].line);
                ck_assert_int_eq(proc_status_parse(text, &s), 0);
                ck_assert_msg(
                        ((s.have & PROC_STATUS_CAP_EFF) != 0) == rows[i].there, "%s", rows[i].line);
                ck_assert_uint_eq(s.cap_eff, rows[i].value);
        }
}
END_TEST

START_TEST(numbers_no_process_can_have_are_none) {
        ProcStatus s;

        ck_assert_int_eq(
                proc_status_parse(
                        "State:\tS\nTgid:\t2147483648\nPPid:\t18446744073709551615\nUid:\t0\t0\n",
                        &s),
                0);
        ck_assert_int_eq(s.tgid, 0);
        ck_assert_int_eq(s.ppid, 0);
}
END_TEST

START_TEST(sixty_five_thousand_groups_do_not_hide_the_rest) {
        const size_t size = 600 * 1024;
        char *text = malloc(size + sizeof(HEAD TAIL) + 16);
        size_t n = (size_t) sprintf(text, HEAD "Groups:\t");
        ProcStatus s;
        Fixture f;
        int fd;

        for (int i = 0; n < size; i++)
                n += (size_t) sprintf(text + n, "%d ", i);
        strcpy(text + n, "\n" TAIL);

        fixture_init(&f);
        fixture_file(&f, "status", text);
        ck_assert_int_eq(proc_status_read_at(f.fd, &s), PROC_OK);
        check_full(&s);

        ck_assert_int_eq(proc_file_open(f.fd, "status", &fd), PROC_OK);
        fixture_file(&f, "status", ""); /* emptied under the descriptor */
        ck_assert_int_eq(proc_status_read_fd(fd, &s), -EBADMSG);
        check_full(&s);
        close_fd(fd);
        fixture_remove(&f, "status");
        ck_assert_int_eq(proc_status_read_at(f.fd, &s), PROC_GONE);
        ck_assert_int_eq(proc_status_read_fd(FD_NONE, &s), -EBADF);
        check_full(&s);
        fixture_done(&f);
        free(text);
}
END_TEST

START_TEST(we_find_ourselves) {
        int dir = fdio_open_dir_at(AT_FDCWD, "/proc/self");
        ProcStatus s;

        ck_assert_int_eq(proc_status_read_at(dir, &s), PROC_OK);
        ck_assert_int_eq(s.tgid, getpid());
        ck_assert_int_eq(s.ppid, getppid());
        ck_assert_uint_eq(s.uid, getuid());
        ck_assert_uint_eq(s.euid, geteuid());
        ck_assert_uint_eq(s.suid, geteuid());
        ck_assert_uint_eq(s.gid, getgid());
        ck_assert_uint_eq(s.threads, 1);
        ck_assert_uint_gt(s.anon_bytes, 0);
        ck_assert_uint_gt(s.page_tables_bytes, 0);
        ck_assert(s.have & PROC_STATUS_SWAP);
        close_fd(dir);
}
END_TEST

HARNESS_MAIN("proc-status", capabilities_are_hexadecimal, numbers_no_process_can_have_are_none,
        every_field_of_a_whole_file_is_found, kernel_threads_and_zombies_have_no_memory_lines,
        the_first_process_of_a_namespace_is_known_by_its_last_number,
        a_name_cannot_pose_as_another_line, what_is_no_status_is_refused,
        broken_fields_are_missing_not_wrong, sixty_five_thousand_groups_do_not_hide_the_rest,
        we_find_ourselves)
