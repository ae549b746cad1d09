/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reason.h"

#include <inttypes.h>

#include "base/macro.h"
#include "base/number.h"

static const char *operator_of(CompareOp op) {
        static const char *const names[] = {
                [COMPARE_LT] = "<",
                [COMPARE_LE] = "<=",
                [COMPARE_GT] = ">",
                [COMPARE_GE] = ">=",
        };

        return op >= 0 && op < _COMPARE_MAX ? names[op] : "?";
}

void reason_print_value(MetricUnit unit, int64_t value, TextBuf *out) {
        uint64_t size = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;

        if (unit == METRIC_UNIT_USEC && value == INT64_MAX) {
                textbuf_add(out, "never");
                return;
        }
        if (value < 0)
                textbuf_add(out, "-");

        switch (unit) {
        case METRIC_UNIT_BYTES:
                textbuf_add_bytes(out, size);
                return;
        case METRIC_UNIT_BYTES_PER_SEC:
                textbuf_add_bytes(out, size);
                textbuf_add(out, "/s");
                return;
        case METRIC_UNIT_COUNT_PER_SEC:
                textbuf_addf(out, "%" PRIu64 "/s", size);
                return;
        case METRIC_UNIT_PERMYRIAD:
                textbuf_add_permyriad(out, size);
                return;
        case METRIC_UNIT_USEC:
                textbuf_add_usec(out, size);
                return;
        case METRIC_UNIT_COUNT:
                break;
        }
        textbuf_addf(out, "%" PRIu64, size);
}

static void print_reading(const Atom *atom, const Reading *r, bool amount, TextBuf *out) {
        if (!r->known) {
                textbuf_add(out, "unknown");
                return;
        }
        if (!atom->percent) {
                reason_print_value(atom->unit, r->value, out);
                return;
        }

        textbuf_add_permyriad(
                out, permyriad_of((uint64_t) MAX(r->value, INT64_C(0)), (uint64_t) r->total));
        if (amount) {
                textbuf_add(out, " (");
                reason_print_value(atom->unit, r->value, out);
                textbuf_add(out, ")");
        }
}

void reason_print_atom(const AtomReading *a, bool amount, TextBuf *out) {
        const Atom *atom = a->atom;

        textbuf_addf(out, "%s ", atom->name);
        print_reading(atom, &a->reading, amount, out);
        textbuf_addf(out, " %s ", operator_of(atom->op));
        reason_print_value(
                atom->percent ? METRIC_UNIT_PERMYRIAD : atom->unit, atom->threshold, out);
}

void reason_print(const Verdict *v, usec_t held_usec, TextBuf *out) {
        bool first = true;

        for (size_t i = 0; i < v->n_atoms; i++) {
                if (!v->atoms[i].decisive)
                        continue;
                if (!first)
                        textbuf_add(out, ", ");
                if (v->when == TRUTH_TRUE && v->atoms[i].truth == TRUTH_FALSE)
                        textbuf_add(out, "not ");
                reason_print_atom(&v->atoms[i], false, out);
                if (first && held_usec > 0) {
                        textbuf_add(out, " for ");
                        textbuf_add_usec(out, held_usec);
                }
                first = false;
        }
}
