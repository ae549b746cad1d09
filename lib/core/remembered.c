/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/remembered.h"

#include "base/macro.h"

static bool is_same(const Remembered *a, const Remembered *b) {
        if (a->class_hash != 0 || b->class_hash != 0)
                return a->class_hash == b->class_hash;
        return a->is_group == b->is_group && a->slot == b->slot && a->generation == b->generation;
}

void remembered_add(IncidentBook *book, const Remembered *what) {
        Remembered *place = NULL, *soonest = &book->remembered[0];

        for (size_t i = 0; i < book->n_remembered && !place; i++) {
                Remembered *r = &book->remembered[i];

                if (is_same(r, what))
                        place = r;
                if (r->until_usec < soonest->until_usec)
                        soonest = r;
        }
        if (!place)
                place = book->n_remembered < REMEMBERED_MAX
                        ? &book->remembered[book->n_remembered++]
                        : soonest;
        *place = *what;
}

void remembered_forget(IncidentBook *book, usec_t now_usec) {
        size_t n = 0;

        for (size_t i = 0; i < book->n_remembered; i++)
                if (book->remembered[i].until_usec > now_usec)
                        book->remembered[n++] = book->remembered[i];
        for (size_t i = n; i < book->n_remembered; i++)
                book->remembered[i] = (Remembered){ 0 };
        book->n_remembered = n;
}

/* What is remembered of one of this identity, or of its class. */
static const Remembered *find(
        const IncidentBook *book, const Remembered *who, uint64_t class_hash, usec_t now_usec) {
        for (size_t i = 0; i < book->n_remembered; i++) {
                const Remembered *r = &book->remembered[i];

                if (r->until_usec > now_usec &&
                        (r->class_hash != 0 ? r->class_hash == class_hash : is_same(r, who)))
                        return r;
        }
        return NULL;
}

const Remembered *remembered_find(
        const IncidentBook *book, const ProcSample *proc, usec_t now_usec) {
        const Remembered who = { .slot = proc->slot, .generation = proc->generation };

        return find(book, &who, proc->facts->class_hash, now_usec);
}

const Remembered *remembered_find_group(
        const IncidentBook *book, const GroupSample *group, usec_t now_usec) {
        const Remembered who = {
                .slot = group->slot, .generation = group->generation, .is_group = true
        };

        return find(book, &who, group->facts->class_hash, now_usec);
}

Refusal decide_veto(const void *ctx, const ProcSample *proc) {
        const DecideVeto *veto = ctx;

        return remembered_find(veto->book, proc, veto->now_usec) ? REFUSAL_REMEMBERED
                                                                 : REFUSAL_NONE;
}

Refusal decide_veto_group(const void *ctx, const GroupSample *group) {
        const DecideVeto *veto = ctx;

        return remembered_find_group(veto->book, group, veto->now_usec) ? REFUSAL_REMEMBERED
                                                                        : REFUSAL_NONE;
}
