/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The file of an incident as JSON: what it came to so far, the rule, the readings before, and every
 * event. Grows by one part at a time, and is the same whether a part is added once or again.
 *
 * (1) What a file is to tell is in it, not in whoever writes it: another process can go on. (2) Its
 * first INCIDENT_HEAD_LEN bytes tell whether it is over. */

#include <stdbool.h>

#include "daemon/incident-part.h"
#include "describe/json-tree.h"

enum {
        INCIDENT_SCHEMA_VERSION = 1,
        INCIDENT_HEAD_LEN = 256,
        INCIDENT_FIRST_EVENTS = 64,   /* the first and the last so many are kept, */
        INCIDENT_LATEST_EVENTS = 192, /* so that the file stays small */
};

/* The file below dir_fd, or the beginning of a new one where there is none, or none that can be
 * read as such: then it says so. The caller owns *ret. 0; -ENOMEM; another negative errno: it is
 * there and cannot be had. */
int incident_document_load(int dir_fd, const IncidentPart *part, Json **ret);

void incident_document_add(Json *document, const IncidentPart *part);

/* The daemon that kept it ended before the incident did. False: it was over. */
bool incident_document_cut_off(Json *document);

/* True when text begins like the file of an incident that is not over. */
bool incident_document_is_open(const char *text);

/* The name of a file with its ending. */
void incident_document_name(const IncidentPart *part, char ret[static INCIDENT_NAME_MAX]);
