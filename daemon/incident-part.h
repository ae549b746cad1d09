/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What main knows of an incident goes to whoever writes its file in parts, as plain memory, one
 * after the other: both ends are the same program. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/incident-name.h"

typedef enum IncidentPartKind {
        INCIDENT_PART_BEGIN, /* of no incident: this daemon begins; nothing follows */
        INCIDENT_PART_EVENT, /* an Event */
        INCIDENT_PART_TRAIL, /* TrailEntry[] */
        INCIDENT_PART_RULE,  /* the policy as JSON; no NUL */
        _INCIDENT_PART_MAX,
} IncidentPartKind;

typedef struct IncidentPart {
        IncidentPartKind kind;
        uint32_t len;                 /* of what follows */
        usec_t started_usec;          /* CLOCK_REALTIME: when the daemon was */
        char name[INCIDENT_NAME_MAX]; /* without the ending; "": none */
} IncidentPart;

/* What a part takes with what follows it, so that the next one is aligned. */
static inline size_t incident_part_size(uint32_t len) {
        return sizeof(IncidentPart) + (((size_t) len + 7) & ~(size_t) 7);
}

static inline const void *incident_part_body(const IncidentPart *part) {
        return part + 1;
}

/* The part at *offset of a load of len bytes, aligned to 8, and moves *offset behind it; NULL at
 * the end, and where no whole part is. */
const IncidentPart *incident_part_next(const char *load, size_t len, size_t *offset);
