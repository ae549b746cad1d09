/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The cgroups behind a choice, in plain text. Pure. Used by explain. */

#include "base/text.h"
#include "core/decide.h"

/* What people call it: a unit by its name, another cgroup by its path. */
void explain_group_name(const GroupSample *g, TextBuf *out);

/* The cgroups that competed at the last choice, with their refusals; nothing when none did. */
void explain_groups(
        const Sample *s, const DecideVeto *veto, const DecideScratch *scratch, TextBuf *out);
