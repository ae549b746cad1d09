/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* completions bash|zsh|fish: writes the script to stdout, when avert is built. Not installed. */

#include <stdio.h>
#include <string.h>

#include "ctl/completion.h"

int main(int argc, char *argv[]) {
        for (int s = 0; argc == 2 && s < _SHELL_MAX; s++) {
                if (strcmp(argv[1], shell_name((Shell) s)) != 0)
                        continue;
                completion_print((Shell) s, stdout);
                return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
        }
        fputs("usage: completions bash|zsh|fish\n", stderr);
        return 2;
}
