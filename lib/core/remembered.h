/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes and classes that are left alone for a while: they refused, did not exit, or freed
 * nothing. */

#include "core/decide.h"

/* Leaves the process alone until then; with a class, all of that class. Of too many the one that
 * would be forgotten first makes room. */
void remembered_add(IncidentBook *book, uint64_t class_hash, uint32_t slot, uint32_t generation,
        usec_t until_usec, const char *why);

/* Gives up what is over. Once a tick: everybody who is looked at costs as much as is remembered. */
void remembered_forget(IncidentBook *book, usec_t now_usec);

/* What is remembered about a process, or NULL. */
const Remembered *remembered_find(
        const IncidentBook *book, const ProcSample *proc, usec_t now_usec);
