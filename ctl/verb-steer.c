/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connect.h"
#include "ctl/verdict.h"

/* Asks the daemon for one change. 0 or negative errno, as the library's functions. */
typedef int (*Ask)(
        const Ctl *ctl, AvertClient *client, const char *who, bool *ret_done, char **ret_message);

static int steer(const Ctl *ctl, Ask ask, const char *who, const char *what) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_free_ char *message = NULL;
        bool done;
        int r;

        r = connect_for_change(ctl, &client);
        if (r != CTL_OK)
                return r;
        r = ask(ctl, client, who, &done, &message);
        if (r < 0)
                return connect_explain(ctl, client, what, r);
        return verdict_print(ctl, done, message);
}

static int ask_pause(const Ctl *ctl, AvertClient *client, const char *who _unused_, bool *ret_done,
        char **ret_message) {
        return avert_client_pause(client, ctl->for_usec, ctl->dry_run, ret_done, ret_message);
}

int verb_pause(Ctl *ctl, int argc _unused_, char *const *argv _unused_) {
        return steer(ctl, ask_pause, NULL, "pause avertd");
}

static int ask_resume(const Ctl *ctl, AvertClient *client, const char *who _unused_, bool *ret_done,
        char **ret_message) {
        return avert_client_resume(client, ctl->dry_run, ret_done, ret_message);
}

int verb_resume(Ctl *ctl, int argc _unused_, char *const *argv _unused_) {
        return steer(ctl, ask_resume, NULL, "end the pause");
}

static int ask_protect(
        const Ctl *ctl, AvertClient *client, const char *who, bool *ret_done, char **ret_message) {
        return avert_client_protect(
                client, who, ctl->for_usec, ctl->dry_run, ret_done, ret_message);
}

static int steer_somebody(const Ctl *ctl, Ask ask, int argc, char *const *argv, const char *what) {
        if (argc < 1) {
                ctl_error(ctl, "whom? a pid, a unit, or the path of a cgroup");
                return CTL_USAGE;
        }
        return steer(ctl, ask, argv[0], what);
}

int verb_protect(Ctl *ctl, int argc, char *const *argv) {
        return steer_somebody(ctl, ask_protect, argc, argv, "protect it");
}

static int ask_unprotect(
        const Ctl *ctl, AvertClient *client, const char *who, bool *ret_done, char **ret_message) {
        return avert_client_unprotect(client, who, ctl->dry_run, ret_done, ret_message);
}

int verb_unprotect(Ctl *ctl, int argc, char *const *argv) {
        return steer_somebody(ctl, ask_unprotect, argc, argv, "end its protection");
}
