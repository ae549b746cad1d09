/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/connect.h"
#include "ctl/term.h"
#include "ctl/verdict.h"

static bool is_level(const char *text) {
        static const char *const levels[] = { "error", "warning", "notice", "info", "debug" };

        for (size_t i = 0; i < ELEMENTS(levels); i++)
                if (strcmp(text, levels[i]) == 0)
                        return true;
        return false;
}

static int print_level(const Ctl *ctl, const char *level) {
        _cleanup_(json_unrefp) Json *json = NULL;

        if (ctl->json == JSON_OFF) {
                term_lines(ctl, ctl->out, level);
                return CTL_OK;
        }
        json = json_new_object();
        json_set_number(json, "schema_version", 1);
        json_set_text(json, "log_level", level);
        json_write(json, ctl->json, ctl->out);
        return CTL_OK;
}

/* Reads what is now; says what would be. */
static int look(const Ctl *ctl, const char *wanted) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_free_ char *level = NULL;
        char text[128];
        int r;

        r = connect_daemon(ctl, &client);
        if (r != CTL_OK)
                return r;
        r = avert_client_get_log_level(client, &level);
        if (r < 0)
                return connect_explain(ctl, client, "tell the log level", r);
        if (!wanted)
                return print_level(ctl, level);
        snprintf(text, sizeof(text), "the log level would be %s, and is %s", wanted, level);
        return verdict_print(ctl, true, text);
}

static int ask_set(const Ctl *ctl _unused_, AvertClient *client, const char *level, bool *ret_done,
        char **ret_message) {
        return avert_client_set_log_level(client, level, ret_done, ret_message);
}

int verb_log_level(Ctl *ctl, int argc, char *const *argv) {
        if (argc > 0 && !is_level(argv[0])) {
                ctl_error(ctl, "'%s' is no log level: error, warning, notice, info or debug",
                        argv[0]);
                return CTL_USAGE;
        }
        if (argc == 0 && ctl->dry_run) {
                ctl_error(ctl, "--dry-run of what? name a log level");
                return CTL_USAGE;
        }
        if (argc == 0 || ctl->dry_run)
                return look(ctl, argc > 0 ? argv[0] : NULL);
        return verdict_ask(ctl, ask_set, argv[0], "set the log level");
}
