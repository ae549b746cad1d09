/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/file-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/text.h"

#define SUFFIX ".json"
#define UNFINISHED ".unfinished"

/* Nobody writes for so long. */
#define UNFINISHED_SECONDS 600

/* More files than this are not ours to count: the rest is left alone until the next time. */
#define LISTED_MAX 512

enum { NAME_BYTES = 128 };

typedef struct Kept {
        char name[NAME_BYTES];
        uint64_t bytes;
} Kept;

typedef struct Listing {
        const FileStoreRule *rule;
        const char *except; /* is written anew */
        Kept *kept;
        size_t n;
        uint64_t bytes;
} Listing;

static bool ends_in(const char *name, const char *suffix) {
        size_t n = strlen(name), k = strlen(suffix);

        return n > k && strcmp(name + n - k, suffix) == 0;
}

static int by_age(const void *a, const void *b) {
        return strcmp(((const Kept *) a)->name, ((const Kept *) b)->name);
}

static void take_entry(int dir_fd, const char *name, Listing *l) {
        struct stat st;

        if (strlen(name) >= NAME_BYTES || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                !S_ISREG(st.st_mode))
                return;
        if (ends_in(name, UNFINISHED) && time(NULL) - st.st_mtime > UNFINISHED_SECONDS)
                (void) unlinkat(dir_fd, name, 0);
        if (!ends_in(name, SUFFIX) || l->n == LISTED_MAX || strcmp(name, l->except) == 0 ||
                (l->rule->is_ours && !l->rule->is_ours(name)))
                return;
        (void) text_copy(l->kept[l->n].name, NAME_BYTES, name);
        l->kept[l->n++].bytes = (uint64_t) st.st_size;
        l->bytes += (uint64_t) st.st_size;
}

static int list(int dir_fd, Listing *l) {
        const struct dirent *e;
        DIR *dir;
        int r = fdio_stream(fdio_open_dir_at(dir_fd, "."), &dir);

        if (r < 0)
                return r;
        while ((e = readdir(dir)))
                take_entry(dir_fd, e->d_name, l);
        (void) closedir(dir);
        qsort(l->kept, l->n, sizeof(*l->kept), by_age);
        return 0;
}

static int make_room(int dir_fd, const char *name, size_t len, const FileStoreRule *rule) {
        _cleanup_free_ Kept *kept = calloc(LISTED_MAX, sizeof(*kept));
        Listing l = { .rule = rule, .except = name, .kept = kept };
        int r;

        if (!kept)
                return -ENOMEM;
        r = list(dir_fd, &l);
        if (r < 0)
                return r;
        for (size_t i = 0;
                i < l.n && (l.bytes + len > rule->bytes_max || l.n - i >= rule->files_max); i++) {
                if (unlinkat(dir_fd, kept[i].name, 0) < 0 && errno != ENOENT)
                        return -errno;
                l.bytes -= kept[i].bytes;
        }
        return 0;
}

static void unfinished_name(const char *name, char *ret, size_t size) {
        (void) snprintf(ret, size, "%s" UNFINISHED, name);
}

static int write_all(int fd, const char *text, size_t len) {
        while (len > 0) {
                ssize_t n = write(fd, text, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                text += n;
                len -= (size_t) n;
        }
        return 0;
}

static int make_directory(const char *path) {
        return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_parent(const char *path) {
        char parent[PATH_MAX];
        char *slash;

        if (!text_copy(parent, sizeof(parent), path))
                return -ENAMETOOLONG;
        slash = strrchr(parent, '/');
        if (!slash || slash == parent)
                return -ENOENT;
        *slash = '\0';
        return make_directory(parent);
}

int file_store_open(const char *path) {
        int r = make_directory(path);

        if (r == -ENOENT && make_parent(path) == 0)
                r = make_directory(path);
        if (r < 0)
                return r;
        return fdio_open_dir_at(AT_FDCWD, path);
}

int file_store_write(int dir_fd, const char *name, const char *text, size_t len,
        const FileStoreRule *rule, int *ret_fd) {
        _cleanup_close_ int fd = FD_NONE;
        char unfinished[NAME_BYTES];
        int r;

        if (len > rule->bytes_max)
                return -EFBIG;
        r = make_room(dir_fd, name, len, rule);
        if (r < 0)
                return r;
        unfinished_name(name, unfinished, sizeof(unfinished));
        fd = openat(
                dir_fd, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, text, len);
        if (r < 0) {
                (void) unlinkat(dir_fd, unfinished, 0);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int file_store_settle(int dir_fd, const char *name, int fd) {
        char unfinished[NAME_BYTES];
        int r = 0;

        unfinished_name(name, unfinished, sizeof(unfinished));
        if (fsync(fd) < 0)
                r = -errno;
        close_fd(fd);
        if (r == 0 && renameat(dir_fd, unfinished, dir_fd, name) < 0)
                r = -errno;
        if (r == 0 && fsync(dir_fd) < 0)
                return -errno;
        if (r < 0)
                (void) unlinkat(dir_fd, unfinished, 0);
        return r;
}
