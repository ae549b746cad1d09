/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/mount-table.h"

#include <errno.h>
#include <string.h>

#include "kernel/escape.h"

/* One word of a comma-separated list. */
static bool has_option(Slice options, Slice wanted) {
        while (options.len > 0) {
                const char *comma = memchr(options.at, ',', options.len);
                Slice option = { options.at, comma ? (size_t) (comma - options.at) : options.len };
                size_t step = option.len + (comma ? 1 : 0);

                if (slice_equals(option, wanted))
                        return true;
                options = (Slice){ options.at + step, options.len - step };
        }
        return false;
}

bool mount_line_parse(Slice line, MountLine *ret) {
        Slice word, source;

        if (!slice_next_word(&line, &ret->id) || !slice_next_word(&line, &ret->parent))
                return false;
        if (!slice_next_word(&line, &ret->device))
                return false;
        if (!slice_next_word(&line, &ret->root) || !slice_next_word(&line, &ret->point))
                return false;

        do
                if (!slice_next_word(&line, &word))
                        return false;
        while (!slice_equals(word, SLICE("-")));

        if (!slice_next_word(&line, &ret->type) || !slice_next_word(&line, &source))
                return false;
        if (!slice_next_word(&line, &ret->options))
                ret->options = (Slice){ "", 0 };
        return true;
}

static void take_cgroup2(MountTable *t, const MountLine *m) {
        bool whole = slice_equals(m->root, SLICE("/"));
        char path[MOUNT_PATH_MAX];

        if (t->cgroup2[0] != '\0' && (t->cgroup2_whole || !whole))
                return;
        if (!escape_undo(m->point, path, sizeof(path)))
                return; /* a path cut short is no path */

        memcpy(t->cgroup2, path, sizeof(path));
        t->cgroup2_whole = whole;
}

bool mount_table_take_line(MountTable *t, Slice line) {
        MountLine m;

        if (!mount_line_parse(line, &m))
                return false;

        if (slice_equals(m.type, SLICE("cgroup2")))
                take_cgroup2(t, &m);
        else if (slice_equals(m.type, SLICE("cgroup")))
                t->v1_memory = t->v1_memory || has_option(m.options, SLICE("memory"));
        else if (slice_equals(m.type, SLICE("proc")) && slice_equals(m.point, SLICE("/proc"))) {
                t->hides_processes = has_option(m.options, SLICE("hidepid=1")) ||
                        has_option(m.options, SLICE("hidepid=2")) ||
                        has_option(m.options, SLICE("hidepid=4")) ||
                        has_option(m.options, SLICE("hidepid=noaccess")) ||
                        has_option(m.options, SLICE("hidepid=invisible")) ||
                        has_option(m.options, SLICE("hidepid=ptraceable"));
                t->processes_only = has_option(m.options, SLICE("subset=pid"));
        }
        return true;
}

int mount_table_parse(const char *text, MountTable *ret) {
        Slice rest = slice_of(text), line;
        MountTable t = { 0 };
        bool any = false;

        while (slice_next_line(&rest, &line))
                any = mount_table_take_line(&t, line) || any;
        if (!any)
                return -EBADMSG;

        *ret = t;
        return 0;
}
