/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command line of avertd. Knows what may be asked for, does none of it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "daemon/log.h"

/* Exit codes; documented in avertd(8). */
enum {
        EXIT_OK = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_CONFIG = 78,
};

typedef enum OptionsMode {
        MODE_RUN,     /* the daemon */
        MODE_STANDBY, /* a daemon in waiting */
        MODE_ONCE,    /* judge, print, exit */
        MODE_CHECK,   /* load policies, print what is wrong with them, exit */
        MODE_HELP,
        MODE_VERSION,
} OptionsMode;

/* Texts point into argv. */
typedef struct Options {
        OptionsMode mode;
        const char **files; /* --config, and the files behind --check-config */
        size_t n_files;
        const char *root;       /* NULL: this machine */
        const char *bus;        /* NULL: the usual place; "": no socket */
        const char *metrics;    /* file of metrics; NULL: beside the socket; "": none */
        const char *system_bus; /* address; NULL: the usual one; "": none */
        bool dry;
        bool json;
        LogLevel log_level;
} Options;

#define OPTIONS_INIT ((Options){ .log_level = LOG_LEVEL_INFO })

/* Fills *ret (release with options_done(), also after a failure). 0; -EINVAL with a sentence
 * without a newline in *reterr; -ENOMEM. argv may be reordered. */
int options_parse(int argc, char **argv, Options *ret, TextBuf *reterr);

void options_done(Options *o);

/* The text of --help. */
void options_print_help(TextBuf *out);
