/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/group-facts.h"

#include <check.h>

#include "base/macro.h"
#include "tests/harness.h"

START_TEST(only_root_may_say_that_a_cgroup_is_to_be_spared) {
        FactStrings *strings = NULL;
        const GroupBounds none = { UINT64_MAX, UINT64_MAX };

        ck_assert_int_eq(fact_strings_new(&strings), 0);
        for (uint32_t uid = 0; uid <= 1000; uid += 1000) {
                GroupSettings settings = { .owner_uid = uid, .avoid = true, .omit = true };
                GroupFacts *plain,
                        *f = group_facts_new(strings, "/user.slice/a", &settings, &none, NULL);

                ck_assert_ptr_nonnull(f);
                ck_assert_int_eq(f->avoid, uid == 0);
                ck_assert_int_eq(f->omit, uid == 0);
                settings.avoid = settings.omit = false;
                plain = group_facts_new(strings, "/user.slice/a", &settings, &none, NULL);
                ck_assert_ptr_nonnull(plain);
                ck_assert_int_eq(group_facts_equal(f, plain), uid != 0);
                group_facts_free(strings, plain);
                group_facts_free(strings, f);
        }
        fact_strings_free(strings);
}
END_TEST

int main(void) {
        Suite *s = suite_create("group-facts");
        TCase *tc = tcase_create("group-facts");

        tcase_add_test(tc, only_root_may_say_that_a_cgroup_is_to_be_spared);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
