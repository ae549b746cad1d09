/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/decide.h"

#include <string.h>

#include "base/macro.h"
#include "core/aside.h"
#include "core/flight.h"
#include "core/hint-order.h"
#include "core/incident.h"
#include "core/kernel-oom.h"
#include "core/ladder.h"
#include "core/lease-book.h"
#include "core/relief.h"
#include "core/remembered.h"
#include "core/steering-told.h"

#define LONGEST_WINDOW_USEC (10 * USEC_PER_SEC)

void incident_book_init(IncidentBook *book) {
        memset(book, 0, sizeof(*book));
}

usec_t incident_not_before(const void *ctx, uint16_t policy, const InstanceKey *key) {
        const IncidentBook *book = ctx;

        /* A destructive step changes the readings of everybody, so its end holds for all policies;
         * that of a reversible one for its own incident. */
        for (size_t k = 0; k < book->n_settling; k++) {
                const Incident *i = &book->incidents[book->settling[k]];

                if (i->policy == policy && instance_key_equals(&i->key, key))
                        return i->not_before_usec;
        }
        return book->not_before_usec;
}

static void list_settling(IncidentBook *book) {
        book->n_settling = 0;
        for (uint16_t k = 0; k < INCIDENTS_MAX; k++)
                if (book->incidents[k].used &&
                        book->incidents[k].not_before_usec > book->not_before_usec)
                        book->settling[book->n_settling++] = k;
}

static uint64_t largest_target(const Sample *s) {
        uint64_t largest = 0;

        for (size_t i = 0; i < s->n_procs; i++)
                if (!s->procs[i].facts->kthread)
                        largest = MAX(largest, s->procs[i].freeable);
        return largest;
}

/* After a step a window of ours is unknown until all of it is later; what is unknown for longer has
 * no source, and an incident that is held by that has nothing to hurry for. */
static bool is_unknown(const Judge *j, const Incident *i) {
        return i->phase == INCIDENT_OPEN &&
                usec_since(j->now_usec, MAX(i->known_usec, j->book->not_before_usec)) >
                LONGEST_WINDOW_USEC;
}

/* True while something may have to be done at the next moment. */
static bool is_busy(const Judge *j) {
        bool paused = steering_is_paused(&j->book->steering, j->now_usec);

        if (j->book->flight.active || j->plan->n_actions > 0 || j->book->oom_pending > 0 ||
                j->now_usec < j->book->not_before_usec || leases_are_moving(&j->book->leases) ||
                hints_are_waiting(j->book))
                return true;

        for (size_t k = 0; k < INCIDENTS_MAX; k++) {
                const Incident *i = &j->book->incidents[k];
                bool waits = paused || i->held || j->now_usec < i->retry_usec;

                if (!i->used || i->phase == INCIDENT_COOLING || i->true_since_usec == USEC_UNSET ||
                        !policy_takes_target(judge_policy(j, i)) || is_unknown(j, i))
                        continue;
                if (i->phase == INCIDENT_HOLDING || i->relief.pending ||
                        (!waits && i->next_step < judge_policy(j, i)->n_steps) ||
                        (i->critical && !paused && incident_can_harm(j, i)))
                        return true;
        }
        return false;
}

static bool has_critical(const IncidentBook *book) {
        for (size_t k = 0; k < INCIDENTS_MAX; k++)
                if (book->incidents[k].used && book->incidents[k].critical)
                        return true;
        return false;
}

void decide(const Config *config, const Sample *s, const Verdict *verdicts, size_t n_verdicts,
        const Outcome *outcomes, size_t n_outcomes, bool dry, IncidentBook *book,
        DecideScratch *scratch, Plan *ret) {
        Judge j = {
                .config = config,
                .s = s,
                .verdicts = verdicts,
                .n_verdicts = n_verdicts,
                .dry = dry,
                .book = book,
                .scratch = scratch,
                .plan = ret,
                .now_usec = s->raw.at_usec,
                .largest = largest_target(s),
        };

        memset(ret, 0, sizeof(*ret)); /* all of it: the same input gives the same bytes */

        remembered_forget(book, j.now_usec);
        steering_tell(&j);
        flight_take_outcomes(&j, outcomes, n_outcomes);
        leases_take_outcomes(&j, outcomes, n_outcomes);
        reliefs_take_outcomes(&j, outcomes, n_outcomes);
        asides_take_outcomes(&j, outcomes, n_outcomes);
        hints_take_outcomes(&j, outcomes, n_outcomes);
        incidents_advance(&j);
        kernel_oom_notice(&j);
        flight_advance(&j);
        leases_advance(&j);
        reliefs_advance(&j);
        ladder_advance(&j);
        asides_advance(&j);
        hints_advance(&j);
        incidents_tell_ends(&j);
        list_settling(book);
        ret->within_usec = leases_within_usec(&book->leases, j.now_usec);
        ret->critical = has_critical(book);
        ret->busy = is_busy(&j);
}

static void rebase_incident(Judge *j, const Config *from, const Config *to, Incident *i) {
        int index = config_find_policy(to, from->policies[i->policy].name);
        const Policy *policy;

        if (index >= 0 && to->policies[index].watch == i->key.watch) {
                policy = &to->policies[index];
                i->policy = (uint16_t) index;
                /* A ladder that became shorter is at its end; one that became longer has more to
                 * offer. */
                i->next_step = policy_is_standing(policy)
                        ? 0 /* what it limits to may be another amount */
                        : MIN(i->next_step, (uint32_t) policy->n_steps);
                if (i->relief.index >= policy->n_steps ||
                        policy->steps[i->relief.index].kind != i->relief.step)
                        i->relief.pending = false;
                i->resume_step = MIN(i->resume_step, i->next_step);
                if (i->first_destructive_reached != UINT32_MAX &&
                        (i->first_destructive_reached >= policy->n_steps ||
                                !step_is_destructive(
                                        policy->steps[i->first_destructive_reached].kind)))
                        i->first_destructive_reached = UINT32_MAX;
                return;
        }
        if (i->phase == INCIDENT_OPEN)
                incident_close(j, i, "its policy is gone after a reload");
        incident_tell_end(j, i);
        if (j->book->flight.active && j->book->flight.incident == i->id)
                j->book->flight.active = false;
        memset(i, 0, sizeof(*i));
}

static void rebase_budgets(const Config *from, const Config *to, IncidentBook *book) {
        for (size_t i = 0; i < BUDGETS_MAX; i++) {
                BudgetEntry *e = &book->budgets[i];
                int index;

                if (e->class_hash == 0)
                        continue;
                index = e->policy < from->n_policies
                        ? config_find_policy(to, from->policies[e->policy].name)
                        : -1;
                if (index < 0)
                        memset(e, 0, sizeof(*e));
                else
                        e->policy = (uint16_t) index;
        }
}

void incident_book_rebase(
        IncidentBook *book, const Config *from, const Config *to, usec_t now_usec, Plan *ret) {
        static const Sample nothing; /* a reload looks at no readings */
        Judge j = {
                .config = from, .s = &nothing, .book = book, .plan = ret, .now_usec = now_usec
        };
        int flight_policy = -1;

        memset(ret, 0, sizeof(*ret));
        if (book->flight.active)
                flight_policy = config_find_policy(to, from->policies[book->flight.policy].name);

        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                if (book->incidents[i].used)
                        rebase_incident(&j, from, to, &book->incidents[i]);
        rebase_budgets(from, to, book);
        remembered_forget_policies(book);
        leases_rebase(&book->leases, from, to);
        list_settling(book);
        ret->within_usec = leases_within_usec(&book->leases, now_usec);

        if (flight_policy < 0)
                book->flight.active = false;
        else
                book->flight.policy = (uint16_t) flight_policy;
}
