/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is wrong with a policy, and where: a bounded list of findings with the source line each
 * refers to. Self-contained: nothing in it points into the files or into a Config. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/text.h"

#define CONFIG_ERRORS_MAX 32

/* One finding. Positions count from 1; line 0 means the file as a whole. */
typedef struct ConfigError {
        char file[256];
        uint32_t line;
        uint32_t column;   /* in characters */
        char message[320]; /* one sentence without a full stop, a suggestion in parentheses at its
                              end */
        char source[160];  /* the source line, or the part of it around the column; "" if there is
                              none */
        uint32_t caret;    /* characters of `source` before the column */
} ConfigError;

/* All findings of a load, in the order in which they were met, file by file. About 24 KiB: put it
 * on a heap or a main thread's stack, never on a small one. */
typedef struct ConfigErrors {
        ConfigError items[CONFIG_ERRORS_MAX];
        size_t n;
        size_t n_dropped; /* beyond CONFIG_ERRORS_MAX */
} ConfigErrors;

/* A file's text while it is being loaded. */
typedef struct SourceText {
        const char *name;
        const char *text;
        size_t len;
} SourceText;

/* Makes the list empty. Every config_load_*() does so itself. */
void config_errors_init(ConfigErrors *errors);

/* Adds a finding. `source` may be NULL when there is no file (then `name` stands for it), line 0
 * when it is about the whole file. Never fails: what does not fit is counted. */
void config_errors_add(ConfigErrors *errors, const SourceText *source, uint32_t line,
        uint32_t column, const char *format, ...) _printf_(5, 6);

/* "file:line:col: error: message", then the source line and a caret, each line ended by '\n'.
 * Foreign bytes are escaped. */
void config_error_print(const ConfigError *error, TextBuf *out);

/* All of them, and how many more there were. */
void config_errors_print(const ConfigErrors *errors, TextBuf *out);
