/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/sink-stderr.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/macro.h"
#include "daemon/status-line.h"
#include "tests/harness.h"
#include "tests/view-double.h"

static Event event(void) {
        Event e = { .kind = EVENT_NOTIFY,
                .level = NOTIFY_WARNING,
                .realtime_usec = 1234 * USEC_PER_MSEC,
                .policy = "host-low",
                .n_candidates = 2,
                .reason = "mem.available 3.1% < 8%" };

        e.candidates[0] =
                (EventProcess){ .pid = 7, .comm = "hog\033[m", .anon = 1 << 20, .score = 5 };
        e.candidates[1] = (EventProcess){ .pid = 8, .comm = "sshd", .refusal = REFUSAL_PROTECTED };
        return e;
}

static const char *print(StderrForm form, bool colour) {
        static char text[4096];
        StderrSink s = { .fd = -1, .form = form, .colour = colour };
        Event e = event();
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        sink_stderr_print(&s, &e, &b);
        ck_assert(!b.truncated);
        return text;
}

START_TEST(a_line_has_time_level_and_sentence_and_below_it_who_was_considered) {
        const char *text;

        setenv("TZ", "UTC", 1);
        tzset();
        text = print(STDERR_PLAIN, false);
        ck_assert_msg(strncmp(text, "00:00:01.234 warning  ", 22) == 0, "%s", text);
        ck_assert_ptr_nonnull(strstr(text, "mem.available 3.1% < 8%"));
        ck_assert_ptr_nonnull(strstr(text, "could   pid 7 hog\\x1b[m, 1.0 MiB of its own"));
        ck_assert_ptr_nonnull(strstr(text, "spared  pid 8 sshd"));
        ck_assert_ptr_nonnull(strstr(text, ": protected\n"));
        ck_assert_ptr_null(strchr(text, '\033'));
}
END_TEST

START_TEST(a_collector_gets_a_priority_and_one_line) {
        const char *text = print(STDERR_PREFIX, false);

        ck_assert_msg(strncmp(text, "<4>", 3) == 0, "%s", text);
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
}
END_TEST

START_TEST(a_terminal_gets_its_status_line_wiped_and_colour_if_wanted) {
        const char *text = print(STDERR_TERMINAL, true);

        ck_assert_msg(strncmp(text, "\r\033[K", 4) == 0, "%s", text);
        ck_assert_ptr_nonnull(strstr(text, "\033[33m"));
        text = print(STDERR_TERMINAL, false);
        ck_assert_ptr_null(strchr(text + 4, '\033'));
}
END_TEST

START_TEST(events_are_written_whole_and_a_closed_pipe_is_no_trouble) {
        StderrSink s = { .form = STDERR_PREFIX };
        char text[4096];
        Event e = event();
        Sink sink;
        int fds[2];
        ssize_t n;

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
        s.fd = fds[1];
        sink = sink_stderr_get(&s);
        sink.write(sink.ctx, &e);
        n = read(fds[0], text, sizeof(text));
        ck_assert_int_gt(n, 0);
        ck_assert_int_eq(text[n - 1], '\n');

        signal(SIGPIPE, SIG_IGN);
        close(fds[0]);
        sink.write(sink.ctx, &e);
        close(fds[1]);
}
END_TEST

START_TEST(a_status_line_never_waits_and_is_for_terminals_only) {
        StderrSink s = { .form = STDERR_TERMINAL };
        char text[4096];
        ssize_t n;
        int fds[2];

        ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0); /* no terminal: 80 columns */
        s.fd = fds[1];
        memset(text, 'x', 200);
        memcpy(text, "\xc3\xa4", 2); /* one column */
        text[200] = '\0';
        sink_stderr_status(&s, text);
        n = read(fds[0], text, sizeof(text));
        ck_assert_int_eq(n, 4 + 79 + 1);

        while (write(fds[1], text, 4096) == 4096 && fcntl(fds[1], F_SETFL, O_NONBLOCK) == 0)
                ;
        ck_assert_int_eq(fcntl(fds[1], F_SETFL, 0), 0);
        sink_stderr_status(&s, "full"); /* would block for ever */

        s.form = STDERR_PLAIN;
        s.fd = -1;
        sink_stderr_status(&s, "nothing");
        close(fds[0]);
        close(fds[1]);
}
END_TEST

START_TEST(the_machine_fits_in_one_line) {
        static ViewDouble d;
        char text[512];
        TextBuf b;

        view_double_init(&d);
        textbuf_init(&b, text, sizeof(text));
        status_line_print(&d.view, &b);
        ck_assert_str_eq(text,
                "acting, 1 incident | available 128 MiB (3.1%) | swap none | stalled unknown | "
                "next look 50 ms");

        d.view.dry = true;
        steering_pause(&d.view.book.steering, UINT64_MAX, 0);
        d.view.book.incidents[0].used = false;
        d.verdicts[0].when = TRUTH_FALSE;
        d.view.sample.system[METRIC_MEM_AVAILABLE].known = false;
        d.view.sample.system[metric_psi(PSI_MEMORY, PSI_FULL, PSI_AVG10)] =
                (Reading){ .known = true, .value = 123 };
        textbuf_init(&b, text, sizeof(text));
        status_line_print(&d.view, &b);
        ck_assert_str_eq(text,
                "calm (dry run), paused | available unknown | swap none | stalled 1.2% | "
                "next look 50 ms");
        view_double_done(&d);
}
END_TEST

HARNESS_MAIN("sink-stderr", a_line_has_time_level_and_sentence_and_below_it_who_was_considered,
        a_collector_gets_a_priority_and_one_line,
        a_terminal_gets_its_status_line_wiped_and_colour_if_wanted,
        events_are_written_whole_and_a_closed_pipe_is_no_trouble,
        a_status_line_never_waits_and_is_for_terminals_only, the_machine_fits_in_one_line)
