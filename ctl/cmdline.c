/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/cmdline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { TEXT_MAX = 8 * 1024, FAILURES_MAX = 4 };

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

/* A process that hangs costs a second: some may, as the largest when memory is short. A daemon that
 * reads none, or is too slow itself, is asked for no more. */
static void note_failure(CmdlineSource *source, int r) {
        if (r == -EIO)
                source->failures++;
        else if (r != -ESRCH && r != -EACCES && r != -EPERM)
                source->failures = FAILURES_MAX;
}

static void fill_row(CmdlineSource *source, Json *row) {
        _cleanup_free_ char *text = NULL;
        int64_t pid = 0;
        int r;

        if (!json_number(row, "pid", &pid))
                return;
        r = ask(source, (int32_t) pid, json_count(row, "start_ticks"), &text);
        if (r < 0)
                note_failure(source, r);
        else
                json_set_text(row, "cmdline", text);
}

void cmdline_fill(CmdlineSource *source, Json *rows) {
        for (size_t i = 0; i < json_length(rows); i++) {
                json_set(json_item(rows, i), "cmdline", NULL);
                if (source->failures < FAILURES_MAX)
                        fill_row(source, json_item(rows, i));
        }
}
