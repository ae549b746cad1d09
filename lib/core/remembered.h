/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes, cgroups and classes that are left alone for a while: they refused, did not exit, or
 * freed nothing. */

#include "core/decide.h"

/* Leaves the process or cgroup alone until then; with a class, all of that class. Of too many the
 * one that would be forgotten first makes room. */
void remembered_add(IncidentBook *book, const Remembered *what);

/* Gives up what is over. Once a tick: everybody who is looked at costs as much as is remembered. */
void remembered_forget(IncidentBook *book, usec_t now_usec);

/* Whether anybody is left alone by one policy and not by the others. */
bool remembered_tells_policies_apart(const IncidentBook *book);

/* Gives up what is about one policy only: their numbers change with a reload. */
void remembered_forget_policies(IncidentBook *book);

/* What is remembered about a process, for the policy that asks; or NULL. */
const Remembered *remembered_find(const DecideVeto *veto, const ProcSample *proc);

/* The same about a cgroup. */
const Remembered *remembered_find_group(const DecideVeto *veto, const GroupSample *group);
