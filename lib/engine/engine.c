/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-state.h"

#include "base/macro.h"
#include "base/text.h"
#include "config/config-load.h"
#include "engine/engine-notes.h"
#include "engine/handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A scout may stall for many seconds under pressure without being broken. */
#define SCOUT_PATIENCE_USEC (2 * USEC_PER_MIN)

enum { VIEW_SPARE = 64 };

void engine_push(Engine *e) {
        if (e->event.at_usec == 0)
                e->event.at_usec = clock_monotonic_usec();
        e->told[e->event.kind]++;
        reporter_push(e->reporter, REPORTER_MAIN, &e->event);
}

static void tell_rivals(Engine *e) {
        const RosterListing *listing = roster_acquire(e->roster, ROSTER_MAIN);

        for (size_t i = 0; listing && i < listing->n; i++) {
                ProcSample p;

                roster_read(e->roster, listing->slots[i], &p);
                if (p.facts && note_rival(p.facts, &e->event))
                        engine_push(e);
        }
        roster_release(e->roster, ROSTER_MAIN);
}

static void tell_start(Engine *e) {
        note_started(&e->probe, e->config, e->dry, &e->event);
        engine_push(e);
        for (unsigned i = 0; i < _PROBE_MAX; i++)
                if (note_probe_item(&e->probe, (ProbeId) i, &e->event))
                        engine_push(e);
        if (e->lock_error != 0) {
                note_not_locked(e->lock_error, &e->event);
                engine_push(e);
        }
        tell_rivals(e);
}

int engine_start(Engine *e) {
        int r;

        r = journal_thread_start(e->reporter, e->sink, &e->journal);
        if (r < 0)
                return r;
        tell_start(e);
        engine_leases_begin(e);
        engine_steering_begin(e);

        if (!e->dry) {
                r = reapers_start(e->reapers);
                if (r < 0)
                        return r;
        }
        r = scout_start(e->scout);
        if (r < 0)
                return r;
        e->started_usec = clock_monotonic_usec();
        r = sentinel_start(e->sentinel);
        if (r < 0)
                return r;

        e->running = e->begun = true;
        return 0;
}

void engine_stop(Engine *e) {
        if (e->running) {
                e->event = (Event){ .kind = EVENT_STOPPING, .level = NOTIFY_INFO, .dry = e->dry };
                engine_push(e);
        }
        e->running = false;

        /* Whoever hangs in the kernel stays, with all that he may still touch. */
        if (e->sentinel && !sentinel_stop(e->sentinel))
                e->stuck = true;
        if (e->scout && !scout_stop(e->scout))
                e->stuck = true;
        if (e->reapers && !reapers_stop(e->reapers))
                e->stuck = true;
        engine_leases_end(e);
        if (!journal_thread_stop(e->journal))
                e->stuck = true;
        e->journal = NULL;
}

/* Configs that nobody looks at any more. */
static void drop_retired(Engine *e) {
        size_t n = 0;

        for (size_t i = 0; i < e->n_retired; i++) {
                /* The latest one is held once more, as such. The sentinel is asked first: what it
                 * let go is in no errand to come. */
                if (e->retired[i] != e->config &&
                        (sentinel_has_config(e->sentinel, e->retired[i]) ||
                                errand_box_has_config(e->errands, e->retired[i])))
                        e->retired[n++] = e->retired[i];
                else
                        config_unref(e->retired[i]);
        }
        e->n_retired = n;
}

int engine_reload(Engine *e, Config *config) {
        _cleanup_free_ ConfigErrors *errors = malloc(sizeof(*errors));

        if (!errors)
                return -ENOMEM;
        if (config_fits(config, e->first_config, errors) < 0)
                return -ENOSPC;
        drop_retired(e);
        if (e->n_retired == ELEMENTS(e->retired))
                return -EBUSY; /* the sentinel takes none of them */

        e->retired[e->n_retired++] = e->config;
        e->config = config_ref(config);
        scout_set_config(e->scout, config);
        sentinel_set_config(e->sentinel, config);
        (void) match_tally_reset(&e->tally, config); /* without memory nothing is counted */
        if (e->ledger)
                handover_renew(e->ledger);
        return 0;
}

void engine_report(Engine *e, const Event *event) {
        e->event = *event;
        engine_push(e);
}

int engine_event_fd(Engine *e) {
        return reporter_event_fd(e->reporter);
}

bool engine_next_event(Engine *e, Event *ret) {
        drop_retired(e);
        return reporter_next(e->reporter, REPORTER_TO_MAIN, ret);
}

int engine_errand_fd(Engine *e) {
        return errand_box_fd(e->errands);
}

const Errand *engine_next_errand(Engine *e) {
        return errand_box_next(e->errands);
}

void engine_errand_done(Engine *e, const Outcome *answer) {
        Outcome stamped = *answer;

        stamped.at_usec = clock_monotonic_usec();
        if (errand_box_answer(e->errands, &stamped))
                sentinel_wake(e->sentinel);
}

static void release_rosters(Engine *e) {
        roster_release(e->roster, ROSTER_MAIN);
        publication_release(group_roster_publication(e->groups), ROSTER_MAIN);
}

/* More may be known when the view is filled. */
static size_t with_spare(const RosterListing *listing) {
        size_t known = listing ? listing->n : 0;

        return known + known / 4 + VIEW_SPARE;
}

int engine_view_request(Engine *e, bool with_processes) {
        const RosterListing *listing;
        ViewRoom room = { .users = e->pipeline.users_size, .verdicts = e->pipeline.verdicts_size };
        int r;

        if (e->view || e->asked)
                return -EBUSY;

        /* Facts that the sentinel copies from now on stay until we let go. */
        listing = roster_acquire(e->roster, ROSTER_MAIN);
        room.processes = with_spare(listing);
        listing = publication_acquire(group_roster_publication(e->groups), ROSTER_MAIN);
        room.groups = with_spare(listing);
        r = view_new(&room, &e->asked);
        if (r < 0) {
                release_rosters(e);
                return r;
        }
        if (!sentinel_request_view(e->sentinel, e->asked, with_processes)) {
                e->asked = view_free(e->asked);
                release_rosters(e);
                return -EBUSY;
        }
        return 0;
}

int engine_view_fd(Engine *e) {
        return sentinel_view_fd(e->sentinel);
}

static void tally_view(Engine *e, const View *v) {
        if (v->config == e->config) /* else it is of before a reload */
                match_tally_look(&e->tally, v->config, &v->sample);
}

View *engine_view(Engine *e) {
        View *v;

        if (e->view)
                return e->view;

        v = sentinel_take_view(e->sentinel);
        if (!v)
                return NULL;
        e->asked = NULL;
        e->view = v;
        e->view_config = v->config == e->config ? config_ref(e->config) : NULL;
        for (size_t i = 0; !e->view_config && i < e->n_retired; i++)
                if (v->config == e->retired[i])
                        e->view_config = config_ref(e->retired[i]);
        v->started_usec = e->started_usec;
        v->dry = e->dry;
        v->standby = engine_standby(e);
        memcpy(v->told_by_main, e->told, sizeof(v->told_by_main));
        tally_view(e, v);
        v->match_hits = v->config == e->config ? e->tally.most : NULL;
        return v;
}

void engine_view_release(Engine *e) {
        if (!e->view)
                return;

        e->view = view_free(e->view);
        e->view_config = config_unref(e->view_config);
        release_rosters(e);
        drop_retired(e);
}

void engine_look(Engine *e) {
        const RosterListing *listing, *groups;

        engine_leases_care(e);
        engine_steering_care(e);
        if (e->view || e->asked)
                return; /* what we hold of the rosters must not change under it */

        listing = roster_acquire(e->roster, ROSTER_MAIN);
        groups = publication_acquire(group_roster_publication(e->groups), ROSTER_MAIN);
        match_tally_begin(&e->tally);
        for (size_t i = 0; listing && i < listing->n; i++) {
                ProcSample p;

                roster_read(e->roster, listing->slots[i], &p);
                if (p.facts)
                        match_tally_add(&e->tally, e->config, &p, clock_boottime_usec());
        }
        for (size_t i = 0; groups && i < groups->n; i++) {
                GroupSample g;

                group_roster_read(e->groups, groups->slots[i], &g);
                if (g.facts)
                        match_tally_add_group(&e->tally, e->config, &g);
        }
        match_tally_end(&e->tally);
        release_rosters(e);
}

bool engine_is_alive(const Engine *e, usec_t now_usec, usec_t max_age_usec, const char **ret_who) {
        const char *who = NULL;
        usec_t planned;
        usec_t heartbeat = sentinel_heartbeat(e->sentinel, &planned);

        if (e->running && usec_since(now_usec, heartbeat) > usec_add(max_age_usec, planned))
                who = "sentinel";
        else if (e->running &&
                !scout_is_alive(e->scout, now_usec, MAX(max_age_usec, SCOUT_PATIENCE_USEC)))
                who = "scout";

        if (who && ret_who)
                *ret_who = who;
        return who == NULL;
}

const struct Probe *engine_probe(const Engine *e) {
        return &e->probe;
}
