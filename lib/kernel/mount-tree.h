/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which mount a path leads to, from the lines of mountinfo alone: nothing is opened, so that no
 * file system that does not answer (a server that is gone, FUSE) can stop who asks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "kernel/mount-table.h"

typedef struct MountNode {
        uint64_t id, parent, point; /* hashes of the texts */
        bool may_hang;
} MountNode;

typedef struct MountTree {
        MountNode *nodes; /* owned */
        size_t n, size;
} MountTree;

#define MOUNT_TREE_INIT ((MountTree){ 0 })

/* Of a text, such as the device of a mount. */
uint64_t mount_hash(Slice text);

/* Takes one mount in. 0 or -ENOMEM. */
int mount_tree_add(MountTree *t, const MountLine *m);

void mount_tree_done(MountTree *t);

/* Whether the mount point of m leads to m: nothing is mounted on top of it or of what is above it.
 * False as well when the way leads through a file system that may not answer; the root is not
 * asked about. */
bool mount_tree_leads_to(const MountTree *t, const MountLine *m);
