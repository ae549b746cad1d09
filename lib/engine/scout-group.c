/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine/scout-group.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fdio.h"
#include "base/macro.h"
#include "base/text.h"
#include "kernel/cgroup-memory.h"

/* What counts as a gain: 4 MiB and a sixteenth. Less is noise of the page cache, which counts here
 * too. */
#define GAIN_MIN_BYTES (UINT64_C(4) * 1024 * 1024)
#define GAIN_SHARE 16

typedef struct ScoutGroup {
        const char *path; /* a reference; NULL: unused */
        int fd;           /* of memory.current; owner: scout */
        uint32_t members;
        uint64_t base; /* what it had when it last counted as gaining, or less since */
        bool gained;
} ScoutGroup;

struct ScoutGroups {
        FactStrings *strings;
        int cgroup_fd; /* owner: scout; of the root; FD_NONE: no memory files there */
        ScoutGroup groups[SCOUT_GROUPS_MAX];
};

static bool has_memory_controller(int cgroup_fd) {
        char text[256];
        Slice rest, word;
        ssize_t n;

        if (cgroup_fd < 0)
                return false;
        n = fdio_read_at(cgroup_fd, "cgroup.controllers", text, sizeof(text));
        if (n <= 0)
                return false;
        rest = (Slice){ text, (size_t) n - (text[n - 1] == '\n') };
        while (slice_next_word(&rest, &word))
                if (slice_equals(word, SLICE("memory")))
                        return true;
        return false;
}

int scout_groups_new(FactStrings *strings, const SysRoot *root, ScoutGroups **ret) {
        ScoutGroups *g = calloc(1, sizeof(*g));

        if (!g)
                return -ENOMEM;
        g->strings = strings;
        g->cgroup_fd = has_memory_controller(root->cgroup_fd) ? root->cgroup_fd : FD_NONE;
        *ret = g;
        return 0;
}

static void drop_group(ScoutGroups *g, ScoutGroup *group) {
        close_fd(group->fd);
        fact_strings_unref(g->strings, group->path);
        *group = (ScoutGroup){ .fd = FD_NONE };
}

ScoutGroups *scout_groups_free(ScoutGroups *g) {
        if (!g)
                return NULL;
        for (size_t i = 0; i < SCOUT_GROUPS_MAX; i++)
                if (g->groups[i].path)
                        drop_group(g, &g->groups[i]);
        free(g);
        return NULL;
}

static int open_current(int cgroup_fd, const char *path) {
        char name[4096];

        if (snprintf(name, sizeof(name), "%s/memory.current", path + 1) >= (int) sizeof(name))
                return -ENAMETOOLONG;
        return fdio_open_at(cgroup_fd, name);
}

uint8_t scout_groups_join(ScoutGroups *g, const char *path) {
        ScoutGroup *unused = NULL;
        int fd;

        if (g->cgroup_fd < 0 || path[0] != '/' || path[1] == '\0')
                return SCOUT_GROUP_NONE;

        for (size_t i = 0; i < SCOUT_GROUPS_MAX; i++) {
                ScoutGroup *group = &g->groups[i];

                if (group->path == path) {
                        group->members++;
                        return (uint8_t) i;
                }
                if (!group->path && !unused)
                        unused = group;
        }
        if (!unused)
                return SCOUT_GROUP_NONE;

        fd = open_current(g->cgroup_fd, path);
        if (fd < 0)
                return SCOUT_GROUP_NONE;
        *unused = (ScoutGroup){
                .path = fact_strings_again(g->strings, path), .fd = fd, .members = 1
        };
        (void) cgroup_value_read_fd(fd, &unused->base); /* 0 at worst: it counts as gained once */
        return (uint8_t) (unused - g->groups);
}

bool scout_groups_count(ScoutGroups *g, uint8_t group) {
        if (!g->groups[group].path)
                return false;
        g->groups[group].members++;
        return true;
}

size_t scout_groups_read(ScoutGroups *g) {
        size_t n_gained = 0;

        for (size_t i = 0; i < SCOUT_GROUPS_MAX; i++) {
                ScoutGroup *group = &g->groups[i];
                uint64_t current;

                if (!group->path)
                        continue;
                if (group->members == 0 || cgroup_value_read_fd(group->fd, &current) != CGROUP_OK) {
                        drop_group(g, group);
                        continue;
                }
                group->members = 0;
                group->gained = current > group->base &&
                        current - group->base >= MAX(GAIN_MIN_BYTES, group->base / GAIN_SHARE);
                n_gained += group->gained;
                if (group->gained || current < group->base)
                        group->base = current;
        }
        return n_gained;
}

bool scout_groups_gained(const ScoutGroups *g, uint8_t group) {
        return group < SCOUT_GROUPS_MAX && g->groups[group].path && g->groups[group].gained;
}
