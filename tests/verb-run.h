/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* avertctl in the test's own process: what one call wrote and how it ended. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/options.h"
#include "tests/harness.h"

static char *out, *err;
static int code;

static inline void drop_output(void) {
        free(out);
        free(err);
        out = err = NULL;
}

/* avertctl with the words of `first`, then `word` and those behind it, each NULL-terminated. */
static inline void run_words(const char *const *first, const char *word, va_list more) {
        char *argv[16] = { (char[]){ "avertctl" } };
        size_t out_len, err_len;
        Ctl ctl = { .width = 80 };
        const Verb *verb;
        int argc = 1, begin;

        for (; *first; first++)
                argv[argc++] = (char *) (uintptr_t) *first;
        for (; word; word = va_arg(more, const char *))
                argv[argc++] = (char *) (uintptr_t) word;

        drop_output();
        ctl.out = open_memstream(&out, &out_len);
        ctl.err = open_memstream(&err, &err_len);
        code = options_parse(&ctl, argc, argv, &verb, &begin);
        if (verb)
                code = verb->run(&ctl, argc - begin, argv + begin);
        fclose(ctl.out);
        fclose(ctl.err);
}

static inline void expect(int want, const char *in_out, const char *in_err) {
        ck_assert_ptr_nonnull(out);
        ck_assert_ptr_nonnull(err);
        ck_assert_msg(
                code == want, "ended with %d, not %d\nout: %s\nerr: %s", code, want, out, err);
        /* Asked for nothing, an optimiser would conclude that a failure means there is no text. */
        ck_assert_msg(!*in_out || strstr(out, in_out) != NULL, "no '%s' in: %s", in_out, out);
        ck_assert_msg(!*in_err || strstr(err, in_err) != NULL, "no '%s' in: %s", in_err, err);
}
