/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/remembered.h"

#include "base/macro.h"

static bool is_about(const Remembered *r, const ProcSample *proc) {
        if (r->class_hash != 0)
                return r->class_hash == proc->facts->class_hash;
        return r->slot == proc->slot && r->generation == proc->generation;
}

static bool is_same(const Remembered *r, uint64_t class_hash, uint32_t slot, uint32_t generation) {
        if (class_hash != 0 || r->class_hash != 0)
                return r->class_hash == class_hash;
        return r->slot == slot && r->generation == generation;
}

void remembered_add(IncidentBook *book, uint64_t class_hash, uint32_t slot, uint32_t generation,
        usec_t until_usec, const char *why) {
        Remembered *place = NULL, *soonest = &book->remembered[0];

        for (size_t i = 0; i < book->n_remembered && !place; i++) {
                Remembered *r = &book->remembered[i];

                if (is_same(r, class_hash, slot, generation))
                        place = r;
                if (r->until_usec < soonest->until_usec)
                        soonest = r;
        }
        if (!place)
                place = book->n_remembered < REMEMBERED_MAX
                        ? &book->remembered[book->n_remembered++]
                        : soonest;
        *place = (Remembered){ class_hash, slot, generation, until_usec, why };
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

const Remembered *remembered_find(
        const IncidentBook *book, const ProcSample *proc, usec_t now_usec) {
        for (size_t i = 0; i < book->n_remembered; i++)
                if (book->remembered[i].until_usec > now_usec &&
                        is_about(&book->remembered[i], proc))
                        return &book->remembered[i];
        return NULL;
}

Refusal decide_veto(const void *ctx, const ProcSample *proc) {
        const DecideVeto *veto = ctx;

        return remembered_find(veto->book, proc, veto->now_usec) ? REFUSAL_REMEMBERED
                                                                 : REFUSAL_NONE;
}
