/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/incident-part.h"

#include <string.h>

#include "core/event.h"
#include "core/trail.h"

_Static_assert(sizeof(IncidentPart) % 8 == 0, "what follows a part is not aligned");

static bool is_whole(const IncidentPart *part) {
        if (!memchr(part->name, '\0', sizeof(part->name)))
                return false;
        switch (part->kind) {
        case INCIDENT_PART_BEGIN:
                return part->len == 0;
        case INCIDENT_PART_EVENT:
                return part->len == sizeof(Event);
        case INCIDENT_PART_TRAIL:
                return part->len % sizeof(TrailEntry) == 0 &&
                        part->len <= sizeof(TrailEntry) * TRAIL_ENTRIES_MAX;
        case INCIDENT_PART_RULE:
                return true;
        case _INCIDENT_PART_MAX:
                break;
        }
        return false;
}

const IncidentPart *incident_part_next(const char *load, size_t len, size_t *offset) {
        const IncidentPart *part;
        size_t left = len > *offset ? len - *offset : 0;

        if (left < sizeof(*part))
                return NULL;
        part = (const IncidentPart *) (const void *) (load + *offset);
        if (part->len > left || incident_part_size(part->len) > left || !is_whole(part))
                return NULL;
        *offset += incident_part_size(part->len);
        return part;
}
