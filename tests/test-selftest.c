/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What avertctl selftest is made of; the whole is tested against a daemon in e2e/selftest.py. */

#include <signal.h>
#include <string.h>

#include "config/config-load.h"
#include "core/match.h"
#include "ctl/selftest-policy.h"
#include "ctl/selftest-result.h"
#include "tests/harness.h"

START_TEST(the_policy_matches_the_one_process_only) {
        static const struct {
                const char *name, *exe, *cmdline;
                uint32_t uid;
                bool matches;
        } rows[] = {
                { "the victim", "/usr/bin/avertctl",
                        "/usr/bin/avertctl selftest-victim 0123456789abcdef", 0, true },
                { "another selftest's", "/usr/bin/avertctl",
                        "/usr/bin/avertctl selftest-victim 0123456789abcdee", 0, false },
                { "who starts it", "/usr/bin/avertctl", "avertctl selftest", 0, false },
                { "another program", "/usr/bin/python3",
                        "/usr/bin/avertctl selftest-victim 0123456789abcdef", 0, false },
                { "another user", "/usr/bin/avertctl",
                        "/usr/bin/avertctl selftest-victim 0123456789abcdef", 1000, false },
                { "more words", "/usr/bin/avertctl", "avertctl x 0123456789abcdef y", 0, false },
        };
        static ConfigErrors errors;
        char text[1024];
        Config *config;
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        ck_assert(selftest_print_policy("/usr/bin/avertctl", 0, "0123456789abcdef", 64 << 20, &b));
        ck_assert_msg(config_load_text("x", text, strlen(text), &config, &errors) == 0, "%s",
                errors.items[0].message);
        ck_assert_uint_eq(config->n_policies, 1);
        ck_assert_str_eq(config->policies[0].name, SELFTEST_POLICY);
        ck_assert_int_eq(config->policies[0].when.nodes[0].atom.threshold, 32 << 20);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const ProcFacts facts = { .pid = 7,
                        .uid = rows[i].uid,
                        .comm = "avertctl",
                        .exe = rows[i].exe,
                        .exe_is_host = true,
                        .cmdline = rows[i].cmdline,
                        .cgroup = "/",
                        .unit = "",
                        .user_unit = "",
                        .slice = "",
                        .container = "",
                        .tty = "" };
                const ProcSample proc = { .facts = &facts };

                ck_assert_msg(match_spec(&config->policies[0].watch_match.specs[0], &proc, 0) ==
                                rows[i].matches,
                        "%s", rows[i].name);
        }
        config_unref(config);
}
END_TEST

START_TEST(a_program_whose_name_is_a_pattern_is_refused) {
        static const char *const names[] = { "/opt/a*b", "/opt/a?", "/opt/[x]", "/opt/a\"b",
                "/opt/a\\b", "/opt/a\nb", "relative" };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                char text[1024];
                TextBuf b;

                textbuf_init(&b, text, sizeof(text));
                ck_assert_msg(
                        !selftest_print_policy(names[i], 0, "0", 1 << 20, &b), "%s", names[i]);
                ck_assert_str_eq(text, "");
        }
}
END_TEST

START_TEST(marks_differ) {
        char one[SELFTEST_MARK_SIZE], other[SELFTEST_MARK_SIZE];

        ck_assert_int_eq(selftest_mark(one), 0);
        ck_assert_int_eq(selftest_mark(other), 0);
        ck_assert_uint_eq(strlen(one), 16);
        ck_assert_str_ne(one, other);
}
END_TEST

#define SEEN "{\"kind\":\"incident-opened\",\"policy\":\"p\",\"message\":\"m\"}"
#define WARNED "{\"kind\":\"notify\",\"policy\":\"p\"}"
#define TAKEN "{\"kind\":\"step-taken\",\"policy\":\"p\",\"target\":{\"pid\":7}}"
#define DONE "{\"kind\":\"step-done\",\"policy\":\"p\",\"target\":{\"pid\":7}}"
#define FAILED "{\"kind\":\"step-failed\",\"policy\":\"p\",\"target\":{\"pid\":7}}"
#define OTHERS_POLICY "{\"kind\":\"step-done\",\"policy\":\"q\",\"target\":{\"pid\":7}}"
#define OTHERS_END "{\"kind\":\"step-done\",\"policy\":\"p\",\"target\":{\"pid\":8}}"

START_TEST(all_stages_and_a_death_by_signal_are_well) {
        static const struct {
                const char *name;
                const char *events[4];
                bool dry;
                int status; /* as waitpid(2) has it: a signal is its number */
                bool well;
        } rows[] = {
                { "all", { SEEN, WARNED, DONE }, false, SIGTERM, true },
                { "killed", { SEEN, WARNED, TAKEN, DONE }, false, SIGKILL, true },
                { "nothing measured", { SEEN, WARNED, FAILED }, false, SIGTERM, true },
                { "refused", { SEEN, WARNED, FAILED }, false, 0, false },
                { "crashed", { SEEN, WARNED, DONE }, false, SIGSEGV, false },
                { "ended by itself", { SEEN, WARNED, DONE }, false, 0, false },
                { "not warned", { SEEN, DONE }, false, SIGTERM, false },
                { "not told", { SEEN, WARNED, TAKEN }, false, SIGTERM, false },
                { "another policy", { SEEN, WARNED, OTHERS_POLICY }, false, SIGTERM, false },
                { "another process", { SEEN, WARNED, OTHERS_END }, false, SIGTERM, false },
                { "dry", { SEEN, WARNED, TAKEN }, true, 0, true },
                { "dry, undecided", { SEEN, WARNED }, true, 0, false },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                SelftestResult r = { .pid = 7, .dry = rows[i].dry, .status = rows[i].status };
                SelftestStage stage;

                for (size_t k = 0; k < ELEMENTS(rows[i].events) && rows[i].events[k]; k++) {
                        Json *json;

                        ck_assert_int_eq(json_parse(rows[i].events[k], &json), 0);
                        (void) selftest_take(&r, json, "p", 5, &stage);
                        json_unref(json);
                }
                ck_assert_msg(selftest_is_well(&r) == rows[i].well, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(a_stage_is_reached_once) {
        SelftestResult r = { .pid = 7 };
        SelftestStage stage = _STAGE_MAX;
        Json *json;

        ck_assert_int_eq(json_parse(SEEN, &json), 0);
        ck_assert(selftest_take(&r, json, "p", 5, &stage));
        ck_assert_int_eq(stage, STAGE_SEEN);
        ck_assert_str_eq(r.message[STAGE_SEEN], "m");
        ck_assert(!selftest_take(&r, json, "p", 9, &stage));
        ck_assert_uint_eq(r.after_usec[STAGE_SEEN], 5);
        json_unref(json);
}
END_TEST

HARNESS_MAIN("selftest", the_policy_matches_the_one_process_only,
        a_program_whose_name_is_a_pattern_is_refused, marks_differ,
        all_stages_and_a_death_by_signal_are_well, a_stage_is_reached_once)
