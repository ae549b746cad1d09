/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/once.h"
#include "daemon/policy-load.h"

static int print_help(void) {
        char text[4096];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        options_print_help(&b);
        return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(const Options *o) {
        switch (o->mode) {
        case MODE_HELP:
                return print_help();
        case MODE_VERSION:
                return puts("avertd " AVERT_VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
        case MODE_CHECK:
                return policy_check(o);
        case MODE_ONCE:
                return once_run(o);
        case MODE_STANDBY:
        case MODE_RUN:
                break;
        }
        return daemon_run(o);
}

int main(int argc, char **argv) {
        Options options;
        char text[256];
        TextBuf error;
        int r;

        /* One arena: locked memory is counted in pages, and every arena brings its own. */
        (void) mallopt(M_ARENA_MAX, 1);

        textbuf_init(&error, text, sizeof(text));
        r = options_parse(argc, argv, &options, &error);
        if (r < 0)
                fprintf(stderr, "avertd: %s\n", error.len > 0 ? text : strerror(-r));
        if (r == -EINVAL)
                fputs("Try avertd --help.\n", stderr);

        r = r == 0 ? run(&options) : r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
        options_done(&options);
        return r;
}
