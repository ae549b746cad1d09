/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/verb-run.h"

static Fixture fixture;
static char bus[300];

static void begin(void) {
        fixture_init(&fixture);
        snprintf(bus, sizeof(bus), "%.80s/bus", fixture.path);
}

static void end(void) {
        fixture_done(&fixture);
}

/* avertctl metrics with these words, NULL-terminated. */
static void run(const char *word, ...) {
        const char *const first[] = { "metrics", "--bus", bus, NULL };
        va_list ap;

        va_start(ap, word);
        run_words(first, word, ap);
        va_end(ap);
}

/* A process that answers one peer with this, if he asks for the format, and ends. */
static pid_t serve(const char *answer, const char *format) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pid_t pid;

        snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/metrics", fixture.path);
        (void) unlink(address.sun_path);
        ck_assert_int_eq(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(fd, 1), 0);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
                int peer = accept(fd, NULL, NULL);
                char request[512] = "";
                size_t len = strlen(answer), sent = 0;

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (recv(peer, request, sizeof(request) - 1, 0) < 0 || !strstr(request, format))
                        _exit(1);
                while (sent < len) {
                        ssize_t n = send(peer, answer + sent, len - sent, MSG_NOSIGNAL);

                        if (n < 0)
                                _exit(2);
                        sent += (size_t) n;
                }
                _exit(0);
        }
        close_fd(fd);
        return pid;
}

static void assert_served(pid_t pid) {
        int status;

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(text_is_printed_in_the_format_that_was_asked_for) {
        static const struct {
                const char *option, *accept;
        } rows[] = {
                { NULL, "Accept: text/plain\r\n" },
                { "--format=prometheus", "Accept: text/plain\r\n" },
                { "--format=openmetrics", "Accept: application/openmetrics-text\r\n" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                pid_t pid;

                begin();
                pid = serve("HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\navert_up 1\n\n",
                        rows[i].accept);
                run(rows[i].option, NULL);
                expect(CTL_OK, "", "");
                ck_assert_str_eq(out, "avert_up 1\n\n");
                assert_served(pid);
                end();
        }
}
END_TEST

START_TEST(text_of_any_length_is_printed_whole) {
        enum { LINES = 30000 };
        const char line[] = "avert_x_total 12345\n";
        char *answer = malloc(LINES * sizeof(line) + 100);
        size_t len;
        pid_t pid;

        begin();
        ck_assert_ptr_nonnull(answer);
        len = (size_t) sprintf(answer, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n",
                LINES * (sizeof(line) - 1));
        for (int i = 0; i < LINES; i++)
                len += (size_t) sprintf(answer + len, "%s", line);
        pid = serve(answer, "GET ");
        run(NULL, NULL);
        expect(CTL_OK, "", "");
        ck_assert_uint_eq(strlen(out), LINES * (sizeof(line) - 1));
        assert_served(pid);
        free(answer);
        end();
}
END_TEST

START_TEST(answer_that_is_none_is_told) {
        static const struct {
                const char *answer, *says;
        } rows[] = {
                { "HTTP/1.0 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nbusy\n",
                        "there are no metrics: busy" },
                { "HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\ncut off", "no answer of HTTP" },
                { "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\ntoo much", "no answer of HTTP" },
                { "HTTP/1.0 200 OK\r\n\r\nContent-Length: 3\r\n\r\nx", "no answer of HTTP" },
                { "HTTP/1.0 200 OK\r\nContent-Length: x\r\n\r\n", "no answer of HTTP" },
                { "HTTP/1.0", "no answer of HTTP" },
                { "hello", "no answer of HTTP" },
                { "", "avertd closed the connection" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                pid_t pid;

                begin();
                pid = serve(rows[i].answer, "GET ");
                run(NULL, NULL);
                expect(CTL_FAILED, "", rows[i].says);
                ck_assert_str_eq(out, "");
                assert_served(pid);
                end();
        }
}
END_TEST

START_TEST(answer_cannot_steer_the_terminal) {
        pid_t pid;

        begin();
        pid = serve("HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n\033[2Jx\n", "GET ");
        run(NULL, NULL);
        expect(CTL_OK, "", "");
        ck_assert_ptr_null(strchr(out, '\033'));
        assert_served(pid);
        end();
}
END_TEST

START_TEST(absence_and_misuse_are_told) {
        begin();
        run(NULL, NULL);
        expect(CTL_NOT_RUNNING, "", "/metrics): start it with");
        run("--format=xml", NULL);
        expect(CTL_USAGE, "", "it takes prometheus or openmetrics");
        run("--json", NULL);
        expect(CTL_USAGE, "", "--json means nothing to 'metrics'");
        run("now", NULL);
        expect(CTL_USAGE, "", "usage: avertctl metrics");
        memset(bus, 'x', sizeof(bus) - 1);
        bus[0] = bus[200] = '/';
        run(NULL, NULL);
        expect(CTL_USAGE, "", "107 characters");
        end();
}
END_TEST

HARNESS_MAIN("verb-metrics", text_is_printed_in_the_format_that_was_asked_for,
        text_of_any_length_is_printed_whole, answer_that_is_none_is_told,
        answer_cannot_steer_the_terminal, absence_and_misuse_are_told)
