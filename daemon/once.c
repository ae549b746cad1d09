/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/once.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"
#include "daemon/policy-load.h"
#include "describe/describe.h"
#include "engine/replay.h"

enum { EXPLAIN_SIZE = 256 * 1024 };

/* What is printed of one tree. */
typedef struct Printer {
        bool json;
        size_t tree;
        bool headed; /* the tree has its headline */
} Printer;

/* "tree 3" above its first event: most trees of a recording have none. */
static void print_event(void *ctx, const Event *e) {
        Printer *p = ctx;
        char sentence[1536];
        TextBuf b;

        if (p->json) {
                _cleanup_free_ char *json = describe_event(e);

                puts(json ? json : "null");
                return;
        }

        if (!p->headed)
                printf("tree %zu:\n", p->tree);
        p->headed = true;
        textbuf_init(&b, sentence, sizeof(sentence));
        event_print(e, &b);
        printf("  %-17s %-8s %s\n", event_name(e->kind), notify_level_name(e->level), sentence);
}

static int print_judgement(View *view, bool json) {
        _cleanup_free_ char *text = NULL;
        TextBuf b;

        if (json) {
                text = describe_judgement(view, -1, 0);
                if (!text)
                        return -ENOMEM;
                puts(text);
                return 0;
        }

        text = malloc(EXPLAIN_SIZE);
        if (!text)
                return -ENOMEM;
        textbuf_init(&b, text, EXPLAIN_SIZE);
        explain_print(view->config, &view->sample, view->verdicts, view->n_verdicts, &view->book,
                &view->scratch, -1, 0, &b);
        printf("\n%s", text);
        return 0;
}

/* The machine itself: the engine without its threads, which makes a view on the spot and acts on
 * nothing. */
static int judge_machine(const Options *o, Config *config) {
        EngineOptions options = { .dry = true };
        Engine *engine;
        View *view;
        int r;

        r = engine_new(&options, config, &engine);
        if (r < 0) {
                fprintf(stderr, "avertd: cannot judge this machine: %s\n", strerror(-r));
                return r;
        }

        r = engine_view_request(engine, true);
        view = r < 0 ? NULL : engine_view(engine);
        if (view)
                r = print_judgement(view, o->json);
        else
                fprintf(stderr, "avertd: cannot judge this machine: %s\n",
                        r < 0 ? strerror(-r) : "no sample");
        engine_free(engine);
        return view ? r : -ENODATA;
}

static int judge_recording(const Options *o, Config *config) {
        Printer printer = { .json = o->json };
        size_t n_bad = 0;
        Replay *replay;
        View *view;
        int r;

        r = replay_new(o->root, config, &replay);
        if (r < 0) {
                fprintf(stderr, "avertd: cannot judge %s: %s\n", o->root,
                        r == -ENOENT ? "there is no proc/ and no series 000/, 001/, … in it"
                                     : strerror(-r));
                return r;
        }

        while ((r = replay_next(replay, (Sink){ print_event, &printer })) != 0) {
                if (r < 0) {
                        fprintf(stderr, "avertd: tree %zu of %s: %s\n", printer.tree, o->root,
                                strerror(-r));
                        n_bad++;
                }
                printer.tree++;
                printer.headed = false;
        }

        view = replay_view(replay);
        r = view ? print_judgement(view, o->json) : -ENODATA;
        if (!view)
                fprintf(stderr, "avertd: nothing in %s could be judged\n", o->root);
        replay_free(replay);
        return r < 0 ? r : n_bad > 0 ? -EBADMSG : 0;
}

int once_run(const Options *o) {
        _cleanup_(config_unrefp) Config *config = NULL;
        int r;

        r = policy_load_or_print(o, &config);
        if (r < 0)
                return r == -ENOMEM ? EXIT_FAILED : EXIT_CONFIG;

        r = o->root ? judge_recording(o, config) : judge_machine(o, config);
        return r < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
}
