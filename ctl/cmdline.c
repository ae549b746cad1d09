/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cmdline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { TEXT_MAX = 8 * 1024 };

/* Made plain as the daemon makes it. */
static int find_recorded(const View *view, int32_t pid, uint64_t start_ticks, char **ret) {
        for (size_t i = 0; i < view->sample.n_procs; i++) {
                const ProcFacts *f = view->procs[i].facts;
                char text[TEXT_MAX];
                TextBuf b;

                if (f->pid != pid || (start_ticks != 0 && f->start_ticks != start_ticks))
                        continue;
                textbuf_init(&b, text, sizeof(text));
                textbuf_add_escaped(&b, f->cmdline, strlen(f->cmdline));
                *ret = strdup(text);
                return *ret ? 0 : -ENOMEM;
        }
        return -ESRCH;
}

static int ask(const CmdlineSource *source, int32_t pid, uint64_t start_ticks, char **ret) {
        return source->client ? avert_client_command_line(source->client, pid, start_ticks, ret)
                              : find_recorded(source->view, pid, start_ticks, ret);
}

char *cmdline_ask(const CmdlineSource *source, int32_t pid) {
        char *text = NULL;

        return ask(source, pid, 0, &text) < 0 ? NULL : text;
}

/* False when asking for more is of no use: a daemon that cannot read them, or is too slow. */
static bool fill_row(const CmdlineSource *source, Json *row) {
        _cleanup_free_ char *text = NULL;
        int64_t pid = 0;
        int r;

        if (!json_number(row, "pid", &pid))
                return true;
        r = ask(source, (int32_t) pid, json_count(row, "start_ticks"), &text);
        if (r >= 0)
                json_set_text(row, "cmdline", text);
        return r >= 0 || r == -ESRCH || r == -EACCES || r == -EPERM;
}

void cmdline_fill(const CmdlineSource *source, Json *rows) {
        bool goes_on = true;

        for (size_t i = 0; i < json_length(rows); i++) {
                json_set(json_item(rows, i), "cmdline", NULL);
                goes_on = goes_on && fill_row(source, json_item(rows, i));
        }
}
