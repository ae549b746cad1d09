/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any text as a policy file. It is refused with a reason, or it loads; and what loads prints, and
 * what is printed loads to a policy that prints the same. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config-load.h"

#define PRINTED_MAX ((size_t) 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(const ConfigErrors *errors, TextBuf *out) {
        if (errors->n == 0)
                abort(); /* refused without a word */
        config_errors_print(errors, out);
}

/* The comments tell where each part came from, which differs. */
static void drop_comments(char *text) {
        char *to = text;

        for (char *line = text, *next; *line; line = next) {
                size_t len = strcspn(line, "\n");

                next = line + len + (line[len] == '\n');
                if (line[strspn(line, " ")] == '#')
                        continue;
                memmove(to, line, (size_t) (next - line));
                to += next - line;
        }
        *to = '\0';
}

static void check_round_trip(
        const Config *config, char *first, char *second, ConfigErrors *errors) {
        Config *again = NULL;
        TextBuf out;

        textbuf_init(&out, first, PRINTED_MAX);
        config_print(config, &out);
        if (out.truncated || out.len > 200 * 1024)
                return; /* longer than a policy file may be */
        if (config_load_text("printed", first, out.len, &again, errors) < 0)
                abort();
        textbuf_init(&out, second, PRINTED_MAX);
        config_print(again, &out);
        drop_comments(first);
        drop_comments(second);
        if (strcmp(first, second) != 0)
                abort();
        config_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static ConfigErrors errors;
        static char first[PRINTED_MAX], second[PRINTED_MAX];
        const char *text = (const char *) data;
        Config *config = NULL;
        TextBuf out;

        if (config_load_text("fuzz", text, size, &config, &errors) < 0) {
                textbuf_init(&out, first, sizeof(first));
                check_errors(&errors, &out);
                return 0;
        }
        check_round_trip(config, first, second, &errors);
        config_unref(config);
        return 0;
}
