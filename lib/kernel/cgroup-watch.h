/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Notice of cgroups that come and go and of their event files, by inotify: one watch on the
 * directory of a cgroup tells of its children (mkdir, rmdir) and of changes to its files that the
 * kernel announces (cgroup.events, memory.events). kernfs_notify_workfn() tells the watchers of the
 * directory, at most every 10 ms, while the file's inode is in memory: while somebody has it open,
 * and for some time after it was looked at. What a machine grants is bounded
 * (fs.inotify.max_user_watches): who has no watch is looked at now and then. */

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

typedef enum CgroupNoticeKind {
        CGROUP_NOTICE_CHILDREN, /* a child came or went */
        CGROUP_NOTICE_STATE,    /* cgroup.events changed */
        CGROUP_NOTICE_EVENTS,   /* memory.events or memory.events.local changed */
        CGROUP_NOTICE_ENDED,    /* the watch was removed */
        CGROUP_NOTICE_LOST,     /* there were more than the queue held: anything may have changed */
} CgroupNoticeKind;

typedef struct CgroupNotice {
        CgroupNoticeKind kind;
        int watch; /* as cgroup_watch_add() returned it; -1: LOST */
} CgroupNotice;

typedef struct CgroupWatch {
        int fd; /* readable when there is notice */
        size_t pos, len;
        _Alignas(8) char buf[4096];
} CgroupWatch;

#define CGROUP_WATCH_INIT                                                                          \
        (CgroupWatch) {                                                                            \
                .fd = FD_NONE                                                                      \
        }

/* 0 or negative errno (-EMFILE: fs.inotify.max_user_instances). */
int cgroup_watch_open(CgroupWatch *w);
void cgroup_watch_done(CgroupWatch *w);

/* Watches a cgroup by an open descriptor of its directory, which may be closed afterwards. Returns
 * the number of the watch (the same for the same cgroup), or negative errno: -ENOSPC when no more
 * are granted. */
int cgroup_watch_add(CgroupWatch *w, int dir_fd);

/* Ends a watch. The end of its cgroup does not: only the notice of the parent tells of that, and a
 * watch that is left behind counts. */
void cgroup_watch_remove(CgroupWatch *w, int watch);

/* Takes the next notice. False when there is none now. */
bool cgroup_watch_next(CgroupWatch *w, CgroupNotice *ret);
