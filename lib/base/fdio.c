/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int close_fd(int fd) {
        if (fd >= 0) {
                int saved = errno;

                (void) close(
                        fd); /* nothing is left to be done about an error, and the number is free */
                errno = saved;
        }
        return FD_NONE;
}

int fdio_open_at(int dirfd, const char *name) {
        /* O_NONBLOCK: a foreign root may hold a FIFO under a name of /proc; it must not stop us. */
        int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);

        return fd < 0 ? -errno : fd;
}

int fdio_open_dir_at(int dirfd, const char *name) {
        int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

        return fd < 0 ? -errno : fd;
}

int fdio_stream(int fd, DIR **ret) {
        DIR *dir;

        if (fd < 0)
                return fd;
        dir = fdopendir(fd);
        if (!dir) {
                close_fd(fd); /* which keeps errno */
                return -errno;
        }
        *ret = dir;
        return 0;
}

ssize_t fdio_pread_once(int fd, char *buf, size_t size) {
        ssize_t n;

        if (size < 2)
                return -EINVAL;

        do
                n = pread(fd, buf, size - 1, 0);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;

        buf[n] = '\0';
        return (size_t) n == size - 1 ? -EOVERFLOW : n;
}

ssize_t fdio_pread_all(int fd, char *buf, size_t size) {
        size_t len = 0;
        char more;

        if (size == 0)
                return -EINVAL;

        for (;;) {
                bool full = len == size - 1;
                ssize_t n =
                        pread(fd, full ? &more : buf + len, full ? 1 : size - 1 - len, (off_t) len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0 || full) {
                        buf[len] = '\0';
                        return n == 0 ? (ssize_t) len : -EOVERFLOW;
                }
                len += (size_t) n;
        }
}

ssize_t fdio_read_at(int dirfd, const char *name, char *buf, size_t size) {
        _cleanup_close_ int fd = fdio_open_at(dirfd, name);

        return fd < 0 ? fd : fdio_pread_all(fd, buf, size);
}

int fdio_write_at(int dirfd, const char *name, const char *text) {
        _cleanup_close_ int fd = FD_NONE;
        size_t len = strlen(text);
        ssize_t n;

        fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;

        do
                n = write(fd, text, len);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == len ? 0 : -EIO; /* the kernel takes a value whole or not at all */
}

ssize_t fdio_readlink_at(int dirfd, const char *name, char *buf, size_t size) {
        ssize_t n;

        if (size == 0)
                return -EINVAL;

        n = readlinkat(dirfd, name, buf, size);
        if (n < 0)
                return -errno;
        if ((size_t) n == size)
                return -ENAMETOOLONG;

        buf[n] = '\0';
        return n;
}
