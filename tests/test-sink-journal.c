/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sink-journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/harness.h"

static JournalRecord record;

/* The value of a field, NULL when it is not there; ends the test when it is there twice. */
static const char *field(const char *name) {
        static char value[4096];
        const char *found = NULL;
        size_t len = strlen(name);

        for (size_t i = 0; i < record.n; i++) {
                const char *at = record.fields[i].iov_base;

                if (record.fields[i].iov_len <= len || memcmp(at, name, len) != 0 || at[len] != '=')
                        continue;
                ck_assert_msg(!found, "%s is there twice", name);
                ck_assert_uint_lt(record.fields[i].iov_len - len, sizeof(value));
                memcpy(value, at + len + 1, record.fields[i].iov_len - len - 1);
                value[record.fields[i].iov_len - len - 1] = '\0';
                found = value;
        }
        return found;
}

static void assert_field(const char *name, const char *expected) {
        const char *got = field(name);

        ck_assert_msg((!got && !expected) || (got && expected && strcmp(got, expected) == 0),
                "%s: got %s, expected %s", name, got ? got : "(nothing)",
                expected ? expected : "(nothing)");
}

static Event full_event(void) {
        Event e = { .kind = EVENT_STEP_TAKEN,
                .level = NOTIFY_WARNING,
                .serial = 12,
                .dry = true,
                .incident = 7,
                .policy = "host-low",
                .step = STEP_TERMINATE,
                .has_step = true,
                .signo = SIGTERM,
                .target = { .pid = 4312,
                        .uid = 1000,
                        .comm = "hog",
                        .unit = "app.scope",
                        .cgroup = "/user.slice",
                        .rss = 11,
                        .anon = 12,
                        .swap = 13,
                        .gained = 14,
                        .score = -15 },
                .promised = 16,
                .mem_available = 17,
                .mem_total = 18,
                .n_candidates = 2,
                .reason = "mem.available 3.1% < 8%" };

        e.candidates[0] = e.target;
        e.candidates[1] =
                (EventProcess){ .pid = 222, .comm = "a\nb", .refusal = REFUSAL_PROTECTED };
        return e;
}

START_TEST(a_record_has_the_sentence_and_every_number) {
        static const struct {
                const char *name, *expected;
        } rows[] = {
                { "MESSAGE_ID", "0a2f64d4c26b49f5a86858f4c55e51f0" },
                { "PRIORITY", "4" },
                { "SYSLOG_IDENTIFIER", "avertd" },
                { "AVERT_EVENT", "step-taken" },
                { "AVERT_LEVEL", "warning" },
                { "AVERT_SERIAL", "12" },
                { "AVERT_DRY_RUN", "1" },
                { "AVERT_CRITICAL", "0" },
                { "AVERT_INCIDENT", "7" },
                { "AVERT_POLICY", "host-low" },
                { "AVERT_REASON", "mem.available 3.1% < 8%" },
                { "AVERT_STEP", "terminate" },
                { "AVERT_SIGNAL", "15" },
                { "AVERT_TARGET_PID", "4312" },
                { "AVERT_TARGET_UID", "1000" },
                { "AVERT_TARGET_COMM", "hog" },
                { "AVERT_TARGET_UNIT", "app.scope" },
                { "AVERT_TARGET_CGROUP", "/user.slice" },
                { "AVERT_TARGET_RSS_BYTES", "11" },
                { "AVERT_TARGET_ANON_BYTES", "12" },
                { "AVERT_TARGET_SWAP_BYTES", "13" },
                { "AVERT_TARGET_GAINED_BYTES", "14" },
                { "AVERT_TARGET_SCORE", "-15" },
                { "AVERT_PROMISED_BYTES", "16" },
                { "AVERT_MEM_AVAILABLE_BYTES", "17" },
                { "AVERT_MEM_TOTAL_BYTES", "18" },
                { "AVERT_FREED_BYTES", NULL }, /* not known yet */
                { "AVERT_ERRNO", NULL },
        };
        Event e = full_event();
        const char *text;

        journal_record_fill(&record, &e);
        ck_assert(!record.truncated);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_field(rows[i].name, rows[i].expected);

        text = field("MESSAGE");
        ck_assert_ptr_nonnull(text);
        ck_assert_ptr_nonnull(strstr(text, "hog"));
        ck_assert_ptr_nonnull(strstr(text, "mem.available 3.1% < 8%"));
        text = field("AVERT_CANDIDATES");
        ck_assert_ptr_nonnull(text);
        ck_assert_ptr_nonnull(strstr(text, "pid=4312 comm=hog score=-15"));
        ck_assert_ptr_nonnull(strstr(text, "\npid=222 comm=a\\x0ab "));
        ck_assert_ptr_nonnull(strstr(text, "refusal=protected"));
}
END_TEST

START_TEST(a_record_about_a_cgroup_names_it) {
        static const struct {
                const char *name, *expected;
        } rows[] = {
                { "AVERT_CGROUP", "/system.slice/guilty.service" },
                { "AVERT_CGROUP_UNIT", "guilty.service" },
                { "AVERT_CGROUP_PROCESSES", "12" },
                { "AVERT_CGROUP_CURRENT_BYTES", "1" },
                { "AVERT_CGROUP_USAGE_BYTES", "2" },
                { "AVERT_CGROUP_LIMIT_BYTES", "3" },
                { "AVERT_CGROUP_GAINED_BYTES", "4" },
        };
        Event e = full_event();

        journal_record_fill(&record, &e);
        assert_field("AVERT_CGROUP", NULL);
        e.group = (EventGroup){ .path = "/system.slice/guilty.service",
                .unit = "guilty.service",
                .n_processes = 12,
                .current = 1,
                .usage = 2,
                .limit = 3,
                .gained = 4 };
        e.candidates[1] = (EventProcess){ .cgroup = "/a b", .refusal = REFUSAL_SLICE };
        journal_record_fill(&record, &e);
        ck_assert(!record.truncated);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                assert_field(rows[i].name, rows[i].expected);
        ck_assert_ptr_nonnull(strstr(field("MESSAGE"), "guilty.service (12 processes, "));
        ck_assert_ptr_nonnull(strstr(field("AVERT_CANDIDATES"), "\ncgroup=/a b "));
}
END_TEST

START_TEST(what_an_event_does_not_have_is_left_out) {
        static const char *const absent[] = { "AVERT_POLICY", "AVERT_STEP", "AVERT_SIGNAL",
                "AVERT_TARGET_PID", "AVERT_CANDIDATES", "AVERT_INCIDENT", "AVERT_MEM_TOTAL_BYTES" };

        journal_record_fill(&record, &(Event){ .kind = EVENT_STARTED, .text = "all is there" });
        for (size_t i = 0; i < ELEMENTS(absent); i++)
                assert_field(absent[i], NULL);
        assert_field("AVERT_TEXT", "all is there");
        assert_field("PRIORITY", "6");
}
END_TEST

START_TEST(the_largest_event_fits) {
        Event e = full_event();

        memset(e.reason, 'r', sizeof(e.reason) - 1);
        memset(e.text, 't', sizeof(e.text) - 1);
        memset(e.policy, 'p', sizeof(e.policy) - 1);
        memset(e.target.unit, 'u', sizeof(e.target.unit) - 1);
        memset(e.target.cgroup, 'c', sizeof(e.target.cgroup) - 1);
        e.n_candidates = EVENT_CANDIDATES_MAX;
        for (size_t i = 0; i < EVENT_CANDIDATES_MAX; i++) {
                e.candidates[i] = e.target;
                e.candidates[i].score = INT64_MIN;
                e.candidates[i].rss = e.candidates[i].anon = UINT64_MAX;
                e.candidates[i].swap = e.candidates[i].gained = UINT64_MAX;
                memset(e.candidates[i].comm, '\n', sizeof(e.candidates[i].comm) - 1);
        }
        journal_record_fill(&record, &e);
        ck_assert(!record.truncated);
        ck_assert_ptr_nonnull(field("AVERT_TEXT")); /* the last one */
}
END_TEST

START_TEST(every_kind_has_an_id_of_its_own) {
        for (int i = 0; i < _EVENT_MAX; i++) {
                const char *id = journal_message_id((EventKind) i);

                ck_assert_msg(id && strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32, "%s",
                        event_name((EventKind) i));
                for (int k = 0; k < i; k++)
                        ck_assert_str_ne(id, journal_message_id((EventKind) k));
        }
}
END_TEST

START_TEST(priorities_follow_the_level) {
        static const int expected[_NOTIFY_MAX] = { 6, 5, 4, 2 };

        for (int i = 0; i < _NOTIFY_MAX; i++)
                ck_assert_int_eq(
                        journal_priority(&(Event){ .level = (NotifyLevel) i }), expected[i]);
}
END_TEST

START_TEST(the_journal_is_spoken_to_only_when_stderr_is_its_stream) {
        char stream[64];
        struct stat st;
        int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        bool has_journal = access("/run/systemd/journal/socket", W_OK) == 0;

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fstat(fd, &st), 0);
        ck_assert(!sink_journal_is_wanted(fd, NULL));
        ck_assert(!sink_journal_is_wanted(fd, ""));
        ck_assert(!sink_journal_is_wanted(fd, "nonsense"));
        snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev,
                (uintmax_t) st.st_ino + 1);
        ck_assert(!sink_journal_is_wanted(fd, stream));
        snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        ck_assert_int_eq(sink_journal_is_wanted(fd, stream), has_journal);
        ck_assert(!sink_journal_is_wanted(-1, stream));
        close(fd);
}
END_TEST

START_TEST(without_a_journal_writing_does_no_harm) {
        JournalSink *sink;
        Event e = full_event();
        Sink s;

        if (access("/run/systemd/journal/socket", F_OK) == 0)
                return; /* the machine's own journal is not for tests */
        ck_assert_int_eq(sink_journal_new(&sink), 0);
        s = sink_journal_get(sink);
        s.write(s.ctx, &e);
        ck_assert_ptr_null(sink_journal_free(sink));
}
END_TEST

HARNESS_MAIN("sink-journal", a_record_about_a_cgroup_names_it,
        a_record_has_the_sentence_and_every_number, what_an_event_does_not_have_is_left_out,
        the_largest_event_fits, every_kind_has_an_id_of_its_own, priorities_follow_the_level,
        the_journal_is_spoken_to_only_when_stderr_is_its_stream,
        without_a_journal_writing_does_no_harm)
