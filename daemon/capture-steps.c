/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/capture-steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/trail.h"
#include "daemon/log.h"

#define STATE_DIRECTORY "/var/lib/avert"

/* How long after its deadline a capture may still be written: a disk may be slow. */
#define PATIENCE_USEC USEC_PER_MIN

static void clear_entry(CaptureEntry *e) {
        free(e->errand);
        e->errand = NULL;
}

static int send_order(CaptureEntry *e, const Trail *trail) {
        CaptureSteps *c = e->steps;
        _cleanup_free_ TrailEntry *entries = calloc(TRAIL_ENTRIES_MAX, sizeof(*entries));
        usec_t now = clock_monotonic_usec();
        StarterOrder order = { .job = JOB_CAPTURE,
                .id = e->errand->id,
                .deadline_usec = e->errand->deadline_usec,
                .capture = {
                        .quota_bytes = e->quota_bytes, .realtime_usec = clock_realtime_usec() } };

        if (!c->options.starter)
                return -EPIPE;
        if (entries && trail)
                order.capture.n_trail = (uint32_t) trail_copy(
                        trail, usec_since(now, TRAIL_SPAN_USEC), entries, TRAIL_ENTRIES_MAX);
        (void) text_copy(order.capture.directory, sizeof(order.capture.directory), c->directory);
        if (c->options.root)
                (void) text_copy(order.capture.root, sizeof(order.capture.root), c->options.root);
        return starter_send(c->options.starter, &order,
                (struct iovec[]){ { e->errand, sizeof(*e->errand) },
                        { entries, order.capture.n_trail * sizeof(*entries) } },
                2, FD_NONE);
}

static void refuse(CaptureEntry *e, int error) {
        errands_answer(e->steps->options.errands,
                &(Outcome){ .kind = OUTCOME_REFUSED, .action = e->errand->id, .error = -error });
        clear_entry(e);
}

static void on_view(void *userdata, View *view) {
        CaptureEntry *e = userdata;
        int r;

        e->asked = false;
        if (!e->errand)
                return;
        r = send_order(e, view ? &view->trail : NULL);
        if (r < 0)
                refuse(e, r);
}

static CaptureEntry *free_entry(CaptureSteps *c) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                if (!c->entries[i].errand && !c->entries[i].asked)
                        return &c->entries[i];
        return NULL;
}

static int begin(void *ctx, const Errand *errand, const Step *step) {
        CaptureSteps *c = ctx;
        CaptureEntry *e = free_entry(c);
        usec_t now = clock_monotonic_usec();
        int r;

        if (!c->options.starter)
                return -EPIPE;
        if (!c->directory[0])
                return -ENAMETOOLONG;
        if (!e)
                return -EAGAIN;
        e->errand = malloc(sizeof(*e->errand));
        if (!e->errand)
                return -ENOMEM;
        *e->errand = *errand;
        e->errand->config = NULL; /* it is gone when the errand is answered */
        e->quota_bytes = step->quota_bytes;

        /* Entered first: the answer may come from within. */
        e->asked = true;
        if (inquiries_add(c->options.inquiries, false, now, on_view, e) == 0)
                return 0;
        e->asked = false;
        r = send_order(e, NULL);
        if (r < 0)
                clear_entry(e);
        return r;
}

static void tell(const CaptureSteps *c, const StarterAnswer *a) {
        char took[32];
        TextBuf b;

        textbuf_init(&b, took, sizeof(took));
        textbuf_add_usec(&b, a->took_usec);
        if (a->result != STARTER_OVER)
                log_warning("the capture %s/%s could not be kept (%s): %s", c->directory, a->text,
                        a->where, strerror(a->error));
        else
                log_info("captured in %s: %s/%s%s", took, c->directory, a->text,
                        a->partial ? " (partial: it names what is missing)" : "");
}

static void on_answer(void *ctx, const StarterAnswer *a) {
        CaptureSteps *c = ctx;

        tell(c, a);
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                CaptureEntry *e = &c->entries[i];

                if (!e->errand || e->errand->id != a->id)
                        continue;
                clear_entry(e);
                errands_answer(c->options.errands,
                        &(Outcome){
                                .kind = a->result == STARTER_OVER ? OUTCOME_DONE : OUTCOME_REFUSED,
                                .action = a->id,
                                .error = a->error,
                                .at_usec = clock_monotonic_usec() });
                return;
        }
}

void capture_steps_init(CaptureSteps *c, const CaptureOptions *options) {
        const char *state = options->state_directory;
        TextBuf b;

        *c = (CaptureSteps){ .options = *options };
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                c->entries[i].steps = c;
        if (!state || !*state)
                state = STATE_DIRECTORY;
        textbuf_init(&b, c->directory, sizeof(c->directory));
        textbuf_add_slice(&b, (Slice){ state, strcspn(state, ":") });
        textbuf_add(&b, "/captures");
        if (b.truncated)
                c->directory[0] = '\0';
        if (options->starter)
                starter_set_listener(options->starter, JOB_CAPTURE, on_answer, c);
        errands_set_owner(
                options->errands, STEP_CAPTURE, (ErrandOwner){ .begin = begin, .ctx = c });
}

void capture_steps_care(CaptureSteps *c, usec_t now_usec) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                CaptureEntry *e = &c->entries[i];

                if (e->errand && now_usec > usec_add(e->errand->deadline_usec, PATIENCE_USEC))
                        clear_entry(e);
        }
}

void capture_steps_done(CaptureSteps *c) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++)
                clear_entry(&c->entries[i]);
}
