/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-watch.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fdio.h"

int cgroup_watch_open(CgroupWatch *w) {
        int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        if (fd < 0)
                return -errno;
        *w = (CgroupWatch){ .fd = fd };
        return 0;
}

void cgroup_watch_done(CgroupWatch *w) {
        close_fd(w->fd);
        *w = CGROUP_WATCH_INIT;
}

int cgroup_watch_add(CgroupWatch *w, int dir_fd) {
        const uint32_t mask = IN_CREATE | IN_DELETE | IN_MODIFY | IN_ONLYDIR;
        char path[32];
        int r;

        /* The only way from a descriptor to a watch; it follows no path of the tree. */
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
        r = inotify_add_watch(w->fd, path, mask);
        return r < 0 ? -errno : r;
}

void cgroup_watch_remove(CgroupWatch *w, int watch) {
        (void) inotify_rm_watch(w->fd, watch); /* it may have ended by itself */
}

/* Returns false for what says nothing of interest. */
static bool understand(const struct inotify_event *e, CgroupNotice *ret) {
        *ret = (CgroupNotice){ .watch = e->wd };
        if ((e->mask & IN_Q_OVERFLOW) != 0)
                ret->kind = CGROUP_NOTICE_LOST;
        else if ((e->mask & IN_IGNORED) != 0)
                ret->kind = CGROUP_NOTICE_ENDED;
        else if ((e->mask & (IN_CREATE | IN_DELETE)) != 0)
                ret->kind = CGROUP_NOTICE_CHILDREN;
        else if (e->len > 0 && strcmp(e->name, "cgroup.events") == 0)
                ret->kind = CGROUP_NOTICE_STATE;
        else if (e->len > 0 && strncmp(e->name, "memory.events", 13) == 0)
                ret->kind = CGROUP_NOTICE_EVENTS;
        else
                return false; /* somebody wrote to another file */
        return true;
}

bool cgroup_watch_next(CgroupWatch *w, CgroupNotice *ret) {
        for (;;) {
                const struct inotify_event *e;

                if (w->pos >= w->len) {
                        ssize_t n;

                        do
                                n = read(w->fd, w->buf, sizeof(w->buf));
                        while (n < 0 && errno == EINTR);
                        if (n <= 0)
                                return false; /* EAGAIN; without an inotify there is no notice */
                        w->pos = 0;
                        w->len = (size_t) n;
                }

                e = (const void *) (w->buf + w->pos);
                w->pos += sizeof(*e) + e->len;
                if (understand(e, ret))
                        return true;
        }
}
