/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/command-order.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "tests/harness.h"

#define NOW (50 * USEC_PER_SEC)

static Errand errand;
static Step step;
static const char *const program[] = { "/usr/local/bin/shed", "now", NULL };

static void set_up(void) {
        errand = (Errand){ .id = 7,
                .step = 2,
                .deadline_usec = NOW + 1500 * USEC_PER_MSEC,
                .unit = "mail.service",
                .cgroup = "/system.slice/mail.service" };
        errand.event = (Event){ .level = NOTIFY_WARNING,
                .incident = 12,
                .policy = "low",
                .reason = "mem.available 3% < 6%",
                .mem_available = 1000,
                .mem_total = 40000,
                .swap_free = 5,
                .target = { .pid = 77, .comm = "a\nb" } };
        step = (Step){ .kind = STEP_RUN,
                .args = program,
                .n_args = 2,
                .uid = 65534,
                .gid = 65533,
                .output_bytes = 100 };
}

/* The value of a variable, or NULL. */
static const char *value_of(const char *strings, const CommandOrder *o, const char *name) {
        const char *s = strings;

        for (uint32_t i = 0; i < o->n_args + o->n_environment; i++, s += strlen(s) + 1)
                if (i >= o->n_args && strncmp(s, name, strlen(name)) == 0 && s[strlen(name)] == '=')
                        return s + strlen(name) + 1;
        return NULL;
}

START_TEST(command_is_told_what_it_is_about) {
        static const struct {
                const char *name, *value;
        } cases[] = {
                { "AVERT_POLICY", "low" },
                { "AVERT_INCIDENT", "12" },
                { "AVERT_STEP", "3" },
                { "AVERT_LEVEL", "warning" },
                { "AVERT_CRITICAL", "0" },
                { "AVERT_REASON", "mem.available 3% < 6%" },
                { "AVERT_UNIT", "mail.service" },
                { "AVERT_CGROUP", "/system.slice/mail.service" },
                { "AVERT_PID", "77" },
                { "AVERT_COMM", "a\\x0ab" }, /* belongs to its owner: steers no terminal */
                { "AVERT_MEM_AVAILABLE", "1000" },
                { "AVERT_MEM_TOTAL", "40000" },
                { "AVERT_SWAP_FREE", "5" },
                { "AVERT_SWAP_TOTAL", "0" },
                { "AVERT_TIME_LEFT_MSEC", "1500" },
        };
        char strings[4096];
        CommandOrder o;

        set_up();
        ck_assert_int_eq(command_order_write(&errand, &step, NOW, strings, sizeof(strings), &o), 0);
        ck_assert_str_eq(strings, "/usr/local/bin/shed");
        ck_assert_str_eq(strings + strlen(strings) + 1, "now");
        ck_assert_uint_eq(o.n_args, 2);
        ck_assert_uint_eq(o.n_environment, ELEMENTS(cases) + 1);
        ck_assert_uint_eq(o.uid, 65534);
        ck_assert_uint_eq(o.gid, 65533);
        ck_assert_uint_eq(o.output_bytes, 100);
        ck_assert_ptr_nonnull(value_of(strings, &o, "PATH"));
        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                const char *value = value_of(strings, &o, cases[i].name);

                ck_assert_msg(value && strcmp(value, cases[i].value) == 0, "%s is %s",
                        cases[i].name, value ? value : "missing");
        }
}
END_TEST

START_TEST(what_finds_no_room_is_refused_at_every_size) {
        char strings[4096];
        CommandOrder o = { .uid = 1 };
        size_t needed;

        set_up();
        ck_assert_int_eq(command_order_write(&errand, &step, NOW, strings, sizeof(strings), &o), 0);
        needed = o.strings_len + 1;
        ck_assert_int_eq(command_order_write(&errand, &step, NOW, strings, needed, &o), 0);
        o.uid = 1;
        for (size_t size = 1; size < needed; size++)
                ck_assert_msg(command_order_write(&errand, &step, NOW, strings, size, &o) == -E2BIG,
                        "%zu", size);
        ck_assert_uint_eq(o.uid, 1);
}
END_TEST

START_TEST(an_answer_means_what_it_says) {
        static const struct {
                const char *name, *line;
                StarterResult result;
                int status; /* as waitpid has it */
                OutcomeKind kind;
                uint64_t value;
        } cases[] = {
                { "nothing", "", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "skip", "skip", STARTER_OVER, 0, OUTCOME_SKIPPED, 0 },
                { "freed", "freed 123456789012", STARTER_OVER, 0, OUTCOME_DONE, 123456789012 },
                { "freed, no number", "freed ", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "freed, a unit", "freed 3M", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "freed, negative", "freed -3", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "freed, too much", "freed 99999999999999999999", STARTER_OVER, 0, OUTCOME_DONE,
                        0 },
                { "garbage", "\x1b[31mskip", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "skip with more", "skip it", STARTER_OVER, 0, OUTCOME_DONE, 0 },
                { "skip of one that failed", "skip", STARTER_OVER, 3 << 8, OUTCOME_DONE, 0 },
                { "freed of one that crashed", "freed 5", STARTER_OVER, SIGSEGV, OUTCOME_DONE, 0 },
                { "late", "skip", STARTER_LATE, SIGKILL, OUTCOME_LATE, 0 },
                { "not started", "", STARTER_FAILED, 0, OUTCOME_REFUSED, 0 },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                static StarterAnswer a;
                Outcome o;

                a = (StarterAnswer){ .result = cases[i].result,
                        .id = 7,
                        .status = cases[i].status,
                        .error = ENOENT };
                (void) text_copy(a.last_line, sizeof(a.last_line), cases[i].line);
                o = command_outcome(&a, NOW);
                ck_assert_msg(o.kind == cases[i].kind && o.value == cases[i].value &&
                                o.action == 7 && o.at_usec == NOW &&
                                o.error == (o.kind == OUTCOME_REFUSED ? ENOENT : 0),
                        "%s: %d, %lu", cases[i].name, (int) o.kind, (unsigned long) o.value);
        }
}
END_TEST

START_TEST(how_it_went_is_said_in_words) {
        static StarterAnswer a;
        static const struct {
                StarterAnswer answer;
                const char *text;
        } cases[] = {
                { { .status = 3 << 8, .took_usec = 12000, .clean = true },
                        "ended with status 3 after 12 ms" },
                { { .status = 9, .took_usec = 12000, .clean = true, .dropped = 5 },
                        "was ended by signal 9 after 12 ms; 5 bytes that it wrote are not kept" },
                { { .result = STARTER_LATE, .took_usec = 12000 },
                        "was ended at its deadline after 12 ms; something that it started does "
                        "not end" },
                { { .result = STARTER_FAILED,
                          .error = EACCES,
                          .where = "exec",
                          .clean = true,
                          .took_usec = 12000 },
                        "could not be started (exec: Permission denied) after 12 ms" },
        };

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                char text[256];
                TextBuf b;

                a = cases[i].answer;
                textbuf_init(&b, text, sizeof(text));
                command_print(&a, &b);
                ck_assert_str_eq(text, cases[i].text);
        }
}
END_TEST

HARNESS_MAIN("command-order", command_is_told_what_it_is_about,
        what_finds_no_room_is_refused_at_every_size, an_answer_means_what_it_says,
        how_it_went_is_said_in_words)
