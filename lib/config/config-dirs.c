/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/config-dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fdio.h"
#include "config/config-load.h"
#include "config/yaml-tree.h"

static bool ends_with(const char *text, const char *suffix) {
        size_t len = strlen(text), n = strlen(suffix);

        return len > n && strcmp(text + len - n, suffix) == 0;
}

/* Opens a path below a root so that links, absolute ones too, stay below it: the files of a foreign
 * root are its own, never this machine's. Kernels before 5.6 follow them as usual. Returns the fd
 * or -1 with errno. */
static int open_below(int rootfd, const char *path, int flags) {
        struct open_how how = { .flags = (unsigned) flags, .resolve = RESOLVE_IN_ROOT };
        int fd;

        if (rootfd == AT_FDCWD)
                return open(path, flags);
        fd = (int) syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
        if (fd < 0 && errno == ENOSYS)
                fd = openat(rootfd, path, flags);
        return fd;
}

static int report_errno(Loader *l, const char *path, const char *what, int error) {
        const SourceText source = { path, NULL, 0 };

        config_errors_add(l->errors, &source, 0, 0, "cannot %s it: %s", what, strerror(-error));
        return error;
}

/* A later directory takes the place of an earlier one. */
static int add_file(Loader *l, ConfigFiles *files, const char *dir, const char *name) {
        const SourceText source = { dir, NULL, 0 };
        ConfigFile *file = NULL;
        char path[512];
        TextBuf b;

        for (size_t i = 0; i < files->n; i++)
                if (strcmp(files->items[i].name, name) == 0)
                        file = &files->items[i];
        if (!file) {
                if (files->n == CONFIG_FILES_MAX) {
                        config_errors_add(l->errors, &source, 0, 0, "more than %d policy files",
                                CONFIG_FILES_MAX);
                        return -E2BIG;
                }
                file = &files->items[files->n++];
        }

        textbuf_init(&b, path, sizeof(path));
        textbuf_addf(&b, "/%s/%s", dir, name);
        file->name = arena_copy_text(l->scratch, name, strlen(name));
        file->path = arena_copy_text(l->scratch, path, strlen(path));
        return file->name && file->path ? 0 : -ENOMEM;
}

static int list_entries(Loader *l, DIR *dir, const char *path, ConfigFiles *files) {
        int r;

        for (;;) {
                const struct dirent *entry;

                errno = 0;
                entry = readdir(dir);
                if (!entry)
                        return errno > 0 ? report_errno(l, path, "list", -errno) : 0;
                if (*entry->d_name == '.')
                        continue;
                if (ends_with(entry->d_name, ".yml")) {
                        char shown[512];
                        TextBuf b;

                        textbuf_init(&b, shown, sizeof(shown));
                        textbuf_addf(&b, "/%s/%s", path, entry->d_name);
                        r = loader_warn_file(
                                l, shown, "ignored: the names of policy files end in .yaml");
                        if (r < 0)
                                return r;
                }
                if (!ends_with(entry->d_name, ".yaml"))
                        continue; /* what editors and package managers leave behind */
                r = add_file(l, files, path, entry->d_name);
                if (r < 0)
                        return r;
        }
}

static int list_dir(Loader *l, int rootfd, const char *path, ConfigFiles *files) {
        DIR *dir;
        int fd, r;

        fd = open_below(rootfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : report_errno(l, path, "list", -errno);

        r = fdio_stream(fd, &dir);
        if (r < 0)
                return r;
        r = list_entries(l, dir, path, files);
        closedir(dir);
        return r;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(((const ConfigFile *) a)->name, ((const ConfigFile *) b)->name);
}

int config_dirs_list(Loader *l, int rootfd, ConfigFiles *ret) {
        static const char *const dirs[] = { CONFIG_DIR_VENDOR, CONFIG_DIR_RUNTIME,
                CONFIG_DIR_ADMIN };
        int r;

        ret->n = 0;
        ret->builtin_masked = false;
        for (size_t i = 0; i < ELEMENTS(dirs); i++) {
                r = list_dir(l, rootfd, dirs[i], ret);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < ret->n; i++)
                if (strcmp(ret->items[i].name, CONFIG_BUILTIN_NAME) == 0)
                        ret->builtin_masked = true;
        if (!ret->builtin_masked)
                ret->items[ret->n++] =
                        (ConfigFile){ CONFIG_BUILTIN_NAME, CONFIG_BUILTIN_PATH, true };

        qsort(ret->items, ret->n, sizeof(ret->items[0]), compare_names);
        return 0;
}

static bool is_null_link(int dirfd, const char *path) {
        _cleanup_close_ int fd = open_below(dirfd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        static const char null[] = "/dev/null";
        char target[sizeof(null)];
        ssize_t n;

        if (fd < 0)
                return false;
        n = readlinkat(fd, "", target, sizeof(target));
        return n == (ssize_t) strlen(null) && memcmp(target, null, strlen(null)) == 0;
}

static int read_text(Loader *l, int fd, const char *shown, SourceText *ret) {
        size_t size = YAML_TREE_BYTES_MAX + 2;
        _cleanup_free_ char *buf = malloc(size);
        const char *text;
        ssize_t n;

        if (!buf)
                return -ENOMEM;
        n = fdio_pread_all(fd, buf, size);
        if (n == -EOVERFLOW)
                n = (ssize_t) YAML_TREE_BYTES_MAX + 1; /* the parser says that it is too large */
        if (n < 0)
                return report_errno(l, shown, "read", (int) n);

        text = arena_copy_text(l->scratch, buf, (size_t) n);
        shown = arena_copy_text(l->scratch, shown, strlen(shown));
        if (!text || !shown)
                return -ENOMEM;
        *ret = (SourceText){ shown, text, (size_t) n };
        return 0;
}

int config_dirs_read(Loader *l, int dirfd, const char *path, const char *shown, SourceText *ret,
        bool *ret_masked) {
        const SourceText source = { shown, NULL, 0 };
        _cleanup_close_ int fd = FD_NONE;
        struct stat st;
        int r;

        *ret_masked = is_null_link(dirfd, path); /* a foreign root need not have a /dev/null */
        if (*ret_masked) {
                *ret = (SourceText){ shown, "", 0 };
                return 0;
        }

        fd = open_below(
                dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* it may be a fifo */
        if (fd < 0)
                return report_errno(l, shown, "read", -errno);
        if (fstat(fd, &st) < 0)
                return report_errno(l, shown, "read", -errno);
        if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
                *ret = (SourceText){ shown, "", 0 };
                *ret_masked = true;
                return 0;
        }
        if (!S_ISREG(st.st_mode)) {
                config_errors_add(l->errors, &source, 0, 0, "not a regular file");
                return -EINVAL;
        }
        if (st.st_mode & S_IWOTH) {
                r = loader_warn_file(l, shown, "anyone may write to this policy (chmod o-w)");
                if (r < 0)
                        return r;
        }
        r = read_text(l, fd, shown, ret);
        if (r < 0)
                return r;

        *ret_masked = ret->len == 0;
        return 0;
}
