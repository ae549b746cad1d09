/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The files of incidents as avertctl finds them: which there are, which one is meant, what is in
 * it. They are read without the daemon. Tells on ctl->err what is wrong. */

#include "ctl/ctl.h"
#include "ctl/json-tree.h"
#include "engine/incident-name.h"

typedef struct IncidentFiles {
        char directory[512];
        int dir_fd;
        char (*names)[INCIDENT_NAME_MAX]; /* with their ending, the oldest first */
        size_t n;
} IncidentFiles;

/* Those of this machine, or of the one below --root; none when the directory is not there (dir_fd
 * is FD_NONE then). The exit code; *ret is to be done with in any case. */
int incident_files_list(const Ctl *ctl, IncidentFiles *ret);
void incident_files_done(IncidentFiles *f);

/* The document of one; the caller owns it. NULL: it is gone meanwhile, or it was told what is wrong
 * with it. */
Json *incident_files_load(const Ctl *ctl, const IncidentFiles *f, const char *name);

/* The index of the one that is meant: by its whole name, by what only one begins with, by the
 * number that the journal has (then the latest), or "last". False: it was told why not. */
bool incident_files_find(
        const Ctl *ctl, const IncidentFiles *f, const char *what, size_t *ret_index);

/* Whether a word can only be the name of an incident. */
bool incident_files_is_name(const char *word);
