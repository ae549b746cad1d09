/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose command line is whose to see, over the private socket. */

#include "tests/bus/bus-bed.h"

#define DENIED "!" SD_BUS_ERROR_ACCESS_DENIED
#define NO_SUCH "!" SD_BUS_ERROR_UNIX_PROCESS_ID_UNKNOWN
#define NOT_NOW "!" SD_BUS_ERROR_IO_ERROR
#define TOO_LATE "!" SD_BUS_ERROR_TIMEOUT
#define NOT_HERE "!" SD_BUS_ERROR_NOT_SUPPORTED

START_TEST(root_sees_every_command_line_in_plain_text) {
        static const struct {
                int pid;
                uint64_t start_ticks;
                const char *says;
        } rows[] = {
                { OF_ROOT, 77, "rootd --password=secret" },
                { OF_NOBODY, 77, "vi letter" },
                { OF_NOBODY, 0, "vi letter" },
                { OF_BOTH, 77, "sudo -i" },
                { HOSTILE, 77, "ls --\\x1b[2J\\x0aa\\xffb\\x5c\\xe2\\x80\\xae" },
                { OF_NOBODY, 78, NO_SUCH }, /* another one, before */
                { GONE, 77, NO_SUCH },
                { 0, 0, "!" SD_BUS_ERROR_INVALID_ARGS },
                { -1, 0, "!" SD_BUS_ERROR_INVALID_ARGS },
        };
        Bed bed;
        sd_bus *bus;

        if (geteuid() != 0)
                return;
        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const char *got = call_command_line(bus, rows[i].pid, rows[i].start_ticks);

                ck_assert_msg(strcmp(got, rows[i].says) == 0, "%d: %s", rows[i].pid, got);
        }
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

static void nobody_sees_his_own(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), "vi letter");
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), DENIED);
        ck_assert_str_eq(call_command_line(bus, OF_BOTH, 77), DENIED);
        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 76), NO_SUCH);
        ck_assert_str_eq(call_command_line(bus, GONE, 0), NO_SUCH);
        hang_up(bus);
}

START_TEST(others_see_what_is_theirs_only) {
        Bed bed;

        bed_init(&bed, 0666);
        if (geteuid() == 0)
                as_nobody(&bed, nobody_sees_his_own);
        bed_done(&bed);
}
END_TEST

static void nobody_finds_his_pid_with_another(const Bed *bed) {
        sd_bus *bus = connect_to(bed);

        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 0), DENIED);
        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), NO_SUCH);
        hang_up(bus);
}

START_TEST(a_pid_that_is_roots_by_now_shows_nothing_of_root) {
        Bed bed;

        bed_init(&bed, 0666);
        tree_process(&bed.f, "",
                &(TreeProcess){
                        .pid = OF_NOBODY, .comm = "x", .cmdline = "rootd --secret", .start = 78 });
        if (geteuid() == 0)
                as_nobody(&bed, nobody_finds_his_pid_with_another);
        bed_done(&bed);
}
END_TEST

static void nobody_is_not_let_in(const Bed *bed) {
        ck_assert_ptr_null(connect_to(bed));
}

START_TEST(where_processes_are_hidden_root_alone_asks) {
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0600);
        if (geteuid() == 0)
                as_nobody(&bed, nobody_is_not_let_in);
        bus = connect_to(&bed);
        if (geteuid() == 0)
                ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), "vi letter");
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(a_huge_command_line_is_cut_and_every_byte_of_it_made_plain) {
        static char text[128 * 1024];
        const char *got;
        Bed bed;
        sd_bus *bus;

        if (geteuid() != 0)
                return;
        memset(text, 0x9b, sizeof(text) - 1); /* begins a sequence where a terminal takes 8 bits */
        bed_make(&bed);
        bed_record(&bed, HOSTILE, NOBODY, text);
        bed_serve(&bed, 0666, NULL);
        bus = connect_to(&bed);
        got = call_command_line(bus, HOSTILE, 77);
        ck_assert_uint_gt(strlen(got), 4 * 1024);
        ck_assert_uint_lt(strlen(got), 8 * 1024);
        ck_assert_uint_eq(strspn(got, "\\x9b"), strlen(got));
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(a_process_that_cannot_be_read_costs_its_answer_and_no_other) {
        Bed bed;
        sd_bus *bus;

        if (geteuid() != 0)
                return;
        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), "rootd --password=secret");
        ck_assert_int_eq(order(&bed, 'h'), 'h');
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), NOT_NOW);
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), "rootd --password=secret");
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(without_a_reader_everything_else_is_answered) {
        Bed bed;
        sd_bus *bus;

        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_int_eq(order(&bed, 'k'), 'k');
        for (int i = 0; i < 2; i++) /* it is noticed, and remembered */
                ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), NOT_HERE);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "\"schema_version\":1"));
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

static int count_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        unsigned *counts = userdata;

        (void) reterr;
        counts[sd_bus_message_is_method_error(m, SD_BUS_ERROR_LIMITS_EXCEEDED) > 0 ? 1 : 0]++;
        return 0;
}

static void ask_for_many(sd_bus *bus, int n, int pid, unsigned *counts) {
        for (int i = 0; i < n; i++)
                ck_assert_int_ge(
                        sd_bus_call_method_async(bus, NULL, NULL, BUS_OBJECT, BUS_INTERFACE,
                                "CommandLine", count_reply, counts, "it", pid, UINT64_C(77)),
                        0);
        ck_assert_ptr_nonnull(strstr(call(bus, "Describe"), "schema_version")); /* all are taken */
}

START_TEST(a_peer_has_two_of_them_under_way_and_may_leave) {
        unsigned counts[2] = { 0 };
        Bed bed;
        sd_bus *bus, *other;

        if (geteuid() != 0)
                return;
        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        other = connect_to(&bed);
        ck_assert_str_eq(call_command_line(bus, OF_ROOT, 77), "rootd --password=secret");
        ck_assert_int_eq(order(&bed, 'h'), 'h');
        ask_for_many(bus, 5, OF_ROOT, counts);
        while (counts[1] < 3)
                process_all(bus);
        hang_up(bus);
        ck_assert_uint_eq(counts[1], 3);
        ck_assert_str_eq(call_command_line(other, OF_NOBODY, 77), "vi letter");
        hang_up(other);
        bed_done(&bed);
}
END_TEST

static void nobody_asks_for_as_many_as_he_may(const Bed *bed) {
        unsigned counts[2] = { 0 };
        sd_bus *bus[3];

        for (size_t i = 0; i < ELEMENTS(bus); i++) {
                bus[i] = connect_to(bed);
                ask_for_many(bus[i], 2, OF_NOBODY, counts);
        }
        (void) raise(SIGSTOP);
        while (counts[0] + counts[1] < 6)
                for (size_t i = 0; i < ELEMENTS(bus); i++)
                        process_all(bus[i]);
        ck_assert_uint_eq(counts[0], 4);
        ck_assert_uint_eq(counts[1], 2);
        for (size_t i = 0; i < ELEMENTS(bus); i++)
                hang_up(bus[i]);
}

static void root_is_behind_one_of_them(const Bed *bed) {
        unsigned counts[2] = { 0 };
        sd_bus *bus = connect_to(bed);

        ck_assert_int_eq(order(bed, 'p'), '1');
        ask_for_many(bus, 1, OF_ROOT, counts);
        ck_assert_int_eq(order(bed, 'p'), '2');
        ck_assert_int_eq(order(bed, 'g'), 'g');
        while (counts[0] < 1)
                process_all(bus);
        hang_up(bus);
}

START_TEST(what_one_user_asks_for_is_read_by_turns_with_that_of_others) {
        Bed bed;
        sd_bus *bus;

        if (geteuid() != 0)
                return;
        bed_reading_usec = USEC_PER_MIN;
        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), "vi letter");
        ck_assert_int_eq(order(&bed, 'h'), 'h');
        beside_nobody(&bed, nobody_asks_for_as_many_as_he_may, root_is_behind_one_of_them);
        ck_assert_int_eq(order(&bed, 'p'), '0');
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

START_TEST(those_who_waited_in_vain_leave_one_behind_with_the_reader) {
        Bed bed;
        sd_bus *bus;

        if (geteuid() != 0)
                return;
        bed_reading_usec = USEC_PER_MIN;
        bed_patience_usec = 100 * USEC_PER_MSEC;
        bed_init(&bed, 0666);
        bus = connect_to(&bed);
        while (strcmp(call_command_line(bus, OF_NOBODY, 77), "vi letter") != 0)
                ; /* until there is who reads */
        ck_assert_int_eq(order(&bed, 'h'), 'h');
        for (int i = 0; i < 3; i++)
                ck_assert_str_eq(call_command_line(bus, OF_NOBODY, 77), TOO_LATE);
        ck_assert_int_eq(order(&bed, 'p'), '1');
        hang_up(bus);
        bed_done(&bed);
}
END_TEST

HARNESS_MAIN("bus-cmdline", root_sees_every_command_line_in_plain_text,
        others_see_what_is_theirs_only, a_pid_that_is_roots_by_now_shows_nothing_of_root,
        where_processes_are_hidden_root_alone_asks,
        a_huge_command_line_is_cut_and_every_byte_of_it_made_plain,
        a_process_that_cannot_be_read_costs_its_answer_and_no_other,
        without_a_reader_everything_else_is_answered,
        a_peer_has_two_of_them_under_way_and_may_leave,
        what_one_user_asks_for_is_read_by_turns_with_that_of_others,
        those_who_waited_in_vain_leave_one_behind_with_the_reader)
