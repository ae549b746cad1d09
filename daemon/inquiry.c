/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/inquiry.h"

#include <errno.h>
#include <string.h>

void inquiries_init(Inquiries *q, ViewSource source) {
        *q = (Inquiries){ .source = source };
}

static int ask(Inquiries *q, usec_t now_usec) {
        bool with_processes = false;
        int r;

        for (size_t i = 0; i < q->n; i++)
                with_processes = with_processes || q->items[i].with_processes;

        r = q->source.request(q->source.ctx, with_processes);
        if (r < 0)
                return r;

        q->under_way = true;
        q->n_asked = q->n;
        q->asked_usec = now_usec;
        return 0;
}

int inquiries_add(
        Inquiries *q, bool with_processes, usec_t now_usec, InquiryAnswer answer, void *userdata) {
        int r;

        if (q->under_way && usec_since(now_usec, q->asked_usec) > INQUIRY_PATIENCE_USEC)
                return -ETIMEDOUT;
        if (q->n >= INQUIRIES_MAX)
                return -EBUSY;

        q->items[q->n++] = (Inquiry){ answer, userdata, with_processes };
        if (q->under_way)
                return 0;

        r = ask(q, now_usec);
        if (r < 0)
                q->n--;
        return r;
}

/* Takes the first n out before anybody is called: an answer may bring a new inquiry. */
static void answer_first(Inquiries *q, size_t n, View *view) {
        Inquiry served[INQUIRIES_MAX];

        memcpy(served, q->items, n * sizeof(served[0]));
        q->n -= n;
        q->n_asked = 0;
        memmove(q->items, q->items + n, q->n * sizeof(q->items[0]));

        for (size_t i = 0; i < n; i++)
                served[i].answer(served[i].userdata, view);
}

void inquiries_dispatch(Inquiries *q, usec_t now_usec) {
        View *view;

        if (!q->under_way)
                return;
        view = q->source.get(q->source.ctx);
        if (!view)
                return; /* woken for nothing */

        answer_first(q, q->n_asked, view);
        q->source.release(q->source.ctx);
        q->under_way = false;

        /* Those who came meanwhile may not be served from a view that is older than their question.
         */
        if (q->n > 0 && ask(q, now_usec) < 0)
                answer_first(q, q->n, NULL);
}

void inquiries_done(Inquiries *q) {
        q->under_way = true; /* nobody gets in any more */
        q->asked_usec = 0;
        answer_first(q, q->n, NULL);
}
