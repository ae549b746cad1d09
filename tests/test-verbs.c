/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json-tree.h"
#include "tests/bus-double.h"
#include "tests/verb-run.h"

/* avertctl with these words, NULL-terminated. */
static void run(const char *word, ...) {
        const char *const first[] = { NULL };
        va_list ap;

        va_start(ap, word);
        run_words(first, word, ap);
        va_end(ap);
}

START_TEST(misuse_is_answered_with_what_would_be_right) {
        static const struct {
                const char *words[4];
                const char *says;
        } rows[] = {
                { { "statsu" }, "did you mean 'status'?" },
                { { "pol" }, "did you mean 'policies'?" },
                { { "frobnicate" }, "'avertctl --help' lists them" },
                { { NULL }, "'avertctl status' is a good beginning" },
                { { "status", "--root", "/" }, "--root means nothing to 'status'" },
                { { "check", "--bus", "/x" }, "--bus means nothing to 'check'" },
                { { "status", "--dry-run" }, "--dry-run means nothing to 'status'" },
                { { "leases", "--dry-run" }, "--release N or --release-all" },
                { { "status", "--no-such" }, "Try 'avertctl --help'" },
                { { "status", "now" }, "usage: avertctl status" },
                { { "status", "--json=yaml" }, "pretty, short or off" },
                { { "watch", "-n", "0" }, "a number from 1" },
                { { "watch", "-n", "many" }, "a number from 1" },
                { { "explain", "12x" }, "neither a process id nor" },
                { { "explain", "0" }, "neither a process id nor" },
                { { "explain", "--config", "a.yaml" }, "--config needs --root" },
                { { "replay" }, "avertctl replay DIR" },
                { { "pause", "--for", "7" }, "it takes a time, as in 90s" },
                { { "pause", "--for", "0s" }, "it takes a time, as in 90s" },
                { { "pause", "--for=-1s" }, "it takes a time, as in 90s" },
                { { "resume", "--for", "1s" }, "--for means nothing to 'resume'" },
                { { "protect" }, "whom? a pid, a unit, or the path of a cgroup" },
                { { "unprotect" }, "whom?" },
                { { "protect", "1", "2" }, "usage: avertctl protect PID|UNIT|CGROUP" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const char *const *w = rows[i].words;

                run(w[0], w[1], w[2], NULL);
                expect(CTL_USAGE, "", rows[i].says);
                ck_assert_str_eq(out, "");
        }
}
END_TEST

START_TEST(help_names_every_verb_and_version_its_number) {
        run("--help", NULL);
        expect(CTL_OK, "Usage: avertctl", "");
        for (const Verb *v = verbs; v->name; v++) {
                expect(CTL_OK, v->name, "");
                expect(CTL_OK, v->arguments, ""); /* not cut */
        }
        run("--version", NULL);
        expect(CTL_OK, "avertctl " AVERT_VERSION "\n", "");
}
END_TEST

START_TEST(help_fits_on_a_terminal) {
        run("--help", NULL);
        for (const char *line = out; *line;) {
                size_t len = strcspn(line, "\n");

                ck_assert_msg(len <= 80, "%zu columns: %.*s", len, (int) len, line);
                line += len + (line[len] == '\n');
        }
}
END_TEST

static const char good_policy[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: host\n"
                                  "    watch: system\n"
                                  "    when: mem.available < 8%\n"
                                  "    for: 1s\n"
                                  "    steps: [ terminate ]\n";

static const char runs_policy[] = "version: 1\n"
                                  "policies:\n"
                                  "  - name: host\n"
                                  "    watch: system\n"
                                  "    when: mem.available < 8%\n"
                                  "    steps: [ run: [ /nonexistent/shed ] ]\n";

static const char bad_policy[] = "version: 1\n"
                                 "policies:\n"
                                 "  - name: host\n"
                                 "    watch: system\n"
                                 "    when: mem.availible < 8%\n"
                                 "    steps: [ notify ]\n";

START_TEST(check_accepts_a_good_file_and_shows_the_place_in_a_bad_one) {
        Fixture f;
        char good[300], bad[300];

        fixture_init(&f);
        fixture_file(&f, "good.yaml", good_policy);
        fixture_file(&f, "bad.yaml", bad_policy);
        snprintf(good, sizeof(good), "%s/good.yaml", f.path);
        snprintf(bad, sizeof(bad), "%s/bad.yaml", f.path);

        run("check", good, NULL);
        expect(CTL_OK, "ok: 1 policy from 1 file", "");

        run("check", bad, NULL);
        expect(CTL_REFUSED, "", "bad.yaml:5:");
        expect(CTL_REFUSED, "", "mem.available");
        expect(CTL_REFUSED, "", "when: mem.availible < 8%");
        expect(CTL_REFUSED, "", "^");

        run("check", "--json=short", bad, NULL);
        expect(CTL_REFUSED, "\"ok\":false", "");
        expect(CTL_REFUSED, "\"line\":5", "");
        run("check", "--json=short", good, NULL);
        expect(CTL_OK, "\"ok\":true", "");

        fixture_file(&f, "run.yaml", runs_policy);
        snprintf(good, sizeof(good), "%s/run.yaml", f.path);
        run("check", good, NULL);
        expect(CTL_OK, "ok: 1 policy from 1 file, 1 warning\n",
                "run.yaml:3:1: warning: there is no /nonexistent/shed (a command of policy "
                "host)\n");
        run("check", "--json=short", good, NULL);
        expect(CTL_OK, "\"message\":\"there is no /nonexistent/shed", "");

        run("check", "/nonexistent.yaml", NULL);
        expect(CTL_REFUSED, "", "/nonexistent.yaml");
        run("check", "--root", f.path, good, NULL);
        expect(CTL_USAGE, "", "exclude each other");
        fixture_done(&f);
}
END_TEST

START_TEST(check_of_a_root_takes_its_directories) {
        Fixture f;

        fixture_init(&f);
        fixture_file(&f, "etc/avert/policy.d/20-site.yaml", good_policy);
        run("check", "--root", f.path, NULL);
        expect(CTL_OK, "ok: ", "");

        fixture_file(&f, "etc/avert/policy.d/20-site.yaml", bad_policy);
        run("check", "--root", f.path, NULL);
        expect(CTL_REFUSED, "", "20-site.yaml:5:");
        fixture_done(&f);
}
END_TEST

START_TEST(missing_daemon_is_told_with_what_to_do) {
        static const char *const live[] = { "status", "policies", "explain", "watch", "reload" };
        Fixture f;
        char path[300];

        fixture_init(&f);
        snprintf(path, sizeof(path), "%s/bus", f.path);
        for (size_t i = 0; i < ELEMENTS(live); i++) {
                run(live[i], "--bus", path, NULL);
                expect(CTL_NOT_RUNNING, "", "systemctl start avertd");
                expect(CTL_NOT_RUNNING, "", path);
        }
        fixture_done(&f);
}
END_TEST

static const char *const events[] = {
        "{\"schema_version\":1,\"kind\":\"notify\",\"level\":\"warning\",\"message\":\"memory is "
        "low\"}",
        "{\"schema_version\":1,\"kind\":\"step-taken\",\"level\":\"critical\",\"dry_run\":true,"
        "\"message\":\"would have terminated x\\\\x1b (pid 7)\\u001b[31m\"}",
        NULL,
};

static const BusDoubleAnswers answers = {
        .describe = "{\"schema_version\":1,\"version\":\"0.1.0\",\"level\":\"calm\"}",
        .policies =
                "{\"schema_version\":1,\"policies\":[{\"name\":\"host\",\"file\":\"a.yaml\","
                "\"line\":3,"
                "\"watch\":\"system\",\"kind\":\"auto\",\"when\":\"mem.available < "
                "8%\",\"for_usec\":1000000,"
                "\"steps\":[\"throttle: { high: 90% "
                "}\",\"terminate\"],\"matches\":[{\"role\":\"prefer\","
                "\"text\":\"{ comm: tab "
                "}\",\"file\":\"a.yaml\",\"line\":9,\"hits\":0,\"now\":0,\"examples\":[]},{"
                "\"role\":\"watch\",\"text\":\"{ cgroup: /a/* }\",\"file\":"
                "\"a.yaml\",\"line\":8,\"hits\":7,\"now\":6,\"examples\":[{\"cgroup\":\"/a/b\"},"
                "{\"cgroup\":\"/a/c\"}]}]}],"
                "\"protect\":[{\"role\":\"protect\",\"text\":\"{ unit: x.service "
                "}\",\"file\":\"a.yaml\",\"line\":2,"
                "\"hits\":4,\"now\":1,\"examples\":[{\"pid\":12,\"comm\":\"x\"}]}],"
                "\"never_matched\":[{\"text\":\"{ comm: tab }\",\"file\":\"a.yaml\",\"line\":9}]}",
        .explain = "in words",
        .accepted = 1,
        .message = "1 policy",
};

START_TEST(live_verbs_print_what_the_daemon_says) {
        BusDouble bus;
        Fixture f;

        fixture_init(&f);
        bus_double_start(&bus, f.path, &answers);
        run("status", "--bus", bus.path, NULL);
        expect(CTL_OK, "avertd 0.1.0", "");
        run("status", "--json=short", "--bus", bus.path, NULL);
        expect(CTL_OK, "{\"schema_version\":1,\"version\":\"0.1.0\",\"level\":\"calm\"}\n", "");
        run("policies", "--bus", bus.path, NULL);
        expect(CTL_OK, "selects 1 now: x 12", "");
        expect(CTL_OK, "selects 6 now: /a/b, /a/c, ...  a.yaml:8\n", "");
        expect(CTL_OK, "never matched  a.yaml:9", "");
        expect(CTL_OK, "    steps   throttle: { high: 90% }\n    then    terminate\n", "");
        run("explain", "host", "--bus", bus.path, NULL);
        expect(CTL_OK, "host/0/in words\n", "");
        run("explain", "77", "--bus", bus.path, NULL);
        expect(CTL_OK, "/77/in words\n", "");
        run("reload", "--bus", bus.path, NULL);
        expect(CTL_OK, "1 policy\n", "");
        run("reload", "--dry-run", "--json=short", "--bus", bus.path, NULL);
        expect(CTL_OK, "{\"schema_version\":1,\"ok\":true,\"dry_run\":true,", "");
        expect(CTL_OK, "\"message\":\"would: 1 policy\"}\n", "");
        bus_double_stop(&bus);
        fixture_done(&f);
}
END_TEST

START_TEST(protecting_what_nobody_is_in_is_told_and_done) {
        static const char wards[] = "{\"schema_version\":1,\"protected\":[{\"kind\":\"process\","
                                    "\"pid\":7,\"n_processes\":0},"
                                    "{\"kind\":\"unit\",\"name\":\"a.service\",\"n_processes\":0},"
                                    "{\"kind\":\"unit\",\"name\":\"b.service\",\"n_processes\":3},"
                                    "{\"kind\":\"unit\",\"name\":\"old.service\"},"
                                    "{\"kind\":\"cgroup\",\"name\":\"/c/d\",\"n_processes\":0}]}";
        static const struct {
                const char *who, *warns;
        } rows[] = {
                { "a", "no process is in a.service now" },
                { "a.service", "no process is in a.service now" },
                { "a.serv", "" },
                { "b", "" },
                { "old", "" }, /* of a daemon that does not count them */
                { "/c/d//", "no process is in /c/d now" },
                { "/c", "" },
                { "7", "" },
        };
        const BusDoubleAnswers all = { .describe = wards, .accepted = 1, .message = "done" };
        BusDouble bus;
        Fixture f;

        fixture_init(&f);
        bus_double_start(&bus, f.path, &all);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                run("protect", rows[i].who, "--bus", bus.path, NULL);
                expect(CTL_OK, "done\n", rows[i].warns);
                ck_assert_msg(*rows[i].warns || !*err, "%s: %s", rows[i].who, err);
        }
        run("protect", "a", "--dry-run", "--bus", bus.path, NULL);
        expect(CTL_OK, "done\n", "");
        ck_assert_str_eq(err, "");
        bus_double_stop(&bus);
        fixture_done(&f);
}
END_TEST

START_TEST(log_level_is_told_tried_and_set) {
        static const BusDoubleAnswers denies = { .describe = "{}" };
        BusDouble bus;
        Fixture f;

        fixture_init(&f);
        bus_double_start(&bus, f.path, &answers);
        run("log-level", "--bus", bus.path, NULL);
        expect(CTL_OK, "notice\n", "");
        run("log-level", "debug", "--dry-run", "--bus", bus.path, NULL);
        expect(CTL_OK, "would be debug, and is notice\n", "");
        run("log-level", "debug", "--bus", bus.path, NULL);
        expect(CTL_OK, "debug\n", "");
        run("log-level", "loud", "--bus", bus.path, NULL);
        expect(CTL_USAGE, "", "'loud' is no log level");
        run("log-level", "--dry-run", "--bus", bus.path, NULL);
        expect(CTL_USAGE, "", "name a log level");
        bus_double_stop(&bus);
        bus_double_start(&bus, f.path, &denies);
        run("log-level", "debug", "--bus", bus.path, NULL);
        expect(CTL_DENIED, "", "only root may do that");
        bus_double_stop(&bus);
        fixture_done(&f);
}
END_TEST

START_TEST(command_lines_are_shown_to_whom_the_daemon_shows_them) {
        static const char judgement[] = "{\"schema_version\":1,\"policies\":[{\"candidates\":[{"
                                        "\"pid\":7,\"start_ticks\":9}]},"
                                        "{\"candidates\":[]},{}]}";
        static const char consumers[] = "{\"schema_version\":1,\"processes\":[{\"pid\":7,"
                                        "\"start_ticks\":9}]}";
        static const char one_hangs[] = "{\"schema_version\":1,\"processes\":["
                                        "{\"pid\":1},{\"pid\":7}]}";
        static const char all_hang[] = "{\"schema_version\":1,\"policies\":[{\"candidates\":["
                                       "{\"pid\":1},{\"pid\":2},{\"pid\":3}]},{\"candidates\":["
                                       "{\"pid\":4},{\"pid\":7}]}]}";
        static const struct {
                const char *name;
                BusDoubleAnswers answers;
                const char *words[4], *says;
        } rows[] = {
                { "words", { .explain = "why", .command_line = "vi" }, { "explain", "7" },
                        "command line  7@0 vi\n\n/7/why\n" },
                { "no process is meant", { .explain = "why", .command_line = "vi" },
                        { "explain", "host" }, "host/0/why\n" },
                { "what steers a terminal", { .explain = "why", .command_line = "vi \033[2J" },
                        { "explain", "7" }, "7@0 vi ?[2J\n" },
                { "denied", { .explain = "why" }, { "explain", "7" }, "/7/why\n" },
                { "JSON", { .explain = judgement, .command_line = "vi" },
                        { "explain", "--json=short" },
                        "\"start_ticks\":9,\"cmdline\":\"7@9 vi\"}]}," },
                { "JSON, denied", { .explain = judgement }, { "explain", "--json=short" },
                        "\"start_ticks\":9,\"cmdline\":null}]}," },
                { "a list", { .describe = consumers, .consumers = consumers, .command_line = "vi" },
                        { "top", "--json=short" }, "\"start_ticks\":9,\"cmdline\":\"7@9 vi\"}]}" },
                { "a list, denied", { .describe = consumers, .consumers = consumers },
                        { "top", "--json=short" }, "\"start_ticks\":9,\"cmdline\":null}]}" },
                { "the first of a list hangs",
                        { .describe = one_hangs,
                                .consumers = one_hangs,
                                .command_line = "vi",
                                .unreadable_below = 7 },
                        { "top", "--json=short" },
                        "{\"pid\":1,\"cmdline\":null},{\"pid\":7,\"cmdline\":\"7@0 vi\"}" },
                { "one after the other hangs",
                        { .explain = all_hang, .command_line = "vi", .unreadable_below = 7 },
                        { "explain", "--json=short" },
                        "{\"pid\":4,\"cmdline\":null},{\"pid\":7,\"cmdline\":null}" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                BusDouble bus;
                Fixture f;

                fixture_init(&f);
                bus_double_start(&bus, f.path, &rows[i].answers);
                run(rows[i].words[0], rows[i].words[1], "--bus", bus.path, NULL);
                ck_assert_msg(code == CTL_OK && strstr(out, rows[i].says), "%s: %s%s", rows[i].name,
                        out, err);
                ck_assert_int_eq(strstr(out, "command line") != NULL,
                        rows[i].answers.command_line && strchr("7", *rows[i].words[1]) != NULL);
                bus_double_stop(&bus);
                fixture_done(&f);
        }
}
END_TEST

START_TEST(watch_prints_each_event_once_and_ends_after_count) {
        static const BusDoubleAnswers with_events = {
                .describe = "{}", .events = events, .events_at_once = 1
        };
        BusDouble bus;
        Fixture f;

        fixture_init(&f);
        bus_double_start(&bus, f.path, &with_events);
        run("watch", "-n", "2", "--bus", bus.path, NULL);
        expect(CTL_OK, "memory is low\n", "");
        expect(CTL_OK, "(dry run) would have terminated x\\x1b (pid 7)?[31m\n", "");
        ck_assert_ptr_null(strchr(out, '\033'));

        run("watch", "-n", "1", "--json=short", "--bus", bus.path, NULL);
        expect(CTL_OK, "\"message\":\"memory is low\"}\n", "");
        ck_assert_ptr_null(strstr(out, "step-taken"));
        bus_double_stop(&bus);
        fixture_done(&f);
}
END_TEST

START_TEST(steering_says_what_is_meant_and_how_it_came_out) {
        const BusDoubleAnswers good = { .accepted = 1, .message = "good" };
        const BusDoubleAnswers bad = { .accepted = 0, .message = "bad" };
        BusDouble bus;
        Fixture f;

        fixture_init(&f);
        bus_double_start(&bus, f.path, &good);
        run("pause", "--bus", bus.path, NULL);
        expect(CTL_OK, "Pause /0/0: good\n", "");
        run("pause", "--for", "90s", "--dry-run", "--bus", bus.path, NULL);
        expect(CTL_OK, "Pause /90000000/1: good\n", "");
        run("resume", "--json=short", "--bus", bus.path, NULL);
        expect(CTL_OK,
                "{\"schema_version\":1,\"ok\":true,\"dry_run\":false,\"message\":\"Resume /0/0: "
                "good\"}\n",
                "");
        run("protect", "ssh", "--for", "2h", "--bus", bus.path, NULL);
        expect(CTL_OK, "Protect ssh/7200000000/0: good\n", "");
        run("unprotect", "12", "--dry-run", "--bus", bus.path, NULL);
        expect(CTL_OK, "Unprotect 12/0/1: good\n", "");
        bus_double_stop(&bus);

        bus_double_start(&bus, f.path, &bad);
        run("resume", "--bus", bus.path, NULL);
        expect(CTL_FAILED, "", "Resume /0/0: bad");
        bus_double_stop(&bus);
        fixture_done(&f);
}
END_TEST

START_TEST(refusals_and_failures_have_their_exit_codes) {
        static const struct {
                const char *name;
                const char *words[3];
                BusDoubleAnswers answers;
                int code;
                const char *says;
        } rows[] = {
                { "denied", { "reload" }, { .message = NULL }, CTL_DENIED, "run avertctl as root" },
                { "pause denied", { "pause" }, { .message = NULL }, CTL_DENIED, "only root" },
                { "refused", { "reload" }, { .accepted = 0, .message = "a.yaml:1:2: error: no" },
                        CTL_REFUSED, "a.yaml:1:2: error: no" },
                { "gone", { "status" }, { .dies_on_describe = 1 }, CTL_NOT_RUNNING, "went away" },
                { "no JSON", { "status" }, { .describe = "hello" }, CTL_FAILED,
                        "not JSON of its schema" },
                { "other schema", { "status" }, { .describe = "{\"schema_version\":2}" },
                        CTL_FAILED, "schema 2" },
                { "cut JSON", { "explain", "--json" }, { .explain = "{\"schema_version\":1" },
                        CTL_FAILED, "not JSON of its schema" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                BusDouble bus;
                Fixture f;

                fixture_init(&f);
                bus_double_start(&bus, f.path, &rows[i].answers);
                run("--bus", bus.path, rows[i].words[0], rows[i].words[1], NULL);
                expect(rows[i].code, "", rows[i].says);
                bus_double_stop(&bus);
                fixture_done(&f);
        }
}
END_TEST

START_TEST(recording_that_is_none_is_told_apart_from_a_broken_policy) {
        Fixture f;
        char bad[300];

        fixture_init(&f);
        fixture_file(&f, "bad.yaml", bad_policy);
        snprintf(bad, sizeof(bad), "%s/bad.yaml", f.path);
        run("replay", f.path, NULL);
        expect(CTL_FAILED, "", "is no recording");
        run("explain", "--root", f.path, NULL);
        expect(CTL_FAILED, "", "is no recording");
        run("replay", f.path, "--config", bad, NULL);
        expect(CTL_REFUSED, "", "bad.yaml:5:");
        fixture_done(&f);
}
END_TEST

HARNESS_MAIN("verbs", misuse_is_answered_with_what_would_be_right,
        help_names_every_verb_and_version_its_number, help_fits_on_a_terminal,
        check_accepts_a_good_file_and_shows_the_place_in_a_bad_one,
        check_of_a_root_takes_its_directories, missing_daemon_is_told_with_what_to_do,
        live_verbs_print_what_the_daemon_says, protecting_what_nobody_is_in_is_told_and_done,
        log_level_is_told_tried_and_set, command_lines_are_shown_to_whom_the_daemon_shows_them,
        steering_says_what_is_meant_and_how_it_came_out,
        watch_prints_each_event_once_and_ends_after_count,
        refusals_and_failures_have_their_exit_codes,
        recording_that_is_none_is_told_apart_from_a_broken_policy)
