/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-request.h"

#include <string.h>

#include "base/macro.h"
#include "tests/harness.h"

#define OM EXPOSITION_OPENMETRICS

static const struct {
        const char *name, *text;
        int status;
        ExpositionFormat format;
        bool head_only;
} rows[] = {
        { "curl", "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", 200, 0, false },
        { "root", "GET / HTTP/1.0\r\n\r\n", 200, 0, false },
        { "bare newlines", "GET / HTTP/1.0\n\n", 200, 0, false },
        { "HEAD", "HEAD /metrics HTTP/1.0\r\n\r\n", 200, 0, true },
        { "prometheus",
                "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0,"
                "text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n\r\n",
                200, OM, false },
        { "case of a header", "GET / HTTP/1.1\r\naCCEPT:application/openmetrics-text\r\n\r\n", 200,
                OM, false },
        { "not as a body", "GET / HTTP/1.1\r\n\r\nAccept: application/openmetrics-text\r\n\r\n",
                200, 0, false },
        { "another header", "GET / HTTP/1.1\r\nX: application/openmetrics-text\r\n\r\n", 200, 0,
                false },
        { "not whole", "GET / HTTP/1.0\r\nHost: x\r\n", 0, 0, false },
        { "nothing", "", 0, 0, false },
        { "only the end", "\r\n\r\n", 400, 0, false },
        { "no version", "GET /\r\n\r\n", 400, 0, false },
        { "another protocol", "GET / SIP/2.0\r\n\r\n", 400, 0, false },
        { "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 0, false },
        { "a word too many", "GET / HTTP/1.0 now\r\n\r\n", 400, 0, false },
        { "POST", "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405, 0, false },
        { "small letters", "get / HTTP/1.0\r\n\r\n", 405, 0, false },
        { "another path", "GET /etc/passwd HTTP/1.0\r\n\r\n", 404, 0, false },
        { "a query", "GET /metrics?name[]=x HTTP/1.0\r\n\r\n", 404, 0, false },
};

START_TEST(request_is_answered_with_what_it_deserves) {
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                MetricsRequest q = { .head_only = true, .format = OM };
                int status = metrics_request_parse(rows[i].text, strlen(rows[i].text), &q);

                ck_assert_msg(status == rows[i].status, "%s: %d", rows[i].name, status);
                if (status != 200) {
                        ck_assert(q.head_only && q.format == OM); /* untouched */
                        continue;
                }
                ck_assert_msg(q.format == rows[i].format, "%s: %d", rows[i].name, q.format);
                ck_assert_msg(q.head_only == rows[i].head_only, "%s", rows[i].name);
        }
}
END_TEST

/* Peers send as they like: what was not whole becomes whole with its last byte, not before. */
START_TEST(request_may_come_byte_by_byte) {
        static const char text[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        MetricsRequest q;

        for (size_t len = 0; len + 1 < sizeof(text) - 1; len++)
                ck_assert_int_eq(metrics_request_parse(text, len, &q), 0);
        ck_assert_int_eq(metrics_request_parse(text, sizeof(text) - 1, &q), 200);
}
END_TEST

START_TEST(nul_is_no_end) {
        static const char text[] = "GET /\0 HTTP/1.0\r\n\r\n";
        MetricsRequest q;

        ck_assert_int_eq(metrics_request_parse(text, sizeof(text) - 1, &q), 404);
}
END_TEST

HARNESS_MAIN("metrics-request", request_is_answered_with_what_it_deserves,
        request_may_come_byte_by_byte, nul_is_no_end)
