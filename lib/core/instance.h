/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who is an instance of a policy: the processes, users or cgroups that its watch names. Pure. */

#include "config/config.h"
#include "core/sample.h"

/* The largest instances of a policy, as indices into the sample's procs, users or groups. */
typedef struct Instances {
        uint32_t index[INSTANCES_MAX];
        size_t n, cap;
        size_t dropped; /* that found no place */
} Instances;

/* Finds the instances of a policy that does not watch the system, largest first (of equals the one
 * that comes first in the sample), cap at most. */
void instances_find(const Policy *policy, const Sample *s, size_t cap, Instances *ret);

/* True when the cgroup is an instance of a policy that watches cgroups: populated, and named by its
 * glob. A slice holds what belongs together for no other reason than who started it, so it is only
 * meant by a glob that ends in ".slice". */
bool instance_is_group(const Policy *policy, const GroupSample *group);
