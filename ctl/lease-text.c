/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/lease-text.h"

#include <inttypes.h>
#include <string.h>

void lease_text(const Json *lease, TextBuf *out) {
        const char *unit = json_text(lease, "unit"), *file = json_text(lease, "file");
        int64_t value, left;

        textbuf_addf(out, "%s of %s: ", file, *unit ? unit : json_text(lease, "cgroup"));
        if (!json_number(lease, "value", &value))
                textbuf_add(out, json_text(lease, "value"));
        else if (strcmp(file, "cgroup.freeze") == 0)
                textbuf_addf(out, "%" PRId64, value);
        else
                textbuf_add_bytes(out, (uint64_t) value);
        if (json_number(lease, "left_usec", &left)) {
                textbuf_add(out, ", for another ");
                textbuf_add_usec(out, (usec_t) left);
        }
        textbuf_addf(out, " [%s]", json_text(lease, "policy"));
}
