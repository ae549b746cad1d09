/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-keeper.h"

#include "base/fdio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "tests/harness.h"

#define PATIENCE_USEC (HARNESS_PATIENCE_MSEC * USEC_PER_MSEC)

static Fixture fixture;
static Starter *starter;
static Inquiries inquiries;
static IncidentKeeper keeper;
static View *view;
static Policy policy;
static Config config;
static bool views_refused;
static unsigned n_kept, n_not_kept;
static char told[512];

static int request_view(void *ctx _unused_, bool with_processes) {
        ck_assert(!with_processes); /* that would cost the sentinel more */
        return views_refused ? -EBUSY : 0;
}

static View *get_view(void *ctx _unused_) {
        return view;
}

static void release_view(void *ctx _unused_) {
}

static void tell(void *ctx _unused_, bool kept, const char *text) {
        if (kept)
                n_kept++;
        else
                n_not_kept++;
        (void) text_copy(told, sizeof(told), text);
}

static void begin(void) {
        incident_keeper_init(&keeper,
                &(IncidentOptions){ .starter = starter,
                        .inquiries = &inquiries,
                        .state_directory = fixture.path,
                        .started_usec = 815,
                        .tell = tell });
}

static void set_up(void) {
        fixture_init(&fixture);
        policy = (Policy){ .name = "host", .file = "/etc/host.yaml", .line = 3 };
        config = (Config){ .policies = &policy, .n_policies = 1 };
        (void) signal(SIGPIPE, SIG_IGN);
        log_set(LOG_LEVEL_ERROR, LOG_FORM_PLAIN);
        ck_assert_int_eq(starter_new(&starter), 0);
        inquiries_init(&inquiries, (ViewSource){ request_view, get_view, release_view, NULL });
        view = calloc(1, sizeof(*view));
        ck_assert_ptr_nonnull(view);
        view->trail.entries[0].at_usec = clock_monotonic_usec();
        view->trail.n = view->trail.next = 1;
}

static void tear_down(void) {
        inquiries_done(&inquiries);
        starter = starter_free(starter);
        incident_keeper_done(&keeper);
        free(view);
        fixture_done(&fixture);
}

static void wait_answer(void) {
        usec_t until = clock_monotonic_usec() + PATIENCE_USEC;

        while (incident_keeper_is_under_way(&keeper)) {
                struct pollfd p = { .fd = starter_fd(starter), .events = POLLIN };

                ck_assert_msg(clock_monotonic_usec() < until, "no answer");
                (void) poll(&p, 1, 100);
                starter_dispatch(starter);
        }
}

static void note(Event e) {
        static uint64_t serial = 10;

        e.serial = ++serial;
        e.at_usec = e.at_usec ? e.at_usec : 100 * USEC_PER_SEC;
        e.realtime_usec = 1764101662000000 + e.at_usec;
        if (!e.policy[0])
                (void) text_copy(e.policy, sizeof(e.policy), "host");
        incident_keeper_note(&keeper, &e, &config, clock_monotonic_usec());
}

static void settle(void) {
        inquiries_dispatch(&inquiries, clock_monotonic_usec());
        wait_answer();
}

/* The text of the n-th file by name, "" when there is none. */
static const char *read_file(unsigned n) {
        _cleanup_close_ int fd = fdio_open_dir_at(AT_FDCWD, keeper.directory);
        static char text[400000];
        char names[300][64];
        const struct dirent *e;
        unsigned count = 0;
        DIR *dir = fd < 0 ? NULL : fdopendir(dup(fd));

        text[0] = '\0';
        while (dir && (e = readdir(dir)) && count < ELEMENTS(names))
                if (incident_name_is_file(e->d_name))
                        (void) text_copy(names[count++], sizeof(names[0]), e->d_name);
        if (dir)
                (void) closedir(dir);
        qsort(names, count, sizeof(names[0]), (int (*)(const void *, const void *)) strcmp);
        if (n < count)
                ck_assert_int_gt(fdio_read_at(fd, names[n], text, sizeof(text)), 0);
        return text;
}

static void has(const char *text, const char *part) {
        ck_assert_msg(strstr(text, part) != NULL, "no %s in %s (%s)", part, text, told);
}

START_TEST(incident_is_kept_whole) {
        struct stat st;
        const char *text;

        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 3 });
        note((Event){ .kind = EVENT_STEP_TAKEN, .incident = 3, .target.pid = 4711 });
        settle();
        text = read_file(0);
        has(text, "\"state\":\"open\"");
        has(text, "\"rule\":{\"name\":\"host\",\"file\":\"/etc/host.yaml\"");
        has(text, "\"samples\":{\"metrics\":[\"mem.available\"");
        has(text, "\"pid\":4711");
        note((Event){ .kind = EVENT_INCIDENT_CLOSED, .incident = 3, .freed = 99 });
        settle();
        text = read_file(0);
        has(text, "\"state\":\"closed\"");
        has(text, "\"freed_bytes\":99");
        ck_assert_str_eq(read_file(1), "");
        ck_assert_uint_eq(n_kept + n_not_kept, 0);

        ck_assert_int_eq(fstatat(fixture.fd, "incidents", &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0700);
        ck_assert_int_eq(fstatat(fixture.fd, "incidents/20251125T201602.000000-3.json", &st, 0), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(without_a_view_only_the_readings_before_are_missing) {
        views_refused = true;
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 3 });
        settle();
        has(read_file(0), "\"samples\":null");
        has(read_file(0), "\"kind\":\"incident-opened\"");
}
END_TEST

START_TEST(what_belongs_to_no_incident_is_not_kept) {
        begin();
        note((Event){ .kind = EVENT_STARTED });
        note((Event){ .kind = EVENT_LEASE_FOREIGN });
        settle();
        ck_assert_str_eq(read_file(0), "");
}
END_TEST

START_TEST(kills_by_the_kernel_are_incidents_of_their_own) {
        static const char *const paths[] = { "/a", "/a", "/b", "/a" };
        static const usec_t at[] = { 100, 400, 500, 1100 };

        begin();
        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                Event e = { .kind = EVENT_KERNEL_OOM, .count = 1, .at_usec = at[i] * USEC_PER_SEC };

                (void) text_copy(e.group.path, sizeof(e.group.path), paths[i]);
                note(e);
        }
        settle();
        has(read_file(0), "\"kernel_oom_kills\":2"); /* five minutes apart */
        has(read_file(0), "\"samples\":{");
        has(read_file(1), "\"path\":\"/b\"");
        has(read_file(2), "\"kernel_oom_kills\":1"); /* more than ten after the last */
        ck_assert_str_eq(read_file(3), "");
}
END_TEST

START_TEST(kills_of_one_moment_in_many_cgroups_are_told_apart) {
        enum { CGROUPS = 20 };
        unsigned n = 0;

        begin();
        for (int i = 0; i < 2 * CGROUPS; i++) {
                Event e = { .kind = EVENT_KERNEL_OOM, .count = 1 };

                (void) snprintf(e.group.path, sizeof(e.group.path), "/pod%d", i % CGROUPS);
                note(e);
        }
        settle();
        for (; *read_file(n); n++)
                has(read_file(n), "\"kernel_oom_kills\":2");
        ck_assert_uint_eq(n, CGROUPS);
}
END_TEST

START_TEST(kill_during_an_incident_is_in_both) {
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 3 });
        note((Event){ .kind = EVENT_KERNEL_OOM, .incident = 3, .count = 1 });
        settle();
        has(read_file(0), "\"kind\":\"incident\"");
        has(read_file(0), "\"kernel_oom_kills\":1");
        has(read_file(1), "\"kind\":\"kernel-oom\"");
}
END_TEST

START_TEST(place_that_cannot_be_written_is_told_once_and_nothing_is_lost) {
        fixture_file(&fixture, "incidents", "in the way");
        begin();
        for (uint64_t i = 1; i <= 3; i++) {
                note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = i });
                settle();
                incident_keeper_care(&keeper, USEC_UNSET - 1);
                settle();
                keeper.again_usec = 0;
        }
        ck_assert_uint_eq(n_not_kept, 1);
        has(told, "Not a directory");
        fixture_remove(&fixture, "incidents");
        incident_keeper_care(&keeper, clock_monotonic_usec());
        settle();
        ck_assert_uint_eq(n_kept, 1);
        has(read_file(2), "\"incident\":3");
}
END_TEST

START_TEST(full_disk_is_told_once_and_leaves_what_was_there) {
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/incidents", fixture.path);
        ck_assert_int_eq(mkdirat(fixture.fd, "incidents", 0700), 0);
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
                mount("none", path, "tmpfs", 0, "size=24k,mode=0700") < 0) {
                printf("# a full disk cannot be made here: %s\n", strerror(errno));
                return;
        }
        starter = starter_free(starter);
        ck_assert_int_eq(starter_new(&starter), 0);
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        settle();
        has(read_file(0), "\"incident\":1");
        for (uint64_t i = 2; i <= 12; i++) {
                note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = i });
                settle();
                keeper.again_usec = 0;
        }
        ck_assert_uint_eq(n_not_kept, 1);
        has(told, "No space left on device");
        has(read_file(0), "\"incident\":1");
        (void) umount2(path, MNT_DETACH);
        incident_keeper_care(&keeper, clock_monotonic_usec());
        settle();
        ck_assert_uint_eq(n_kept, 1);
}
END_TEST

START_TEST(one_writer_at_a_time) {
        int fd;

        fixture_file(&fixture, "incidents/README", "");
        fd = fdio_open_dir_at(fixture.fd, "incidents");
        ck_assert_int_eq(flock(fd, LOCK_EX), 0);
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        settle();
        has(told, "an earlier write has not come to its end");
        ck_assert_str_eq(read_file(0), "");
        close_fd(fd);
        keeper.again_usec = 0;
        incident_keeper_care(&keeper, clock_monotonic_usec());
        settle();
        has(read_file(0), "\"incident\":1");
}
END_TEST

START_TEST(disk_that_does_not_answer_is_waited_for_by_nobody) {
        usec_t now = clock_monotonic_usec();

        begin();
        wait_answer();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        for (unsigned i = 1; i <= 4; i++) { /* its answers are not looked at */
                ck_assert(!keeper.given_up);
                ck_assert(incident_keeper_is_under_way(&keeper));
                incident_keeper_care(&keeper, keeper.deadline_usec);
                ck_assert(!incident_keeper_is_under_way(&keeper));
                incident_keeper_care(&keeper, keeper.again_usec);
        }
        has(told, "the disk does not answer");
        ck_assert_uint_eq(n_not_kept, 1);
        ck_assert(keeper.given_up);
        ck_assert(keeper.bytes == 0 && keeper.n == 0);
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 2 });
        ck_assert_uint_eq(keeper.n, 0);
        inquiries_dispatch(&inquiries, clock_monotonic_usec()); /* the readings come too late */
        ck_assert_uint_eq(keeper.n, 0);
        ck_assert(!incident_keeper_is_under_way(&keeper));
        starter_dispatch(starter); /* late answers are nobody's */
        ck_assert_uint_le(now, clock_monotonic_usec());
}
END_TEST

START_TEST(what_waits_has_a_bound) {
        begin();
        wait_answer();
        keeper.again_usec = USEC_UNSET;
        for (uint64_t i = 1; i <= 1000; i++)
                note((Event){ .kind = EVENT_STEP_TAKEN, .incident = 1 });
        ck_assert_uint_le(keeper.bytes, 512 << 10);
        ck_assert_uint_eq(keeper.n + keeper.n_lost, 1001); /* and the rule */
        keeper.again_usec = 0;
        incident_keeper_care(&keeper, clock_monotonic_usec());
        wait_answer();
        ck_assert_uint_eq(keeper.n, 0);
        ck_assert_uint_eq(n_kept, 1);
        has(told, "records are missing");
}
END_TEST

START_TEST(oldest_go_beyond_the_number) {
        char name[80];

        for (unsigned i = 0; i < INCIDENT_FILES_DEFAULT; i++) {
                (void) snprintf(name, sizeof(name), "incidents/20250101T000000.000%03u-1.json", i);
                fixture_file(&fixture, name, "{}");
        }
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        settle();
        ck_assert_int_eq(
                faccessat(fixture.fd, "incidents/20250101T000000.000000-1.json", F_OK, 0), -1);
        ck_assert_int_eq(
                faccessat(fixture.fd, "incidents/20250101T000000.000001-1.json", F_OK, 0), 0);
        has(read_file(INCIDENT_FILES_DEFAULT - 1), "\"state\":\"open\"");
}
END_TEST

START_TEST(what_an_earlier_daemon_left_open_is_closed) {
        begin();
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        settle();
        fixture_file(&fixture, "incidents/20250101T000000.000000-1.json", "torn");
        incident_keeper_done(&keeper);
        begin(); /* the same */
        wait_answer();
        has(read_file(1), "\"state\":\"open\"");
        incident_keeper_done(&keeper);
        incident_keeper_init(&keeper,
                &(IncidentOptions){ .starter = starter,
                        .inquiries = &inquiries,
                        .state_directory = fixture.path,
                        .started_usec = 816,
                        .tell = tell });
        wait_answer();
        has(read_file(1), "\"state\":\"cut-off\"");
        ck_assert_str_eq(read_file(0), "torn"); /* nobody's to mend */
        ck_assert_uint_eq(n_not_kept, 0);
}
END_TEST

START_TEST(without_a_starter_nothing_happens) {
        incident_keeper_init(&keeper,
                &(IncidentOptions){ .inquiries = &inquiries, .state_directory = fixture.path });
        note((Event){ .kind = EVENT_INCIDENT_OPENED, .incident = 1 });
        incident_keeper_care(&keeper, clock_monotonic_usec());
        ck_assert_uint_eq(keeper.n, 0);
        ck_assert(!incident_keeper_is_under_way(&keeper));
}
END_TEST

int main(void) {
        const TTest *const tests[] = { incident_is_kept_whole,
                without_a_view_only_the_readings_before_are_missing,
                what_belongs_to_no_incident_is_not_kept,
                kills_by_the_kernel_are_incidents_of_their_own,
                kills_of_one_moment_in_many_cgroups_are_told_apart,
                kill_during_an_incident_is_in_both,
                place_that_cannot_be_written_is_told_once_and_nothing_is_lost,
                full_disk_is_told_once_and_leaves_what_was_there, one_writer_at_a_time,
                disk_that_does_not_answer_is_waited_for_by_nobody, what_waits_has_a_bound,
                oldest_go_beyond_the_number, what_an_earlier_daemon_left_open_is_closed,
                without_a_starter_nothing_happens };
        Suite *s = suite_create("incident-keeper");
        TCase *tc = tcase_create("incident-keeper");

        if (HARNESS_SANITIZES_THREADS)
                return harness_run(s);
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        tcase_set_timeout(tc, HARNESS_TIMEOUT_SEC);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
