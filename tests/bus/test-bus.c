/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The private socket, with the real protocol on both sides. */

#include "tests/bus/bus-bed.h"

static const char *call_explain(sd_bus *bus, const char *method, const char *policy, int pid) {
        return call_with(bus, method, "si", policy, pid);
}

/* ReleaseLeases: 1 or 0 as the daemon says, -EACCES when it denies it. */
static int call_release(sd_bus *bus, uint64_t id, const char *says) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        const char *message = NULL;
        int ok = -1;
        int r;

        r = sd_bus_call_method(
                bus, NULL, BUS_OBJECT, BUS_INTERFACE, "ReleaseLeases", &error, &reply, "t", id);
        if (r >= 0) {
                ck_assert_int_ge(sd_bus_message_read(reply, "bs", &ok, &message), 0);
                ck_assert_str_eq(message, says);
        } else if (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED))
                ok = -EACCES;
        sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return ok;
}

START_TEST(everybody_may_read_and_sees_the_state) {
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_ptr_nonnull(bus);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"level\":\"acting\""));
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"pid\":4312")); /* its target */
        ck_assert_ptr_nonnull(strstr(call(bus, "ListPolicies"), "\"never_matched\""));
        ck_assert_ptr_nonnull(strstr(call(bus, "ListConsumers"), "\"comm\":\"hog\""));
        ck_assert_str_eq(call(bus, "NoSuchMethod"), "!org.freedesktop.DBus.Error.UnknownMethod");
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(explain_takes_a_policy_and_a_process_and_refuses_nonsense) {
        char long_name[200];
        const char *text;
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        text = call_explain(bus, "Explain", "", 0);
        ck_assert_ptr_nonnull(strstr(text, "host-low"));
        ck_assert_ptr_nonnull(strstr(text, "calm-one"));
        ck_assert_msg(
                strstr(text, "secret-of-its-owner") == NULL, "a command line leaked: %s", text);
        text = call_explain(bus, "Explain", "host-low", 4312);
        ck_assert_ptr_nonnull(strstr(text, "hog"));
        text = call_explain(bus, "ExplainJson", "host-low", 4312);
        ck_assert_ptr_nonnull(strstr(text, "\"pid\":4312"));
        ck_assert_ptr_null(strstr(text, "calm-one"));

        ck_assert_str_eq(
                call_explain(bus, "Explain", "no-such-policy", 0), "!" SD_BUS_ERROR_INVALID_ARGS);
        ck_assert_str_eq(call_explain(bus, "Explain", "", -1), "!" SD_BUS_ERROR_INVALID_ARGS);
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        ck_assert_str_eq(call_explain(bus, "Explain", long_name, 0), "!" SD_BUS_ERROR_INVALID_ARGS);
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

static void nobody_reads_but_does_not_reload(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_ptr_nonnull(bus);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        ck_assert_int_eq(call_reload(bus, "Reload"), -EACCES);
        ck_assert_int_eq(call_reload(bus, "CheckReload"), -EACCES);
        ck_assert_int_eq(call_release(bus, 0, ""), -EACCES);
        hang_up(bus);
}

START_TEST(changes_are_for_root_and_the_daemons_own_user) {
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_int_eq(call_reload(bus, "Reload"), 0);
        ck_assert_int_eq(call_reload(bus, "CheckReload"), 0);
        ck_assert_int_eq(call_release(bus, 0, "3 given back"), 1);
        ck_assert_int_eq(call_release(bus, 7, "there is no lease 7"), 0);
        hang_up(bus);
        if (geteuid() == 0)
                as_nobody(&bed, nobody_reads_but_does_not_reload);
        bed_done(&bed);
}
END_TEST

static void nobody_steers(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_str_eq(
                change(bus, "Pause", "tb", UINT64_C(0), 0), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_str_eq(change(bus, "Resume", "b", 0), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_str_eq(
                change(bus, "Protect", "stb", "1", UINT64_C(0), 0), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_str_eq(change(bus, "Unprotect", "sb", "1", 0), "!" SD_BUS_ERROR_ACCESS_DENIED);
        ck_assert_str_eq(change(bus, "SetLogLevel", "s", "debug"), "!" SD_BUS_ERROR_ACCESS_DENIED);
        hang_up(bus);
}

START_TEST(steering_is_for_root_and_says_who_is_meant) {
        char said[1024];
        char *level = NULL;
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        snprintf(said, sizeof(said), "1 %d by %u for 7: pid 0", STEER_PAUSE, geteuid());
        ck_assert_str_eq(change(bus, "Pause", "tb", UINT64_C(7), 0), said);
        snprintf(said, sizeof(said), "1 %d by %u for 0, dry: pid 0", STEER_RESUME, geteuid());
        ck_assert_str_eq(change(bus, "Resume", "b", 1), said);
        snprintf(
                said, sizeof(said), "1 %d by %u for 9: unit ssh.service", STEER_PROTECT, geteuid());
        ck_assert_str_eq(change(bus, "Protect", "stb", "ssh", UINT64_C(9), 0), said);
        snprintf(said, sizeof(said), "0 %d by %u for 0: pid 99", STEER_UNPROTECT, geteuid());
        ck_assert_str_eq(change(bus, "Unprotect", "sb", "99", 0), said);
        ck_assert_int_eq(order(&bed, 'n'), '4');
        ck_assert_str_eq(change(bus, "Protect", "stb", "a b", UINT64_C(9), 0),
                "!" SD_BUS_ERROR_INVALID_ARGS);
        ck_assert_str_eq(change(bus, "SetLogLevel", "s", "loud"), "!" SD_BUS_ERROR_INVALID_ARGS);
        ck_assert_str_eq(change(bus, "SetLogLevel", "s", "debug"), "1 the log level is debug");
        ck_assert_int_ge(sd_bus_get_property_string(
                                 bus, NULL, BUS_OBJECT, BUS_INTERFACE, "LogLevel", NULL, &level),
                0);
        ck_assert_str_eq(level, "debug");
        if (geteuid() == 0)
                as_nobody(&bed, nobody_steers);
        ck_assert_int_eq(order(&bed, 'n'), '4');
        free(level);
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

static void nobody_cannot_connect(const Bed *bed) {
        ck_assert_ptr_null(connect_to(bed));
}

START_TEST(where_processes_are_hidden_the_socket_is_closed_to_users) {
        struct stat st;
        Bed bed;

        bed_init(&bed, 0600);
        ck_assert_int_eq(stat(bed.path, &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 0600);
        if (geteuid() == 0)
                as_nobody(&bed, nobody_cannot_connect);
        bed_done(&bed);
}
END_TEST

static int remember(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        char *into = userdata;
        const char *json;

        (void) reterr;
        ck_assert_int_ge(sd_bus_message_read(m, "s", &json), 0);
        snprintf(into, 4096, "%s", json);
        return 0;
}

static int remember_change(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        (void) m;
        (void) reterr;
        (*(int *) userdata)++;
        return 0;
}

START_TEST(events_and_changes_of_level_reach_every_peer) {
        char event[2][4096] = { "", "" };
        int changes[2] = { 0, 0 };
        sd_bus *bus[2];
        char *level = NULL;
        uint64_t available = 0;
        Bed bed;

        bed_init(&bed, 0666);
        for (size_t i = 0; i < 2; i++) {
                bus[i] = connect_to(&bed);
                ck_assert_int_ge(sd_bus_match_signal(bus[i], NULL, NULL, BUS_OBJECT, BUS_INTERFACE,
                                         "Event", remember, event[i]),
                        0);
                ck_assert_int_ge(sd_bus_match_signal(bus[i], NULL, NULL, BUS_OBJECT,
                                         "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                         remember_change, &changes[i]),
                        0);
        }
        order(&bed, 'e');
        order(&bed, 'l');
        order(&bed, 'l'); /* no change, no signal */
        for (size_t i = 0; i < 2; i++) {
                process_all(bus[i]);
                ck_assert_ptr_nonnull(strstr(event[i], "\"kind\":\"notify\""));
                ck_assert_ptr_nonnull(strstr(event[i], "\"serial\":3"));
                ck_assert_int_eq(changes[i], 1);
        }
        ck_assert_int_ge(sd_bus_get_property_string(
                                 bus[0], NULL, BUS_OBJECT, BUS_INTERFACE, "Level", NULL, &level),
                0);
        ck_assert_str_eq(level, "armed");
        ck_assert_int_ge(sd_bus_get_property_trivial(bus[0], NULL, BUS_OBJECT, BUS_INTERFACE,
                                 "MemAvailableBytes", NULL, 't', &available),
                0);
        ck_assert_uint_eq(available, 42);
        free(level);
        hang_up(bus[0]);
        hang_up(bus[1]);
        bed_done(&bed);
}
END_TEST

START_TEST(of_forty_peers_some_are_turned_away_and_places_come_free) {
        sd_bus *peers[40];
        size_t served = 0;
        Bed bed;

        bed_init(&bed, 0666);
        for (size_t i = 0; i < ELEMENTS(peers); i++) {
                peers[i] = connect_to(&bed);
                served += peers[i] != NULL;
        }
        ck_assert_uint_eq(served, BUS_PEERS_MAX);
        ck_assert_ptr_nonnull(strstr(call(peers[0], "Describe"), "\"schema_version\":1"));
        for (size_t i = 0; i < ELEMENTS(peers); i++)
                if (peers[i])
                        hang_up(peers[i]);

        peers[0] = NULL; /* the server learns of the end when it reads */
        for (size_t i = 0; !peers[0] && i < 1000; i++)
                peers[0] = connect_to(&bed);
        ck_assert_ptr_nonnull(peers[0]);
        ck_assert_ptr_nonnull(strstr(call(peers[0], "Describe"), "\"schema_version\":1"));
        hang_up(peers[0]);
        bed_done(&bed);
}
END_TEST

static void nobody_takes_what_he_gets(const Bed *bed) {
        sd_bus *peers[40];
        size_t served = 0;
        sd_bus *root;

        for (size_t i = 0; i < ELEMENTS(peers); i++) {
                peers[i] = connect_to(bed);
                served += peers[i] != NULL;
        }
        ck_assert_uint_eq(served, BUS_PEERS_PER_USER);

        /* Root is served all the same: the parent tests that while we hold our places. */
        root = peers[0];
        ck_assert_int_eq(kill(getpid(), SIGSTOP), 0);
        ck_assert_ptr_nonnull(strstr(call(root, "Describe"), "\"schema_version\":1"));
        for (size_t i = 0; i < ELEMENTS(peers); i++)
                if (peers[i])
                        hang_up(peers[i]);
}

static void root_is_served(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_ptr_nonnull(bus);
        ck_assert_int_eq(call_reload(bus, "Reload"), 0);
        hang_up(bus);
}

START_TEST(one_user_cannot_lock_the_administrator_out) {
        Bed bed;

        if (geteuid() != 0)
                return; /* there is no other user to be */

        bed_init(&bed, 0666);
        beside_nobody(&bed, nobody_takes_what_he_gets, root_is_served);
        bed_done(&bed);
}
END_TEST

START_TEST(a_peer_that_never_reads_is_dropped_and_holds_up_nobody) {
        sd_bus *deaf, *other;
        struct pollfd p = { .events = POLLIN };
        char buf[65536];
        ssize_t n;
        Bed bed;

        bed_init(&bed, 0666);
        deaf = connect_to(&bed);
        other = connect_to(&bed);
        /* Far more than sockets buffer; each order returns, so the server waits for nobody. */
        for (int i = 0; i < 2000; i++) {
                order(&bed, 'e');
                if (i % 8 == 0)
                        while (sd_bus_process(other, NULL) > 0)
                                ;
        }
        ck_assert_ptr_nonnull(strstr(call(other, "Describe"), "\"schema_version\":1"));

        /* What is buffered can still be read, then the connection ends. */
        p.fd = sd_bus_get_fd(deaf);
        do {
                ck_assert_int_eq(poll(&p, 1, 5000), 1);
                n = recv(p.fd, buf, sizeof(buf), 0);
        } while (n > 0);
        ck_assert_msg(n == 0 || errno == ECONNRESET, "%zd, %d", n, errno);
        sd_bus_close(deaf);
        sd_bus_unref(deaf);
        hang_up(other);
        bed_done(&bed);
}
END_TEST

/* sd-bus answers these by itself. */
START_TEST(a_peer_that_asks_and_never_reads_is_dropped) {
        static const char *const asked[][2] = {
                { "org.freedesktop.DBus.Introspectable", "Introspect" },
                { "org.freedesktop.DBus.Peer", "GetMachineId" },
        };

        for (size_t i = 0; i < ELEMENTS(asked); i++) {
                sd_bus *deaf;
                Bed bed;
                int r = 0;

                bed_init(&bed, 0666);
                deaf = connect_to(&bed);
                for (int n = 0; r >= 0 && n < 20000; n++) {
                        sd_bus_message *m = NULL;
                        uint64_t cookie; /* without, no answer is wanted */

                        ck_assert_int_ge(sd_bus_message_new_method_call(deaf, &m, NULL, BUS_OBJECT,
                                                 asked[i][0], asked[i][1]),
                                0);
                        r = sd_bus_send(deaf, m, &cookie);
                        if (r >= 0)
                                r = sd_bus_flush(deaf);
                        sd_bus_message_unref(m);
                }
                ck_assert_msg(r < 0, "%s without end", asked[i][1]);
                sd_bus_close(deaf);
                sd_bus_unref(deaf);
                bed_done(&bed);
        }
}
END_TEST

START_TEST(descriptors_are_not_taken_from_anybody) {
        sd_bus *bus;
        Bed bed;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_int_eq(sd_bus_can_send(bus, 's'), 1);
        ck_assert_int_eq(sd_bus_can_send(bus, 'h'), 0);
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(a_peer_that_asks_and_leaves_is_no_trouble) {
        sd_bus *bus;
        Bed bed;

        bed_init(&bed, 0666);
        order(&bed, 'm'); /* the question stays open */
        bus = connect_to(&bed);
        ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, NULL, BUS_OBJECT, BUS_INTERFACE,
                                 "Describe", NULL, NULL, NULL),
                0);
        hang_up(bus);
        while (order(&bed, 'w') == 'y')
                ;
        order(&bed, 'e');
        bed_done(&bed); /* answers it at the end, to nobody */
}
END_TEST

static int count_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        int *refused = userdata;

        (void) reterr;
        *refused += sd_bus_message_is_method_error(m, SD_BUS_ERROR_LIMITS_EXCEEDED) > 0;
        return 0;
}

START_TEST(a_peer_has_four_open_questions_at_most) {
        int refused = 0;
        sd_bus *bus;
        Bed bed;

        bed_init(&bed, 0666);
        order(&bed, 'm');
        bus = connect_to(&bed);
        for (int i = 0; i < 7; i++)
                ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, NULL, BUS_OBJECT,
                                         BUS_INTERFACE, "Describe", count_reply, &refused, NULL),
                        0);
        process_all(bus);
        ck_assert_int_eq(refused, 3);
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(a_question_that_nobody_answers_ends_with_a_reason) {
        Bed bed;
        sd_bus *bus;

        bed_patience_usec = USEC_PER_MSEC;
        bed_init(&bed, 0666);
        order(&bed, 'm');
        bus = connect_to(&bed);
        for (int i = 0; i < 6; i++) /* none of them counts as open any more */
                ck_assert_str_eq(call(bus, "Describe"), "!" SD_BUS_ERROR_TIMEOUT);
        ck_assert_int_eq(order(&bed, 'M'), 'M'); /* the view comes after all */
        bed_patience_usec = USEC_PER_MIN;
        hang_up(bus);
        bed_done(&bed);

        bed_init(&bed, 0666);
        order(&bed, 'm');
        bus = connect_to(&bed);
        ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, NULL, BUS_OBJECT, BUS_INTERFACE,
                                 "Describe", count_reply, &(int){ 0 }, NULL),
                0);
        ck_assert_int_ge(sd_bus_flush(bus), 0);
        ck_assert_int_eq(order(&bed, 'M'), 'M');
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

/* Returns how many were refused. */
static int ask_four_times(sd_bus *bus) {
        int refused = 0;

        for (int i = 0; i < 4; i++)
                ck_assert_int_ge(sd_bus_call_method_async(bus, NULL, NULL, BUS_OBJECT,
                                         BUS_INTERFACE, "Describe", count_reply, &refused, NULL),
                        0);
        process_all(bus);
        return refused;
}

static void nobody_asks_all_he_can(const Bed *bed) {
        sd_bus *peers[BUS_PEERS_PER_USER];
        int refused = 0;

        for (size_t i = 0; i < ELEMENTS(peers); i++) {
                peers[i] = connect_to(bed);
                refused += ask_four_times(peers[i]);
        }
        ck_assert_int_eq(refused, 4 * BUS_PEERS_PER_USER - 40);
        ck_assert_int_eq(kill(getpid(), SIGSTOP), 0);
        for (size_t i = 0; i < ELEMENTS(peers); i++)
                hang_up(peers[i]);
}

static void root_is_answered(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_int_eq(ask_four_times(bus), 0);
        hang_up(bus);
}

START_TEST(the_questions_of_one_user_leave_room_for_root) {
        Bed bed;

        if (geteuid() != 0)
                return; /* there is no other user to be */

        bed_init(&bed, 0666);
        order(&bed, 'm');
        beside_nobody(&bed, nobody_asks_all_he_can, root_is_answered);
        bed_done(&bed);
}
END_TEST

START_TEST(bytes_that_are_no_dbus_end_that_connection_only) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char buf[4096];
        ssize_t n;
        sd_bus *bus;
        Bed bed;
        int fd;

        bed_init(&bed, 0666);
        ck_assert(text_copy(address.sun_path, sizeof(address.sun_path), bed.path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        memset(buf, 'x', sizeof(buf));
        buf[0] = '\0';
        do { /* a login has an end, and this one has none */
                n = send(fd, buf, sizeof(buf), MSG_NOSIGNAL);
        } while (n > 0);
        ck_assert_msg(errno == EPIPE || errno == ECONNRESET, "%d", errno);
        close(fd);

        bus = connect_to(&bed);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

HARNESS_MAIN("bus", everybody_may_read_and_sees_the_state,
        explain_takes_a_policy_and_a_process_and_refuses_nonsense,
        changes_are_for_root_and_the_daemons_own_user, steering_is_for_root_and_says_who_is_meant,
        where_processes_are_hidden_the_socket_is_closed_to_users,
        events_and_changes_of_level_reach_every_peer,
        of_forty_peers_some_are_turned_away_and_places_come_free,
        one_user_cannot_lock_the_administrator_out,
        a_peer_that_never_reads_is_dropped_and_holds_up_nobody,
        a_peer_that_asks_and_never_reads_is_dropped, descriptors_are_not_taken_from_anybody,
        a_peer_that_asks_and_leaves_is_no_trouble, a_peer_has_four_open_questions_at_most,
        a_question_that_nobody_answers_ends_with_a_reason,
        the_questions_of_one_user_leave_room_for_root,
        bytes_that_are_no_dbus_end_that_connection_only)
