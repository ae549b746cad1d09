/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/seats.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macro.h"
#include "tests/harness.h"

enum { OWN = 990 };

static const Seats EMPTY = { .total = 8, .reserved = 2, .per_user = 3, .own = OWN };

static size_t take_as_many_as_there_are(Seats *s, uid_t uid) {
        size_t n = 0;

        while (n < 2 * SEATS_MAX && seats_take(s, uid))
                n++;
        return n;
}

START_TEST(each_kind_of_user_gets_as_many_places_as_the_rules_say) {
        static const struct {
                const char *name;
                uid_t uid;
                size_t want;
        } rows[] = { { "a user", 1000, 3 }, { "root", 0, 8 }, { "ourselves", OWN, 8 } };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                Seats s = EMPTY;

                ck_assert_msg(take_as_many_as_there_are(&s, rows[i].uid) == rows[i].want, "%s",
                        rows[i].name);
        }
}
END_TEST

START_TEST(many_users_together_leave_the_reserve_to_root) {
        Seats s = EMPTY;
        size_t n = 0;

        for (uid_t uid = 1000; uid < 1010; uid++)
                n += take_as_many_as_there_are(&s, uid);
        ck_assert_uint_eq(n, 6);
        ck_assert(seats_take(&s, 0));
        ck_assert(seats_take(&s, OWN));
        ck_assert(!seats_take(&s, 0));
}
END_TEST

START_TEST(place_that_is_given_back_is_free_for_the_same_user_only) {
        Seats s = EMPTY;

        take_as_many_as_there_are(&s, 1000);
        take_as_many_as_there_are(&s, 1001);
        seats_leave(&s, 1000);
        ck_assert(!seats_take(&s, 1001));
        ck_assert(seats_take(&s, 1000));
        ck_assert(!seats_take(&s, 1000));
}
END_TEST

START_TEST(peer_is_known_by_its_socket_and_no_socket_is_an_error) {
        Seats s = EMPTY;
        uid_t uid = 12345;
        int fds[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        ck_assert_int_eq(seats_take_peer(&s, fds[0], &uid), 0);
        ck_assert_uint_eq(uid, geteuid());

        s.total = 1;
        s.own = geteuid();
        uid = 12345;
        ck_assert_int_eq(seats_take_peer(&s, fds[0], &uid), -EUSERS);
        close(fds[0]);
        close(fds[1]);
        ck_assert_int_eq(seats_take_peer(&s, fds[0], &uid), -EBADF);
        ck_assert_uint_eq(uid, 12345);
        ck_assert_uint_eq(s.n, 1);
}
END_TEST

HARNESS_MAIN("seats", each_kind_of_user_gets_as_many_places_as_the_rules_say,
        many_users_together_leave_the_reserve_to_root,
        place_that_is_given_back_is_free_for_the_same_user_only,
        peer_is_known_by_its_socket_and_no_socket_is_an_error)
