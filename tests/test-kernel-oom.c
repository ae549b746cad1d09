/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kernel-oom.h"

#include "tests/core-world.h"

static const MatchSpec *every_cgroup(void) {
        static const char *const glob = "/**";
        static MatchSpec spec;

        spec = (MatchSpec){ .key_mask = UINT32_C(1) << MATCH_CGROUP };
        spec.patterns[MATCH_CGROUP].patterns = &glob;
        spec.patterns[MATCH_CGROUP].n = 1;
        return &spec;
}

/* A machine with a policy of its own and one about limits; the unit meets its limit. */
static World *limited_unit(GroupSample **ret) {
        World *w = world_new();
        Policy *p;

        world_policy(w, "host", WATCH_SYSTEM, CONDITION(w, COND_ALL, available_below(800)));
        p = world_policy(w, "limit", WATCH_CGROUP,
                CONDITION(w, COND_ALL,
                        atom_share(METRIC_CGROUP_USAGE, "cgroup.usage", COMPARE_GT, 9800)));
        p->watch_match = (MatchList){ every_cgroup(), 1 };
        *ret = world_unit(w, "/system.slice/guilty.service", "guilty.service", MIB(480), MIB(512));
        world_tick(w, SEC(1));
        return w;
}

static void kill_in(GroupSample *g, uint64_t n, bool limit) {
        g->events[GROUP_EVENT_OOM] += limit;
        g->events[GROUP_EVENT_OOM_KILL] += n;
}

static const char *told(const World *w) {
        static char text[1024];
        const Event *e = world_event(w, EVENT_KERNEL_OOM);
        TextBuf out;

        if (!e)
                return "";
        textbuf_init(&out, text, sizeof(text));
        event_print(e, &out);
        return text;
}

static size_t n_told(const World *w) {
        size_t n = 0;

        for (size_t i = 0; i < w->plan.n_events; i++)
                n += w->plan.events[i].kind == EVENT_KERNEL_OOM;
        return n;
}

START_TEST(a_unit_that_met_its_limit_is_named_with_its_policy) {
        GroupSample *g;
        World *w = limited_unit(&g);

        kill_in(g, 1, true);
        w->s.raw.oom_kills = 1;
        world_tick(w, SEC(1));
        ck_assert_str_eq(told(w),
                "the kernel's OOM killer killed 1 process in guilty.service before avert acted: a "
                "limit of 512 MiB was met; this policy should have come first, cgroup.usage 93.7% "
                "(480 MiB) > 98% (did not hold); the cgroup held 480 MiB 1 s before this was seen "
                "[limit]; "
                "mem.available 8.0 GiB, swap.free 0 B");
        ck_assert_uint_eq(n_told(w), 1);
        ck_assert_uint_eq(w->book.kernel_oom_total, 1);
        world_tick(w, SEC(1));
        ck_assert_uint_eq(n_told(w), 0);
        world_free(w);
}
END_TEST

START_TEST(without_a_limit_it_was_the_machine) {
        GroupSample *g;
        World *w = limited_unit(&g);
        const Event *e;

        kill_in(g, 1, false);
        w->s.raw.oom_kills = 1;
        world_tick(w, SEC(1));
        e = world_event(w, EVENT_KERNEL_OOM);
        ck_assert_ptr_nonnull(e);
        ck_assert_str_eq(e->policy, "host");
        ck_assert_str_eq(e->group.unit, "guilty.service");
        world_free(w);
}
END_TEST

START_TEST(a_condition_that_held_for_too_short_a_time_says_so) {
        GroupSample *g;
        World *w = limited_unit(&g);

        w->policies[1].for_usec = SEC(5);
        g->current = g->unreclaimable = MIB(510);
        kill_in(g, 1, true);
        w->s.raw.oom_kills = 1;
        world_tick(w, MSEC(100));
        ck_assert_msg(strstr(told(w),
                              "(held); it has to hold for 5 s and did not yet; the cgroup held 480 "
                              "MiB") != NULL,
                "%s", told(w));
        world_free(w);
}
END_TEST

START_TEST(a_cgroup_that_nobody_watches_says_so) {
        GroupSample *g;
        World *w = limited_unit(&g);

        w->config.n_policies = 1;
        kill_in(g, 1, true);
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(
                strstr(told(w), "no policy with a destructive step watches the cgroup"));
        world_free(w);
}
END_TEST

START_TEST(whoever_counts_first_a_kill_is_told_once) {
        for (int vmstat_first = 0; vmstat_first < 2; vmstat_first++) {
                GroupSample *g;
                World *w = limited_unit(&g);
                size_t n = 0;

                for (int round = 0; round < 2; round++) {
                        if (round == vmstat_first)
                                kill_in(g, 2, true);
                        else
                                w->s.raw.oom_kills += 2;
                        world_tick(w, MSEC(200));
                        n += n_told(w);
                        if (n_told(w) > 0)
                                ck_assert_ptr_nonnull(
                                        strstr(told(w), "2 processes in guilty.service"));
                }
                for (int i = 0; i < 10; i++) {
                        world_tick(w, MSEC(500));
                        n += n_told(w);
                }
                ck_assert_uint_eq(n, 1);
                ck_assert_uint_eq(w->book.kernel_oom_total, 2);
                world_free(w);
        }
}
END_TEST

START_TEST(what_no_cgroup_counts_is_told_soon_with_the_readings_of_its_moment) {
        GroupSample *g;
        World *w = limited_unit(&g);

        kill_in(g, 1, true);
        w->s.raw.oom_kills = 3;
        w->s.raw.mem_available = GIB(2);
        world_tick(w, MSEC(200));
        ck_assert_ptr_nonnull(strstr(told(w), "killed 1 process in guilty.service"));
        ck_assert(w->plan.busy); /* the other two are waited for */
        w->s.raw.mem_available = GIB(12);
        world_tick(w, MSEC(200));
        ck_assert_uint_eq(n_told(w), 0);
        world_tick(w, MSEC(300));
        ck_assert_ptr_nonnull(strstr(told(w), "killed 2 processes before avert acted"));
        ck_assert_ptr_nonnull(strstr(told(w), "mem.available 12.5% (2.0 GiB) < 8% (did not hold)"));
        ck_assert_uint_eq(w->book.kernel_oom_total, 3);
        world_tick(w, MSEC(300));
        ck_assert_uint_eq(n_told(w), 0);
        world_free(w);
}
END_TEST

START_TEST(those_above_do_not_count_it_again) {
        GroupSample *g, *above;
        World *w = limited_unit(&g);

        above = world_group(w, "/system.slice", MIB(900));
        world_tick(w, SEC(1));
        kill_in(g, 1, true);
        kill_in(above, 1, false); /* no memory.events.local there */
        world_tick(w, SEC(1));
        ck_assert_uint_eq(n_told(w), 1);
        ck_assert_ptr_nonnull(strstr(told(w), "in guilty.service"));
        world_free(w);
}
END_TEST

START_TEST(a_cgroup_that_is_gone_a_moment_later_is_named) {
        GroupSample *g;
        World *w = limited_unit(&g);

        kill_in(g, 1, true);
        g->populated = false;
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(strstr(told(w), "[limit]"));
        world_free(w);
}
END_TEST

START_TEST(an_open_incident_about_it_came_too_late) {
        GroupSample *g;
        World *w = limited_unit(&g);
        const Event *e;

        group_set(g, MIB(510), 0);
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(world_event(w, EVENT_INCIDENT_OPENED));
        kill_in(g, 1, true);
        world_tick(w, SEC(1));
        e = world_event(w, EVENT_KERNEL_OOM);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->incident, 1);
        ck_assert_ptr_nonnull(strstr(e->text, "too late"));
        world_free(w);
}
END_TEST

/* What it held is read again when the kernel has taken it already. */
START_TEST(what_the_cgroup_held_before_is_told) {
        for (int gone = 0; gone < 2; gone++) {
                GroupSample *g;
                World *w = limited_unit(&g);
                const Event *e;

                group_set(g, MIB(300), 0);
                world_tick(w, SEC(2));
                group_set(g, MIB(500), 0);
                world_tick(w, MSEC(600));
                kill_in(g, 1, true);
                group_set(g, gone ? 0 : MIB(20), 0);
                g->populated = !gone;
                world_tick(w, MSEC(400));
                e = world_event(w, EVENT_KERNEL_OOM);
                ck_assert_ptr_nonnull(e);
                ck_assert_msg(strstr(e->text,
                                      "; the cgroup held 500 MiB 400 ms before this was seen, "
                                      "300 MiB 1 s before, 480 MiB 3 s before") != NULL,
                        "%s", e->text);
                world_free(w);
        }
}
END_TEST

START_TEST(of_a_cgroup_that_was_never_looked_at_nothing_is_told) {
        GroupSample *g;
        World *w = limited_unit(&g);

        g = world_unit(w, "/system.slice/new.service", "new.service", MIB(20), MIB(64));
        world_group_facts(w, g)->born_watched = true;
        kill_in(g, 1, true);
        world_tick(w, SEC(1));
        ck_assert_ptr_nonnull(strstr(told(w), "in new.service"));
        ck_assert_ptr_null(strstr(told(w), "the cgroup held"));
        world_free(w);
}
END_TEST

/* It is a miss of who paused it, not of a policy. */
START_TEST(a_pause_is_named_as_the_reason) {
        for (int open = 0; open < 2; open++) {
                GroupSample *g;
                World *w = limited_unit(&g);

                steering_pause(&w->book.steering, USEC_UNSET, 0);
                if (open)
                        group_set(g, MIB(510), 0);
                world_tick(w, SEC(1));
                kill_in(g, 1, true);
                world_tick(w, SEC(1));
                ck_assert_msg(strstr(told(w), "avert was paused and took no step") != NULL, "%s",
                        told(w));
                ck_assert_ptr_null(strstr(told(w), "too late"));
                world_free(w);
        }
}
END_TEST

int main(void) {
        const TTest *const tests[] = {
                a_unit_that_met_its_limit_is_named_with_its_policy,
                without_a_limit_it_was_the_machine,
                a_condition_that_held_for_too_short_a_time_says_so,
                a_cgroup_that_nobody_watches_says_so,
                whoever_counts_first_a_kill_is_told_once,
                what_no_cgroup_counts_is_told_soon_with_the_readings_of_its_moment,
                those_above_do_not_count_it_again,
                a_cgroup_that_is_gone_a_moment_later_is_named,
                an_open_incident_about_it_came_too_late,
                what_the_cgroup_held_before_is_told,
                of_a_cgroup_that_was_never_looked_at_nothing_is_told,
                a_pause_is_named_as_the_reason,
        };
        Suite *s = suite_create("kernel-oom");
        TCase *tc = tcase_create("kernel-oom");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
