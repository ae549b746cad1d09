/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/source-watch.h"

#include "tests/harness.h"

#include <errno.h>
#include <string.h>

#define SEC USEC_PER_SEC

static const SourceHealth well = { .present = true };
static const SourceHealth ill = { .present = true,
        .degraded = true,
        .error = EOPNOTSUPP,
        .why = "booted with psi=0; add psi=1" };

static const struct {
        const char *name;
        struct {
                usec_t at_usec;
                bool degraded;
                int event; /* EventKind, -1: none */
        } steps[8];
        size_t n;
} scripts[] = {
        { "a failure is told once",
                { { 0, false, -1 }, { 1 * SEC, true, EVENT_SOURCE_DEGRADED },
                        { 2 * SEC, true, -1 } },
                3 },
        { "its end is told when it has lasted",
                { { 0, true, EVENT_SOURCE_DEGRADED }, { 1 * SEC, false, -1 },
                        { 10 * SEC, false, -1 }, { 11 * SEC, false, EVENT_SOURCE_RESTORED },
                        { 12 * SEC, false, -1 } },
                5 },
        { "flickering is one failure",
                { { 0, true, EVENT_SOURCE_DEGRADED }, { 5 * SEC, false, -1 },
                        { 12 * SEC, true, -1 }, { 13 * SEC, false, -1 }, { 22 * SEC, false, -1 },
                        { 23 * SEC, false, EVENT_SOURCE_RESTORED } },
                6 },
        { "a second failure is told again",
                { { 0, true, EVENT_SOURCE_DEGRADED }, { 1 * SEC, false, -1 },
                        { 11 * SEC, false, EVENT_SOURCE_RESTORED },
                        { 12 * SEC, true, EVENT_SOURCE_DEGRADED } },
                4 },
};

START_TEST(changes_are_told_and_nothing_else) {
        SourceWatch w = { 0 };
        Event e;

        for (size_t i = 0; i < scripts[_i].n; i++) {
                const SourceHealth *health = scripts[_i].steps[i].degraded ? &ill : &well;
                bool told = source_watch_check(
                        &w, SOURCE_PSI_MEMORY, health, scripts[_i].steps[i].at_usec, &e);

                ck_assert_msg((told ? (int) e.kind : -1) == scripts[_i].steps[i].event,
                        "%s: step %zu", scripts[_i].name, i);
        }
}
END_TEST

START_TEST(the_event_names_source_and_reason) {
        SourceWatch w = { 0 };
        Event e;

        ck_assert(source_watch_check(&w, SOURCE_PSI_MEMORY, &ill, 3 * SEC, &e));
        ck_assert_ptr_nonnull(strstr(e.text, "psi.memory: booted with psi=0; add psi=1"));
        ck_assert_int_eq(e.error, EOPNOTSUPP);
        ck_assert_uint_eq(e.at_usec, 3 * SEC);
}
END_TEST

START_TEST(every_source_has_a_name_of_its_own) {
        for (unsigned i = 0; i < _SOURCE_MAX; i++)
                for (unsigned k = 0; k < i; k++)
                        ck_assert_str_ne(source_name((SourceId) i), source_name((SourceId) k));
}
END_TEST

int main(void) {
        Suite *s = suite_create("source-watch");
        TCase *tc = tcase_create("source-watch");

        tcase_add_loop_test(
                tc, changes_are_told_and_nothing_else, 0, sizeof(scripts) / sizeof(scripts[0]));
        tcase_add_test(tc, the_event_names_source_and_reason);
        tcase_add_test(tc, every_source_has_a_name_of_its_own);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
