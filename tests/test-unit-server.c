/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/unit-server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fdio.h"
#include "tests/systemd-double.h"

#define PATIENT (20 * USEC_PER_SEC) /* never used up by a test that passes */

static SystemdDouble manager;
static sd_event *event;
static UnitServer *server;
static int listening;
static struct sockaddr_un address;

static unsigned n_reports;
static int reported;
static bool understood;

static void on_report(void *ctx, const UnitRequest *request, int answer, const char *words) {
        ck_assert_ptr_eq(ctx, &manager);
        ck_assert_ptr_nonnull(words);
        n_reports++;
        reported = answer;
        understood = request != NULL;
}

static void begin(uid_t peer, usec_t patience) {
        UnitServerSettings settings = {
                .peer = peer,
                .patience_usec = patience,
                .report = on_report,
                .ctx = &manager,
        };
        TextBuf b;

        ck_assert_int_ge(sd_event_new(&event), 0);
        systemd_double_start(&manager, event);
        settings.manager = manager.address;
        address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        textbuf_init(&b, address.sun_path, sizeof(address.sun_path));
        textbuf_addf(&b, "%s/units", manager.tree.path);
        ck_assert(!b.truncated);
        listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_ge(listening, 0);
        ck_assert_int_eq(bind(listening, (struct sockaddr *) &address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listening, 16), 0);
        ck_assert_int_eq(unit_server_new(event, listening, &settings, &server), 0);
}

static void end(void) {
        server = unit_server_free(server);
        close_fd(listening);
        (void) unlink(address.sun_path);
        systemd_double_stop(&manager);
        event = sd_event_unref(event);
}

static int dial(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void say(int fd, const char *text) {
        ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t) strlen(text));
}

static int ask(const char *text) {
        int fd = dial();

        say(fd, text);
        return fd;
}

/* Until nothing is to be done that does not wait for time or for somebody. */
static void settle(void) {
        while (sd_event_run(event, 0) > 0)
                ;
}

static void run_until_reported(unsigned n) {
        while (n_reports < n)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        settle();
}

/* All that was answered, up to the end of the connection, which is closed. */
static void expect(int fd, const char *text) {
        char line[UNIT_LINE_MAX];
        ssize_t n;

        n = recv(fd, line, sizeof(line) - 1, 0);
        ck_assert_msg(n >= 0, "%s: %s", text, strerror(errno));
        line[n] = '\0';
        ck_assert_str_eq(line, text);
        if (n > 0)
                ck_assert_int_le(recv(fd, line, sizeof(line), 0), 0);
        close_fd(fd);
}

START_TEST(a_request_is_answered_and_the_next_one_too) {
        static const struct {
                const char *name;
                SystemdDouble manager;
                const char *request, *answer;
                int reported;
                bool understood;
        } rows[] = {
                { "stop", { .id = "a.service", .result = "done" }, "stop a.service 20000\n",
                        "done\n", UNIT_DONE, true },
                { "restart", { .id = "a.service", .result = "done" }, "restart a.service 20000\n",
                        "done\n", UNIT_DONE, true },
                { "late", { .id = "a.service" }, "stop a.service 1\n", "late\n", UNIT_LATE, true },
                { "refused by the manager", {}, "stop a.service 20000\n", "refused 2 not loaded\n",
                        -ENOENT, true },
                { "the manager hangs up", { .id = "a.service", .hangs_up = true },
                        "stop a.service 20000\n", "refused 104\n", -ECONNRESET, true },
                { "vital", {}, "stop init.scope 20000\n", "refused 1\n", -EPERM, false },
                { "malformed", {}, "start a.service 20000\n", "refused 22\n", -EINVAL, false },
                { "empty", {}, "\n", "refused 22\n", -EINVAL, false },
                { "stop again", { .id = "a.service", .result = "done" }, "stop a.service 20000\n",
                        "done\n", UNIT_DONE, true },
        };

        begin(getuid(), PATIENT);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                int fd;

                manager.id = rows[i].manager.id;
                manager.result = rows[i].manager.result;
                manager.hangs_up = rows[i].manager.hangs_up;
                fd = ask(rows[i].request);
                run_until_reported((unsigned) i + 1);
                ck_assert_msg(reported == rows[i].reported && understood == rows[i].understood,
                        "%s: %d", rows[i].name, reported);
                expect(fd, rows[i].answer);
        }
        end();
}
END_TEST

START_TEST(a_request_may_come_in_pieces_but_not_without_end) {
        char endless[UNIT_LINE_MAX + 1];
        int fd;

        manager = (SystemdDouble){ .id = "a.service", .result = "done" };
        begin(getuid(), PATIENT);
        fd = ask("stop a.ser");
        settle();
        ck_assert_uint_eq(n_reports, 0);
        say(fd, "vice 20000\nand more");
        run_until_reported(1);
        ck_assert_str_eq(manager.unit, "a.service");
        close_fd(fd);

        memset(endless, 'a', sizeof(endless) - 1);
        endless[sizeof(endless) - 1] = '\0';
        fd = ask(endless);
        run_until_reported(2);
        ck_assert_int_eq(reported, -EMSGSIZE);
        expect(fd, "refused 90\n");
        end();
}
END_TEST

START_TEST(who_says_nothing_is_dropped) {
        int fd;

        begin(getuid(), USEC_PER_MSEC);
        fd = dial();
        run_until_reported(1);
        ck_assert_int_eq(reported, -ETIMEDOUT);
        expect(fd, "refused 110\n");
        end();
}
END_TEST

START_TEST(nobody_else_may_ask) {
        int fd;

        manager = (SystemdDouble){ .id = "a.service", .result = "done" };
        begin(getuid() + 1, PATIENT);
        fd = ask("stop a.service 20000\n");
        run_until_reported(1);
        ck_assert_int_eq(reported, -EACCES);
        ck_assert(!understood);
        ck_assert_uint_eq(manager.n_orders, 0);
        close_fd(fd);
        end();
}
END_TEST

START_TEST(who_hung_up_wants_nothing_any_more) {
        int fd;

        manager = (SystemdDouble){ .id = "a.service" };
        begin(getuid(), PATIENT);
        close_fd(ask("stop a.service 20000\n")); /* before it was taken */
        settle();
        ck_assert_uint_eq(manager.n_orders, 0);
        ck_assert_uint_eq(n_reports, 0);

        close_fd(dial()); /* said nothing */
        settle();
        ck_assert_uint_eq(n_reports, 0);

        fd = ask("stop a.service 20000\n");
        while (manager.n_orders == 0)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        settle();
        close_fd(fd);
        run_until_reported(1);
        ck_assert_int_eq(reported, -EPIPE);
        end();
}
END_TEST

START_TEST(those_beyond_the_places_wait_for_one) {
        int fds[UNIT_PEERS_MAX + 2];

        manager = (SystemdDouble){ .id = "a.service", .result = "done" };
        begin(getuid(), PATIENT);
        for (size_t i = 0; i < UNIT_PEERS_MAX; i++)
                fds[i] = dial();
        settle();
        fds[UNIT_PEERS_MAX] = ask("stop a.service 20000\n");
        fds[UNIT_PEERS_MAX + 1] = ask("stop a.service 20000\n");
        settle();
        ck_assert_uint_eq(manager.n_orders, 0);

        close_fd(fds[UNIT_PEERS_MAX + 1]); /* gives up while it waits */
        close_fd(fds[0]);                  /* makes room */
        run_until_reported(1);
        expect(fds[UNIT_PEERS_MAX], "done\n");
        settle();
        ck_assert_uint_eq(manager.n_orders, 1);
        for (size_t i = 1; i < UNIT_PEERS_MAX; i++)
                close_fd(fds[i]);
        end();
}
END_TEST

START_TEST(without_a_manager_requests_are_refused) {
        int fd;

        begin(getuid(), PATIENT);
        ck_assert_int_eq(unlink(manager.path), 0);
        fd = ask("stop a.service 20000\n");
        run_until_reported(1);
        ck_assert_int_eq(reported, -ENOENT);
        ck_assert(understood);
        close_fd(fd);
        end();
}
END_TEST

HARNESS_MAIN("unit-server", a_request_is_answered_and_the_next_one_too,
        a_request_may_come_in_pieces_but_not_without_end, who_says_nothing_is_dropped,
        nobody_else_may_ask, who_hung_up_wants_nothing_any_more,
        those_beyond_the_places_wait_for_one, without_a_manager_requests_are_refused)
