/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connect.h"
#include "ctl/term.h"
#include "ctl/verdict.h"

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
                verdict_print_json(ctl, accepted, message);
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
