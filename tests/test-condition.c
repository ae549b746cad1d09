/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/condition.h"

#include "core/reason.h"
#include "tests/core-world.h"

/* ---- one comparison
 * -------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        int64_t value, total;
        CompareOp op;
        int64_t threshold;
        bool percent, holds;
} compare_rows[] = {
        { "below", 799, 10000, COMPARE_LT, 800, true, true },
        { "equal is not below", 800, 10000, COMPARE_LT, 800, true, false },
        { "equal is at most", 800, 10000, COMPARE_LE, 800, true, true },
        { "equal is not above", 800, 10000, COMPARE_GT, 800, true, false },
        { "equal is at least", 800, 10000, COMPARE_GE, 800, true, true },
        { "a thousandth of a percent above is above", 80001, 1000000, COMPARE_GT, 800, true, true },
        { "and not at most", 80001, 1000000, COMPARE_LE, 800, true, false },
        { "nothing of nothing is 0 %", 0, 0, COMPARE_LT, 1000, true, true },
        { "nothing of nothing is not above 0 %", 0, 0, COMPARE_GT, 0, true, false },
        { "bytes", 5, 0, COMPARE_LT, 6, false, true },
        { "never is not soon", INT64_MAX, 0, COMPARE_LT, 1000, false, false },
        { "too large to multiply", INT64_MAX / 2, INT64_MAX, COMPARE_GE, 4000, true, true },
        { "too large to multiply, false", INT64_MAX / 2, INT64_MAX, COMPARE_GE, 6000, true, false },
        { "negative growth", -5, 0, COMPARE_LT, 0, false, true },
};

START_TEST(compare_table) {
        Reading r = {
                .known = true, .value = compare_rows[_i].value, .total = compare_rows[_i].total
        };
        bool holds = condition_compare(
                &r, compare_rows[_i].op, compare_rows[_i].threshold, compare_rows[_i].percent);

        ck_assert_msg(holds == compare_rows[_i].holds, "%s", compare_rows[_i].name);
}
END_TEST

/* ---- three values
 * ---------------------------------------------------------------------------------- */

/* mem.available, mem.free and mem.slab stand for three atoms that are true, false or unknown. */
static void set_truth(Sample *s, MetricId id, Truth t) {
        s->system[id] = (Reading){
                .known = t != TRUTH_UNKNOWN, .value = t == TRUTH_TRUE ? 0 : 100, .since_usec = 1000
        };
}

static Atom below_50(MetricId id) {
        return atom_bytes(id, "atom", COMPARE_LT, 50);
}

static const struct {
        CondKind kind;
        Truth a, b, result;
} logic_rows[] = {
        { COND_ALL, TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE },
        { COND_ALL, TRUTH_TRUE, TRUTH_FALSE, TRUTH_FALSE },
        { COND_ALL, TRUTH_FALSE, TRUTH_FALSE, TRUTH_FALSE },
        { COND_ALL, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_UNKNOWN },
        { COND_ALL, TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_FALSE },
        { COND_ALL, TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_FALSE },
        { COND_ALL, TRUTH_UNKNOWN, TRUTH_UNKNOWN, TRUTH_UNKNOWN },
        { COND_ANY, TRUTH_TRUE, TRUTH_TRUE, TRUTH_TRUE },
        { COND_ANY, TRUTH_TRUE, TRUTH_FALSE, TRUTH_TRUE },
        { COND_ANY, TRUTH_FALSE, TRUTH_FALSE, TRUTH_FALSE },
        { COND_ANY, TRUTH_TRUE, TRUTH_UNKNOWN, TRUTH_TRUE },
        { COND_ANY, TRUTH_UNKNOWN, TRUTH_TRUE, TRUTH_TRUE },
        { COND_ANY, TRUTH_UNKNOWN, TRUTH_FALSE, TRUTH_UNKNOWN },
        { COND_ANY, TRUTH_UNKNOWN, TRUTH_UNKNOWN, TRUTH_UNKNOWN },
};

START_TEST(all_and_any_have_three_values) {
        World *w = world_new();
        Condition c = CONDITION(
                w, logic_rows[_i].kind, below_50(METRIC_MEM_AVAILABLE), below_50(METRIC_MEM_FREE));

        set_truth(&w->s, METRIC_MEM_AVAILABLE, logic_rows[_i].a);
        set_truth(&w->s, METRIC_MEM_FREE, logic_rows[_i].b);
        ck_assert_msg(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 0) == logic_rows[_i].result,
                "row %d", _i);
        world_free(w);
}
END_TEST

START_TEST(not_of_unknown_is_unknown) {
        World *w = world_new();
        Condition c = CONDITION(w, COND_NOT, below_50(METRIC_MEM_AVAILABLE));

        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_UNKNOWN);
        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 0), TRUTH_UNKNOWN);
        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_TRUE);
        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 0), TRUTH_FALSE);
        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_FALSE);
        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 0), TRUTH_TRUE);
        world_free(w);
}
END_TEST

START_TEST(an_empty_condition_is_never_true) {
        Condition c = { 0 };
        World *w = world_new();

        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 0), TRUTH_FALSE);
        world_free(w);
}
END_TEST

START_TEST(a_window_that_began_too_early_is_unknown) {
        World *w = world_new();
        Condition c = CONDITION(w, COND_ALL, below_50(METRIC_MEM_AVAILABLE));

        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_TRUE);
        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 1000), TRUTH_TRUE);
        ck_assert_int_eq(evaluate_condition(&c, &w->s, &(Instance){ 0 }, 1001), TRUTH_UNKNOWN);
        world_free(w);
}
END_TEST

START_TEST(a_metric_of_another_scope_is_unknown) {
        World *w = world_new();
        ProcSample *p = world_process(w, "p", MIB(100));
        UserSample user = { .uid = 1000, .anon = MIB(1) };
        Condition proc = CONDITION(
                w, COND_ALL, atom_bytes(METRIC_PROC_ANON, "proc.anon", COMPARE_GT, MIB(50)));
        Condition of_user = CONDITION(
                w, COND_ALL, atom_bytes(METRIC_USER_ANON, "user.anon", COMPARE_LT, MIB(50)));

        ck_assert_int_eq(
                evaluate_condition(&proc, &w->s, &(Instance){ .user = &user }, 0), TRUTH_UNKNOWN);
        ck_assert_int_eq(evaluate_condition(&proc, &w->s, &(Instance){ .proc = p }, 0), TRUTH_TRUE);
        ck_assert_int_eq(
                evaluate_condition(&of_user, &w->s, &(Instance){ .proc = p }, 0), TRUTH_UNKNOWN);
        ck_assert_int_eq(
                evaluate_condition(&of_user, &w->s, &(Instance){ .user = &user }, 0), TRUTH_TRUE);
        world_free(w);
}
END_TEST

/* ---- the default clear: each threshold a quarter of its value toward calm
 * --------------------------- */

static const struct {
        const char *name;
        CompareOp op;
        bool percent, negated;
        int64_t threshold;
        int64_t still_true, false_again; /* values; of 10000 for percent */
} relaxed_rows[] = {
        { "< 8 % becomes < 10 %", COMPARE_LT, true, false, 800, 999, 1000 },
        { "<= 8 % becomes <= 10 %", COMPARE_LE, true, false, 800, 1000, 1001 },
        { "> 80 % becomes > 60 %", COMPARE_GT, true, false, 8000, 6001, 6000 },
        { ">= 80 % becomes >= 60 %", COMPARE_GE, true, false, 8000, 6000, 5999 },
        { "< 400 bytes becomes < 500", COMPARE_LT, false, false, 400, 499, 500 },
        { "> 400 bytes becomes > 300", COMPARE_GT, false, false, 400, 301, 300 },
        { "< 0 stays", COMPARE_LT, false, false, 0, -1, 0 },
        { "> -400 becomes > -500", COMPARE_GT, false, false, -400, -499, -500 },
        { "not > 8 % becomes not > 10 %", COMPARE_GT, true, true, 800, 1000, 1001 },
        { "not < 80 % becomes not < 60 %", COMPARE_LT, true, true, 8000, 6000, 5999 },
        { "< 66 % becomes < 82.5 %", COMPARE_LT, true, false, 6600, 8249, 8250 },
        { "< 80 % goes half of the way to 100 %", COMPARE_LT, true, false, 8000, 8999, 9000 },
        { "< 100 % has no way to go", COMPARE_LT, true, false, 10000, 12499, 12500 },
};

static Truth judge_relaxed(World *w, int row, int64_t value) {
        Atom atom = atom_share(
                METRIC_MEM_AVAILABLE, "atom", relaxed_rows[row].op, relaxed_rows[row].threshold);
        Condition c;
        ConditionContext x = { .s = &w->s, .view = CONDITION_RELAXED };

        atom.percent = relaxed_rows[row].percent;
        c = relaxed_rows[row].negated ? CONDITION(w, COND_NOT, atom) : CONDITION(w, COND_ALL, atom);
        w->s.system[METRIC_MEM_AVAILABLE] =
                (Reading){ .known = true, .value = value, .total = 10000 };
        return condition_judge(&c, &x);
}

START_TEST(relaxed_table) {
        World *w = world_new();

        ck_assert_msg(judge_relaxed(w, _i, relaxed_rows[_i].still_true) == TRUTH_TRUE, "%s",
                relaxed_rows[_i].name);
        ck_assert_msg(judge_relaxed(w, _i, relaxed_rows[_i].false_again) == TRUTH_FALSE, "%s",
                relaxed_rows[_i].name);
        world_free(w);
}
END_TEST

/* ---- armed: amounts doubled toward calm, plus what fill.rate takes in tick.max
 * ---------------------- */

static const struct {
        const char *name;
        CompareOp op;
        bool percent, negated;
        int64_t threshold, fill; /* fill per second; tick.max is 5 s */
        int64_t armed, calm;
} armed_rows[] = {
        { "< 8 %: below 16 %", COMPARE_LT, true, false, 800, 0, 1599, 1600 },
        { "> 80 %: above 40 %", COMPARE_GT, true, false, 8000, 0, 4001, 4000 },
        { "< 400 bytes: below 800", COMPARE_LT, false, false, 400, 0, 799, 800 },
        { "< 8 % and filling 100 a second", COMPARE_LT, true, false, 800, 100, 2099, 2100 },
        { "< 400 bytes and filling 100 a second", COMPARE_LT, false, false, 400, 100, 1299, 1300 },
        { "> 8000 bytes and filling 100 a second", COMPARE_GT, false, false, 8000, 100, 3501,
                3500 },
        { "emptying counts nothing", COMPARE_LT, false, false, 400, -100, 799, 800 },
        { "not > 8 %: up to 16 %", COMPARE_GT, true, true, 800, 0, 1600, 1601 },
};

START_TEST(armed_table) {
        World *w = world_new();
        Atom atom = atom_share(
                METRIC_MEM_AVAILABLE, "atom", armed_rows[_i].op, armed_rows[_i].threshold);
        ConditionContext x = { .s = &w->s, .view = CONDITION_ARMED, .tick_max_usec = SEC(5) };
        Condition c;

        atom.percent = armed_rows[_i].percent;
        c = armed_rows[_i].negated ? CONDITION(w, COND_NOT, atom) : CONDITION(w, COND_ALL, atom);
        w->s.system[METRIC_FILL_RATE] = (Reading){ .known = true, .value = armed_rows[_i].fill };
        w->s.system[METRIC_MEM_AVAILABLE] =
                (Reading){ .known = true, .value = armed_rows[_i].armed, .total = 10000 };
        ck_assert_msg(condition_judge(&c, &x) == TRUTH_TRUE, "%s", armed_rows[_i].name);
        w->s.system[METRIC_MEM_AVAILABLE].value = armed_rows[_i].calm;
        ck_assert_msg(condition_judge(&c, &x) == TRUTH_FALSE, "%s", armed_rows[_i].name);
        world_free(w);
}
END_TEST

START_TEST(time_to_exhaustion_is_armed_a_tick_earlier) {
        World *w = world_new();
        Condition c = CONDITION(w, COND_ALL,
                atom_time(METRIC_MEM_EXHAUSTION, "mem.exhaustion", COMPARE_LT, SEC(3)));
        ConditionContext x = { .s = &w->s, .view = CONDITION_ARMED, .tick_max_usec = SEC(5) };

        w->s.system[METRIC_MEM_EXHAUSTION] =
                (Reading){ .known = true, .value = (int64_t) SEC(11) - 1 };
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_TRUE);
        w->s.system[METRIC_MEM_EXHAUSTION].value = (int64_t) SEC(11);
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_FALSE);
        world_free(w);
}
END_TEST

START_TEST(pressure_is_granted_when_arming_even_if_unknown) {
        World *w = world_new();
        Atom pressure = atom_pressure(PSI_MEMORY, PSI_FULL, PSI_10S, COMPARE_GT, 5000);
        Condition c = CONDITION(w, COND_ALL, available_below(800), pressure);
        Condition calm = CONDITION(w, COND_NOT, pressure);
        ConditionContext x = { .s = &w->s, .view = CONDITION_ARMED };

        w->s.system[METRIC_MEM_AVAILABLE] =
                (Reading){ .known = true, .value = 1000, .total = 10000 };
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_TRUE);
        w->s.system[METRIC_MEM_AVAILABLE].value = 2000;
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_FALSE);
        ck_assert_int_eq(
                condition_judge(&calm, &x), TRUTH_TRUE); /* whatever makes the whole more likely */
        world_free(w);
}
END_TEST

START_TEST(processes_are_granted_when_nobody_has_looked_at_them) {
        World *w = world_new();
        Condition c = CONDITION(w, COND_ALL, available_below(800),
                atom_bytes(METRIC_PROC_ANON, "proc.anon", COMPARE_GT, MIB(50)));
        ConditionContext x = { .s = &w->s, .view = CONDITION_ARMED_SYSTEM };

        w->s.system[METRIC_MEM_AVAILABLE] =
                (Reading){ .known = true, .value = 1000, .total = 10000 };
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_TRUE);
        x.view = CONDITION_ARMED;
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_UNKNOWN);
        world_free(w);
}
END_TEST

/* ---- readings of the atoms
 * --------------------------------------------------------------------------- */

/* any: [ all: [a, b], all: [c, d] ] */
static Condition two_branches(World *w, const Atom atoms[4]) {
        CondNode *n = &w->nodes[w->n_nodes];

        n[0] = (CondNode){ .kind = COND_ANY, .first_child = 1, .next_sibling = COND_NONE };
        n[1] = (CondNode){ .kind = COND_ALL, .first_child = 2, .next_sibling = 4 };
        n[4] = (CondNode){ .kind = COND_ALL, .first_child = 5, .next_sibling = COND_NONE };
        n[2] = (CondNode){
                .kind = COND_ATOM, .first_child = COND_NONE, .next_sibling = 3, .atom = atoms[0]
        };
        n[3] = (CondNode){ .kind = COND_ATOM,
                .first_child = COND_NONE,
                .next_sibling = COND_NONE,
                .atom = atoms[1] };
        n[5] = (CondNode){
                .kind = COND_ATOM, .first_child = COND_NONE, .next_sibling = 6, .atom = atoms[2]
        };
        n[6] = (CondNode){ .kind = COND_ATOM,
                .first_child = COND_NONE,
                .next_sibling = COND_NONE,
                .atom = atoms[3] };
        w->n_nodes += 7;
        return (Condition){ n, 7 };
}

START_TEST(only_the_first_true_branch_is_the_reason) {
        World *w = world_new();
        Condition c = two_branches(w,
                (const Atom[]){ below_50(METRIC_MEM_AVAILABLE), below_50(METRIC_MEM_FREE),
                        below_50(METRIC_MEM_AVAILABLE), below_50(METRIC_MEM_SLAB) });
        ConditionContext x = { .s = &w->s };
        AtomReading atoms[VERDICT_ATOMS_MAX];

        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_TRUE);
        set_truth(&w->s, METRIC_MEM_FREE, TRUTH_FALSE);
        set_truth(&w->s, METRIC_MEM_SLAB, TRUTH_TRUE);
        ck_assert_uint_eq(condition_read_atoms(&c, &x, atoms), 4);
        ck_assert(
                !atoms[0].decisive && !atoms[1].decisive && atoms[2].decisive && atoms[3].decisive);
        ck_assert_int_eq(atoms[0].truth, TRUTH_TRUE);

        set_truth(&w->s, METRIC_MEM_FREE, TRUTH_TRUE);
        ck_assert_uint_eq(condition_read_atoms(&c, &x, atoms), 4);
        ck_assert(
                atoms[0].decisive && atoms[1].decisive && !atoms[2].decisive && !atoms[3].decisive);

        set_truth(&w->s, METRIC_MEM_AVAILABLE,
                TRUTH_FALSE); /* false: each branch by what makes it so */
        ck_assert_uint_eq(condition_read_atoms(&c, &x, atoms), 4);
        ck_assert(
                atoms[0].decisive && !atoms[1].decisive && atoms[2].decisive && !atoms[3].decisive);
        world_free(w);
}
END_TEST

START_TEST(more_atoms_than_a_verdict_holds_are_judged_but_not_listed) {
        World *w = world_new();
        Atom many[VERDICT_ATOMS_MAX + 4];
        AtomReading atoms[VERDICT_ATOMS_MAX];
        ConditionContext x = { .s = &w->s };
        Condition c;

        for (size_t i = 0; i < VERDICT_ATOMS_MAX + 4; i++)
                many[i] = below_50(
                        i < VERDICT_ATOMS_MAX + 3 ? METRIC_MEM_AVAILABLE : METRIC_MEM_FREE);
        c = world_condition(w, COND_ALL, many, VERDICT_ATOMS_MAX + 4);
        set_truth(&w->s, METRIC_MEM_AVAILABLE, TRUTH_TRUE);
        set_truth(&w->s, METRIC_MEM_FREE, TRUTH_FALSE);
        ck_assert_uint_eq(condition_read_atoms(&c, &x, atoms), VERDICT_ATOMS_MAX);
        ck_assert_int_eq(condition_judge(&c, &x), TRUTH_FALSE);
        world_free(w);
}
END_TEST

/* ---- in words
 * ---------------------------------------------------------------------------------------- */

START_TEST(a_reason_is_one_line) {
        World *w = world_new();
        char text[256];
        TextBuf out;

        world_policy(w, "p", WATCH_SYSTEM,
                CONDITION(w, COND_ALL, available_below(600), swap_below(1000)));
        w->s.raw.mem_available = GIB(16) / 10000 * 312;
        w->s.raw.swap_total = GIB(1);
        w->s.raw.swap_free = GIB(1) / 10000 * 201;
        world_tick(w, 0);
        textbuf_init(&out, text, sizeof(text));
        reason_print(&w->verdicts[0], SEC(1), &out);
        ck_assert_str_eq(text, "mem.available 3.1% < 6% for 1 s, swap.free 2% < 10%");
        world_free(w);
}
END_TEST

START_TEST(what_is_not_so_is_said_as_not_so) {
        World *w = world_new();
        char text[256];
        TextBuf out;

        world_policy(w, "p", WATCH_SYSTEM,
                CONDITION(w, COND_NOT,
                        atom_share(METRIC_MEM_AVAILABLE, "mem.available", COMPARE_GT, 600)));
        w->s.raw.mem_available = MIB(16);
        world_tick(w, 0);
        textbuf_init(&out, text, sizeof(text));
        reason_print(&w->verdicts[0], 0, &out);
        ck_assert_str_eq(text, "not mem.available 0.09% > 6%");
        world_free(w);
}
END_TEST

static const struct {
        MetricUnit unit;
        int64_t value;
        const char *text;
} value_rows[] = {
        { METRIC_UNIT_BYTES, 17, "17 B" },
        { METRIC_UNIT_BYTES_PER_SEC, -3 * 1024 * 1024, "-3.0 MiB/s" },
        { METRIC_UNIT_COUNT, 42, "42" },
        { METRIC_UNIT_COUNT_PER_SEC, 42, "42/s" },
        { METRIC_UNIT_PERMYRIAD, 1234, "12.3%" },
        { METRIC_UNIT_USEC, 1500000, "1.5 s" },
        { METRIC_UNIT_USEC, INT64_MAX, "never" },
};

START_TEST(value_table) {
        char text[64];
        TextBuf out;

        textbuf_init(&out, text, sizeof(text));
        reason_print_value(value_rows[_i].unit, value_rows[_i].value, &out);
        ck_assert_str_eq(text, value_rows[_i].text);
}
END_TEST

#define ADD_ROWS(test, rows)                                                                       \
        tcase_add_loop_test(tc, test, 0, (int) (sizeof(rows) / sizeof(rows[0])))

int main(void) {
        Suite *s = suite_create("condition");
        TCase *tc = tcase_create("condition");

        ADD_ROWS(compare_table, compare_rows);
        ADD_ROWS(all_and_any_have_three_values, logic_rows);
        tcase_add_test(tc, not_of_unknown_is_unknown);
        tcase_add_test(tc, an_empty_condition_is_never_true);
        tcase_add_test(tc, a_window_that_began_too_early_is_unknown);
        tcase_add_test(tc, a_metric_of_another_scope_is_unknown);
        ADD_ROWS(relaxed_table, relaxed_rows);
        ADD_ROWS(armed_table, armed_rows);
        tcase_add_test(tc, time_to_exhaustion_is_armed_a_tick_earlier);
        tcase_add_test(tc, pressure_is_granted_when_arming_even_if_unknown);
        tcase_add_test(tc, processes_are_granted_when_nobody_has_looked_at_them);
        tcase_add_test(tc, only_the_first_true_branch_is_the_reason);
        tcase_add_test(tc, more_atoms_than_a_verdict_holds_are_judged_but_not_listed);
        tcase_add_test(tc, a_reason_is_one_line);
        tcase_add_test(tc, what_is_not_so_is_said_as_not_so);
        ADD_ROWS(value_table, value_rows);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
