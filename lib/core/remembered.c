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
        Remembered *place = &book->remembered[0];

        for (size_t i = 0; i < REMEMBERED_MAX; i++) {
                Remembered *r = &book->remembered[i];

                if (r->why && is_same(r, class_hash, slot, generation)) {
                        place = r;
                        break;
                }
                if (r->until_usec < place->until_usec)
                        place = r;
        }
        *place = (Remembered){ class_hash, slot, generation, until_usec, why };
}

const Remembered *remembered_find(
        const IncidentBook *book, const ProcSample *proc, usec_t now_usec) {
        for (size_t i = 0; i < REMEMBERED_MAX; i++)
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
