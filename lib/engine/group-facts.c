/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/group-facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "base/text.h"
#include "kernel/cgroup-intent.h"
#include "kernel/cgroup-memory.h"
#include "kernel/cgroup-path.h"
#include "kernel/cgroup-state.h"

static int read_limit(int dir_fd, const char *name, bool *ret_there, uint64_t *ret) {
        uint64_t value = CGROUP_NO_LIMIT;
        int r = cgroup_value_read_at(dir_fd, name, &value);

        if (r == CGROUP_GONE || (r < 0 && r != -EBADMSG))
                return r;
        *ret_there = *ret_there || r == CGROUP_OK;
        *ret = value;
        return CGROUP_OK;
}

int group_settings_read(int dir_fd, GroupSettings *ret) {
        GroupSettings g = { 0 };
        CgroupIntent intent;
        struct stat st;
        int r;

        if (fstat(dir_fd, &st) < 0)
                return -errno;
        g.inode = st.st_ino;
        g.owner_uid = st.st_uid;

        r = cgroup_type_read_at(dir_fd, &g.is_threaded);
        if (r == CGROUP_OK)
                r = read_limit(dir_fd, "memory.max", &g.has_limit_files, &g.max_bytes);
        if (r == CGROUP_OK)
                r = read_limit(dir_fd, "memory.high", &g.has_limit_files, &g.high_bytes);
        if (r != CGROUP_OK)
                return r;
        if (g.has_limit_files && cgroup_oom_group_read_at(dir_fd, &g.oom_group) == CGROUP_GONE)
                return CGROUP_GONE;
        if (cgroup_intent_read(dir_fd, &intent) == 0) {
                g.avoid = intent.avoid;
                g.omit = intent.omit;
        }
        *ret = g;
        return CGROUP_OK;
}

static int intern(FactStrings *strings, Slice text, const char **field) {
        const char *t = fact_strings_ref(strings, text.at ? text.at : "", text.len);

        if (!t)
                return -ENOMEM;
        *field = t;
        return 0;
}

/* Whether a part of the path is its last component, or the end of that (a '_' before it escapes).
 */
static bool is_last(const char *path, Slice part) {
        return part.len > 0 && part.at + part.len == path + strlen(path);
}

static bool ends_in_slice(const char *path) {
        size_t n = strlen(path);

        return n > 6 && strcmp(path + n - 6, ".slice") == 0;
}

GroupFacts *group_facts_new(FactStrings *strings, const char *path, const GroupSettings *settings,
        const GroupBounds *bounds, const char *own_cgroup) {
        GroupFacts *f = malloc(sizeof(*f));
        CgroupOwner owner;

        if (!f)
                return NULL;

        cgroup_path_parse(path, &owner);
        *f = (GroupFacts){
                .inode = settings->inode,
                .path = "",
                .unit = "",
                .user_unit = "",
                .slice = "",
                .container = "",
                .uid = owner.uid != CGROUP_NO_UID ? owner.uid : settings->owner_uid,
                .is_unit = is_last(path, owner.unit),
                .is_user_unit = is_last(path, owner.user_unit),
                .is_slice = ends_in_slice(path),
                .is_threaded = settings->is_threaded,
                .self = own_cgroup &&
                        (*own_cgroup == '\0' || cgroup_path_is_below(own_cgroup, path)),
                .oom_group = settings->oom_group,
                /* On a directory of his own anybody could make himself untouchable. */
                .avoid = settings->avoid && settings->owner_uid == 0,
                .omit = settings->omit && settings->owner_uid == 0,
                .limit_bytes = bounds->max_bytes,
                .high_bytes = bounds->high_bytes,
                .has_own_limit =
                        settings->has_limit_files && settings->max_bytes != CGROUP_NO_LIMIT,
        };
        if (intern(strings, slice_of(path), &f->path) < 0 ||
                intern(strings, owner.unit, &f->unit) < 0 ||
                intern(strings, owner.user_unit, &f->user_unit) < 0 ||
                intern(strings, owner.slice, &f->slice) < 0 ||
                intern(strings, owner.container, &f->container) < 0)
                return group_facts_free(strings, f);

        f->class_hash = group_class(f);
        return f;
}

GroupFacts *group_facts_free(FactStrings *strings, GroupFacts *f) {
        if (!f)
                return NULL;
        fact_strings_unref(strings, f->path);
        fact_strings_unref(strings, f->unit);
        fact_strings_unref(strings, f->user_unit);
        fact_strings_unref(strings, f->slice);
        fact_strings_unref(strings, f->container);
        free(f);
        return NULL;
}

bool group_facts_equal(const GroupFacts *a, const GroupFacts *b) {
        return a->inode == b->inode && a->uid == b->uid && a->is_threaded == b->is_threaded &&
                a->self == b->self && a->oom_group == b->oom_group && a->avoid == b->avoid &&
                a->omit == b->omit && a->limit_bytes == b->limit_bytes &&
                a->high_bytes == b->high_bytes && a->has_own_limit == b->has_own_limit &&
                strcmp(a->path, b->path) == 0;
}
