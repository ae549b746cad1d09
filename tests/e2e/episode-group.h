/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A cgroup of the test's own below the machine's cgroup2 mount. A process of its own removes it,
 * and ends whoever is left in it, as soon as the maker ends - however that happens. */

#include <stdbool.h>
#include <sys/types.h>

typedef struct EpisodeGroup {
        char path[64];   /* below the mount, as in /proc/PID/cgroup: "/avert-episode-123" */
        const char *why; /* there is none: the reason */
        int fd;          /* of the directory; FD_NONE: there is none */
        int leash;       /* the maker's alone; its end is the order to remove the cgroup */
        pid_t remover;
} EpisodeGroup;

/* False when the machine does not allow it: `why` says what it lacks. Else episode_group_remove().
 */
bool episode_group_make(EpisodeGroup *g);

/* In a child of the maker, which does not decide about the cgroup's end. */
void episode_group_let_go(EpisodeGroup *g);

/* Puts the calling process into it. */
bool episode_group_join(const EpisodeGroup *g);

/* Removes it and waits until that is done. False when it is still there. */
bool episode_group_remove(EpisodeGroup *g);
