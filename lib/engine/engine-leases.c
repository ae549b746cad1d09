/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-state.h"

#include <errno.h>
#include <inttypes.h>

#include "base/fdio.h"
#include "engine/engine-notes.h"
#include "engine/handover.h"
#include "engine/lease-replay.h"

/* Who has the seat in passing: avertctl that gives leases back, a standby that was told to end. */
#define PASSING_USEC USEC_PER_SEC

/* One pass over the ledger. */
typedef struct Pass {
        Engine *e;
        const char *why; /* literal: what for */
        bool quiet_failures;
        size_t n_dropped, n_failed;
} Pass;

/* Of another daemon than a standby everything is left alone. A standby may be of another version,
 * with another file: it is asked to leave all the same. */
static int open_beside(const char *path, const char *boot_id, LeaseLedger **ret) {
        int r;

        r = handover_open(path, boot_id, ret);
        if (r < 0 || handover_is_stood_in(*ret))
                return r;
        r = handover_wait(*ret, PASSING_USEC);
        if (r == 0)
                r = lease_ledger_make(*ret);
        if (r == 0 || handover_is_stood_in(*ret))
                return 0;
        *ret = lease_ledger_free(*ret);
        return r;
}

void engine_leases_open(Engine *e, const char *path) {
        const LedgerAccess access = e->standby ? LEDGER_SHARED : LEDGER_DAEMON;
        char boot_id[BOOT_ID_SIZE];
        int r;

        if (e->dry || !path)
                return;
        r = lease_ledger_boot_id(e->root.proc_fd, boot_id, sizeof(boot_id));
        if (r == 0)
                r = lease_ledger_open(path, access, boot_id, &e->ledger);
        if (r == -EBUSY)
                r = open_beside(path, boot_id, &e->ledger);
        e->ledger_error = -r;
}

static int take_seat(Engine *e, int *ret_pidfd) {
        int r;

        r = handover_take(e->ledger, HANDOVER_PATIENCE_USEC, ret_pidfd);
        if (r < 0)
                return r;
        if (!e->standby)
                r = lease_ledger_make(e->ledger);
        else if (!lease_ledger_is_current(e->ledger))
                r = -ESTALE;
        if (r < 0)
                lease_ledger_rise(e->ledger, SEAT_ACTING); /* it is not ours to empty */
        return r;
}

int engine_take_over(Engine *e, int *ret_pidfd) {
        bool has_it = e->ledger && lease_ledger_acts(e->ledger);
        int r;

        *ret_pidfd = FD_NONE;
        if (!e->ledger)
                return 0;
        r = has_it ? 0 : take_seat(e, ret_pidfd);
        if (r < 0)
                return r;
        lease_ledger_set_unfinished(e->ledger, true);
        if (!has_it) /* what was found is minutes old, or shows limits that were given back since */
                engine_refresh(e);
        return 0;
}

StandbyState engine_standby(const Engine *e) {
        if (!e->ledger)
                return STANDBY_OFF;
        if (e->standby)
                return STANDBY_ACTS;
        return lease_ledger_sitter(e->ledger, SEAT_STANDBY) != 0 ? STANDBY_READY : STANDBY_NONE;
}

static void on_returned(void *ctx, const LeaseTerms *terms, uint64_t ours, int result) {
        Pass *pass = ctx;
        bool failed = !lease_replay_is_over(result);

        pass->n_dropped += !failed;
        pass->n_failed += failed;
        if (failed && pass->quiet_failures)
                return;
        note_lease(&(LeaseNote){ .terms = terms,
                           .ours = ours,
                           .result = result,
                           .why = pass->why,
                           .held_usec =
                                   usec_since(clock_realtime_usec(), terms->taken_realtime_usec) },
                &pass->e->event);
        engine_push(pass->e);
}

static Pass replay(Engine *e, LeaseScope scope, uint64_t id, const char *why, bool quiet_failures) {
        Pass pass = { .e = e, .why = why, .quiet_failures = quiet_failures };

        (void) lease_replay(e->ledger, e->root.cgroup_fd,
                &(LeaseReplay){ .scope = scope,
                        .id = id,
                        .now_usec = clock_monotonic_usec(),
                        .on_returned = on_returned,
                        .ctx = &pass });
        return pass;
}

void engine_leases_begin(Engine *e) {
        Pass pass;

        if (e->ledger_error != 0) {
                note_no_ledger(e->ledger_error, &e->event);
                engine_push(e);
        }
        if (!e->ledger)
                return;
        pass = replay(e, LEASES_ALL, 0, "an earlier avertd left it", false);
        e->told_owed = pass.n_failed > 0;
        if (pass.n_dropped > 0) /* the limits that were read before were those that it gave back */
                (void) scout_pass(e->scout, clock_monotonic_usec(), clock_boottime_usec(), true);
}

/* What failed before is tried again in silence. */
void engine_leases_care(Engine *e) {
        if (e->ledger && e->running)
                e->told_owed = replay(e, LEASES_ADRIFT, 0, "nobody looked after it", e->told_owed)
                                       .n_failed > 0;
}

void engine_leases_end(Engine *e) {
        if (!e->ledger || !e->reporter || !lease_ledger_acts(e->ledger))
                return;
        (void) replay(e, LEASES_ALL, 0, "avertd ends", false);
        if (e->begun) /* else it has failed, and is missing like one that was killed */
                lease_ledger_set_unfinished(e->ledger, false);
        lease_ledger_rise(e->ledger, SEAT_ACTING);
}

int engine_release_leases(Engine *e, uint64_t id, TextBuf *ret) {
        Pass pass = { 0 };

        if (e->ledger)
                pass = replay(
                        e, id == 0 ? LEASES_ALL : LEASES_ONE, id, "somebody asked for it", false);
        if (id != 0 && pass.n_dropped + pass.n_failed == 0) {
                textbuf_addf(ret, "there is no lease %" PRIu64, id);
                return -ENOENT;
        }
        textbuf_addf(ret, "%zu given back", pass.n_dropped);
        if (pass.n_failed > 0)
                textbuf_addf(ret, ", %zu could not be: they are still owed", pass.n_failed);
        return (int) pass.n_dropped;
}
