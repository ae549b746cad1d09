/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "core/trail.h"
#include "daemon/json-read.h"
#include "engine/incident-file.h"
#include "tests/harness.h"

#define NAME "20251125T201422.481230-3"
#define KERNEL "20251125T201422.481230-kernel"

static Fixture fixture;
static struct {
        IncidentPart part;
        union {
                Event event;
                TrailEntry trail[2];
                char text[256];
        } body;
} part;

static void set_up(void) {
        fixture_init(&fixture);
        memset(&part, 0, sizeof(part));
}

static void tear_down(void) {
        fixture_done(&fixture);
}

static const IncidentPart *make(const char *name, IncidentPartKind kind, size_t len) {
        part.part = (IncidentPart){ .kind = kind, .len = (uint32_t) len, .started_usec = 77 };
        (void) text_copy(part.part.name, sizeof(part.part.name), name);
        return &part.part;
}

static const IncidentPart *make_event(const char *name, EventKind kind, uint64_t serial) {
        part.body.event = (Event){ .kind = kind,
                .serial = serial,
                .at_usec = serial,
                .realtime_usec = 1000 + serial,
                .policy = "host" };
        return make(name, INCIDENT_PART_EVENT, sizeof(Event));
}

static Json *load(const char *name) {
        Json *d = NULL;

        ck_assert_int_eq(
                incident_document_load(fixture.fd, make(name, INCIDENT_PART_RULE, 0), &d), 0);
        ck_assert_ptr_nonnull(d);
        return d;
}

static void add(Json *d, EventKind kind, uint64_t serial) {
        incident_document_add(d, make_event(NAME, kind, serial));
}

static uint64_t n_events(Json *d) {
        return json_length(json_get(d, "events"));
}

static void store(Json *d, const char *file) {
        _cleanup_free_ char *text = json_print(d);

        fixture_file(&fixture, file, text);
}

START_TEST(file_that_begins_in_the_middle_says_so) {
        static const struct {
                EventKind first;
                bool lost;
        } rows[] = { { EVENT_INCIDENT_OPENED, false }, { EVENT_KERNEL_OOM, false },
                { EVENT_STEP_TAKEN, true }, { EVENT_INCIDENT_CLOSED, true } };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(json_freep) Json *d = load(NAME);

                add(d, rows[i].first, 1);
                add(d, EVENT_STEP_DONE, 2);
                ck_assert_msg(json_get_bool(d, "earlier_lost") == rows[i].lost, "%s",
                        event_name(rows[i].first));
        }
}
END_TEST

START_TEST(what_it_came_to_is_in_front_of_the_events) {
        _cleanup_(json_freep) Json *d = load(NAME);

        (void) make_event(NAME, EVENT_INCIDENT_OPENED, 1);
        (void) text_copy(part.body.event.reason, 64, "mem.available 3% < 6%");
        incident_document_add(d, &part.part);
        ck_assert_str_eq(json_get_text(d, "state"), "open");
        ck_assert_str_eq(json_get_text(d, "id"), NAME);
        ck_assert_str_eq(json_get_text(d, "reason"), "mem.available 3% < 6%");
        ck_assert_uint_eq(json_get_number(d, "incident"), 3);
        ck_assert_uint_eq(json_get_number(d, "opened_realtime_usec"), 1001);
        ck_assert(!json_has(d, "closed_realtime_usec"));

        (void) make_event(NAME, EVENT_STEP_TAKEN, 2);
        part.body.event.critical = true;
        incident_document_add(d, &part.part);
        (void) make_event(NAME, EVENT_STEP_DONE, 3);
        part.body.event.freed = 500;
        incident_document_add(d, &part.part);
        (void) make_event(NAME, EVENT_INCIDENT_CLOSED, 4);
        part.body.event.freed = 700;
        part.body.event.took_usec = 3;
        incident_document_add(d, &part.part);
        ck_assert_str_eq(json_get_text(d, "state"), "closed");
        ck_assert_str_eq(json_get_text(d, "policy"), "host");
        ck_assert_str_eq(json_get_text(d, "ended_because"), "its condition was over");
        ck_assert(json_get_bool(d, "critical"));
        ck_assert_uint_eq(json_get_number(d, "closed_realtime_usec"), 1004);
        ck_assert_uint_eq(json_get_number(d, "steps_taken"), 1);
        ck_assert_uint_eq(json_get_number(d, "freed_bytes"), 700);
        ck_assert_uint_eq(n_events(d), 4);

        add(d, EVENT_INCIDENT_REOPENED, 5);
        ck_assert_str_eq(json_get_text(d, "state"), "open");
        ck_assert_uint_eq(json_get_number(d, "reopened"), 1);
        (void) make_event(NAME, EVENT_INCIDENT_REOPENED, 6);
        part.body.event.count = 8;
        incident_document_add(d, &part.part);
        ck_assert_uint_eq(json_get_number(d, "reopened"), 8);
        ck_assert(!json_has(d, "closed_realtime_usec"));
        ck_assert(!json_has(d, "ended_because"));
}
END_TEST

START_TEST(part_that_comes_again_changes_nothing) {
        _cleanup_(json_freep) Json *d = load(NAME);
        _cleanup_free_ char *once = NULL, *again = NULL;

        for (int i = 0; i < 2; i++) {
                char **text = i == 0 ? &once : &again;

                add(d, EVENT_INCIDENT_OPENED, 1);
                add(d, EVENT_STEP_TAKEN, 2);
                part.body.trail[0] = (TrailEntry){ .at_usec = 5, .values = { TRAIL_UNKNOWN, 17 } };
                incident_document_add(d, make(NAME, INCIDENT_PART_TRAIL, sizeof(TrailEntry)));
                memcpy(part.body.text, "{\"when\":\"x < 1\"}", 16);
                incident_document_add(d, make(NAME, INCIDENT_PART_RULE, 16));
                *text = json_print(d);
        }
        ck_assert_str_eq(once, again);
        ck_assert_ptr_nonnull(strstr(once, "\"rule\":{\"when\":\"x < 1\"}"));
        ck_assert_ptr_nonnull(strstr(once, "\"at_usec\":[5],\"values\":[[null,17,"));
}
END_TEST

START_TEST(kills_by_the_kernel_are_over_at_once) {
        _cleanup_(json_freep) Json *d = load(KERNEL);

        for (uint64_t i = 1; i <= 2; i++) {
                (void) make_event(KERNEL, EVENT_KERNEL_OOM, i);
                part.body.event.count = 2;
                (void) text_copy(part.body.event.text, 64, "no policy watches the cgroup");
                incident_document_add(d, &part.part);
        }
        ck_assert_str_eq(json_get_text(d, "kind"), "kernel-oom");
        ck_assert_str_eq(json_get_text(d, "state"), "closed");
        ck_assert_str_eq(json_get_text(d, "reason"), "no policy watches the cgroup");
        ck_assert_uint_eq(json_get_number(d, "kernel_oom_kills"), 4);
        ck_assert(!incident_document_cut_off(d));
}
END_TEST

START_TEST(first_and_latest_events_are_kept) {
        _cleanup_(json_freep) Json *d = load(NAME);
        uint64_t n = INCIDENT_FIRST_EVENTS + INCIDENT_LATEST_EVENTS;

        for (uint64_t i = 1; i <= n + 10; i++)
                add(d, EVENT_STEP_TAKEN, i);
        ck_assert_uint_eq(n_events(d), n);
        ck_assert_uint_eq(json_get_number(d, "events_left_out"), 10);
        ck_assert_uint_eq(json_get_number(d, "steps_taken"), n + 10);
        ck_assert_uint_eq(json_get_number(json_at(json_get(d, "events"), INCIDENT_FIRST_EVENTS - 1),
                                  "serial"),
                INCIDENT_FIRST_EVENTS);
        ck_assert_uint_eq(
                json_get_number(json_at(json_get(d, "events"), INCIDENT_FIRST_EVENTS), "serial"),
                INCIDENT_FIRST_EVENTS + 11);
}
END_TEST

START_TEST(another_process_can_go_on) {
        _cleanup_(json_freep) Json *d = load(NAME);
        _cleanup_(json_freep) Json *next = NULL;

        add(d, EVENT_INCIDENT_OPENED, 1);
        store(d, NAME ".json");
        next = load(NAME);
        add(next, EVENT_INCIDENT_OPENED, 1);
        add(next, EVENT_STEP_TAKEN, 2);
        ck_assert_uint_eq(n_events(next), 2);
        ck_assert(!json_get_bool(next, "earlier_lost"));
}
END_TEST

START_TEST(what_cannot_be_read_is_begun_anew_and_says_so) {
        static const struct {
                const char *name, *text;
        } rows[] = {
                { "empty", "" },
                { "torn", "{\"schema_version\":1,\"id\":\"" NAME "\",\"events\":[{\"kind\"" },
                { "list", "[]" },
                { "more behind it", "{\"schema_version\":1,\"id\":\"" NAME "\",\"events\":[]} x" },
                { "another version", "{\"schema_version\":9,\"id\":\"" NAME "\",\"events\":[]}" },
                { "of another", "{\"schema_version\":1,\"id\":\"x\",\"events\":[]}" },
                { "deep", "{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}" },
                { "binary", "\x01\xff{" },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(json_freep) Json *d = NULL;

                fixture_file(&fixture, NAME ".json", rows[i].text);
                d = load(NAME);
                ck_assert_msg(json_get_bool(d, "earlier_lost"), "%s", rows[i].name);
                add(d, EVENT_STEP_TAKEN, 2);
                ck_assert_msg(n_events(d) == 1, "%s", rows[i].name);
        }
}
END_TEST

START_TEST(what_is_no_file_is_begun_anew) {
        _cleanup_(json_freep) Json *link = NULL, *directory = NULL;
        char *text = NULL;

        fixture_link(&fixture, NAME ".json", "/etc/passwd");
        link = load(NAME);
        ck_assert(json_get_bool(link, "earlier_lost"));
        fixture_file(&fixture, KERNEL ".json/inside", "");
        directory = load(KERNEL);
        ck_assert(json_get_bool(directory, "earlier_lost"));
        ck_assert_int_eq(incident_file_read(fixture.fd, KERNEL ".json", &text), -EFBIG);
        ck_assert_int_eq(incident_file_read(fixture.fd, "none", &text), -ENOENT);
}
END_TEST

START_TEST(head_tells_whether_it_is_over) {
        _cleanup_(json_freep) Json *d = load(NAME);
        _cleanup_free_ char *open = NULL, *closed = NULL, *cut = NULL;
        _cleanup_(json_freep) Json *other = load(NAME);

        add(d, EVENT_INCIDENT_OPENED, 1);
        open = json_print(d);
        ck_assert(incident_document_is_open(open));
        ck_assert(incident_document_cut_off(d));
        ck_assert(!incident_document_cut_off(d));
        cut = json_print(d);
        ck_assert(!incident_document_is_open(cut));
        ck_assert_str_eq(json_get_text(d, "state"), "cut-off");

        add(other, EVENT_INCIDENT_CLOSED, 1);
        closed = json_print(other);
        ck_assert(!incident_document_is_open(closed));
        ck_assert(!incident_document_is_open(""));
}
END_TEST

START_TEST(only_whole_parts_are_taken_from_a_load) {
        _Alignas(8) static char load[2 * (sizeof(IncidentPart) + sizeof(Event)) + 64];
        size_t size = incident_part_size(sizeof(Event)), offset = 0;

        memcpy(load, make_event(NAME, EVENT_STEP_TAKEN, 1), size);
        memcpy(load + size, make(NAME, INCIDENT_PART_RULE, 3), incident_part_size(3));
        ck_assert_ptr_eq(incident_part_next(load, sizeof(load), &offset), (void *) load);
        ck_assert_uint_eq(offset, size);
        ck_assert_ptr_eq(incident_part_next(load, size + incident_part_size(3), &offset),
                (void *) (load + size));
        ck_assert_ptr_null(incident_part_next(load, size + incident_part_size(3), &offset));

        offset = 0;
        ck_assert_ptr_null(incident_part_next(load, size - 1, &offset));
        ck_assert_ptr_null(incident_part_next(load, 7, &offset));
        ((IncidentPart *) (void *) load)->len = sizeof(Event) - 1;
        ck_assert_ptr_null(incident_part_next(load, sizeof(load), &offset));
        ((IncidentPart *) (void *) load)->len = UINT32_MAX;
        ck_assert_ptr_null(incident_part_next(load, sizeof(load), &offset));
        memcpy(load, make_event(NAME, EVENT_STEP_TAKEN, 1), size);
        memset(((IncidentPart *) (void *) load)->name, 'x', INCIDENT_NAME_MAX);
        ck_assert_ptr_null(incident_part_next(load, sizeof(load), &offset));
        memcpy(load, make(NAME, _INCIDENT_PART_MAX, 0), sizeof(IncidentPart));
        ck_assert_ptr_null(incident_part_next(load, sizeof(load), &offset));
        ck_assert_uint_eq(offset, 0);
}
END_TEST

int main(void) {
        const TTest *const tests[] = { file_that_begins_in_the_middle_says_so,
                what_it_came_to_is_in_front_of_the_events, part_that_comes_again_changes_nothing,
                kills_by_the_kernel_are_over_at_once, first_and_latest_events_are_kept,
                another_process_can_go_on, what_cannot_be_read_is_begun_anew_and_says_so,
                what_is_no_file_is_begun_anew, head_tells_whether_it_is_over,
                only_whole_parts_are_taken_from_a_load };
        Suite *s = suite_create("incident-document");
        TCase *tc = tcase_create("incident-document");

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
                tcase_add_test(tc, tests[i]);
        tcase_add_checked_fixture(tc, set_up, tear_down);
        suite_add_tcase(s, tc);
        return harness_run(s);
}
