/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-request.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static bool is_whole(const char *text, size_t len) {
        return memmem(text, len, "\n\r\n", 3) || memmem(text, len, "\n\n", 2);
}

static bool has_name(Slice line, Slice name) {
        return line.len >= name.len && strncasecmp(line.at, name.at, name.len) == 0;
}

static int parse_first_line(Slice line, MetricsRequest *ret) {
        Slice method, path, version, more;

        if (!slice_next_word(&line, &method) || !slice_next_word(&line, &path) ||
                !slice_next_word(&line, &version) || slice_next_word(&line, &more) ||
                !slice_starts_with(version, SLICE("HTTP/1.")))
                return 400;
        ret->head_only = slice_equals(method, SLICE("HEAD"));
        if (!ret->head_only && !slice_equals(method, SLICE("GET")))
                return 405;
        if (!slice_equals(path, SLICE("/")) && !slice_equals(path, SLICE("/metrics")))
                return 404;
        return 200;
}

static void take_header(Slice line, MetricsRequest *ret) {
        static const char openmetrics[] = "application/openmetrics-text";

        if (has_name(line, SLICE("accept:")) &&
                memmem(line.at, line.len, openmetrics, sizeof(openmetrics) - 1))
                ret->format = EXPOSITION_OPENMETRICS;
}

int metrics_request_parse(const char *text, size_t len, MetricsRequest *ret) {
        MetricsRequest q = { .format = EXPOSITION_PROMETHEUS };
        Slice rest = { text, len }, line;
        int status;

        if (!is_whole(text, len))
                return 0;
        if (!slice_next_line(&rest, &line))
                return 400;
        status = parse_first_line(line, &q);
        if (status != 200)
                return status;
        while (slice_next_line(&rest, &line) && line.len > 0)
                take_header(line, &q);
        *ret = q;
        return 200;
}
