/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/connect.h"
#include "ctl/verdict.h"

static int ask_pause(const Ctl *ctl, AvertClient *client, const char *who _unused_, bool *ret_done,
        char **ret_message) {
        return avert_client_pause(client, ctl->for_usec, ctl->dry_run, ret_done, ret_message);
}

int verb_pause(Ctl *ctl, int argc _unused_, char *const *argv _unused_) {
        return verdict_ask(ctl, ask_pause, NULL, "pause avertd");
}

static int ask_resume(const Ctl *ctl, AvertClient *client, const char *who _unused_, bool *ret_done,
        char **ret_message) {
        return avert_client_resume(client, ctl->dry_run, ret_done, ret_message);
}

int verb_resume(Ctl *ctl, int argc _unused_, char *const *argv _unused_) {
        return verdict_ask(ctl, ask_resume, NULL, "end the pause");
}

static int ask_protect(
        const Ctl *ctl, AvertClient *client, const char *who, bool *ret_done, char **ret_message) {
        return avert_client_protect(
                client, who, ctl->for_usec, ctl->dry_run, ret_done, ret_message);
}

static int steer_somebody(
        const Ctl *ctl, ChangeAsk ask, int argc, char *const *argv, const char *what) {
        if (argc < 1) {
                ctl_error(ctl, "whom? a pid, a unit, or the path of a cgroup");
                return CTL_USAGE;
        }
        return verdict_ask(ctl, ask, argv[0], what);
}

/* As the daemon takes a name: "ssh" is ssh.service, "/a/" is /a. */
static bool is_meant(const Json *ward, const char *who) {
        const char *name = json_text(ward, "name");
        size_t len = strlen(who);

        while (*who == '/' && len > 1 && who[len - 1] == '/')
                len--;
        return *name && strncmp(name, who, len) == 0 &&
                (name[len] == '\0' || (*who != '/' && strcmp(name + len, ".service") == 0));
}

/* It may come later, or be misspelt. Whatever fails here, it is protected. */
static void warn_of_nobody(const Ctl *ctl, const char *who) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        _cleanup_(json_unrefp) Json *state = NULL;
        _cleanup_free_ char *text = NULL;
        const Json *wards;
        int64_t n;

        if (avert_client_open(ctl->bus, &client) < 0 && avert_client_open_system(&client) < 0)
                return;
        if (avert_client_describe(client, &text) < 0 || json_parse(text, &state) < 0)
                return;
        wards = json_get(state, "protected");
        for (size_t i = 0; i < json_length(wards); i++)
                if (is_meant(json_at(wards, i), who) &&
                        json_number(json_at(wards, i), "n_processes", &n) && n == 0)
                        ctl_error(ctl,
                                "no process is in %s now: the protection waits for one; look for a "
                                "misspelling if it should be there",
                                json_text(json_at(wards, i), "name"));
}

int verb_protect(Ctl *ctl, int argc, char *const *argv) {
        int r = steer_somebody(ctl, ask_protect, argc, argv, "protect it");

        if (r == CTL_OK && !ctl->dry_run)
                warn_of_nobody(ctl, argv[0]);
        return r;
}

static int ask_unprotect(
        const Ctl *ctl, AvertClient *client, const char *who, bool *ret_done, char **ret_message) {
        return avert_client_unprotect(client, who, ctl->dry_run, ret_done, ret_message);
}

int verb_unprotect(Ctl *ctl, int argc, char *const *argv) {
        return steer_somebody(ctl, ask_unprotect, argc, argv, "end its protection");
}
