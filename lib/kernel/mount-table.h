/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What /proc/self/mountinfo says about the file systems that avert reads: where cgroup2 is, who
 * owns the memory controller, how much /proc hides. Pure text. */

#include <stdbool.h>

#include "base/text.h"

enum { MOUNT_PATH_MAX = 256 };

/* One line, "36 35 98:0 /root /mount/point options optional... - type source superoptions", as
 * slices of it; the escapes of point are not undone. */
typedef struct MountLine {
        Slice id, parent, device, root, point, type, options;
} MountLine;

/* Returns whether the line has the form of a mount. */
bool mount_line_parse(Slice line, MountLine *ret);

typedef struct MountTable {
        char cgroup2[MOUNT_PATH_MAX]; /* mount point, escapes undone; "" when there is none */
        bool cgroup2_whole;           /* it shows the tree from its root */
        bool v1_memory; /* the memory controller is mounted as v1: cgroup2 has no memory.* files */
        bool hides_processes; /* /proc is mounted with hidepid= */
        bool processes_only;  /* /proc is mounted with subset=pid: no meminfo, no pressure */
} MountTable;

/* Takes one line into account. A cgroup2 mount that shows the whole tree goes before one that does
 * not, an earlier one before a later one. Returns whether the line had the form of a mount. */
bool mount_table_take_line(MountTable *t, Slice line);

/* Takes all lines. Returns 0, or -EBADMSG when none has the form of a mount. */
int mount_table_parse(const char *text, MountTable *ret);
