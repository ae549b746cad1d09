/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/mount-tree.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/macro.h"

#define NOWHERE SIZE_MAX

uint64_t mount_hash(Slice text) {
        return hash_bytes(HASH_START, text.at, text.len);
}

/* Others answer: a server, a program, or what mounts when it is looked at. */
static bool asks_others(Slice type) {
        static const char *const names[] = { "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "9p",
                "afs", "ceph", "coda", "glusterfs", "lustre", "orangefs", "pvfs2", "gfs2", "ocfs2",
                "virtiofs", "vboxsf", "fuse", "fuseblk", "autofs" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (slice_equals(type, slice_of(names[i])))
                        return true;
        return slice_starts_with(type, SLICE("fuse."));
}

int mount_tree_add(MountTree *t, const MountLine *m) {
        if (t->n == t->size) {
                size_t size = MAX(t->size * 2, (size_t) 64);
                MountNode *nodes = reallocarray(t->nodes, size, sizeof(*nodes));

                if (!nodes)
                        return -ENOMEM;
                t->nodes = nodes;
                t->size = size;
        }
        t->nodes[t->n++] = (MountNode){
                .id = mount_hash(m->id),
                .parent = mount_hash(m->parent),
                .point = mount_hash(m->point),
                .may_hang = asks_others(m->type),
        };
        return 0;
}

void mount_tree_done(MountTree *t) {
        free(t->nodes);
        *t = MOUNT_TREE_INIT;
}

static bool is_listed(const MountTree *t, uint64_t id) {
        for (size_t i = 0; i < t->n; i++)
                if (t->nodes[i].id == id)
                        return true;
        return false;
}

/* What is mounted on the root of our namespace is not listed (a chroot has nothing for "/"). */
static size_t find_root(const MountTree *t, uint64_t point) {
        for (size_t i = 0; i < t->n; i++)
                if (t->nodes[i].point == point && !is_listed(t, t->nodes[i].parent))
                        return i;
        return NOWHERE;
}

/* One that is mounted at this point of the mount `at`, or NOWHERE. */
static size_t find_on(const MountTree *t, size_t at, uint64_t point) {
        for (size_t i = 0; i < t->n; i++)
                if (t->nodes[i].parent == t->nodes[at].id && t->nodes[i].point == point && i != at)
                        return i;
        return NOWHERE;
}

bool mount_tree_leads_to(const MountTree *t, const MountLine *m) {
        uint64_t id = mount_hash(m->id);
        size_t at = find_root(t, mount_hash(SLICE("/"))), crossed = 0;

        if (at == NOWHERE)
                return false;
        for (size_t len = 1; len <= m->point.len; len++) {
                uint64_t point;

                if (len > 1 && len < m->point.len && m->point.at[len] != '/')
                        continue;
                point = mount_hash((Slice){ m->point.at, len });
                for (size_t next; (next = find_on(t, at, point)) != NOWHERE; at = next)
                        if (t->nodes[next].may_hang || ++crossed > t->n) /* it goes in circles */
                                return false;
        }
        return t->nodes[at].id == id;
}
