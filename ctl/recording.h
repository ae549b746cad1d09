/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Judging a recording by the policy that the command line names: what `explain --root` and `replay`
 * share. */

#include "config/config.h"
#include "ctl/ctl.h"
#include "engine/replay.h"

typedef struct Recording {
        Config *config;
        Replay *replay;
        size_t n_judged; /* trees */
        size_t n_unread;
} Recording;

/* Loads ctl's --config files, or the built-in policy without any, and opens the recording. CTL_OK,
 * or the exit code after the reason was printed. */
int recording_open(const Ctl *ctl, const char *dir, Recording *ret);
void recording_close(Recording *recording);

/* Judges all trees. Events go to the sink. The same outcome. */
int recording_judge(const Ctl *ctl, Recording *recording, Sink sink);
