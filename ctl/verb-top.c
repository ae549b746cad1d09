/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/cmdline.h"
#include "ctl/connect.h"
#include "ctl/top-page.h"
#include "ctl/top-screen.h"

enum { LOOK_SECONDS = 2 };

#define PROTECT_USEC USEC_PER_HOUR

typedef struct Viewer {
        const Ctl *ctl;
        AvertClient *client; /* NULL: the daemon went away */
        Top top;
} Viewer;

/* ---- asking
 * ---------------------------------------------------------------------------------------- */

static int parse(const char *text, Json **ret) {
        int64_t version;

        if (json_parse(text, ret) < 0)
                return -EBADMSG;
        return json_number(*ret, "schema_version", &version) && version == 1 ? 0 : -EBADMSG;
}

/* *ret_consumers also as the text it came in. 0 or negative errno. */
static int ask(AvertClient *client, Json **ret_state, Json **ret_consumers) {
        _cleanup_free_ char *state = NULL, *consumers = NULL;
        int r;

        r = avert_client_describe(client, &state);
        if (r == 0)
                r = avert_client_list_consumers(client, &consumers);
        if (r == 0)
                r = parse(state, ret_state);
        if (r == 0)
                r = parse(consumers, ret_consumers);
        return r;
}

/* ---- where there is no terminal
 * -------------------------------------------------------------------- */

typedef struct Lines {
        const Ctl *ctl;
        unsigned row, column;
} Lines;

static void put_line(
        void *ctx, unsigned row, unsigned column, Paint paint, bool marked, const char *text) {
        Lines *l = ctx;

        (void) marked;
        for (; l->row < row; l->row++) {
                fputc('\n', l->ctl->out);
                l->column = 0;
        }
        for (; l->column < column; l->column++)
                fputc(' ', l->ctl->out);
        l->column += term_cell(l->ctl, paint, 0, text);
}

static void print_page(const Ctl *ctl, Top *top) {
        Lines lines = { .ctl = ctl };

        top_draw(top,
                &(TopCanvas){ .put = put_line,
                        .ctx = &lines,
                        .width = ctl->width,
                        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 });
        fputc('\n', ctl->out);
}

static int print_once(Viewer *v) {
        _cleanup_(json_unrefp) Json *state = NULL, *consumers = NULL;
        int r;

        r = ask(v->client, &state, &consumers);
        if (r == -EBADMSG) {
                ctl_error(v->ctl, "avertd answered with something that is not JSON of schema 1");
                return CTL_FAILED;
        }
        if (r < 0)
                return connect_explain(v->ctl, v->client, "see who holds memory", r);

        if (v->ctl->json != JSON_OFF) {
                cmdline_fill(&(CmdlineSource){ .client = v->client },
                        json_member(consumers, "processes"));
                json_write(consumers, v->ctl->json, v->ctl->out);
                return CTL_OK;
        }
        top_take(&v->top, state, consumers);
        print_page(v->ctl, &v->top);
        return CTL_OK;
}

static int print_all(Viewer *v) {
        uint64_t times = v->ctl->count > 0 ? v->ctl->count : v->ctl->follow ? UINT64_MAX : 1;
        int r;

        (void) setlocale(LC_CTYPE, "");
        for (uint64_t i = 0; i < times; i++) {
                if (i > 0) {
                        (void) nanosleep(&(struct timespec){ .tv_sec = LOOK_SECONDS }, NULL);
                        if (v->ctl->json == JSON_OFF)
                                fputc('\n', v->ctl->out);
                }
                r = print_once(v);
                if (r != CTL_OK)
                        return r;
                if (fflush(v->ctl->out) != 0)
                        return CTL_OK; /* the reader has left; main says so if it matters */
        }
        return CTL_OK;
}

/* ---- on a terminal
 * --------------------------------------------------------------------------------- */

static void note(Viewer *v, const char *text) {
        (void) text_copy(v->top.note, sizeof(v->top.note), text);
}

/* What was seen before stays on the screen while there is nobody to ask. */
static void look(Viewer *v) {
        _cleanup_(json_unrefp) Json *state = NULL, *consumers = NULL;

        if (!v->client && avert_client_open(v->ctl->bus, &v->client) < 0) {
                note(v, "avertd is not running; trying again");
                return;
        }
        if (ask(v->client, &state, &consumers) < 0) {
                v->client = avert_client_unref(v->client);
                note(v, "avertd does not answer; trying again");
                return;
        }
        top_take(&v->top, state, consumers);
}

static void explain(Viewer *v) {
        const TopRow *row = top_selected(&v->top);
        _cleanup_free_ char *cmdline = NULL, *text = NULL;
        char *both = NULL;

        if (v->client && row->pid > 0 &&
                avert_client_explain(v->client, NULL, (int32_t) row->pid, &text) >= 0) {
                cmdline = cmdline_ask(&(CmdlineSource){ .client = v->client }, (int32_t) row->pid);
                if (asprintf(&both, "%s%s%s", cmdline ? cmdline : "", cmdline ? "\n\n" : "", text) <
                        0)
                        both = NULL;
        }
        if (both)
                top_show(&v->top, both);
        else
                note(v, "avertd does not explain it");
}

static void protect(Viewer *v, bool wanted) {
        const char *who = top_selected(&v->top)->ward;
        _cleanup_free_ char *message = NULL;
        bool done;
        int r = -ENOTCONN;

        if (v->client)
                r = wanted
                        ? avert_client_protect(v->client, who, PROTECT_USEC, false, &done, &message)
                        : avert_client_unprotect(v->client, who, false, &done, &message);
        note(v,
                r >= 0                                ? message
                        : r == -EACCES || r == -EPERM ? "that is denied: run avertctl as root"
                                                      : "avertd does not answer");
}

static void view(Viewer *v) {
        usec_t due = 0, now;
        uint64_t looks = 0;

        for (;;) {
                TopCommand command;
                int key;

                now = clock_monotonic_usec();
                if (now >= due) {
                        if (v->ctl->count > 0 && looks++ == v->ctl->count)
                                return;
                        look(v);
                        due = clock_monotonic_usec() + LOOK_SECONDS * USEC_PER_SEC;
                        now = clock_monotonic_usec();
                }
                top_screen_draw(&v->top);
                key = top_screen_key((int) (usec_since(due, now) / USEC_PER_MSEC) + 1);
                if (key < 0)
                        return;
                if (key == 0)
                        continue;
                command = top_key(&v->top, key);
                switch (command) {
                case TOP_QUIT:
                        return;
                case TOP_EXPLAIN:
                        explain(v);
                        break;
                case TOP_PROTECT:
                case TOP_UNPROTECT:
                        protect(v, command == TOP_PROTECT);
                        due = 0; /* it shows */
                        break;
                case TOP_DRAW:
                        break;
                }
        }
}

static bool is_interactive(const Ctl *ctl) {
        return ctl->json == JSON_OFF && isatty(STDIN_FILENO) && isatty(fileno(ctl->out));
}

int verb_top(Ctl *ctl, int argc, char *const *argv) {
        _cleanup_free_ Viewer *v = calloc(1, sizeof(*v));
        int r;

        (void) argc;
        (void) argv;
        if (!v) {
                ctl_error(ctl, "out of memory");
                return CTL_FAILED;
        }
        v->ctl = ctl;
        r = connect_daemon(ctl, &v->client);
        if (r != CTL_OK)
                return r;

        top_init(&v->top);
        if (is_interactive(ctl) && top_screen_open(ctl->colour)) {
                view(v);
                top_screen_close();
        } else
                r = print_all(v);
        top_done(&v->top);
        avert_client_unref(v->client);
        return r;
}
