/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/limit.h"

#include "base/macro.h"
#include "core/throttle.h"

/* Just at its limit a cgroup meets it with its next page: this much of the limit stays free. */
#define MARGIN_PART 16

/* The incident's own value is in force. */
static bool has_it(Judge *j, const Incident *i, const LeaseWish *wish, const Lease **ret_lease) {
        const GroupRef group = { wish->group->slot, wish->group->generation };
        const Lease *l = lease_find(j, i, wish->file, &group);

        *ret_lease = l;
        return l && !l->wants_return && l->value == wish->value;
}

bool limit_find_wishes(Judge *j, const Incident *i, const GroupSample *g, const Step *step,
        LeaseWish ret[LIMIT_WISHES_MAX], size_t *ret_n, const char **ret_why) {
        const Amount *amounts[] = { &step->amount, &step->swap_amount };
        static const LeaseFile files[] = { LEASE_MAX, LEASE_SWAP_MAX };
        uint64_t least = g->unreclaimable_known ? g->unreclaimable : g->current;
        const Lease *own;

        *ret_n = 0;
        for (size_t k = 0; k < ELEMENTS(files); k++) {
                LeaseWish wish = { .group = g, .file = files[k], .deadline_usec = USEC_UNSET };

                if (!amounts[k]->set)
                        continue;
                wish.value = page_align(j->s, amount_bytes(amounts[k], j->s->raw.mem_total));
                wish.goal = wish.value;
                if (has_it(j, i, &wish, &own))
                        continue;
                if (files[k] == LEASE_MAX && least > wish.value - wish.value / MARGIN_PART) {
                        *ret_why = "it holds nearly as much, or more, and could not give it back: "
                                   "waiting";
                        return false;
                }
                if (files[k] == LEASE_MAX && !own && g->facts->limit_bytes <= wish.value) {
                        *ret_why = "a tighter memory.max binds it already";
                        continue;
                }
                ret[(*ret_n)++] = wish;
        }
        return true;
}
