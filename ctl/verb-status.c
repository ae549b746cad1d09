/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <time.h>

#include "ctl/connect.h"
#include "ctl/status-text.h"

#define FOLLOW_SECONDS 2

static int print_once(const Ctl *ctl, AvertClient *client) {
        _cleanup_(json_unrefp) Json *json = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = avert_client_describe(client, &text);
        if (r < 0)
                return connect_explain(ctl, client, "read the status", r);

        r = connect_parse(ctl, text, &json);
        if (r != CTL_OK)
                return r;

        if (ctl->json != JSON_OFF)
                json_write(json, ctl->json, ctl->out);
        else
                status_print(ctl, json);
        return CTL_OK;
}

int verb_status(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_(client_unrefp) AvertClient *client = NULL;
        uint64_t times = ctl->count > 0 ? ctl->count : ctl->follow ? UINT64_MAX : 1;
        int r;

        (void) argc;
        (void) argv;
        r = connect_daemon(ctl, &client);
        if (r != CTL_OK)
                return r;

        for (uint64_t i = 0; i < times; i++) {
                if (i > 0) {
                        const struct timespec pause = { .tv_sec = FOLLOW_SECONDS };

                        (void) nanosleep(&pause, NULL);
                        /* a page on a terminal replaces the one before; lines in a file add up */
                        fputs(ctl->colour                       ? "\033[H\033[J"
                                        : ctl->json == JSON_OFF ? "\n"
                                                                : "",
                                ctl->out);
                }

                r = print_once(ctl, client);
                if (r != CTL_OK)
                        return r;
                if (fflush(ctl->out) != 0)
                        return CTL_OK; /* the reader has left; main says so if it matters */
        }
        return CTL_OK;
}
