/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/option-table.h"

#include <stddef.h>

const OptionInfo option_table[_OPTION_MAX] = {
        [OPTION_JSON] = { "json", 0, MAY_TAKE_VALUE, "MODE", "pretty short off",
                "write JSON: pretty (the default of the option), short, off" },
        [OPTION_BUS] = { "bus", 0, TAKES_VALUE, "PATH", NULL,
                "the socket of avertd (else $AVERT_BUS, then /run/avert/bus)" },
        [OPTION_ROOT] = { "root", 0, TAKES_VALUE, "DIR", NULL,
                "the machine, or for explain the recording, below DIR" },
        [OPTION_CONFIG] = { "config", 0, TAKES_VALUE, "FILE", NULL,
                "explain, replay: judge by this policy; may be repeated" },
        [OPTION_FOLLOW] = { "follow", 'f', TAKES_NOTHING, NULL, NULL,
                "status, top: print again every two seconds" },
        [OPTION_COUNT] = { "count", 'n', TAKES_VALUE, "N", NULL,
                "end after N events or times; incidents: the latest N" },
        [OPTION_RELEASE] = { "release", 0, TAKES_VALUE, "N", NULL,
                "leases: give this one back, now" },
        [OPTION_RELEASE_ALL] = { "release-all", 0, TAKES_NOTHING, NULL, NULL,
                "leases: give all back" },
        [OPTION_FOR] = { "for", 0, TAKES_VALUE, "TIME", NULL,
                "pause, protect: as long as this, as in 90s or 2h" },
        [OPTION_DRY_RUN] = { "dry-run", 0, TAKES_NOTHING, NULL, NULL,
                "say what would be changed, and change nothing" },
        [OPTION_FORMAT] = { "format", 0, TAKES_VALUE, "FORMAT", "prometheus openmetrics",
                "metrics: prometheus (the default) or openmetrics" },
        [OPTION_PAGER] = { "no-pager", 0, TAKES_NOTHING, NULL, NULL,
                "write straight to the terminal" },
        [OPTION_HELP] = { "help", 'h', TAKES_NOTHING, NULL, NULL, "this text" },
        [OPTION_VERSION] = { "version", 0, TAKES_NOTHING, NULL, NULL, "the version" },
};
