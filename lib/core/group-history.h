/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What outlives a tick about cgroups: a track for each slot, and pressure windows for the few whose
 * pressure is read. Fixed memory, made once.
 *
 * (1) Windows are large, so there is a pool of them; who finds it full has no own windows until
 * somebody has not been read for a while. */

#include "core/group-track.h"
#include "core/psi-window.h"

/* As many cgroups as may have pressure triggers. */
#define GROUP_WINDOWS_MAX 32

/* Whose windows these are. */
typedef struct GroupWindowOwner {
        bool used;
        uint32_t slot;
        uint32_t generation;
        usec_t last_usec;
} GroupWindowOwner;

typedef struct GroupHistory {
        uint32_t n_tracks;
        GroupTrack *tracks;
        GroupWindowOwner owners[GROUP_WINDOWS_MAX];
        PsiWindows *windows;
        uint64_t version; /* Sample.groups_version that was taken in last */
} GroupHistory;

/* Makes a history for groups_max slots; memory is only touched as slots are used. 0 or -ENOMEM;
 * after a failure as after group_history_done(). */
int group_history_init(GroupHistory *h, uint32_t groups_max);
void group_history_done(GroupHistory *h);

/* Takes the sample's cgroups in, each by its own at_usec, and fills their derived parts. Those that
 * were taken in before under the same version have theirs. */
void group_history_advance(GroupHistory *h, Sample *s);

/* After a pause of the machine rates, windows and growth begin anew. */
void group_history_pause(GroupHistory *h);
