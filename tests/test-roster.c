/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/roster.h"

#include "base/fdio.h"
#include "tests/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static Roster *make(uint32_t processes) {
        const LimitsConfig limits = { .processes = processes };
        Roster *r = NULL;

        ck_assert_int_eq(roster_new(&limits, &r), 0);
        return r;
}

static ProcFacts *facts_of(int32_t pid) {
        ProcFacts *f = calloc(1, sizeof(*f));

        ck_assert_ptr_nonnull(f);
        f->pid = pid;
        f->ppid = -pid; /* so that a mixture would be seen */
        return f;
}

static uint32_t add(Roster *r, int32_t pid) {
        uint32_t slot = roster_claim(r);

        if (slot != UINT32_MAX)
                ck_assert(roster_set_facts(r, slot, facts_of(pid)));
        return slot;
}

/* Publishes a listing of these slots. */
static void publish(Roster *r, const uint32_t *slots, size_t n) {
        RosterListing *l = roster_begin(r);

        ck_assert_ptr_nonnull(l);
        ck_assert_uint_eq(l->n, 0);
        for (size_t i = 0; i < n; i++)
                l->slots[l->n++] = slots[i];
        roster_publish(r, l);
}

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(reader_finds_nothing_before_the_first_listing) {
        Roster *r = make(4);

        ck_assert_ptr_null(roster_acquire(r, ROSTER_SENTINEL));
        publish(r, NULL, 0);
        ck_assert_ptr_nonnull(roster_acquire(r, ROSTER_SENTINEL));
        roster_free(r);
}
END_TEST

START_TEST(reader_sees_what_was_published_with_its_values) {
        Roster *r = make(4);
        uint32_t slot = add(r, 42);
        const CensusValues v = { .at_usec = 7, .anon = 1, .swap = 2, .threads = 3, .state = 'S' };
        const RosterListing *l;
        ProcSample p;

        roster_set_census(r, slot, &v);
        publish(r, &slot, 1);
        l = roster_acquire(r, ROSTER_MAIN);
        ck_assert_uint_eq(l->n, 1);
        roster_read(r, l->slots[0], &p);
        ck_assert_int_eq(p.facts->pid, 42);
        ck_assert_uint_eq(p.slot, slot);
        ck_assert_uint_eq(p.generation, 1);
        ck_assert_uint_eq(p.at_usec, 7);
        ck_assert_uint_eq(p.anon, 1);
        ck_assert_uint_eq(p.swap, 2);
        ck_assert_uint_eq(p.threads, 3);
        ck_assert_int_eq(p.state, 'S');
        ck_assert(p.has_status);
        ck_assert(!p.kept);
        roster_free(r);
}
END_TEST

START_TEST(slot_is_reused_only_when_every_reader_has_moved_on) {
        Roster *r = make(1);
        uint32_t slot = add(r, 1);
        const RosterListing *held;

        publish(r, &slot, 1);
        held = roster_acquire(r, ROSTER_SENTINEL);
        (void) roster_acquire(r, ROSTER_MAIN);
        roster_retire(r, slot);
        roster_collect(r);
        ck_assert_uint_eq(roster_claim(r), UINT32_MAX); /* the listing without it is not out yet */

        publish(r, NULL, 0);
        roster_collect(r);
        ck_assert_uint_eq(roster_claim(r), UINT32_MAX); /* both readers still show it */
        ck_assert_int_eq(atomic_load(&roster_slot(r, held->slots[0])->facts)->pid, 1);

        (void) roster_acquire(r, ROSTER_SENTINEL);
        roster_collect(r);
        ck_assert_uint_eq(roster_claim(r), UINT32_MAX); /* main does */

        roster_release(r, ROSTER_MAIN);
        roster_collect(r);
        ck_assert_uint_eq(roster_waiting(r), 0);
        ck_assert_uint_eq(add(r, 2), slot);
        ck_assert_uint_eq(atomic_load(&roster_slot(r, slot)->generation), 2);
        roster_free(r);
}
END_TEST

START_TEST(descriptors_are_closed_when_the_last_reader_moves_on) {
        Roster *r = make(2);
        uint32_t slot = add(r, 1);
        RosterSlot *s = roster_slot(r, slot);
        int statm, status;

        statm = s->statm_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        status = s->status_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        publish(r, &slot, 1);
        (void) roster_acquire(r, ROSTER_SENTINEL);
        ck_assert(roster_drop_fds(r, slot, true));
        publish(r, &slot, 1);
        roster_collect(r);
        ck_assert(is_open(status));

        (void) roster_acquire(r, ROSTER_SENTINEL);
        roster_collect(r);
        ck_assert(!is_open(status));
        ck_assert_int_eq(s->status_fd, FD_NONE);
        ck_assert(is_open(statm));

        ck_assert(roster_drop_fds(r, slot, false));
        publish(r, &slot, 1);
        (void) roster_acquire(r, ROSTER_SENTINEL);
        roster_collect(r);
        ck_assert(!is_open(statm));
        roster_free(r);
}
END_TEST

START_TEST(drop_that_was_called_off_closes_nothing) {
        Roster *r = make(2);
        uint32_t slot = add(r, 1);
        RosterSlot *s = roster_slot(r, slot);

        s->statm_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        publish(r, &slot, 1);
        ck_assert(roster_drop_fds(r, slot, false));
        roster_keep_fds(r, slot);
        publish(r, &slot, 1);
        roster_collect(r);
        ck_assert_int_ne(s->statm_fd, FD_NONE);
        ck_assert(is_open(s->statm_fd));

        /* Dropped, called off and dropped again: only the last one counts. */
        ck_assert(roster_drop_fds(r, slot, false));
        roster_keep_fds(r, slot);
        publish(r, &slot, 1);
        ck_assert(roster_drop_fds(r, slot, false));
        roster_collect(r);
        ck_assert_int_ne(s->statm_fd, FD_NONE);
        publish(r, &slot, 1);
        roster_collect(r);
        ck_assert_int_eq(s->statm_fd, FD_NONE);
        roster_free(r);
}
END_TEST

START_TEST(job_of_a_reaper_holds_the_slot) {
        Roster *r = make(1);
        uint32_t slot = add(r, 1);
        RosterSlot *s = roster_slot(r, slot);

        s->reap_pidfd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        publish(r, &slot, 1);
        atomic_fetch_add(&s->reaping, 1);
        roster_retire(r, slot);
        publish(r, NULL, 0);
        roster_collect(r);
        ck_assert(is_open(s->reap_pidfd));
        ck_assert_uint_eq(roster_claim(r), UINT32_MAX);

        atomic_fetch_sub(&s->reaping, 1);
        roster_collect(r);
        ck_assert_int_eq(s->reap_pidfd, FD_NONE);
        ck_assert_uint_eq(roster_claim(r), slot);
        roster_free(r);
}
END_TEST

START_TEST(reader_that_holds_a_listing_does_not_stop_publishing) {
        Roster *r = make(2);
        uint32_t slot = add(r, 1);
        const RosterListing *held;
        uint64_t version;

        publish(r, &slot, 1);
        held = roster_acquire(r, ROSTER_MAIN);
        version = held->version;
        for (int i = 0; i < 20; i++) {
                publish(r, NULL, 0);
                ck_assert_uint_eq(roster_acquire(r, ROSTER_SENTINEL)->n, 0);
        }
        ck_assert_uint_eq(held->version, version); /* untouched under its reader */
        ck_assert_uint_eq(held->n, 1);
        roster_free(r);
}
END_TEST

START_TEST(facts_change_under_a_reader_that_keeps_the_old_ones) {
        Roster *r = make(2);
        uint32_t slot = add(r, 1);
        const ProcFacts *old;

        publish(r, &slot, 1);
        (void) roster_acquire(r, ROSTER_SENTINEL);
        old = atomic_load(&roster_slot(r, slot)->facts);
        ck_assert(roster_set_facts(r, slot, facts_of(77)));
        publish(r, &slot, 1);
        roster_collect(r);
        ck_assert_int_eq(old->pid, 1); /* the sanitizer would tell */
        ck_assert_uint_eq(roster_waiting(r), 1);
        (void) roster_acquire(r, ROSTER_SENTINEL);
        roster_collect(r);
        ck_assert_uint_eq(roster_waiting(r), 0);
        ck_assert_int_eq(atomic_load(&roster_slot(r, slot)->facts)->pid, 77);
        roster_free(r);
}
END_TEST

START_TEST(too_much_waiting_refuses_new_facts_but_never_a_retirement) {
        Roster *r = make(2);
        uint32_t a = add(r, 1), b = add(r, 2);
        const uint32_t both[] = { a, b };
        ProcFacts *refused;
        int n = 0;

        publish(r, both, 2);
        (void) roster_acquire(r, ROSTER_MAIN);
        for (refused = facts_of(3); roster_set_facts(r, a, refused); refused = facts_of(3))
                n++;
        ck_assert_int_gt(n, 2);
        free(refused);
        ck_assert(!roster_drop_fds(r, a, false));
        roster_retire(r, a);
        roster_retire(r, b);
        publish(r, NULL, 0);
        roster_release(r, ROSTER_MAIN);
        roster_collect(r);
        ck_assert_uint_eq(roster_waiting(r), 0);
        ck_assert_uint_eq(roster_used(r), 0);
        roster_free(r);
}
END_TEST

/* ---- a reader that races ---- */

#define RACE_SLOTS 8
#define RACE_PASSES 20000
#define RACE_LOOKS 20000

typedef struct Race {
        Roster *roster;
        RosterReader who;
        atomic_bool stop;
        _Atomic(uint64_t) looks;
        uint64_t wrong;
} Race;

/* Every value of a process is derived from its pid: a slot that changed hands under us would show.
 */
static void look(Race *race, const RosterListing *l) {
        for (size_t i = 0; i < l->n; i++) {
                ProcSample p;
                const RosterSlot *s = roster_slot(race->roster, l->slots[i]);

                roster_read(race->roster, l->slots[i], &p);
                race->wrong += !p.facts || p.facts->ppid != -p.facts->pid;
                race->wrong += p.has_status && p.anon != p.swap + 1;
                if (i < l->n_kept && race->who == ROSTER_SENTINEL) {
                        char byte;

                        race->wrong += s->statm_fd < 0 || pread(s->statm_fd, &byte, 1, 0) != 0;
                }
                atomic_fetch_add(&race->looks, 1);
        }
}

static void *race_reader(void *arg) {
        Race *race = arg;

        while (!atomic_load(&race->stop)) {
                const RosterListing *l = roster_acquire(race->roster, race->who);

                if (l)
                        look(race, l);
                if (race->who == ROSTER_MAIN)
                        roster_release(race->roster, race->who);
        }
        return NULL;
}

static bool have_looked(Race *races) {
        return atomic_load(&races[0].looks) >= RACE_LOOKS &&
                atomic_load(&races[1].looks) >= RACE_LOOKS;
}

static void race_writer(Roster *r, Race *races) {
        uint32_t known[RACE_SLOTS];
        size_t n = 0;

        for (int pass = 1; pass <= RACE_PASSES || !have_looked(races); pass++) {
                RosterListing *l;

                if (n > 0 && pass % 3 == 0) {
                        roster_retire(r, known[0]);
                        known[0] = known[--n];
                }
                if (n < RACE_SLOTS / 2) {
                        uint32_t slot = add(r, pass);

                        if (slot != UINT32_MAX) {
                                roster_slot(r, slot)->statm_fd =
                                        open("/dev/null", O_RDONLY | O_CLOEXEC);
                                known[n++] = slot;
                        }
                }
                for (size_t i = 0; i < n; i++) {
                        uint64_t x = (uint64_t) pass * 1000 + i;

                        roster_set_census(r, known[i], &(CensusValues){ .anon = x + 1, .swap = x });
                }
                if (n > 0) {
                        ProcFacts *f = facts_of(pass);

                        if (!roster_set_facts(r, known[n - 1], f))
                                free(f);
                }
                l = roster_begin(r);
                if (l) {
                        for (size_t i = 0; i < n; i++)
                                l->slots[l->n++] = known[i];
                        l->n_kept = l->n;
                        roster_publish(r, l);
                }
                roster_collect(r);
        }
}

START_TEST(racing_readers_never_see_a_slot_of_another_process) {
        Roster *r = make(RACE_SLOTS);
        Race races[2] = { { .roster = r, .who = ROSTER_SENTINEL },
                { .roster = r, .who = ROSTER_MAIN } };
        pthread_t threads[2];

        for (int i = 0; i < 2; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, race_reader, &races[i]), 0);
        race_writer(r, races);
        for (int i = 0; i < 2; i++) {
                atomic_store(&races[i].stop, true);
                ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
                ck_assert_uint_eq(races[i].wrong, 0);
        }
        roster_release(r, ROSTER_SENTINEL);
        publish(r, NULL, 0);
        roster_collect(r);
        ck_assert_uint_eq(roster_waiting(r), 0);
        roster_free(r);
}
END_TEST

HARNESS_MAIN("roster", reader_finds_nothing_before_the_first_listing,
        reader_sees_what_was_published_with_its_values,
        slot_is_reused_only_when_every_reader_has_moved_on,
        descriptors_are_closed_when_the_last_reader_moves_on,
        drop_that_was_called_off_closes_nothing, job_of_a_reaper_holds_the_slot,
        reader_that_holds_a_listing_does_not_stop_publishing,
        facts_change_under_a_reader_that_keeps_the_old_ones,
        too_much_waiting_refuses_new_facts_but_never_a_retirement,
        racing_readers_never_see_a_slot_of_another_process)
