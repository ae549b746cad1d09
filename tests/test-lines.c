/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "tests/harness.h"

/* All lines of a file, each in brackets. */
static void collect(const Fixture *f, size_t buffer, bool one_piece, char *out, size_t size) {
        char buf[256];
        TextBuf b;
        Lines l;
        Slice line;
        int fd = fdio_open_at(f->fd, "file"), r;

        ck_assert_uint_le(buffer, sizeof(buf));
        textbuf_init(&b, out, size);
        lines_init(&l, fd, buf, buffer, one_piece);
        while ((r = lines_next(&l, &line)) > 0) {
                textbuf_add(&b, "[");
                textbuf_add_slice(&b, line);
                textbuf_add(&b, "]");
        }
        ck_assert_int_eq(r, 0);
        ck_assert_int_eq(lines_next(&l, &line), 0); /* the end stays the end */
        close_fd(fd);
}

START_TEST(a_file_is_cut_into_its_lines_whatever_the_buffer) {
        static const struct {
                const char *text, *expect;
        } rows[] = {
                { "", "" },
                { "a", "[a]" },
                { "a\n", "[a]" },
                { "\n", "[]" },
                { "\n\n", "[][]" },
                { "one\ntwo\nthree\n", "[one][two][three]" },
                { "one\r\ntwo\r\n", "[one][two]" },
                { "one\ntwo", "[one][two]" },
                { "a\n\nbb\n", "[a][][bb]" },
        };
        Fixture f;

        fixture_init(&f);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                for (size_t size = 7; size <= 64; size++) {
                        char out[64];

                        fixture_file(&f, "file", rows[i].text);
                        collect(&f, size, false, out, sizeof(out));
                        ck_assert_msg(strcmp(out, rows[i].expect) == 0, "row %zu, %zu bytes: %s", i,
                                size, out);
                        collect(&f, 64, true, out, sizeof(out));
                        ck_assert_str_eq(out, rows[i].expect);
                }
        fixture_done(&f);
}
END_TEST

START_TEST(a_line_longer_than_the_buffer_is_cut_and_the_next_one_is_whole) {
        Fixture f;
        char out[128];

        fixture_init(&f);
        fixture_file(&f, "file", "Groups: 1 2 3 4 5 6 7 8 9\nVmRSS: 1\n");
        collect(&f, 10, false, out, sizeof(out));
        ck_assert_str_eq(out, "[Groups: 1 ][VmRSS: 1]");
        collect(&f, 25, false, out, sizeof(out)); /* exactly as long as the line */
        ck_assert_str_eq(out, "[Groups: 1 2 3 4 5 6 7 8 9][VmRSS: 1]");

        fixture_file(&f, "file", "aaaaaaaaaaaaaaaaaaaaaaaa"); /* and no end at all */
        collect(&f, 8, false, out, sizeof(out));
        ck_assert_str_eq(out, "[aaaaaaaa]");
        fixture_done(&f);
}
END_TEST

static size_t count_lines_of(FILE *file) {
        size_t n = 0;

        for (int c; (c = fgetc(file)) != EOF;)
                n += c == '\n';
        return n;
}

/* The kernel hands out a list of records in pieces, however large the buffer is. */
START_TEST(a_short_read_is_the_end_only_of_what_comes_in_one_piece) {
        static char buf[256 * 1024];
        FILE *file = fopen("/proc/zoneinfo", "re");
        size_t n = 0;
        Slice line;
        Lines l;

        ck_assert_ptr_nonnull(file);
        lines_init(&l, fileno(file), buf, sizeof(buf), false);
        while (lines_next(&l, &line) > 0)
                n++;
        ck_assert_uint_eq(n, count_lines_of(file));
        ck_assert_uint_gt(n, 20);
        fclose(file);
}
END_TEST

START_TEST(a_read_error_is_passed_up) {
        char buf[16];
        Slice line = SLICE("untouched");
        Lines l;

        lines_init(&l, FD_NONE, buf, sizeof(buf), false);
        ck_assert_int_eq(lines_next(&l, &line), -EBADF);
        ck_assert(slice_equals(line, SLICE("untouched")));
}
END_TEST

HARNESS_MAIN("lines", a_file_is_cut_into_its_lines_whatever_the_buffer,
        a_line_longer_than_the_buffer_is_cut_and_the_next_one_is_whole,
        a_short_read_is_the_end_only_of_what_comes_in_one_piece, a_read_error_is_passed_up)
