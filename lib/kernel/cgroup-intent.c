/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/cgroup-intent.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/macro.h"

/* systemd writes "1" and reads any word for true. */
static int read_flag(int dir_fd, const char *name, bool *ret) {
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        char value[8] = "";
        ssize_t n = fgetxattr(dir_fd, name, value, sizeof(value) - 1);

        *ret = false;
        if (n < 0)
                return errno == ENODATA || errno == ENOTSUP || errno == ENODEV || errno == ENOENT ||
                                errno == ERANGE
                        ? 0
                        : -errno;
        for (size_t i = 0; i < ELEMENTS(yes); i++)
                if (strcmp(value, yes[i]) == 0)
                        *ret = true;
        return 0;
}

int cgroup_intent_read(int dir_fd, CgroupIntent *ret) {
        CgroupIntent intent;
        int r;

        r = read_flag(dir_fd, "user.oomd_avoid", &intent.avoid);
        if (r < 0)
                return r;
        r = read_flag(dir_fd, "user.oomd_omit", &intent.omit);
        if (r < 0)
                return r;
        *ret = intent;
        return 0;
}
