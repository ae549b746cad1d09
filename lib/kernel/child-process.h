/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a process that was forked from the daemon gives up before it does its work: rights, place in
 * the queues, signals, descriptors, and its life when its parent ends. Knows nothing of the work.
 */

#include <stdint.h>
#include <sys/types.h>

#define CHILD_CAPABILITY(number) (UINT64_C(1) << (number))

/* SIGKILL for us when the parent ends; ends at once if it already has. The thread that forked
 * counts as the parent, and changing credentials clears it (prctl(2)): then it is called again. */
void child_follow_parent(pid_t parent);

/* Every signal has its default action, none is blocked. */
void child_reset_signals(void);

/* Leaves the standard streams and `keep`, which becomes descriptor 3, close-on-exec. Ends the
 * process when that cannot be. Returns 3. */
int child_keep_only(int keep);

/* Keeps of the permitted and effective capabilities those in the mask, none that an exec would take
 * over or regain: no_new_privs, and the bounding set as far as CAP_SETPCAP allows. 0 or negative
 * errno: then the capabilities are as they were. */
int child_limit_capabilities(uint64_t keep);

/* Back to the default oom_score_adj, scheduler and nice value: none of which takes a right, coming
 * from better ones. What fails is left as it was. */
void child_become_ordinary(void);
