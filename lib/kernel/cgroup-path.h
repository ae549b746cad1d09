/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who a cgroup belongs to, read from its path alone: the unit of the system manager, the unit of a
 * user manager, the container. Pure text. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

#define CGROUP_NO_UID ((uid_t) -1)

/* Slices point into the path; len 0 where there is none. */
typedef struct CgroupOwner {
        Slice unit;  /* of the system manager: ssh.service, session-3.scope, user@1000.service */
        Slice slice; /* innermost slice above that unit, or of the path itself: system.slice */
        Slice user_unit; /* of the manager in user@UID.service: anybody can choose its name */
        uid_t uid; /* whose user-UID.slice or user@UID.service it is below, or CGROUP_NO_UID */
        Slice container; /* id of the outermost container: 64 hex digits, or a machine's name */
        bool container_of_user; /* it lies below user@UID.service: the name is that user's word */
        Slice pod;              /* Kubernetes pod uid as the path spells it */
} CgroupOwner;

/* Reads the path ("/system.slice/ssh.service"); cannot fail. */
void cgroup_path_parse(const char *path, CgroupOwner *ret);

/* True when `path` is `ancestor` or lies below it ("/a/b" below "/a", not below "/ab"); everything
 * is below
 * "/" and "". */
bool cgroup_path_is_below(const char *path, const char *ancestor);
