/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>

#include "ctl/ctl.h"
#include "ctl/json-tree.h"
#include "ctl/recording.h"
#include "ctl/term.h"
#include "describe/describe.h"

typedef struct Printer {
        Ctl *ctl;
        usec_t first_usec; /* of the recording's events; USEC_UNSET before the first */
} Printer;

/* "   12.500  sentence": seconds since the first event, since a recording's own clock means
 * nothing. */
static void print_event(void *ctx, const Event *e) {
        Printer *p = ctx;
        char message[2048];
        TextBuf b;
        usec_t since;

        if (p->ctl->json != JSON_OFF) {
                _cleanup_(json_unrefp) Json *json = json_new_object();

                describe_put_event(e, json);
                json_write(json, p->ctl->json, p->ctl->out);
                return;
        }

        if (p->first_usec == USEC_UNSET)
                p->first_usec = e->at_usec;
        since = usec_since(e->at_usec, p->first_usec);
        textbuf_init(&b, message, sizeof(message));
        event_print(e, &b);
        fprintf(p->ctl->out, "%6" PRIu64 ".%03" PRIu64 "  %s\n", since / USEC_PER_SEC,
                since % USEC_PER_SEC / USEC_PER_MSEC, message);
}

int verb_replay(Ctl *ctl, int argc, char *const *argv) {
        Printer printer = { .ctl = ctl, .first_usec = USEC_UNSET };
        Recording recording;
        int r;

        if (argc != 1) {
                ctl_error(ctl, "replay what? usage: avertctl replay DIR [--config FILE]");
                return CTL_USAGE;
        }

        r = recording_open(ctl, argv[0], &recording);
        if (r != CTL_OK)
                return r;

        r = recording_judge(ctl, &recording, (Sink){ .write = print_event, .ctx = &printer });
        recording_close(&recording);
        return r;
}
