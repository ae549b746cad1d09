/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* avertctl incidents, and explain of what happened: from files, whoever wrote them. */

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/verb-run.h"

#define DIRECTORY "var/lib/avert/incidents/"
#define HEAD                                                                                       \
        "\"state\":\"closed\",\"policy\":\"host\",\"dry_run\":false,\"critical\":true,"            \
        "\"opened_realtime_usec\":1764101662481230,\"closed_realtime_usec\":1764101664481230,"     \
        "\"took_usec\":2000000,\"reason\":\"mem.available 3% < 6%\",\"steps_taken\":1,"            \
        "\"freed_bytes\":1073741824,"
#define EVENT(serial, kind, message, more)                                                         \
        "{\"kind\":\"" kind "\",\"serial\":" serial ",\"at_usec\":1" serial                        \
        "000000,\"message\":\"" message "\"" more "}"
#define OPENED EVENT("7", "incident-opened", "incident 3 begins", "")
#define DONE                                                                                       \
        EVENT("9", "step-done", "terminated hog (pid 4711, hog.service)",                          \
                ",\"promised_bytes\":2147483648,\"freed_bytes\":1073741824,\"took_usec\":340000,"  \
                "\"target\":{\"pid\":4711,\"unit\":\"hog.service\"},\"candidates\":[{\"pid\":12,"  \
                "\"comm\":\"sshd\",\"unit\":\"ssh.service\",\"score\":5,\"refusal\":"              \
                "\"protected\"}]")
#define INCIDENT(id, number, events)                                                               \
        "{\"schema_version\":1,\"kind\":\"incident\",\"id\":\"" id "\",\"incident\":" number       \
        "," HEAD "\"rule\":{\"file\":\"/p.yaml\",\"line\":3,\"when\":\"mem.available < 6%\"},"     \
        "\"samples\":{\"metrics\":[\"mem.available\"],\"at_usec\":[16500000],"                     \
        "\"values\":[[209715200]]},\"events\":[" events "]}"

#define FIRST "20251124T201422.000000-3"
#define SECOND "20251125T201422.481230-3"
#define KILLS "20251125T201500.000000-kernel"

static Fixture fixture;

static void run(const char *word, ...) {
        const char *const first[] = { "--root", fixture.path, NULL };
        va_list ap;

        va_start(ap, word);
        run_words(first, word, ap);
        va_end(ap);
}

static void set_up(void) {
        fixture_init(&fixture);
        fixture_file(&fixture, DIRECTORY FIRST ".json", INCIDENT(FIRST, "3", OPENED));
        fixture_file(&fixture, DIRECTORY SECOND ".json", INCIDENT(SECOND, "3", OPENED "," DONE));
        fixture_file(&fixture, DIRECTORY KILLS ".json",
                "{\"schema_version\":1,\"kind\":\"kernel-oom\",\"id\":\"" KILLS
                "\",\"state\":\"closed\",\"policy\":\"unit-limit\",\"kernel_oom_kills\":1,"
                "\"events\":[" EVENT("30", "kernel-oom",
                        "the kernel's OOM killer killed 1 process in db.service: this policy "
                        "should "
                        "have come first [unit-limit]",
                        ",\"cgroup\":{\"unit\":\"db.service\"}") "]}");
}

static void tear_down(void) {
        drop_output();
        fixture_done(&fixture);
}

START_TEST(list_names_what_was_done_the_unit_and_the_rule) {
        run("incidents", NULL);
        expect(CTL_OK, "closed   host                   " FIRST, "");
        expect(CTL_OK, "terminated hog (pid 4711, hog.service)", "");
        expect(CTL_OK, "our miss unit-limit             " KILLS, "");
        expect(CTL_OK, "1 process in db.service", "");
        ck_assert(strstr(out, FIRST) < strstr(out, SECOND) &&
                strstr(out, SECOND) < strstr(out, KILLS));
        run("incidents", "list", "-n", "1", NULL);
        expect(CTL_OK, KILLS, "");
        ck_assert_ptr_null(strstr(out, SECOND));
        run("incidents", "--json=short", NULL);
        expect(CTL_OK, "{\"schema_version\":1,\"incidents\":[{\"id\":\"" FIRST "\"", "");
        expect(CTL_OK, "\"unit\":\"db.service\"", "");
}
END_TEST

START_TEST(one_is_found_by_name_beginning_number_or_as_the_last) {
        static const struct {
                const char *what, *id;
        } rows[] = {
                { SECOND, SECOND },
                { SECOND ".json", SECOND },
                { "20251124T", FIRST },
                { "3", SECOND },
                { "last", KILLS },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char head[64];

                (void) snprintf(head, sizeof(head), " %s: ", rows[i].id);
                run("incidents", "show", rows[i].what, NULL);
                expect(CTL_OK, head, "");
        }
        run("incidents", "show", "20251125T", NULL);
        expect(CTL_FAILED, "", "2 incidents begin with '20251125T'");
        run("incidents", "show", "4", NULL);
        expect(CTL_FAILED, "", "there is no incident '4'");
        run("incidents", "show", "../../../etc/passwd", NULL);
        expect(CTL_FAILED, "", "there is no incident");
}
END_TEST

START_TEST(show_has_the_rule_the_events_and_the_readings_before) {
        run("incidents", "show", SECOND, NULL);
        expect(CTL_OK, "because    mem.available 3% < 6%", "");
        expect(CTL_OK, "over after 2 s", "");
        expect(CTL_OK, "1 step, freed 1.0 GiB", "");
        expect(CTL_OK, "written in /p.yaml:3", "");
        expect(CTL_OK, "+2 s       terminated hog", "");
        expect(CTL_OK, "-500 ms    mem.available 200 MiB", "");
        run("incidents", "show", SECOND, "--json=short", NULL);
        expect(CTL_OK, "\"values\":[[209715200]]", "");
}
END_TEST

START_TEST(explain_says_who_was_left_alone_and_what_came_of_it) {
        run("explain", SECOND, NULL);
        expect(CTL_OK, "sshd (pid 12, ssh.service)", "");
        expect(CTL_OK, "left alone:", "");
        expect(CTL_OK, "promised 2.0 GiB, freed 1.0 GiB in 340 ms", "");
        ck_assert_ptr_null(strstr(out, "The readings before"));
}
END_TEST

START_TEST(explain_of_a_unit_has_what_it_had_to_do_with) {
        run("explain", "db.service", NULL);
        expect(CTL_OK, KILLS, "");
        ck_assert_ptr_null(strstr(out, SECOND));
        run("explain", "ssh.service", NULL);
        expect(CTL_OK, SECOND, "");
        ck_assert_ptr_null(strstr(out, KILLS));
        run("explain", "other.service", NULL);
        expect(CTL_FAILED, "", "has to do with other.service");
}
END_TEST

START_TEST(files_that_are_not_ours_or_torn_cost_nothing_but_a_word) {
        fixture_file(&fixture, DIRECTORY "README", "hello");
        fixture_file(&fixture, DIRECTORY "20251125T201423.000000-1.json.unfinished", "{");
        fixture_file(&fixture, DIRECTORY "20251125T201423.000000-2.json", "{\"schema_ver");
        fixture_file(&fixture, DIRECTORY "20251125T201423.000000-4.json", "{\"schema_version\":7}");
        fixture_file(&fixture, DIRECTORY "20251125T201423.000000-5.json/x", "");
        fixture_link(&fixture, DIRECTORY "20251125T201423.000000-6.json", "/etc/passwd");
        run("incidents", NULL);
        expect(CTL_OK, KILLS, "20251125T201423.000000-2.json is torn");
        expect(CTL_OK, SECOND, "-4.json was written by another version");
        expect(CTL_OK, "", "-5.json is not a file of avertd's");
        expect(CTL_OK, "", "-6.json is not a file of avertd's");
        ck_assert_ptr_null(strstr(err, "README"));
        ck_assert_ptr_null(strstr(err, "unfinished"));
        run("incidents", "show", "2", NULL);
        expect(CTL_FAILED, "", "is torn");
}
END_TEST

START_TEST(what_would_steer_a_terminal_does_not) {
        fixture_file(&fixture, DIRECTORY FIRST ".json",
                INCIDENT(FIRST, "3", EVENT("7", "step-done", "ended \\u001b[2Jevil\\u202e", "")));
        run("incidents", NULL);
        expect(CTL_OK, "ended ", "");
        ck_assert_ptr_null(strchr(out, '\x1b'));
        ck_assert_ptr_null(strstr(out, "\xe2\x80\xae"));
}
END_TEST

START_TEST(without_files_it_says_so) {
        Fixture empty;

        fixture_init(&empty);
        run("incidents", "--root", empty.path, NULL);
        expect(CTL_OK, "no incident is kept in ", "");
        run("incidents", "--root", empty.path, "--json=short", NULL);
        expect(CTL_OK, "\"incidents\":[]", "");
        run("incidents", "follow", "--root", empty.path, NULL);
        expect(CTL_FAILED, "", "is not there yet");
        run("incidents", "show", "last", "--root", empty.path, NULL);
        expect(CTL_FAILED, "", "there is no incident");
        run("incidents", "show", NULL);
        expect(CTL_USAGE, "", "usage:");
        fixture_done(&empty);
}
END_TEST

START_TEST(who_may_not_read_them_is_told_what_to_do) {
        if (geteuid() == 0) {
                ck_assert_int_eq(chmod(fixture.path, 0755), 0);
                ck_assert_int_eq(fchmodat(fixture.fd, "var/lib/avert", 0700, 0), 0);
                ck_assert_int_eq(setegid(65534), 0);
                ck_assert_int_eq(seteuid(65534), 0);
        } else
                ck_assert_int_eq(fchmodat(fixture.fd, "var/lib/avert", 0, 0), 0);
        run("incidents", NULL);
        expect(CTL_DENIED, "", "denied: run avertctl as root");
        (void) !seteuid(0);
        (void) !setegid(0);
        (void) fchmodat(fixture.fd, "var/lib/avert", 0700, 0);
}
END_TEST

static atomic_bool is_over;

/* One more event each time: the watch may not be there yet at the first. */
static void *change_files(void *unused _unused_) {
        static const char before[] = INCIDENT(SECOND, "3", OPENED "," DONE);
        const size_t len = sizeof(before) - 1 - strlen("]}");

        for (int i = 100; !atomic_load(&is_over); i++) {
                char text[sizeof(before) + 256];

                (void) snprintf(text, sizeof(text),
                        "%.*s,{\"kind\":\"notify\",\"serial\":%d,\"message\":\"new\"}]}", (int) len,
                        before, i);
                fixture_file(&fixture, "new", text);
                (void) renameat(fixture.fd, "new", fixture.fd, DIRECTORY SECOND ".json");
                (void) poll(NULL, 0, 2);
        }
        return NULL;
}

START_TEST(follow_tells_what_is_new_only) {
        pthread_t thread;

        ck_assert_int_eq(pthread_create(&thread, NULL, change_files, NULL), 0);
        run("incidents", "follow", "-n", "1", NULL);
        /* Not pthread_cancel(): of frames that are left so the sanitizer hears nothing. */
        atomic_store(&is_over, true);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        expect(CTL_OK, SECOND "  new", "");
        ck_assert_ptr_null(strstr(out, "begins"));
        ck_assert_ptr_null(strstr(out, "terminated"));
}
END_TEST

int main(void) {
        const TTest *const tests[] = { list_names_what_was_done_the_unit_and_the_rule,
                one_is_found_by_name_beginning_number_or_as_the_last,
                show_has_the_rule_the_events_and_the_readings_before,
                explain_says_who_was_left_alone_and_what_came_of_it,
                explain_of_a_unit_has_what_it_had_to_do_with,
                files_that_are_not_ours_or_torn_cost_nothing_but_a_word,
                what_would_steer_a_terminal_does_not, without_files_it_says_so,
                who_may_not_read_them_is_told_what_to_do, follow_tells_what_is_new_only };
        Suite *s = suite_create("verb-incidents");
        TCase *tc = tcase_create("verb-incidents");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
