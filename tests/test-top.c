/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/top.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/top-page.h"
#include "tests/harness.h"

static Top top;
static char page[64][256]; /* rows as they were drawn */
static unsigned marked_row;

static const char state[] =
        "{\"schema_version\":1,\"version\":\"0.1.0\",\"level\":\"acting\",\"dry_run\":true,"
        "\"readings\":[{\"metric\":\"mem.total\",\"value\":4294967296},"
        "{\"metric\":\"mem.available\",\"value\":1073741824},"
        "{\"metric\":\"swap.total\",\"value\":0},{\"metric\":\"swap.free\",\"value\":0},"
        "{\"metric\":\"psi.memory.some.10s\",\"value\":1250}],"
        "\"incidents\":[{\"policy\":\"host-low\",\"phase\":\"open\",\"since_usec_ago\":3000000,"
        "\"step\":\"terminate\",\"target\":{\"pid\":7,\"comm\":\"hog\"},\"target_cgroup\":null,"
        "\"reason\":\"mem.available 3% < 8%\"}],"
        "\"leases\":[{\"file\":\"memory.high\",\"cgroup\":\"/b\",\"unit\":\"build.service\","
        "\"policy\":\"squeeze\",\"value\":1073741824,\"left_usec\":20000000},"
        "{\"file\":\"cgroup.freeze\",\"cgroup\":\"/c\",\"unit\":\"\",\"policy\":\"ice\","
        "\"value\":1,\"left_usec\":null}]}";

static const char consumers[] =
        "{\"schema_version\":1,\"processes_known\":3,\"units_known\":2,\"processes\":["
        "{\"pid\":7,\"comm\":\"hog\",\"uid\":1000,\"unit\":\"\",\"freeable_bytes\":3221225472,"
        "\"gained_bytes\":null,\"growth_bytes_per_sec\":-1048576},"
        "{\"pid\":8,\"comm\":\"small\",\"uid\":0,\"unit\":\"x.service\",\"freeable_bytes\":1048576,"
        "\"gained_bytes\":1048576,\"growth_bytes_per_sec\":null},"
        "{\"pid\":9,\"comm\":\"e\\u001b[31mvil\",\"uid\":0,\"unit\":\"\",\"freeable_bytes\":"
        "2097152,"
        "\"gained_bytes\":0,\"growth_bytes_per_sec\":2097152}],\"units\":["
        "{\"unit\":\"x.service\",\"container\":\"\",\"uid\":0,\"session\":1,\"largest_pid\":8,"
        "\"largest_comm\":\"small\",\"n_processes\":1,\"freeable_bytes\":1048576,"
        "\"gained_bytes\":1048576,\"pressure_permyriad\":900},"
        "{\"unit\":\"\",\"container\":\"\",\"uid\":1000,\"session\":55,\"largest_pid\":7,"
        "\"largest_comm\":\"hog\",\"n_processes\":2,\"freeable_bytes\":3223322624,"
        "\"gained_bytes\":null,\"pressure_permyriad\":null}]}";

static void take(const char *state_text, const char *consumers_text) {
        Json *s, *c;

        ck_assert_int_eq(json_parse(state_text, &s), 0);
        ck_assert_int_eq(json_parse(consumers_text, &c), 0);
        top_take(&top, s, c);
        json_unref(s);
        json_unref(c);
}

static void keys(const char *text) {
        for (; *text; text++)
                (void) top_key(&top, *text);
}

static void put(
        void *ctx, unsigned row, unsigned column, Paint paint, bool marked, const char *text) {
        char *line = page[row];
        size_t len;

        (void) ctx;
        (void) paint;
        ck_assert_uint_lt(row, ELEMENTS(page));
        len = strlen(line);
        /* every mark of these tests is one byte: columns are bytes */
        ck_assert_msg(column >= len, "row %u: '%s' lies on '%s'", row, text, line);
        memset(line + len, ' ', column - len);
        (void) strcpy(line + column, text);
        if (marked)
                marked_row = row;
}

static void draw(unsigned width, unsigned height) {
        memset(page, 0, sizeof(page));
        marked_row = UINT32_MAX;
        top_draw(&top, &(TopCanvas){ .put = put, .width = width, .height = height });
        for (size_t i = 0; i < ELEMENTS(page); i++)
                ck_assert_msg(
                        strlen(page[i]) <= width, "%zu columns: %s", strlen(page[i]), page[i]);
}

static void begin(void) {
        top_init(&top);
        take(state, consumers);
}

START_TEST(the_page_has_gauges_incidents_leases_and_the_table) {
        static const char *const expected[] = {
                "avertd 0.1.0: acting (dry run)",
                "memory   [|||||||||||||||||     ] 75%, 3.0 GiB of 4.0 GiB                      *",
                "swap     [                      ] none",
                "pressure [|||                   ] 12.5% of the last 10 s                       .",
                "incident host-low open for 3 s, terminate hog 7: mem.available 3% < 8%",
                "lease    memory.high of build.service: 1.0 GiB, for another 20 s [squeeze]",
                "         cgroup.freeze of /c: 1 [ice]",
                "UNIT, 2                 FREEABLEv    GAINED   PRESSURE  PROCESSES, LARGEST",
                "user 1000, session 55    3.0 GiB          -          -  2, hog 7",
                "x.service                1.0 MiB    1.0 MiB         9%  1, small 8",
                "",
                "q end  h help  u units  p processes  f g r sort  e explain  x protect",
        };

        begin();
        draw(80, 12);
        for (size_t i = 0; i < ELEMENTS(expected); i++)
                ck_assert_msg(strcmp(page[i], expected[i]) == 0, "row %zu:\n%s\nnot\n%s", i,
                        page[i], expected[i]);
        ck_assert_uint_eq(marked_row, 8);
        top_done(&top);
}
END_TEST

START_TEST(where_nothing_can_be_chosen_all_rows_are_shown) {
        begin();
        keys("p");
        draw(80, 0);
        ck_assert_str_eq(page[7] + 24, "FREEABLEv    GAINED     GROWTH  UNIT OR USER");
        ck_assert_ptr_nonnull(strstr(page[8], "hog 7 "));
        ck_assert_ptr_nonnull(strstr(page[8], "-1.0 MiB/s  user 1000"));
        ck_assert_ptr_nonnull(strstr(page[9], "e?[31mvil 9 "));
        ck_assert_ptr_nonnull(strstr(page[10], "x.service"));
        ck_assert_str_eq(page[11], "");
        ck_assert_uint_eq(marked_row, UINT32_MAX);
        top_done(&top);
}
END_TEST

START_TEST(keys_choose_what_is_shown_and_in_which_order) {
        static const struct {
                const char *keys;
                TopKind kind;
                const char *first, *last;
        } rows[] = {
                { "", TOP_UNITS, "user 1000, session 55", "x.service" },
                { "g", TOP_UNITS, "x.service", "user 1000, session 55" },
                { "r", TOP_UNITS, "x.service", "user 1000, session 55" },
                { "p", TOP_PROCESSES, "hog 7", "small 8" },
                { "\t", TOP_PROCESSES, "hog 7", "small 8" },
                { "\tu", TOP_UNITS, "user 1000, session 55", "x.service" },
                { "pg", TOP_PROCESSES, "small 8", "hog 7" },
                { "pr", TOP_PROCESSES, "e\033[31mvil 9", "small 8" },
                { "pgf", TOP_PROCESSES, "hog 7", "small 8" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const TopRow *r;

                begin();
                keys(rows[i].keys);
                r = top.rows[top.kind];
                ck_assert_msg(top.kind == rows[i].kind, "row %zu: kind", i);
                ck_assert_msg(strcmp(r[0].name, rows[i].first) == 0, "row %zu: %s", i, r[0].name);
                r += top.n_rows[top.kind] - 1;
                ck_assert_msg(strcmp(r->name, rows[i].last) == 0, "row %zu: last %s", i, r->name);
                top_done(&top);
        }
}
END_TEST

START_TEST(the_choice_stays_on_who_was_chosen) {
        begin();
        keys("pj");
        ck_assert_str_eq(top_selected(&top)->name, "e\033[31mvil 9");
        /* it grows beyond the other one */
        take(state,
                "{\"processes\":[{\"pid\":7,\"comm\":\"hog\",\"freeable_bytes\":1},"
                "{\"pid\":9,\"comm\":\"e\\u001b[31mvil\",\"freeable_bytes\":2}]}");
        ck_assert_uint_eq(top.selected, 0);
        ck_assert_str_eq(top_selected(&top)->name, "e\033[31mvil 9");
        top_done(&top);

        begin();
        keys("pjj");
        take(state, "{\"processes\":[{\"pid\":7,\"comm\":\"hog\",\"freeable_bytes\":1}]}");
        ck_assert_str_eq(top_selected(&top)->name, "hog 7"); /* the last there is */
        take(state, "{}");
        ck_assert_ptr_null(top_selected(&top));
        ck_assert_int_eq(top_key(&top, 'e'), TOP_DRAW); /* nobody to explain */
        keys("jk");
        (void) top_key(&top, TOP_KEY_END);
        draw(80, 24);
        top_done(&top);
}
END_TEST

START_TEST(a_short_window_shows_the_rows_around_the_choice) {
        begin();
        keys("p");
        draw(80, 10); /* head 7, table head, one row, the last line */
        ck_assert_ptr_nonnull(strstr(page[8], "hog 7"));
        keys("jj");
        draw(80, 10);
        ck_assert_ptr_nonnull(strstr(page[8], "small 8"));
        ck_assert_uint_eq(marked_row, 8);
        (void) top_key(&top, TOP_KEY_HOME);
        draw(80, 10);
        ck_assert_ptr_nonnull(strstr(page[8], "hog 7"));
        (void) top_key(&top, TOP_KEY_PAGE_DOWN);
        draw(80, 10);
        ck_assert_ptr_nonnull(strstr(page[8], "e?[31mvil 9"));
        for (unsigned height = 1; height < 8; height++)
                draw(20, height); /* nonsense, but no crash */
        top_done(&top);
}
END_TEST

START_TEST(an_explanation_takes_the_place_of_the_table_until_it_is_left) {
        static const int ways[] = { 'q', 'e', '\n', TOP_KEY_ESCAPE };

        for (size_t i = 0; i < ELEMENTS(ways); i++) {
                begin();
                draw(80, 12);
                ck_assert_int_eq(top_key(&top, 'e'), TOP_EXPLAIN);
                top_show(&top, strdup("one\ntwo\nthree\nfour\n\033[31mfive\nsix\n"));
                draw(80, 12);
                ck_assert_str_eq(page[7], "one");
                (void) top_key(&top, TOP_KEY_END);
                draw(80, 12);
                ck_assert_str_eq(page[9], "?[31mfive");
                ck_assert_str_eq(page[10], "six");
                draw(3, 12); /* in a narrow window a line takes more rows */
                (void) top_key(&top, TOP_KEY_HOME);
                draw(3, 12);
                ck_assert_str_eq(page[9], "thr");
                ck_assert_str_eq(page[10], "ee");
                ck_assert_int_eq(top_key(&top, ways[i]), TOP_DRAW);
                draw(80, 12);
                ck_assert_ptr_nonnull(strstr(page[7], "UNIT, 2"));
                ck_assert_int_eq(top_key(&top, 'q'), TOP_QUIT);
                top_done(&top);
        }
}
END_TEST

#define LONG_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(who_is_protected_is_named_in_full) {
        static const struct {
                const char *unit, *ward;
        } rows[] = {
                { "\"unit\":\"docker-" LONG_ID ".scope\",\"user_unit_cgroup\":null",
                        "docker-" LONG_ID ".scope" },
                /* of a user's manager: there may be one of that name for each user */
                { "\"unit\":\"a.scope\",\"user_unit_cgroup\":\"/user.slice/u/a.scope\"",
                        "/user.slice/u/a.scope" },
                { "\"unit\":\"" LONG_ID LONG_ID LONG_ID LONG_ID "\"", "" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                char text[1024];

                snprintf(text, sizeof(text), "{\"units\":[{%s,\"freeable_bytes\":1}]}",
                        rows[i].unit);
                begin();
                take("{}", text);
                ck_assert_str_eq(top_selected(&top)->ward, rows[i].ward);
                top_done(&top);
        }
}
END_TEST

START_TEST(a_unit_or_process_can_be_protected_a_session_cannot) {
        begin();
        ck_assert_int_eq(top_key(&top, 'x'), TOP_DRAW); /* a session */
        ck_assert_ptr_nonnull(strstr(top.note, "only a unit"));
        keys("j");
        ck_assert_int_eq(top_key(&top, 'x'), TOP_PROTECT);
        ck_assert_str_eq(top_selected(&top)->ward, "x.service");
        ck_assert_int_eq(top_key(&top, 'X'), TOP_UNPROTECT);
        keys("p");
        ck_assert_int_eq(top_key(&top, 'x'), TOP_PROTECT);
        ck_assert_str_eq(top_selected(&top)->ward, "7");
        ck_assert_str_eq(top.note, "");

        take("{\"paused\":{\"left_usec\":5},\"protected\":[{\"kind\":\"process\",\"pid\":7,"
             "\"left_usec\":5000000},{\"kind\":\"unit\",\"name\":\"x.service\",\"left_usec\":null}]"
             "}",
                consumers);
        draw(80, 24);
        ck_assert_ptr_nonnull(strstr(page[0], "paused"));
        ck_assert_str_eq(page[4], "spared   pid 7, for another 5 s");
        ck_assert_str_eq(page[5], "         unit x.service");
        take("{\"paused\":null}", consumers);
        draw(80, 24);
        ck_assert_ptr_null(strstr(page[0], "paused"));
        take("{}", "{}");
        ck_assert_int_eq(top_key(&top, 'x'), TOP_DRAW); /* nobody */
        top_done(&top);
}
END_TEST

START_TEST(help_fits_into_a_usual_window) {
        begin();
        keys("h");
        ck_assert_ptr_nonnull(top.text);
        draw(100, 24);
        ck_assert_ptr_nonnull(strstr(page[7], "units, processes"));
        top_done(&top);
}
END_TEST

START_TEST(what_is_not_known_is_said_to_be) {
        top_init(&top);
        take("{\"readings\":[{\"metric\":\"mem.available\",\"value\":null}]}", "{}");
        draw(80, 24);
        ck_assert_ptr_nonnull(strstr(page[1], "] unknown"));
        ck_assert_ptr_nonnull(strstr(page[2], "] unknown"));
        ck_assert_ptr_nonnull(strstr(page[3], "] unknown"));
        ck_assert_int_eq(page[1][strlen(page[1]) - 1], '?');
        top_done(&top);
}
END_TEST

START_TEST(the_history_holds_two_minutes) {
        begin();
        for (int i = 0; i < 3 * TOP_HISTORY; i++)
                take(state, consumers);
        ck_assert_uint_eq(top.gauges[TOP_MEMORY].n_history, TOP_HISTORY);
        ck_assert_int_eq(top.gauges[TOP_MEMORY].history[TOP_HISTORY - 1], 7500);
        take("{}", "{}");
        ck_assert_int_eq(top.gauges[TOP_MEMORY].history[TOP_HISTORY - 1], -1);
        ck_assert_int_eq(top.gauges[TOP_MEMORY].history[TOP_HISTORY - 2], 7500);
        draw(200, 24);
        top_done(&top);
}
END_TEST

START_TEST(more_rows_and_lines_than_there_is_room_for_are_cut) {
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        fputs("{\"processes\":[", out);
        for (int i = 0; i < 3 * TOP_ROWS; i++)
                fprintf(out, "%s{\"pid\":%d,\"comm\":\"x\",\"freeable_bytes\":%d}", i ? "," : "",
                        i + 1, i);
        fputs("],\"incidents\":[", out);
        for (int i = 0; i < 3 * TOP_LINES; i++)
                fputs(i ? ",{}" : "{}", out);
        fputs("]}", out);
        fclose(out);

        top_init(&top);
        take(text, text);
        keys("p");
        ck_assert_uint_eq(top.n_rows[TOP_PROCESSES], TOP_ROWS);
        ck_assert_uint_eq(top.n_incidents, TOP_LINES);
        ck_assert_str_eq(top.rows[TOP_PROCESSES][0].name, "x 128");
        (void) top_key(&top, TOP_KEY_END);
        draw(80, 24);
        ck_assert_uint_eq(marked_row, 22);
        top_done(&top);
        free(text);
}
END_TEST

HARNESS_MAIN("top", the_page_has_gauges_incidents_leases_and_the_table,
        where_nothing_can_be_chosen_all_rows_are_shown,
        keys_choose_what_is_shown_and_in_which_order, the_choice_stays_on_who_was_chosen,
        a_short_window_shows_the_rows_around_the_choice,
        an_explanation_takes_the_place_of_the_table_until_it_is_left, help_fits_into_a_usual_window,
        who_is_protected_is_named_in_full, a_unit_or_process_can_be_protected_a_session_cannot,
        what_is_not_known_is_said_to_be, the_history_holds_two_minutes,
        more_rows_and_lines_than_there_is_room_for_are_cut)
