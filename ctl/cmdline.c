/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cmdline.h"

#include <errno.h>
#include <stdlib.h>

char *cmdline_ask(AvertClient *client, int32_t pid) {
        char *text = NULL;

        return avert_client_command_line(client, pid, 0, &text) < 0 ? NULL : text;
}

/* False when asking for more is of no use: a daemon that cannot read them, or is too slow. */
static bool fill_row(AvertClient *client, Json *row) {
        _cleanup_free_ char *text = NULL;
        int64_t pid = 0;
        int r;

        if (!json_number(row, "pid", &pid))
                return true;
        r = avert_client_command_line(client, (int32_t) pid, json_count(row, "start_ticks"), &text);
        if (r >= 0)
                json_set_text(row, "cmdline", text);
        return r >= 0 || r == -ESRCH || r == -EACCES || r == -EPERM;
}

void cmdline_fill(AvertClient *client, Json *rows) {
        bool goes_on = true;

        for (size_t i = 0; i < json_length(rows); i++) {
                json_set(json_item(rows, i), "cmdline", NULL);
                goes_on = goes_on && fill_row(client, json_item(rows, i));
        }
}
