/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The options of avertctl: what they are called and what they take. From this table come the
 * parser, the help and the completions of the shells. */

#include <stdint.h>

#include "base/macro.h"

typedef enum CtlOption {
        OPTION_JSON,
        OPTION_BUS,
        OPTION_ROOT,
        OPTION_CONFIG,
        OPTION_FOLLOW,
        OPTION_COUNT,
        OPTION_RELEASE,
        OPTION_RELEASE_ALL,
        OPTION_FOR,
        OPTION_DRY_RUN,
        OPTION_FORMAT,
        OPTION_PAGER,
        OPTION_HELP,
        OPTION_VERSION,
        _OPTION_MAX,
} CtlOption;

static inline uint64_t option_bit(CtlOption option) {
        return UINT64_C(1) << option;
}

/* Harmless everywhere: scripts may always give --no-pager. */
#define OPTIONS_OF_ALL                                                                             \
        (option_bit(OPTION_PAGER) | option_bit(OPTION_HELP) | option_bit(OPTION_VERSION))

typedef enum OptionTaking {
        TAKES_NOTHING,
        TAKES_VALUE,
        MAY_TAKE_VALUE, /* only with "=" */
} OptionTaking;

typedef struct OptionInfo {
        const char *name; /* without the dashes */
        char letter;      /* 0: none */
        OptionTaking taking;
        const char *value; /* "FILE", "DIR" and "PATH" are names of files; else for people */
        const char *words; /* what the value may be, with spaces between; NULL: anything */
        const char *summary;
} OptionInfo;

extern const OptionInfo option_table[_OPTION_MAX];
