/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/remembered.h"

#include "base/macro.h"

/* The same one, whoever leaves it alone. */
static bool is_about_same(const Remembered *a, const Remembered *b) {
        if (a->class_hash != 0 || b->class_hash != 0)
                return a->class_hash == b->class_hash;
        return a->is_group == b->is_group && a->slot == b->slot && a->generation == b->generation;
}

void remembered_add(IncidentBook *book, const Remembered *what) {
        Remembered *place = NULL, *soonest = &book->remembered[0];

        for (size_t i = 0; i < book->n_remembered && !place; i++) {
                Remembered *r = &book->remembered[i];

                if (is_about_same(r, what) && r->policy_plus_one == what->policy_plus_one)
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

bool remembered_tells_policies_apart(const IncidentBook *book) {
        for (size_t i = 0; i < book->n_remembered; i++)
                if (book->remembered[i].policy_plus_one != 0)
                        return true;
        return false;
}

void remembered_forget_policies(IncidentBook *book) {
        for (size_t i = 0; i < book->n_remembered; i++)
                if (book->remembered[i].policy_plus_one != 0)
                        book->remembered[i].until_usec = 0; /* over */
}

/* What is remembered of one of this identity, or of its class. */
static const Remembered *find(const DecideVeto *veto, const Remembered *who, uint64_t class_hash) {
        for (size_t i = 0; i < veto->book->n_remembered; i++) {
                const Remembered *r = &veto->book->remembered[i];

                if (r->until_usec > veto->now_usec &&
                        (r->policy_plus_one == 0 || r->policy_plus_one == veto->policy_plus_one) &&
                        (r->class_hash != 0 ? r->class_hash == class_hash : is_about_same(r, who)))
                        return r;
        }
        return NULL;
}

const Remembered *remembered_find(const DecideVeto *veto, const ProcSample *proc) {
        const Remembered who = { .slot = proc->slot, .generation = proc->generation };

        return find(veto, &who, proc->facts->class_hash);
}

const Remembered *remembered_find_group(const DecideVeto *veto, const GroupSample *group) {
        const Remembered who = {
                .slot = group->slot, .generation = group->generation, .is_group = true
        };

        return find(veto, &who, group->facts->class_hash);
}

Refusal decide_veto(const void *ctx, const ProcSample *proc) {
        return remembered_find(ctx, proc) ? REFUSAL_REMEMBERED : REFUSAL_NONE;
}

Refusal decide_veto_group(const void *ctx, const GroupSample *group) {
        return remembered_find_group(ctx, group) ? REFUSAL_REMEMBERED : REFUSAL_NONE;
}
