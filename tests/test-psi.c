/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/psi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/harness.h"

#define SOME "some avg10=1.23 avg60=45.60 avg300=100.00 total=123456789\n"
#define FULL "full avg10=0.00 avg60=0.07 avg300=0.00 total=18446744073709551615\n"

static const struct {
        const char *name, *text;
        int expect;
        bool has_full;
} cases[] = {
        { "both lines", SOME FULL, 0, true },
        { "cpu before 5.13: no full line", SOME, 0, false },
        { "CRLF", "some avg10=1.23 avg60=45.60 avg300=100.00 total=123456789\r\n", 0, false },
        { "no newline at the end", "some avg10=1.23 avg60=45.60 avg300=100.00 total=123456789", 0,
                false },
        { "full first", FULL SOME, 0, true },
        { "more words some day",
                "some avg10=1.23 avg60=45.60 avg300=100.00 avg900=0.00 total=123456789\n", 0,
                false },
        { "more lines some day", SOME "none avg10=x\n", 0, false },
        { "empty", "", -EBADMSG, false },
        { "irq: full only", FULL, -EBADMSG, true },
        { "cut in the averages", "some avg10=1.23 avg6", -EBADMSG, false },
        { "cut before total", "some avg10=1.23 avg60=45.60 avg300=100.00 ", -EBADMSG, false },
        { "total without a number", "some avg10=1.23 avg60=45.60 avg300=100.00 total=\n", -EBADMSG,
                false },
        { "total too large",
                "some avg10=1.23 avg60=45.60 avg300=100.00 total=18446744073709551616\n", -EBADMSG,
                false },
        { "negative", "some avg10=-1.23 avg60=45.60 avg300=100.00 total=1\n", -EBADMSG, false },
        { "one decimal", "some avg10=1.2 avg60=45.60 avg300=100.00 total=1\n", -EBADMSG, false },
        { "no decimals", "some avg10=1 avg60=45.60 avg300=100.00 total=1\n", -EBADMSG, false },
        { "comma", "some avg10=1,23 avg60=45.60 avg300=100.00 total=1\n", -EBADMSG, false },
        { "not a number", "some avg10=nan avg60=45.60 avg300=100.00 total=1\n", -EBADMSG, false },
        { "absurd", "some avg10=4294967296.00 avg60=45.60 avg300=100.00 total=1\n", -EBADMSG,
                false },
        { "broken full line", SOME "full avg10=0.00\n", -EBADMSG, false },
};

START_TEST(text_is_parsed_or_refused_whole) {
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                PsiStats s = { .some.total_usec = 4242 };
                int r = psi_parse(cases[i].text, &s);

                ck_assert_msg(r == cases[i].expect, "%s: got %d", cases[i].name, r);
                if (r < 0) {
                        ck_assert_uint_eq(s.some.total_usec, 4242);
                        continue;
                }
                ck_assert_uint_eq(s.some.total_usec, 123456789);
                ck_assert_uint_eq(s.some.avg10_permyriad, 123);
                ck_assert_uint_eq(s.some.avg60_permyriad, 4560);
                ck_assert_uint_eq(s.some.avg300_permyriad, 10000);
                ck_assert_msg(s.has_full == cases[i].has_full, "%s", cases[i].name);
                ck_assert_uint_eq(s.full.total_usec, cases[i].has_full ? UINT64_MAX : 0);
                ck_assert_uint_eq(s.full.avg60_permyriad, cases[i].has_full ? 7 : 0);
        }
}
END_TEST

START_TEST(a_file_that_is_not_there_is_an_outcome) {
        PsiStats s = { .some.total_usec = 4242 };
        Fixture f;
        int fd;

        fixture_init(&f);
        ck_assert_int_eq(psi_read_at(f.fd, "pressure/memory", &s), PSI_GONE);
        fixture_file(&f, "pressure/memory", SOME FULL);
        fd = fdio_open_at(f.fd, "pressure/memory");
        ck_assert_int_eq(psi_read_fd(fd, &s), PSI_OK);
        ck_assert_uint_eq(s.some.total_usec, 123456789);

        fixture_remove(&f, "pressure/memory");
        s.some.total_usec = 4242;
        ck_assert_int_eq(psi_read_at(f.fd, "pressure/memory", &s), PSI_GONE);
        ck_assert_uint_eq(s.some.total_usec, 4242);
        close_fd(fd);
        ck_assert_int_eq(psi_read_fd(FD_NONE, &s), -EBADF);
        ck_assert_int_eq(psi_read_at(f.fd, ".", &s), -EISDIR);
        fixture_done(&f);
}
END_TEST

START_TEST(the_bytes_that_arm_a_trigger_end_with_a_nul) {
        static const struct {
                PsiStall kind;
                usec_t threshold, window;
                const char *text;
        } rows[] = {
                { PSI_STALL_SOME, 100 * USEC_PER_MSEC, USEC_PER_SEC, "some 100000 1000000" },
                { PSI_STALL_FULL, 1, 10 * USEC_PER_SEC, "full 1 10000000" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char buf[PSI_TRIGGER_TEXT_MAX];
                int n;

                memset(buf, 'X', sizeof(buf));
                n = psi_trigger_format(rows[i].kind, rows[i].threshold, rows[i].window, buf);
                ck_assert_int_eq(n, (int) strlen(rows[i].text) + 1);
                ck_assert_mem_eq(buf, rows[i].text, (size_t) n); /* the NUL among them */
                ck_assert_int_le(n, 32);                         /* the kernel's buffer */
        }
}
END_TEST

START_TEST(what_is_written_to_the_file_is_exactly_that) {
        PsiTrigger t = PSI_TRIGGER_INIT;
        char buf[128];
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "memory", SOME FULL);
        ck_assert_int_eq(
                psi_trigger_open(f.fd, "memory", PSI_STALL_FULL, 150000, 1000000, &t), PSI_OK);
        ck_assert_int_ge(t.fd, 0);
        ck_assert_uint_eq(t.window_usec, 1000000);
        ck_assert_uint_eq(t.threshold_usec, 150000);
        ck_assert_uint_eq(t.baseline_usec, UINT64_MAX); /* of the full line, read before arming */
        ck_assert_int_eq(t.mode, PSI_TRIGGER_PRIVILEGED);

        ck_assert_int_gt(fdio_read_at(f.fd, "memory", buf, sizeof(buf)), 20);
        ck_assert_mem_eq(buf, "full 150000 1000000\0", 20);
        ck_assert_int_eq(buf[20], SOME[20]); /* and not one byte more */

        psi_trigger_done(&t);
        fixture_file(&f, "memory", SOME FULL);
        ck_assert_int_eq(psi_trigger_open(f.fd, "memory", PSI_STALL_SOME, 10000000, 10000000, &t),
                PSI_OK); /* the longest */
        ck_assert_uint_eq(t.baseline_usec, 123456789);
        psi_trigger_done(&t);
        ck_assert_int_eq(t.fd, FD_NONE);
        ck_assert_int_eq(t.mode, PSI_TRIGGER_NONE);
        psi_trigger_done(&t);
        fixture_done(&f);
}
END_TEST

START_TEST(impossible_triggers_are_refused_before_anything_is_opened) {
        static const struct {
                usec_t threshold, window;
        } rows[] = { { 0, 1000000 }, { 1000001, 1000000 }, { 1, 10000001 }, { 1, 0 } };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                PsiTrigger t = { .fd = 4242 };

                ck_assert_int_eq(psi_trigger_open(FD_NONE, "memory", PSI_STALL_SOME,
                                         rows[i].threshold, rows[i].window, &t),
                        -EINVAL);
                ck_assert_int_eq(t.fd, 4242);
        }
}
END_TEST

START_TEST(a_trigger_on_nothing_leaves_polling) {
        PsiTrigger t = { .fd = 4242 };
        Fixture f;

        fixture_init(&f);
        ck_assert_int_eq(
                psi_trigger_open(f.fd, "memory", PSI_STALL_SOME, 1, 1000000, &t), PSI_GONE);
        fixture_file(&f, "memory", "");
        ck_assert_int_eq(
                psi_trigger_open(f.fd, "memory", PSI_STALL_SOME, 1, 1000000, &t), -EBADMSG);
        ck_assert_int_eq(t.fd, 4242);
        fixture_done(&f);
}
END_TEST

/* The kernel of this machine decides which window it grants; whatever it says, a usable trigger or
 * a named reason comes out. */
START_TEST(this_machine_grants_a_window_or_says_why_not) {
        int proc_fd = fdio_open_dir_at(AT_FDCWD, "/proc"), r;
        PsiTrigger t = PSI_TRIGGER_INIT;

        r = psi_trigger_open(proc_fd, "pressure/memory", PSI_STALL_SOME, 300000, 3000000, &t);
        if (r == PSI_OK && t.mode == PSI_TRIGGER_COARSE) {
                ck_assert_uint_eq(t.window_usec, 4000000);
                ck_assert_uint_eq(t.threshold_usec, 400000); /* the share stays */
        } else if (r == PSI_OK) {
                ck_assert_int_eq(t.mode, PSI_TRIGGER_PRIVILEGED);
                ck_assert_uint_eq(t.window_usec, 3000000);
        } else
                ck_assert_msg(
                        r == PSI_GONE || r == PSI_UNSUPPORTED || r == PSI_REFUSED, "got %d", r);
        psi_trigger_done(&t);
        close_fd(proc_fd);
}
END_TEST

/* From here on the call `nr` fails with `error` in this process, as a kernel would let it fail.
 * False: there are no filters here. */
static bool let_fail(long nr, int error) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) nr, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t) error),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { .len = ELEMENTS(code), .filter = code };

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Runs in a child, which exits with the outcomes of reading and of arming, 15 for any failure, or
 * 255. */
_Noreturn static void read_and_arm(int dirfd, long nr, int error) {
        PsiTrigger t = PSI_TRIGGER_INIT;
        PsiStats s;
        int fd = fdio_open_at(dirfd, "memory"), read, armed;

        if (!let_fail(nr, error))
                _exit(255);
        read = psi_read_fd(fd, &s);
        armed = psi_trigger_open(dirfd, "memory", PSI_STALL_SOME, 100000, 1000000, &t);
        _exit((read < 0 ? 15 : read) << 4 | (armed < 0 ? 14 : armed));
}

START_TEST(what_the_kernel_refuses_becomes_an_outcome) {
        static const struct {
                const char *name;
                long nr;
                int error, read, armed;
        } rows[] = {
                { "psi=0: open works, reading does not", SYS_pread64, EOPNOTSUPP, PSI_UNSUPPORTED,
                        PSI_UNSUPPORTED },
                { "cgroup removed", SYS_pread64, ENODEV, PSI_GONE, PSI_GONE },
                { "no trigger for us", SYS_write, EPERM, PSI_OK, PSI_REFUSED },
                { "no window is valid", SYS_write, EINVAL, PSI_OK, PSI_REFUSED },
                { "psi=0: arming", SYS_write, EOPNOTSUPP, PSI_OK, PSI_UNSUPPORTED },
                { "before 6.x the file is not writable", SYS_openat, EACCES, PSI_OK, PSI_REFUSED },
                { "anything else is a failure", SYS_write, EBUSY, PSI_OK, 14 },
                { "and so is this", SYS_pread64, EIO, 15, 14 },
        };
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "memory", SOME FULL);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                pid_t pid = fork();
                int status;

                if (pid == 0)
                        read_and_arm(f.fd, rows[i].nr, rows[i].error);
                ck_assert_int_eq(waitpid(pid, &status, 0), pid);
                ck_assert(WIFEXITED(status));
                if (WEXITSTATUS(status) == 255)
                        break;
                ck_assert_msg(WEXITSTATUS(status) >> 4 == rows[i].read, "%s: read %d", rows[i].name,
                        WEXITSTATUS(status) >> 4);
                ck_assert_msg((WEXITSTATUS(status) & 15) == rows[i].armed, "%s: armed %d",
                        rows[i].name, WEXITSTATUS(status) & 15);
        }
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("psi", what_the_kernel_refuses_becomes_an_outcome, text_is_parsed_or_refused_whole,
        a_file_that_is_not_there_is_an_outcome, the_bytes_that_arm_a_trigger_end_with_a_nul,
        what_is_written_to_the_file_is_exactly_that,
        impossible_triggers_are_refused_before_anything_is_opened,
        a_trigger_on_nothing_leaves_polling, this_machine_grants_a_window_or_says_why_not)
