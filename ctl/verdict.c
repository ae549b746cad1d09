/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/verdict.h"

#include <stdlib.h>

#include "ctl/json-tree.h"
#include "ctl/term.h"

enum { SCHEMA_VERSION = 1 };

void verdict_print_json(const Ctl *ctl, bool done, const char *message) {
        _cleanup_(json_unrefp) Json *json = json_new_object();

        json_set_number(json, "schema_version", SCHEMA_VERSION);
        json_set_flag(json, "ok", done);
        json_set_flag(json, "dry_run", ctl->dry_run);
        json_set_text(json, "message", message);
        json_write(json, ctl->json, ctl->out);
}

int verdict_print(const Ctl *ctl, bool done, const char *message) {
        if (ctl->json != JSON_OFF)
                verdict_print_json(ctl, done, message);
        else if (done)
                term_lines(ctl, ctl->out, message);
        else
                ctl_error(ctl, "%s", message);
        return done ? CTL_OK : CTL_FAILED;
}

int verdict_ask(const Ctl *ctl, ChangeAsk ask, const char *about, const char *what) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        bool done;
        int r;

        r = connect_for_change(ctl, &client);
        if (r != CTL_OK)
                return r;
        r = ask(ctl, client, about, &done, &message);
        if (r < 0)
                return connect_explain(ctl, client, what, r);
        return verdict_print(ctl, done, message);
}
