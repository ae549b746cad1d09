/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/event-tally.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

static EventTally tally;

static void add(const char *policy, EventKind kind, int step, uint64_t freed) {
        static Event e;

        e = (Event){ .kind = kind, .freed = freed };
        e.has_step = step >= 0;
        e.step = step >= 0 ? (StepKind) step : STEP_NOTIFY;
        ck_assert(text_copy(e.policy, sizeof(e.policy), policy));
        event_tally_add(&tally, &e);
}

/* The count of exactly these; one of zeros when there is none. */
static EventCount count_of(const char *policy, EventKind kind, StepKind step) {
        for (size_t i = 0; i < tally.n; i++) {
                const EventCount *c = &tally.counts[i];

                if (strcmp(c->policy, policy) == 0 && c->kind == kind && c->step == step)
                        return *c;
        }
        return (EventCount){};
}

START_TEST(events_are_told_apart_by_policy_kind_and_step) {
        tally = (EventTally){};
        add("a", EVENT_STEP_DONE, STEP_KILL, 5);
        add("a", EVENT_STEP_DONE, STEP_KILL, 6);
        add("a", EVENT_STEP_DONE, STEP_RECLAIM, 7);
        add("a", EVENT_STEP_FAILED, STEP_KILL, 0);
        add("b", EVENT_STEP_DONE, STEP_KILL, 8);
        add("", EVENT_RELOADED, -1, 0);

        ck_assert_uint_eq(tally.n, 5);
        ck_assert_uint_eq(count_of("a", EVENT_STEP_DONE, STEP_KILL).n, 2);
        ck_assert_uint_eq(count_of("a", EVENT_STEP_DONE, STEP_KILL).freed_bytes, 11);
        ck_assert_uint_eq(count_of("a", EVENT_STEP_DONE, STEP_RECLAIM).n, 1);
        ck_assert_uint_eq(count_of("a", EVENT_STEP_FAILED, STEP_KILL).n, 1);
        ck_assert_uint_eq(count_of("b", EVENT_STEP_DONE, STEP_KILL).n, 1);
        ck_assert_uint_eq(count_of("", EVENT_RELOADED, _STEP_MAX).n, 1);
}
END_TEST

START_TEST(notify_is_a_step_and_no_step_is_none) {
        tally = (EventTally){};
        add("a", EVENT_NOTIFY, STEP_NOTIFY, 0);
        add("a", EVENT_NOTIFY, -1, 0);
        ck_assert_uint_eq(tally.n, 2);
}
END_TEST

START_TEST(lost_events_are_counted_by_how_many_they_were) {
        Event e = { .kind = EVENT_LOST, .count = 40 };

        tally = (EventTally){};
        event_tally_add(&tally, &e);
        event_tally_add(&tally, &e);
        ck_assert_uint_eq(count_of("", EVENT_LOST, _STEP_MAX).n, 80);
}
END_TEST

START_TEST(policy_beyond_the_bound_is_counted_without_its_name) {
        const unsigned more = 100;
        uint64_t sum = 0;

        tally = (EventTally){};
        for (unsigned i = 0; i < EVENT_TALLY_MAX + more; i++) {
                char name[32];

                snprintf(name, sizeof(name), "policy-%u", i);
                add(name, EVENT_INCIDENT_OPENED, -1, 0);
        }
        add("policy-0", EVENT_INCIDENT_OPENED, -1, 0);

        for (size_t i = 0; i < tally.n; i++)
                sum += tally.counts[i].n;
        ck_assert_uint_eq(sum, EVENT_TALLY_MAX + more + 1);
        ck_assert_uint_eq(count_of("policy-0", EVENT_INCIDENT_OPENED, _STEP_MAX).n, 2);
        ck_assert_uint_eq(
                count_of("", EVENT_INCIDENT_OPENED, _STEP_MAX).n, more + EVENT_TALLY_RESERVED);
}
END_TEST

START_TEST(every_kind_and_step_finds_room_when_policies_have_taken_theirs) {
        tally = (EventTally){};
        for (unsigned i = 0; i < EVENT_TALLY_MAX; i++) {
                char name[32];

                snprintf(name, sizeof(name), "policy-%u", i);
                add(name, EVENT_INCIDENT_OPENED, -1, 0);
        }
        for (int kind = 0; kind < _EVENT_MAX; kind++)
                for (int step = -1; step < _STEP_MAX; step++)
                        add("late", (EventKind) kind, step, 1);

        ck_assert_uint_eq(tally.n, EVENT_TALLY_MAX);
        ck_assert_uint_eq(count_of("", EVENT_STEP_DONE, STEP_KILL).freed_bytes, 1);
}
END_TEST

HARNESS_MAIN("event-tally", events_are_told_apart_by_policy_kind_and_step,
        notify_is_a_step_and_no_step_is_none, lost_events_are_counted_by_how_many_they_were,
        policy_beyond_the_bound_is_counted_without_its_name,
        every_kind_and_step_finds_room_when_policies_have_taken_theirs)
