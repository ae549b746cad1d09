/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* avert-units: what avertd asks to have a unit stopped or restarted, because it has no right to do
 * so itself. One per connection, started by avert-units.socket: reads one request, does it through
 * systemd's private socket, answers it, ends. It does nothing that is not in unit-request.h. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/unit-job.h"

#define MANAGER_ADDRESS "unix:path=/run/systemd/private" /* root's alone; there without a bus */
#define PATIENCE_USEC (5 * USEC_PER_SEC)                 /* for the request */

static int wait_readable(usec_t deadline_usec) {
        struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
        usec_t left = usec_since(deadline_usec, clock_monotonic_usec());
        int r;

        r = poll(&p, 1, (int) (left / USEC_PER_MSEC));
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        return r == 0 ? -ETIMEDOUT : 0;
}

/* The length of the line, without its newline, or negative errno. */
static ssize_t read_line(char *line, size_t size) {
        usec_t deadline = usec_add(clock_monotonic_usec(), PATIENCE_USEC);
        size_t len = 0;

        while (len < size) {
                const char *end;
                ssize_t n;
                int r;

                r = wait_readable(deadline);
                if (r < 0)
                        return r;
                n = recv(STDIN_FILENO, line + len, size - len, MSG_DONTWAIT);
                if (n == 0)
                        return -ENODATA;
                if (n < 0) {
                        if (errno == EAGAIN || errno == EINTR)
                                continue;
                        return -errno;
                }
                end = memchr(line + len, '\n', (size_t) n);
                len += (size_t) n;
                if (end)
                        return end - line;
        }
        return -EMSGSIZE;
}

static int connect_manager(sd_bus **ret) {
        sd_bus *bus;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, MANAGER_ADDRESS);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0) {
                sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

static int serve(const UnitRequest *request, TextBuf *ret_words) {
        usec_t deadline = usec_add(clock_monotonic_usec(), request->timeout_usec);
        sd_bus *manager = NULL;
        int r;

        r = connect_manager(&manager);
        if (r < 0) {
                textbuf_add(ret_words, MANAGER_ADDRESS);
                return r;
        }
        r = unit_job_run(manager, request, deadline, ret_words);
        sd_bus_close(manager);
        sd_bus_unref(manager);
        return r;
}

static void answer_with(int answer, const char *words) {
        char line[UNIT_LINE_MAX];
        TextBuf b;

        textbuf_init(&b, line, sizeof(line));
        unit_answer_print(answer, words, &b);
        /* who asked may be gone */
        (void) send(STDIN_FILENO, line, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int main(void) {
        char line[UNIT_LINE_MAX], words[256];
        UnitRequest request;
        ssize_t n;
        TextBuf w;
        int r;

        textbuf_init(&w, words, sizeof(words));
        n = read_line(line, sizeof(line));
        r = n < 0 ? (int) n : unit_request_parse(line, (size_t) n, &request);
        if (r < 0) {
                textbuf_add_escaped(&w, line, n < 0 ? 0 : (size_t) n);
                (void) fprintf(
                        stderr, "avert-units: request refused: %s: %s\n", strerror(-r), words);
                answer_with(r, NULL);
                return EXIT_SUCCESS; /* a refusal is an answer: the service did not fail */
        }

        r = serve(&request, &w);
        (void) fprintf(stderr, "avert-units: %s %s: %s%s%s\n", unit_verb_name(request.verb),
                request.unit,
                r == UNIT_DONE  ? "done"
                        : r > 0 ? "not over in time"
                                : strerror(-r),
                w.len > 0 ? ": " : "", words);
        answer_with(r, words);
        return EXIT_SUCCESS;
}
