/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connect.h"
#include "ctl/term.h"

int verb_reload(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        bool accepted;
        int r;

        (void) argc;
        (void) argv;
        r = connect_for_change(ctl, &client);
        if (r != CTL_OK)
                return r;

        r = ctl->dry_run ? avert_client_check_reload(client, &accepted, &message)
                         : avert_client_reload(client, &accepted, &message);
        if (r < 0)
                return connect_explain(ctl, client, "reload the policy", r);

        if (ctl->json != JSON_OFF) {
                _cleanup_(json_unrefp) Json *json = json_new_object();

                json_set_number(json, "schema_version", 1);
                json_set_flag(json, "ok", accepted);
                json_set_flag(json, "dry_run", ctl->dry_run);
                json_set_text(json, "message", message);
                json_print(json, ctl->json, ctl->out);
        } else if (accepted) {
                term_lines(ctl, ctl->out, *message ? message : "reloaded");
        } else {
                ctl_error(ctl,
                        "avertd %s the new policy and goes on with the old one; "
                        "'avertctl check' shows all errors",
                        ctl->dry_run ? "would refuse" : "refused");
                term_lines(ctl, ctl->err, message);
        }
        return accepted ? CTL_OK : CTL_REFUSED;
}
