/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-text.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/macro.h"
#include "daemon/metrics-families.h"

static uint64_t count_at(const View *view, size_t offset) {
        return *(const uint64_t *) (const void *) ((const char *) view + offset);
}

static void add_fields(const MetricsRow *row, const View *view, Exposition *x) {
        for (const MetricsField *f = row->fields; f->offset > 0; f++) {
                const MetricLabel label = { row->label, f->value };

                exposition_add(
                        x, &label, row->label ? 1 : 0, decimal_count(count_at(view, f->offset)));
        }
}

static void add_row(const MetricsRow *row, const MetricsSource *source, Exposition *x) {
        exposition_begin(x, &row->family);
        if (row->add)
                row->add(source, x);
        else if (row->family.kind == FAMILY_HISTOGRAM)
                exposition_add_histogram(
                        x, (const void *) ((const char *) source->view + row->fields[0].offset));
        else
                add_fields(row, source->view, x);
}

static void add_all(const MetricsSource *source, Exposition *x) {
        for (size_t i = 0; i < metrics_n_rows; i++)
                add_row(&metrics_rows[i], source, x);
        metrics_add_readings(source->view, x);
        exposition_end(x);
}

char *metrics_text(const View *view, const MetricsFacts *facts, ExpositionFormat format) {
        MetricsSource source = { .view = view, .facts = facts };
        Exposition x = { .format = format };
        char *text = NULL;
        bool failed;
        size_t size;

        if (metrics_tally_init(&source.tally, view->config, &view->tally) < 0)
                return NULL;
        x.out = open_memstream(&text, &size);
        if (x.out)
                add_all(&source, &x);
        metrics_tally_done(&source.tally);
        if (!x.out)
                return NULL;

        failed = ferror(x.out) != 0;
        if (fclose(x.out) != 0 || failed) {
                free(text);
                return NULL;
        }
        return text;
}
