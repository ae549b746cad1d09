/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What avertd and its helper for units read from each other: what is accepted is what is meant, and
 * prints to what is accepted again. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "daemon/unit-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const char *text, size_t len) {
        UnitRequest q, again, untouched;
        char line[UNIT_LINE_MAX];
        TextBuf b;

        memset(&untouched, 0x5a, sizeof(untouched));
        q = untouched;
        if (unit_request_parse(text, len, &q) < 0) {
                assert(memcmp(&q, &untouched, sizeof(q)) == 0);
                return;
        }

        assert(memchr(q.unit, '\0', sizeof(q.unit)));
        assert(unit_name_is_valid(q.unit) && !unit_is_vital(q.unit));
        assert(!strpbrk(q.unit, " \t\r\n/"));
        assert(q.timeout_usec > 0 && q.timeout_usec <= UNIT_TIMEOUT_MAX_USEC);
        textbuf_init(&b, line, sizeof(line));
        unit_request_print(&q, &b);
        assert(!b.truncated && line[b.len - 1] == '\n');
        assert(unit_request_parse(line, b.len - 1, &again) == 0);
        assert(again.verb == q.verb && again.timeout_usec == q.timeout_usec);
        assert(strcmp(again.unit, q.unit) == 0);
}

static void check_answer(const char *text, size_t len) {
        int answer = 4242, again;
        char line[UNIT_LINE_MAX];
        TextBuf b;

        if (unit_answer_parse(text, len, &answer) < 0) {
                assert(answer == 4242);
                return;
        }
        assert(answer == UNIT_DONE || answer == UNIT_LATE || (answer < 0 && answer >= -4095));
        textbuf_init(&b, line, sizeof(line));
        unit_answer_print(answer, "why", &b);
        assert(unit_answer_parse(line, b.len - 1, &again) == 0 && again == answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;
        const char *end = size > 0 ? memchr(text, '\n', size) : NULL;

        check_request(text, end ? (size_t) (end - text) : size);
        check_answer(text, end ? (size_t) (end - text) : size);
        return 0;
}
