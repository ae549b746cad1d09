/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/privacy.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/text.h"

/* One option of a comma-separated list: hidepid=1, 2, 4 or their names; "off" and 0 hide nothing.
 */
static bool option_hides(Slice option) {
        static const char key[] = "hidepid=";

        if (!slice_starts_with(option, SLICE("hidepid=")))
                return false;
        option.at += sizeof(key) - 1;
        option.len -= sizeof(key) - 1;
        return !slice_equals(option, SLICE("0")) && !slice_equals(option, SLICE("off"));
}

static bool options_hide(Slice options) {
        while (options.len > 0) {
                const char *comma = memchr(options.at, ',', options.len);
                size_t n = comma ? (size_t) (comma - options.at) : options.len;

                if (option_hides((Slice){ options.at, n }))
                        return true;
                n = MIN(n + 1, options.len);
                options.at += n;
                options.len -= n;
        }
        return false;
}

bool privacy_parse_mounts(const char *text) {
        Slice rest = slice_of(text), line, device, place, type, options;
        bool hides = false;

        while (slice_next_line(&rest, &line)) {
                if (!slice_next_word(&line, &device) || !slice_next_word(&line, &place) ||
                        !slice_next_word(&line, &type) || !slice_next_word(&line, &options))
                        continue;
                if (slice_equals(type, SLICE("proc")) && slice_equals(place, SLICE("/proc")))
                        hides = options_hide(options); /* the last mount lies on top */
        }
        return hides;
}

bool privacy_hides_processes(void) {
        _cleanup_free_ char *text = NULL;
        size_t size = 256 * 1024;

        text = malloc(size);
        if (!text || fdio_read_at(AT_FDCWD, "/proc/self/mounts", text, size) < 0)
                return true; /* not known: rather too little is shown */
        return privacy_parse_mounts(text);
}
