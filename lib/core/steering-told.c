/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/steering-told.h"

#include <inttypes.h>

static void tell_pause(Judge *j, const Steering *now, const Steering *told) {
        bool paused = steering_is_paused(now, j->now_usec);
        TextBuf out;
        Event *e;

        if (paused ? now->paused_until_usec == told->paused_until_usec
                   : told->paused_until_usec == 0)
                return;
        e = judge_add_event(j, paused ? EVENT_PAUSED : EVENT_RESUMED, NULL);
        if (!e)
                return;
        textbuf_init(&out, e->text, sizeof(e->text));
        if (!paused) {
                textbuf_add(&out,
                        told->paused_until_usec <= j->now_usec ? "the time of the pause is over"
                                                               : "somebody asked for it");
                return;
        }
        textbuf_add(&out, "no step but notify is taken for ");
        textbuf_add_usec(&out, now->paused_until_usec - j->now_usec);
        textbuf_addf(&out, ", by uid %" PRIu32, now->paused_by_uid);
}

static const Ward *find_id(const Steering *s, uint64_t id) {
        for (size_t i = 0; i < s->n_wards; i++)
                if (s->wards[i].id == id)
                        return &s->wards[i];
        return NULL;
}

static void tell_ward(Judge *j, EventKind kind, const Ward *w) {
        Event *e = judge_add_event(j, kind, NULL);
        TextBuf out;

        if (!e)
                return;
        textbuf_init(&out, e->text, sizeof(e->text));
        ward_print(w, &out);
        if (kind == EVENT_UNPROTECTED) {
                if (w->until_usec <= j->now_usec)
                        textbuf_add(&out, ", its time is over");
                return;
        }
        if (w->until_usec != USEC_UNSET) {
                textbuf_add(&out, " for ");
                textbuf_add_usec(&out, w->until_usec - j->now_usec);
        }
        textbuf_addf(&out, ", by uid %" PRIu32, w->by_uid);
}

static void tell_wards(Judge *j, const Steering *now, const Steering *told) {
        for (size_t i = 0; i < told->n_wards; i++)
                if (!find_id(now, told->wards[i].id))
                        tell_ward(j, EVENT_UNPROTECTED, &told->wards[i]);
        for (size_t i = 0; i < now->n_wards; i++) {
                const Ward *before = find_id(told, now->wards[i].id);

                if (!before || before->until_usec != now->wards[i].until_usec)
                        tell_ward(j, EVENT_PROTECTED, &now->wards[i]);
        }
}

void steering_tell(Judge *j) {
        IncidentBook *book = j->book;

        (void) steering_forget(&book->steering, j->now_usec);
        tell_pause(j, &book->steering, &book->steering_told);
        tell_wards(j, &book->steering, &book->steering_told);
        book->steering_told = book->steering;
}

bool steering_holds_back(Judge *j, Incident *i, StepKind step) {
        const Steering *s = &j->book->steering;
        Event *e;

        if (step == STEP_NOTIFY || !steering_is_paused(s, j->now_usec))
                return false;
        if (i->told_pause_usec == s->paused_until_usec)
                return true;
        i->told_pause_usec = s->paused_until_usec;
        e = judge_add_event(j, EVENT_STEP_SKIPPED, i);
        if (!e)
                return true;
        e->has_step = true;
        e->step = step;
        text_copy(e->text, sizeof(e->text), "avert is paused; it is taken up again when that ends");
        return true;
}
