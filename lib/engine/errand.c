/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/errand.h"

#include "base/fdio.h"
#include "base/macro.h"
#include "engine/lock-memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef enum PlaceState {
        PLACE_FREE,
        PLACE_ORDERED,
        PLACE_TAKEN,
        PLACE_ANSWERED,
} PlaceState;

typedef struct Place {
        _Atomic(PlaceState) state; /* written with release, read with acquire: see (1) */
        Errand errand;
        Outcome answer;
} Place;

struct ErrandBox {
        Place places[ERRANDS_OPEN_MAX];

        /* Which places were ordered, in turn. There are no more of them than places, and a turn is
         * only used again after the errand that had it was answered. */
        uint8_t turns[ERRANDS_OPEN_MAX];
        _Atomic(uint64_t) n_ordered; /* written with release by the sentinel */
        uint64_t n_taken;            /* main's */

        int main_fd; /* owner: any */
};

int errand_box_new(ErrandBox **ret) {
        ErrandBox *b;

        b = calloc(1, sizeof(*b));
        if (!b)
                return -ENOMEM;
        memory_touch(b, sizeof(*b));

        b->main_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (b->main_fd < 0) {
                int r = -errno;

                free(b);
                return r;
        }

        *ret = b;
        return 0;
}

ErrandBox *errand_box_free(ErrandBox *b) {
        if (b) {
                close_fd(b->main_fd);
                free(b);
        }
        return NULL;
}

static PlaceState state_of(const Place *p) {
        return atomic_load_explicit(&p->state, memory_order_acquire);
}

static void set_state(Place *p, PlaceState state) {
        atomic_store_explicit(&p->state, state, memory_order_release);
}

static bool put(ErrandBox *b, const Errand *errand) {
        uint64_t n = atomic_load_explicit(&b->n_ordered, memory_order_relaxed);
        uint64_t one = 1;

        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                Place *p = &b->places[i];

                if (state_of(p) != PLACE_FREE)
                        continue;
                p->errand = *errand;
                set_state(p, PLACE_ORDERED);
                b->turns[n % ERRANDS_OPEN_MAX] = (uint8_t) i;
                atomic_store_explicit(&b->n_ordered, n + 1, memory_order_release);
                (void) !write(b->main_fd, &one, sizeof(one)); /* an overflow leaves it readable */
                return true;
        }
        return false;
}

size_t errand_box_order(
        ErrandBox *b, const Plan *plan, bool dry, usec_t now_usec, Outcome *ret, size_t cap) {
        size_t n = 0;

        for (size_t i = 0; i < plan->n_errands; i++) {
                const Errand *errand = &plan->errands[i];

                if (!dry && b && put(b, errand))
                        continue;
                if (n == cap)
                        break; /* it ends by its deadline */
                ret[n++] = (Outcome){
                        .kind = dry ? OUTCOME_DRY
                                : b ? OUTCOME_BUSY
                                    : OUTCOME_REFUSED,
                        .action = errand->id,
                        .error = dry ? 0
                                : b  ? EAGAIN
                                     : ENOSYS,
                        .at_usec = now_usec,
                };
        }
        return n;
}

size_t errand_box_collect(ErrandBox *b, Outcome *ret, size_t cap) {
        size_t n = 0;

        for (size_t i = 0; i < ERRANDS_OPEN_MAX && n < cap; i++) {
                Place *p = &b->places[i];

                if (state_of(p) != PLACE_ANSWERED)
                        continue;
                ret[n++] = p->answer;
                set_state(p, PLACE_FREE);
        }
        return n;
}

int errand_box_fd(const ErrandBox *b) {
        return b->main_fd;
}

/* By turn and not by looking through the places: one that is passed over as free may be ordered
 * while the later ones are looked at. */
static Place *oldest_ordered(ErrandBox *b) {
        if (b->n_taken == atomic_load_explicit(&b->n_ordered, memory_order_acquire))
                return NULL;
        return &b->places[b->turns[b->n_taken % ERRANDS_OPEN_MAX]];
}

const Errand *errand_box_next(ErrandBox *b) {
        Place *p = oldest_ordered(b);
        uint64_t ignored;

        /* Reset only when nothing is left, and then look again for what came meanwhile. */
        if (!p && read(b->main_fd, &ignored, sizeof(ignored)) > 0)
                p = oldest_ordered(b);
        if (!p)
                return NULL;
        b->n_taken++;
        set_state(p, PLACE_TAKEN);
        return &p->errand;
}

bool errand_box_answer(ErrandBox *b, const Outcome *answer) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                Place *p = &b->places[i];

                if (state_of(p) != PLACE_TAKEN || p->errand.id != answer->action)
                        continue;
                p->answer = *answer;
                set_state(p, PLACE_ANSWERED);
                return true;
        }
        return false;
}

bool errand_box_has_config(const ErrandBox *b, const Config *config) {
        for (size_t i = 0; i < ERRANDS_OPEN_MAX; i++) {
                const Place *p = &b->places[i];
                PlaceState state = state_of(p);

                if ((state == PLACE_ORDERED || state == PLACE_TAKEN) && p->errand.config == config)
                        return true;
        }
        return false;
}
