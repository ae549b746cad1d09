/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/own-cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <libcgroup.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fdio.h"
#include "kernel/proc-cgroup.h"
#include "kernel/proc.h"

#define MAIN "main"

/* ---- what there is
 * -------------------------------------------------------------------------------- */

/* libcgroup's numbers are its own; behind ECGOTHER is an errno. */
static int to_errno(int r) {
        switch (r) {
        case 0:
                return 0;
        case ECGOTHER:
                return cgroup_get_last_errno() > 0 ? -cgroup_get_last_errno() : -EIO;
        case ECGROUPNOTEXIST:
                return -ENOENT;
        case ECGROUPNOTOWNER:
        case ECGROUPNOTALLOWED:
                return -EPERM;
        default:
                return -EIO;
        }
}

void cgroup_discover(CgroupDiscovery *ret) {
        CgroupDiscovery d = { 0 };
        char *mount = NULL;
        struct statfs fs;
        int r;

        cgroup_set_logger(NULL, -1, NULL);
        r = cgroup_init();
        if (r == 0)
                r = cgroup_get_subsys_mount_point("memory", &mount);
        if (r != 0)
                (void) snprintf(d.why, sizeof(d.why), "%s",
                        r == ECGOTHER ? strerror(cgroup_get_last_errno()) : cgroup_strerror(r));
        else {
                (void) text_copy(d.mount, sizeof(d.mount), mount);
                if (statfs(mount, &fs) < 0)
                        (void) snprintf(d.why, sizeof(d.why), "%s", strerror(errno));
                else if (fs.f_type == CGROUP2_SUPER_MAGIC)
                        d.mode = CGROUP_MODE_V2;
                else {
                        d.mode = CGROUP_MODE_V1;
                        (void) snprintf(d.why, sizeof(d.why),
                                "the memory controller is mounted as version 1");
                }
        }
        free(mount);
        *ret = d;
}

void cgroup_discovery_print(const CgroupDiscovery *d, TextBuf *out) {
        if (d->mode == CGROUP_MODE_V2) {
                textbuf_addf(out, "version 2, memory controller at %s", d->mount);
                return;
        }
        if (d->mode == CGROUP_MODE_V1)
                textbuf_addf(out,
                        "version 1 (%s): avert acts on processes only; boot with "
                        "systemd.unified_cgroup_hierarchy=1",
                        d->mount);
        else
                textbuf_addf(
                        out, "no memory controller (%s): avert acts on processes only", d->why);
}

/* ---- what is ours
 * --------------------------------------------------------------------------------- */

/* CAP_DAC_OVERRIDE lets us write anywhere: that we could is no sign that we may. */
static bool is_delegated(int dir_fd) {
        char mark[8] = "";
        struct stat st;

        if (fgetxattr(dir_fd, "user.delegate", mark, sizeof(mark) - 1) == 1 && mark[0] == '1')
                return true;
        return geteuid() != 0 && fstat(dir_fd, &st) == 0 && st.st_uid == geteuid();
}

/* A session's cgroup may belong to its user and is not ours all the same: others live in it. */
static bool is_alone(int dir_fd) {
        char text[64], own[24];

        (void) snprintf(own, sizeof(own), "%d\n", getpid());
        return fdio_read_at(dir_fd, "cgroup.procs", text, sizeof(text)) > 0 &&
                strcmp(text, own) == 0;
}

static bool refuse(OwnCgroup *o, const char *what, int error) {
        (void) snprintf(o->why, sizeof(o->why), "%s%s%s", what, error ? ": " : "",
                error ? strerror(error) : "");
        o->path[0] = '\0';
        o->dir_fd = close_fd(o->dir_fd);
        return false;
}

/* Our path below the mount, and its directory. */
static int find(OwnCgroup *o, const char *mount) {
        _cleanup_close_ int self_fd = fdio_open_dir_at(AT_FDCWD, "/proc/self");
        _cleanup_close_ int mount_fd = fdio_open_dir_at(AT_FDCWD, mount);
        char path[sizeof(o->path)];
        bool deleted;
        int r;

        if (self_fd < 0 || mount_fd < 0)
                return -ENOENT;
        r = proc_cgroup_read_at(self_fd, path, sizeof(path), &deleted);
        if (r != PROC_OK)
                return r < 0 ? r : -ENOENT;
        if (deleted || !path[1])
                return -ENOENT;
        r = fdio_open_dir_at(mount_fd, path + 1);
        if (r < 0)
                return r;
        o->dir_fd = r;
        (void) text_copy(o->path, sizeof(o->path), path);
        return 0;
}

static int move_into_main(int dir_fd) {
        _cleanup_close_ int main_fd = FD_NONE;

        if (mkdirat(dir_fd, MAIN, 0755) < 0 && errno != EEXIST)
                return -errno;
        main_fd = fdio_open_dir_at(dir_fd, MAIN);
        return main_fd < 0 ? main_fd : fdio_write_at(main_fd, "cgroup.procs", "0");
}

bool own_cgroup_enter(OwnCgroup *ret) {
        CgroupDiscovery d;
        int r;

        *ret = OWN_CGROUP_INIT;
        cgroup_discover(&d);
        if (d.mode != CGROUP_MODE_V2)
                return refuse(ret, d.why, 0);
        r = find(ret, d.mount);
        if (r < 0)
                return refuse(ret, "our own cgroup is not found", -r);
        if (!is_delegated(ret->dir_fd))
                return refuse(ret, "our cgroup is not delegated to us (Delegate=memory pids)", 0);
        if (!is_alone(ret->dir_fd))
                return refuse(ret, "others live in our cgroup", 0);
        r = move_into_main(ret->dir_fd);
        if (r < 0)
                return refuse(ret, "we cannot move into a cgroup below our own", -r);
        return true;
}

void own_cgroup_done(OwnCgroup *own) {
        own->dir_fd = close_fd(own->dir_fd);
        own->path[0] = '\0';
}

/* ---- making and removing
 * -------------------------------------------------------------------------- */

static void free_group(struct cgroup **group) {
        cgroup_free(group);
}

/* libcgroup wants the name without the slash in front. */
static struct cgroup *describe(const OwnCgroup *own, const char *name) {
        char path[sizeof(own->path) + 64];

        (void) snprintf(path, sizeof(path), "%s/%s", own->path + 1, name);
        return cgroup_new_cgroup(path);
}

int own_cgroup_make(const OwnCgroup *own, const char *name, uint64_t memory_bytes, uint64_t pids) {
        _cleanup_(free_group) struct cgroup *group = NULL;
        struct cgroup_controller *memory, *processes;
        int r;

        if (own->dir_fd < 0)
                return -EOPNOTSUPP;
        group = describe(own, name);
        memory = group ? cgroup_add_controller(group, "memory") : NULL;
        processes = group ? cgroup_add_controller(group, "pids") : NULL;
        if (!memory || !processes)
                return -ENOMEM;
        r = cgroup_add_value_uint64(memory, "memory.max", memory_bytes);
        if (r == 0)
                r = cgroup_add_value_string(memory, "memory.oom.group", "1");
        if (r == 0)
                r = cgroup_add_value_uint64(processes, "pids.max", pids);
        if (r == 0)
                r = cgroup_create_cgroup(group, 1);
        if (r != 0) {
                int e = to_errno(r);

                (void) own_cgroup_remove(own, name); /* it may be there without its bounds */
                return e;
        }
        return fdio_open_dir_at(own->dir_fd, name);
}

int own_cgroup_end(const OwnCgroup *own, const char *name) {
        char file[96];

        if (own->dir_fd < 0)
                return 0;
        (void) snprintf(file, sizeof(file), "%s/cgroup.kill", name);
        return fdio_write_at(own->dir_fd, file, "1");
}

int own_cgroup_remove(const OwnCgroup *own, const char *name) {
        _cleanup_(free_group) struct cgroup *group = NULL;
        int r;

        if (own->dir_fd < 0 || faccessat(own->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        group = describe(own, name);
        if (!group || !cgroup_add_controller(group, "memory"))
                return -ENOMEM;
        r = to_errno(cgroup_delete_cgroup_ext(group, CGFLAG_DELETE_EMPTY_ONLY));
        return r == -ENOENT ? 0 : r;
}
