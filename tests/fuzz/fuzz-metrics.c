/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What anybody may write to the socket of metrics: a request that is whole stays what it is,
 * whatever follows, and what is not whole has no answer. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "daemon/metrics-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *text = (const char *) data;
        MetricsRequest untouched, q;
        int status;

        memset(&untouched, 0x5a, sizeof(untouched));
        q = untouched;
        status = metrics_request_parse(text, size, &q);
        assert(status == 0 || status == 200 || status == 400 || status == 404 || status == 405);
        assert(status == 200 || memcmp(&q, &untouched, sizeof(q)) == 0);
        if (status == 200)
                assert(q.format == EXPOSITION_PROMETHEUS || q.format == EXPOSITION_OPENMETRICS);

        for (size_t len = 0; len < size; len++) {
                MetricsRequest earlier;
                int before = metrics_request_parse(text, len, &earlier);

                if (before == 0)
                        continue;
                assert(before == status);
                if (status == 200)
                        assert(earlier.format == q.format && earlier.head_only == q.head_only);
                break;
        }
        return 0;
}
