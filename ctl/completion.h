/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Completions of avertctl for shells, made from the tables of verbs and options when avert is
 * built.
 */

#include <stdio.h>

typedef enum Shell {
        SHELL_BASH,
        SHELL_ZSH,
        SHELL_FISH,
        _SHELL_MAX,
} Shell;

/* "bash", "zsh", "fish" */
const char *shell_name(Shell shell);

/* Writes the whole script. */
void completion_print(Shell shell, FILE *out);

/* What the arguments of a verb are, as its row in the table says it ("[POLICY|PID]"): words in
 * capitals are kinds, others stand for themselves. */
typedef enum ArgumentKind {
        ARGUMENT_POLICY,
        ARGUMENT_PID,
        ARGUMENT_UNIT,
        ARGUMENT_FILE,
        ARGUMENT_DIR,
        ARGUMENT_OTHER, /* known to people only: N, INCIDENT */
        _ARGUMENT_KIND_MAX,
} ArgumentKind;

typedef struct Arguments {
        unsigned kinds;  /* 1 << ArgumentKind */
        char words[128]; /* with spaces between */
} Arguments;

void arguments_parse(const char *text, Arguments *ret);

/* The printers of each shell. */
void completion_print_bash(FILE *out);
void completion_print_zsh(FILE *out);
void completion_print_fish(FILE *out);
