/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/source-watch.h"

#include "base/macro.h"
#include "base/text.h"

#include <string.h>

static const char *const source_names[_SOURCE_MAX] = {
        [SOURCE_MEMINFO] = "meminfo",
        [SOURCE_VMSTAT] = "vmstat",
        [SOURCE_SWAPS] = "swaps",
        [SOURCE_ZRAM] = "zram",
        [SOURCE_ARC] = "arc",
        [SOURCE_TMPFS] = "tmpfs",
        [SOURCE_ZONEINFO] = "zoneinfo",
        [SOURCE_PSI_MEMORY] = "psi.memory",
        [SOURCE_PSI_IO] = "psi.io",
        [SOURCE_PSI_CPU] = "psi.cpu",
        [SOURCE_PROCESSES] = "processes",
};

const char *source_name(SourceId id) {
        return (unsigned) id < _SOURCE_MAX ? source_names[id] : "unknown";
}

void source_watch_init(SourceWatch *w, const Sampler *sampler) {
        for (unsigned i = 0; i < _SOURCE_MAX; i++) {
                w->told[i] = sampler_health(sampler, (SourceId) i)->degraded;
                w->well_since_usec[i] = USEC_UNSET;
        }
}

static void make_event(SourceId id, const SourceHealth *health, usec_t now_usec, Event *ret) {
        TextBuf text;

        *ret = (Event){
                .kind = health->degraded ? EVENT_SOURCE_DEGRADED : EVENT_SOURCE_RESTORED,
                .level = health->degraded ? NOTIFY_WARNING : NOTIFY_NOTICE,
                .at_usec = now_usec,
                .error = health->degraded ? health->error : 0,
        };
        textbuf_init(&text, ret->text, sizeof(ret->text));
        textbuf_add(&text, source_name(id));
        if (!health->degraded) {
                textbuf_add(&text, " can be read again");
                return;
        }
        textbuf_add(&text, ": ");
        textbuf_add(&text, health->why[0] != '\0' ? health->why : strerrordesc_np(health->error));
        textbuf_add(&text, "; what rests on it is unknown meanwhile");
}

bool source_watch_check(
        SourceWatch *w, SourceId id, const SourceHealth *health, usec_t now_usec, Event *ret) {
        if (health->degraded) {
                w->well_since_usec[id] = USEC_UNSET;
                if (w->told[id])
                        return false;
                w->told[id] = true;
        } else {
                if (!w->told[id])
                        return false;
                if (w->well_since_usec[id] == USEC_UNSET)
                        w->well_since_usec[id] = now_usec;
                if (usec_since(now_usec, w->well_since_usec[id]) < SOURCE_WELL_USEC)
                        return false;
                w->told[id] = false;
        }

        make_event(id, health, now_usec, ret);
        return true;
}
