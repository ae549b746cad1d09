/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/completion.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "tests/harness.h"

START_TEST(what_a_verb_takes_is_read_from_its_row) {
        static const struct {
                const char *text;
                unsigned kinds;
                const char *words;
        } rows[] = {
                { "", 0, "" },
                { "DIR", 1u << ARGUMENT_DIR, "" },
                { "[FILE...]", 1u << ARGUMENT_FILE, "" },
                { "[POLICY|PID]", 1u << ARGUMENT_POLICY | 1u << ARGUMENT_PID, "" },
                { "PID|UNIT", 1u << ARGUMENT_PID | 1u << ARGUMENT_UNIT, "" },
                { "[list|show ID|follow]", 1u << ARGUMENT_OTHER, "list show follow" },
                { "FILES", 1u << ARGUMENT_OTHER, "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Arguments a;

                arguments_parse(rows[i].text, &a);
                ck_assert_msg(a.kinds == rows[i].kinds, "%s: kinds %x", rows[i].text, a.kinds);
                ck_assert_str_eq(a.words, rows[i].words);
        }
}
END_TEST

START_TEST(each_shell_knows_every_verb_and_every_option) {
        for (int shell = 0; shell < _SHELL_MAX; shell++) {
                const char *dashes = shell == SHELL_FISH ? "-l " : "--";
                char *text = NULL, option[64];
                size_t len;
                FILE *out = open_memstream(&text, &len);

                completion_print((Shell) shell, out);
                fclose(out);
                ck_assert_ptr_nonnull(text);
                for (const Verb *v = verbs; v->name; v++)
                        ck_assert_msg(strstr(text, v->name) != NULL, "%s: no %s",
                                shell_name((Shell) shell), v->name);
                for (int o = 0; o < _OPTION_MAX; o++) {
                        snprintf(option, sizeof(option), "%s%s", dashes, option_table[o].name);
                        ck_assert_msg(strstr(text, option) != NULL, "%s: no %s",
                                shell_name((Shell) shell), option);
                }
                free(text);
        }
}
END_TEST

HARNESS_MAIN("completion", what_a_verb_takes_is_read_from_its_row,
        each_shell_knows_every_verb_and_every_option)
