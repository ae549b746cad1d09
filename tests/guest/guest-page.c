/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not O_CREAT at once: with fs.protected_regular that is refused for a file of somebody else in a
 * directory that all may write. */
static int open_page(const char *path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);

        if (fd >= 0 || errno != ENOENT)
                return fd;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0)
                (void) fchmod(fd, 0666); /* past the umask; a judge that cannot open it says so */
        return fd;
}

GuestPage *guest_page_map(const char *name) {
        GuestPage *page = NULL;
        char path[256];
        void *at;
        int fd;

        snprintf(path, sizeof(path), GUEST_DIR "/%s.page", name);
        fd = open_page(path);
        if (fd < 0)
                return NULL;
        if (ftruncate(fd, sizeof(*page)) == 0) {
                at = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                page = at == MAP_FAILED ? NULL : at;
        }
        close(fd);
        return page;
}
