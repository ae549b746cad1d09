/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who belongs to the surroundings of an offender rather than to it: the session leader, the shell,
 * the compositor, the service manager of a user, the container runtime. Told by the executable, if
 * that is the host's own file: a name alone belongs to whoever runs the process. Pure. */

#include "core/sample.h"

typedef enum SessionRole {
        SESSION_NONE,
        SESSION_SHELL,   /* shells and leaders with a terminal: spared unless they are the offender
                            themselves */
        SESSION_FIXTURE, /* what everything else hangs on: spared in any case */
} SessionRole;

SessionRole session_role(const ProcFacts *facts);
