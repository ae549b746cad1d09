/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/exposition.h"

#include <inttypes.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"

enum { LABEL_ROOM = 1024, DECIMAL_ROOM = 32 };

static bool is_openmetrics(const Exposition *x) {
        return x->format == EXPOSITION_OPENMETRICS;
}

static const char *kind_suffix(FamilyKind kind) {
        return kind == FAMILY_COUNTER ? "_total" : kind == FAMILY_INFO ? "_info" : "";
}

static const char *kind_name(const Exposition *x, FamilyKind kind) {
        static const char *const names[] = {
                [FAMILY_GAUGE] = "gauge",
                [FAMILY_COUNTER] = "counter",
                [FAMILY_HISTOGRAM] = "histogram",
                [FAMILY_INFO] = "info",
        };

        return kind == FAMILY_INFO && !is_openmetrics(x) ? "gauge" : names[kind];
}

static void put_name(const Exposition *x, const char *suffix) {
        const MetricFamily *f = x->family;

        fprintf(x->out, "%s%s%s%s", f->name, f->unit ? "_" : "", f->unit ? f->unit : "", suffix);
}

static void put_about(const Exposition *x, const char *what, const char *text) {
        fprintf(x->out, "# %s ", what);
        put_name(x, is_openmetrics(x) ? "" : kind_suffix(x->family->kind));
        fprintf(x->out, " %s\n", text);
}

void exposition_begin(Exposition *x, const MetricFamily *family) {
        char help[512];
        TextBuf b;

        x->family = family;
        textbuf_init(&b, help, sizeof(help));
        textbuf_addf(&b, "%s.", family->help); /* ours: nothing in it is to be escaped */
        put_about(x, "HELP", help);
        put_about(x, "TYPE", kind_name(x, family->kind));
        if (is_openmetrics(x) && family->unit)
                put_about(x, "UNIT", family->unit);
}

/* A value must be UTF-8 without line breaks, and quotes and backslashes are escaped: what is made
 * harmless for a terminal first is that as well. */
static void put_value(const Exposition *x, const char *value) {
        char text[LABEL_ROOM];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        textbuf_add_escaped(&b, value, strlen(value));
        fputc('"', x->out);
        for (const char *c = text; *c; c++) {
                if (*c == '"' || *c == '\\')
                        fputc('\\', x->out);
                fputc(*c, x->out);
        }
        fputc('"', x->out);
}

static void put_labels(const Exposition *x, const MetricLabel *labels, size_t n) {
        for (size_t i = 0; i < n; i++) {
                fprintf(x->out, "%s%s=", i == 0 ? "{" : ",", labels[i].name);
                put_value(x, labels[i].value);
        }
        if (n > 0)
                fputc('}', x->out);
}

/* Zeros at the end are left out, but one: OpenMetrics wants "1.0" where a bound is compared. */
static void print_decimal(Decimal d, TextBuf *out) {
        uint64_t magnitude = d.value < 0 ? 0 - (uint64_t) d.value : (uint64_t) d.value, scale = 1;
        unsigned places = d.places;

        if (d.value == INT64_MAX) {
                textbuf_add(out, "+Inf");
                return;
        }
        for (; places > 1 && magnitude % 10 == 0; places--)
                magnitude /= 10;
        for (unsigned i = 0; i < places; i++)
                scale *= 10;
        textbuf_addf(out, "%s%" PRIu64, d.value < 0 ? "-" : "", magnitude / scale);
        if (places > 0)
                textbuf_addf(out, ".%0*" PRIu64, (int) places, magnitude % scale);
}

static void put_sample(const Exposition *x, const char *suffix, const MetricLabel *labels,
        size_t n_labels, Decimal value) {
        char text[DECIMAL_ROOM];
        TextBuf b;

        textbuf_init(&b, text, sizeof(text));
        print_decimal(value, &b);
        put_name(x, suffix);
        put_labels(x, labels, n_labels);
        fprintf(x->out, " %s\n", text);
}

void exposition_add(Exposition *x, const MetricLabel *labels, size_t n_labels, Decimal value) {
        put_sample(x, kind_suffix(x->family->kind), labels, n_labels, value);
}

/* The classes of a histogram are cumulative here. */
void exposition_add_histogram(Exposition *x, const Histogram *h) {
        char bound[DECIMAL_ROOM];
        uint64_t n = 0;

        for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
                TextBuf b;

                textbuf_init(&b, bound, sizeof(bound));
                print_decimal(i < HISTOGRAM_BOUNDS ? decimal_usec(histogram_bound(i))
                                                   : (Decimal){ INT64_MAX, 0 },
                        &b);
                n += h->counts[i];
                put_sample(x, "_bucket", &(MetricLabel){ "le", bound }, 1, decimal_count(n));
        }
        put_sample(x, "_sum", NULL, 0, decimal_usec(h->sum_usec));
        put_sample(x, "_count", NULL, 0, decimal_count(n));
}

void exposition_end(Exposition *x) {
        if (is_openmetrics(x))
                fputs("# EOF\n", x->out);
}

const char *exposition_content_type(ExpositionFormat format) {
        return format == EXPOSITION_OPENMETRICS
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
}
