/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status-line.h"

#include "base/number.h"
#include "describe/describe.h"

static void add_amount(const char *name, const Reading *r, TextBuf *out) {
        textbuf_addf(out, " | %s ", name);
        if (!r->known || r->value < 0) {
                textbuf_add(out, "unknown");
                return;
        }
        if (r->total == 0 && r->value == 0) {
                textbuf_add(out, "none");
                return;
        }
        textbuf_add_bytes(out, (uint64_t) r->value);
        if (r->total > 0) {
                textbuf_add(out, " (");
                textbuf_add_permyriad(out, permyriad_of((uint64_t) r->value, (uint64_t) r->total));
                textbuf_add(out, ")");
        }
}

static size_t open_incidents(const IncidentBook *book) {
        size_t n = 0;

        for (size_t i = 0; i < INCIDENTS_MAX; i++)
                n += book->incidents[i].used && book->incidents[i].phase == INCIDENT_OPEN;
        return n;
}

void status_line_print(const View *view, TextBuf *out) {
        /* the kernel's average: our own windows are unknown for as long as they are */
        const Reading *psi = &view->sample.system[metric_psi(PSI_MEMORY, PSI_FULL, PSI_AVG10)];
        size_t n = open_incidents(&view->book);

        textbuf_add(out, describe_level(view));
        if (view->dry)
                textbuf_add(out, " (dry run)");
        if (steering_is_paused(&view->book.steering, view->sample.raw.at_usec))
                textbuf_add(out, ", paused");
        if (n > 0)
                textbuf_addf(out, ", %zu incident%s", n, n == 1 ? "" : "s");
        add_amount("available", &view->sample.system[METRIC_MEM_AVAILABLE], out);
        add_amount("swap", &view->sample.system[METRIC_SWAP_FREE], out);

        textbuf_add(out, " | stalled ");
        if (psi->known && psi->value >= 0)
                textbuf_add_permyriad(out, (uint64_t) psi->value);
        else
                textbuf_add(out, "unknown");

        textbuf_add(out, " | next look ");
        textbuf_add_usec(out, view->next_usec);
}
