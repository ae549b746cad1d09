/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Real cgroups for tests of what only the kernel can show: made below one directory of the test's
 * own, with children of the test in them, and removed again. Where no cgroup2 can be written to,
 * the test says so and passes. */

#include <stdbool.h>
#include <sys/types.h>

#include "kernel/sysroot.h"
#include "tests/harness.h"

typedef struct CgroupFixture {
        SysRoot root;
        char name[64]; /* of the directory below the mount: "avert-test-123" */
        int fd;        /* of that directory */
} CgroupFixture;

/* False, with the reason on stdout, when the machine does not allow it: nothing is left to undo. */
bool cgroup_fixture_init(CgroupFixture *f);

/* Kills whoever is left in it and removes it with all below it. */
void cgroup_fixture_done(CgroupFixture *f);

/* Makes dir/name, dir being f->fd or one below it; returns its descriptor, to be closed. */
int cgroup_fixture_make(const CgroupFixture *f, int dir_fd, const char *name);

/* Removes dir/name, which must be empty of processes. */
void cgroup_fixture_remove(int dir_fd, const char *name);

/* Starts a child that waits for ever and puts it into the cgroup. deaf: it ignores SIGTERM. */
pid_t cgroup_fixture_member(int dir_fd, bool deaf);

/* Waits until the child has ended and reaps it. Returns the signal that ended it, 0 when it went by
 * itself, -1 when it still lives after timeout_ms. */
int cgroup_fixture_reap(pid_t pid, int timeout_ms);

/* Until cgroup.events says so: a process leaves its cgroup some time after it was reaped. */
void cgroup_fixture_await_empty(int dir_fd);
